"""Rights on dossiers (Decree 30/2020, Articles 28 to 31; duties of the archive by the Law on Archives 2024).

`may_know` and `visible_to` say the same thing twice, for one object and as SQL; a test compares them.
"""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.directory.models import Assignment
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL
from eoffice.dossiers.models import Destruction, Dossier, DossierPlan, HandOver
from eoffice.dossiers.states import State

DOSSIER_WORK = permission("dossier:work", _l("Open dossiers, file documents, close them and hand them over"))
DOSSIER_PLAN = permission("dossier:plan", _l("Compile the yearly list of dossiers"))
DOSSIER_APPROVE = permission(
    "dossier:approve", _l("Approve the yearly list of dossiers and decide on destruction")
)
DOSSIER_ARCHIVE = permission(
    "dossier:archive", _l("Accept or return dossiers, hold them, propose and carry out destruction")
)
DOSSIER_CERTIFY = permission("dossier:certify", _l("Sign certificates of destruction with the agency's key"))

#: what the archive sees beside its own work
_AT_THE_ARCHIVE = (State.HANDED_OVER, State.ARCHIVED, State.DESTROYED)


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """The dossiers an actor may know of, as a condition."""
    own = Dossier.agency_id == actor.agency_id
    if actor.is_system or actor.can(DOCUMENT_READ_ALL):
        return own
    if not actor.can(DOCUMENT_READ):
        return sa.false()
    mine = sa.select(Assignment.id).where(Assignment.person_id == actor.person_id)
    ways = [Dossier.creator_id.in_(mine)]
    if actor.unit_ids:
        ways.append(Dossier.unit_id.in_(actor.unit_ids))
    if actor.can(DOSSIER_ARCHIVE):
        ways.append(Dossier.state.in_(_AT_THE_ARCHIVE))
    return sa.and_(own, sa.or_(*ways))


@knowledge_rule(Dossier)
def may_know(actor: Actor, _wanted: Permission, dossier: Dossier) -> bool:
    """Whether the actor may know that this dossier exists."""
    if dossier.agency_id != actor.agency_id:
        return False
    if actor.is_system or actor.can(DOCUMENT_READ_ALL):
        return True
    if not actor.can(DOCUMENT_READ):
        return False
    mine = dossier.creator.person_id == actor.person_id or dossier.unit_id in actor.unit_ids
    return mine or (actor.can(DOSSIER_ARCHIVE) and dossier.state in _AT_THE_ARCHIVE)


@object_rule(Dossier)
def may(actor: Actor, wanted: Permission, dossier: Dossier) -> bool:
    """Work is the creator's and his unit head's; the archive's steps are the archive's."""
    if dossier.agency_id != actor.agency_id:
        return False
    if wanted == DOSSIER_WORK:
        return dossier.creator.person_id == actor.person_id or dossier.unit_id in actor.headed_unit_ids
    return True


@object_rule(DossierPlan)
@object_rule(HandOver)
@object_rule(Destruction)
def may_of_agency(actor: Actor, _wanted: Permission, obj: DossierPlan | HandOver | Destruction) -> bool:
    """Lists and minutes belong to their agency."""
    return obj.agency_id == actor.agency_id
