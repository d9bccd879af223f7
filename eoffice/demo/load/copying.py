"""Rows of our tables at the speed of the database (PostgreSQL, COPY, text format)."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.db import Base

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Rows:
    """Rows of one model, gathered and then written at once.

    Columns not named take the model's own defaults, so that a new column with one needs nothing here; one
    without is a ValueError when the loader starts, not a broken table.
    """

    def __init__(self, model: type[Base], *columns: str) -> None:
        self.table: sa.Table = model.__table__  # type: ignore[assignment]  # every model of ours is one table
        unknown = set(columns) - set(self.table.columns.keys())
        if unknown:
            raise ValueError(f"{self.table.name} has no {', '.join(sorted(unknown))}")
        rest = {c.name: _default(c) for c in self.table.columns if c.name not in columns and _asked_for(c)}
        self._columns = (*columns, *rest)
        self._constant = "".join(f"\t{_plain(value)}" for value in rest.values()) + "\n"
        self._lines: list[str] = []

    def add(self, *values: object) -> None:
        """One row, values in the order of the columns."""
        self._lines.append("\t".join(map(_plain, values)) + self._constant)

    def write(self, session: Session) -> None:
        """Send what was gathered, in the session's transaction."""
        if not self._lines:
            return
        connection = session.connection().connection.driver_connection
        assert connection is not None
        names = ", ".join(f'"{name}"' for name in self._columns)
        with connection.cursor().copy(f'COPY "{self.table.name}" ({names}) FROM STDIN') as copy:
            copy.write("".join(self._lines))
        self._lines.clear()


def reserve(session: Session, model: type[Base], count: int) -> Sequence[int]:
    """Take that many ids from the model's sequence, in order."""
    series = sa.func.generate_series(1, count).table_valued("n")
    sequence = sa.func.pg_get_serial_sequence(model.__tablename__, "id")
    return session.scalars(sa.select(sa.func.nextval(sequence)).select_from(series)).all()


def write_all(session: Session, tables: Iterable[Rows]) -> None:
    """Write tables in the order of their foreign keys."""
    for rows in tables:
        rows.write(session)


def _asked_for(column: sa.Column[Any]) -> bool:
    made_there = column.server_default is not None or column.identity is not None
    return not column.nullable and not column.primary_key and not made_there


def _default(column: sa.Column[Any]) -> object:
    default = column.default
    if default is None:
        raise ValueError(f"{column.table.name}.{column.name} has no default")
    return default.arg(None) if default.is_callable else default.arg  # type: ignore[attr-defined]  # no sequence is used


def _plain(value: object) -> str:
    """A value as COPY reads it."""
    return _WRITERS.get(type(value), _other)(value)


def _text(value: str) -> str:
    # translating is slow, and nearly no text has anything to translate
    return (
        value.translate(_ESCAPES)
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value
        else value
    )


def _other(value: object) -> str:
    return _text(value.value) if isinstance(value, StrEnum) else str(value)


def _json(value: object) -> str:
    return _text(_ENCODER.encode(value))


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    type(None): lambda _none: "\\N",
    bool: lambda value: "t" if value else "f",
    datetime: datetime.isoformat,
    dict: _json,
    list: _json,
    tuple: _json,
}
