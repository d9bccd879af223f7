"""What a database holds, taken once and put back in milliseconds: the same start for hundreds of tests."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Snapshot:
    """Rows of every table that has some, as PostgreSQL copies them."""

    rows: dict[str, bytes]

    @classmethod
    def take(cls, session: Session) -> "Snapshot":
        """Of everything committed."""
        with _owner(session) as owner:
            copied = {table: _copy_out(owner, table) for table in _tables(owner)}
        return cls({table: rows for table, rows in copied.items() if rows})

    def put_back(self, session: Session) -> None:
        """Into tables that are empty. The log refuses rows of others, so its triggers rest."""
        with _owner(session) as owner:
            owner.execute("SET LOCAL session_replication_role = replica")
            for table, rows in self.rows.items():
                with owner.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)


@contextmanager
def as_owner(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A transaction of the one who may do all, on a line that is kept: another for each test would take as long as
    what is done on it."""
    line = _line(database)
    with line.transaction():
        yield line


@lru_cache(maxsize=1)
def _line(database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ["TEST_ADMIN_URL"], dbname=database, autocommit=True)


def _owner(session: Session) -> AbstractContextManager[psycopg.Connection[tuple[object, ...]]]:
    name = session.get_bind().engine.url.database
    assert name, "the same server"
    return as_owner(name)


def _tables(owner: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return sorted(str(table) for (table,) in found if table != "alembic_version")


def _copy_out(owner: psycopg.Connection[tuple[object, ...]], table: str) -> bytes:
    with owner.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
