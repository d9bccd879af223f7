"""The database connection as the application uses it."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.directory.models import Agency


def test_a_statement_asked_often_is_still_planned_for_its_values(session: Session) -> None:
    for number in range(15):
        session.scalar(sa.select(sa.func.count()).where(Agency.code == f"H{number:02d}"))
    plans = "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement LIKE '%agency%'"
    generic, custom = session.execute(sa.text(plans)).one()
    assert (generic, custom > 5) == (0, True)
