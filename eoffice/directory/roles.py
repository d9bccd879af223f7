"""Roles that agencies make for themselves: reads, and writes which the caller's use case commits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock
from eoffice.core.permissions import Actor
from eoffice.core.text import fold
from eoffice.directory.models import Assignment, OwnRole, OwnRoleHolder, OwnRoleRights, Role
from eoffice.directory.queries import current

MADE = audit.action("directory.role_made", _l("Role made"))
CHANGED = audit.action("directory.role_changed", _l("Role allows something else"))
ENDED = audit.action("directory.role_ended", _l("Role ended"))
GIVEN = audit.action("directory.role_given", _l("Role given"))
TAKEN = audit.action("directory.role_taken", _l("Role taken away"))


@dataclass(frozen=True)
class Held:
    """An own role that a post had for a part of the time that was asked for."""

    name: str
    rights: frozenset[str]
    since: datetime
    until: datetime


def offered(session: Session, agency_id: int) -> Sequence[OwnRole]:
    """The roles that an agency may give: its own and the shared ones, by what they are built on and name."""
    query = sa.select(OwnRole).where(
        OwnRole.ended_at.is_(None), sa.or_(OwnRole.agency_id == agency_id, OwnRole.shared)
    )
    order = {role: place for place, role in enumerate(Role)}
    return sorted(session.scalars(query).all(), key=lambda one: (order[one.base], one.folded, one.id))


def rights_now(session: Session, role_ids: Iterable[int]) -> dict[int, OwnRoleRights]:
    """What these roles allow now, by role; an ended one allows nothing."""
    query = sa.select(OwnRoleRights).where(
        OwnRoleRights.role_id.in_(list(role_ids)), OwnRoleRights.until.is_(None)
    )
    return {one.role_id: one for one in session.scalars(query)}


def of_posts(session: Session, post_ids: Collection[int]) -> dict[int, OwnRole]:
    """The own role of each of these posts that has one now."""
    query = sa.select(OwnRoleHolder).where(OwnRoleHolder.post_id.in_(post_ids), OwnRoleHolder.until.is_(None))
    return {one.post_id: one.role for one in session.scalars(query)}


def holders(session: Session, role: OwnRole, agency_id: int) -> Sequence[Assignment]:
    """The posts of an agency that have this role and hold today or later."""
    query = sa.select(Assignment).join(OwnRoleHolder, OwnRoleHolder.post_id == Assignment.id)
    still = sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= clock.today())
    query = query.where(
        OwnRoleHolder.role_id == role.id,
        OwnRoleHolder.until.is_(None),
        Assignment.agency_id == agency_id,
        still,
    )
    return session.scalars(query.order_by(Assignment.position, Assignment.id)).all()


def held_between(
    session: Session, post_ids: Collection[int], begun: datetime, ended: datetime
) -> dict[int, list[Held]]:
    """The own roles that these posts had at some moment from `begun` on and before `ended`, each cut to that time."""
    since = sa.func.greatest(OwnRoleHolder.since, OwnRoleRights.since, begun)
    until = sa.func.least(
        sa.func.coalesce(OwnRoleHolder.until, ended), sa.func.coalesce(OwnRoleRights.until, ended), ended
    )
    query = (
        sa.select(OwnRoleHolder.post_id, OwnRole.name, OwnRoleRights.rights, since, until)
        .join(OwnRole, OwnRole.id == OwnRoleHolder.role_id)
        .join(OwnRoleRights, OwnRoleRights.role_id == OwnRole.id)
        .where(OwnRoleHolder.post_id.in_(post_ids), since < until)
        .order_by(since)
    )
    found = defaultdict[int, list[Held]](list)
    for post_id, name, rights, first, last in session.execute(query):
        found[post_id].append(Held(name, frozenset(rights), first, last))
    return found


def make(
    session: Session, actor: Actor, agency_id: int, name: str, base: Role, rights: Collection[str], *, shared: bool
) -> OwnRole:  # fmt: skip
    """Make a role that nobody has yet."""
    role = OwnRole(agency_id=agency_id, name=name, folded=fold(name), base=base, shared=shared)
    session.add(role)
    session.flush()
    session.add(OwnRoleRights(role_id=role.id, rights=sorted(rights), since=clock.now()))
    audit.record(session, actor, MADE, role, role=name, base=base, rights=sorted(rights), shared=shared)
    return role


def change(
    session: Session, actor: Actor, role: OwnRole, present: OwnRoleRights, name: str, rights: Collection[str]
) -> None:
    """Call it otherwise, let it allow something else from now on; whoever has it has that."""
    before, renamed = role.name, name if name != role.name else None
    role.name, role.folded = name, fold(name)
    added, removed = sorted(set(rights) - set(present.rights)), sorted(set(present.rights) - set(rights))
    if added or removed:
        present.until = clock.now()
        session.flush()
        session.add(OwnRoleRights(role_id=role.id, rights=sorted(rights), since=present.until))
    elif renamed is None:
        return
    entry = audit.record(
        session,
        actor,
        CHANGED,
        role,
        role=before,
        after=renamed,
        added=added or None,
        removed=removed or None,
    )
    if added or removed:
        _warn(session, actor, role, entry, gaining=bool(added))


def _warn(session: Session, actor: Actor, role: OwnRole, entry: audit.Written, *, gaining: bool) -> None:
    """Let each agency look at it where somebody has the role."""
    query = sa.select(Assignment.agency_id, Assignment.person_id).where(current())
    query = query.join(OwnRoleHolder, OwnRoleHolder.post_id == Assignment.id).where(
        OwnRoleHolder.role_id == role.id, OwnRoleHolder.until.is_(None)
    )
    concerned = defaultdict[int, list[int]](list)
    for agency_id, person_id in session.execute(query):
        concerned[agency_id].append(person_id)
    for agency_id, people in concerned.items():
        access.warn(session, actor, entry, agency_id, people if gaining else ())


def give(session: Session, actor: Actor, role: OwnRole, post: Assignment) -> None:
    """Let a post have this role from now on instead of what it had."""
    take(session, actor, post, told=False)
    session.add(OwnRoleHolder(role_id=role.id, post_id=post.id, since=clock.now()))
    session.flush()
    session.expire(post, ["own_rights"])
    access.record(
        session,
        actor,
        GIVEN,
        post,
        [post.person_id],
        role=role.name,
        person=post.person.full_name,
        title=post.title,
    )


def take(session: Session, actor: Actor, post: Assignment, *, told: bool = True) -> None:
    """Let a post have the standard role again; nothing happens where it has that."""
    query = sa.select(OwnRoleHolder).where(OwnRoleHolder.post_id == post.id, OwnRoleHolder.until.is_(None))
    held = session.scalars(query).first()
    if held is None:
        return
    held.until = clock.now()
    session.flush()
    session.expire(post, ["own_rights"])
    if told:
        access.record(
            session, actor, TAKEN, post, role=held.role.name, person=post.person.full_name, title=post.title
        )


def end(session: Session, actor: Actor, role: OwnRole) -> None:
    """Let nobody have it any more: its posts have their standard roles again."""
    entry = audit.record(session, actor, ENDED, role, role=role.name)
    _warn(session, actor, role, entry, gaining=False)
    role.ended_at = now = clock.now()
    for table in (OwnRoleHolder, OwnRoleRights):
        session.execute(
            sa.update(table).where(table.role_id == role.id, table.until.is_(None)).values(until=now)
        )
    session.expire_all()
