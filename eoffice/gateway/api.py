"""The exchange for other systems: copies asked back, and packets that could not be read."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import queries as documents
from eoffice.gateway import queries, service
from eoffice.gateway.models import Unreadable
from eoffice.gateway.permissions import GATEWAY_FOLLOW, GATEWAY_RECALL, GATEWAY_RESEND, GATEWAY_UNREADABLE

bp = Blueprint("gateway_api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True)
class Why:
    """The recipient reads it."""

    reason: str


@dataclass(frozen=True)
class Asked:
    """What was asked of one copy, and the answer."""

    kind: str
    reason: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None
    note: str


@dataclass(frozen=True)
class Copy:
    """One recipient's newest copy."""

    id: int
    recipient_code: str
    recipient_name: str
    hop: str
    note: str
    asked: list[Asked]


@dataclass(frozen=True)
class Copies:
    """Where the copies of an issued document are."""

    document_id: int
    copies: list[Copy]


@dataclass(frozen=True)
class Packet:
    """A packet put aside: whose it is and what is wrong; what it says only for the agency it is for."""

    id: int
    axis_id: str
    sender_code: str
    document_uid: str
    received_at: datetime
    error: str
    error_en: str
    addressed: list[str]
    settled_at: datetime | None
    settled_by: str
    note: str


@dataclass(frozen=True)
class Packets:
    """Some of them and the mark of the next page."""

    packets: list[Packet]
    next: str | None


@dataclass(frozen=True)
class Settling:
    """What was done about it."""

    note: str


def _copies(document_id: int) -> ResponseReturnValue:
    document = documents.one(db(), current_actor(), document_id)
    found = [
        Copy(
            copy.id, copy.recipient_code, copy.recipient_name, copy.hop, copy.note,
            [Asked(**{name: getattr(one, name) for name in Asked.__dataclass_fields__}) for one in copy.requests],
        )
        for copy in queries.deliveries_of(db(), document)
    ]  # fmt: skip
    return answer(Copies(document_id, found))


@bp.get("/outgoing/<int:document_id>/copies")
@needs(GATEWAY_FOLLOW)
@documented("Every recipient's copy of an issued document, with what was asked of it", response=Copies)
def copies(document_id: int) -> ResponseReturnValue:
    """Answer the copies."""
    return _copies(document_id)


@bp.post("/outgoing/<int:document_id>/resend")
@needs(GATEWAY_RESEND)
@documented("Send again what failed, was returned or could not be read", response=Copies)
def resend(document_id: int) -> ResponseReturnValue:
    """Send again."""
    service.resend(db(), current_actor(), document_id)
    return _copies(document_id)


@bp.post("/outgoing/<int:document_id>/recall")
@needs(GATEWAY_RECALL)
@documented("Recall an issued document: every recipient must destroy it", request=Why, response=Copies)
def recall(document_id: int) -> ResponseReturnValue:
    """Tell every recipient."""
    service.recall(db(), current_actor(), document_id, body(Why).reason)
    return _copies(document_id)


@bp.post("/outgoing/<int:document_id>/copies/<int:copy_id>/take-back")
@needs(GATEWAY_RECALL)
@documented("Ask one recipient to give its copy back", request=Why, response=Copies)
def take_back(document_id: int, copy_id: int) -> ResponseReturnValue:
    """Ask this one."""
    service.take_back(db(), current_actor(), document_id, copy_id, body(Why).reason)
    return _copies(document_id)


@bp.get("/incoming/<int:document_id>/copies")
@needs(GATEWAY_FOLLOW)
@documented("Copies of a document that was passed on, with what was asked of each", response=Copies)
def onward_copies(document_id: int) -> ResponseReturnValue:
    """Answer the copies."""
    return _copies(document_id)


@bp.post("/incoming/<int:document_id>/recall")
@needs(GATEWAY_RECALL)
@documented("Take what was passed on back from every agency", request=Why, response=Copies)
def recall_onward(document_id: int) -> ResponseReturnValue:
    """Tell every one of them."""
    service.recall(db(), current_actor(), document_id, body(Why).reason)
    return _copies(document_id)


@bp.post("/incoming/<int:document_id>/copies/<int:copy_id>/take-back")
@needs(GATEWAY_RECALL)
@documented("Take what was passed on back from one agency", request=Why, response=Copies)
def take_back_onward(document_id: int, copy_id: int) -> ResponseReturnValue:
    """Ask this one."""
    service.take_back(db(), current_actor(), document_id, copy_id, body(Why).reason)
    return _copies(document_id)


def _packet(found: Unreadable) -> Packet:
    packet = found.packet
    return Packet(
        found.id, packet.hub_id, packet.sender_code, packet.document_uid, packet.received_at, packet.error,
        packet.error_en, packet.addressed, found.settled_at, found.settled_by, found.note,
    )  # fmt: skip


@bp.get("/packets")
@needs(GATEWAY_UNREADABLE)
@documented("Packets that could not be read, newest first; ?settled=1 for those that are done with, ?mark=",
            response=Packets)  # fmt: skip
def packets() -> ResponseReturnValue:
    """Answer one page."""
    settled, mark = request.args.get("settled") == "1", request.args.get("mark")
    page = queries.unreadable(db(), current_actor(), settled=settled, mark=mark)
    return answer(Packets([_packet(one) for one in page.rows], page.next))


@bp.get("/packets/<int:unreadable_id>")
@needs(GATEWAY_UNREADABLE)
@documented("One packet that could not be read", response=Packet)
def packet(unreadable_id: int) -> ResponseReturnValue:
    """Answer it."""
    return answer(_packet(queries.one_unreadable(db(), current_actor(), unreadable_id)))


@bp.post("/packets/<int:unreadable_id>/settle")
@needs(GATEWAY_UNREADABLE)
@documented("Say what was done about it", request=Settling, response=Packet)
def settle(unreadable_id: int) -> ResponseReturnValue:
    """Settle it."""
    service.settle(db(), current_actor(), unreadable_id, body(Settling).note)
    return answer(_packet(queries.one_unreadable(db(), current_actor(), unreadable_id)))
