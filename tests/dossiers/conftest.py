"""The application for tests of pages and of the interface for programs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from eoffice.core.db import engine


@pytest.fixture
def statements(worker_database: str) -> Iterator[list[str]]:
    """The statements that the application sends."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    with _listening(worker_database, note):
        yield sent


@contextmanager
def _listening(url: str, note: object) -> Iterator[None]:
    sa.event.listen(engine(url), "before_cursor_execute", note)
    yield
    sa.event.remove(engine(url), "before_cursor_execute", note)
