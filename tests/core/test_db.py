"""The database connection as the application uses it."""

import pytest
import sqlalchemy as sa

from eoffice.core.db import new_session
from eoffice.directory.models import Agency

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
