"""What other features' events do to missions, in the publisher's transaction."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from eoffice.core.events import subscribe
from eoffice.core.permissions import system_actor
from eoffice.documents import queries as documents
from eoffice.documents.events import DocumentIssued, DocumentLeaves
from eoffice.documents.models import Document, LinkKind
from eoffice.gateway.events import CopyDone
from eoffice.incoming.events import IncomingRegistered, IncomingStruck
from eoffice.incoming.models import IncomingDocument
from eoffice.missions import operations, queries
from eoffice.missions.models import Mission, State
from eoffice.outgoing.models import OutgoingDocument


@subscribe(DocumentLeaves)
def leaves(session: Session, event: DocumentLeaves) -> None:
    """What it asks goes along."""
    document = session.get_one(Document, event.document_id)
    if isinstance(document, OutgoingDocument):
        operations.leave(session, system_actor(document.agency_id), document)


@subscribe(DocumentIssued)
def issued(session: Session, event: DocumentIssued) -> None:
    """What the document asks is asked from now on."""
    document = session.get_one(Document, event.document_id)
    if isinstance(document, OutgoingDocument):
        operations.begin(session, system_actor(document.agency_id), document)


@subscribe(CopyDone)
def done_there(session: Session, event: CopyDone) -> None:
    """The recipient's office has finished with the document (status 06): that is its report."""
    for mission in queries.of_agency(session, event.document_id, event.recipient_code):
        operations.report(session, system_actor(mission.agency_id), mission, event.description)


@subscribe(IncomingRegistered)
def answered(session: Session, event: IncomingRegistered) -> None:
    """A letter in answer to the document is the report of whoever wrote it, once a clerk has looked at it."""
    reply = session.get_one(IncomingDocument, event.document_id)
    for mission in _answered_by(session, reply, State.OPEN):
        operations.report(session, system_actor(mission.agency_id), mission, _words(reply))


@subscribe(IncomingStruck)
def unanswered(session: Session, event: IncomingStruck) -> None:
    """What a letter reported counts no more when its registration is struck out."""
    reply = session.get_one(IncomingDocument, event.document_id)
    for mission in _answered_by(session, reply, State.REPORTED):
        if mission.report == _words(reply):
            actor = system_actor(mission.agency_id)
            operations.report_void(session, actor, mission, f"Hủy đăng ký văn bản số {reply.code}")


def _answered_by(session: Session, reply: IncomingDocument, state: State) -> Iterator[Mission]:
    """What the documents that a letter answers ask of its issuer, in this state."""
    if not reply.issuer_code:
        return
    for target in documents.linked(session, system_actor(reply.agency_id), reply, LinkKind.REPLY):
        yield from queries.of_agency(session, target.id, reply.issuer_code, state)


def _words(reply: IncomingDocument) -> str:
    return f"Báo cáo bằng văn bản số {reply.code}"
