"""`python -m exchange`: build, parse, validate, send, receive, and the axis itself.

Exit code 0 done or valid, 1 not valid or refused, 2 usage, 3 unreadable.
"""

from __future__ import annotations

import importlib

import click

from exchange.errors import ExchangeError, Unreadable

_COMMANDS = {
    "build": "exchange.commands:build",
    "parse": "exchange.commands:parse",
    "validate": "exchange.commands:validate",
    "send": "exchange.commands:send",
    "receive": "exchange.commands:receive",
    "verify-evidence": "exchange.commands:verify_evidence",
    "hub": "exchange.hub.commands:hub",
}


class _Lazy(click.Group):
    """Imports a command when it is used: reading a file needs no database driver."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click names it
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ExchangeError as error:
            click.echo(f"{error.vi}\n{error}", err=True)
            raise SystemExit(3 if isinstance(error, Unreadable) else 1) from error


@click.group(cls=_Lazy)
def main() -> None:
    """Official documents in edXML, and the axis that carries them."""


if __name__ == "__main__":
    main(prog_name="exchange")
