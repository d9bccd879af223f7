"""What each role may do. Permissions are named, not imported: the features above own them.

The table follows spec of duties in Decree 30/2020: a clerk numbers and seals but never signs for a person, an
administrator manages and reads no content. A start-up check refuses names nobody declared.
"""

from collections.abc import Mapping

from eoffice.accounts.settings import KEEPER
from eoffice.core.config import settings
from eoffice.core.permissions import DECLARED, Permission
from eoffice.directory.models import Assignment, Role

_EVERYONE = "directory:read document:read search:use signature:verify"

ROLES: Mapping[Role, str] = {
    Role.CLERK: f"{_EVERYONE} document:read-all incoming:register incoming:return incoming:submit "
    "incoming:pass-on "
    "outgoing:check outgoing:copy outgoing:number outgoing:seal outgoing:issue outgoing:post "
    "gateway:follow gateway:resend register:close gateway:recall gateway:unreadable dossier:work dossier:certify "
    "recipients:share",
    Role.LEADER: f"{_EVERYONE} document:read-all reports:province direction:give direction:extend direction:remind "
    "mission:give outgoing:sign gateway:follow dossier:work dossier:approve directory:delegate access:confirm",
    Role.SECRETARY: f"{_EVERYONE} document:read-all direction:prepare direction:remind mission:give dossier:work",
    Role.CHIEF_OF_OFFICE: f"{_EVERYONE} document:read-all reports:province incoming:submit incoming:pass-on "
    "direction:assign direction:work direction:extend direction:remind mission:give mission:work "
    "outgoing:draft outgoing:approve outgoing:check "
    "outgoing:copy gateway:follow register:open dossier:work dossier:plan access:confirm "
    "envelope:keep",
    Role.UNIT_HEAD: f"{_EVERYONE} direction:assign direction:extend direction:remind direction:work "
    "mission:give mission:work outgoing:draft outgoing:approve outgoing:copy dossier:work",
    Role.SPECIALIST: f"{_EVERYONE} direction:work mission:give outgoing:draft outgoing:copy dossier:work",
    Role.ARCHIVIST: f"{_EVERYONE} dossier:archive",
    Role.ADMINISTRATOR: "directory:read directory:manage directory:outside directory:merge reports:province "
    "admin:access admin:health signature:keys gateway:unreadable gateway:watch trust:manage recipients:share",
}

#: one agency's people must not decide them for the others, or look at the others
_KEEPERS = frozenset(
    map(Permission, ("trust:manage", "directory:outside", "directory:merge", "reports:province"))
)


def of(role: Role) -> frozenset[Permission]:
    """The permissions of a role."""
    return frozenset(Permission(name) for name in ROLES[role].split())


def of_post(post: Assignment) -> frozenset[Permission]:
    """The permissions of a post: its role's, and signing while a delegation lets it sign in another's stead.

    What concerns every agency of the installation belongs to the administrators of its keeper alone.
    """
    found = of(post.role)
    if found & _KEEPERS and post.agency.code != settings().get(KEEPER):
        found -= _KEEPERS
    return found | {Permission("outgoing:sign")} if post.signs_for_another else found


#: what no absence lends: signatures and keys are personal or need a written delegation (Decree 30/2020,
#: Articles 13 and 32), and rights over rights stay where they are
_NEVER_LENT = (
    "outgoing:sign outgoing:seal register:close dossier:certify "
    "directory: admin: access: envelope: trust: signature:keys"
)


def lent(absent: Assignment) -> frozenset[Permission]:
    """What standing in for an absent post adds to one's own rights."""
    return frozenset(one for one in of(absent.role) if not one.startswith(tuple(_NEVER_LENT.split())))


def check() -> None:
    """Raise LookupError when a role names a permission that no feature declares."""
    named = {name for role in Role for name in of(role)}
    unknown = sorted(named - set(DECLARED))
    if unknown:
        raise LookupError(f"roles name undeclared permissions: {unknown}")
