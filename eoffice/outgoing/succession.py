"""What becomes of drafts when their drafter's or signer's post ends, or the agency is merged.

The caller's use case commits.
"""

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit, clock
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor, Permission
from eoffice.directory.models import Agency, Assignment, Delegation, Unit
from eoffice.directory.takers import Takers
from eoffice.documents import operations as documents
from eoffice.documents import succession
from eoffice.outgoing import choosing, operations
from eoffice.outgoing.choosing import SignerLeft
from eoffice.outgoing.models import Consultation, OutgoingDocument, Remark
from eoffice.outgoing.permissions import OUTGOING_COPY, OUTGOING_DRAFT
from eoffice.outgoing.states import OPEN, State
from eoffice.outgoing.workflow import Move
from eoffice.signatures import succession as signatures

HANDED_ON = audit.action("outgoing.handed_on", _l("Draft handed on to a successor"))

#: states in which a draft still needs the one who signs
_UNSIGNED = (State.DRAFT, State.APPROVAL, State.FORM_CHECK, State.SIGNATURE)
#: what the drafter reads where the one who was to sign has left; the log keeps it, so it is not translated
SIGNER_LEFT = "Người ký thôi giữ chức vụ; chọn người ký khác rồi trình lại"


#: and where the authority ended under which it was to be signed
AUTHORITY_OVER = "Thẩm quyền ký thay của người ký đã hết; chọn người ký khác rồi trình lại"
#: what the drafter reads after a merger: letterhead, notation and signer are the other agency's now
MERGED = "Cơ quan đã hợp nhất vào %s; soạn lại theo thể thức của cơ quan mới rồi trình lại"
#: states in which a document is signed and not issued: it is the old agency's, and must be finished there
_HALF_ISSUED = (State.NUMBERING, State.SEALING, State.ISSUING)


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


def open_in(session: Session, unit: Unit) -> int:
    """How many drafts of a unit are not issued yet."""
    return len(_open(session, OutgoingDocument.unit_id == unit.id, OPEN))


def for_head_of(session: Session, unit: Unit) -> int:
    """How many drafts of a unit wait for its head's approval."""
    return len(_open(session, OutgoingDocument.unit_id == unit.id, (State.APPROVAL,)))


def needed(session: Session, post: Assignment) -> set[Permission]:
    """What the role of a successor must allow."""
    return {_needed_for(document) for document in drafts_of(session, post)}


def _needed_for(document: OutgoingDocument) -> Permission:
    return OUTGOING_COPY if document.copied_to else OUTGOING_DRAFT


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Give the open drafts of a post to another one; opinions asked of it are no longer waited for.

    Raises NoDrafter.
    """
    for document in drafts_of(session, leaving):
        if _needed_for(document) not in accounts.of(to):
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
        operations.disapprove(document)
        operations.move(session, actor, document, State.SENT_BACK, Move.SEND_BACK, SIGNER_LEFT)
    asked = OutgoingDocument.signer_id == leaving.id
    _ask_again(session, actor, asked, SIGNER_LEFT)


def over(session: Session) -> Sequence[int]:
    """What waits for a signature, or a copy to be allowed, of somebody whose post or authority has ended; by id."""
    query = (
        sa.select(OutgoingDocument.id)
        .join(Assignment, OutgoingDocument.signer_id == Assignment.id)
        .outerjoin(Delegation, OutgoingDocument.delegation_id == Delegation.id)
        .where(
            # as the index is written
            sa.text("outgoing_document.state IN ('signature', 'permission')"),
            sa.or_(
                Assignment.valid_to < clock.today(),
                sa.func.coalesce(Delegation.revoked_at, Delegation.ends_at) <= clock.now(),
            ),
        )
    )
    return session.scalars(query.order_by(OutgoingDocument.id)).all()


def send_back_over(session: Session, actor: Actor, document_id: int) -> bool:
    """Send one of them back: nobody can sign it any more, and who was to sign may see it no more. A copy that was to be
    allowed so is refused. Returns whether it still had to be; one that somebody holds waits for the next time."""
    query = sa.select(OutgoingDocument).where(OutgoingDocument.id == document_id)
    held = query.with_for_update(of=OutgoingDocument, skip_locked=True)
    document = session.scalar(held.execution_options(populate_existing=True))
    waits = document is not None and document.state in (State.SIGNATURE, State.PERMISSION)
    why = choosing.ended(document) if document is not None and waits else None
    if document is None or why is None:
        return False
    reason = document.reason = SIGNER_LEFT if isinstance(why, SignerLeft) else AUTHORITY_OVER
    if document.state is State.PERMISSION:
        operations.move(session, actor, document, State.REFUSED, Move.REFUSE, reason)
    else:
        operations.disapprove(document)
        operations.move(session, actor, document, State.SENT_BACK, Move.SEND_BACK, reason)
    return True


def _ask_again(session: Session, actor: Actor, whose: sa.ColumnElement[bool], reason: str) -> None:
    """Nobody is left who could allow these copies as they were asked for."""
    for copy in _open(session, whose, (State.PERMISSION,)):
        copy.reason = reason
        operations.move(session, actor, copy, State.REFUSED, Move.REFUSE, reason)


def half_issued(session: Session, agency: Agency) -> list[tuple[str, int]]:
    """Who has documents of an agency that are signed and not issued, by unit or else by drafter, and how many."""
    half = sa.select(OutgoingDocument).where(OutgoingDocument.state.in_(_HALF_ISSUED))
    found = session.scalars(half.where(OutgoingDocument.agency_id == agency.id).order_by(OutgoingDocument.id))
    counts = Counter(one.unit.name if one.unit else one.drafter.label for one in found)
    return list(counts.items())


def move(session: Session, actor: Actor, agency: Agency, to: Agency, takers: Takers) -> int:
    """Put open drafts under the agency that follows, where several do that of who follows their drafter, and send
    them back to him. Returns how many. Raises NobodyFollows, NoDrafter.
    """
    _ask_again(session, actor, OutgoingDocument.agency_id == agency.id, MERGED % to.name)
    session.flush()
    query = sa.select(OutgoingDocument.id).where(
        OutgoingDocument.agency_id == agency.id, OutgoingDocument.state.in_(OPEN)
    )
    parts: dict[int, list[int]] = {}
    for document_id, drafter_id in session.execute(
        query.add_columns(OutgoingDocument.drafter_id).order_by(OutgoingDocument.id)
    ):
        parts.setdefault(takers.home(post_id=drafter_id) or to.id, []).append(document_id)
    for home_id, ids in parts.items():
        home = session.get_one(Agency, home_id)
        _move(session, actor, ids, home, takers.within(home))
    return sum(map(len, parts.values()))


def _move(session: Session, actor: Actor, ids: Sequence[int], to: Agency, takers: Takers) -> None:
    asked = sa.update(Consultation).where(Consultation.document_id.in_(ids))
    session.execute(asked.where(Consultation.answered_at.is_(None)).values(withdrawn_at=clock.now()))
    session.execute(asked.values(agency_id=to.id))
    session.execute(sa.update(Remark).where(Remark.document_id.in_(ids)).values(agency_id=to.id))
    row = OutgoingDocument.__table__
    session.execute(sa.update(row).where(row.c.id.in_(ids)).values(agency_id=to.id))  # type: ignore[arg-type]  # a table
    succession.move(session, actor, ids, to, takers.unit_ids)
    signatures.move(session, ids, to)
    for document in session.scalars(sa.select(OutgoingDocument).where(OutgoingDocument.id.in_(ids))):
        with takers.trying():
            _start_again(session, actor, document, to, takers)


def _start_again(
    session: Session, actor: Actor, document: OutgoingDocument, to: Agency, takers: Takers
) -> None:
    drafter, before = takers.post(document.drafter_id), document.drafter.label
    if OUTGOING_DRAFT not in accounts.of(drafter):
        raise NoDrafter(name=drafter.label, field="to_id")
    document.drafter_id = drafter.id
    keeps = document.unit_id is not None and not takers.elsewhere(unit_id=document.unit_id)
    document.unit_id = takers.unit(document.unit_id or 0) if keeps else drafter.unit_id
    document.signer_id, document.delegation_id = takers.leader(document.signer_id).id, None
    document.issuer_name, document.issuer_code = to.name, to.code
    document.body_id = None  # it was a body of the agency that ends
    document.authority = ""  # its page bears the head that was: see service.OldHead
    document.approved_at = document.form_checked_at = document.signed_at = None
    document.approved_by = document.form_checked_by = ""
    document.reason = MERGED % to.name
    documents.give_access(session, actor, document, person_ids=[drafter.person_id])
    audit.record(session, actor, HANDED_ON, document, before=before, named=[drafter.label])
    if document.state is not State.SENT_BACK:
        operations.move(session, actor, document, State.SENT_BACK, Move.SEND_BACK, document.reason)
