"""Operators' commands about accounts."""

import click
from flask.cli import AppGroup

from eoffice.accounts import service
from eoffice.core.permissions import system_actor
from eoffice.core.web import db

token_cli = AppGroup("token", help="Tokens of programs that use /api/v1.")


@token_cli.command("create")
@click.option("--user", required=True, help="User name of the person the program acts as.")
@click.option("--label", default="API", help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="A permission it may use; without it all of the person's.",
)
@click.option("--days", type=click.IntRange(1), default=365, help="Days until it ends.")
def create_token(user: str, label: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token and print it, once."""
    click.echo(service.make_token(db(), system_actor(), user, label, list(scopes) or ["*"], days))
