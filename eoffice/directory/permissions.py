"""The directory is known to everyone signed in; only administrators change it."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.directory.models import Agency, Assignment, Person, Unit

DIRECTORY_READ = permission("directory:read", _l("See agencies, units and people"))
DIRECTORY_MANAGE = permission("directory:manage", _l("Change agencies, units, people and their posts"))


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
