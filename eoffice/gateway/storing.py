"""What was fetched becomes rows, many packets in one transaction: the packet, an arrival at every agency of ours
it names, and 01 for each. What the features above make of it is a job's affair, so that an acknowledgement never
waits for it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import structlog
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import Blob, blobs
from eoffice.core.db import run, transaction
from eoffice.gateway import arrivals, aside, queries, statuses
from eoffice.gateway.contents import ArrivalContent, content_of
from eoffice.gateway.models import Packet
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


_INSERT: LiteralString = """
INSERT INTO packet (hub_id, message_type, sender_code, document_uid, business, sha256, size, content, addressed,
    received_at, state, error, error_en)
SELECT hub_id, message_type, sender_code, document_uid, business, sha256, size, content, addressed,
    %(now)s, 'stored', '', ''
FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(hub_id text, message_type text, sender_code text, document_uid text,
    business text, sha256 text, size bigint, content jsonb, addressed jsonb)
ON CONFLICT DO NOTHING RETURNING id, hub_id
"""
_STORED: LiteralString = """
SELECT id, hub_id, sha256, CASE WHEN state = 'damaged' THEN error END AS damage
FROM packet WHERE hub_id = ANY(%(hub_ids)s)
"""


@dataclass(frozen=True)
class Stored:
    """A packet that has its row."""

    id: int
    hub_id: str
    sha256: str
    #: why nobody could read it, in Vietnamese
    damage: str | None


def stored(session: Session, hub_ids: Collection[str]) -> dict[str, Stored]:
    """Those of these packets that are here, by the axis's id."""
    rows = run(session, _STORED, {"hub_ids": list(hub_ids)})
    return {row.hub_id: Stored(row.id, row.hub_id, row.sha256, row.damage) for row in rows}


def store(session: Session, fetched: Sequence[Fetched]) -> list[Stored]:
    """Store packets, in their order; those that are here already change nothing. Returns the row of each."""
    prepared = [(one, *_read(one)) for one in fetched]
    rows = json.dumps([_columns(one, fields) for one, fields, _ in prepared], ensure_ascii=False)
    wanted = [one.offered.doc_id for one in fetched]
    with transaction(session):
        new = {row.hub_id: row.id for row in run(session, _INSERT, {"rows": rows, "now": clock.now()})}
        documents, said = list[arrivals.Arrived](), list[tuple[int, StatusMessage]]()
        for one, fields, content in prepared:
            packet_id = new.get(one.offered.doc_id)
            if packet_id is None:
                continue
            if one.error is not None:
                _put_aside(session, session.get_one(Packet, packet_id), one.error)
            elif isinstance(one.message, StatusMessage):
                said.append((packet_id, one.message))
            elif isinstance(one.message, DocumentMessage) and content is not None:
                documents.append(
                    arrivals.Arrived(
                        packet_id,
                        one.offered.doc_id,
                        fields["addressed"],
                        content,
                        _written(one.message),
                        frozenset(one.offered.recipients),
                        one.offered.addressed,
                    )
                )
        _take_statuses(session, said)
        lost = arrivals.store(session, documents)
        for left in lost:
            # Acknowledged as done it would be lost: the axis, and so the sender, must hear of it.
            aside.put_aside(session, session.get_one(Packet, left.packet_id), NOBODY, [])
            log.error("packet for nobody here", axis_id=left.hub_id, addressed=left.addressed)
        # all of them new and whole is the usual case, and then nothing is left to be asked
        whole = len(new) == len(fetched) and not lost and all(one.error is None for one in fetched)
        here = _whole(fetched, new) if whole else stored(session, wanted)
    return [here[doc_id] for doc_id in wanted]


def _whole(fetched: Sequence[Fetched], ids: Mapping[str, int]) -> dict[str, Stored]:
    names = [(one.offered.doc_id, one.blob.sha256) for one in fetched]
    return {doc_id: Stored(ids[doc_id], doc_id, sha256, None) for doc_id, sha256 in names}


def _written(message: DocumentMessage) -> frozenset[str]:
    """The codes in its own header, which may be old ones."""
    return frozenset(recipient.organ_id for recipient in message.recipients)


def _read(one: Fetched) -> tuple[dict[str, Any], ArrivalContent | None]:
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
    fields: dict[str, Any] = {
        "document_uid": content.document_uid, "content": content.to_json(),
        "addressed": sorted((addressed | _written(message)) - {""}),
    }  # fmt: skip
    if one.error is None:
        fields |= {"sender_code": content.sender_code, "business": message.business.kind.name.lower()}
    return fields, content


def _columns(one: Fetched, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hub_id": one.offered.doc_id, "message_type": one.offered.kind.value,
        "sender_code": one.offered.sender[:35], "document_uid": "", "business": "new",
        "sha256": one.blob.sha256, "size": one.blob.size, "content": {},
        "addressed": list(one.offered.recipients), **fields,
    }  # fmt: skip


def _put_aside(session: Session, packet: Packet, error: ExchangeError) -> None:
    """A packet that cannot be read: its bytes stay here in sight, and the axis keeps its own."""
    log.error("packet damaged", axis_id=packet.hub_id, error=error.en)
    aside.put_aside(session, packet, error, queries.hosted_under(session, packet.addressed))


def _take_statuses(session: Session, said: Sequence[tuple[int, StatusMessage]]) -> None:
    unknown = statuses.take(session, said) if said else set()
    for packet_id, message in said:
        if packet_id not in unknown:
            continue
        packet = session.get_one(Packet, packet_id)
        packet.error = "Trạng thái không nói về văn bản nào của hệ thống này"
        packet.error_en = f"no document of ours: {packet.document_uid} {message.response_for.code}"
        log.warning("status for an unknown document", axis_id=packet.hub_id, document=packet.document_uid)
