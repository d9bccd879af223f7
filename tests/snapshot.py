"""What a database holds, taken once and put back in milliseconds: the same start for hundreds of tests."""

import os
from dataclasses import dataclass

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
            owner.execute("SET session_replication_role = replica")
            for table, rows in self.rows.items():
                with owner.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)


def _owner(session: Session) -> psycopg.Connection[tuple[object, ...]]:
    name = session.get_bind().engine.url.database  # the same server, as the one who may do all
    return psycopg.connect(os.environ["TEST_ADMIN_URL"], dbname=name)


def _tables(owner: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return sorted(str(table) for (table,) in found if table != "alembic_version")


def _copy_out(owner: psycopg.Connection[tuple[object, ...]], table: str) -> bytes:
    with owner.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
