"""The database connection as the application uses it."""

import psycopg
import pytest
import sqlalchemy as sa

from eoffice.core.db import new_session
from eoffice.directory.models import Agency
from tests.conftest import name_of, url_of

_PLANS = (
    "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE :about"
)


@pytest.mark.postgres
def test_what_pages_ask_often_is_still_planned_for_its_values(worker_database: str) -> None:
    with new_session(pages=True) as session:
        for number in range(15):
            session.scalar(sa.select(sa.func.count()).where(Agency.code == f"H{number:02d}"))
        generic, custom = session.execute(sa.text(_PLANS), {"about": "%agency%"}).one()
    assert (generic, custom > 5) == (0, True)


@pytest.mark.postgres
def test_a_connection_that_the_server_closed_meanwhile_is_replaced_unnoticed(worker_database: str) -> None:
    with new_session() as session:
        (first,) = session.execute(sa.text("SELECT pg_backend_pid()")).one()
    with psycopg.connect(url_of(name_of(worker_database), "postgres"), autocommit=True) as root:
        root.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    with new_session() as session:
        (second,) = session.execute(sa.text("SELECT pg_backend_pid()")).one()
    assert second != first
