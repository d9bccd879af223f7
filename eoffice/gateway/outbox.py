"""The outbox: rows that wait for the axis are claimed by a sender, handed over, and settled many at a time.

A claim is a row held until a moment. Whoever is killed in between leaves it to the next, who sends the same bytes
under the same id, so that the axis answers with its first receipt: what a row says is built into the same bytes again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, joinedload

from eoffice.core import clock
from eoffice.core.db import run, transaction
from eoffice.gateway import copies, operations
from eoffice.gateway.models import Delivery, Dispatch, DispatchState, Report
from exchange.answers import Sent
from exchange.build import Digest
from exchange.errors import BadReceipt, ExchangeError, Unavailable
from exchange.model import MessageKind

log = structlog.get_logger(__name__)

#: how long a claim stands unless it is renewed
HOLD = timedelta(seconds=30)


@dataclass
class Parcel:
    """A claimed row, with all that is needed to send it without the database."""

    kind: MessageKind
    id: int
    sender: str
    message_id: str
    urgent: bool
    #: what it says, see `gateway.messages.read`
    said: Mapping[str, Any]
    #: of the kept packet
    digest: Digest | None = None
    #: tries before this one
    attempts: int = 0
    #: what the axis answered, or why not
    sent: Sent | None = None
    error: Exception | None = None


# Statements as they are written: each step of each packet passes here, and most of what the ORM would cost is not
# what it does for us (docs/decisions.md).
_CLAIM: Mapping[MessageKind, LiteralString] = {
    MessageKind.DOCUMENT: """
WITH due AS (
    SELECT id FROM dispatch
    WHERE state = 'waiting' AND next_try_at <= %(now)s AND (held_until IS NULL OR held_until < %(now)s)
        AND (urgent OR NOT %(urgent_only)s)
    ORDER BY urgent DESC, id LIMIT %(room)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE dispatch AS p SET held_until = %(until)s FROM due WHERE p.id = due.id
RETURNING p.id, sender_code, message_id, urgent, message, packet_sha256, packet_size, attempts
""",
    # one at a time of each arrival or request: a later status never overtakes an earlier one
    MessageKind.STATUS: """
WITH due AS (
    SELECT id FROM status_report AS r
    WHERE state = 'waiting' AND next_try_at <= %(now)s AND (held_until IS NULL OR held_until < %(now)s)
        AND NOT EXISTS (
            SELECT FROM status_report AS earlier
            WHERE earlier.state = 'waiting' AND earlier.id < r.id AND earlier.arrival_id = r.arrival_id)
        AND NOT EXISTS (
            SELECT FROM status_report AS earlier
            WHERE earlier.state = 'waiting' AND earlier.id < r.id AND r.arrival_id IS NULL
                AND earlier.request_id = r.request_id)
    ORDER BY id LIMIT %(room)s FOR UPDATE SKIP LOCKED
)
UPDATE status_report AS p SET held_until = %(until)s FROM due WHERE p.id = due.id
RETURNING p.id, sender_code, message_id, FALSE AS urgent, message, NULL AS packet_sha256, NULL AS packet_size, attempts
""",
}
_HOLD: Mapping[MessageKind, LiteralString] = {
    MessageKind.DOCUMENT: "UPDATE dispatch SET held_until = %(until)s WHERE id = ANY(%(ids)s)",
    MessageKind.STATUS: "UPDATE status_report SET held_until = %(until)s WHERE id = ANY(%(ids)s)",
}
_KEEP: LiteralString = """
UPDATE dispatch AS p SET packet_sha256 = COALESCE(packet_sha256, made.sha256),
    packet_size = COALESCE(packet_size, made.size)
FROM unnest(%(ids)s::int[], %(hashes)s::text[], %(sizes)s::bigint[]) AS made(id, sha256, size)
WHERE p.id = made.id RETURNING p.id, packet_sha256, packet_size
"""


def claim(session: Session, kind: MessageKind, room: int, *, urgent_only: bool = False) -> list[Parcel]:
    """Hold what is due, at most `room` rows: urgent first, then the oldest."""
    now = clock.now()
    given = {"now": now, "until": now + HOLD, "room": room, "urgent_only": urgent_only}
    with transaction(session):
        rows = run(session, _CLAIM[kind], given)
    rows.sort(key=lambda row: (not row.urgent, row.id))
    return [
        Parcel(
            kind, row.id, row.sender_code, row.message_id, row.urgent, row.message,
            Digest(row.packet_sha256, row.packet_size) if row.packet_sha256 else None, row.attempts,
        )
        for row in rows
    ]  # fmt: skip


def hold(session: Session, kind: MessageKind, ids: Iterable[int]) -> None:
    """Hold for longer what is still on its way."""
    with transaction(session):
        run(session, _HOLD[kind], {"ids": list(ids), "until": clock.now() + HOLD})


def keep_packets(session: Session, parcels: Sequence[Parcel]) -> None:
    """Note which bytes each dispatch is, before large ones leave for the first time: what lies at the axis in pieces is
    gone on with, and not built again. What is noted already stays."""
    built = {one.id: one.digest for one in parcels if one.digest is not None}
    given = {
        "ids": list(built),
        "hashes": [made.sha256 for made in built.values()],
        "sizes": [made.size for made in built.values()],
    }
    with transaction(session):
        noted = {row.id: Digest(row.packet_sha256, row.packet_size) for row in run(session, _KEEP, given)}
    for parcel in parcels:
        parcel.digest = noted[parcel.id]


def settle(session: Session, parcels: Sequence[Parcel]) -> None:
    """Note what the axis said to each of one kind; what it does not have yet is tried again later."""
    kind = parcels[0].kind
    taken = {parcel.id: (parcel.sent, parcel.digest) for parcel in parcels if parcel.sent is not None}
    refused = {parcel.id: parcel for parcel in parcels if parcel.sent is None}
    with transaction(session):
        if taken and kind is MessageKind.DOCUMENT:
            operations.accepted(session, taken)
        elif taken:
            operations.reported(session, taken)
        if refused and kind is MessageKind.DOCUMENT:
            rows: Sequence[Dispatch | Report] = _held_dispatches(session, refused)
            lost = copies.held(session, refused)
        else:
            rows, lost = _held_reports(session, refused) if refused else [], {}
        for posting in rows:
            posting.held_until = None
            digest = refused[posting.id].digest
            if isinstance(posting, Dispatch) and posting.packet_sha256 is None and digest is not None:
                posting.packet_sha256, posting.packet_size = digest.sha256, digest.size
            if posting.state is DispatchState.WAITING:
                _not_sent(session, refused[posting.id], posting, lost.get(posting.id, ()))


def _held_dispatches(session: Session, ids: Collection[int]) -> Sequence[Dispatch]:
    """So held that deliveries can still refer to them: else a status that comes meanwhile deadlocks."""
    query = sa.select(Dispatch).where(Dispatch.id.in_(ids)).order_by(Dispatch.id)
    query = query.options(joinedload(Dispatch.document)).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(of=Dispatch, key_share=True)).all()


def _held_reports(session: Session, ids: Collection[int]) -> Sequence[Report]:
    query = sa.select(Report).where(Report.id.in_(ids)).order_by(Report.id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _not_sent(session: Session, parcel: Parcel, posting: Dispatch | Report, lost: Sequence[Delivery]) -> None:
    error = parcel.error
    reason = error.vi if isinstance(error, ExchangeError) else "Lỗi khi gửi, xem nhật ký của hệ thống"
    if _for_good(posting, error):
        log.error("refused by the axis", kind=parcel.kind.value, id=parcel.id, error=str(error))
        posting.state, posting.last_error = DispatchState.FAILED, reason
        if isinstance(posting, Dispatch):
            operations.failed(session, posting, reason, lost)
        return
    posting.attempts, posting.last_error = posting.attempts + 1, reason
    posting.next_try_at = clock.now() + operations.delay(posting.attempts)
    log.warning(
        "not sent yet", kind=parcel.kind.value, id=parcel.id, attempts=posting.attempts, error=str(error)
    )


def _for_good(posting: Dispatch | Report, error: Exception | None) -> bool:
    """Whether trying again is of no use, or no longer of any."""
    if isinstance(error, ExchangeError) and not isinstance(error, Unavailable | BadReceipt):
        return True
    return clock.now() > operations.deadline(posting)
