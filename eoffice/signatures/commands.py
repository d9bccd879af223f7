"""`flask --app wsgi key …`: keys and pictures, for those who run the installation."""

import os
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from eoffice.core.commands import Commands
from eoffice.core.db import new_session
from eoffice.core.permissions import system_actor
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency, Person
from eoffice.signatures import queries, service
from eoffice.signatures.models import ImageKind, KeyKind, KeyPurpose

keys = Commands("key", help="Signing keys and pictures of signatures and seals.")
_PIN = "EOFFICE_KEY_PIN"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@keys.command("add")
@click.option("--agency", "code", required=True, help="Code of the agency.")
@click.option("--person", "name", default="", help="Full name; without it the key is the agency's.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in KeyKind]),
    default=KeyKind.FILE.value,
    show_default=True,
)
@click.option("--credential", default="", help="With the remote signing service.")
@click.argument("file", type=_FILE, required=False)
@with_appcontext
def add(code: str, name: str, kind: str, credential: str, file: Path | None) -> None:
    """Enter a key: FILE is a PKCS#12, kept as encrypted as it is, or of a token the certificate.

    What opens a PKCS#12 is asked for, or taken from EOFFICE_KEY_PIN: everybody on the machine reads command lines.
    A key in the hardware module is found there by its owner's name; no PIN is needed.
    """
    if (file is None) != (kind in (KeyKind.MODULE, KeyKind.REMOTE)):
        raise click.UsageError("a file is needed for the kinds file and token, and only for them")
    with new_session() as session:
        agency, person = _owner(session, code, name)
        owner = service.Owner(KeyPurpose.PERSON if person else KeyPurpose.AGENCY, agency, person)
        pin = ""
        if kind == KeyKind.FILE:
            pin = os.environ.get(_PIN) or click.prompt("PIN", hide_input=True)
        brought = service.Brought(file.read_bytes() if file else b"", pin, credential)
        made = service.enter(session, system_actor(), KeyKind(kind), owner, brought)
        click.echo(f"{made.subject}, {made.issuer}, {made.not_after:%Y-%m-%d}")


@keys.command("picture")
@click.option("--agency", "code", required=True, help="Code of the agency.")
@click.option("--person", "name", default="", help="Full name; without it the picture is the agency's seal.")
@click.option("--width", type=float, default=36.0, show_default=True, help="Real width in millimetres.")
@click.argument("file", type=_FILE)
@with_appcontext
def picture(code: str, name: str, width: float, file: Path) -> None:
    """Enter a PNG of a signature or seal with a transparent ground."""
    with new_session() as session:
        agency, person = _owner(session, code, name)
        kind = ImageKind.SIGNATURE if person else ImageKind.SEAL
        service.set_image(session, system_actor(), kind, agency, person, file.read_bytes(), width)


@keys.command("list")
@click.option("--agency", "code", required=True, help="Code of the agency.")
@with_appcontext
def show(code: str) -> None:
    """List the keys of an agency."""
    with new_session() as session:
        agency, _person = _owner(session, code, "")
        for key in queries.keys(session, agency.id):
            state = "active" if key.active else "replaced"
            click.echo(
                f"{key.purpose}\t{key.kind}\t{key.subject}\t{key.issuer}\t{key.not_after:%Y-%m-%d}\t{state}"
            )


def _owner(session: Session, code: str, name: str) -> tuple[Agency, Person | None]:
    agency = directory.agency_by_code(session, code)
    if agency is None:
        raise click.ClickException(f"no agency has the code {code}")
    if not name:
        return agency, None
    found = next(
        (post for post in directory.posts(session, agency.id) if post.person.full_name == name), None
    )
    if found is None:
        raise click.ClickException(f"nobody called {name} has a post there")
    return agency, found.person
