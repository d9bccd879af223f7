"""One agency goes over into another, or is divided among several, as a guided act: planned, rehearsed, carried out on
its day, withdrawn before. The axis is told of it as a step of its own, which nothing may prevent any more.

Its registers end with their last numbers, its open work, drafts and dossiers move; what is done stays as it was,
under the names it had, and is found by the people of the agency that follows, the first of several, which keeps it
from then on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock, jobs
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Conflict, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc, whole
from eoffice.directory import operations, queries
from eoffice.directory.models import Agency, Assignment, Merger, Unit
from eoffice.directory.permissions import DIRECTORY_MERGE
from eoffice.directory.takers import Takers
from eoffice.documents import closing
from eoffice.documents import succession as documents
from eoffice.documents.closing import Gaps
from eoffice.documents.models import Register
from eoffice.dossiers import succession as dossiers
from eoffice.incoming import succession as incoming
from eoffice.missions import succession as missions
from eoffice.outgoing import succession as outgoing

PLANNED = audit.action("admin.merger_planned", _l("Merger planned"))
ANNOUNCED = audit.action("admin.merger_announced", _l("The axis is told of a planned merger"))
CHOSEN = audit.action("admin.merger_followers", _l("Who follows whom in a merger decided"))
WITHDRAWN = audit.action("admin.merger_withdrawn", _l("Planned merger withdrawn"))
MERGED = audit.action("admin.merged", _l("Agency merged"))


class WrongAgencies(Invalid):
    """All of them work here, today and on the day."""

    message = _l("Choose different agencies that work in this installation and are not closing.")


class FollowsAnother(Conflict):
    """Who ends first can follow nobody."""

    message = _l(
        "%(name)s is to take over from %(other)s on %(day)s, so it cannot end before or on that day. Choose a later "
        "day, or drop that plan first."
    )


_FURTHEST = timedelta(days=5 * 366)


class WrongDay(Invalid):
    """It can be undone before its day only, so it begins on a later one; no decision reaches further than a term."""

    message = _l("Give the first day after the merger: tomorrow or later, within five years.")


class NeedsBasis(Invalid):
    """Agencies end by law."""

    message = _l("Give number, date and name of the decision that merges them.")


class TooEarly(Conflict):
    """The old agency works until then."""

    message = _l(
        "The merger can be carried out from %(day)s on. Until then it can be rehearsed or withdrawn."
    )


class NeedsReason(Invalid):
    """Others may have prepared for it."""

    message = _l("Say in a few words why the plan is withdrawn; the log keeps it.")


class TooLate(Conflict):
    """From its day on others rely on it."""

    message = _l("Its day has come: the merger can no longer be withdrawn.")


class Over(Conflict):
    """Somebody was faster."""

    message = _l("This merger is carried out or withdrawn already. Reload the page.")


class HalfIssued(Conflict):
    """They bear the old agency's letterhead and its leader's signature."""

    message = _l(
        "%(count)s documents are signed and not issued: %(named)s. Issue them or send them back first."
    )


class NotReady(Conflict):
    """All or nothing."""

    message = _l("Not everything can be moved yet. Rehearse the merger and settle what it names.")


@dataclass(frozen=True)
class NewMerger:
    """What the decision says."""

    agency_id: int
    to_id: int
    on: date
    legal_basis: str
    #: the others that follow, where its work is divided
    also: tuple[int, ...] = ()


@dataclass
class Outcome:
    """What carrying a merger out does, or would do."""

    #: each register with its proof: the last number is certified by the closed book. The counts below are None where
    #: something prevents the moving
    registers: list[tuple[Register, Gaps]] = field(default_factory=list)
    incoming: int | None = 0
    #: sealed ones that wait to be taken over
    envelopes: int | None = 0
    #: given with documents and not accepted as done
    missions: int | None = 0
    drafts: int | None = 0
    dossiers: int | None = 0
    posts: int = 0
    #: by post and by unit of the agency that ends the one that follows
    posts_followed: dict[str, int] = field(default_factory=dict)
    units_followed: dict[str, int] = field(default_factory=dict)
    #: why it cannot be carried out as it is
    problems: list[AppError] = field(default_factory=list)


def plan(session: Session, actor: Actor, new: NewMerger) -> Merger:
    """Enter a merger: the directory says from now on who follows, and when.

    Raises Forbidden, WrongAgencies, WrongDay, FollowsAnother, NeedsBasis.
    """
    with transaction(session):
        require(actor, DIRECTORY_MERGE)
        agency = session.get(Agency, new.agency_id, with_for_update=True)
        follow = [
            one for one in (session.get(Agency, named) for named in (new.to_id, *new.also)) if one is not None
        ]
        different = {new.agency_id, new.to_id, *new.also}
        if agency is None or len(different) != len(follow) + 1 or len(follow) != len(new.also) + 1:
            raise WrongAgencies(field="agency_id")
        if not all(map(_stay, (agency, *follow))):
            raise WrongAgencies(field="agency_id")
        if not clock.today() < new.on <= clock.today() + _FURTHEST:
            raise WrongDay(field="on")
        _refuse_before_it_follows(session, agency, new.on)
        if not nfc(new.legal_basis):
            raise NeedsBasis(field="legal_basis")
        made = Merger(
            agency_id=agency.id, to_id=new.to_id, also=list(new.also), on=new.on, legal_basis=nfc(new.legal_basis),
            planned_at=clock.now(), planned_by=actor.name,
        )  # fmt: skip
        session.add(made)
        session.flush()
        agency.valid_to, agency.successor_id = new.on - timedelta(days=1), new.to_id
        agency.successor_codes = [one.code for one in follow]
        agency.legal_basis = made.legal_basis
        names = "; ".join(one.name for one in follow)
        audit.record(session, actor, PLANNED, agency, to=names, on=new.on, basis=made.legal_basis)
    return made


def _refuse_before_it_follows(session: Session, agency: Agency, on: date) -> None:
    """Raises FollowsAnother where the agency has to take over from another one when it is no more."""
    open_ones = sa.select(Merger).where(
        Merger.done_at.is_(None), Merger.withdrawn_at.is_(None), Merger.on >= on,
        sa.or_(Merger.to_id == agency.id, sa.literal(agency.id) == sa.any_(Merger.also)),
    )  # fmt: skip
    for one in session.scalars(open_ones.order_by(Merger.on).limit(1)):
        raise FollowsAnother(name=agency.name, other=one.agency.name, day=f"{one.on:%d/%m/%Y}", field="on")


def _tell_axis(session: Session, merger: Merger) -> None:
    """One after the other, so that what is said last is what stands."""
    merger.axis_told_at, merger.axis_refusal = None, ""
    jobs.enqueue(
        session, "gateway.tell_merger", merger_id=merger.id, _lock=f"gateway.tell_merger/{merger.agency_id}"
    )


def _stay(agency: Agency) -> bool:
    return agency.hosted and agency.valid_to is None


def every(session: Session, actor: Actor) -> Sequence[Merger]:
    """All mergers, the latest day first. Raises Forbidden."""
    require(actor, DIRECTORY_MERGE)
    return session.scalars(sa.select(Merger).order_by(Merger.on.desc(), Merger.id.desc())).all()


def one(session: Session, actor: Actor, merger_id: int) -> Merger:
    """A merger. Raises Forbidden, NotFound."""
    require(actor, DIRECTORY_MERGE)
    found = session.get(Merger, merger_id)
    if found is None:
        raise NotFound
    return found


def followers(session: Session, merger: Merger) -> list[Agency]:
    """Every agency that follows, the keeper first."""
    return [session.get_one(Agency, one) for one in merger.to_ids]


def choose(
    session: Session, actor: Actor, merger_id: int, posts: Mapping[int, int], units: Mapping[int, int]
) -> Merger:
    """Decide who follows whom. Raises Forbidden, NotFound, Over."""
    with transaction(session):
        merger = _open(session, actor, merger_id)
        merger.posts = {str(old): new for old, new in posts.items() if new}
        merger.units = {str(old): new for old, new in units.items() if new}
        audit.record(session, actor, CHOSEN, merger.agency, posts=len(merger.posts), units=len(merger.units))
    return merger


def withdraw(session: Session, actor: Actor, merger_id: int, reason: str) -> Merger:
    """Undo a plan before its day: nothing has been moved, the agency goes on. An axis that was told is told so.

    Raises Forbidden, Over, TooLate, NeedsReason, TooLong.
    """
    with transaction(session):
        merger = _open(session, actor, merger_id)
        if clock.today() >= merger.on:
            raise TooLate
        said = whole(reason, 500, "reason")
        if len(said) < 3:
            raise NeedsReason(field="reason")
        merger.withdrawn_at = clock.now()
        if merger.announced_at is not None:
            _tell_axis(session, merger)
        agency = merger.agency
        agency.valid_to = agency.successor_id = None
        agency.successor_codes, agency.legal_basis = [], ""
        audit.record(session, actor, WITHDRAWN, agency, to=merger.to.name, on=merger.on, reason=said)
    return merger


def withdrawal(session: Session, merger: Merger) -> AuditEntry | None:
    """Who withdrew it and why: the entry of the log, where such words stand."""
    if merger.withdrawn_at is None:
        return None
    query = sa.select(AuditEntry).where(
        AuditEntry.object_type == Agency.__name__, AuditEntry.object_id == merger.agency_id,
        AuditEntry.action == WITHDRAWN, AuditEntry.at >= merger.withdrawn_at,
    )  # fmt: skip
    return session.scalar(query.order_by(AuditEntry.id).limit(1))


def record(session: Session, merger: Merger) -> Outcome | None:
    """What carrying it out did, by the log; None while it is not carried out."""
    if merger.done_at is None:
        return None
    written = sa.select(AuditEntry).where(
        AuditEntry.object_type == Agency.__name__, AuditEntry.object_id == merger.agency_id, AuditEntry.action == MERGED
    )  # fmt: skip
    entry = session.scalars(written.order_by(AuditEntry.id.desc())).first()
    counts = ("incoming", "envelopes", "missions", "drafts", "dossiers", "posts")
    found = Outcome(**{name: entry.details.get(name, 0) for name in counts} if entry is not None else {})
    day = clock.day_start(clock.local(merger.done_at).date())
    closed = sa.select(Register).where(Register.agency_id == merger.agency_id, Register.closed_at >= day)
    ended = session.scalars(closed.order_by(Register.year, Register.direction, Register.id)).all()
    found.registers = [(register, closing.gaps(session, register)) for register in ended]
    return found


def followed(session: Session, merger: Merger) -> list[tuple[str, str]]:
    """Of a merger that is carried out, which unit and which post followed which, by their names."""
    if merger.done_at is None:
        return []
    units = sa.select(Unit).where(Unit.id.in_(_ids(merger.units)))
    posts = sa.select(Assignment).where(Assignment.id.in_(_ids(merger.posts)))
    unit_names = {one.id: one.name for one in session.scalars(units)}
    post_names = {one.id: one.label for one in session.scalars(posts)}
    return [
        (names[int(old)], names[new])
        for kept, names in ((merger.units, unit_names), (merger.posts, post_names))
        for old, new in kept.items()
    ]


def _ids(followed: Mapping[str, int]) -> set[int]:
    return {*map(int, followed), *followed.values()}


def rehearse(session: Session, actor: Actor, merger_id: int) -> Outcome:
    """Do all of it and keep nothing. Raises Forbidden, NotFound, Over."""
    with transaction(session):
        found = _carry_out(session, actor, _open(session, actor, merger_id))
        for register, _gaps in found.registers:
            session.refresh(register)
            session.expunge(register)  # the page shows it as it would be
        session.rollback()
    return found


def announce(session: Session, actor: Actor, merger_id: int) -> Merger:
    """Have the axis told, once a rehearsal finds nothing that prevents the merger: agencies everywhere hear of it.

    Raises Forbidden, NotFound, Over, NotReady.
    """
    if rehearse(session, actor, merger_id).problems:
        raise NotReady
    with transaction(session):
        merger = _open(session, actor, merger_id)
        _announce(session, actor, merger)
    return merger


def _announce(session: Session, actor: Actor, merger: Merger) -> None:
    """Let senders everywhere know the day, once: a plan that cannot be carried out would only mislead them."""
    if merger.announced_at is None:
        merger.announced_at = clock.now()
        _tell_axis(session, merger)
        audit.record(session, actor, ANNOUNCED, merger.agency, to=merger.to.name, on=merger.on)


def carry_out(session: Session, actor: Actor, merger_id: int) -> Outcome:
    """Close the registers, move what is open, end the posts: in one step or not at all.

    Raises Forbidden, NotFound, Over, TooEarly, NotReady.
    """
    with transaction(session):
        merger = _open(session, actor, merger_id)
        if clock.today() < merger.on:
            raise TooEarly(day=f"{merger.on:%d/%m/%Y}")
        found = _carry_out(session, actor, merger)
        if found.problems:
            raise NotReady
        _announce(session, actor, merger)
        merger.posts, merger.units = found.posts_followed, found.units_followed
        merger.done_at, merger.done_by = clock.now(), actor.name
    return found


def _open(session: Session, actor: Actor, merger_id: int) -> Merger:
    merger = one(session, actor, merger_id)
    session.refresh(merger, with_for_update={"of": Merger})
    if merger.done_at is not None or merger.withdrawn_at is not None:
        raise Over
    return merger


def _carry_out(session: Session, actor: Actor, merger: Merger) -> Outcome:
    found, agency, to = Outcome(), merger.agency, merger.to
    takers = Takers(session, merger)
    found.registers = _close(
        session, actor, merger
    )  # before anything moves: their books name who had the work here
    if half := outgoing.half_issued(session, agency):
        named = "; ".join(f"{name} ({count})" for name, count in half)
        found.problems.append(HalfIssued(count=sum(count for _name, count in half), named=named))
    moves: dict[str, Callable[[], int]] = {
        "incoming": lambda: incoming.move(session, actor, agency, to, takers),
        "envelopes": lambda: incoming.move_envelopes(session, actor, agency, takers),
        "drafts": lambda: outgoing.move(session, actor, agency, to, takers),
        "dossiers": lambda: dossiers.move(session, actor, agency, to, takers),
        "missions": lambda: missions.move(session, actor, agency, to, takers),
    }
    for what, move in moves.items():
        setattr(found, what, None)  # as long as something prevents it
        with takers.trying(), session.begin_nested():
            setattr(found, what, move())
    found.problems += takers.problems
    documents.move_groups(session, actor, agency, followers(session, merger), takers)
    ended = _end_posts(session, actor, merger, takers)
    found.posts = len(ended)
    found.posts_followed = {str(old.id): new.id for old, new in ended if new is not None}
    found.units_followed = {str(old): new for old, new in takers.unit_ids.items()}
    session.execute(
        sa.update(Agency)
        .where(sa.or_(Agency.id == agency.id, Agency.kept_by_id == agency.id))
        .values(kept_by_id=to.id)
    )
    for one in followers(session, merger):
        entry = audit.record(
            session, actor, MERGED, agency, to=one.name, basis=merger.legal_basis, incoming=found.incoming,
            envelopes=found.envelopes, drafts=found.drafts, dossiers=found.dossiers, posts=found.posts,
            missions=found.missions,
        )  # fmt: skip
        access.warn(session, actor, entry, one.id)  # its people read from now on what was moved
    return found


def _close(session: Session, actor: Actor, merger: Merger) -> list[tuple[Register, Gaps]]:
    """End every series; the closed book with its proof is set and waits for the signature of who keeps it."""
    query = sa.select(Register).where(Register.agency_id == merger.agency_id, Register.closed_at.is_(None))
    closed = []
    for register in session.scalars(query.order_by(Register.year, Register.direction, Register.id)).all():
        closing.close(session, actor, register, merger.legal_basis)
        closed.append((register, closing.gaps(session, register)))
    return closed


def _end_posts(
    session: Session, actor: Actor, merger: Merger, takers: Takers
) -> list[tuple[Assignment, Assignment | None]]:
    """Returns those that ended, each with who follows."""
    # later than its day, until now they went on here
    first_day = max(merger.on, clock.today())
    last = first_day - timedelta(days=1)
    ends = [
        (post, takers.follower(post.id))
        for post in queries.roll(session, merger.agency_id)
        if post.valid_to is None or post.valid_to > last
    ]
    for post, follower in ends:
        operations.end_delegations(session, actor, post, clock.day_start(first_day))
        operations.end_post(session, actor, post, last, follower)
    return ends
