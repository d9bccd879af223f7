"""What becomes of a post's tasks when the post ends; the caller's use case commits."""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.permissions import Actor
from eoffice.directions.models import OPEN, Task
from eoffice.directions.operations import NotHere
from eoffice.directions.permissions import can_take
from eoffice.directory.models import Assignment
from eoffice.documents import operations as documents

HANDED_ON = audit.action("directions.handed_on", _l("Task handed on to a successor"))


def open_tasks(session: Session, post: Assignment) -> list[Task]:
    """What is still asked of a post."""
    query = sa.select(Task).where(Task.assignment_id == post.id, Task.state.in_(OPEN))
    return list(session.scalars(query.order_by(Task.id)))


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Give the open tasks of a post to another one, which sees the documents. Raises NotHere when it cannot act."""
    for task in open_tasks(session, leaving):
        if not can_take(to, task.part):
            raise NotHere(field="to_id")
        task.assignment = to
        documents.give_access(session, actor, task.document, person_ids=[to.person_id])
        audit.record(session, actor, HANDED_ON, task.document, before=leaving.label, named=[to.label])
