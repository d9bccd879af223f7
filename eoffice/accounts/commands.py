"""Operators' commands about accounts."""

import click

from eoffice.accounts import service
from eoffice.core import clock
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


user_cli = Commands("user", help="Accounts of people.")


@user_cli.command("show")
@click.argument("username")
def show_user(username: str) -> None:
    """Print how an account stands and which posts it opens today."""
    user, posts = service.account(db(), username)
    state = "closed" if not user.active else "one-time password" if user.must_change else "open"
    last = f"{clock.local(user.last_sign_in_at):%Y-%m-%d %H:%M}" if user.last_sign_in_at else "never"
    locked = user.locked_until is not None and user.locked_until > clock.now()
    click.echo(
        f"{user.username}\t{user.person.full_name}\t{state}{', locked' if locked else ''}\tlast here {last}"
    )
    for post in posts:
        click.echo(f"{post.agency.code}\t{post.agency.name}\t{post.title}\t{post.role}")


@user_cli.command("password")
@click.argument("username")
def renew_password(username: str) -> None:
    """Give an account a one-time password and print it, once: for people with posts in several agencies, and when no
    administrator is left who could."""
    click.echo(service.renew_password(db(), system_actor(), username))
