"""What an operator can mend is said in a line."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.config import override
from tests.factories import province

pytestmark = pytest.mark.postgres


def test_a_refusal_is_a_line_and_not_a_traceback(app: Flask, session: Session) -> None:
    province(session)
    done = app.test_cli_runner().invoke(args=["token", "create", "--user", "a_clerk", "--scope", "bogus"])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "bogus" in done.output


def test_a_database_that_is_away_is_named_with_what_to_do(app: Flask) -> None:
    with override(EOFFICE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none?connect_timeout=2"):
        done = app.test_cli_runner().invoke(args=["token", "list"])
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "make run" in done.output
