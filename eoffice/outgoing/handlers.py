"""What other features tell outgoing documents."""

from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.events import subscribe
from eoffice.core.permissions import system_actor
from eoffice.gateway.events import ChangeAsked, DocumentRecalled, SourceRecalled
from eoffice.gateway.models import Arrival, Request
from eoffice.outgoing import copying, operations, queries
from eoffice.outgoing.models import OutgoingDocument


@subscribe(DocumentRecalled)
def mark_recalled(session: Session, event: DocumentRecalled) -> None:
    """It says so itself, wherever it is listed; what was forwarded is no document of ours."""
    document = session.get(OutgoingDocument, event.document_id)
    if document is not None:
        document.recalled_at = clock.now()


@subscribe(ChangeAsked)
def tell_answers(session: Session, event: ChangeAsked) -> None:
    """Whoever drafts, approves or signs an answer reads what became of the document it answers."""
    request = session.get_one(Request, event.request_id)
    arrival = session.get_one(Arrival, request.arrival_id)
    for draft in queries.open_answers(session, arrival.document_id) if arrival.document_id else ():
        audit.record(
            session, system_actor(draft.agency_id), operations.ANSWERED_CHANGED, draft,
            kind=request.kind, reason=request.reason,
        )  # fmt: skip


@subscribe(SourceRecalled)
def stop_copy(session: Session, event: SourceRecalled) -> None:
    """A copy of what was recalled is not made, or not issued."""
    copying.source_recalled(session, session.get_one(OutgoingDocument, event.copy_id), event.reason)
