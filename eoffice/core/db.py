"""The database: one engine, typed models, one use case in one transaction."""

import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, LiteralString, cast

import psycopg
import sqlalchemy as sa
from psycopg.rows import namedtuple_row
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session

from eoffice.core.config import INSTANCE, optional_text, setting, settings

DATABASE_URL = setting(
    "EOFFICE_DATABASE_URL",
    optional_text,
    None,
    "PostgreSQL that the application uses, as a role that owns no table; empty: the embedded server.",
    secret=True,
)
MIGRATION_URL = setting(
    "EOFFICE_MIGRATION_URL",
    optional_text,
    None,
    "The same database as the role that owns the tables, for migrations; empty: as above.",
    secret=True,
)
# values by number, as the server has them: the driver rewrites any other form anew for each long statement
_DIALECT = psycopg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
POOL_SIZE = setting("EOFFICE_POOL_SIZE", int, 12, "Database connections that one process may hold.")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware moments only, stored in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What values of such a column are."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - the base class names it
        """Refuse naive moments: they would be read in whatever zone the server has."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without zone cannot be stored")
        return value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Give every moment back in UTC."""
        return value.astimezone(UTC) if value is not None else None


class Base(DeclarativeBase):
    """Models: plain SQLAlchemy, no Flask."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSONB(none_as_null=True),
        str: sa.Text(),
        list[str]: JSONB,
    }


def enum_column(kind: type[StrEnum]) -> sa.Enum:
    """A StrEnum stored by its value, held by a check constraint."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=kind.__name__.lower(),
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


def sqlalchemy_url(url: str) -> sa.URL:
    """A libpq URL as SQLAlchemy wants it, with psycopg 3 as driver."""
    return make_url(url).set(drivername="postgresql+psycopg")


def database_url() -> str:
    """The URL in force for the application's role."""
    given = settings().get(DATABASE_URL)
    if given:
        return given
    from eoffice.core.embedded import APP, Embedded  # only where the wheel is used

    return Embedded(settings().get(INSTANCE) / "pg").url("eoffice", APP)


def migration_url() -> str:
    """The URL in force for the role that owns the tables."""
    given = settings().get(MIGRATION_URL) or settings().get(DATABASE_URL)
    if given:
        return given
    from eoffice.core.embedded import OWNER, Embedded  # only where the wheel is used

    return Embedded(settings().get(INSTANCE) / "pg").url("eoffice", OWNER)


@lru_cache(maxsize=8)
def engine(url: str, *, pages: bool = False) -> sa.Engine:
    """The engine of this process for a URL; `pages`: see `new_session`."""
    made = sa.create_engine(sqlalchemy_url(url), pool_size=settings().get(POOL_SIZE), max_overflow=0)
    if pages:
        sa.event.listen(made, "connect", _plan_each_time)
    sa.event.listen(made, "checkout", _alive)
    return made


def _plan_each_time(connection: psycopg.Connection[Any], _record: object) -> None:
    """A list asked for the tenth time on a connection is planned for its own agency and words as the first was.

    The server would go over to one plan for all values then, which knows neither how large the agency is nor how rare
    the word; planning takes half a millisecond.
    """
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


def _alive(connection: psycopg.Connection[Any], _record: object, _proxy: object) -> None:
    """Let the pool open another one instead of a connection that the server has closed."""
    if hung_up(connection):
        raise sa.exc.DisconnectionError("closed by the server")


def hung_up(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    """Whether the server has closed an idle connection.

    A server that goes away says so: there is something to read where nobody asked. Looking costs a hundredth of a
    question and its answer, which every use case would begin with.
    """
    if connection.closed:
        return True
    there = select.poll()
    there.register(connection.fileno(), select.POLLIN)
    return bool(there.poll(0))


def run(session: Session, statement: LiteralString, given: dict[str, Any]) -> list[Any]:
    """Run one statement as it is written, in the session's transaction; named tuples.

    For what is done for every packet: the ORM costs ten times as much as such a statement. What waits in the session
    to be written is not written before, and what is loaded in it does not change.
    """
    raw = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    with raw.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class Written:
    """A query as the server is told it: made once, asked often."""

    text: LiteralString
    #: names of its values, in the order of their numbers
    names: Sequence[str]
    given: Mapping[str, Any]


def written(query: sa.Select[Any]) -> Written:
    """Put a query into words. For one that every page asks: building it and reading through it costs more than the
    answer does.

    Its values are taken as the driver takes them: numbers, texts, days and enumerations of text.
    """
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    # the words are the same for everybody in the same position: kept once
    return Written(sys.intern(compiled.string), tuple(compiled.positiontup or ()), compiled.params)


def ask(session: Session, question: Written, **values: Any) -> list[Any]:
    """The rows of a written query, as named tuples; `values` are those that are others than when it was made."""
    raw = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    given = {**question.given, **values}
    with psycopg.RawCursor(raw, row_factory=namedtuple_row) as cursor:
        return cursor.execute(question.text, [given[name] for name in question.names]).fetchall()


def new_session(url: str | None = None, *, pages: bool = False) -> Session:
    """A session of its own; the caller closes it.

    `pages`: for lists and searches, whose best plan depends on whose they are; jobs and packets, which ask the same
    of one row after another, are planned once.
    """
    return Session(engine(url or database_url(), pages=pages), expire_on_commit=False)


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """One use case: commit once on leaving, roll back on any error, refuse to nest."""
    if session.info.get("in_use_case"):
        raise RuntimeError("a use case inside a use case: call the feature's operations instead")
    session.info["in_use_case"] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["in_use_case"] = False
