"""The roles an agency makes for itself: built on a standard one, changed, given to posts, ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, Permission, described, require
from eoffice.core.text import fold, whole
from eoffice.directory import roles
from eoffice.directory.models import Agency, Assignment, OwnRole, OwnRoleRights, Role
from eoffice.directory.permissions import DIRECTORY_MANAGE, DIRECTORY_PROVINCE
from eoffice.directory.tables import ROLE_NAMES

#: characters of a name
LONGEST = 60


class NoName(Invalid):
    """Lists and reasons show it."""

    message = _l("A role has a name. Fill it in.")


class NameTaken(Conflict):
    """Two roles of one name cannot be told apart."""

    message = _l("There is a role called “%(name)s” already. Choose another name.")


class NotForThisRole(Invalid):
    """What the law gives one duty stays with it."""

    message = _l("A role built on “%(base)s” cannot be given this: %(rights)s. Untick it.")


class ChangedMeanwhile(Overtaken):
    """Ticks set against what was there before."""

    message = _l("Somebody changed this role meanwhile. Look at what it allows now, then change it.")


class RoleEnded(Overtaken):
    """An ended role allows nothing."""

    message = _l("The role “%(name)s” was ended. Choose another one.")


class OtherBase(Conflict):
    """The program asks things of a post by its standard role."""

    message = _l(
        "“%(name)s” is built on “%(base)s”, and %(who)s is “%(role)s”. Choose posts of that role, or build "
        "another role."
    )


class NobodyChosen(Invalid):
    """Somebody gets it."""

    message = _l("Choose at least one post.")


@dataclass(frozen=True)
class Wanted:
    """What a role shall be."""

    name: str
    rights: frozenset[str]


def role_of(session: Session, actor: Actor, role_id: int, *, hold: bool = False) -> OwnRole:
    """A role that one's agency may give. Raises NotFound, Forbidden."""
    require(actor, DIRECTORY_MANAGE)
    found = session.get(OwnRole, role_id, with_for_update=hold)
    if found is None or (found.agency_id != actor.agency_id and not found.shared):
        raise NotFound
    return found


def may_change(actor: Actor, role: OwnRole) -> bool:
    """Whether it is the actor's agency's to change; a shared one is its keeper's."""
    return role.agency_id == actor.agency_id and (not role.shared or actor.can(DIRECTORY_PROVINCE))


def make(session: Session, actor: Actor, base: Role, name: str, *, shared: bool = False) -> OwnRole:
    """Make a role that allows what the standard one does; nobody has it yet. Raises Forbidden, NoName, NameTaken."""
    with transaction(session):
        require(actor, DIRECTORY_MANAGE)
        if shared:
            require(actor, DIRECTORY_PROVINCE)
        agency = _held(session, actor)
        name = _name(session, agency, name)
        return roles.make(session, actor, agency.id, name, base, accounts.standard(base), shared=shared)


def change(session: Session, actor: Actor, role_id: int, wanted: Wanted, seen: int) -> OwnRole:
    """Name and rights of a role, for everybody who has it, from now on; `seen`: the rights the form was filled from.

    Raises NotFound, Forbidden, RoleEnded, ChangedMeanwhile, NoName, NameTaken, NotForThisRole.
    """
    with transaction(session):
        agency = _held(session, actor)
        role = _ours(session, actor, role_id)
        present = roles.rights_now(session, [role.id])[role.id]
        if present.id != seen:
            raise ChangedMeanwhile
        name = _name(session, agency, wanted.name, role)
        roles.change(session, actor, role, present, name, _fitting(role.base, wanted.rights))
    return role


def end(session: Session, actor: Actor, role_id: int) -> OwnRole:
    """Let nobody have it any more. Raises NotFound, Forbidden, RoleEnded."""
    with transaction(session):
        role = _ours(session, actor, role_id)
        roles.end(session, actor, role)
    return role


def give(session: Session, actor: Actor, role_id: int, post_ids: Collection[int]) -> int:
    """Give posts of one's agency a role instead of what they had; returns how many did not have it yet.

    Raises NotFound, Forbidden, RoleEnded, NobodyChosen, OtherBase.
    """
    with transaction(session):
        role = role_of(session, actor, role_id, hold=True)
        if role.ended_at is not None:
            raise RoleEnded(name=role.name)
        if not post_ids:
            raise NobodyChosen(field="post_ids")
        had = roles.of_posts(session, post_ids)
        wanting = [post for post in _posts(session, actor, post_ids) if had.get(post.id) != role]
        for post in wanting:
            if post.role is not role.base:
                raise OtherBase(
                    name=role.name, base=role.base.word, who=post.label, role=post.role.word, field="post_ids"
                )
            roles.give(session, actor, role, post)
    return len(wanting)


def take(session: Session, actor: Actor, post_id: int) -> Assignment:
    """Let a post of one's agency have its standard role again. Raises NotFound, Forbidden."""
    with transaction(session):
        (post,) = _posts(session, actor, [post_id])
        roles.take(session, actor, post)
    return post


def rights_of(session: Session, role: OwnRole) -> OwnRoleRights:
    """What it allows now. Raises RoleEnded."""
    found = roles.rights_now(session, [role.id]).get(role.id)
    if found is None:
        raise RoleEnded(name=role.name)
    return found


def _held(session: Session, actor: Actor) -> Agency:
    """One's agency, so that of two roles of one name the second sees the first."""
    return session.get_one(Agency, actor.agency_id, with_for_update={"key_share": True, "of": Agency})


def _ours(session: Session, actor: Actor, role_id: int) -> OwnRole:
    role = role_of(session, actor, role_id, hold=True)
    if not may_change(actor, role):
        raise Forbidden
    if role.ended_at is not None:
        raise RoleEnded(name=role.name)
    return role


def _posts(session: Session, actor: Actor, post_ids: Collection[int]) -> Sequence[Assignment]:
    """These posts of one's agency, held, in the order of their ids. Raises NotFound, Forbidden."""
    require(actor, DIRECTORY_MANAGE)
    query = sa.select(Assignment).where(Assignment.id.in_(post_ids), Assignment.agency_id == actor.agency_id)
    found = session.scalars(query.order_by(Assignment.id).with_for_update(of=Assignment)).all()
    if {post.id for post in found} != set(post_ids):
        raise NotFound
    return found


def _name(session: Session, agency: Agency, name: str, present: OwnRole | None = None) -> str:
    name = whole(name, LONGEST, "name")
    if not name:
        raise NoName(field="name")
    taken = {fold(one) for one in (*ROLE_NAMES, *(str(role.word) for role in Role))}
    taken |= {one.folded for one in roles.offered(session, agency.id) if one is not present}
    if fold(name) in taken:
        raise NameTaken(name=name, field="name")
    return name


def _fitting(base: Role, wanted: frozenset[str]) -> frozenset[Permission]:
    rights = frozenset(map(Permission, wanted)) | accounts.always(base)
    if wrong := rights - accounts.choice(base):
        raise NotForThisRole(base=base.word, rights=", ".join(sorted(map(described, wrong))), field="rights")
    return rights
