"""What each role may do. Permissions are named, not imported: the features above own them.

The standard roles follow the duties of Decree 30/2020: a clerk numbers and seals but never signs for a person, an
administrator manages and reads no content. An agency builds its own roles on them, within `choice`. A start-up check
refuses names nobody declared.
"""

from collections.abc import Iterable, Mapping

from eoffice.accounts.settings import KEEPER
from eoffice.core.config import settings
from eoffice.core.permissions import DECLARED, Permission
from eoffice.directory.models import Assignment, Role

_EVERYONE = "directory:read document:read search:use signature:verify"

#: what every agency has from the beginning
STANDARD: Mapping[Role, str] = {
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
    "admin:access admin:health signature:keys gateway:unreadable gateway:watch trust:manage recipients:share "
    "directory:province",
}

#: what one duty alone may do, whatever else its role allows: the law names who (Decree 30/2020, Articles 6, 13, 24
#: and 30), and nobody else has the queue for it
_BOUND: Mapping[Role, str] = {
    Role.LEADER: "direction:give outgoing:sign dossier:approve directory:delegate",
    Role.SECRETARY: "direction:prepare",
}
#: who signs does not seal (Article 32): the clerk is the second pair of eyes
_NOT_OF_LEADERS = "outgoing:number outgoing:seal register:close dossier:certify"
#: what is asked of every post of a duty, so that no queue is without somebody who may empty it; and an administrator
#: who may change nobody's post could give nothing back
_DUTY: Mapping[Role, str] = {
    Role.LEADER: f"{_EVERYONE} direction:give outgoing:sign access:confirm",
    Role.CHIEF_OF_OFFICE: f"{_EVERYONE} direction:assign direction:work outgoing:approve",
    Role.UNIT_HEAD: f"{_EVERYONE} direction:assign direction:work outgoing:approve",
    Role.ADMINISTRATOR: "directory:read directory:manage",
}

#: one agency's people must not decide them for the others, or look at the others
_KEEPERS = frozenset(
    map(
        Permission,
        ("trust:manage", "directory:outside", "directory:merge", "directory:province", "reports:province"),
    )
)


def _named(names: str) -> frozenset[Permission]:
    return frozenset(map(Permission, names.split()))


def standard(role: Role) -> frozenset[Permission]:
    """The permissions of a standard role."""
    return _named(STANDARD[role])


def always(role: Role) -> frozenset[Permission]:
    """What a role built on this one allows in any case."""
    return _named(_DUTY.get(role, _EVERYONE))


def choice(role: Role) -> frozenset[Permission]:
    """What a role built on this one may allow: an administrator reads no content, nobody else manages, and what the
    law gives one duty stays with it."""
    if role is Role.ADMINISTRATOR:
        return standard(role)
    found = frozenset[Permission]().union(*(standard(one) for one in Role if one is not Role.ADMINISTRATOR))
    found = found.difference(*(_named(names) for duty, names in _BOUND.items() if duty is not role))
    return found - _named(_NOT_OF_LEADERS) if role is Role.LEADER else found


def of(post: Assignment) -> frozenset[Permission]:
    """What a post's role allows: the one its agency gave it, else the standard one."""
    return standard(post.role) if post.own_rights is None else frozenset(map(Permission, post.own_rights))


def of_post(post: Assignment) -> frozenset[Permission]:
    """The permissions of a post: its role's, and signing while a delegation lets it sign in another's stead.

    What concerns every agency of the installation belongs to the administrators of its keeper alone.
    """
    found = of(post)
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
    return may_be_lent(of(absent))


def may_be_lent(rights: Iterable[Permission | str]) -> frozenset[Permission]:
    """Those of these rights that an absence lends."""
    return frozenset(Permission(one) for one in rights if not one.startswith(tuple(_NEVER_LENT.split())))


def check() -> None:
    """Raise LookupError when a role names a permission that no feature declares."""
    named = {name for role in Role for name in standard(role) | choice(role) | always(role)}
    unknown = sorted(named - set(DECLARED))
    if unknown:
        raise LookupError(f"roles name undeclared permissions: {unknown}")
