"""`flask --app wsgi demo …`."""

import os
import sys
import time

import click

from eoffice.core.commands import Commands
from eoffice.core.config import HUB_PORT, INSTANCE, settings
from eoffice.core.secrets import secret
from eoffice.core.web import db
from eoffice.demo import service
from eoffice.demo.load import service as bulk
from eoffice.demo.province import OUTSIDE_SYSTEM

cli = Commands("demo", help="The demonstration province.")


@cli.command("fill")
def fill() -> None:
    """Make the province; called again, it goes on where it stopped."""
    service.fill(db())


@cli.command("load")
@click.option("--documents", type=click.IntRange(1), required=True, help="How many documents.")
@click.option(
    "--agencies",
    type=click.IntRange(3, 800),
    default=400,
    show_default=True,
    help="How many agencies have them.",
)
@click.option(
    "--elsewhere",
    type=click.IntRange(0, 240_000),
    default=111_000,
    show_default=True,
    help="Agencies of the rest of the country.",
)
def load(documents: int, agencies: int, elsewhere: int) -> None:
    """Fill an empty installation with made-up documents, to see how it behaves at size.

    The first agency has three tenths of them, the second is a commune with 500; t0_chuyenvien10 and
    t1_chuyenvien10 are specialists of the two. Run VACUUM ANALYZE as the database's owner afterwards.
    """
    began = time.monotonic()
    bulk.load(
        db(), bulk.Amounts(documents, agencies, elsewhere),
        lambda made: click.echo(f"{made:,} documents, {time.monotonic() - began:.0f} s"),
    )  # fmt: skip


@cli.command("outside")
def outside() -> None:
    """Play the second system on the axis until Ctrl-C: it fetches, checks and reports back by itself."""
    folder = settings().get(INSTANCE) / "outside"
    environment = os.environ | {"EOFFICE_OUTSIDE_SECRET": secret(f"axis:{OUTSIDE_SYSTEM}")}
    command = [
        sys.executable, "-m", "exchange", "receive", "--auto-status",
        "--url", f"http://127.0.0.1:{settings().get(HUB_PORT)}", "--system", OUTSIDE_SYSTEM,
        "--secret-env", "EOFFICE_OUTSIDE_SECRET", "--out", str(folder),
    ]  # fmt: skip
    click.echo(f"playing {OUTSIDE_SYSTEM}; packets are kept in {folder}; Ctrl-C ends it")
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own program, fixed arguments
