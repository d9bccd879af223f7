"""Handing messages out: what waits for a system, its bytes, its confirmation, and the sender's view of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Semaphore
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.clock import now
from exchange import receipts
from exchange.hashtree import leaf_hash
from exchange.hub.axis import Axis
from exchange.hub.combining import Combiner
from exchange.hub.intake import statement_of
from exchange.hub.models import Delivery, Packet
from exchange.hub.refusal import Code, Refusal
from exchange.hub.traffic import Traffic
from exchange.hub.wakeup import Wakeup, topic
from exchange.model import MessageKind
from exchange.vxp import Delivery as State
from exchange.vxp import same_hash

#: a row as the ledger gives it
Line = dict[str, Any]

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

    def of(self, system_id: str) -> dict[str, Any]:
        """The same as the ledger wants it."""
        return asdict(self) | {"system": system_id}


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

    def lines(
        self, system_id: str, wanted: Wanted, seconds: float, away: Callable[[], AbstractContextManager[None]]
    ) -> tuple[list[Line], bool]:
        """The list as soon as it is not empty, or after `seconds`. `away`: entered while it waits.

        The second value is False when the call could not wait because too many others do.
        """
        asked = wanted.of(system_id)
        news = topic(wanted.kind, system_id)
        return self.until(news, lambda: self.axis.ledger.waiting(asked), seconds, away)

    def until(
        self,
        news: str,
        ask: Callable[[], list[Line]],
        seconds: float,
        away: Callable[[], AbstractContextManager[None]],
    ) -> tuple[list[Line], bool]:
        """What `ask` says as soon as it says something, asked again at every word on the topic `news`; as `lines`."""
        if seconds <= 0 or self.wakeup.stopping.is_set():
            return ask(), True
        if not self.share.acquire(blocking=False):
            return ask(), False
        try:
            return self._wait(news, ask, time.monotonic() + seconds, away), True
        finally:
            self.share.release()

    def _wait(
        self,
        news: str,
        ask: Callable[[], list[Line]],
        end: float,
        away: Callable[[], AbstractContextManager[None]],
    ) -> list[Line]:
        with self.wakeup.watch(news) as event:
            while True:
                event.clear()
                lines = ask()
                left = end - time.monotonic()
                if lines or left <= 0 or self.wakeup.stopping.is_set():
                    return lines
                with away():
                    event.wait(left)


@dataclass(frozen=True)
class Confirmation:
    """What a system says became of a download. `sha256`: what it got, empty: not said."""

    system_id: str
    doc_id: str
    status: State
    description: str = ""
    sha256: str = ""


class Outlet:
    """Hands messages out and takes confirmations for all threads of a process."""

    def __init__(self, axis: Axis, traffic: Traffic) -> None:
        self._axis = axis
        self._traffic = traffic
        self._confirm = Combiner(self._confirm_all, apart=(psycopg.DataError,))
        #: first downloads not written down yet: by far the most are, together with their confirmation
        self._fetched: dict[str, datetime] = {}

    def fetch(self, system_id: str, doc_id: str) -> Line:
        """The message behind a delivery of this system. Raises Refusal."""
        return self.fetch_all(system_id, [doc_id])[0]

    def fetch_all(self, system_id: str, doc_ids: Sequence[str]) -> list[Line]:
        """As `fetch`, of several, in their order. Raises Refusal when one of them is none of this system's."""
        found = {row["doc_id"]: row for row in _own(self._axis.ledger.behind(doc_ids), system_id)}
        if missing := [doc_id for doc_id in doc_ids if doc_id not in found]:
            raise _unknown(missing[0])
        moment = now()
        for doc_id in doc_ids:
            self._fetched.setdefault(doc_id, moment)
        return [found[doc_id] for doc_id in doc_ids]

    def write_down(self) -> None:
        """Note the downloads that nobody confirmed since; called every second."""
        moments, self._fetched = self._fetched, {}
        if moments:
            self._axis.ledger.fetched(moments)

    def confirm(self, confirmation: Confirmation) -> None:
        """Note what became of a download. `done` makes a receipt for the sender, one per recipient.

        Repeating is harmless, and nothing undoes `done`. Raises Refusal.
        """
        if (refusal := self._confirm(confirmation)) is not None:
            raise refusal

    def confirm_all(self, said: Sequence[Confirmation]) -> list[Refusal | None]:
        """Many at once, in one transaction: for each why it was refused, or None."""
        return self._confirm_all(said) if said else []

    def _confirm_all(self, said: Sequence[Confirmation]) -> list[Refusal | None]:
        behind: dict[str, list[Line]] = defaultdict(list)
        for row in self._axis.ledger.behind([one.doc_id for one in said]):
            behind[row["doc_id"]].append(row)
        answers: list[Refusal | None] = []
        ending: dict[int, tuple[Confirmation, Line]] = {}
        for one in said:
            rows = _own(behind[one.doc_id], one.system_id)
            answers.append(_objection(one, rows))
            if answers[-1] is None:
                # The same message twice in one batch: nothing undoes `done`.
                for row in rows:
                    earlier = ending[row["id"]][0].status if row["id"] in ending else State(row["status"])
                    if earlier not in (State.DONE, one.status):
                        ending[row["id"]] = (one, row)
        if ending:
            self._end(list(ending.values()))
        return answers

    def _end(self, ending: Sequence[tuple[Confirmation, Line]]) -> None:
        proven = [row for one, row in ending if one.status is State.DONE]
        signed = dict(zip((row["id"] for row in proven), self._sign(proven), strict=True))
        rows = [
            {
                "id": row["id"],
                "status": one.status,
                "description": one.description,
                "updated_at": now(),
                "fetched_at": self._fetched.pop(one.doc_id, None),
                "receipt": signed[row["id"]].to_json() if row["id"] in signed else None,
            }
            for one, row in ending
        ]
        leaf = leaf_hash(signed[proven[0]["id"]].signature) if proven else None
        self._axis.ledger.end(rows, leaf)
        for row in proven:
            self._traffic.confirmed(row["sender"], (now() - row["created_at"]).total_seconds())

    def _sign(self, rows: Sequence[Line]) -> list[receipts.Receipt]:
        statements = [
            statement_of(
                self._axis.system_id,
                row | {"id": row["packet_id"], "system_id": row["sender"]},
                receipts.Event.DELIVERED,
                (row["recipient"],),
            )
            for row in rows
        ]
        return receipts.sign(self._axis.key, statements)


def _own(rows: Sequence[Line], system_id: str) -> list[Line]:
    return [row for row in rows if row["system_id"] == system_id]


def _objection(one: Confirmation, rows: Sequence[Line]) -> Refusal | None:
    if not rows:
        return _unknown(one.doc_id)
    if one.sha256 and not same_hash(one.sha256, rows[0]["sha256"]):
        return Refusal(Code.BAD_FILE, "sha256 differs from the message; download it again")
    return None


def _unknown(doc_id: str) -> Refusal:
    # The same answer for what is not there and what is another's.
    return Refusal(Code.BAD_REQUEST, f"No message {doc_id} for this system")


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
        # ours: when the receiver's system first downloaded it, the signed proof of its confirmation, the code written
        "fetchedTime": delivery.fetched_at.isoformat() if delivery.fetched_at else "",
        "receipt": delivery.receipt,
        "addressed": delivery.addressed,
    }
