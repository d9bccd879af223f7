"""Stored files from the command line: move them to another store, read them all again."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from eoffice.core import blobs, clock
from eoffice.core.blobs import copying
from eoffice.core.blobs.copying import Counted
from eoffice.core.commands import Commands
from eoffice.core.config import INSTANCE, settings

files_cli = Commands("files", help="Stored files: a folder, or a bucket of an S3 store.")


class _Store(click.ParamType):
    """A store by its address; `there`: it is read, so a folder must be there."""

    name = "place"

    def __init__(self, *, there: bool) -> None:
        self._there = there

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> blobs.BlobStore:
        """The store, opened."""
        try:
            place = blobs.place(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if self._there and isinstance(place, Path) and not place.is_dir():
            self.fail(f"there is no folder {place}", param, ctx)
        return blobs.opened(place, settings().get(INSTANCE) / "blobs")


_READ, _WRITTEN = _Store(there=True), _Store(there=False)


@files_cli.command("copy")
@click.option(
    "--from", "source", type=_READ, required=True, help="A folder, or s3://bucket/prefix?endpoint=…"
)
@click.option("--to", "target", type=_WRITTEN, required=True, help="The same.")
@click.option(
    "--exact", is_flag=True, help="Erase what the target has and the source lacks; stop the office first."
)
def copy(source: blobs.BlobStore, target: blobs.BlobStore, *, exact: bool) -> None:
    """Copy what the target lacks, hashed on the way; may be run again, also while the office works."""
    done = _told(copying.copy(source, target))
    click.echo(f"copied {done.done} files, {done.bytes} bytes; {done.there} were there")
    if done.surplus and exact:
        _erase(source, target, done)
    elif done.surplus:
        click.echo(f"{len(done.surplus)} files of the target are not in the source; --exact erases them")
    _damaged(done)


def _erase(source: blobs.BlobStore, target: blobs.BlobStore, done: Counted) -> None:
    """What was destroyed by decision between two runs is destroyed in the target, too."""
    if not done.done + done.there:
        raise click.ClickException("the source holds no file at all; nothing was erased")
    try:
        erased = copying.erase(source, target, done.surplus)
    except OSError as error:
        raise click.ClickException(f"{error}; run it again") from error
    click.echo(f"erased {erased} files the source does not have")


@files_cli.command("check")
@click.option("--in", "store", type=_READ, help="Another store than the installation's own.")
def check(store: blobs.BlobStore | None) -> None:
    """Read every stored file again; exit 1 when one is not what it was."""
    done = _told(copying.check(store or blobs.blobs()))
    click.echo(f"whole: {done.done} files")
    _damaged(done)


def _told(steps: Iterable[Counted]) -> Counted:
    """The last count; how far it is goes to the terminal once a minute."""
    done, told = Counted(), clock.now()
    try:
        for done in steps:
            if (clock.now() - told).seconds >= 60:
                told = clock.now()
                click.echo(f"{done.done + done.there} files so far", err=True)
    except OSError as error:
        raise click.ClickException(f"{error}; what was done stays, run it again") from error
    return done


def _damaged(done: Counted) -> None:
    for sha256 in done.damaged:
        click.echo(f"damaged: {sha256}")
    if done.damaged:
        sys.exit(1)
