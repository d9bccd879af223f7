"""Calls to the axis: outside every transaction, idempotent, repeated until its receipt is stored."""

import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.jobs import Queue, job, periodic
from eoffice.documents.models import Document
from eoffice.gateway import agencies, axis, messages, operations, queries
from eoffice.gateway.models import Delivery, Dispatch, DispatchState, Hop, Report
from exchange import build as codec
from exchange import pieces
from exchange.answers import Progress
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import BadReceipt, ExchangeError, Refused, Unavailable
from exchange.model import MessageKind
from exchange.vxp import Delivery as Transport

log = structlog.get_logger(__name__)

#: a dispatch is held so that its deliveries can still refer to it: else a status that comes meanwhile deadlocks
HELD = {"key_share": True}


@job("gateway.send", Queue.EXCHANGE)
def send(session: Session, dispatch_id: int) -> None:
    """Send a packet of the outbox. The same bytes and id on every try make a repeat harmless."""
    with transaction(session):  # the axis may take minutes: this one is over before
        sent = session.get(Dispatch, dispatch_id, populate_existing=True)
        if sent is None or sent.state != DispatchState.WAITING:
            return
        sender = queries.code_of(session, sent.agency_id)
    client = axis.client()
    try:
        digest = _packet(session, sent)
        if client is None:
            raise Unavailable("Chưa khai báo địa chỉ trục liên thông", "No axis is set")
        taken = _hand_over(client, sent, sender, digest)
    except (Unavailable, BadReceipt) as error:
        with transaction(session):
            _later(session, sent, error)
        return
    except ExchangeError as error:
        with transaction(session):
            operations.failed(session, session.get_one(Dispatch, dispatch_id, with_for_update=HELD), error.vi)
        return
    with transaction(session):
        locked = session.get_one(Dispatch, dispatch_id, with_for_update=HELD, populate_existing=True)
        if locked.state == DispatchState.WAITING:
            operations.accepted(session, locked, taken)


def _packet(session: Session, sent: Dispatch) -> Digest:
    """Build the packet once and keep its bytes. Raises ExchangeError when it cannot be built."""
    if sent.packet_sha256 is not None and sent.packet_size is not None:
        return Digest(sent.packet_sha256, sent.packet_size)
    with transaction(session):  # building reads every file: as above
        message = messages.document_message(session, sent)
    with tempfile.TemporaryFile() as spool:
        codec.build(message, spool)
        spool.seek(0)
        blob = blobs().put(spool)
    with transaction(session):
        locked = session.get_one(Dispatch, sent.id, with_for_update=HELD, populate_existing=True)
        if locked.packet_sha256 is None:
            locked.packet_sha256, locked.packet_size = blob.sha256, blob.size
    assert sent.packet_sha256 is not None
    assert sent.packet_size is not None
    return Digest(sent.packet_sha256, sent.packet_size)


def _hand_over(client: AxisClient, sent: Dispatch, sender: str, digest: Digest) -> operations.Taken:
    with blobs().open(digest.sha256) as packet:
        answer = pieces.send(
            client,
            packet,
            digest,
            kind=MessageKind.DOCUMENT,
            sender=sender,
            message_id=sent.message_id,
        )
    return operations.Taken(answer.doc_id, answer.receipt.to_json() if answer.receipt else None)


def _later(session: Session, sent: Dispatch, error: ExchangeError) -> None:
    """Not now: try again with growing delays until the days are over."""
    locked = session.get_one(Dispatch, sent.id, with_for_update=HELD, populate_existing=True)
    if locked.state != DispatchState.WAITING:
        return
    locked.attempts += 1
    locked.last_error = error.vi
    document = session.get_one(Document, locked.document_id)
    if clock.now() > operations.deadline(locked, document):
        operations.failed(session, locked, error.vi)
        return
    locked.next_try_at = clock.now() + operations.delay(locked.attempts)
    operations.enqueue(session, locked, document.urgency, at=locked.next_try_at)
    log.warning("axis unavailable", dispatch=locked.id, attempts=locked.attempts, error=error.en)


@job("gateway.send_report", Queue.EXCHANGE)
def send_report(session: Session, report_id: int) -> None:
    """Send one status back to the sender of an arrival, after those that were reported before it."""
    report = session.get(Report, report_id, populate_existing=True)
    if report is None or report.state != DispatchState.WAITING:
        return
    for waiting in queries.up_to(session, report):
        if not _tell(session, session.get_one(Report, waiting, populate_existing=True)):
            if waiting != report_id:
                with transaction(session):
                    _report_again(session, report_id)
            return


def _tell(session: Session, report: Report) -> bool:
    """Whether the axis has taken it, or refused it for good; else it is tried again later."""
    report_id, client = report.id, axis.client()
    spool = BytesIO()
    digest = codec.build(messages.status_message(session, report), spool)
    sender, message_id = queries.reporting_code(session, report), report.message_id
    session.rollback()
    try:
        if client is None:
            raise Unavailable("Chưa khai báo địa chỉ trục liên thông", "No axis is set")
        spool.seek(0)
        client.send(spool, digest, kind=MessageKind.STATUS, sender=sender, message_id=message_id)
    except (Unavailable, BadReceipt) as error:
        with transaction(session):
            _report_later(session, report_id, error)
        return False
    except Refused as error:
        with transaction(session):
            report.state, report.last_error = DispatchState.FAILED, error.vi
        log.error("status refused by the axis", report=report_id, error=error.en)
        return True
    with transaction(session):
        report.state, report.accepted_at, report.last_error = DispatchState.ACCEPTED, clock.now(), ""
    return True


def _report_later(session: Session, report_id: int, error: ExchangeError) -> None:
    report = _report_again(session, report_id)
    report.last_error = error.vi


def _report_again(session: Session, report_id: int) -> Report:
    report = session.get_one(Report, report_id, with_for_update=True, populate_existing=True)
    report.attempts += 1
    operations.enqueue_report(session, report, at=clock.now() + operations.delay(report.attempts))
    return report


#: packets to ask about from which one question for all is cheaper than one for each
TOGETHER = 4


@periodic("gateway.ask_progress", seconds=3, queue=Queue.EXCHANGE)
def ask_progress(session: Session) -> None:
    """Ask the axis which packets were fetched: a young one every few seconds, an old one ever less often."""
    client = axis.client()
    if client is None:
        return
    now = clock.now()
    # A status may be faster than the question: the time of fetching, and the proof of it from an axis that signs,
    # are asked for all the same.
    unproven = sa.and_(Dispatch.receipt.is_not(None), Delivery.receipt.is_(None))
    lying = sa.exists().where(
        Delivery.dispatch_id == Dispatch.id,
        Delivery.hop != Hop.UNREADABLE,
        sa.or_(Delivery.fetched_at.is_(None), unproven),
    )
    due = sa.select(Dispatch.id, Dispatch.hub_id).where(
        Dispatch.state == DispatchState.ACCEPTED,
        lying,
        sa.or_(
            Dispatch.asked_at.is_(None),
            sa.extract("epoch", now - Dispatch.asked_at)
            > sa.extract("epoch", now - Dispatch.accepted_at) / 20,
        ),
    )
    rows = session.execute(due.order_by(Dispatch.asked_at.nulls_first()).limit(50)).all()
    session.rollback()
    told = _told_together(client) if len(rows) >= TOGETHER else {}
    for dispatch_id, hub_id in rows:
        assert hub_id is not None  # set together with the state
        try:
            progress = told.get(hub_id) or client.sent(hub_id)
        except Unavailable as error:
            log.warning("progress not told", axis_id=hub_id, error=error.en)
            return
        except ExchangeError as error:
            # this one is asked about later; the others must not wait behind it
            log.error("progress not told", axis_id=hub_id, error=error.en)
            progress = []
        with transaction(session):
            _note_progress(session, dispatch_id, {item.recipient: item for item in progress})


def _told_together(client: AxisClient) -> dict[str, list[Progress]]:
    """What the axis says of everything sent lately, in one answer; nothing when it answers for one at a time only."""
    try:
        return client.sent_lately(500)
    except ExchangeError as error:
        log.warning("progress told for one packet at a time", error=error.en)
        return {}


def _note_progress(session: Session, dispatch_id: int, progress: dict[str, Progress]) -> None:
    sent = session.get_one(Dispatch, dispatch_id, with_for_update=HELD, populate_existing=True)
    sent.asked_at = clock.now()
    for delivery in operations.held_deliveries(session, sent):
        told = progress.get(delivery.recipient_code)
        if told is None:
            continue
        if told.receipt is not None:
            delivery.receipt = told.receipt.to_json()
        moment = _moment(told.received_at or told.fetched_at)
        if moment is not None:
            operations.advance(session, delivery, Hop.FETCHED, "fetched_at", moment)
        if told.state == Transport.FAIL and delivery.hop in (Hop.ON_AXIS, Hop.FETCHED):
            operations.end(session, delivery, Hop.UNREADABLE, told.description)


def _moment(text: str) -> datetime | None:
    """A time as an axis writes it: with its zone, or without one in the time of this country."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return clock.now()  # it was fetched, whatever the spelling of the time
    return (read if read.tzinfo else read.replace(tzinfo=clock.TZ)).astimezone(UTC)


@periodic("gateway.follow_directory", seconds=60, queue=Queue.HEAVY)
def follow_directory(session: Session) -> None:
    """Learn which agencies the axis serves, which were closed and who took over from them."""
    client = axis.client()
    if client is None:
        return
    try:
        agencies.follow(session, client)
    except ExchangeError as error:
        log.warning("directory of the axis not followed", error=error.en)


@periodic("gateway.sweep", seconds=60, queue=Queue.EXCHANGE)
def sweep(session: Session) -> None:
    """See that everything in the outbox has a job, whatever became of the one it had."""
    with transaction(session):
        for sent in queries.waiting(session, clock.now() - timedelta(minutes=1)):
            document = session.get_one(Document, sent.document_id)
            operations.enqueue(session, sent, document.urgency)
        for report in queries.waiting_reports(session):
            operations.enqueue_report(session, report)
