"""Writes of directions and tasks; the caller's use case commits."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, Overtaken
from eoffice.core.permissions import Actor
from eoffice.directions.models import OPEN, Direction, Part, Reading, Task, TaskState
from eoffice.directions.permissions import can_take
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment, Unit
from eoffice.documents import deadlines
from eoffice.documents import operations as documents
from eoffice.documents.models import Document
from eoffice.gateway import changes

GIVEN = audit.action("directions.given", _l("Direction given"))
INFORMED = audit.action("directions.informed", _l("Passed on for information"))
ASSIGNED = audit.action("directions.assigned", _l("Work assigned inside the unit"))
READ = audit.action("directions.read", _l("Read for information"))
OPENED = audit.action("directions.opened", _l("Opened for the first time"))
FINISHED = audit.action("directions.finished", _l("Task completed"))
REMINDED = audit.action("directions.reminded", _l("Pressed for"))
WITHDRAWN = audit.action("directions.withdrawn", _l("Task no longer needed"))


class NoLead(Invalid):
    """Article 23.2: exactly one leads."""

    message = _l("Choose who leads: one unit or one person.")


class NamedTwice(Invalid):
    """Each unit and each person has one part."""

    message = _l("%(name)s is named twice. Keep one part for each unit and each person.")


class NotHere(Invalid):
    """Only present units and posts of the same agency, or of the head's own unit, that can do it, are named."""

    message = _l("One of those named holds no post here today. Choose again from the list.")


class DueInThePast(Invalid):
    """Nobody can keep a deadline that is over."""

    message = _l("The deadline %(date)s is over. Give today or a later day.")


class HourOfNoDay(Invalid):
    """An hour belongs to a day."""

    message = _l("Give the day of this hour too.")


class DueTooLate(Invalid):
    """What a unit hands on cannot be due after the unit's own deadline."""

    message = _l(
        "The unit's own deadline is %(limit)s. Give that day or an earlier one, or ask for more time for the unit "
        "first."
    )


class RemindedToday(Conflict):
    """One reminder a day."""

    message = _l("%(name)s has pressed for it today already.")


class DirectedMeanwhile(Overtaken):
    """Two leaders with the same document open: the second would undo what the first decided, unseen."""

    message = _l("It was directed while you had it open. Read that direction; send yours to replace it.")


class NoOpinion(Invalid):
    """A direction says what is to be done."""

    message = _l("Write what is to be done; one line is enough.")


@dataclass(frozen=True)
class Named:
    """A unit or a person's post; exactly one of the two."""

    unit_id: int | None = None
    assignment_id: int | None = None
    #: of who coordinates: an own deadline; None: the direction's
    due_on: date | None = None
    #: hour of that day; None: its end
    due_time: time | None = None

    @classmethod
    def read(cls, mark: str) -> "Named":
        """Read what a form sends: `u12` a unit, `p34` a post. Raises NotHere."""
        kind, number = mark[:1], mark[1:]
        if kind not in ("u", "p") or not number.isascii() or not number.isdigit():
            raise NotHere(field="lead")
        return cls(unit_id=int(number)) if kind == "u" else cls(assignment_id=int(number))

    @property
    def mark(self) -> str:
        """What `read` reads."""
        return f"u{self.unit_id}" if self.unit_id is not None else f"p{self.assignment_id}"


@dataclass(frozen=True)
class NewDirection:
    """What a leader, or the head of a unit, decides."""

    opinion: str
    lead: Named | None
    coordinating: tuple[Named, ...] = ()
    inform: tuple[Named, ...] = ()
    due_on: date | None = None
    #: hour of that day; None: its end
    due_time: time | None = None

    @property
    def parts(self) -> list[tuple[Part, Named]]:
        """Everybody named with the part each has, the lead first."""
        lead = [(Part.LEAD, self.lead)] if self.lead else []
        others = [(Part.COORDINATE, one) for one in self.coordinating]
        return lead + others + [(Part.INFORM, one) for one in self.inform]

    def due_of(self, part: Part, named: Named) -> tuple[date | None, time | None]:
        """Until when it is asked of him."""
        if part is Part.INFORM:
            return None, None
        own = part is Part.COORDINATE and named.due_on is not None
        return (named.due_on, named.due_time) if own else (self.due_on, self.due_time)


def check(new: NewDirection, *, unit_task: Task | None = None) -> None:
    """Refuse contradictions; `unit_task`: what its head hands on. Raises NoOpinion, NoLead, HourOfNoDay, DueInThePast,
    DueTooLate."""
    if not new.opinion.strip():
        raise NoOpinion(field="opinion")
    if new.lead is None:
        raise NoLead(field="lead")
    given = [("due_on", new.due_on, new.due_time)]
    given += [("coordinating_due_on", one.due_on, one.due_time) for one in new.coordinating]
    for field, day, hour in given:
        if day is not None:
            check_due(day, hour, unit_task, field)
        elif hour is not None:
            raise HourOfNoDay(field=field)


def check_due(day: date, hour: time | None, unit_task: Task | None, field: str) -> None:
    """A deadline that can be kept, within that of the unit whose task is handed on. Raises DueInThePast, DueTooLate."""
    limit = moment(unit_task.due_on, unit_task.due_time) if unit_task and unit_task.due_on else None
    due = moment(day, hour)
    # a unit that hands on late can keep its own deadline only
    if deadlines.passed(day, hour) and due != limit:
        raise DueInThePast(date=shown(due), field=field)
    if limit is not None and due > limit:
        raise DueTooLate(limit=shown(limit), field=field)


def moment(day: date, hour: time | None) -> datetime:
    """The last moment of a deadline, as clocks here show it."""
    return datetime.combine(day, hour or time.max, clock.TZ)


def shown(last: datetime) -> str:
    """The same in words."""
    return f"{last:%d/%m/%Y}" if last.time() == time.max else f"{last:%H:%M %d/%m/%Y}"


@dataclass(frozen=True)
class Decided:
    """Who decided, when somebody else types it: the leader's post, the typist and the scan of the handwriting."""

    post: Assignment
    typed_by: str
    scan_id: int


def give(
    session: Session, actor: Actor, document: Document, new: NewDirection, parent: Task | None = None, *,
    decided: Decided | None = None,
) -> Direction:  # fmt: skip
    """Write the direction, a task for each one named, and let them see the document.

    `parent`: the unit's task that its head hands on. `decided`: whose direction it is when the actor only types it.
    Raises what `check` raises, NamedTwice, NotHere, WantedBack.
    """
    check(new, unit_task=parent)
    changes.refuse_wanted(session, document, "opinion")
    return _write(session, actor, document, new, parent, decided)


def inform(
    session: Session, actor: Actor, document: Document, named: Sequence[Named], words: str
) -> Direction:
    """Pass a document on for information, without asking anything of anybody. Raises NamedTwice, NotHere,
    WantedBack."""
    changes.refuse_wanted(session, document)
    return _write(session, actor, document, NewDirection(words, None, inform=tuple(named)))


def _write(
    session: Session, actor: Actor, document: Document, new: NewDirection, parent: Task | None = None,
    decided: Decided | None = None,
) -> Direction:  # fmt: skip
    found = find(session, document.agency_id, new, parent.unit_id if parent else None)
    dues = [new.due_of(part, named) for part, named in new.parts]
    direction = Direction(
        agency_id=document.agency_id, document_id=document.id, parent_task_id=parent.id if parent else None,
        opinion=new.opinion.strip(), due_on=new.due_on, due_time=new.due_time, given_at=clock.now(),
        **_by(actor, decided),
    )  # fmt: skip
    direction.tasks = [
        Task(
            agency_id=document.agency_id, document_id=document.id, part=part, state=TaskState.NEW,
            unit=one if isinstance(one, Unit) else None,
            assignment=one if isinstance(one, Assignment) else None,
            due_on=due_on, due_time=due_time,
        )
        for (part, one), (due_on, due_time) in zip(found, dues, strict=True)
    ]  # fmt: skip
    session.add(direction)
    session.flush()
    documents.give_access(
        session, actor, document,
        unit_ids=[one.id for _, one in found if isinstance(one, Unit)],
        person_ids=[one.person_id for _, one in found if isinstance(one, Assignment)],
    )  # fmt: skip
    named = [f"{task.part}: {task.label}" for task in direction.tasks]
    action = ASSIGNED if parent else (GIVEN if new.lead else INFORMED)
    audit.record(
        session, actor, action, document, opinion=direction.opinion, due_on=new.due_on, named=named,
        leader=decided.post.label if decided else None,
    )  # fmt: skip
    return direction


def _by(actor: Actor, decided: Decided | None) -> dict[str, Any]:
    """Who decided: the actor, or the leader whose handwriting he types."""
    if decided is not None:
        post = decided.post
        return {
            "by_assignment_id": post.id, "by_name": post.person.full_name, "by_title": post.title,
            "typed_by": decided.typed_by, "scan_id": decided.scan_id,
        }  # fmt: skip
    return {"by_assignment_id": actor.assignment_id, "by_name": actor.name, "by_title": actor.title}


def find(
    session: Session, agency_id: int, new: NewDirection, unit_id: int | None
) -> list[tuple[Part, Unit | Assignment]]:
    """Who is meant, each once; inside one unit when its head hands work on."""
    posts = {post.id: post for post in directory.posts(session, agency_id, unit_id=unit_id)}
    units = {} if unit_id is not None else {unit.id: unit for unit in directory.units(session, agency_id)}
    found: list[tuple[Part, Unit | Assignment]] = []
    seen: set[tuple[str, int]] = set()
    for part, named in new.parts:
        field = {Part.LEAD: "lead", Part.COORDINATE: "coordinating", Part.INFORM: "inform"}[part]
        one: Unit | Assignment | None
        one = units.get(named.unit_id) if named.unit_id else posts.get(named.assignment_id or 0)
        if one is None or (isinstance(one, Assignment) and not can_take(one, part)):
            raise NotHere(field=field)
        # a person with two posts is still one person
        key = ("unit", one.id) if isinstance(one, Unit) else ("person", one.person_id)
        if key in seen:
            raise NamedTwice(name=one.name if isinstance(one, Unit) else one.label, field=field)
        seen.add(key)
        found.append((part, one))
    return found


def opened(session: Session, actor: Actor, task: Task) -> bool:
    """Mark the first opening; say whether it was the first. A person asked to act has begun with it."""
    if task.state is not TaskState.NEW:
        return False
    works = task.assignment_id is not None and task.part is not Part.INFORM
    task.state = TaskState.WORKING if works else TaskState.SEEN
    task.seen_at = clock.now()
    audit.record(session, actor, OPENED, task.document, task=task.label)
    return True


def read(session: Session, actor: Actor, task: Task) -> None:
    """Note that a person of a unit has opened what was sent to the unit for information; twice is once."""
    values = {"task_id": task.id, "person_id": actor.person_id, "agency_id": task.agency_id}
    made = insert(Reading).values(values).on_conflict_do_nothing().returning(Reading.task_id)
    if session.scalar(made) is not None:
        audit.record(session, actor, READ, task.document, task=task.label)


def finished(session: Session, actor: Actor, task: Task, result: str) -> Task:
    """Close a task; what a person leads for a unit closes the unit's task too. Returns the highest one closed."""
    highest = task
    while True:
        _end(highest, TaskState.DONE, result)
        highest.seen_at = highest.seen_at or highest.done_at
        audit.record(session, actor, FINISHED, highest.document, task=highest.label, result=result)
        parent_id = highest.direction.parent_task_id
        if highest.part is not Part.LEAD or parent_id is None:
            break
        highest = session.get_one(Task, parent_id)
    withdraw(session, actor, handed_on(session, highest))
    return highest


def handed_on(session: Session, task: Task) -> Sequence[Task]:
    """What was handed on from a unit's task and is still open."""
    handed_on = sa.select(Direction.id).where(Direction.parent_task_id == task.id)
    return session.scalars(
        sa.select(Task).where(
            Task.direction_id.in_(handed_on), Task.state.in_(OPEN), Task.part != Part.INFORM
        )
    ).all()


def remind(session: Session, actor: Actor, task: Task) -> None:
    """Note that somebody presses for it. Raises RemindedToday: what is said twice a day is heard no more."""
    if task.reminded_at is not None and clock.local(task.reminded_at).date() == clock.today():
        raise RemindedToday(name=task.reminded_by)
    task.reminded_at, task.reminded_by = clock.now(), actor.name
    audit.record(session, actor, REMINDED, task.document, task=task.label)


def withdraw(session: Session, actor: Actor, tasks: Iterable[Task]) -> None:
    """Ask nothing more of those named."""
    for task in tasks:
        _end(task, TaskState.WITHDRAWN)
        audit.record(session, actor, WITHDRAWN, task.document, task=task.label)


def _end(task: Task, how: TaskState, result: str = "") -> None:
    """More time is not asked for any more, also when it is asked for again."""
    task.state, task.done_at, task.result = how, clock.now(), result
    task.wanted_due_on, task.wanted_reason = None, ""


def open_tasks(session: Session, document: Document, *, leading: bool | None = None) -> Sequence[Task]:
    """Tasks of a document on which somebody still has to act; only leading ones, or only others, when asked."""
    query = sa.select(Task).where(
        Task.document_id == document.id, Task.state.in_(OPEN), Task.part != Part.INFORM
    )
    if leading is not None:
        query = query.where((Task.part == Part.LEAD) if leading else (Task.part != Part.LEAD))
    return session.scalars(query.order_by(Task.id)).all()


def unread(session: Session, document: Document) -> Sequence[Task]:
    """What was passed on for information and nobody has opened."""
    query = sa.select(Task).where(
        Task.document_id == document.id, Task.part == Part.INFORM, Task.state == TaskState.NEW
    )
    return session.scalars(query.order_by(Task.id)).all()


def answered(session: Session, actor: Actor, document: Document, result: str) -> None:
    """A reply was issued: who leads is done, the rest is no longer needed."""
    for task in open_tasks(session, document, leading=True):
        _end(task, TaskState.DONE, result)
        audit.record(session, actor, FINISHED, document, task=task.label, result=result)
    withdraw(session, actor, open_tasks(session, document))


def take_over(
    session: Session, actor: Actor, document: Document, leader: Assignment, named: Sequence[Unit | Assignment],
    opinion: str, *, due_on: date | None, given_on: date,
) -> Direction:  # fmt: skip
    """Write down what a leader asked for in the system before: its deadline may be over by now. The caller logs it.

    The first one named leads, the others coordinate. Raises NotHere when a post cannot do it, NamedTwice.
    """
    units = [one for one in named if isinstance(one, Unit)]
    posts = [one for one in named if isinstance(one, Assignment)]
    if not all(can_take(post, Part.LEAD) for post in posts):
        raise NotHere(field="lead")
    for every in (Counter(unit.name for unit in units), Counter(post.label for post in posts)):
        for name, times in every.items():
            if times > 1:
                raise NamedTwice(name=name, field="coordinating")
    direction = Direction(
        agency_id=document.agency_id, document_id=document.id, by_assignment_id=leader.id,
        by_name=leader.person.full_name, by_title=leader.title, opinion=opinion, due_on=due_on,
        given_at=clock.day_start(given_on), typed_by=actor.name,
    )  # fmt: skip
    direction.tasks = [
        Task(
            agency_id=document.agency_id, document_id=document.id, state=TaskState.NEW, due_on=due_on,
            part=Part.COORDINATE if place else Part.LEAD, unit=one if isinstance(one, Unit) else None,
            assignment=one if isinstance(one, Assignment) else None,
        )
        for place, one in enumerate(named)
    ]  # fmt: skip
    session.add(direction)
    documents.give_access(
        session, actor, document,
        unit_ids=[unit.id for unit in units], person_ids=[post.person_id for post in posts],
    )  # fmt: skip
    return direction
