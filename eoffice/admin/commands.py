"""Operators' commands: the two processes, health, and the proof of the log."""

import signal
import sys
from datetime import datetime
from pathlib import Path

import click
import waitress
from flask import current_app
from flask.cli import with_appcontext

from eoffice.admin import health as checks
from eoffice.admin import merging, outside
from eoffice.admin.merging import NewMerger
from eoffice.admin.settings import HOST, TRUSTED_PROXY, WEB_THREADS
from eoffice.core import audit, tables
from eoffice.core import worker as working
from eoffice.core.commands import Commands
from eoffice.core.config import PORT, settings
from eoffice.core.permissions import system_actor
from eoffice.core.states import Tone
from eoffice.core.web import db
from eoffice.directory import queries as directory
from eoffice.directory.tables import AGENCIES
from eoffice.gateway.exchange import Exchange
from eoffice.migrations import upgrade_installation

audit_cli = Commands("audit", help="The log of changes.")


@audit_cli.command("prove")
def prove() -> None:
    """Compute every seal again from the entries; exit 1 when one does not fit."""
    proof = audit.prove(db())
    if proof.broken_at is not None:
        click.echo(f"broken: seal {proof.broken_at} does not fit its entries; {proof.seals} before it do")
        sys.exit(1)
    click.echo(f"unbroken: {proof.entries} entries under {proof.seals} seals")


agency_cli = Commands("agency", help="Agencies of the directory.")


@agency_cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Try every row and keep nothing.")
def import_agencies(file: Path, *, dry_run: bool) -> None:
    """Take outside agencies in from a table (xlsx, or CSV in UTF-8); all rows or none, exit 1 when one is refused."""
    rows = tables.read(file, AGENCIES, 200_000)
    try:
        report = outside.take_in(db(), system_actor(), rows, rehearse=dry_run)
    except tables.Refused as refused:
        report = tables.Report([], refused.problems)
    for problem in report.problems:
        click.echo(f"row {problem.row}: {problem.heading}{': ' if problem.heading else ''}{problem.said}")
    if report.problems:
        sys.exit(1)
    click.echo(f"{len(report.outcomes)} rows {'could be' if dry_run else 'were'} taken in")


@agency_cli.command("merge")
@click.argument("code")
@click.argument("into")
@click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day of the agency that follows."
)
@click.option("--basis", required=True, help="Number, date and name of the decision.")
@click.option("--also", multiple=True, help="Another agency that follows, where the work is divided.")
def merge(code: str, into: str, on: datetime, basis: str, also: tuple[str, ...]) -> None:
    """Plan a merger of agencies that work here, by their codes; prints its number.

    It is rehearsed, carried out on its day or withdrawn before on the page of mergers.
    """
    found = [directory.agency_by_code(db(), one) for one in (code, into, *also)]
    agency, to, *others = [one.id for one in found if one is not None] + [0] * found.count(None)
    if None in found:
        raise click.ClickException("no agency has this code")
    planned = merging.plan(db(), system_actor(), NewMerger(agency, to, on.date(), basis, tuple(others)))
    click.echo(planned.id)


@click.command("migrate")
def migrate() -> None:
    """Bring the database's tables up to this version, as the role that owns them."""
    upgrade_installation()
    click.echo("the tables are of this version")


@click.command("health")
@with_appcontext
def health() -> None:
    """Look at every part; one line each; exit 1 when one does not work."""
    report = checks.report(db())
    for check in report.checks:
        click.echo(f"{check.tone.value:<5} {check.key:<18} {check.sentence}")
    sys.exit(1 if report.count(Tone.BAD) else 0)


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of EOFFICE_PORT.")
@with_appcontext
def serve(port: int | None) -> None:
    """Answer requests until SIGINT or SIGTERM; those under way are finished."""
    # waitress waits for its threads on SystemExit, but the signal itself would just end the process
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    proxy = settings().get(TRUSTED_PROXY)
    headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    waitress.serve(
        current_app._get_current_object(),  # type: ignore[attr-defined]  # the application behind the proxy
        host=settings().get(HOST),
        port=port or settings().get(PORT),
        threads=settings().get(WEB_THREADS),
        # Every browser holds six lines open: with the library's hundred, the seventeenth person would wait for two
        # minutes. What is idle is closed soon; a thousand files is what a process may open as a rule.
        connection_limit=900,
        channel_timeout=30,
        cleanup_interval=10,
        asyncore_use_poll=True,
        max_request_body_size=current_app.config["MAX_CONTENT_LENGTH"] + 1,
        trusted_proxy=proxy,
        trusted_proxy_headers=headers if proxy else set(),
        clear_untrusted_proxy_headers=True,
        ident=None,
    )


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Do the jobs, send to the axis and receive from it until SIGINT or SIGTERM."""
    exchange = Exchange()
    exchange.start()
    try:
        working.work()
    finally:
        exchange.stop()


#: commands without a group
TOP_LEVEL = (health, migrate, serve, worker)
