"""Who is away, from when to when, and who stands in: the work goes on, signatures stay with those who may sign."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.directory import queries
from eoffice.directory.models import Absence, Assignment, Role
from eoffice.directory.permissions import DIRECTORY_MANAGE, DIRECTORY_READ

RECORDED = audit.action("directory.absence_recorded", _l("Absence recorded"))
ENDED = audit.action("directory.absence_ended", _l("Absence ended early"))


class WrongDays(Invalid):
    """From today on, first before last."""

    message = _l("The last day lies neither before the first nor before today. Correct the two days.")


class WrongStandIn(Invalid):
    """Who stands in must be able to do the work."""

    message = _l(
        "Choose somebody else of the same role or unit; only a leader stands in for a leader, and nobody who is "
        "away on these days."
    )


class AwayAlready(Conflict):
    """One stand-in at a time."""

    message = _l("An absence on these days stands here already. End that one first.")


class BackAlready(Overtaken):
    """Somebody was faster."""

    message = _l("This absence has ended already. Reload the page.")


@dataclass(frozen=True)
class NewAbsence:
    """What is recorded."""

    post_id: int
    stand_in_id: int
    starts_on: date
    ends_on: date
    reason: str = ""


def may_record(actor: Actor, post: Assignment) -> bool:
    """Everybody for himself, an administrator for his agency."""
    own = post.person_id == actor.person_id
    return post.agency_id == actor.agency_id and (own or actor.can(DIRECTORY_MANAGE))


def record(session: Session, actor: Actor, new: NewAbsence) -> Absence:
    """Record an absence. Raises Forbidden, NotFound, WrongDays, WrongStandIn, AwayAlready."""
    with transaction(session):
        require(actor, DIRECTORY_READ)
        posts = {post.id: post for post in queries.posts(session, actor.agency_id or 0)}
        post, stand_in = posts.get(new.post_id), posts.get(new.stand_in_id)
        if post is None:
            raise NotFound
        if not may_record(actor, post):
            raise Forbidden
        if new.ends_on < max(new.starts_on, clock.today()):
            raise WrongDays(field="ends_on")
        # held: of two at once the second sees the first
        session.refresh(post, with_for_update={"of": Assignment})
        if _overlapping(session, post.id, new):
            raise AwayAlready(field="starts_on")
        if stand_in is None or not fits(post, stand_in) or _overlapping(session, stand_in.id, new):
            raise WrongStandIn(field="stand_in_id")
        made = Absence(
            agency_id=post.agency_id, post_id=post.id, stand_in_id=stand_in.id, starts_on=new.starts_on,
            ends_on=new.ends_on, reason=whole(new.reason, 300, "reason"),
        )  # fmt: skip
        session.add(made)
        session.flush()
        access.record(
            session, actor, RECORDED, made, [stand_in.person_id],
            post=post.label, stand_in=stand_in.label, starts=new.starts_on, ends=new.ends_on,
        )  # fmt: skip
    return made


def fits(post: Assignment, stand_in: Assignment) -> bool:
    """Whether somebody can do the work of who is away."""
    if stand_in.person_id == post.person_id or stand_in.role is Role.ADMINISTRATOR:
        return False
    same_unit = post.unit_id is not None and post.unit_id == stand_in.unit_id
    return stand_in.role is post.role or (same_unit and post.role is not Role.ADMINISTRATOR)


def _overlapping(session: Session, post_id: int, new: NewAbsence) -> bool:
    query = sa.select(Absence.id).where(
        Absence.post_id == post_id, Absence.ended_at.is_(None),
        Absence.starts_on <= new.ends_on, Absence.ends_on >= new.starts_on,
    )  # fmt: skip
    return session.scalar(query.limit(1)) is not None


def end(session: Session, actor: Actor, absence_id: int) -> Absence:
    """Somebody is back before the last day. Raises NotFound, Forbidden, BackAlready."""
    with transaction(session):
        absence = session.get(Absence, absence_id)
        if absence is None or absence.agency_id != actor.agency_id:
            raise NotFound
        if not may_record(actor, absence.post):
            raise Forbidden
        session.refresh(absence, with_for_update={"of": Absence})
        if absence.ended_at is not None or absence.ends_on < clock.today():
            raise BackAlready
        absence.ended_at = clock.now()
        access.record(
            session, actor, ENDED, absence, post=absence.post.label, stand_in=absence.stand_in.label
        )
    return absence
