"""What waits is counted by indexes: a province's tasks of ten years must not be read for one number."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.directions import queries
from eoffice.directory.models import Role
from eoffice.home import deeds
from eoffice.home import queries as home
from tests.factories import province


@pytest.mark.parametrize("role", [Role.LEADER, Role.UNIT_HEAD, Role.SPECIALIST, Role.CHIEF_OF_OFFICE])
def test_no_count_of_tasks_reads_the_table_from_end_to_end(session: Session, role: Role) -> None:
    actor, asked = province(session).a.actors[role], list[tuple[str, Any]]()

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_rest: object) -> None:
        asked.append((statement, given))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        queries.counts(session, actor)
        home.waiting(session, actor, deeds.of(actor))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    connection = session.connection()
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # what is still read so, no index can answer
    counted = [(statement, given) for statement, given in asked if "FROM task" in statement]
    assert counted
    for statement, given in counted:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", given))
        assert "Seq Scan on task" not in plan, plan
        assert "Seq Scan on direction" not in plan, plan
