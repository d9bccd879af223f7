"""A direction and those it names (Decree 30/2020, Article 23)."""

from datetime import date, datetime, time
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eoffice.core import clock
from eoffice.core.db import Base, enum_column
from eoffice.directory.models import Assignment, Person, Unit
from eoffice.documents.models import Document


class Direction(Base):
    """One opinion on a document: the leader's, or a unit head's below it."""

    __tablename__ = "direction"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    #: who decided, and the post as it was called then
    by_assignment_id: Mapped[int] = mapped_column(sa.ForeignKey("assignment.id"))
    by_name: Mapped[str]
    by_title: Mapped[str]
    #: the task of a unit that its head hands on with this direction; None for a leader's
    parent_task_id: Mapped[int | None] = mapped_column(sa.ForeignKey("task.id", use_alter=True))
    opinion: Mapped[str]
    due_on: Mapped[date | None]
    #: hour of that day here; None: its end
    due_time: Mapped[time | None]
    given_at: Mapped[datetime]
    #: who entered what the leader wrote on the paper, and the scan of it; empty: the leader himself. Without a
    #: scan: who took it over from the system before
    typed_by: Mapped[str] = mapped_column(default="")
    scan_id: Mapped[int | None] = mapped_column(sa.ForeignKey("document_file.id"))

    tasks: Mapped[list["Task"]] = relationship(
        back_populates="direction", foreign_keys="Task.direction_id", order_by="Task.id"
    )

    @property
    def asks(self) -> bool:
        """Whether somebody has to act; else it was passed on for information."""
        return any(task.part is not Part.INFORM for task in self.tasks)


class DirectingHelp(Base):
    """What one keeps to direct faster: a phrase, or those who are named together, by marks (see `operations.Named`)."""

    __tablename__ = "directing_help"
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    #: who made it
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    #: of a group; empty: a phrase
    name: Mapped[str] = mapped_column(sa.String(100), default="")
    #: the phrase; empty for a group
    text: Mapped[str] = mapped_column(sa.String(200), default="")
    lead: Mapped[str] = mapped_column(sa.String(20), default="")
    coordinating: Mapped[list[str]] = mapped_column(default=list)
    inform: Mapped[list[str]] = mapped_column(default=list)
    #: everybody in the agency may use it
    shared: Mapped[bool] = mapped_column(default=False)


class Part(StrEnum):
    """What is asked of the one named: exactly one leads (Article 23.2)."""

    LEAD = "lead"
    COORDINATE = "coordinate"
    INFORM = "inform"

    @property
    def word(self) -> LazyString:
        """The word on the page."""
        return PART_WORDS[self]


#: parts that ask somebody to act
ACTING = (Part.LEAD, Part.COORDINATE)

PART_WORDS = {
    Part.LEAD: _l("Lead"),
    Part.COORDINATE: _l("Coordinating"),
    Part.INFORM: _l("For information"),
}


class TaskState(StrEnum):
    """How far the one named has come."""

    #: not opened yet
    NEW = "new"
    #: opened; for information this is the end
    SEEN = "seen"
    #: the unit's head has named who works on it, or the person has begun
    WORKING = "working"
    DONE = "done"
    #: a later direction replaced it, or the document was finished without it
    WITHDRAWN = "withdrawn"

    @property
    def word(self) -> LazyString:
        """The word on the page."""
        return TASK_WORDS[self]


TASK_WORDS = {
    TaskState.NEW: _l("Not opened"),
    TaskState.SEEN: _l("Seen"),
    TaskState.WORKING: _l("In progress"),
    TaskState.DONE: _l("Completed"),
    TaskState.WITHDRAWN: _l("No longer needed"),
}


#: states in which something is still asked of the one named
OPEN = (TaskState.NEW, TaskState.SEEN, TaskState.WORKING)


class Task(Base):
    """What a direction asks of one unit or one person."""

    __tablename__ = "task"
    __table_args__ = (
        sa.CheckConstraint("(unit_id IS NULL) <> (assignment_id IS NULL)", name="unit_or_person"),
        sa.Index("uq_task_one_lead", "direction_id", unique=True, postgresql_where=sa.text("part = 'lead'")),
        # the part too: what was read for information stays as it is for ever
        sa.Index("ix_task_open_person", "assignment_id", "part", "state"),
        sa.Index("ix_task_open_unit", "unit_id", "part", "state"),
        sa.Index("ix_task_asked", "agency_id", postgresql_where=sa.text("wanted_due_on IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"), index=True)
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("document.id"), index=True)
    direction_id: Mapped[int] = mapped_column(sa.ForeignKey("direction.id"), index=True)
    part: Mapped[Part] = mapped_column(enum_column(Part))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("unit.id"))
    assignment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("assignment.id"))
    due_on: Mapped[date | None]
    #: hour of that day here; None: its end
    due_time: Mapped[time | None]
    state: Mapped[TaskState] = mapped_column(enum_column(TaskState), default=TaskState.NEW)
    seen_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    #: what the one named reported
    result: Mapped[str] = mapped_column(default="")
    #: how far it has come, as the one named last said
    progress: Mapped[str] = mapped_column(default="")
    progress_at: Mapped[datetime | None]
    #: more time that the one named asks for, and why; None: nothing is asked. What was answered stands in the log
    wanted_due_on: Mapped[date | None]
    wanted_reason: Mapped[str] = mapped_column(default="")
    #: whom the direction named before it was handed on to who follows; empty: whom it names still
    first_named: Mapped[str] = mapped_column(default="")
    #: when somebody last pressed for it, and who
    reminded_at: Mapped[datetime | None]
    reminded_by: Mapped[str] = mapped_column(default="")

    direction: Mapped[Direction] = relationship(back_populates="tasks", foreign_keys=[direction_id])
    unit: Mapped[Unit | None] = relationship(lazy="joined")
    assignment: Mapped[Assignment | None] = relationship(lazy="joined")
    document: Mapped[Document] = relationship(viewonly=True)
    readings: Mapped[list["Reading"]] = relationship(order_by="Reading.read_at", viewonly=True)

    @property
    def label(self) -> str:
        """Whom it names."""
        return self.unit.name if self.unit else (self.assignment.label if self.assignment else "")

    @property
    def given_to(self) -> str:
        """Whom it was given to, as the direction said, and who has it since."""
        if not self.first_named:
            return self.label
        return str(_l("%(first)s (handed over to %(now)s)", first=self.first_named, now=self.label))


class Reading(Base):
    """One person of a unit has opened what was sent to the unit for information; the first time counts."""

    __tablename__ = "task_reading"
    task_id: Mapped[int] = mapped_column(sa.ForeignKey("task.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(sa.ForeignKey("agency.id"))
    read_at: Mapped[datetime] = mapped_column(default=clock.now)

    person: Mapped[Person] = relationship()
