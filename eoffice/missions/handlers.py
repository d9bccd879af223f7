"""What other features' events do to missions, in the publisher's transaction."""

from sqlalchemy.orm import Session

from eoffice.core.events import subscribe
from eoffice.core.permissions import system_actor
from eoffice.documents import queries as documents
from eoffice.documents.events import DocumentIssued, DocumentLeaves
from eoffice.documents.models import Document, LinkKind
from eoffice.gateway import queries as gateway
from eoffice.gateway.events import CopyDone
from eoffice.incoming.events import IncomingCorrected, IncomingRegistered, IncomingVoid
from eoffice.incoming.models import IncomingDocument
from eoffice.missions import operations, queries
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
    for mission in queries.open_for(session, event.document_id, event.recipient_code):
        operations.report(session, system_actor(mission.agency_id), mission, event.description)


@subscribe(IncomingRegistered)
def answered(session: Session, event: IncomingRegistered) -> None:
    """A letter in answer to the document is the report of whoever wrote it, once a clerk has looked at it."""
    reply = session.get_one(IncomingDocument, event.document_id)
    if not reply.issuer_code:
        return
    for target in documents.linked(session, system_actor(reply.agency_id), reply, LinkKind.REPLY):
        for mission in queries.open_for(session, target.id, reply.issuer_code):
            operations.report(session, system_actor(mission.agency_id), mission, _words(reply), reply)


@subscribe(IncomingCorrected)
def corrected(session: Session, event: IncomingCorrected) -> None:
    """It reports by the number that it has now, and for whoever wrote it."""
    reply = session.get_one(IncomingDocument, event.document_id)
    codes = gateway.codes(session, reply.issuer_code)
    for mission in queries.reported_by(session, reply):
        if mission.recipient_code in codes:
            mission.report = _words(reply)
        else:
            operations.report_void(session, system_actor(mission.agency_id), mission, _GONE)
    answered(session, IncomingRegistered(reply.id))


@subscribe(IncomingVoid)
def unanswered(session: Session, event: IncomingVoid) -> None:
    """What a letter reported counts no more when that does not."""
    reply = session.get_one(IncomingDocument, event.document_id)
    for mission in queries.reported_by(session, reply):
        operations.report_void(session, system_actor(mission.agency_id), mission, _GONE)


#: in the log; the office's words, never translated
_GONE = "Văn bản báo cáo không còn giá trị ở đây"


def _words(reply: IncomingDocument) -> str:
    return f"Báo cáo bằng văn bản số {reply.code}"
