"""Mail boxes and folders that documents come from by themselves: which of them cannot be read, since when and why, and
what lies in them that is not taken in.

A box that fails every minute says nothing new: its row keeps the first moment, and is gone with the first success.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.incoming.models import Source, SourceAway

#: what begins the key of a row that says what lies there untaken; such a box or folder itself is read
FLAGGED, UNKNOWN = "flagged:", "unknown:"


def away(
    session: Session, key: str, source: Source, place: str, why: str, agency_id: int | None = None
) -> None:
    """Note that it cannot be read now."""
    now = clock.now()
    values = {"source": source, "place": place[:300], "why": why, "tried_at": now, "agency_id": agency_id}
    made = insert(SourceAway).values(key=key, since=now, **values)
    with transaction(session):
        session.execute(made.on_conflict_do_update(index_elements=[SourceAway.key], set_=values))


def back(session: Session, key: str) -> None:
    """Note that it was read."""
    with transaction(session):
        session.execute(sa.delete(SourceAway).where(SourceAway.key == key))


def forget(session: Session, prefix: str, known: Collection[str]) -> None:
    """Let go of what is not read any more: no key that begins so stays but the known ones."""
    gone = sa.delete(SourceAway).where(SourceAway.key.startswith(prefix), SourceAway.key.not_in(known))
    with transaction(session):
        session.execute(gone)


def all_away(session: Session) -> Sequence[SourceAway]:
    """Everything that cannot be read, the longest first: for administrators."""
    return session.scalars(sa.select(SourceAway).order_by(SourceAway.since, SourceAway.key)).all()


def away_for(session: Session, actor: Actor) -> Sequence[SourceAway]:
    """What keeps documents from the actor's agency."""
    own = sa.or_(SourceAway.agency_id.is_(None), SourceAway.agency_id == actor.agency_id)
    read = sa.or_(SourceAway.key.startswith(FLAGGED), SourceAway.key.startswith(UNKNOWN))
    return session.scalars(
        sa.select(SourceAway).where(own, ~read).order_by(SourceAway.since, SourceAway.key)
    ).all()
