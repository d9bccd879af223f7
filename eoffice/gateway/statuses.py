"""A status that came: what a recipient reports of our copy, or the sender asks of his."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.directory.models import Agency
from eoffice.documents.models import Direction, Document
from eoffice.gateway import changes, copies, queries
from eoffice.gateway.models import Arrival, Asked, Delivery, Packet
from exchange.model import ResponseFor, StatusCode, StatusMessage


def content_of(message: StatusMessage) -> dict[str, Any]:
    """What a status says, as kept with its packet."""
    return {
        "status_code": message.status_code,
        "description": message.description,
        "at": message.timestamp.isoformat() if message.timestamp else None,
        "staff": message.staff.name if message.staff else "",
    }


def take(session: Session, packet_id: int, message: StatusMessage) -> bool:
    """Note what a status in a new packet says; False when it is about no document of ours."""
    at = message.timestamp or clock.now()
    if message.status_code == StatusCode.TAKE_BACK:
        arrival = _arrival(session, message)
        if arrival is not None:
            changes.asked_of_us(session, arrival, Asked.TAKE_BACK, message.description, packet_id, at)
        return arrival is not None
    found = _copy(session, message)
    if found is None:
        return False
    copy, direction = found
    if not changes.answered(session, copy, message.status_code, message.description, at):
        kind = Document.class_of(direction)
        copies.take_status(session, copy, kind, message.status_code, message.description, at)
    return True


def _copy(session: Session, message: StatusMessage) -> tuple[Delivery, Direction] | None:
    """The newest copy of ours that a recipient speaks of, held: another status may come at the same moment."""
    target = message.response_for
    number, _, notation = target.code.partition("/")
    # what has no number yet has no id either
    by_id = sa.and_(
        Document.document_uid != "", sa.func.lower(Document.document_uid) == target.document_id.lower()
    )
    # ids are spelt in many ways; number, date and issuer are not
    written_to = queries.codes(session, target.organ_id)
    by_code = sa.and_(
        Document.code_number == number,
        Document.code_notation == notation,
        Document.issued_on == target.promulgated_on,
        Document.issuer_code.in_(written_to),
    )
    # a document may have gone to the same recipient twice: from its issuer, and from who passed it on
    ours = Delivery.agency_id.in_(
        sa.select(Agency.id).where(sa.or_(Agency.code.in_(written_to), Agency.old_code.in_(written_to)))
    )
    query = (
        sa.select(Delivery, Document.direction)
        .join(Document, Delivery.document_id == Document.id)
        .where(
            Delivery.recipient_code.in_(queries.codes(session, message.sender.organ_id)),
            sa.or_(by_id, by_code),
        )
        .order_by(ours.desc(), by_id.desc(), Delivery.id.desc())
        .with_for_update(of=Delivery)
    )
    found = session.execute(query.limit(1)).first()
    return (found[0], found[1]) if found else None


def _arrival(session: Session, message: StatusMessage) -> Arrival | None:
    """The copy at one of our agencies that its sender speaks of."""
    target = message.response_for
    agencies = queries.hosted_under(session, queries.codes(session, target.organ_id))
    query = (
        sa.select(Arrival)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id.in_([agency.id for agency in agencies]),
            Arrival.sender_code.in_(queries.codes(session, message.sender.organ_id)),
            Packet.business != "recall",
            sa.or_(sa.func.lower(Arrival.document_uid) == target.document_id.lower(), _says(target)),
        )
        .order_by(Arrival.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def _says(target: ResponseFor) -> sa.ColumnElement[bool]:
    """Number and date as the packet's own header has them."""
    number, _, notation = target.code.partition("/")
    day: date | None = target.promulgated_on
    return sa.and_(
        Packet.content["code_number"].astext == number,
        Packet.content["code_notation"].astext == notation,
        Packet.content["issued_on"].astext == (day.isoformat() if day else ""),
    )
