"""Writes of the gateway; the caller's use case commits."""

import json
import random
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events
from eoffice.core.bell import ring
from eoffice.core.config import settings
from eoffice.core.db import run
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory.models import Agency
from eoffice.documents.models import Channel, Direction, Document, Urgency
from eoffice.documents.queries import recipients
from eoffice.gateway import copies, messages, queries
from eoffice.gateway.events import PacketAccepted
from eoffice.gateway.messages import Said
from eoffice.gateway.models import FORWARD, Arrival, Delivery, Dispatch, DispatchState, Hop, Report
from eoffice.gateway.settings import SEND_DAYS
from exchange.answers import Sent
from exchange.build import Digest
from exchange.model import DocumentMessage, MessageKind, StatusMessage

DISPATCHED = audit.action("gateway.dispatched", _l("Put into the outbox"))
ACCEPTED = audit.action("gateway.accepted", _l("Taken by the axis"))
FAILED = audit.action("gateway.failed", _l("Could not be sent"))
RESENT = audit.action("gateway.resent", _l("Sent again by hand"))
ARRIVED = audit.action("gateway.arrived", _l("Arrived over the axis"))


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
    """Let nothing of a document leave that no sender has taken up yet, but what recalls it."""
    query = sa.select(Dispatch).where(
        Dispatch.document_id == document.id, Dispatch.state == DispatchState.WAITING, Dispatch.business != "recall",
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
    message = messages.new_document(session, document, reached, clock.now())
    made = put_out(session, document, message, business=_business(session, document, reached), round=number)
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


def put_out(session: Session, document: Document, message: DocumentMessage, **fields: object) -> Dispatch:
    """Write the outbox row of a packet about a document, and have it sent."""
    now = clock.now()
    made = Dispatch(
        agency_id=document.agency_id, document_id=document.id, message_id=str(uuid.uuid4()),
        sender_code=message.sender.organ_id, message=messages.written(message),
        urgent=document.urgency > Urgency.NORMAL, created_at=now, next_try_at=now, **fields,
    )  # fmt: skip
    session.add(made)
    session.flush()
    announce(session, MessageKind.DOCUMENT)
    return made


_ACCEPTED: LiteralString = """
WITH told AS (SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS t(id int, hub_id text, receipt jsonb, sha256 text, size bigint)),
held AS MATERIALIZED (SELECT id FROM dispatch WHERE id IN (SELECT id FROM told) ORDER BY id FOR NO KEY UPDATE)
UPDATE dispatch AS d SET state = 'accepted', accepted_at = %(now)s, held_until = NULL, last_error = '',
    hub_id = told.hub_id, receipt = told.receipt,
    packet_sha256 = COALESCE(packet_sha256, sha256), packet_size = COALESCE(packet_size, size)
FROM told JOIN held USING (id) WHERE d.id = told.id AND d.state = 'waiting'
RETURNING d.id, d.agency_id, d.document_id, d.business, d.hub_id,
    (SELECT direction FROM document WHERE document.id = d.document_id) AS direction
"""
_REPORTED: LiteralString = """
UPDATE status_report SET state = 'accepted', accepted_at = %(now)s, held_until = NULL, last_error = ''
WHERE id = ANY(%(ids)s) AND state = 'waiting'
"""


def accepted(session: Session, taken: Mapping[int, tuple[Sent, Digest | None]]) -> None:
    """The axis has packets of ours, by the ids of their rows: its receipts are kept, and which bytes it has; every copy
    lies there."""
    now = clock.now()
    rows = [
        {
            "id": row, "hub_id": sent.doc_id, "receipt": sent.receipt.to_json() if sent.receipt else None,
            "sha256": digest and digest.sha256, "size": digest and digest.size,
        }
        for row, (sent, digest) in taken.items()
    ]  # fmt: skip
    noted = run(session, _ACCEPTED, {"rows": json.dumps(rows), "now": now})
    copies.on_axis(session, [one.id for one in noted], now)
    audit.record_all(session, system_actor(), ACCEPTED, [_about(one) for one in noted])
    for one in noted:
        events.publish(session, PacketAccepted(one.document_id, one.business))


def _about(noted: Any) -> audit.About:
    kind = Document.class_of(Direction(noted.direction))
    return audit.About(kind, noted.document_id, noted.agency_id, {"axis_id": noted.hub_id})


def reported(session: Session, ids: Collection[int]) -> None:
    """The axis has statuses of ours."""
    run(session, _REPORTED, {"ids": list(ids), "now": clock.now()})


def failed(session: Session, sent: Dispatch, reason: str, lost: Sequence[Delivery]) -> None:
    """Refused for good, or out of time: everything is kept until a person decides."""
    for copy in lost:
        copies.end(copy, Hop.FAILED, reason)
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


def report(session: Session, document: Document, code: str, description: str, staff: str = "") -> None:
    """Tell the sender of an arrived document, once per code; nothing happens for one that came on paper."""
    arrival = session.scalar(sa.select(Arrival).where(Arrival.document_id == document.id))
    if arrival is not None:
        report_arrival(session, arrival, code, description, staff)


def report_arrival(session: Session, arrival: Arrival, code: str, description: str, staff: str = "") -> None:
    """As `report`, for an arrival that may have no document yet."""
    said = Said(code, description, clock.now(), staff)
    message = about_arrival(session, arrival, said)
    put_reports(session, [NewReport(said, message, arrival.agency_id, arrival.id)], said.at)


def about_arrival(session: Session, arrival: Arrival, said: Said) -> StatusMessage:
    """A status to the sender of an arrival."""
    agency = session.get_one(Agency, arrival.agency_id)
    about = messages.arrived(queries.arrival_content(session, arrival), arrival.sender_code)
    return messages.status(agency, arrival.addressed_code, about, said)


_REPORTS: LiteralString = """
INSERT INTO status_report (agency_id, arrival_id, request_id, code, description, staff_name, at, next_try_at,
    message_id, sender_code, message, state, attempts, last_error)
SELECT agency_id, arrival_id, request_id, code, description, staff_name, %(at)s, %(at)s,
    message_id, sender_code, message, 'waiting', 0, ''
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(agency_id int, arrival_id int, request_id int, code text,
    description text, staff_name text, message_id text, sender_code text, message jsonb)
ON CONFLICT DO NOTHING RETURNING id
"""


@dataclass(frozen=True)
class NewReport:
    """A status of ours that is to be written, and what it is about: an arrival, a question, or both."""

    said: Said
    message: StatusMessage
    agency_id: int
    arrival_id: int | None = None
    request_id: int | None = None


def put_reports(session: Session, wanted: Sequence[NewReport], at: datetime) -> None:
    """Write statuses of ours, each once however often it is written, and have them sent."""
    rows = [
        {
            "agency_id": one.agency_id, "arrival_id": one.arrival_id, "request_id": one.request_id,
            "code": one.said.code, "description": one.said.description, "staff_name": one.said.staff_name,
            "message_id": str(uuid.uuid4()), "sender_code": one.message.sender.organ_id,
            "message": messages.written(one.message),
        }
        for one in wanted
    ]  # fmt: skip
    if run(session, _REPORTS, {"rows": json.dumps(rows, ensure_ascii=False), "at": at}):
        announce(session, MessageKind.STATUS)
