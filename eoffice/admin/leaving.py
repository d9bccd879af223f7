"""Somebody leaves or moves: the post ends on a day, what is open goes to a successor, all in one step or not at all
(Decree 30/2020, Appendix VI, part IV.1.đ: rights change when an official moves).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.accounts.service import LEADING
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, NotFound
from eoffice.core.permissions import Actor, Permission, require
from eoffice.core.text import nfc
from eoffice.directions import succession as directions
from eoffice.directory import operations, queries
from eoffice.directory.models import Assignment, Role, Unit
from eoffice.directory.permissions import DIRECTORY_MANAGE
from eoffice.dossiers import succession as dossiers
from eoffice.incoming import succession as incoming
from eoffice.missions import succession as missions
from eoffice.outgoing import succession as outgoing


class WrongLastDay(Invalid):
    """What was done under a post stays done under it."""

    message = _l("The last day cannot lie before %(first)s. Give that day or a later one.")


class NoSuccessor(Invalid):
    """Open work belongs to somebody."""

    message = _l("Choose who takes over what is still open.")


class WrongSuccessor(Invalid):
    """One of the same agency, today."""

    message = _l("Choose a post that holds in your agency today, of somebody else.")


class Unheaded(Invalid):
    """What waits for a head waits until there is one."""

    message = _l(
        "From then on nobody heads %(unit)s. Give somebody the post of its head first, or tick that it stays "
        "without one."
    )


class EndsAlready(Conflict):
    """Somebody was faster."""

    message = _l("This post has ended already. Reload the page.")


class LastAdministrator(Conflict):
    """Nobody could undo it."""

    message = _l("Yours is the last post of an administrator here. Give another person such a post first.")


class NewPostIncomplete(Invalid):
    """A new post needs all of it."""

    message = _l("For the new post fill in role and title, and the unit for everybody but leaders.")


@dataclass(frozen=True)
class Open:
    """What a post leaves behind."""

    tasks: int
    to_direct: int
    drafts: int
    to_sign: int
    dossiers: int
    #: sealed ones that wait with the clerk
    envelopes: int
    #: asked by documents in its name and not accepted yet
    missions: int
    #: the unit that nobody else heads, and what waits there for a head: drafts, then tasks given to the unit
    unheaded: Unit | None
    approvals: int
    unit_work: int

    @property
    def needs_successor(self) -> bool:
        """Whether somebody has to take something over; drafts for a signature go back to their drafters."""
        return bool(
            self.tasks or self.to_direct or self.drafts or self.dossiers or self.envelopes or self.missions
        )


@dataclass(frozen=True)
class Leaving:
    """What is decided about a post."""

    last_day: date
    to_id: int | None = None
    #: the post the person moves to the day after; None: leaves
    role: Role | None = None
    unit_id: int | None = None
    title: str = ""
    #: its unit stays without a head
    unheaded: bool = False


def post_of(session: Session, actor: Actor, post_id: int) -> Assignment:
    """A post of one's agency that holds or is to come. Raises NotFound, Forbidden, EndsAlready."""
    require(actor, DIRECTORY_MANAGE)
    post = session.get(Assignment, post_id)
    if post is None or post.agency_id != actor.agency_id:
        raise NotFound
    if post.valid_to is not None and post.valid_to < clock.today():
        raise EndsAlready
    return post


def left_open(session: Session, post: Assignment) -> Open:
    """Count what a post leaves behind."""
    unit = _headed_alone(session, post)
    return Open(
        tasks=len(directions.open_tasks(session, post)),
        to_direct=len(incoming.waiting_for(session, post)),
        drafts=len(outgoing.drafts_of(session, post)),
        to_sign=len(outgoing.for_signature_of(session, post)),
        dossiers=len(dossiers.kept_by(session, post)),
        envelopes=len(incoming.envelopes_of(session, post)),
        missions=len(missions.given_by(session, post)),
        unheaded=unit,
        approvals=outgoing.for_head_of(session, unit) if unit else 0,
        unit_work=directions.open_in(session, unit) + missions.open_in(session, unit) if unit else 0,
    )


def _headed_alone(session: Session, post: Assignment) -> Unit | None:
    """The unit that has no head without this post."""
    if post.role not in LEADING or post.unit is None:
        return None
    others = (one for one in queries.roll(session, post.agency_id) if one.id != post.id)
    headed = any(
        one.role in LEADING and one.unit_id == post.unit_id and one.valid_to is None for one in others
    )
    return None if headed else post.unit


def successors(session: Session, post: Assignment) -> list[Assignment]:
    """Who can go on with all that a post leaves behind, whoever does the same work first."""
    needed = set[Permission]().union(
        directions.needed(session, post), outgoing.needed(session, post), dossiers.needed(session, post),
        missions.needed(session, post),
    )  # fmt: skip
    leader = bool(incoming.waiting_for(session, post))
    found = [
        one
        for one in queries.posts(session, post.agency_id)
        if one.person_id != post.person_id
        and needed <= accounts.of(one)
        and (one.role is Role.LEADER or not leader)
    ]
    return sorted(found, key=lambda one: (one.role is not post.role, one.unit_id != post.unit_id))


def end(session: Session, actor: Actor, post_id: int, decided: Leaving) -> Open:
    """End a post, hand what is open to the successor, end its delegations, and give the new post if there is one.

    Returns what was handed on. Raises NotFound, Forbidden, EndsAlready, WrongLastDay, NoSuccessor, WrongSuccessor,
    Unheaded, LastAdministrator, NewPostIncomplete, and what the features say when the successor cannot do the work.
    """
    with transaction(session):
        post = post_of(session, actor, post_id)
        session.refresh(post, with_for_update={"of": Assignment})
        _check(session, post, decided)
        found = left_open(session, post)
        stays = decided.role in LEADING and decided.unit_id == post.unit_id
        if found.unheaded is not None and not (stays or decided.unheaded):
            raise Unheaded(unit=found.unheaded.name, field="unheaded")
        to = (
            _successor(session, post, decided.to_id)
            if decided.to_id is not None or found.needs_successor
            else None
        )
        if to is not None:
            _hand_on(session, actor, post, to)
        outgoing.send_back_unsigned(session, actor, post)
        after = clock.day_start(decided.last_day + timedelta(days=1))
        operations.end_delegations(session, actor, post, after)
        operations.end_post(session, actor, post, decided.last_day, to)
        if decided.role is not None:
            _move(session, actor, post, decided, decided.role)
    return found


def _check(session: Session, post: Assignment, decided: Leaving) -> None:
    first = max(post.valid_from, clock.today() - timedelta(days=31))
    if decided.last_day < first:
        raise WrongLastDay(first=f"{first:%d/%m/%Y}", field="last_day")
    if post.role is Role.ADMINISTRATOR:
        others = queries.posts(session, post.agency_id, Role.ADMINISTRATOR)
        if not any(one.id != post.id and one.valid_to is None for one in others):
            raise LastAdministrator


def _successor(session: Session, post: Assignment, to_id: int | None) -> Assignment:
    if to_id is None:
        raise NoSuccessor(field="to_id")
    found = next((one for one in queries.posts(session, post.agency_id) if one.id == to_id), None)
    if found is None or found.person_id == post.person_id:
        raise WrongSuccessor(field="to_id")
    return found


def _hand_on(session: Session, actor: Actor, post: Assignment, to: Assignment) -> None:
    directions.hand_on(session, actor, post, to)
    incoming.hand_on(session, actor, post, to)
    incoming.readdress(session, actor, post, to)
    outgoing.hand_on(session, actor, post, to)
    dossiers.hand_on(session, actor, post, to)
    missions.hand_on(session, actor, post, to)


def _move(session: Session, actor: Actor, post: Assignment, decided: Leaving, role: Role) -> None:
    unit = session.get(Unit, decided.unit_id) if decided.unit_id else None
    complete = nfc(decided.title) and (role is Role.LEADER or unit is not None)
    foreign = unit is not None and (unit.agency_id != post.agency_id or unit.closed_at is not None)
    if not complete or foreign:
        raise NewPostIncomplete(field="title")
    operations.assign(
        session, actor, post.person, post.agency, role, nfc(decided.title), unit=unit,
        valid_from=decided.last_day + timedelta(days=1), position=post.position,
    )  # fmt: skip
