"""What other features tell outgoing documents."""

from sqlalchemy.orm import Session

from eoffice.core.events import subscribe
from eoffice.gateway.events import SourceRecalled
from eoffice.outgoing import copying
from eoffice.outgoing.models import OutgoingDocument


@subscribe(SourceRecalled)
def stop_copy(session: Session, event: SourceRecalled) -> None:
    """A copy of what was recalled is not made, or not issued."""
    copying.source_recalled(session, session.get_one(OutgoingDocument, event.copy_id), event.reason)
