"""What was fetched becomes rows, many packets in one transaction: the packet, an arrival at every agency of ours
it names, and 01 for each. What the features above make of it is a job's affair, so that an acknowledgement never
waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import Blob, blobs
from eoffice.core.db import transaction
from eoffice.gateway import arrivals, aside, queries, statuses
from eoffice.gateway.contents import ArrivalContent, content_of
from eoffice.gateway.models import Packet, PacketState
from exchange.answers import Waiting
from exchange.errors import ExchangeError, Unreadable
from exchange.model import DocumentMessage, Message, StatusMessage
from exchange.parse import salvage

log = structlog.get_logger(__name__)

NOBODY = Unreadable(
    "Không nơi nhận nào thuộc hệ thống này",
    "No recipient is an agency of this system",
    path="/MessageHeader/To",
)


@dataclass(frozen=True)
class Fetched:
    """A packet whose bytes, and those of its files, are in the store: the message, or why it is none."""

    offered: Waiting
    blob: Blob
    message: Message | None = None
    error: ExchangeError | None = None


def store(session: Session, fetched: Sequence[Fetched]) -> list[Packet]:
    """Store packets, in their order; those that are here already change nothing. Returns the row of each."""
    prepared = [(one, *_read(one)) for one in fetched]
    with transaction(session):
        made = session.scalars(
            insert(Packet).on_conflict_do_nothing().returning(Packet.hub_id),
            [_values(one, fields) for one, fields, _ in prepared],
        )
        new = set(made)
        wanted = [one.offered.doc_id for one in fetched]
        rows = {
            row.hub_id: row for row in session.scalars(sa.select(Packet).where(Packet.hub_id.in_(wanted)))
        }
        documents = []
        for one, _, content in prepared:
            packet = rows[one.offered.doc_id]
            if packet.hub_id not in new:
                continue
            if one.error is not None:
                _put_aside(session, packet, one.error)
            elif isinstance(one.message, StatusMessage):
                _take_status(session, packet, one.message)
            elif isinstance(one.message, DocumentMessage) and content is not None:
                documents.append(
                    arrivals.Arrived(
                        packet,
                        content,
                        _written(one.message),
                        frozenset(one.offered.recipients),
                        one.offered.addressed,
                    )
                )
        for lost in arrivals.store(session, documents):
            # Acknowledged as done it would be lost: the axis, and so the sender, must hear of it.
            aside.put_aside(session, lost, NOBODY, [])
            log.error("packet for nobody here", axis_id=lost.hub_id, addressed=lost.addressed)
    return [rows[doc_id] for doc_id in wanted]


def _written(message: DocumentMessage) -> frozenset[str]:
    """The codes in its own header, which may be old ones."""
    return frozenset(recipient.organ_id for recipient in message.recipients)


def _read(one: Fetched) -> tuple[dict[str, object], ArrivalContent | None]:
    """The columns that depend on what kind of packet it is, and what a document says."""
    if isinstance(one.message, StatusMessage):
        about = one.message.response_for.document_id[:150]
        sender = one.message.sender.organ_id[:35]
        said = statuses.content_of(one.message)
        return {"sender_code": sender, "document_uid": about, "content": said}, None
    addressed = set(one.offered.recipients)
    message: Message | None = one.message
    if one.error is not None:
        with blobs().open(one.blob.sha256) as source:
            message = salvage(source)
    if not isinstance(message, DocumentMessage):
        return {"addressed": sorted(addressed - {""})}, None
    content = content_of(message)
    fields: dict[str, object] = {
        "document_uid": content.document_uid, "content": content.to_json(),
        "addressed": sorted((addressed | _written(message)) - {""}),
    }  # fmt: skip
    if one.error is None:
        fields |= {"sender_code": content.sender_code, "business": message.business.kind.name.lower()}
    return fields, content


def _values(one: Fetched, fields: dict[str, object]) -> dict[str, object]:
    return {
        "hub_id": one.offered.doc_id, "message_type": one.offered.kind.value,
        "sender_code": one.offered.sender[:35], "document_uid": "", "business": "new",
        "sha256": one.blob.sha256, "size": one.blob.size, "content": {},
        "state": PacketState.STORED, "error": "", "error_en": "",
        "addressed": list(one.offered.recipients), "received_at": clock.now(), **fields,
    }  # fmt: skip


def _put_aside(session: Session, packet: Packet, error: ExchangeError) -> None:
    """A packet that cannot be read: its bytes stay here in sight, and the axis keeps its own."""
    log.error("packet damaged", axis_id=packet.hub_id, error=error.en)
    aside.put_aside(session, packet, error, queries.hosted_under(session, packet.addressed))


def _take_status(session: Session, packet: Packet, message: StatusMessage) -> None:
    if statuses.take(session, packet, message):
        return
    packet.error = "Trạng thái không nói về văn bản nào của hệ thống này"
    packet.error_en = f"no document of ours: {packet.document_uid} {message.response_for.code}"
    log.warning("status for an unknown document", axis_id=packet.hub_id, document=packet.document_uid)
