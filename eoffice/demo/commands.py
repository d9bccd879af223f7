"""`flask --app wsgi demo …`."""

import os
import sys

import click

from eoffice.core.commands import Commands
from eoffice.core.config import HUB_PORT, INSTANCE, settings
from eoffice.core.secrets import secret
from eoffice.core.web import db
from eoffice.demo import service
from eoffice.demo.province import OUTSIDE_SYSTEM

cli = Commands("demo", help="The demonstration province.")


@cli.command("fill")
def fill() -> None:
    """Make the province; called again, it goes on where it stopped."""
    service.fill(db())


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
