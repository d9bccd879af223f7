"""What becomes of documents that wait for a leader whose post ends; the caller's use case commits."""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.permissions import Actor
from eoffice.directory.models import Assignment, Role
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NoSuchLeader
from eoffice.incoming.states import State

HANDED_ON = audit.action("incoming.handed_on", _l("Put before another leader"))


def waiting_for(session: Session, post: Assignment) -> list[IncomingDocument]:
    """What waits for a leader's word."""
    query = sa.select(IncomingDocument).where(IncomingDocument.submitted_to_id == post.id)
    return list(
        session.scalars(query.where(IncomingDocument.state == State.SUBMITTED).order_by(IncomingDocument.id))
    )


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Put what waits for one leader's word before another. Raises NoSuchLeader."""
    for document in waiting_for(session, leaving):
        if to.role is not Role.LEADER:
            raise NoSuchLeader(field="to_id")
        document.submitted_to_id = to.id
        audit.record(session, actor, HANDED_ON, document, before=leaving.label, leader=to.label)
