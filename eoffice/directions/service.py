"""Use cases of directions, one transaction each (Decree 30/2020, Articles 23 and 24)."""

from collections.abc import Sequence
from datetime import date, time

from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import InvalidTransition
from eoffice.core.events import publish
from eoffice.core.permissions import Actor, require
from eoffice.core.workflow import word_of
from eoffice.directions import deciding, following, operations, queries
from eoffice.directions.events import WorkBegun, WorkFinished, WorkOpened, WorkReopened
from eoffice.directions.models import OPEN, Direction, Part, Task, TaskState
from eoffice.directions.operations import Named, NewDirection
from eoffice.directions.permissions import (
    DIRECTION_ASSIGN,
    DIRECTION_EXTEND,
    DIRECTION_GIVE,
    DIRECTION_REMIND,
    DIRECTION_WORK,
    may,
)
from eoffice.documents import queries as documents
from eoffice.documents.models import Document
from eoffice.documents.permissions import DOCUMENT_READ


def direct(
    session: Session, actor: Actor, document_id: int, new: NewDirection, *, seen: int | None = None
) -> Direction:
    """Direct a document: one leads, others coordinate or are informed.

    A later direction takes the place of the earlier one: who is named again goes on, of others nothing more is asked.
    `seen`: the latest that the actor knew of, 0 for none.

    Raises NotFound, Forbidden, InvalidTransition, NoOpinion, NoLead, NamedTwice, NotHere, DueInThePast,
    DirectedMeanwhile.
    """
    with transaction(session):
        document = _locked(session, actor, document_id)
        require(actor, DIRECTION_GIVE, document)
        deciding.refuse_newer(session, document, seen)
        return deciding.decide(session, actor, document, new)


def assign(
    session: Session, actor: Actor, task_id: int, assignment_id: int, due_on: date | None, opinion: str,
    coordinating: tuple[int, ...] = (), due_time: time | None = None,
) -> Direction:  # fmt: skip
    """Name who inside the unit works on its task, due no later than the unit itself; named anew, who is named again
    goes on and the others are asked no more.

    Raises NotFound, Forbidden, InvalidTransition, DueTooLate, DueInThePast, NamedTwice, NotHere.
    """
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        require(actor, DIRECTION_ASSIGN, task)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        before = operations.handed_on(session, task)
        others = tuple(Named(assignment_id=one) for one in coordinating)
        day, hour = (due_on, due_time) if due_on or due_time else (task.due_on, task.due_time)
        new = NewDirection(opinion, Named(assignment_id=assignment_id), others, due_on=day, due_time=hour)
        direction = operations.give(session, actor, task.document, new, parent=task)
        following.carry_over(session, actor, before, direction, new)
        task.state = TaskState.WORKING
        if task.part is Part.LEAD:
            publish(session, WorkBegun(task.document_id, direction.tasks[0].id, actor))
    return direction


def open_task(session: Session, actor: Actor, task_id: int) -> Task:
    """Note the first opening of a task by the one it names. Raises NotFound, Forbidden."""
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        require(actor, DOCUMENT_READ, task)
        _open(session, actor, task)
    return task


def open_document(session: Session, actor: Actor, document: Document) -> Sequence[Direction]:
    """Note that the actor, who knows of it, has opened whatever on this document names him; nothing is written
    otherwise. Returns the directions on the document.
    """
    given = queries.of_document(session, document)
    for task in [task for direction in given for task in direction.tasks]:
        if task.state is TaskState.NEW and may(actor, DOCUMENT_READ, task):
            open_task(session, actor, task.id)
        if _reads_first(actor, task):
            with transaction(session):
                operations.read(session, actor, task)
            session.expire(task, ["readings"])
    return given


def _reads_first(actor: Actor, task: Task) -> bool:
    """Whether the actor is one of the unit that is informed and has not opened it before."""
    known = {reading.person_id for reading in task.readings}
    return task.part is Part.INFORM and task.unit_id in actor.unit_ids and actor.person_id not in known


def finish(session: Session, actor: Actor, task_id: int, result: str) -> Task:
    """Report a task as done. Raises NotFound, Forbidden, InvalidTransition, NoOpinion when nothing is said."""
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_WORK, task)
        if not result.strip():
            raise operations.NoOpinion(field="result")
        highest = operations.finished(session, actor, task, result.strip())
        if highest.part is Part.LEAD and highest.direction.parent_task_id is None:
            operations.withdraw(session, actor, operations.open_tasks(session, highest.document))
            publish(session, WorkFinished(highest.document_id, highest.id, actor))
    return task


def ask_for_time(session: Session, actor: Actor, task_id: int, wanted: date, reason: str) -> Task:
    """Ask for a later deadline. Raises NotFound, Forbidden, InvalidTransition, NotLater, NoOpinion."""
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_WORK, task)
        following.ask_for_time(session, actor, task, wanted, reason)
    return task


def remind(session: Session, actor: Actor, task_id: int) -> Task:
    """Press for a task; whoever it names sees it on the work list. Raises NotFound, Forbidden, InvalidTransition,
    RemindedToday."""
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_REMIND, task)
        operations.remind(session, actor, task)
    return task


def answer_time(
    session: Session, actor: Actor, task_id: int, *, grant: bool, until: date | None = None, note: str = ""
) -> Task:
    """Grant it, till the day that was asked for or till `until`, or refuse it, as who gave the task.

    Raises NotFound, Forbidden, InvalidTransition, NothingAsked, NotLater, DueTooLate, WhyNoTime.
    """
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_EXTEND, task)
        if grant:
            following.grant_time(session, actor, task, until, note)
        else:
            following.refuse_time(session, actor, task, note)
    return task


def change_deadline(
    session: Session, actor: Actor, task_id: int, day: date | None, hour: time | None = None, why: str = ""
) -> Task:
    """Give a task another deadline, as who gave it; what was handed on from it stays within.

    Raises NotFound, Forbidden, InvalidTransition, and what `following.change` raises.
    """
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_EXTEND, task)
        following.change(session, actor, task, day, hour, why)
    return task


def report_progress(session: Session, actor: Actor, task_id: int, words: str) -> Task:
    """Say how far it has come. Raises NotFound, Forbidden, InvalidTransition, NoOpinion, TooLong."""
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state not in OPEN or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_WORK, task)
        _open(session, actor, task)
        following.report_progress(session, actor, task, words)
    return task


def reopen(session: Session, actor: Actor, task_id: int, reason: str) -> Task:
    """Ask again, as who gave it, for what was reported as done.

    Raises NotFound, Forbidden, InvalidTransition, WhyAgain, Replaced, WorkIsOver, Gone, TooLong.
    """
    with transaction(session):
        task = _locked_task(session, actor, task_id)
        if task.state is not TaskState.DONE or task.part is Part.INFORM:
            raise InvalidTransition(state=word_of(task.state))
        require(actor, DIRECTION_EXTEND, task)
        if not queries.stands(task, queries.of_document(session, task.document)):
            raise following.Replaced
        highest = following.reopen(session, actor, task, reason)
        if highest.direction.parent_task_id is None and highest.part is Part.LEAD:
            publish(session, WorkReopened(task.document_id, highest.id, actor))
        elif task.document.is_over:
            raise following.WorkIsOver
    return task


def _open(session: Session, actor: Actor, task: Task) -> None:
    first = operations.opened(session, actor, task)
    if first and task.part is Part.LEAD and task.assignment_id is not None and _leads(session, task):
        publish(session, WorkOpened(task.document_id, task.id, actor))


def _leads(session: Session, task: Task) -> bool:
    """Whether the task is, or was handed on from, the lead of a leader's direction."""
    while task.part is Part.LEAD:
        if task.direction.parent_task_id is None:
            return True
        task = session.get_one(Task, task.direction.parent_task_id)
    return False


def _locked(session: Session, actor: Actor, document_id: int) -> Document:
    """The document, held: two steps on it never cross. Raises NotFound."""
    document = documents.one(session, actor, document_id)
    session.refresh(document, with_for_update=True)
    return document


def _locked_task(session: Session, actor: Actor, task_id: int) -> Task:
    task = queries.task(session, actor, task_id)
    session.refresh(task.document, with_for_update=True)
    session.refresh(task)
    return task
