"""The directory is known to everyone signed in; only administrators change it."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.directory.models import Agency, Assignment, Delegation, Person, Unit

DIRECTORY_READ = permission("directory:read", _l("See agencies, units and people"))
DIRECTORY_MANAGE = permission("directory:manage", _l("Change agencies, units, people and their posts"))

DIRECTORY_OUTSIDE = permission(
    "directory:outside", _l("Enter and change agencies outside this installation, for everybody in it")
)

DIRECTORY_MERGE = permission("directory:merge", _l("Merge agencies of this installation"))

DIRECTORY_PROVINCE = permission(
    "directory:province", _l("Keep roles for every agency, and the accounts of people with posts in several")
)

DIRECTORY_DELEGATE = permission("directory:delegate", _l("Let somebody sign in one's stead, or end that"))


@knowledge_rule(Agency)
@knowledge_rule(Person)
def anyone(_actor: Actor, _wanted: Permission, _obj: object) -> bool:
    """Agencies and people are public within the administration."""
    return True


@object_rule(Agency)
def may_agency(actor: Actor, wanted: Permission, agency: Agency) -> bool:
    """Reading is open; an agency is changed by its own administrators."""
    return wanted == DIRECTORY_READ or actor.is_system or agency.id == actor.agency_id


@object_rule(Unit)
@object_rule(Assignment)
def may_inside(actor: Actor, _wanted: Permission, obj: Unit | Assignment) -> bool:
    """Units and posts belong to their agency."""
    return actor.is_system or obj.agency_id == actor.agency_id


@object_rule(Delegation)
def may_delegation(actor: Actor, _wanted: Permission, one: Delegation) -> bool:
    """Who gave it ends it."""
    return actor.agency_id == one.agency_id and actor.person_id == one.by.person_id
