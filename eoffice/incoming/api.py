"""Incoming documents for other systems: the same use cases as the pages."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import BinaryIO, cast

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented, one_of
from eoffice.core.web import current_actor, db, needs
from eoffice.directions.operations import Named
from eoffice.documents import service as files
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming import correcting, passing, queries, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.passing import Onward
from eoffice.incoming.permissions import INCOMING_PASS_ON, INCOMING_REGISTER, INCOMING_RETURN, INCOMING_SUBMIT
from eoffice.incoming.queries import Filter, Tab

bp = Blueprint("incoming_api", __name__, url_prefix="/api/v1/incoming")


@dataclass(frozen=True)
class File:
    """One file; its bytes are at /files/<id>."""

    id: int
    name: str
    role: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class IncomingRow:
    """One row of the list."""

    id: int
    state: str
    source: str
    #: số đến, once given
    register_number: int | None
    #: whose register that is, where a merger moved the document; empty: the agency's own
    register_of: str
    code_number: str
    code_notation: str
    issued_on: date | None
    issuer_name: str
    issuer_code: str
    kind_code: str
    subject: str
    urgency: int
    arrived_at: datetime
    due_on: date | None
    #: hour of that day; None: its end
    due_time: time | None


@dataclass(frozen=True)
class Incoming(IncomingRow):
    """One incoming document."""

    files: list[File]


@dataclass(frozen=True)
class IncomingPage:
    """Some documents and the mark of the next page."""

    documents: list[IncomingRow]
    next: str | None


@dataclass(frozen=True)
class Correction:
    """The line as it should stand, and why it is corrected."""

    entry: NewIncoming
    reason: str


@dataclass(frozen=True)
class Reason:
    """Why it goes back, or its number is void."""

    reason: str


@dataclass(frozen=True)
class Leader:
    """Post of the leader it is submitted to."""

    assignment_id: int


@dataclass(frozen=True)
class PassOn:
    """Who gets it too: units and posts of the agency for information, other agencies by their codes."""

    named: list[Named] = field(default_factory=list)
    agencies: list[str] = field(default_factory=list)
    words: str = ""


def _row(document: IncomingDocument) -> IncomingRow:
    return IncomingRow(
        document.id, document.state, document.source, document.register_number, document.register_of,
        document.code_number, document.code_notation, document.issued_on, document.issuer_name, document.issuer_code,
        document.kind_code, document.subject, int(document.urgency), document.arrived_at, document.due_on,
        document.due_time,
    )  # fmt: skip


def _plain(document: IncomingDocument) -> Incoming:
    files = [File(f.id, f.name, f.role, f.media_type, f.size, f.sha256) for f in document.files]
    return Incoming(**vars(_row(document)), files=files)


@bp.get("")
@needs(DOCUMENT_READ)
@documented(
    "List incoming documents, newest arrival first",
    response=IncomingPage,
    query={"tab": ", ".join(Tab), "mark": "`next` of the page before"},
)
def index() -> ResponseReturnValue:
    """One page of a list."""
    wanted = Filter(tab=one_of(Tab, Tab.OPEN))
    page = queries.listing(db(), current_actor(), wanted, request.args.get("mark"))
    return answer(IncomingPage([_row(row) for row in page.rows], page.next))


@bp.post("")
@needs(INCOMING_REGISTER)
@documented(
    "Take in a scan (file) and register it (data)", request=NewIncoming, response=Incoming, multipart=True
)
def create() -> ResponseReturnValue:
    """Upload and register in one go."""
    upload = request.files.get("file")
    if upload is None:
        raise service.NoScan(field="file")
    actor, entry = current_actor(), body(NewIncoming)
    scan = service.take_in(db(), actor, cast("BinaryIO", upload.stream), upload.filename or "")
    attachments = [
        service.take_in(db(), actor, cast("BinaryIO", one.stream), one.filename or "", must_be_pdf=False)
        for one in request.files.getlist("attachments")
    ]
    document = service.register_scan(db(), actor, entry, scan, attachments)
    return answer(_plain(document), 201)


@bp.get("/<int:document_id>")
@needs(DOCUMENT_READ)
@documented("One incoming document with its files", response=Incoming)
def show(document_id: int) -> ResponseReturnValue:
    """One document."""
    document = queries.one(db(), current_actor(), document_id)
    files.seen(db(), current_actor(), document)
    return answer(_plain(document))


@bp.post("/<int:document_id>/register")
@needs(INCOMING_REGISTER)
@documented("Register a waiting document; số đến is given", request=NewIncoming, response=Incoming)
def register(document_id: int) -> ResponseReturnValue:
    """Enter it in the register."""
    return answer(_plain(service.register(db(), current_actor(), document_id, body(NewIncoming))))


@bp.post("/<int:document_id>/correct")
@needs(INCOMING_REGISTER)
@documented(
    "Correct what was entered at registration; the number stays", request=Correction, response=Incoming
)
def correct(document_id: int) -> ResponseReturnValue:
    """Put the line right."""
    sent = body(Correction)
    return answer(_plain(correcting.correct(db(), current_actor(), document_id, sent.entry, sent.reason)))


@bp.post("/<int:document_id>/strike")
@needs(INCOMING_REGISTER)
@documented("Make the number void; the document goes back to the clerk", request=Reason, response=Incoming)
def strike(document_id: int) -> ResponseReturnValue:
    """Strike the registration out."""
    return answer(_plain(correcting.strike(db(), current_actor(), document_id, body(Reason).reason)))


@bp.post("/<int:document_id>/return")
@needs(INCOMING_RETURN)
@documented("Return a document to its sender", request=Reason, response=Incoming)
def send_back(document_id: int) -> ResponseReturnValue:
    """Back to the sender."""
    done = service.return_document(db(), current_actor(), document_id, body(Reason).reason)
    return answer(_plain(done))


@bp.post("/<int:document_id>/submit")
@needs(INCOMING_SUBMIT)
@documented("Submit a registered document to a leader", request=Leader, response=Incoming)
def submit(document_id: int) -> ResponseReturnValue:
    """Before a leader."""
    done = service.submit(db(), current_actor(), document_id, body(Leader).assignment_id)
    return answer(_plain(done))


@bp.post("/<int:document_id>/pass-on")
@needs(INCOMING_PASS_ON)
@documented(
    "Pass a registered document on: inside for information, to other agencies as it came",
    request=PassOn,
    response=Incoming,
)
def pass_on(document_id: int) -> ResponseReturnValue:
    """Others get it too; what became of their copies is at /incoming/<id>/copies."""
    to = body(PassOn)
    onward = Onward(to.named, to.agencies, to.words)
    return answer(_plain(passing.pass_on(db(), current_actor(), document_id, onward)))
