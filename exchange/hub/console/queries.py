"""What the console shows; every query reads a bounded number of rows by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from eoffice.core.clock import now
from exchange.hub.console.words import N_
from exchange.hub.models import Agency, Deed, Delivery, Packet, System, Traffic
from exchange.hub.traffic import BOUNDS, quantile
from exchange.model import MessageKind, StatusCode
from exchange.vxp import Delivery as State

#: a message nobody fetched for so long is stuck
STUCK = timedelta(hours=4)
#: lines on one page
MOST = 100


@dataclass(frozen=True)
class Shown:
    """A message on its way to one recipient, and how both are called; "": not in the directory any more."""

    delivery: Delivery
    packet: Packet
    sender: str
    recipient: str

    @property
    def status(self) -> str:
        """The two digits that a status tells; "" for a document."""
        return self.packet.title[:2] if self.packet.kind is MessageKind.STATUS else ""


@dataclass(frozen=True)
class Hour:
    """One bar of the charts."""

    start: datetime
    packets: int
    refused: int
    #: seconds within which 95 of 100 were confirmed; None: none was
    wait: float | None


def hours(session: Session, count: int = 48) -> list[Hour]:
    """The last hours, the present one last; one without traffic too."""
    first = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=count - 1)
    rows = session.scalars(sa.select(Traffic).where(Traffic.minute >= first)).all()
    by_hour: dict[datetime, list[Traffic]] = {}
    for row in rows:
        by_hour.setdefault(row.minute.replace(minute=0), []).append(row)
    starts = [first + timedelta(hours=number) for number in range(count)]
    return [_hour(start, by_hour.get(start, [])) for start in starts]


def _hour(start: datetime, rows: Sequence[Traffic]) -> Hour:
    waits = [sum(column) for column in zip(*(row.waits for row in rows), strict=True)] or [0] * (
        len(BOUNDS) + 1
    )
    return Hour(start, sum(r.packets for r in rows), sum(r.refused for r in rows), quantile(waits, 0.95))


def waiting(session: Session) -> int:
    """Messages not confirmed yet."""
    pending = sa.text("delivery.status IN ('initial', 'processing')")
    return (
        session.scalar(sa.select(sa.func.count()).select_from(Delivery).where(Delivery.leads, pending)) or 0
    )


def _stuck() -> sa.ColumnElement[bool]:
    pending = sa.text("delivery.status IN ('initial', 'processing')")
    return sa.and_(Delivery.leads, pending, Delivery.created_at < now() - STUCK)


def _dead() -> sa.ColumnElement[bool]:
    return sa.and_(Delivery.leads, sa.text("delivery.status = 'fail'"))


def count(session: Session, *, dead: bool) -> int:
    """How many messages are dead, or stuck."""
    found = sa.select(sa.func.count()).select_from(Delivery).where(_dead() if dead else _stuck())
    return session.scalar(found) or 0


def troubles(session: Session, *, dead: bool) -> Sequence[Shown]:
    """Messages whose receiver could not take them, or that nobody fetched for hours; the oldest first."""
    query = _shown().where(_dead() if dead else _stuck()).order_by(Delivery.updated_at).limit(MOST)
    return [Shown(*row) for row in session.execute(query)]


def _shown() -> sa.Select[Delivery, Packet, str, str]:
    sender, recipient = aliased(Agency), aliased(Agency)
    names = (sa.func.coalesce(sender.name, ""), sa.func.coalesce(recipient.name, ""))
    query = sa.select(Delivery, Packet, *names).join(Packet, Packet.id == Delivery.packet_id)
    query = query.outerjoin(
        sender, sa.or_(sender.code == Packet.sender_code, sender.old_code == Packet.sender_code)
    )
    return query.outerjoin(recipient, recipient.code == Delivery.recipient)


def trace(session: Session, number: str) -> Sequence[Shown]:
    """Every recipient of the messages with a document number, a document id or an id of ours; newest first."""
    wanted = number.strip()
    ids = sa.select(Delivery.packet_id).where(Delivery.doc_id == wanted)
    named = sa.or_(sa.func.lower(Packet.notation) == wanted.lower(), Packet.id == wanted, Packet.id.in_(ids))
    packets = sa.select(Packet.id).where(named).order_by(Packet.accepted_at.desc()).limit(20).subquery()
    query = _shown().where(Packet.id.in_(sa.select(packets.c.id)))
    query = query.order_by(Packet.accepted_at.desc(), Delivery.id).limit(10 * MOST)
    return [Shown(*row) for row in session.execute(query)]


def systems(session: Session) -> Sequence[tuple[System, int]]:
    """Systems with the number of their agencies."""
    served = sa.select(Agency.system_id, sa.func.count().label("n")).group_by(Agency.system_id).subquery()
    query = sa.select(System, sa.func.coalesce(served.c.n, 0)).outerjoin(
        served, served.c.system_id == System.id
    )
    return session.execute(query.order_by(System.id)).tuples().all()


def agencies(session: Session, words: str) -> Sequence[Agency]:
    """Agencies whose code or name holds the words, by code."""
    like = f"%{words.strip().replace('%', '').replace('_', '')}%"
    found = sa.or_(Agency.code.ilike(like), Agency.old_code.ilike(like), Agency.name.ilike(like))
    return session.scalars(sa.select(Agency).where(found).order_by(Agency.code).limit(MOST)).all()


def deeds(session: Session) -> Sequence[Deed]:
    """What operators did, newest first."""
    return session.scalars(sa.select(Deed).order_by(Deed.id.desc()).limit(MOST)).all()


#: what a status tells, by its two digits
STATUSES = {
    StatusCode.ARRIVED: N_("arrived"),
    StatusCode.REFUSED: N_("refused"),
    StatusCode.ACCEPTED: N_("registered"),
    StatusCode.ASSIGNED: N_("assigned"),
    StatusCode.PROCESSING: N_("opened"),
    StatusCode.FINISHED: N_("finished"),
    StatusCode.TAKE_BACK: N_("to be taken back"),
    StatusCode.CHANGE_AGREED: N_("taking back agreed"),
    StatusCode.CHANGE_REFUSED: N_("taking back refused"),
}
STATES = {
    State.INITIAL: N_("waits to be fetched"),
    State.PROCESSING: N_("is being processed"),
    State.DONE: N_("received"),
    State.FAIL: N_("could not be taken"),
}
