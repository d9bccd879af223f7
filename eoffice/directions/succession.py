"""What becomes of tasks when a post ends or an agency is merged; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.permissions import Actor, Permission
from eoffice.directions import operations
from eoffice.directions.models import OPEN, Direction, Part, Task
from eoffice.directions.operations import NotHere
from eoffice.directions.permissions import can_take, needed_for
from eoffice.directory.models import Agency, Assignment, Unit
from eoffice.directory.takers import Takers
from eoffice.documents import operations as documents

HANDED_ON = audit.action("directions.handed_on", _l("Task handed on to a successor"))


def open_tasks(session: Session, post: Assignment) -> list[Task]:
    """What is still asked of a post."""
    query = sa.select(Task).where(Task.assignment_id == post.id, Task.state.in_(OPEN))
    return list(session.scalars(query.order_by(Task.id)))


def open_in(session: Session, unit: Unit) -> int:
    """How many tasks a unit has still to do."""
    query = sa.select(sa.func.count()).select_from(Task).where(Task.unit_id == unit.id, Task.state.in_(OPEN))
    return session.scalar(query) or 0


def needed(session: Session, post: Assignment) -> set[Permission]:
    """What the role of a successor must allow."""
    return {needed_for(task.part) for task in open_tasks(session, post)}


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Give the open tasks of a post to another one, which sees the documents. Raises NotHere when it cannot act."""
    for task in open_tasks(session, leaving):
        if not can_take(to, task.part):
            raise NotHere(field="to_id")
        task.first_named = task.first_named or task.label
        task.assignment = to
        documents.give_access(session, actor, task.document, person_ids=[to.person_id])
        audit.record(session, actor, HANDED_ON, task.document, before=leaving.label, named=[to.label])


def homes(session: Session, ids: Sequence[int], takers: Takers) -> dict[int, int]:
    """By document the agency in which whoever leads it is followed."""
    leads = sa.select(Task).where(Task.document_id.in_(ids), Task.part == Part.LEAD, Task.state.in_(OPEN))
    found = {
        task.document_id: takers.home(post_id=task.assignment_id, unit_id=task.unit_id)
        for task in session.scalars(leads.order_by(Task.id))
    }
    return {document_id: home for document_id, home in found.items() if home is not None}


def move(session: Session, actor: Actor, ids: Sequence[int], to: Agency, takers: Takers) -> int:
    """Put the directions on documents under another agency and give what is open to those who follow.

    Who decided keeps name and title; more time is asked of the leader who follows. Of whom is followed in another
    agency than the document, nothing more is asked. Returns how many tasks.
    """
    session.flush()
    for table, column in ((Direction, Direction.document_id), (Task, Task.document_id)):
        session.execute(sa.update(table).where(column.in_(ids)).values(agency_id=to.id))
    session.expire_all()
    found = session.scalars(
        sa.select(Task).where(Task.document_id.in_(ids), Task.state.in_(OPEN)).order_by(Task.id)
    ).all()
    gone = [one for one in found if takers.elsewhere(post_id=one.assignment_id, unit_id=one.unit_id)]
    operations.withdraw(session, actor, gone)
    for task in found:
        if task not in gone:
            with takers.trying():
                _hand_over(session, actor, task, takers)
    return len(found) - len(gone)


def _hand_over(session: Session, actor: Actor, task: Task, takers: Takers) -> None:
    before = task.label
    task.first_named = task.first_named or before
    if task.unit_id is not None:
        task.unit_id = takers.unit(task.unit_id)
    elif task.assignment_id is not None:
        post = takers.post(task.assignment_id)
        if not can_take(post, task.part):
            raise NotHere(field="to_id")
        task.assignment_id = post.id
        documents.give_access(session, actor, task.document, person_ids=[post.person_id])
    task.direction.by_assignment_id = takers.leader(task.direction.by_assignment_id).id
    session.flush()
    session.refresh(task, ["unit", "assignment"])
    audit.record(session, actor, HANDED_ON, task.document, before=before, named=[task.label])
