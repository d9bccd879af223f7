"""What the law and the province count: documents in and out, in time and late, how long each step took.

Counts and durations only, never subjects; the same statements serve one agency and the whole province
(Decree 30/2020, Appendix VI, I-III.1.l-m and 6.a; Decision 28/2018 on the share exchanged electronically).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session

from eoffice.core import clock, visits
from eoffice.core.visits import Visited
from eoffice.core.workdays import add_days
from eoffice.directions.models import OPEN as TASK_OPEN
from eoffice.directions.models import Direction, Part, Task, TaskState
from eoffice.directory.models import Assignment, Person, Unit
from eoffice.documents import deadlines
from eoffice.documents.kinds import kind
from eoffice.documents.models import (
    Channel,
    Document,
    DocumentLink,
    DocumentMove,
    LinkKind,
    Recipient,
    RegisterEntry,
)
from eoffice.dossiers.models import Dossier, DossierHeading
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import OPEN, State
from eoffice.outgoing.models import OutgoingDocument


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both whole."""

    first: date
    last: date

    def holds(self, moment: Any) -> sa.ColumnElement[bool]:
        """Moments within it."""
        ends = clock.day_start(self.last + timedelta(days=1))
        return sa.and_(moment >= clock.day_start(self.first), moment < ends)


@dataclass(frozen=True)
class Day:
    """What came and was issued on one day, or in the month that begins with it."""

    on: date
    came: int
    went: int


@dataclass(frozen=True)
class Handled:
    """How much was to be done, and how it went."""

    in_time: int = 0
    late: int = 0
    open: int = 0
    open_late: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.in_time + self.late + self.open + self.open_late

    @property
    def share(self) -> int | None:
        """Percent of what is finished or overdue that was finished in time; None when that is nothing."""
        due = self.in_time + self.late + self.open_late
        return round(100 * self.in_time / due) if due else None


@dataclass(frozen=True)
class Figures:
    """One agency in one period."""

    arrived: int = 0
    registered: int = 0
    #: of these, those registered here, and among them on the day of arrival or the next working day (Article 22);
    #: when a document arrived that another system registered is not known
    registered_here: int = 0
    registered_in_time: int = 0
    from_axis: int = 0
    handled: Handled = field(default_factory=Handled)
    #: medians in hours; None: nothing to measure
    to_register: float | None = None
    to_direct: float | None = None
    to_finish: float | None = None
    issued: int = 0
    #: to other agencies, and of these those that went to every one of them over the axis
    sent: int = 0
    sent_on_axis: int = 0
    #: opened, and those put on the yearly list
    dossiers: int = 0
    #: looks at documents and at dossiers, and how often somebody signed in
    document_visits: int = 0
    dossier_visits: int = 0
    sign_ins: int = 0

    @property
    def electronic(self) -> int | None:
        """Percent of what was sent that went wholly electronically; None when nothing was sent."""
        return round(100 * self.sent_on_axis / self.sent) if self.sent else None

    @property
    def registered_share(self) -> int | None:
        """Percent of what was registered here that was registered in time."""
        return round(100 * self.registered_in_time / self.registered_here) if self.registered_here else None


_VISITS = {
    Visited.DOCUMENT: "document_visits",
    Visited.DOSSIER: "dossier_visits",
    Visited.SYSTEM: "sign_ins",
}


#: registered here, not in the system before, of which only the day of its register is known
HERE = Document.taken_over_from == ""


def day_of(moment: Any) -> sa.ColumnElement[date]:
    """The day here on which a moment lies."""
    return sa.cast(sa.func.timezone(clock.TZ.key, moment), sa.Date)


def _hours(later: Any, earlier: Any) -> sa.ColumnElement[Any]:
    """The median; of what another system did only the days are known here."""
    seconds = sa.func.extract("epoch", later - earlier)
    median = sa.func.percentile_cont(0.5).within_group(seconds).filter(HERE)
    return sa.func.round(sa.cast(median / 3600, sa.Numeric), 1)


def _lead() -> sa.FromClause:
    """Of an incoming document when the leader first directed it, and when the lead of his latest direction was done.

    A lead that was withdrawn has done nothing, but the leader had directed. Looked up for each document that is
    counted: those of a month are few beside all that were ever directed.
    """
    stands = Task.state != TaskState.WITHDRAWN
    latest = aggregate_order_by(sa.case((stands, Task.done_at)), stands.desc(), Task.id.desc())
    done = sa.func.array_agg(latest, type_=ARRAY(Task.done_at.type))[1]
    return (
        sa.select(sa.func.min(Direction.given_at).label("given_at"), done.label("done_at"))
        .select_from(Task)
        .join(Direction, Direction.id == Task.direction_id)
        .where(
            Task.document_id == IncomingDocument.id,
            Task.part == Part.LEAD,
            Direction.parent_task_id.is_(None),
        )
        .lateral()
    )


def _finished(lead: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a document was done: by its lead or, where nobody was named, by the first answer to it."""
    answer = (
        sa.select(sa.func.min(OutgoingDocument.issued_at))
        .join(DocumentLink, DocumentLink.source_id == OutgoingDocument.id)
        .where(DocumentLink.target_id == IncomingDocument.id, DocumentLink.kind == LinkKind.REPLY)
    )
    return sa.func.coalesce(lead.c.done_at, answer.scalar_subquery())


def _homes() -> sa.FromClause:
    """By document that a merger moved the agency that registered it or, where it was not registered, the first one it
    came to: what was counted there, and stands in its register, is counted there for good.
    """
    in_force = sa.and_(
        RegisterEntry.document_id == DocumentMove.document_id, RegisterEntry.voided_at.is_(None)
    )
    agency_id = sa.func.coalesce(RegisterEntry.agency_id, DocumentMove.agency_id)
    return (
        sa.select(DocumentMove.document_id, agency_id.label("agency_id"))
        .outerjoin(RegisterEntry, in_force)
        .where(
            DocumentMove.id.in_(sa.select(sa.func.min(DocumentMove.id)).group_by(DocumentMove.document_id))
        )
        .subquery()
    )


def _came_to(
    statement: sa.Select[*tuple[Any, ...]], agency_ids: Collection[int]
) -> tuple[sa.Select[*tuple[Any, ...]], sa.ColumnElement[int]]:
    """Only the incoming documents that count for these agencies, and the agency each counts for."""
    homes = _homes()
    home = sa.func.coalesce(homes.c.agency_id, Document.agency_id)
    lie = sa.select(Document.agency_id).join(DocumentMove, DocumentMove.document_id == Document.id)
    elsewhere = sa.func.array(
        lie.where(DocumentMove.agency_id.in_(agency_ids)).scalar_subquery(), type_=ARRAY(sa.Integer)
    )
    # as an array that is made first, so that the index by agency and day is used
    where = Document.agency_id == sa.any_(sa.literal([*agency_ids], ARRAY(sa.Integer)).concat(elsewhere))
    statement = statement.outerjoin(homes, homes.c.document_id == Document.id)
    return statement.where(where, home.in_(agency_ids)), home


def by_agency(session: Session, period: Period, agency_ids: Collection[int]) -> dict[int, Figures]:
    """The figures of each agency, in seven statements whatever their number."""
    found: dict[int, dict[str, Any]] = {agency_id: {} for agency_id in agency_ids}
    for statement in (_incoming(period, agency_ids), _outgoing(period, agency_ids)):
        for row in session.execute(statement):
            found[row.agency_id] |= dict(row._mapping)
    for agency_id, handled in _handled(session, period, agency_ids).items():
        found[agency_id]["handled"] = handled
    for agency_id, in_time in _registered_in_time(session, period, agency_ids).items():
        found[agency_id]["registered_in_time"] = in_time
    for (agency_id, what), count in visits.totals(session, agency_ids, period.first, period.last).items():
        found[agency_id][_VISITS[what]] = count
    # by the list it was opened under, which a merger leaves where it is
    opened = sa.select(DossierHeading.agency_id, sa.func.count()).join(
        Dossier, Dossier.heading_id == DossierHeading.id
    )
    opened = opened.where(DossierHeading.agency_id.in_(agency_ids), period.holds(Dossier.created_at))
    for agency_id, count in session.execute(opened.group_by(DossierHeading.agency_id)):
        found[agency_id]["dossiers"] = count
    for values in found.values():
        values.pop("agency_id", None)
    return {agency_id: Figures(**values) for agency_id, values in found.items()}


def _incoming(period: Period, agency_ids: Collection[int]) -> sa.Select[*tuple[Any, ...]]:
    lead, count = _lead(), sa.func.count
    numbered = Document.register_number.is_not(None)
    query, home = _came_to(
        sa.select(
            count().label("arrived"),
            count().filter(numbered).label("registered"),
            count().filter(numbered, HERE).label("registered_here"),
            count().filter(IncomingDocument.source == Source.AXIS).label("from_axis"),
            _hours(IncomingDocument.registered_at, IncomingDocument.arrived_at).label("to_register"),
            _hours(lead.c.given_at, IncomingDocument.registered_at).label("to_direct"),
            _hours(_finished(lead), IncomingDocument.registered_at).label("to_finish"),
        )
        .select_from(IncomingDocument)
        .join(lead, sa.true())
        .where(period.holds(Document.listed_at), IncomingDocument.state != State.DISCARDED),
        agency_ids,
    )
    return query.add_columns(home.label("agency_id")).group_by(home)


def _handled(session: Session, period: Period, agency_ids: Collection[int]) -> dict[int, Handled]:
    """By the deadline of the document, to the hour where it has one; without a deadline it is never late.

    What the system before had finished is left out: nobody here knows when that was.
    """
    lead = _lead()
    known = sa.or_(HERE, _finished(lead).is_not(None))
    finished, is_open = sa.and_(IncomingDocument.state == State.DONE, known), IncomingDocument.state.in_(OPEN)
    late = deadlines.missed(_finished(lead), Document.due_on, Document.due_time)
    overdue = deadlines.over(Document.due_on, Document.due_time)
    query, home = _came_to(
        sa.select(*_counted(finished, late, is_open, overdue))
        .select_from(IncomingDocument)
        .join(lead, sa.true())
        .where(period.holds(Document.listed_at)),
        agency_ids,
    )
    found = session.execute(query.add_columns(home.label("agency_id")).group_by(home))
    return {row.agency_id: _of_row(row) for row in found}


def _counted(finished: Any, late: Any, is_open: Any, overdue: Any) -> list[sa.ColumnElement[int]]:
    """The columns of `Handled`; no deadline, none missed."""
    count = sa.func.count
    late, overdue = sa.func.coalesce(late, False), sa.func.coalesce(overdue, False)
    return [
        count().filter(finished, ~late).label("in_time"), count().filter(finished, late).label("late"),
        count().filter(is_open, ~overdue).label("open"), count().filter(is_open, overdue).label("open_late"),
    ]  # fmt: skip


def _of_row(row: Any) -> Handled:
    return Handled(row.in_time, row.late, row.open, row.open_late)


def _registered_in_time(session: Session, period: Period, agency_ids: Collection[int]) -> dict[int, int]:
    """By pairs of days: they are few, and the calendar of holidays is not the database's."""
    arrived, registered = day_of(IncomingDocument.arrived_at), day_of(IncomingDocument.registered_at)
    query, home = _came_to(
        sa.select(arrived, registered, sa.func.count())
        .select_from(IncomingDocument)
        .where(
            period.holds(Document.listed_at), Document.register_number.is_not(None),
            IncomingDocument.registered_at.is_not(None), HERE,
        ),
        agency_ids,
    )  # fmt: skip
    found: dict[int, int] = defaultdict(int)
    grouped = query.add_columns(home).group_by(home, arrived, registered)
    for came, entered, count, agency_id in session.execute(grouped):
        if entered <= add_days(came, 1):
            found[agency_id] += count
    return found


def _outgoing(period: Period, agency_ids: Collection[int]) -> sa.Select[*tuple[Any, ...]]:
    sent, on_paper = sent_and_on_paper()
    count = sa.func.count
    return (
        sa.select(
            Document.agency_id,
            count().label("issued"),
            count().filter(sent).label("sent"),
            count().filter(sent, ~on_paper).label("sent_on_axis"),
        )
        .select_from(OutgoingDocument)
        .where(period.holds(OutgoingDocument.issued_at), Document.agency_id.in_(agency_ids))
        .group_by(Document.agency_id)
    )


def sent_and_on_paper() -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Whether an outgoing document goes to other agencies, and to any of them on paper.

    Who is in no directory counts for neither: Decision 28/2018 speaks of what agencies exchange.
    """
    of_document = sa.and_(Recipient.document_id == OutgoingDocument.id, Recipient.code != "")
    return sa.exists().where(of_document), sa.exists().where(of_document, Recipient.channel == Channel.PAPER)


@dataclass(frozen=True)
class Line:
    """A unit, a person or a kind, and how its work went."""

    name: str
    detail: str
    handled: Handled


def by_unit(session: Session, period: Period, agency_id: int) -> Sequence[Line]:
    """What was asked of each unit, by its tasks."""
    query = _tasks(period, agency_id).join(Unit, Unit.id == Task.unit_id)
    columns = query.with_only_columns(Unit.name, sa.literal(""), *_of_tasks())
    rows = session.execute(columns.group_by(Unit.id, Unit.name).order_by(Unit.position, Unit.id))
    return [Line(row[0], row[1], _of_row(row)) for row in rows]


def by_person(session: Session, period: Period, agency_id: int) -> Sequence[Line]:
    """What was asked of each person, by his or her tasks."""
    query = _tasks(period, agency_id).join(Assignment, Assignment.id == Task.assignment_id).join(Person)
    columns = query.with_only_columns(Person.full_name, sa.func.max(Assignment.title), *_of_tasks())
    grouped = columns.group_by(Person.id, Person.full_name, Person.sort_key).order_by(
        Person.sort_key, Person.id
    )
    return [Line(row[0], row[1], _of_row(row)) for row in session.execute(grouped)]


def _tasks(period: Period, agency_id: int) -> sa.Select[Any]:
    query: sa.Select[Any] = (
        sa.select(Task.id)
        .join(Direction, Direction.id == Task.direction_id)
        .where(
            Task.agency_id == agency_id, Task.part != Part.INFORM, Task.state != TaskState.WITHDRAWN,
            period.holds(Direction.given_at),
        )
    )  # fmt: skip
    return query


def _of_tasks() -> list[sa.ColumnElement[int]]:
    late = deadlines.missed(Task.done_at, Task.due_on, Task.due_time)
    overdue = deadlines.over(Task.due_on, Task.due_time)
    return _counted(Task.state == TaskState.DONE, late, Task.state.in_(TASK_OPEN), overdue)


@dataclass(frozen=True)
class KindLine:
    """A kind of document, and how many came and went."""

    name: str
    arrived: int
    issued: int


def by_kind(session: Session, period: Period, agency_id: int) -> Sequence[KindLine]:
    """How many documents of each kind were registered and issued, most first."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    kinds = sa.select(Document.kind_code, sa.func.count())
    came, _home = _came_to(
        kinds.select_from(IncomingDocument).where(
            Document.register_number.is_not(None), period.holds(Document.listed_at)
        ),
        [agency_id],
    )
    went = kinds.select_from(OutgoingDocument).where(
        Document.agency_id == agency_id, period.holds(OutgoingDocument.issued_at)
    )
    for place, query in enumerate((came, went)):
        for code, count in session.execute(query.group_by(Document.kind_code)):
            counts[code][place] = count
    lines = [KindLine(kind(code).name if code else "-", *both) for code, both in counts.items()]
    return sorted(lines, key=lambda one: (-one.arrived - one.issued, one.name))


def by_day(session: Session, period: Period, agency_ids: Collection[int]) -> Sequence[Day]:
    """How many documents came to these agencies and were issued by them on each day of a period."""
    counts = {
        period.first + timedelta(days=number): [0, 0]
        for number in range((period.last - period.first).days + 1)
    }
    arrived, issued = day_of(Document.listed_at), day_of(OutgoingDocument.issued_at)
    came, _home = _came_to(
        sa.select(arrived, sa.func.count())
        .select_from(IncomingDocument)
        .where(period.holds(Document.listed_at), IncomingDocument.state != State.DISCARDED),
        agency_ids,
    )
    went = (
        sa.select(issued, sa.func.count())
        .select_from(OutgoingDocument)
        .where(period.holds(OutgoingDocument.issued_at), Document.agency_id.in_(agency_ids))
    )
    for place, query in enumerate((came.group_by(arrived), went.group_by(issued))):
        for when, count in session.execute(query):
            counts[when][place] = count
    return [Day(when, came, went) for when, (came, went) in counts.items()]


def by_month(days: Sequence[Day]) -> Sequence[Day]:
    """The same by month, each under its first day."""
    months = groupby(days, key=lambda one: one.on.replace(day=1))
    found = ((first, list(parts)) for first, parts in months)
    return [
        Day(first, sum(one.came for one in parts), sum(one.went for one in parts)) for first, parts in found
    ]
