"""What other features tell the gateway."""

from sqlalchemy.orm import Session

from eoffice.core.events import subscribe
from eoffice.core.permissions import system_actor
from eoffice.documents.events import DocumentIssued
from eoffice.documents.models import Document
from eoffice.gateway import changes, operations


@subscribe(DocumentIssued)
def put_into_outbox(session: Session, event: DocumentIssued) -> None:
    """The outbox row is written in the issuing transaction: an issued document is always sent."""
    document = session.get_one(Document, event.document_id)
    actor = system_actor(document.agency_id)
    sent = operations.dispatch(session, actor, document)
    if sent is not None:
        changes.replace(session, actor, document, sent)
