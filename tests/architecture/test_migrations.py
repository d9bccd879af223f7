"""The migrated database is the one the models describe."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from eoffice.core.db import Base, new_session, sqlalchemy_url
from tests.conftest import name_of, url_of


@pytest.fixture
def migrated(worker_database: str) -> Iterator[sa.Connection]:
    """A migrated database, read by its owner."""
    url = url_of(name_of(worker_database), "eoffice_owner")
    engine = sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _ours(_thing: object, name: str | None, kind: str, _reflected: bool, _against: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(("procrastinate_", "alembic_")))


@pytest.mark.slow
def test_models_and_migrations_describe_the_same_tables(migrated: sa.Connection) -> None:
    context = MigrationContext.configure(migrated, opts={"include_object": _ours, "compare_type": True})
    assert compare_metadata(context, Base.metadata) == []


def test_every_state_that_the_models_know_is_allowed_by_the_database(migrated: sa.Connection) -> None:
    found = {
        constraint["name"]: constraint["sqltext"]
        for table in Base.metadata.tables
        for constraint in sa.inspect(migrated).get_check_constraints(table)
    }
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.Enum):
                written = found[f"ck_{table.name}_{column.type.name}"]
                missing = [value for value in column.type.enums if f"'{value}'" not in written]
                assert not missing, f"{table.name}.{column.name} refuses {missing}"


def test_the_migrate_command_repeats_without_harm_and_keeps_the_log_from_the_application(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["migrate"])
    assert (done.exit_code, done.output) == (0, "the tables are of this version\n")
    with new_session() as session, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        session.execute(sa.text("DELETE FROM audit_entry"))
