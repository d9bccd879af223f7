"""Backups from the command line: make, look through, rehearse, restore."""

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from eoffice.backup import restoring, service, sets
from eoffice.backup.age import CannotOpen, Identity
from eoffice.backup.dumping import DumpFailed
from eoffice.backup.restoring import NotEmpty, SetDamaged
from eoffice.backup.settings import FOLDERS
from eoffice.core import config
from eoffice.core.blobs import blobs
from eoffice.core.commands import Commands
from eoffice.core.config import INSTANCE, settings
from eoffice.core.db import DATABASE_URL, migration_url
from eoffice.core.web import db

backup_cli = Commands("backup", help="Backups of everything the installation owns.")
_SET = click.argument("path", metavar="SET", type=click.Path(exists=True, file_okay=False, path_type=Path))
_IDENTITY = click.Path(exists=True, dir_okay=False, path_type=Path)


@backup_cli.command("key")
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a key pair: the identity goes into FILE, which is to be kept elsewhere; its public key is printed."""
    made = Identity.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{file} is there already; an identity is never overwritten") from error
    with os.fdopen(descriptor, "w") as target:
        target.write(f"# public key: {made.recipient.text}\n{made.text}\n")
    click.echo(f"EOFFICE_BACKUP_RECIPIENT={made.recipient.text}")


@backup_cli.command("make")
def make() -> None:
    """Make a set in every folder of EOFFICE_BACKUP_FOLDERS now."""
    folders = settings().get(FOLDERS)
    if not folders:
        raise click.ClickException("set EOFFICE_BACKUP_FOLDERS")
    try:
        made = service.make(db(), folders)
    except config.ConfigError as error:
        raise click.ClickException(str(error)) from error
    except ExceptionGroup as errors:
        raise click.ClickException("; ".join(str(error) for error in errors.exceptions)) from errors
    for path in made:
        click.echo(path)
    if found := {sha256 for path in made for sha256 in sets.Manifest.read(path).damaged}:
        _left_out(found)


@backup_cli.command("check")
@_SET
@click.option("--identity", type=_IDENTITY, help="Also open every part and restore it for trial.")
@click.option("--database", help="URL of an empty database for the trial; it is filled.")
def check(path: Path, identity: Path | None, database: str | None) -> None:
    """See that a set is complete and as it was written; exit 1 when it is not."""
    if found := sets.damaged(path):
        click.echo(f"damaged: {', '.join(found)}")
        sys.exit(1)
    manifest = sets.Manifest.read(path)
    click.echo(f"whole: {manifest.files} files, made {manifest.made_at} by version {manifest.version}")
    if identity is not None:
        if database is None:
            raise click.UsageError("--identity needs --database, the URL of an empty database")
        with _told():
            restored = restoring.rehearse(path, Identity.read(identity), database)
        click.echo(
            f"restored for trial: {restored.files} files, {restored.entries} entries of the log, seals fit"
        )
    if manifest.damaged:
        _left_out(manifest.damaged)


def _left_out(damaged: Iterable[str]) -> None:
    """The set is whole; the store it was made from was not."""
    for sha256 in sorted(damaged):
        click.echo(f"left out, damaged in the store: {sha256}")
    sys.exit(1)


@backup_cli.command("restore")
@_SET
@click.option("--identity", type=_IDENTITY, required=True, help="The private key of the backups.")
def restore(path: Path, identity: Path) -> None:
    """Bring a set back into an empty EOFFICE_INSTANCE and, without a server of your own, a new database server.

    When it was broken off, run it again: what came back by then stays.
    """
    instance = settings().get(INSTANCE)
    with _told():
        private = Identity.read(identity)
        restoring.restore_instance(path, private, instance)
        config.install(config.Settings.read(os.environ))  # the set brought its configuration
        files = restoring.restore_files(path, private, blobs())
        entries = _database(path, private, instance)
        restoring.finish(instance)
    click.echo(f"restored: {files} files, {entries} entries of the log, seals fit")


def _database(path: Path, private: Identity, instance: Path) -> int:
    if settings().get(DATABASE_URL):
        return restoring.restore_database(path, private, migration_url())
    from eoffice.core.embedded import OWNER, Embedded  # only where the wheel is used

    server = Embedded(instance / "pg")
    running = server.start()
    try:
        server.prepare(("eoffice", OWNER))
        return restoring.restore_database(path, private, server.url("eoffice", OWNER))
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(60)


class _told:  # noqa: N801 - reads as a word at its places of use
    """What an operator can do something about, in a line."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NotEmpty):
            raise click.ClickException(f"{error} is not empty; nothing in it was changed") from error
        if isinstance(error, SetDamaged):
            raise click.ClickException(f"damaged: {error}") from error
        if isinstance(error, DumpFailed | CannotOpen | OSError | ValueError):
            raise click.ClickException(str(error)) from error
