"""Who looked at what, and how often: one insert a look, counted without reading a year of them.

Decree 30/2020, Appendix VI, parts I-III.5.a and 6.a-b; QCVN 12:2026/BCA (kept at least twelve months). Looks are no
changes: they stand beside the log, not in its chain, and a trigger of the database refuses to change a look, or to
delete one of the last twelve months.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from eoffice.core import clock
from eoffice.core.config import setting, settings
from eoffice.core.db import Base, enum_column
from eoffice.core.permissions import Actor

KEPT_MONTHS = setting(
    "EOFFICE_VISITS_KEPT_MONTHS",
    int,
    24,
    "Months for which it is kept who looked at which document; never fewer than 12. Their number stays.",
)
#: looks at one thing are counted up to here; beyond it the exact figure helps nobody
COUNT_LIMIT = 1000


class Visited(StrEnum):
    """What was looked at."""

    DOCUMENT = "document"
    DOSSIER = "dossier"
    #: somebody signed in
    SYSTEM = "system"


class Visit(Base):
    """One look."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index("ix_visit_object", "what", "object_id", "id"),
        sa.Index("ix_visit_at", "at", "agency_id", "what"),
    )
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    agency_id: Mapped[int]
    what: Mapped[Visited] = mapped_column(enum_column(Visited))
    object_id: Mapped[int | None]
    user_id: Mapped[int | None]
    #: name and title as they were then
    who: Mapped[str]


class VisitDay(Base):
    """How many looks an agency's people took on one day that is over."""

    __tablename__ = "visit_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[Visited] = mapped_column(enum_column(Visited), primary_key=True)
    visits: Mapped[int]


def note(session: Session, actor: Actor, what: Visited, agency_id: int, object_id: int | None = None) -> int:
    """Note a look and return how many there are now, at most COUNT_LIMIT + 1: one statement, in the caller's
    transaction."""
    earlier = sa.select(Visit.id).where(Visit.what == what, Visit.object_id == object_id).limit(COUNT_LIMIT)
    counted = sa.select(sa.func.count()).select_from(earlier.subquery()).scalar_subquery()
    who = ", ".join(part for part in (actor.name, actor.title) if part)
    values = {"at": clock.now(), "agency_id": agency_id, "what": what, "object_id": object_id}
    made = sa.insert(Visit).values(**values, user_id=actor.user_id, who=who).returning(counted)
    return (session.scalar(made) or 0) + 1


def of(session: Session, what: Visited, object_id: int, limit: int) -> Sequence[Visit]:
    """The latest looks at one thing, newest first."""
    query = sa.select(Visit).where(Visit.what == what, Visit.object_id == object_id)
    return session.scalars(query.order_by(Visit.id.desc()).limit(limit)).all()


def opened_since(
    session: Session, actor: Actor, what: Visited, since: Mapping[int, datetime]
) -> frozenset[int]:
    """Those the actor has looked at since the moment named with each."""
    last = sa.select(Visit.object_id, sa.func.max(Visit.at)).where(
        Visit.what == what, Visit.object_id.in_(since), Visit.user_id == actor.user_id
    )
    found = session.execute(last.group_by(Visit.object_id))
    return frozenset(one for one, at in found if one is not None and at >= since[one])


def totals(
    session: Session, agency_ids: Collection[int], first: date, last: date
) -> dict[tuple[int, Visited], int]:
    """Looks by agency and kind from one day to another: of days that are added up their sums, and the rest."""
    columns = (Visit.agency_id, Visit.what)
    rest = max(clock.day_start(first), _rest(session))
    fresh = sa.select(*columns, sa.func.count()).where(
        Visit.at >= rest,
        Visit.at < clock.day_start(last + timedelta(days=1)),
        Visit.agency_id.in_(agency_ids),
    )
    over = sa.select(VisitDay.agency_id, VisitDay.what, sa.func.sum(VisitDay.visits)).where(
        VisitDay.day >= first, VisitDay.day <= last, VisitDay.agency_id.in_(agency_ids)
    )
    both = sa.union_all(fresh.group_by(*columns), over.group_by(VisitDay.agency_id, VisitDay.what))
    found: dict[tuple[int, Visited], int] = {}
    for agency_id, what, count in session.execute(both):
        found[agency_id, what] = found.get((agency_id, what), 0) + int(count)
    return found


def _rest(session: Session) -> datetime:
    """The moment from which looks are not added up yet."""
    last = session.scalar(sa.select(sa.func.max(VisitDay.day)))
    return clock.day_start(last + timedelta(days=1)) if last else datetime.min.replace(tzinfo=UTC)


def sum_up(session: Session) -> None:
    """Add up the days that are over, and let go of looks older than the law and the operator want them."""
    day = sa.cast(sa.func.timezone(clock.TZ.key, Visit.at), sa.Date)
    over = sa.select(day, Visit.agency_id, Visit.what, sa.func.count()).where(
        Visit.at >= _rest(session), Visit.at < clock.day_start(clock.today())
    )
    rows = over.group_by(day, Visit.agency_id, Visit.what)
    session.execute(sa.insert(VisitDay).from_select(["day", "agency_id", "what", "visits"], rows))
    kept = timedelta(days=31 * max(settings().get(KEPT_MONTHS), 12))
    session.execute(sa.delete(Visit).where(Visit.at < clock.now() - kept))
