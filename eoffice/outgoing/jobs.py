"""What is done to outgoing documents by the clock."""

from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.jobs import periodic
from eoffice.core.permissions import system_actor
from eoffice.outgoing import succession


@periodic("outgoing.send_back_over", seconds=60)
def send_back_over(session: Session) -> None:
    """Send back what nobody can sign any more, since the authority for it has ended (Article 13.4)."""
    with transaction(session):
        waiting = succession.over(session)
    for document_id in waiting:  # each by itself: one that somebody changes just now keeps no other waiting
        with transaction(session):
            succession.send_back_over(session, system_actor(), document_id)
