"""The daily backup."""

from sqlalchemy.orm import Session

from eoffice.backup import service
from eoffice.core.jobs import Queue, periodic


@periodic("backup.make_due", seconds=3600, queue=Queue.HEAVY)
def make_due(session: Session) -> None:
    """Make today's sets; what fails is tried again an hour later."""
    if folders := service.due():
        service.make(session, folders)
