"""Groups of operators' commands: what a person can mend is said in a line, not in a traceback."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError

from eoffice.core.errors import AppError


class Commands(AppGroup):
    """`flask --app wsgi NAME …`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises ClickException for what the operator can do something about."""
        try:
            return super().invoke(ctx)
        except AppError as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(
                "The database does not answer. Start it (`make run` in another terminal), "
                "or set EOFFICE_DATABASE_URL."
            ) from error
