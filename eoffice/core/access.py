"""Changes of who may read: each stands open until a competent person has confirmed it.

Decree 30/2020, Appendix VI, part I-III.3.c. The log keeps the change itself; a row here says that somebody has to
look at it. Open ones have an index of their own, so that counting them costs the same in any year.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from eoffice.core import audit, clock
from eoffice.core.audit import Action, AuditEntry
from eoffice.core.db import Base
from eoffice.core.permissions import Actor

#: counted up to here; beyond it the exact figure helps nobody
COUNT_LIMIT = 1000


class AccessChange(Base):
    """One entry of the log that changed who may read."""

    __tablename__ = "access_change"
    __table_args__ = (
        sa.Index(
            "ix_access_change_open", "agency_id", "entry_id", postgresql_where=sa.text("confirmed_at IS NULL")
        ),
    )
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entry.id"), primary_key=True)
    agency_id: Mapped[int]
    confirmed_at: Mapped[datetime | None]
    #: name and title as they were then
    confirmed_by: Mapped[str] = mapped_column(default="")
    #: persons: who made it, and who by name may do or read more through it
    made_by: Mapped[int | None]
    gained_by: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))

    entry: Mapped[AuditEntry] = relationship(lazy="joined", innerjoin=True)


def warn(
    session: Session,
    actor: Actor,
    entry: audit.Written,
    agency_id: int | None = None,
    gained_by: Collection[int] = (),
) -> None:
    """Let a competent person of the entry's agency, or of the one named, look at what an entry of the log says.

    `gained_by`: the persons whom it gives a right by name. What concerns no agency opens no document.
    """
    owner = agency_id or entry.agency_id
    if owner is not None:
        session.add(
            AccessChange(
                entry_id=entry.id, agency_id=owner, made_by=actor.person_id, gained_by=list(gained_by)
            )
        )


def record(
    session: Session, actor: Actor, what: Action, obj: object, gained_by: Collection[int] = (), **details: Any
) -> None:
    """Write an entry of the log as `audit.record` does, and let a competent person look at it as `warn` does."""
    warn(session, actor, audit.record(session, actor, what, obj, **details), gained_by=gained_by)


def _open(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(AccessChange.agency_id.in_(actor.houses), AccessChange.confirmed_at.is_(None))


def waiting(session: Session, actor: Actor, limit: int) -> Sequence[AccessChange]:
    """What waits in the actor's agency, and in those merged into it, the oldest first."""
    return session.scalars(
        sa.select(AccessChange).where(_open(actor)).order_by(AccessChange.entry_id).limit(limit)
    ).all()


def count(session: Session, actor: Actor) -> int:
    """How much waits, at most COUNT_LIMIT."""
    found = sa.select(AccessChange.entry_id).where(_open(actor)).limit(COUNT_LIMIT)
    return session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def held(session: Session, actor: Actor, entry_ids: Sequence[int]) -> Sequence[AccessChange]:
    """Those of these entries that still wait, held: of two who confirm at once the second finds none."""
    query = sa.select(AccessChange).where(_open(actor), AccessChange.entry_id.in_(entry_ids))
    return session.scalars(query.order_by(AccessChange.entry_id).with_for_update(of=AccessChange)).all()


def confirmed(actor: Actor, found: Sequence[AccessChange]) -> None:
    """Note who looked at them, and when."""
    for one in found:
        one.confirmed_at, one.confirmed_by = clock.now(), ", ".join(filter(None, (actor.name, actor.title)))


def latest(session: Session, actor: Actor, entry_ids: Sequence[int]) -> AccessChange | None:
    """Of these entries of the actor's agency the one confirmed last."""
    done = sa.select(AccessChange).where(
        AccessChange.entry_id.in_(entry_ids), AccessChange.agency_id.in_(actor.houses),
        AccessChange.confirmed_at.is_not(None),
    )  # fmt: skip
    return session.scalars(done.order_by(AccessChange.confirmed_at.desc()).limit(1)).first()
