"""What other features tell outgoing documents."""

from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.events import subscribe
from eoffice.gateway.events import DocumentRecalled, SourceRecalled
from eoffice.outgoing import copying
from eoffice.outgoing.models import OutgoingDocument


@subscribe(DocumentRecalled)
def mark_recalled(session: Session, event: DocumentRecalled) -> None:
    """It says so itself, wherever it is listed; what was forwarded is no document of ours."""
    document = session.get(OutgoingDocument, event.document_id)
    if document is not None:
        document.recalled_at = clock.now()


@subscribe(SourceRecalled)
def stop_copy(session: Session, event: SourceRecalled) -> None:
    """A copy of what was recalled is not made, or not issued."""
    copying.source_recalled(session, session.get_one(OutgoingDocument, event.copy_id), event.reason)
