"""What becomes of dossiers when a post ends or an agency is merged; the caller's use case commits."""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import access, audit
from eoffice.core.permissions import Actor, Permission
from eoffice.directory.models import Agency, Assignment, Role, Unit
from eoffice.directory.takers import Takers
from eoffice.documents.models import Document
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.dossiers.models import (
    Destruction,
    DestructionItem,
    Dossier,
    DossierDocument,
    HandOver,
    LegalHold,
)
from eoffice.dossiers.operations import NoCreator
from eoffice.dossiers.permissions import DOSSIER_WORK
from eoffice.dossiers.states import State

HANDED_ON = audit.action("dossiers.handed_on", _l("Dossier handed on to a successor"))

#: what is not with the archive yet
_OPEN = (State.PLANNED, State.OPEN, State.CLOSED, State.RETURNED)


def kept_by(session: Session, post: Assignment) -> list[Dossier]:
    """Dossiers a post is in charge of."""
    query = sa.select(Dossier).where(Dossier.creator_id == post.id, Dossier.state.in_(_OPEN))
    return list(session.scalars(query.order_by(Dossier.id)))


def open_in(session: Session, unit: Unit) -> int:
    """How many dossiers of a unit are not with the archive."""
    query = sa.select(sa.func.count()).select_from(Dossier)
    return session.scalar(query.where(Dossier.unit_id == unit.id, Dossier.state.in_(_OPEN))) or 0


def needed(session: Session, post: Assignment) -> set[Permission]:
    """What the role of a successor must allow."""
    return {DOSSIER_WORK} if kept_by(session, post) else set()


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Put another post in charge of the dossiers that are not with the archive. Raises NoCreator."""
    for dossier in kept_by(session, leaving):
        if DOSSIER_WORK not in accounts.of(to):
            raise NoCreator(field="to_id")
        dossier.creator_id = to.id
        access.record(
            session, actor, HANDED_ON, dossier, [to.person_id], before=leaving.label, named=[to.label]
        )


def move(session: Session, actor: Actor, agency: Agency, to: Agency, takers: Takers) -> int:
    """Put every dossier of an agency under another one, its archive too; names, numbers and lists of dossiers stay.

    Those not with the archive get who follows in charge and, where several agencies follow, go to his; but one that
    holds finished documents goes where these are kept, or nobody in charge could read it. Returns how many. Raises
    NobodyFollows, NoCreator.
    """
    session.flush()
    count = sa.select(sa.func.count()).select_from(Dossier).where(Dossier.agency_id == agency.id)
    found = session.scalar(count) or 0
    working = sa.select(Dossier.id).where(Dossier.agency_id == agency.id, Dossier.state.in_(_OPEN))
    ids = session.scalars(working.order_by(Dossier.id)).all()
    finished = sa.select(DossierDocument.dossier_id).join(
        Document, Document.id == DossierDocument.document_id
    )
    kept = set(
        session.scalars(finished.where(DossierDocument.dossier_id.in_(ids), Document.agency_id == agency.id))
    )
    for table in (Dossier, DossierDocument, HandOver, LegalHold, Destruction, DestructionItem):
        session.execute(sa.update(table).where(table.agency_id == agency.id).values(agency_id=to.id))
    session.expire_all()
    for dossier in session.scalars(sa.select(Dossier).where(Dossier.id.in_(ids))):
        with takers.trying():
            _hand_over(session, actor, dossier, to if dossier.id in kept else None, takers)
    return found


def _hand_over(
    session: Session, actor: Actor, dossier: Dossier, kept_at: Agency | None, takers: Takers
) -> None:
    """`kept_at`: where the finished documents in it are kept, where it holds any."""
    creator, before = takers.post(dossier.creator_id), dossier.creator.label
    if kept_at is not None and creator.agency_id != kept_at.id:
        creator = _reader(takers.within(kept_at), dossier)
    if DOSSIER_WORK not in accounts.of(creator):
        raise NoCreator(field="to_id")
    here = takers.within(creator.agency)
    if dossier.unit_id is not None:
        gone = here.elsewhere(unit_id=dossier.unit_id)
        dossier.unit_id = creator.unit_id if gone else here.unit(dossier.unit_id)
    dossier.creator_id, dossier.agency_id = creator.id, creator.agency_id
    inside = sa.update(DossierDocument).where(DossierDocument.dossier_id == dossier.id)
    session.execute(inside.values(agency_id=creator.agency_id))
    audit.record(session, actor, HANDED_ON, dossier, before=before, named=[creator.label])


def _reader(here: Takers, dossier: Dossier) -> Assignment:
    """Who takes a dossier over where its keeper is followed elsewhere: the office, which reads all that is kept here.

    Raises NobodyFollows.
    """
    able = [post for post in here.new_posts if {DOSSIER_WORK, DOCUMENT_READ_ALL} <= accounts.of(post)]
    first = min(able, key=lambda post: (post.role is not Role.CHIEF_OF_OFFICE, post.id), default=None)
    return first if first is not None else here.post(dossier.creator_id)
