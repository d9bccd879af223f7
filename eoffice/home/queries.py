"""What the desk shows, in few statements whatever the size."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import Written, ask, written
from eoffice.core.permissions import Actor
from eoffice.documents import deadlines
from eoffice.documents.models import Direction, Document, Register, RegisterEntry, Urgency
from eoffice.documents.permissions import visible_to
from eoffice.gateway.models import Delivery, Hop
from eoffice.gateway.queries import TROUBLE
from eoffice.home import deeds
from eoffice.home.deeds import Deed, Side

#: a copy that nobody fetched for so long is shown as trouble
UNFETCHED = timedelta(hours=12)
#: entries of the log looked through for the desk: a busy agency's whole day would be too many
_LOOKED_THROUGH = 400


@dataclass(frozen=True)
class Waiting:
    """How much of one deed waits."""

    deed: Deed
    count: int = 0
    #: by urgency, most urgent first, without the ordinary ones
    urgent: tuple[tuple[Urgency, int], ...] = ()
    #: waiting longest
    since: datetime | None = None
    overdue: int = 0


def waiting(session: Session, actor: Actor, wanted: Sequence[Deed]) -> list[Waiting]:
    """Count each deed's documents, in one statement."""
    if not wanted:
        return []
    counting = _counting(actor, tuple(deed.key for deed in wanted), clock.today())
    found: dict[str, list[Any]] = {}
    for row in ask(session, counting, **deadlines.at_this_moment()):
        found.setdefault(row.deed, []).append(row)
    return [_sum_up(deed, found.get(deed.key, [])) for deed in wanted]


@lru_cache(maxsize=4096)
def _counting(actor: Actor, wanted: tuple[str, ...], _today: date) -> Written:
    """The statement, which is the same for one person on one day, on every page: the frame shows the counts."""
    rows = _together(actor, [deeds.BY_KEY[key] for key in wanted])
    query = sa.select(
        rows.c.deed,
        rows.c.urgency,
        sa.func.count().label("number"),
        sa.func.min(rows.c.listed_at).label("since"),
        sa.func.count().filter(deadlines.over(rows.c.due_on, rows.c.due_time)).label("overdue"),
    )
    return written(query.group_by(rows.c.deed, rows.c.urgency))


def _sum_up(deed: Deed, rows: Sequence[Any]) -> Waiting:
    urgent = sorted(
        ((Urgency(row.urgency), row.number) for row in rows if row.urgency > Urgency.NORMAL), reverse=True
    )
    return Waiting(
        deed,
        count=sum(row.number for row in rows),
        urgent=tuple(urgent),
        since=min((row.since for row in rows), default=None),
        overdue=sum(row.overdue for row in rows),
    )


def by_side(counted: Iterable[Waiting]) -> dict[Side, int]:
    """How much waits in each place."""
    total = dict.fromkeys(Side, 0)
    for one in counted:
        total[one.deed.side] += one.count
    return total


def own(counted: Iterable[Waiting]) -> int:
    """How much waits on the pages of one's own work."""
    return sum(one.count for one in counted if one.deed.own)


@dataclass(frozen=True)
class Work:
    """One document and what to do with it next."""

    deed: Deed
    document: Document
    due_on: date | None
    due_time: time | None


def work(
    session: Session, actor: Actor, wanted: Sequence[Deed], *, today_only: bool, limit: int
) -> Sequence[Work]:
    """Documents that wait for the actor, most urgent first, then by deadline, then oldest first.

    `today_only`: what office work finishes on the day (Decree 30/2020, Article 22), and of what takes days the urgent
    and those that are due.
    """
    if not wanted:
        return []
    rows = _together(actor, wanted)
    query = sa.select(rows.c.deed, rows.c.due_on, rows.c.due_time, Document).join(
        Document, Document.id == rows.c.id
    )
    if today_only:
        due = sa.or_(rows.c.due_on <= clock.today(), rows.c.urgency > Urgency.NORMAL)
        query = query.where(sa.or_(rows.c.deed.not_in(deeds.LASTING), due))
    by_deadline = rows.c.due_on.asc().nulls_last()
    by_hour = rows.c.due_time.asc().nulls_last()
    deadline = (by_deadline, by_hour)
    first = (rows.c.urgency.desc(), *deadline) if today_only else (*deadline, rows.c.urgency.desc())
    ordered = query.order_by(*first, rows.c.listed_at, rows.c.id).limit(limit)
    return [Work(deeds.BY_KEY[key], document, *due) for key, *due, document in session.execute(ordered)]


def _together(actor: Actor, wanted: Sequence[Deed]) -> sa.Subquery:
    return sa.union_all(*(deed.documents(actor) for deed in wanted)).subquery()


def troubled(session: Session, actor: Actor, limit: int = 8) -> Sequence[tuple[Delivery, Document]]:
    """Copies that were refused, could not be sent, or lie unfetched: each needs a person."""
    unfetched = sa.and_(Delivery.hop == Hop.ON_AXIS, Delivery.on_axis_at < clock.now() - UNFETCHED)
    query = (
        sa.select(Delivery, Document)
        .join(Document, Document.id == Delivery.document_id)
        .where(visible_to(actor), sa.or_(Delivery.hop.in_(TROUBLE), unfetched))
        .order_by(
            (Delivery.hop == Hop.FAILED).desc(), (Delivery.hop == Hop.REFUSED).desc(), Delivery.id.desc()
        )
    )
    return [(delivery, document) for delivery, document in session.execute(query.limit(limit))]


@dataclass(frozen=True)
class Series:
    """A register and where it stands."""

    register: Register
    last_given_at: datetime | None


def series(session: Session, actor: Actor) -> Sequence[Series]:
    """The registers of this year with the moment of their last number."""
    given = (
        sa.select(RegisterEntry.given_at)
        .where(
            RegisterEntry.agency_id == Register.agency_id,
            RegisterEntry.register_id == Register.id,
            RegisterEntry.number == Register.last_number,
        )
        .scalar_subquery()
    )
    of_year = (Register.agency_id == actor.agency_id, Register.year == clock.today().year)
    query = sa.select(Register, given).where(*of_year)
    order = query.order_by(sa.case((Register.direction == Direction.IN, 0), else_=1), Register.id)
    return [Series(register, at) for register, at in session.execute(order)]


@dataclass(frozen=True)
class Change:
    """One entry of the log about a document the actor may see."""

    entry: AuditEntry
    document: Document


def changes(session: Session, actor: Actor, features: Sequence[str], limit: int = 8) -> Sequence[Change]:
    """What happened since yesterday morning to documents the actor may know of, newest first.

    `features`: prefixes of the actions worth telling.
    """
    newest = (
        sa.select(AuditEntry.id)
        .where(AuditEntry.agency_id == actor.agency_id)
        .order_by(AuditEntry.id.desc())
        .limit(_LOOKED_THROUGH)
        .subquery()
    )
    since = clock.day_start(clock.today() - timedelta(days=1))
    query = (
        sa.select(AuditEntry, Document)
        .join(newest, newest.c.id == AuditEntry.id)
        .join(Document, Document.id == AuditEntry.object_id)
        .where(
            AuditEntry.at >= since,
            AuditEntry.object_type.in_(("IncomingDocument", "OutgoingDocument", "Document")),
            sa.func.split_part(AuditEntry.action, ".", 1).in_(features),
            visible_to(actor),
        )
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [Change(entry, document) for entry, document in session.execute(query)]
