"""Taking over a whole office at once, from tables and a folder of this machine."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from eoffice.accounts import service as accounts
from eoffice.core import tables
from eoffice.core.commands import Commands
from eoffice.core.permissions import Actor
from eoffice.core.tables import Column, Report, Row
from eoffice.core.web import db
from eoffice.takeover import service
from eoffice.takeover.files import SHOWN, Folder, NoFiles
from eoffice.takeover.tables import DOCUMENTS, DOSSIERS, DRAFTS, REGISTERS

takeover_cli = Commands("takeover", help="Changing over from another system.")
_TABLE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_WHO = click.option("--as", "username", required=True, help="Account of the one who opens registers there.")
_FILES = click.option(
    "--files", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder with the files."
)
_SYSTEM = click.option(
    "--from", "system", required=True, help="Name of the system before, the mark on each row."
)
_ERRORS = click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write the mistakes there, as xlsx."
)
_DRY = click.option("--dry-run", is_flag=True, help="Try every row and keep nothing.")


@takeover_cli.command("registers")
@_TABLE
@_WHO
@_ERRORS
@_DRY
def take_registers(file: Path, username: str, errors: Path | None, *, dry_run: bool) -> None:
    """Take registers over with their last numbers; all rows or none, exit 1 when one is refused."""
    rows = tables.read(file, REGISTERS, service.LIMIT)
    report = _try(lambda: service.take_registers(db(), _actor(username), rows, rehearse=dry_run))
    _tell(report, rows, REGISTERS, errors, dry_run)


@takeover_cli.command("documents")
@_TABLE
@_WHO
@_FILES
@_SYSTEM
@_ERRORS
@_DRY
def take_documents(file: Path, username: str, **options: Any) -> None:
    """Take documents over with numbers, files and open work; all rows or none, exit 1 when one is refused."""
    _take(service.take_documents, file, DOCUMENTS, username, **options)


@takeover_cli.command("drafts")
@_TABLE
@_WHO
@_FILES
@_SYSTEM
@_ERRORS
@_DRY
def take_drafts(file: Path, username: str, **options: Any) -> None:
    """Take unsigned drafts over; all rows or none, exit 1 when one is refused."""
    _take(service.take_drafts, file, DRAFTS, username, **options)


@takeover_cli.command("dossiers")
@_TABLE
@_WHO
@_SYSTEM
@_ERRORS
@_DRY
def take_dossiers(file: Path, username: str, **options: Any) -> None:
    """Take dossiers over with the documents that are here; all rows or none, exit 1 when one is refused."""
    _take(service.take_dossiers, file, DOSSIERS, username, **options)


def _take(
    use: Callable[..., Report], file: Path, columns: Sequence[Column], username: str, *, system: str,
    errors: Path | None, dry_run: bool, files: Path | None = None,
) -> None:  # fmt: skip
    rows = tables.read(file, columns, service.COMMAND_LIMIT)
    folder = Folder(files) if files else NoFiles()
    report = _try(lambda: use(db(), _actor(username), rows, folder, system, rehearse=dry_run))
    left = service.unnamed(rows, folder)
    if left:
        click.echo(f"{len(left)} files are named by no row: {'; '.join(left[:SHOWN])}", err=True)
    _tell(report, rows, columns, errors, dry_run)


def _actor(username: str) -> Actor:
    user = accounts.by_names(db(), [username]).get(username)
    if user is None:
        raise click.ClickException(f"nobody is called {username}")
    return accounts.actor_of(db(), user)


def _try(act: Callable[[], Report]) -> Report:
    try:
        return act()
    except tables.Refused as refused:
        return Report([], refused.problems)


def _tell(
    report: Report, rows: Sequence[Row], columns: Sequence[Column], errors: Path | None, dry_run: bool
) -> None:
    if errors is not None and report.problems:
        errors.write_bytes(tables.mistakes(rows, columns, report))
    for problem in sorted(report.problems, key=lambda one: one.row):
        click.echo(f"row {problem.row}: {problem.heading}{': ' if problem.heading else ''}{problem.said}")
    if report.problems:
        sys.exit(1)
    click.echo(f"{len(report.outcomes)} rows {'could be' if dry_run else 'were'} taken over")
