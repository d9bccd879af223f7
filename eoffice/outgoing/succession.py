"""What becomes of the drafts of a post, and of those for its signature, when it ends; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor
from eoffice.directory.models import Assignment
from eoffice.documents import operations as documents
from eoffice.outgoing import operations
from eoffice.outgoing.models import Consultation, OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import OPEN, State
from eoffice.outgoing.workflow import Move

HANDED_ON = audit.action("outgoing.handed_on", _l("Draft handed on to a successor"))

#: states in which a draft still needs the one who signs
_UNSIGNED = (State.DRAFT, State.APPROVAL, State.FORM_CHECK, State.SIGNATURE)
#: what the drafter reads where the one who was to sign has left; the log keeps it, so it is not translated
SIGNER_LEFT = "Người ký thôi giữ chức vụ; chọn người ký khác rồi trình lại"


class NoDrafter(Invalid):
    """Who takes drafts over must be able to go on with them."""

    message = _l("%(name)s drafts nothing by role. Choose somebody who does.")


def drafts_of(session: Session, post: Assignment) -> Sequence[OutgoingDocument]:
    """Drafts of a post that are not issued yet."""
    return _open(session, OutgoingDocument.drafter_id == post.id, OPEN)


def for_signature_of(session: Session, post: Assignment) -> Sequence[OutgoingDocument]:
    """Drafts that a post is to sign and has not."""
    return _open(session, OutgoingDocument.signer_id == post.id, _UNSIGNED)


def _open(
    session: Session, whose: sa.ColumnElement[bool], states: Sequence[State]
) -> Sequence[OutgoingDocument]:
    query = sa.select(OutgoingDocument).where(whose, OutgoingDocument.state.in_(states))
    return session.scalars(query.order_by(OutgoingDocument.id)).all()


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Give the open drafts of a post to another one; opinions asked of it are no longer waited for.

    Raises NoDrafter.
    """
    for document in drafts_of(session, leaving):
        if OUTGOING_DRAFT not in accounts.of(to.role):
            raise NoDrafter(name=to.label, field="to_id")
        document.drafter_id = to.id
        documents.give_access(session, actor, document, person_ids=[to.person_id])
        audit.record(session, actor, HANDED_ON, document, before=leaving.label, named=[to.label])
    asked = (Consultation.asked_id == leaving.id, Consultation.answered_at.is_(None))
    for one in session.scalars(sa.select(Consultation).where(*asked, Consultation.withdrawn_at.is_(None))):
        one.withdrawn_at = clock.now()


def send_back_unsigned(session: Session, actor: Actor, leaving: Assignment) -> None:
    """Send back what waits for the signature of a post that ends: its name and title stand on the page."""
    for document in for_signature_of(session, leaving):
        document.reason = SIGNER_LEFT
        operations.move(session, actor, document, State.SENT_BACK, Move.SEND_BACK, SIGNER_LEFT)
