"""What becomes of documents when a leader's post ends or the agency is merged; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.permissions import Actor
from eoffice.directions import succession as directions
from eoffice.directory.models import Agency, Assignment, Role
from eoffice.directory.takers import Takers
from eoffice.documents import succession as documents
from eoffice.incoming.models import Envelope, IncomingDocument
from eoffice.incoming.operations import NoSuchLeader
from eoffice.incoming.states import OPEN, State
from eoffice.signatures import succession as signatures

HANDED_ON = audit.action("incoming.handed_on", _l("Put before another leader"))
READDRESSED = audit.action("incoming.envelope_readdressed", _l("Sealed envelope is for a successor"))


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


def envelopes_of(session: Session, post: Assignment) -> list[Envelope]:
    """Sealed envelopes for a post that lie with the clerk still."""
    query = sa.select(Envelope).where(Envelope.to_id == post.id, Envelope.with_clerk())
    return list(session.scalars(query.order_by(Envelope.id)))


def readdress(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Let a successor take over the envelopes that wait for a post."""
    for envelope in envelopes_of(session, leaving):
        envelope.to_id = to.id
        session.flush()
        session.refresh(envelope, ["to"])
        audit.record(
            session,
            actor,
            READDRESSED,
            envelope,
            number=envelope.number,
            before=leaving.label,
            named=[to.label],
        )


def move_envelopes(session: Session, actor: Actor, agency: Agency, takers: Takers) -> int:
    """Put the envelopes that wait at an agency into the hands of who follows. Returns how many.

    They stay in the register they were entered in, under their numbers; its keeper hands them over. Raises
    NobodyFollows.
    """
    waiting = sa.select(Envelope.to_id, sa.func.count()).where(
        Envelope.agency_id == agency.id, Envelope.with_clerk()
    )
    found = session.execute(waiting.group_by(Envelope.to_id).order_by(Envelope.to_id)).all()
    for post_id, _count in found:
        with takers.trying():
            readdress(session, actor, session.get_one(Assignment, post_id), takers.post(post_id))
    return sum(count for _post_id, count in found)


def move(session: Session, actor: Actor, agency: Agency, to: Agency, takers: Takers) -> int:
    """Put what still asks something of somebody under the agency that follows; what is done stays. Returns how many.

    Where several follow, under that of who leads it, else of the leader before whom it lies, else `to`. Numbers stay
    those of the closed register. Raises NobodyFollows, NotHere.
    """
    query = sa.select(IncomingDocument.id).where(
        IncomingDocument.agency_id == agency.id, IncomingDocument.state.in_(OPEN)
    )
    ids = session.scalars(query.order_by(IncomingDocument.id)).all()
    for home_id, part in _homes(session, ids, to, takers).items():
        home = session.get_one(Agency, home_id)
        _move(session, actor, part, home, takers.within(home))
    return len(ids)


def _homes(session: Session, ids: Sequence[int], to: Agency, takers: Takers) -> dict[int, list[int]]:
    leads = directions.homes(session, ids, takers)
    before = sa.select(IncomingDocument.id, IncomingDocument.submitted_to_id).where(
        IncomingDocument.id.in_(ids)
    )
    found: dict[int, list[int]] = {}
    for document_id, leader_id in session.execute(before.order_by(IncomingDocument.id)):
        home = leads.get(document_id) or takers.home(post_id=leader_id) or to.id
        found.setdefault(home, []).append(document_id)
    return found


def _move(session: Session, actor: Actor, ids: Sequence[int], to: Agency, takers: Takers) -> None:
    row = IncomingDocument.__table__
    session.execute(sa.update(row).where(row.c.id.in_(ids)).values(agency_id=to.id))  # type: ignore[arg-type]  # a table
    documents.move(session, actor, ids, to, takers.unit_ids)
    signatures.move(session, ids, to)
    directions.move(session, actor, ids, to, takers)
    waiting = sa.select(IncomingDocument).where(
        IncomingDocument.id.in_(ids), IncomingDocument.submitted_to_id.is_not(None)
    )
    for document in session.scalars(waiting):
        with takers.trying():
            document.submitted_to_id = takers.leader(document.submitted_to_id or 0).id
            document.prepared = None
