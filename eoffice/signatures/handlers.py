"""What other features tell about documents that were signed."""

from sqlalchemy.orm import Session

from eoffice.core.events import subscribe
from eoffice.documents.events import DocumentIssued
from eoffice.documents.models import Document
from eoffice.signatures import archives


@subscribe(DocumentIssued)
def archive(session: Session, event: DocumentIssued) -> None:
    """An agency that signs for the archive gets its copy without asking."""
    archives.begin(session, session.get_one(Document, event.document_id))
