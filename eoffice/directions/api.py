"""Directions and tasks for other systems: the same use cases as the pages."""

from dataclasses import dataclass
from datetime import date, time

from flask import Blueprint
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.directions import queries, service
from eoffice.directions.models import Direction, Task
from eoffice.directions.operations import NewDirection
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_EXTEND, DIRECTION_GIVE, DIRECTION_WORK
from eoffice.documents.permissions import DOCUMENT_READ

bp = Blueprint("directions_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True)
class Directing(NewDirection):
    """A direction, and what its author knew of when he gave it."""

    #: id of the latest direction on the document that the caller knows of, 0: none
    seen: int = 0


@dataclass(frozen=True)
class TaskOut:
    """What is asked of one unit or one person."""

    id: int
    document_id: int
    part: str
    unit_id: int | None
    assignment_id: int | None
    label: str
    due_on: date | None
    #: hour of that day; None: its end
    due_time: time | None
    state: str
    result: str
    #: how far it has come, as the one named last said
    progress: str


@dataclass(frozen=True)
class DirectionOut:
    """One opinion and the tasks it makes, the lead first."""

    id: int
    document_id: int
    by_name: str
    opinion: str
    due_on: date | None
    due_time: time | None
    tasks: list[TaskOut]


@dataclass(frozen=True)
class Tasks:
    """One's own open work."""

    to_assign: list[TaskOut]
    to_do: list[TaskOut]
    to_read: list[TaskOut]


@dataclass(frozen=True)
class NewAssignment:
    """Who inside the unit works on its task."""

    assignment_id: int
    opinion: str
    due_on: date | None = None
    #: hour of that day; None: its end
    due_time: time | None = None
    coordinating: tuple[int, ...] = ()


@dataclass(frozen=True)
class Result:
    """What was done."""

    result: str


def _task(task: Task) -> TaskOut:
    return TaskOut(
        task.id, task.document_id, task.part, task.unit_id, task.assignment_id, task.label, task.due_on,
        task.due_time, task.state, task.result, task.progress,
    )  # fmt: skip


def _direction(direction: Direction) -> DirectionOut:
    return DirectionOut(
        direction.id, direction.document_id, direction.by_name, direction.opinion, direction.due_on,
        direction.due_time,
        [_task(task) for task in direction.tasks],
    )  # fmt: skip


@bp.post("/incoming/<int:document_id>/directions")
@needs(DIRECTION_GIVE)
@documented(
    "Direct a document: one lead, others coordinate or are informed",
    request=Directing,
    response=DirectionOut,
)
def direct(document_id: int) -> ResponseReturnValue:
    """A leader's direction."""
    new = body(Directing)
    return answer(_direction(service.direct(db(), current_actor(), document_id, new, seen=new.seen)), 201)


@bp.get("/tasks")
@needs(DOCUMENT_READ)
@documented("One's own open work", response=Tasks)
def index() -> ResponseReturnValue:
    """What waits for the caller."""
    actor = current_actor()
    lists = (queries.to_assign, queries.to_do, queries.to_read)
    return answer(Tasks(*([_task(task) for task in one(db(), actor)] for one in lists)))


@bp.post("/tasks/<int:task_id>/open")
@needs(DOCUMENT_READ)
@documented("Note the first opening of a task", response=TaskOut)
def open_task(task_id: int) -> ResponseReturnValue:
    """Opened."""
    return answer(_task(service.open_task(db(), current_actor(), task_id)))


@bp.post("/tasks/<int:task_id>/assign")
@needs(DIRECTION_ASSIGN)
@documented("Name who inside the unit works on its task", request=NewAssignment, response=DirectionOut)
def assign(task_id: int) -> ResponseReturnValue:
    """Assigned."""
    new = body(NewAssignment)
    made = service.assign(
        db(),
        current_actor(),
        task_id,
        new.assignment_id,
        new.due_on,
        new.opinion,
        new.coordinating,
        new.due_time,
    )
    return answer(_direction(made), 201)


@dataclass(frozen=True)
class MoreTime:
    """A later deadline that is asked for."""

    until: date
    reason: str


@dataclass(frozen=True)
class TimeAnswer:
    """The answer of who gave the task; `until`: another day than the one asked for."""

    grant: bool
    note: str = ""
    until: date | None = None


@bp.post("/tasks/<int:task_id>/time")
@needs(DIRECTION_WORK)
@documented("Ask for a later deadline", request=MoreTime, response=TaskOut)
def ask_for_time(task_id: int) -> ResponseReturnValue:
    """Asked."""
    new = body(MoreTime)
    return answer(_task(service.ask_for_time(db(), current_actor(), task_id, new.until, new.reason)))


@bp.post("/tasks/<int:task_id>/time/answer")
@needs(DIRECTION_EXTEND)
@documented("Grant or refuse a later deadline", request=TimeAnswer, response=TaskOut)
def answer_time(task_id: int) -> ResponseReturnValue:
    """Answered."""
    new = body(TimeAnswer)
    task = service.answer_time(
        db(), current_actor(), task_id, grant=new.grant, until=new.until, note=new.note
    )
    return answer(_task(task))


@dataclass(frozen=True)
class Deadline:
    """Another deadline, and why."""

    due_on: date
    #: hour of that day; None: its end
    due_time: time | None = None
    reason: str = ""


@dataclass(frozen=True)
class Words:
    """How far it has come, or what is still to be done."""

    words: str


@bp.post("/tasks/<int:task_id>/deadline")
@needs(DIRECTION_EXTEND)
@documented("Give a task another deadline, as who gave it", request=Deadline, response=TaskOut)
def change_deadline(task_id: int) -> ResponseReturnValue:
    """Changed."""
    new = body(Deadline)
    task = service.change_deadline(db(), current_actor(), task_id, new.due_on, new.due_time, new.reason)
    return answer(_task(task))


@bp.post("/tasks/<int:task_id>/progress")
@needs(DIRECTION_WORK)
@documented("Say how far a task has come", request=Words, response=TaskOut)
def report_progress(task_id: int) -> ResponseReturnValue:
    """Said."""
    return answer(_task(service.report_progress(db(), current_actor(), task_id, body(Words).words)))


@bp.post("/tasks/<int:task_id>/reopen")
@needs(DIRECTION_EXTEND)
@documented("Ask again, as who gave it, for what was reported as done", request=Words, response=TaskOut)
def reopen(task_id: int) -> ResponseReturnValue:
    """Asked again."""
    return answer(_task(service.reopen(db(), current_actor(), task_id, body(Words).words)))


@bp.post("/tasks/<int:task_id>/finish")
@needs(DIRECTION_WORK)
@documented("Report a task as done", request=Result, response=TaskOut)
def finish(task_id: int) -> ResponseReturnValue:
    """Done."""
    return answer(_task(service.finish(db(), current_actor(), task_id, body(Result).result)))
