"""Operators' commands about accounts."""

import click

from eoffice.accounts import service
from eoffice.core.commands import Commands
from eoffice.core.permissions import system_actor
from eoffice.core.web import db

token_cli = Commands("token", help="Tokens of programs that use /api/v1.")


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


@token_cli.command("list")
def list_tokens() -> None:
    """Print the tokens that still open something, one a line; never the tokens themselves."""
    for token in service.tokens(db()):
        ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never"
        click.echo(f"{token.id}\t{token.user.username}\t{token.label}\t{' '.join(token.scopes)}\tends {ends}")


@token_cli.command("revoke")
@click.argument("number", type=int)
def revoke_token(number: int) -> None:
    """End a token at once, by its number in the list."""
    token = service.revoke_token(db(), system_actor(), number)
    click.echo(f"revoked: {token.user.username}, {token.label}")
