"""Handing messages out: what waits for a system, its bytes, its confirmation, and the sender's view of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Semaphore
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.clock import now
from exchange import receipts
from exchange.hub.axis import Axis
from exchange.hub.intake import statement_of
from exchange.hub.models import Delivery, Packet
from exchange.hub.refusal import Code, Refusal
from exchange.hub.wakeup import Wakeup
from exchange.model import MessageKind
from exchange.vxp import Delivery as State
from exchange.vxp import same_hash

_PENDING = (State.INITIAL, State.PROCESSING)


@dataclass(frozen=True)
class Wanted:
    """What a list call asks for."""

    kind: MessageKind
    limit: int = 100
    offset: int = 0
    #: None: what is not yet confirmed
    status: State | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """One line of the list: the message, and the recipients at this system it is for."""

    delivery: Delivery
    packet: Packet
    recipients: list[str] = field(default_factory=list)


def waiting(session: Session, system_id: str, wanted: Wanted) -> list[Line]:
    """Messages for a system, most urgent first, then oldest first."""
    query = (
        sa.select(Delivery, Packet)
        .join(Packet, Packet.id == Delivery.packet_id)
        .where(Delivery.system_id == system_id, Delivery.kind == wanted.kind, Delivery.leads)
        .order_by(Delivery.priority.desc(), Delivery.id)
        .limit(wanted.limit)
        .offset(wanted.offset)
    )
    if wanted.status is None:
        # Spelled out, so that the planner sees that the partial index applies.
        query = query.where(sa.text("delivery.status IN ('initial', 'processing')"))
    else:
        query = query.where(Delivery.status == wanted.status)
    if wanted.since:
        query = query.where(Delivery.created_at >= wanted.since)
    if wanted.until:
        query = query.where(Delivery.created_at <= wanted.until)
    lines = [Line(delivery, packet) for delivery, packet in session.execute(query).tuples()]
    _name_recipients(session, lines)
    return lines


def _name_recipients(session: Session, lines: Sequence[Line]) -> None:
    doc_ids = [line.delivery.doc_id for line in lines]
    query = sa.select(Delivery.doc_id, Delivery.recipient).where(Delivery.doc_id.in_(doc_ids))
    found: dict[str, list[str]] = defaultdict(list)
    for doc_id, recipient in session.execute(query.order_by(Delivery.id)).tuples() if doc_ids else ():
        found[doc_id].append(recipient)
    for line in lines:
        line.recipients.extend(found[line.delivery.doc_id])


def count(session: Session, system_id: str, kind: MessageKind) -> int:
    """How many messages wait for a system."""
    query = sa.select(sa.func.count()).where(
        Delivery.system_id == system_id, Delivery.kind == kind, Delivery.leads, Delivery.status.in_(_PENDING)
    )
    return session.scalar(query) or 0


@dataclass(frozen=True)
class LongPoll:
    """Lets list calls wait, on a bounded share of the threads so that sending never stands behind polling."""

    axis: Axis
    wakeup: Wakeup
    share: Semaphore

    def lines(self, system_id: str, wanted: Wanted, seconds: float) -> tuple[list[Line], bool]:
        """The list as soon as it is not empty, or after `seconds`.

        The second value is False when the call could not wait because too many others do.
        """
        if seconds <= 0 or self.wakeup.stopping.is_set():
            return self._now(system_id, wanted), True
        if not self.share.acquire(blocking=False):
            return self._now(system_id, wanted), False
        try:
            return self._wait(system_id, wanted, time.monotonic() + seconds), True
        finally:
            self.share.release()

    def _wait(self, system_id: str, wanted: Wanted, end: float) -> list[Line]:
        with self.wakeup.watch(system_id) as event:
            while True:
                event.clear()
                lines = self._now(system_id, wanted)
                left = end - time.monotonic()
                if lines or left <= 0 or self.wakeup.stopping.is_set():
                    return lines
                event.wait(left)

    def _now(self, system_id: str, wanted: Wanted) -> list[Line]:
        with self.axis.sessions() as session:
            return waiting(session, system_id, wanted)


def fetch(session: Session, system_id: str, doc_id: str) -> Packet:
    """The message behind a delivery of this system; notes the first download. Raises Refusal."""
    rows = _rows(session, system_id, doc_id)
    for row in rows:
        row.fetched_at = row.fetched_at or now()
    return session.get_one(Packet, rows[0].packet_id)


def confirm(
    axis: Axis, session: Session, system_id: str, doc_id: str, status: State, description: str, sha256: str
) -> None:
    """Note what became of a download. `done` makes a receipt for the sender, one per recipient.

    Repeating is harmless, and nothing undoes `done`. `sha256`: what the receiver got, empty: not said.
    """
    rows = _rows(session, system_id, doc_id, lock=True)
    packet = session.get_one(Packet, rows[0].packet_id)
    if sha256 and not same_hash(sha256, packet.sha256):
        raise Refusal(Code.BAD_FILE, "sha256 differs from the message; download it again")
    rows = [row for row in rows if row.status not in (State.DONE, status)]
    for row in rows:
        row.status, row.description, row.updated_at = status, description, now()
    if status is State.DONE:
        statements = [statement_of(axis, packet, receipts.Event.DELIVERED, (row.recipient,)) for row in rows]
        for row, receipt in zip(rows, receipts.sign(axis.key, statements), strict=True):
            row.receipt = receipt.to_json()


def _rows(session: Session, system_id: str, doc_id: str, *, lock: bool = False) -> Sequence[Delivery]:
    query = sa.select(Delivery).where(Delivery.doc_id == doc_id, Delivery.system_id == system_id)
    rows = session.scalars((query.with_for_update() if lock else query).order_by(Delivery.id)).all()
    if not rows:
        # The same answer for what is not there and what is another's.
        raise Refusal(Code.BAD_REQUEST, f"No message {doc_id} for this system")
    return rows


def sent(
    session: Session, system_id: str, kind: MessageKind, doc_id: str, limit: int
) -> list[dict[str, Any]]:
    """What became of messages this system sent: one entry per recipient, newest message first."""
    query = (
        sa.select(Packet, Delivery)
        .join(Delivery, Delivery.packet_id == Packet.id)
        .where(Packet.system_id == system_id, Packet.kind == kind)
        .order_by(Packet.accepted_at.desc(), Delivery.id)
        .limit(limit)
    )
    if doc_id:
        query = query.where(Packet.id == doc_id)
    return [_progress(packet, delivery) for packet, delivery in session.execute(query).tuples()]


_WORDS = {
    State.INITIAL: "On the axis, not fetched yet",
    State.PROCESSING: "Being processed by the receiver",
    State.DONE: "Received",
    State.FAIL: "Failed at the receiver",
}


def _progress(packet: Packet, delivery: Delivery) -> dict[str, Any]:
    return {
        "serviceType": "eDoc",
        "messageType": packet.kind.value,
        "senderDocId": packet.id,
        "receiverDocId": delivery.doc_id,
        "fromCode": packet.sender_code,
        "toCode": delivery.recipient,
        "title": packet.title,
        "notation": packet.notation,
        "sentTime": packet.accepted_at.isoformat(),
        "receivedTime": delivery.updated_at.isoformat() if delivery.status is State.DONE else "",
        "sendStatus": "done",
        "sendStatusDesc": "Accepted by the axis",
        "receiveStatus": delivery.status.value,
        "receiveStatusDesc": delivery.description or _WORDS[delivery.status],
        # ours: when the receiver's system first downloaded it, and the signed proof of its confirmation
        "fetchedTime": delivery.fetched_at.isoformat() if delivery.fetched_at else "",
        "receipt": delivery.receipt,
    }
