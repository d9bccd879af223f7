"""The outbox: rows that wait for the axis are claimed by a sender, handed over, and settled many at a time.

A claim is a row held until a moment. Whoever is killed in between leaves it to the next, who sends the same bytes
under the same id, so that the axis answers with its first receipt.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.directory.models import Agency
from eoffice.documents.models import Document, Urgency
from eoffice.gateway import messages, operations, queries
from eoffice.gateway.models import Arrival, Delivery, Dispatch, DispatchState, Report
from exchange.answers import Sent
from exchange.build import Digest
from exchange.errors import BadReceipt, ExchangeError, Unavailable
from exchange.model import Message, MessageKind

log = structlog.get_logger(__name__)

#: how long a claim stands unless it is renewed
HOLD = timedelta(seconds=30)
_ROWS: dict[MessageKind, type[Dispatch] | type[Report]] = {
    MessageKind.DOCUMENT: Dispatch,
    MessageKind.STATUS: Report,
}


@dataclass
class Parcel:
    """A claimed row, with all that is needed to send it without the database."""

    kind: MessageKind
    id: int
    sender: str
    message_id: str
    urgent: bool
    #: None once the packet is kept
    message: Message | None = None
    #: of the kept packet
    digest: Digest | None = None
    #: what the axis answered, or why not
    sent: Sent | None = None
    error: Exception | None = None


def claim(session: Session, kind: MessageKind, room: int, *, urgent_only: bool = False) -> list[Parcel]:
    """Hold what is due, at most `room` rows: urgent first, then the oldest."""
    if kind is MessageKind.DOCUMENT:
        return _claim_documents(session, room, urgent_only)
    return _claim_reports(session, room)


def _due(row: type[Dispatch] | type[Report]) -> sa.ColumnElement[bool]:
    now = clock.now()
    free = sa.or_(row.held_until.is_(None), row.held_until < now)
    return sa.and_(row.state == DispatchState.WAITING, row.next_try_at <= now, free)


def _claim_documents(session: Session, room: int, urgent_only: bool) -> list[Parcel]:
    urgent = Document.urgency > Urgency.NORMAL
    query = sa.select(Dispatch, Agency).join(Dispatch.document).join(Agency, Dispatch.agency_id == Agency.id)
    query = query.where(_due(Dispatch), *([urgent] if urgent_only else []))
    query = query.order_by(urgent.desc(), Dispatch.id).limit(room)
    query = query.options(contains_eager(Dispatch.document), selectinload(Dispatch.deliveries))
    query = query.execution_options(populate_existing=True)
    with transaction(session):
        rows = session.execute(query.with_for_update(of=Dispatch, skip_locked=True, key_share=True)).all()
        if not rows:
            return []
        hold(session, MessageKind.DOCUMENT, [dispatch.id for dispatch, _ in rows])
        around = messages.Surroundings.of(session, [dispatch.document_id for dispatch, _ in rows])
        parcels = []
        for dispatch, agency in rows:
            sender, hurry = agency.code, dispatch.document.urgency > Urgency.NORMAL
            parcel = Parcel(MessageKind.DOCUMENT, dispatch.id, sender, dispatch.message_id, urgent=hurry)
            if dispatch.packet_sha256 is not None and dispatch.packet_size is not None:
                parcel.digest = Digest(dispatch.packet_sha256, dispatch.packet_size)
            else:
                _pack(parcel, partial(messages.document_message, session, dispatch, around))
            parcels.append(parcel)
        return parcels


def _pack(parcel: Parcel, message: Callable[[], Message]) -> None:
    """One row that no message can be made of must not keep the others from leaving."""
    try:
        parcel.message = message()
    except Exception as error:
        log.exception("no packet can be made", kind=parcel.kind.value, id=parcel.id)
        parcel.error = error


def _claim_reports(session: Session, room: int) -> list[Parcel]:
    """One at a time of each arrival or request: a later status never overtakes an earlier one."""
    earlier = aliased(Report)
    waits = sa.exists().where(earlier.state == DispatchState.WAITING, earlier.id < Report.id)
    first = (
        ~waits.where(earlier.arrival_id == Report.arrival_id),
        ~waits.where(Report.arrival_id.is_(None), earlier.request_id == Report.request_id),
    )
    query = sa.select(Report).where(_due(Report), *first).order_by(Report.id).limit(room)
    query = query.options(selectinload(Report.arrival).joinedload(Arrival.packet))
    query = query.execution_options(populate_existing=True).with_for_update(of=Report, skip_locked=True)
    with transaction(session):
        rows = session.scalars(query).all()
        if not rows:
            return []
        hold(session, MessageKind.STATUS, [report.id for report in rows])
        parcels = []
        for report in rows:
            sender = queries.reporting_code(session, report)
            parcels.append(Parcel(MessageKind.STATUS, report.id, sender, report.message_id, urgent=False))
            _pack(parcels[-1], partial(messages.status_message, session, report))
        return parcels


def hold(session: Session, kind: MessageKind, ids: Iterable[int]) -> None:
    """Hold rows, or hold for longer what is still on its way."""
    row = _ROWS[kind]
    query = sa.update(row).where(row.id.in_(list(ids))).values(held_until=clock.now() + HOLD)
    session.execute(query.execution_options(synchronize_session=False))


def keep_packets(session: Session, parcels: Sequence[Parcel]) -> None:
    """Note which bytes each dispatch is, before they leave for the first time; what is noted already stays."""
    built = {one.id: one.digest for one in parcels if one.digest is not None}
    values = [{"row": row, "sha256": made.sha256, "size": made.size} for row, made in built.items()]
    query = sa.update(Dispatch).where(Dispatch.id == sa.bindparam("row"), Dispatch.packet_sha256.is_(None))
    kept = sa.select(Dispatch.id, Dispatch.packet_sha256, Dispatch.packet_size).where(Dispatch.id.in_(built))
    with transaction(session):
        session.connection().execute(
            query.values(packet_sha256=sa.bindparam("sha256"), packet_size=sa.bindparam("size")), values
        )
        noted = {row: Digest(sha256 or "", size or 0) for row, sha256, size in session.execute(kept)}
    for parcel in parcels:
        parcel.digest = noted[parcel.id]


def settle(session: Session, parcels: Sequence[Parcel]) -> None:
    """Note what the axis said to each of one kind; what it does not have yet is tried again later."""
    wanted = {parcel.id: parcel for parcel in parcels}
    kind = parcels[0].kind
    with transaction(session):
        rows = (
            _held_dispatches(session, wanted)
            if kind is MessageKind.DOCUMENT
            else _held_reports(session, wanted)
        )
        copies = operations.held_deliveries(session, wanted) if kind is MessageKind.DOCUMENT else {}
        for posting in rows:
            posting.held_until = None
            if posting.state is DispatchState.WAITING:
                _settle(session, wanted[posting.id], posting, copies.get(posting.id, ()))


def _held_dispatches(session: Session, ids: Collection[int]) -> Sequence[Dispatch]:
    """So held that deliveries can still refer to them: else a status that comes meanwhile deadlocks."""
    query = sa.select(Dispatch).where(Dispatch.id.in_(ids)).order_by(Dispatch.id)
    query = query.options(joinedload(Dispatch.document)).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(of=Dispatch, key_share=True)).all()


def _held_reports(session: Session, ids: Collection[int]) -> Sequence[Report]:
    query = sa.select(Report).where(Report.id.in_(ids)).order_by(Report.id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _settle(session: Session, parcel: Parcel, posting: Dispatch | Report, copies: Sequence[Delivery]) -> None:
    if parcel.sent is not None:
        posting.state, posting.accepted_at, posting.last_error = DispatchState.ACCEPTED, clock.now(), ""
        if isinstance(posting, Dispatch):
            operations.accepted(session, posting, parcel.sent, copies)
        return
    error = parcel.error
    reason = error.vi if isinstance(error, ExchangeError) else "Lỗi khi gửi, xem nhật ký của hệ thống"
    if _for_good(posting, error):
        log.error("refused by the axis", kind=parcel.kind.value, id=parcel.id, error=str(error))
        posting.state, posting.last_error = DispatchState.FAILED, reason
        if isinstance(posting, Dispatch):
            operations.failed(session, posting, reason, copies)
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
