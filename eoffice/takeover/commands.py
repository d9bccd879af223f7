"""Taking over a whole office at once, from tables and a folder of this machine."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from eoffice.accounts import service as accounts
from eoffice.core import tables
from eoffice.core.commands import Commands
from eoffice.core.permissions import Actor
from eoffice.core.tables import Report
from eoffice.core.web import db
from eoffice.takeover import service
from eoffice.takeover.files import Folder, NoFiles
from eoffice.takeover.tables import DOCUMENTS, REGISTERS

takeover_cli = Commands("takeover", help="Changing over from another system.")
_TABLE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_WHO = click.option("--as", "username", required=True, help="Account of the one who opens registers there.")
_DRY = click.option("--dry-run", is_flag=True, help="Try every row and keep nothing.")


@takeover_cli.command("registers")
@_TABLE
@_WHO
@_DRY
def take_registers(file: Path, username: str, *, dry_run: bool) -> None:
    """Take registers over with their last numbers; all rows or none, exit 1 when one is refused."""
    rows = tables.read(file, REGISTERS, service.LIMIT)
    _tell(lambda: service.take_registers(db(), _actor(username), rows, rehearse=dry_run), dry_run)


@takeover_cli.command("documents")
@_TABLE
@_WHO
@click.option(
    "--files", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder with the files."
)
@click.option("--from", "system", required=True, help="Name of the system before, the mark on each document.")
@_DRY
def take_documents(file: Path, username: str, files: Path | None, system: str, *, dry_run: bool) -> None:
    """Take documents over with numbers, files and open work; all rows or none, exit 1 when one is refused."""
    rows = tables.read(file, DOCUMENTS, service.COMMAND_LIMIT)
    folder = Folder(files) if files else NoFiles()
    _tell(
        lambda: service.take_documents(db(), _actor(username), rows, folder, system, rehearse=dry_run),
        dry_run,
    )


def _actor(username: str) -> Actor:
    user = accounts.by_names(db(), [username]).get(username)
    if user is None:
        raise click.ClickException(f"nobody is called {username}")
    return accounts.actor_of(db(), user)


def _tell(act: Callable[[], Report], dry_run: bool) -> None:
    try:
        report = act()
    except tables.Refused as refused:
        report = Report([], refused.problems)
    for problem in sorted(report.problems, key=lambda one: one.row):
        click.echo(f"row {problem.row}: {problem.heading}{': ' if problem.heading else ''}{problem.said}")
    if report.problems:
        sys.exit(1)
    click.echo(f"{len(report.outcomes)} rows {'could be' if dry_run else 'were'} taken over")
