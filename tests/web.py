"""Signing in to the application under test, and counting what its pages cost."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import PASSWORD

#: most statements one page may cost, whatever it shows
MOST = 12


def client_for(app: Flask, username: str, password: str = PASSWORD) -> FlaskClient:
    """A client that has signed in; forms need no token in tests of features (flows and browser send it)."""
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/sign-in", data={"username": username, "password": password})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return client


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
