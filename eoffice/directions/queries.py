"""Reads of directions and tasks."""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from eoffice.core.errors import NotFound
from eoffice.core.permissions import Actor, Permission
from eoffice.directions.models import ACTING, OPEN, Direction, Part, Reading, Task, TaskState
from eoffice.directions.permissions import DIRECTION_EXTEND, may, may_know_task
from eoffice.directory.queries import of_posts
from eoffice.documents.models import Document
from eoffice.documents.permissions import DOCUMENT_READ


def task(session: Session, actor: Actor, task_id: int) -> Task:
    """A task on a document the actor may know of. Raises NotFound."""
    found = session.get(Task, task_id)
    if found is None or not may_know_task(actor, DOCUMENT_READ, found):
        raise NotFound
    return found


def latest(session: Session, document: Document) -> int:
    """The id of the latest direction for the whole agency, 0 before the first."""
    whole = sa.and_(Direction.document_id == document.id, Direction.parent_task_id.is_(None))
    return session.scalar(sa.select(sa.func.max(Direction.id)).where(whole)) or 0


def of_document(session: Session, document: Document) -> Sequence[Direction]:
    """Every direction on a document with its tasks, oldest first: one query, they are few."""
    query = sa.select(Direction).where(Direction.document_id == document.id)
    tasks = joinedload(Direction.tasks)
    query = query.options(tasks, tasks.joinedload(Task.readings).joinedload(Reading.person))
    return session.scalars(query.order_by(Direction.id)).unique().all()


def leading(session: Session, document: Document) -> str:
    """Whom the leader's latest direction charged; empty when nobody is."""
    query = sa.select(Task).join(Direction, Direction.id == Task.direction_id)
    lead = session.scalars(
        query.where(
            Task.document_id == document.id,
            Task.part == Part.LEAD,
            Task.state != TaskState.WITHDRAWN,
            Direction.parent_task_id.is_(None),
        ).order_by(Task.id.desc())
    ).first()
    return lead.label if lead else ""


def leading_each(session: Session, document_ids: Collection[int]) -> dict[int, str]:
    """The same of several documents, by their ids; one query."""
    query = sa.select(Task).join(Direction, Direction.id == Task.direction_id)
    lead = query.where(
        Task.document_id.in_(document_ids),
        Task.part == Part.LEAD,
        Task.state != TaskState.WITHDRAWN,
        Direction.parent_task_id.is_(None),
    ).order_by(Task.id)
    return {task.document_id: task.label for task in session.scalars(lead)} if document_ids else {}


def named(actor: Actor) -> sa.ColumnElement[bool]:
    """Tasks that are the actor's own, or those of a unit he heads."""
    own = of_posts(Task.assignment_id, actor)
    headed = Task.unit_id.in_(actor.headed_unit_ids) if actor.headed_unit_ids else sa.false()
    return sa.and_(Task.agency_id == actor.agency_id, sa.or_(own, headed))


def _waits_for_head(actor: Actor) -> sa.ColumnElement[bool]:
    units = Task.unit_id.in_(actor.headed_unit_ids) if actor.headed_unit_ids else sa.false()
    return sa.and_(units, Task.state.in_((TaskState.NEW, TaskState.SEEN)), Task.part.in_(ACTING))


def _to_do(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(named(actor), Task.assignment_id.is_not(None), Task.state.in_(OPEN), Task.part.in_(ACTING))


def _to_read(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(named(actor), Task.part == Part.INFORM, Task.state == TaskState.NEW)


def _list(session: Session, condition: sa.ColumnElement[bool], limit: int) -> Sequence[Task]:
    query = sa.select(Task).join(Document, Document.id == Task.document_id).where(condition)
    query = query.options(joinedload(Task.document), joinedload(Task.direction))
    # what is due first stands first; NULL sorts last in PostgreSQL
    order = (Document.urgency.desc(), Task.due_on, Task.due_time, Task.id)
    return session.scalars(query.order_by(*order).limit(limit)).all()


def to_assign(session: Session, actor: Actor, limit: int = 100) -> Sequence[Task]:
    """Tasks of the actor's unit that nobody works on yet."""
    return _list(session, _waits_for_head(actor), limit)


def to_do(session: Session, actor: Actor, limit: int = 100) -> Sequence[Task]:
    """The actor's own open tasks."""
    return _list(session, _to_do(actor), limit)


def to_read(session: Session, actor: Actor, limit: int = 100) -> Sequence[Task]:
    """What was sent to the actor for information and not opened yet."""
    return _list(session, _to_read(actor), limit)


def asked(actor: Actor) -> sa.ColumnElement[bool]:
    """Tasks the actor gave for which more time is asked: those of the agency are few, those he gave are many."""
    his = Task.direction.has(Direction.by_assignment_id == actor.assignment_id)
    wanted = sa.and_(Task.agency_id == actor.agency_id, Task.wanted_due_on.is_not(None))
    return sa.and_(wanted, Task.state.in_(OPEN), his)


def to_extend(session: Session, actor: Actor, limit: int = 100) -> Sequence[Task]:
    """Tasks the actor gave for which more time is asked."""
    return _list(session, asked(actor), limit)


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many tasks wait: `to_assign`, `to_do`, `to_read`, `to_extend`; one query."""
    conditions = {
        "to_assign": _waits_for_head(actor),
        "to_do": _to_do(actor),
        "to_read": _to_read(actor),
        "to_extend": asked(actor),
    }
    # each on its own, by its own index: together they would be looked for in the whole table
    counted = sa.select(sa.func.count()).select_from(Task)
    columns = [counted.where(one).scalar_subquery().label(name) for name, one in conditions.items()]
    return dict(session.execute(sa.select(*columns)).one()._mapping)


def own(actor: Actor, wanted: Permission, tasks: Iterable[Task]) -> Task | None:
    """The first of these open tasks on which the actor can take this step; he may know of all of them."""
    return next(iter(each_own(actor, wanted, tasks)), None)


def each_own(actor: Actor, wanted: Permission, tasks: Iterable[Task]) -> list[Task]:
    """All of them."""
    open_ones = (task for task in tasks if task.state in OPEN and task.part is not Part.INFORM)
    return [task for task in open_ones if actor.can(wanted) and may(actor, wanted, task)]


def stands(task: Task, given: Sequence[Direction]) -> bool:
    """Whether a task is of the latest direction at its place, and so is what it was handed on from; `given`: all of its
    document."""
    tasks = {one.id: one for direction in given for one in direction.tasks}
    latest = {one.parent_task_id: one.id for one in given if one.asks}
    at: Task | None = task
    while at is not None:
        if at.state is TaskState.WITHDRAWN or latest[at.direction.parent_task_id] != at.direction_id:
            return False
        at = tasks.get(at.direction.parent_task_id or 0)
    return True


def to_reopen(actor: Actor, given: Sequence[Direction]) -> list[Task]:
    """Of the directions on a document: what was reported as done and the actor, who gave it, can ask for again."""
    tasks = [task for direction in given for task in direction.tasks]
    states = {task.id: task.state for task in tasks}
    return [
        task
        for task in tasks
        if task.state is TaskState.DONE and task.part is not Part.INFORM and stands(task, given)
        # who coordinates works for a unit that works
        if task.part is Part.LEAD or states.get(task.direction.parent_task_id or 0) is not TaskState.DONE
        if actor.can(DIRECTION_EXTEND) and may(actor, DIRECTION_EXTEND, task)
    ]
