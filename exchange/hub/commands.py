"""`python -m exchange hub`: run the axis, register systems and agencies."""

from __future__ import annotations

import functools
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from eoffice.core import blobs
from exchange.hub import directory
from exchange.hub.app import Application
from exchange.hub.axis import Axis, assemble
from exchange.hub.console import operators
from exchange.hub.database import database
from exchange.hub.models import System
from exchange.hub.refusal import Refusal
from exchange.hub.server import Server
from exchange.limits import LIMITS, MIB


@dataclass(frozen=True)
class Place:
    """Where the state lies and which key signs, from options or environment."""

    data: Path
    database: str | None
    files: blobs.Place | None
    key: Path | None
    axis_id: str
    pool: int
    limit: int

    @contextmanager
    def axis(self) -> Iterator[Axis]:
        with database(self.data, self.database) as place:
            axis = assemble(
                place.url,
                self.data,
                system_id=self.axis_id,
                key=self.key,
                key_password=os.environ.get("EOFFICE_HUB_KEY_PASSWORD"),
                pool=self.pool,
                files=self.files,
                limits=replace(LIMITS, packet=self.limit * MIB),
                keep_database=place.keep,
            )
            try:
                yield axis
            finally:
                axis.close()


def _files(value: str) -> blobs.Place:
    """A folder, as a path or a `file:` URL, or a bucket."""
    try:
        return blobs.place(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_PLACE = [
    click.option("--data", type=click.Path(path_type=Path), envvar="EOFFICE_HUB_DATA", required=True,
                 help="Folder of packets and keys; also of the database when none is given."),
    click.option("--database", envvar="EOFFICE_HUB_DATABASE_URL", help="URL of a PostgreSQL database of its own."),
    click.option("--files", type=_files, metavar="PLACE", envvar="EOFFICE_HUB_FILES",
                 help="Where packets lie when not in --data: a folder that machines share, or s3://bucket/prefix."),
    click.option("--key", type=click.Path(path_type=Path, exists=True), envvar="EOFFICE_HUB_KEY",
                 help="PKCS#12 or PEM that signs receipts; its password is EOFFICE_HUB_KEY_PASSWORD."),
    click.option("--axis-id", "axis_id", envvar="EOFFICE_HUB_ID", default="VDXP", show_default=True,
                 help="How this axis names itself in receipts."),
    click.option("--pool", type=click.IntRange(2), envvar="EOFFICE_HUB_POOL", default=8, show_default=True,
                 help="Database connections."),
    click.option("--limit", type=click.IntRange(1), envvar="EOFFICE_HUB_LIMIT_MB", default=1536, show_default=True,
                 help="Largest message, MiB."),
]  # fmt: skip


def _placed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the state lies, joined into its first argument."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        place = Place(**{name.name: options.pop(name.name) for name in fields(Place)})
        command(place, **options)

    for option in reversed(_PLACE):
        run = option(run)
    return run


@click.group()
def hub() -> None:
    """The axis: run it, register systems and agencies."""


@hub.command()
@click.option("--host", default="127.0.0.1", envvar="EOFFICE_HUB_HOST", show_default=True)
@click.option("--port", type=int, default=8090, envvar="EOFFICE_HUB_PORT", show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(2),
    envvar="EOFFICE_HUB_THREADS",
    default=256,
    show_default=True,
    help="Connections at a time, each with a thread; half of them may wait for news.",
)
@click.option(
    "--tsa", default="", envvar="EOFFICE_HUB_TSA_URL", help="Time-stamping authority (RFC 3161) for receipts."
)
@click.option(
    "--quota",
    type=click.IntRange(0),
    default=0,
    envvar="EOFFICE_HUB_QUOTA",
    show_default=True,
    help="Calls a second of a system without a quota of its own; 0: no limit.",
)
@_placed
def serve(place: Place, host: str, port: int, threads: int, tsa: str, quota: int) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    with place.axis() as axis:
        application = Application(axis, waiting_calls=max(1, threads // 2), tsa=tsa, quota=quota)
        server = Server(application, host, port, connections=threads)
        application.start()
        click.echo(f"axis {axis.system_id} listens on http://{host}:{port}", err=True)
        try:
            server.run()
        finally:
            application.wakeup.stop()
            server.close()
            application.stop()


def _leave(*_: object) -> None:
    # `serve` takes no more calls and lets running ones finish.
    raise SystemExit(0)


@hub.command()
@_placed
def init(place: Place) -> None:
    """Make tables, folders and keys where they are missing."""
    with place.axis() as axis:
        click.echo(f"{place.data}: ready, receipts signed by {axis.key.certificate.subject.rfc4514_string()}")


@hub.command("add-system")
@click.option("--id", "system_id", required=True, help="Code of the system.")
@click.option("--secret", help="Shared secret; better --secret-env.")
@click.option("--secret-env", help="Environment variable that holds the secret.")
@click.option("--name", default="")
@_placed
def add_system(place: Place, system_id: str, secret: str | None, secret_env: str | None, name: str) -> None:
    """Register a system, or change its secret at once."""
    chosen = _secret(secret, secret_env)
    if not directory.is_system_id(system_id):
        raise click.BadParameter("1 to 35 letters and digits, joined by dots or hyphens", param_hint="--id")
    with place.axis() as axis, axis.sessions.begin() as session:
        directory.add_system(axis, session, system_id, chosen, name)
    click.echo(f"system {system_id}")


def _secret(secret: str | None, variable: str | None) -> str:
    chosen = os.environ.get(variable, "") if variable else secret
    if not chosen:
        raise click.UsageError("give --secret, or --secret-env with the name of a variable that is set")
    return chosen


@hub.command("connect")
@click.option("--id", "system_id", required=True, help="How the other axis is called.")
@click.option("--url", required=True, help="Address that operation names are appended to.")
@click.option("--secret-env", required=True, help="Environment variable with our secret over there.")
@_placed
def connect(place: Place, system_id: str, url: str, secret_env: str) -> None:
    """Know another axis: exchange messages with it and follow its directory. Only one side does this."""
    chosen = _secret(None, secret_env)
    with place.axis() as axis, axis.sessions.begin() as session:
        directory.connect(axis, session, system_id, url, chosen)
    click.echo(f"axis {system_id} at {url}")


@hub.command("rotate-secret")
@click.option("--id", "system_id", required=True, help="Code of the system.")
@click.option("--secret", help="The new secret; better --secret-env.")
@click.option("--secret-env", help="Environment variable that holds it.")
@click.option(
    "--keep-hours",
    type=click.IntRange(0),
    default=72,
    show_default=True,
    help="How long the present secret still opens.",
)
@_placed
def rotate_secret(
    place: Place, system_id: str, secret: str | None, secret_env: str | None, keep_hours: int
) -> None:
    """Give a system a new secret beside the one it has, which opens until the hours are over."""
    chosen = _secret(secret, secret_env)
    try:
        with place.axis() as axis, axis.sessions.begin() as session:
            system = directory.rotate_secret(axis, session, system_id, chosen, timedelta(hours=keep_hours))
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    until = system.former_until.isoformat(timespec="minutes") if system.former_until else "now"
    click.echo(f"system {system_id}: the former secret opens until {until}")


@hub.command("add-agency")
@click.option("--code", required=True, help="New code, like H01.12.")
@click.option("--name", required=True)
@click.option("--system", "system_id", required=True, help="System that serves it.")
@click.option("--old-code", default="", help="Code of QCVN 102:2016, like 000.00.12.H01.")
@click.option("--parent", default="")
@click.option("--mail", default="")
@_placed
def add_agency(
    place: Place, code: str, name: str, system_id: str, old_code: str, parent: str, mail: str
) -> None:
    """Register an agency, or change it."""
    new = directory.NewAgency(code=code, name=name, old_code=old_code, parent_code=parent, mail=mail)
    try:
        with place.axis() as axis, axis.sessions.begin() as session:
            if session.get(System, system_id) is None:
                raise click.ClickException(f"there is no system {system_id}")
            directory.put_agency(session, system_id, new)
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    click.echo(f"agency {code}")


@hub.command("set-operator")
@click.option("--name", required=True)
@click.option("--password-env", required=True, help="Environment variable that holds the password.")
@_placed
def set_operator(place: Place, name: str, password_env: str) -> None:
    """Let somebody use the console, or change the password."""
    try:
        with place.axis() as axis, axis.sessions.begin() as session:
            operators.set_password(session, name, os.environ.get(password_env, ""))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"operator {name}")


@hub.command("close-agency")
@click.option("--code", required=True, help="Agency that ends.")
@click.option("--on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day without it.")
@click.option("--successor", "successors", multiple=True, help="Who takes over; the first gets the mail.")
@click.option("--legal-basis", required=True, help="The decision that closes it.")
@_placed
def close_agency(
    place: Place, code: str, on: datetime, successors: tuple[str, ...], legal_basis: str
) -> None:
    """Close an agency from a day on, in favour of its successors."""
    try:
        with place.axis() as axis, axis.sessions.begin() as session:
            directory.close_agency(session, code, on.date(), successors, legal_basis)
    except Refusal as refusal:
        raise click.ClickException(refusal.text) from refusal
    click.echo(
        f"agency {code} closed from {on:%Y-%m-%d}, mail to {successors[0] if successors else 'nobody'}"
    )


@hub.command("list")
@_placed
def list_all(place: Place) -> None:
    """One line per system and agency."""
    with place.axis() as axis, axis.sessions() as session:
        for system in session.scalars(sa.select(System).order_by(System.id)):
            click.echo(f"system\t{system.id}\t{system.name}\t{'' if system.active else 'inactive'}")
        for agency in directory.agencies(session, deleted=True):
            state = "deleted" if agency.deleted else "locked" if agency.locked else ""
            click.echo(
                f"agency\t{agency.code}\t{agency.old_code or ''}\t{agency.system_id}\t{agency.name}\t{state}"
            )
