"""What other features' events do to books, in the publisher's transaction."""

from sqlalchemy.orm import Session

from eoffice.core import jobs
from eoffice.core.events import subscribe
from eoffice.documents.events import RegisterEnded
from eoffice.documents.models import Register
from eoffice.reports import binding


@subscribe(RegisterEnded)
def ended(session: Session, event: RegisterEnded) -> None:
    """Have the book of a closed register set as its lines are now; one of the system before was bound there."""
    register = session.get_one(Register, event.register_id)
    if binding.volumes(register):
        binding.keep_lines(session, register)
        jobs.enqueue(session, "reports.bind", register_id=register.id)
