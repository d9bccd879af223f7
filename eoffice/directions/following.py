"""What becomes of a task once it is given: progress, more time, another deadline, a later direction in its place, asked
again; the caller commits.
"""

from collections.abc import Sequence
from datetime import date, time

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, Overtaken
from eoffice.core.permissions import Actor
from eoffice.core.text import whole
from eoffice.directions import operations
from eoffice.directions.models import OPEN, Direction, Part, Task, TaskState
from eoffice.directions.operations import DueTooLate, HourOfNoDay, NewDirection, NoOpinion
from eoffice.directory import queries as directory

TIME_ASKED = audit.action("directions.time_asked", _l("More time asked for"))
TIME_GRANTED = audit.action("directions.time_granted", _l("More time granted"))
TIME_REFUSED = audit.action("directions.time_refused", _l("More time refused"))
PROGRESS = audit.action("directions.progress", _l("Progress reported"))
REOPENED = audit.action("directions.reopened", _l("Asked again for what was reported as done"))
DUE_CHANGED = audit.action("directions.due_changed", _l("Deadline changed"))

#: longest report on progress, or reason to ask again, in characters
LONGEST_PROGRESS = 500


class NotLater(Invalid):
    """More time means a later day."""

    message = _l("Give a day after the present deadline, today or later.")


class WhyNoTime(Invalid):
    """Whoever asked must know what to do instead."""

    message = _l("Write why you do not agree.")


class NothingAsked(Overtaken):
    """Somebody answered already."""

    message = _l("No more time is asked for now. Reload the page.")


class WhyAgain(Invalid):
    """Whoever thought it done must know what is missing."""

    message = _l("Write what is still to be done.")


class Replaced(Overtaken):
    """What is asked now stands in a later direction."""

    message = _l("A later direction replaced this one. Give a new direction instead.")


class WorkIsOver(Conflict):
    """Who coordinates works for who leads."""

    message = _l("The document is completed. Ask again for the work of who leads first.")


class Gone(Conflict):
    """Nobody works at a post that ended, or in a unit that was closed."""

    message = _l(
        "“%(name)s” is no longer there to take it up. Whoever directs the document anew names somebody else."
    )


class NoDay(Invalid):
    """A task that has a deadline keeps one."""

    message = _l("Give the new last day.")


class SameDay(Invalid):
    """Nothing to change."""

    message = _l("This is the deadline already. Give another day or hour.")


def ask_for_time(session: Session, actor: Actor, task: Task, wanted: date, reason: str) -> None:
    """Ask whoever gave the task for a later deadline. Raises NotLater, NoOpinion when no reason is given."""
    if wanted < clock.today() or (task.due_on is not None and wanted <= task.due_on) or task.due_on is None:
        raise NotLater(field="wanted_on")
    if not reason.strip():
        raise NoOpinion(field="wanted_reason")
    task.wanted_due_on, task.wanted_reason = wanted, reason.strip()
    audit.record(
        session, actor, TIME_ASKED, task.document, task=task.label, until=wanted, reason=task.wanted_reason
    )


def grant_time(session: Session, actor: Actor, task: Task, until: date | None, note: str) -> None:
    """Grant more time, till the day that was asked for or till `until`. What a unit handed on cannot be due after the
    unit itself. Raises NothingAsked, NotLater, DueTooLate."""
    if task.wanted_due_on is None:
        raise NothingAsked
    day = until or task.wanted_due_on
    if day < clock.today() or (task.due_on is not None and day <= task.due_on):
        raise NotLater(field="until")
    above = _above(session, task)
    if above is not None and above.due_on is not None and day > above.due_on:
        raise DueTooLate(limit=f"{above.due_on:%d/%m/%Y}", field="until")
    _note_answer(session, actor, task, TIME_GRANTED, day, note)
    _move(session, task, day, None)


def change(session: Session, actor: Actor, task: Task, day: date | None, hour: time | None, why: str) -> None:
    """Give a task another deadline, earlier or later; it answers what was asked. Raises HourOfNoDay, DueInThePast,
    DueTooLate, SameDay, TooLong."""
    if day is None:
        raise HourOfNoDay(field="new_due_on") if hour is not None else NoDay(field="new_due_on")
    if (day, hour) == (task.due_on, task.due_time):
        raise SameDay(field="new_due_on")
    operations.check_due(day, hour, _above(session, task), "new_due_on")
    reason = whole(why, LONGEST_PROGRESS, "due_why")
    audit.record(
        session, actor, DUE_CHANGED, task.document,
        task=task.label, before=task.due_on, until=day, hour=f"{hour:%H:%M}" if hour else None, reason=reason or None,
    )  # fmt: skip
    task.wanted_due_on, task.wanted_reason = None, ""
    _move(session, task, day, hour)


def _above(session: Session, task: Task) -> Task | None:
    """The unit's task that it was handed on from."""
    parent_id = task.direction.parent_task_id
    return session.get_one(Task, parent_id) if parent_id is not None else None


def _move(session: Session, task: Task, day: date, hour: time | None) -> None:
    """The deadline of who leads for the agency is the document's."""
    task.due_on, task.due_time = day, hour
    if task.part is Part.LEAD and task.direction.parent_task_id is None:
        task.document.due_on, task.document.due_time = day, hour
    keep_within(session, task)


def refuse_time(session: Session, actor: Actor, task: Task, note: str) -> None:
    """Leave the deadline as it is. Raises NothingAsked, WhyNoTime."""
    if task.wanted_due_on is None:
        raise NothingAsked
    if not note.strip():
        raise WhyNoTime(field="note")
    _note_answer(session, actor, task, TIME_REFUSED, task.wanted_due_on, note)


def _note_answer(
    session: Session, actor: Actor, task: Task, what: audit.Action, until: date, note: str
) -> None:
    audit.record(
        session, actor, what, task.document,
        task=task.label, before=task.due_on, until=until, reason=note.strip() or None,
    )  # fmt: skip
    task.wanted_due_on, task.wanted_reason = None, ""


def report_progress(session: Session, actor: Actor, task: Task, words: str) -> None:
    """Say how far it has come. Raises NoOpinion, TooLong."""
    said = whole(words, LONGEST_PROGRESS, "progress")
    if not said:
        raise NoOpinion(field="progress")
    task.progress, task.progress_at = said, clock.now()
    audit.record(session, actor, PROGRESS, task.document, task=task.label, note=said)


def carry_over(
    session: Session, actor: Actor, before: Sequence[Task], direction: Direction, asked: NewDirection
) -> None:
    """Whoever a later direction names again goes on with what he has begun, by its words and within its deadline; of
    the others nothing more is asked. `before`: what was open when it was given; `asked`: what it was made of."""
    dated = {
        task.id
        for task, (_part, named) in zip(direction.tasks, asked.parts, strict=True)
        if named.due_on is not None
    }
    again = {
        (task.unit_id, task.assignment_id): task for task in direction.tasks if task.part is not Part.INFORM
    }
    kept = set[int]()
    for old in before:
        new = again.get((old.unit_id, old.assignment_id))
        if new is None or old.direction.parent_task_id != direction.parent_task_id:
            continue
        if new.id not in dated:
            _keep_day(old, new)
        _go_on(old, new)
        below = sa.select(Direction).where(Direction.parent_task_id == old.id)
        for one in session.scalars(below):
            one.parent_task_id = new.id
        session.flush()
        kept |= {one.id for one in operations.handed_on(session, new)}
        keep_within(session, new)
    left = [one for one in before if one.state in OPEN and one.id not in kept]
    for old in left:  # who worked for a unit that is asked no more, and is named himself now
        if (new := again.get((None, old.assignment_id))) is not None and old.assignment_id is not None:
            if new.id not in dated:
                _keep_day(old, new)
            _go_on(old, new)
    operations.withdraw(session, actor, [one for one in left if one.state in OPEN])


def _keep_day(old: Task, new: Task) -> None:
    """A deadline stays where the new direction gives none, and of who coordinates for the agency the own one. Who leads
    for it has the document's."""
    if old.due_on is None or (new.part is Part.LEAD and new.direction.parent_task_id is None):
        return
    own = (old.due_on, old.due_time) != (old.direction.due_on, old.direction.due_time)
    stays = old.part is new.part is Part.COORDINATE and new.direction.parent_task_id is None and own
    if new.due_on is None or stays:
        new.due_on, new.due_time = old.due_on, old.due_time


def _go_on(old: Task, new: Task) -> None:
    """Of two tasks that become one the further one counts, and what was said last."""
    new.state = max(new.state, old.state, key=OPEN.index)
    new.seen_at = min(filter(None, (new.seen_at, old.seen_at)), default=None)
    if old.progress_at is not None and (new.progress_at is None or old.progress_at > new.progress_at):
        new.progress, new.progress_at = old.progress, old.progress_at
    old.state, old.done_at = TaskState.WITHDRAWN, clock.now()
    old.wanted_due_on, old.wanted_reason = None, ""


def keep_within(session: Session, task: Task) -> None:
    """Nothing that a unit handed on is due after the unit itself."""
    if task.due_on is None:
        return
    last = operations.moment(task.due_on, task.due_time)
    for one in operations.handed_on(session, task):
        if one.due_on is None or operations.moment(one.due_on, one.due_time) > last:
            one.due_on, one.due_time = task.due_on, task.due_time


def reopen(session: Session, actor: Actor, task: Task, reason: str) -> Task:
    """Ask again for what was reported as done: whoever led it goes on, and so does the unit that he did it for, whose
    head names somebody else where he is no longer there. Returns the highest one opened again. Raises WhyAgain,
    TooLong, WorkIsOver, Gone."""
    why = whole(reason, LONGEST_PROGRESS, "again_reason")
    if len(why) < 3:
        raise WhyAgain(field="again_reason")
    chain = [task]
    while chain[-1].part is Part.LEAD and (parent_id := chain[-1].direction.parent_task_id) is not None:
        parent = session.get_one(Task, parent_id)
        if parent.state is not TaskState.DONE:
            break
        chain.append(parent)
    above = _above(session, chain[-1])
    if above is not None and above.state not in OPEN:
        raise WorkIsOver
    led = task
    while (below := _led_by(session, led)) is not None:
        chain.insert(0, below)
        led = below
    here = directory.present(session, [one.assignment_id for one in chain if one.assignment_id is not None])
    there = [one for one in chain if one.assignment_id in here or (one.unit and one.unit.closed_at is None)]
    if chain[-1] not in there:
        raise Gone(name=chain[-1].label)
    for place, one in enumerate(there):
        worked_on = place > 0 or one.assignment_id is not None
        one.state, one.done_at, one.result = TaskState.WORKING if worked_on else TaskState.SEEN, None, ""
        audit.record(session, actor, REOPENED, one.document, task=one.label, reason=why)
    return chain[-1]


def _led_by(session: Session, task: Task) -> Task | None:
    """Who led what was handed on from a task, and is done."""
    query = sa.select(Task).join(Direction, Direction.id == Task.direction_id)
    led = (Direction.parent_task_id == task.id, Task.part == Part.LEAD, Task.state == TaskState.DONE)
    return session.scalars(query.where(*led).order_by(Task.id.desc())).first()
