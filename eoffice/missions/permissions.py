"""Rights on missions."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.documents.permissions import DOCUMENT_READ_ALL, may_know
from eoffice.missions.models import Mission
from eoffice.outgoing.models import OutgoingDocument

MISSION_GIVE = permission("mission:give", _l("Say who has to do what a document asks, and see to its end"))
MISSION_WORK = permission("mission:work", _l("Report what a document asks of one's unit"))


@knowledge_rule(Mission)
def may_know_mission(actor: Actor, wanted: Permission, mission: Mission) -> bool:
    """A mission is known to those who know its document."""
    return may_know(actor, wanted, mission.document)


@object_rule(Mission)
def may(actor: Actor, wanted: Permission, mission: Mission) -> bool:
    """A unit's mission is its head's to report; who gave it and those who answer for the document see to its end, but
    nobody accepts his own report."""
    own = mission.unit_id in actor.headed_unit_ids
    if wanted == MISSION_WORK:
        return own
    his = mission.given_by.person_id == actor.person_id or answers_for(actor, mission.document)
    return wanted == MISSION_GIVE and not own and his


def answers_for(actor: Actor, document: OutgoingDocument) -> bool:
    """Drafter, signer and head of the drafting unit, and whoever sees the agency as a whole."""
    if document.agency_id not in actor.houses:
        return False
    people = {document.drafter.person_id, document.signer.person_id}
    return (
        actor.person_id in people or document.unit_id in actor.headed_unit_ids or actor.can(DOCUMENT_READ_ALL)
    )
