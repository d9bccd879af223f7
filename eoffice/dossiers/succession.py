"""What becomes of a post's dossiers when the post ends; the caller's use case commits."""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import audit
from eoffice.core.permissions import Actor
from eoffice.directory.models import Assignment
from eoffice.dossiers.models import Dossier
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


def hand_on(session: Session, actor: Actor, leaving: Assignment, to: Assignment) -> None:
    """Put another post in charge of the dossiers that are not with the archive. Raises NoCreator."""
    for dossier in kept_by(session, leaving):
        if DOSSIER_WORK not in accounts.of(to.role):
            raise NoCreator(field="to_id")
        dossier.creator_id = to.id
        audit.record(session, actor, HANDED_ON, dossier, before=leaving.label, named=[to.label])
