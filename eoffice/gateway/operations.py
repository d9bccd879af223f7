"""Writes of the gateway; the caller's use case commits."""

import random
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events
from eoffice.core.bell import ring
from eoffice.core.config import settings
from eoffice.core.permissions import Actor, system_actor
from eoffice.documents.models import Channel, Direction, Document
from eoffice.documents.queries import recipients
from eoffice.gateway import queries
from eoffice.gateway.events import DeliveryChanged
from eoffice.gateway.models import FORWARD, Arrival, Delivery, Dispatch, DispatchState, Hop, Report
from eoffice.gateway.settings import SEND_DAYS
from exchange.answers import Sent
from exchange.model import MessageKind

DISPATCHED = audit.action("gateway.dispatched", _l("Put into the outbox"))
ACCEPTED = audit.action("gateway.accepted", _l("Taken by the axis"))
FAILED = audit.action("gateway.failed", _l("Could not be sent"))
RESENT = audit.action("gateway.resent", _l("Sent again by hand"))
STATUS_TAKEN = audit.action("gateway.status_taken", _l("Recipient reported"))
ARRIVED = audit.action("gateway.arrived", _l("Arrived over the axis"))

#: hops in order; a later one is never undone by an earlier one that comes late
ORDER = {hop: place for place, hop in enumerate(Hop)}

#: status code on the wire, the hop it proves and the column of its time (QCVN 102:2016)
STATUSES: Mapping[str, tuple[Hop, str]] = {
    "01": (Hop.ARRIVED, "arrived_at"),
    "02": (Hop.REFUSED, "refused_at"),
    "03": (Hop.REGISTERED, "registered_at"),
    "04": (Hop.ASSIGNED, "assigned_at"),
    "05": (Hop.PROCESSING, "processing_at"),
    "06": (Hop.DONE, "done_at"),
}


def dispatch(session: Session, actor: Actor, document: Document) -> Dispatch | None:
    """Put an issued document into the outbox; None when nobody is reached over the axis."""
    reached = {r.code: r.name for r in recipients(session, document) if r.channel == Channel.AXIS}
    return _send_to(session, actor, document, reached) if reached else None


def dispatch_again(
    session: Session, actor: Actor, document: Document, copies: Sequence[Delivery]
) -> Dispatch:
    """Another packet with the same document, for recipients that returned it or could not read it."""
    reached = {copy.recipient_code: copy.recipient_name for copy in copies}
    return _send_to(session, actor, document, reached, _rounds(session, document) + 1)


def forward(session: Session, actor: Actor, document: Document, reached: Mapping[str, str]) -> Dispatch:
    """Pass a document that came in on to other agencies, by code and name, as it came."""
    return _send_to(session, actor, document, reached, _rounds(session, document) + 1)


def call_off(session: Session, document: Document, reason: str) -> None:
    """Let nothing of a document leave that no sender has taken up yet."""
    query = sa.select(Dispatch).where(
        Dispatch.document_id == document.id, Dispatch.state == DispatchState.WAITING,
        sa.or_(Dispatch.held_until.is_(None), Dispatch.held_until < clock.now()),
    )  # fmt: skip
    for sent in session.scalars(query.with_for_update().execution_options(populate_existing=True)):
        sent.state = DispatchState.FAILED
        failed(session, sent, reason, sent.deliveries)


def _rounds(session: Session, document: Document) -> int:
    query = sa.select(sa.func.max(Dispatch.round)).where(Dispatch.document_id == document.id)
    return session.scalar(query) or 0


def _send_to(
    session: Session, actor: Actor, document: Document, reached: Mapping[str, str], number: int = 1
) -> Dispatch:
    made = put_out(session, document, business=_business(session, document, reached), round=number)
    session.add_all(
        Delivery(
            agency_id=document.agency_id, dispatch_id=made.id, document_id=document.id,
            recipient_code=code, recipient_name=name,
        )
        for code, name in reached.items()
    )  # fmt: skip
    audit.record(session, actor, DISPATCHED, document, recipients=list(reached))
    return made


def _business(session: Session, document: Document, reached: Collection[str]) -> str:
    if document.direction is Direction.IN:
        return FORWARD
    return "replace" if queries.superseded(session, document, reached) else "new"


def bell(kind: MessageKind) -> str:
    """What is rung when something of this kind is put into the outbox."""
    return f"outbox:{kind.value}"


def announce(session: Session, kind: MessageKind) -> None:
    """Wake a sender when the caller's transaction commits."""
    ring(session, bell(kind))


def put_out(session: Session, document: Document, **fields: object) -> Dispatch:
    """Write the outbox row of a packet about a document, and have it sent."""
    now = clock.now()
    made = Dispatch(
        agency_id=document.agency_id, document_id=document.id, message_id=str(uuid.uuid4()),
        created_at=now, next_try_at=now, **fields,
    )  # fmt: skip
    session.add(made)
    session.flush()
    announce(session, MessageKind.DOCUMENT)
    return made


def accepted(session: Session, sent: Dispatch, taken: Sent, copies: Sequence[Delivery]) -> None:
    """The axis has it: its receipt is kept, every recipient's copy lies there."""
    now = clock.now()
    sent.hub_id, sent.receipt = taken.doc_id, taken.receipt.to_json() if taken.receipt else None
    for delivery in copies:
        advance(session, delivery, Hop.ON_AXIS, "on_axis_at", now)
    audit.record(session, system_actor(sent.agency_id), ACCEPTED, sent.document, axis_id=taken.doc_id)


def failed(session: Session, sent: Dispatch, reason: str, copies: Sequence[Delivery]) -> None:
    """Refused for good, or out of time: everything is kept until a person decides."""
    for delivery in copies:
        end(session, delivery, Hop.FAILED, reason)
    audit.record(session, system_actor(sent.agency_id), FAILED, sent.document, reason=reason)


def delay(attempts: int) -> timedelta:
    """Time to the next try, doubled from 2 s up to a minute: an axis that is back is used soon.

    Spread by a quarter, so that everything that waited for the axis does not come back at one moment.
    """
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)) * random.uniform(0.75, 1.25))  # noqa: S311 - no secret


def deadline(sent: Dispatch | Report) -> datetime:
    """Until when it is tried by itself: some days, or the end of the document's own deadline before that."""
    days = timedelta(days=settings().get(SEND_DAYS))
    if isinstance(sent, Report):
        return sent.at + days
    latest = sent.created_at + days
    if sent.document.due_on is None:
        return latest
    due = clock.day_start(sent.document.due_on + timedelta(days=1))
    # what is due at once, or was before, is given a day all the same
    return min(latest, max(due, sent.created_at + timedelta(days=1)))


def held_deliveries(session: Session, dispatch_ids: Collection[int]) -> dict[int, list[Delivery]]:
    """Their copies as they are now, held until the use case ends: a status may come at the same moment."""
    query = sa.select(Delivery).where(Delivery.dispatch_id.in_(dispatch_ids)).order_by(Delivery.id)
    found: dict[int, list[Delivery]] = {}
    for copy in session.scalars(query.with_for_update().execution_options(populate_existing=True)):
        found.setdefault(copy.dispatch_id, []).append(copy)
    return found


def advance(session: Session, delivery: Delivery, hop: Hop, column: str, at: datetime) -> bool:
    """Note a proven step. The same step again, or an earlier one that comes late, moves nothing back."""
    if getattr(delivery, column) is None:
        setattr(delivery, column, at)
    if not _leads_on(delivery.hop, hop):
        return False
    delivery.hop = hop
    events.publish(session, DeliveryChanged(delivery.id))
    return True


def _leads_on(now: Hop, hop: Hop) -> bool:
    match now:
        case Hop.REFUSED | Hop.DONE | Hop.WITHDRAWN:
            return False
        case Hop.FAILED:  # the axis has it after all
            return True
        case Hop.UNREADABLE:  # unless its people could read it after all
            return ORDER[hop] >= ORDER[Hop.ARRIVED]
        case _:
            return ORDER[hop] > ORDER[now]


def end(session: Session, delivery: Delivery, hop: Hop, note: str) -> None:
    """The copy goes no further."""
    delivery.hop, delivery.note = hop, note or delivery.note
    events.publish(session, DeliveryChanged(delivery.id))


def take_status(session: Session, delivery: Delivery, code: str, description: str, at: datetime) -> None:
    """Note what a recipient reported. An unknown code is kept in the log and moves nothing."""
    known = STATUSES.get(code)
    moved = known is not None and advance(session, delivery, *known, at)
    if moved or delivery.last_status_at is None or at >= delivery.last_status_at:
        delivery.last_status_at, delivery.note = at, description or delivery.note
    document = session.get_one(Document, delivery.document_id)
    audit.record(
        session, system_actor(delivery.agency_id), STATUS_TAKEN, document,
        recipient=delivery.recipient_name, code=code, description=description,
    )  # fmt: skip


def report(session: Session, document: Document, code: str, description: str, staff: str = "") -> None:
    """Tell the sender of an arrived document, once per code; nothing happens for one that came on paper."""
    arrival = session.scalar(sa.select(Arrival).where(Arrival.document_id == document.id))
    if arrival is not None:
        report_arrival(session, arrival, code, description, staff)


def report_arrival(session: Session, arrival: Arrival, code: str, description: str, staff: str = "") -> None:
    """As `report`, for an arrival that may have no document yet."""
    put_report(
        session, agency_id=arrival.agency_id, arrival_id=arrival.id, code=code, description=description,
        staff_name=staff,
    )  # fmt: skip


def put_report(session: Session, *, code: str, description: str, **fields: object) -> None:
    """Write a status of ours, once however often it is written, and have it sent."""
    values = {"staff_name": "", "attempts": 0, "last_error": ""} | new_report(code, description) | fields
    made = session.scalar(insert(Report).values(values).on_conflict_do_nothing().returning(Report.id))
    if made is not None:
        announce(session, MessageKind.STATUS)


def new_report(code: str, description: str) -> dict[str, Any]:
    """The fields of a status that is written now."""
    now = clock.now()
    return {
        "code": code, "description": description, "at": now, "next_try_at": now,
        "message_id": str(uuid.uuid4()), "state": DispatchState.WAITING,
    }  # fmt: skip
