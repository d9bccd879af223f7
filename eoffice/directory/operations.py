"""Writes to the directory; the caller's use case commits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock
from eoffice.core.errors import Conflict
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc, search_text, sort_key
from eoffice.directory import queries, signing
from eoffice.directory.models import Agency, Assignment, Delegation, Person, Role, SigningForm, Unit
from eoffice.directory.names import check_abbreviation

AGENCY_SAVED = audit.action("directory.agency_saved", _l("Agency entered or changed"))
UNIT_ADDED = audit.action("directory.unit_added", _l("Unit added"))
UNIT_RENAMED = audit.action("directory.unit_renamed", _l("Unit called otherwise"))
UNIT_CLOSED = audit.action("directory.unit_closed", _l("Unit closed"))
UNIT_REOPENED = audit.action("directory.unit_reopened", _l("Unit opened again"))
PERSON_ADDED = audit.action("directory.person_added", _l("Person added"))
ASSIGNED = audit.action("directory.assigned", _l("Post given"))
DELEGATION_ENDED = audit.action("directory.delegation_ended", _l("Signing in another's stead ended"))
AUTHORITY_CHANGED = audit.action("directory.authority_changed", _l("Right to sign changed"))
EMAIL_CHANGED = audit.action("directory.email_changed", _l("E-mail address changed"))
POST_ENDED = audit.action("directory.post_ended", _l("Post ended"))


def save_agency(session: Session, actor: Actor, code: str, name: str, **fields: Any) -> Agency:
    """Enter an agency or change it, by its code."""
    queries.hold_agencies(session)
    agency = session.scalar(sa.select(Agency).where(Agency.code == code))
    if agency is None:
        agency = Agency(code=code, short_name=nfc(name))
        session.add(agency)
    agency.name = nfc(name)
    for key, value in fields.items():
        setattr(agency, key, value)
    agency.sort_key = sort_key(agency.name)
    agency.folded = search_text(
        agency.name, agency.short_name, agency.abbreviation, agency.code, agency.old_code
    )
    audit.record(session, actor, AGENCY_SAVED, agency, code=code, name=agency.name)
    return agency


def add_unit(session: Session, actor: Actor, agency: Agency, name: str, abbreviation: str) -> Unit:
    """Add a unit at the end of the agency's order. Raises WrongAbbreviation."""
    check_abbreviation(abbreviation)
    last = session.scalar(sa.select(sa.func.max(Unit.position)).where(Unit.agency_id == agency.id))
    unit = Unit(agency_id=agency.id, name=nfc(name), abbreviation=abbreviation, position=(last or 0) + 1)
    session.add(unit)
    audit.record(session, actor, UNIT_ADDED, unit, name=unit.name)
    return unit


def rename_unit(session: Session, actor: Actor, unit: Unit, name: str, abbreviation: str) -> None:
    """Call a unit otherwise. Raises WrongAbbreviation."""
    check_abbreviation(nfc(abbreviation))
    before = f"{unit.name} ({unit.abbreviation})"
    unit.name, unit.abbreviation = nfc(name), nfc(abbreviation)
    after = f"{unit.name} ({unit.abbreviation})"
    if before != after:
        audit.record(session, actor, UNIT_RENAMED, unit, before=before, after=after)


def close_unit(session: Session, actor: Actor, unit: Unit) -> None:
    """Let nobody choose it any more."""
    unit.closed_at = clock.now()
    audit.record(session, actor, UNIT_CLOSED, unit, name=unit.name)


def reopen_unit(session: Session, actor: Actor, unit: Unit) -> None:
    """Take a closing back."""
    unit.closed_at = None
    audit.record(session, actor, UNIT_REOPENED, unit, name=unit.name)


def add_person(session: Session, actor: Actor, full_name: str, email: str = "") -> Person:
    """Enter a person; Vietnamese lists go by the given name, so the key starts with it."""
    name = nfc(full_name)
    given_first = " ".join((name.split()[-1], *name.split()[:-1]))
    person = Person(full_name=name, sort_key=sort_key(given_first), email=email)
    session.add(person)
    audit.record(session, actor, PERSON_ADDED, person, name=name)
    return person


def change_email(session: Session, actor: Actor, person: Person, email: str) -> None:
    """Write to somebody at another address from now on."""
    before, person.email = person.email, email
    audit.record(session, actor, EMAIL_CHANGED, person, person=person.full_name, before=before, after=email)


class TwoHeads(Conflict):
    """An agency has one head at a time (Decree 30/2020, Article 13.1)."""

    message = _l(
        "%(name)s signs as “%(lines)s” already. Enter the last day of that post first, or let this one sign as deputy: "
        "“KT.” and the title below."
    )


def refuse_two_heads(
    session: Session, agency_id: int, person_id: int, lines: str, first: date, last: date | None, *,
    field: str = "authority",
) -> None:  # fmt: skip
    """Raises TwoHeads where somebody else is head, or acts as head, on one of these days; of two that are given the
    right at once the second waits here for the first."""
    name = signing.heads(lines)
    if name is None:
        return
    session.execute(sa.select(Agency.id).where(Agency.id == agency_id).with_for_update(key_share=True))
    query = sa.select(Assignment).where(
        Assignment.agency_id == agency_id, Assignment.person_id != person_id, Assignment.authority != "",
        sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= first),
    )  # fmt: skip
    if last is not None:
        query = query.where(Assignment.valid_from <= last)
    for other in session.scalars(query.order_by(Assignment.id)):
        if signing.heads(other.authority) == name:
            said = " ".join(other.authority.splitlines())
            raise TwoHeads(name=other.person.full_name, lines=said, field=field)


def _come_into_post(session: Session, actor: Actor, post: Assignment, since: date) -> None:
    """The one head there is, so that nobody acts as head any more from then on. Raises TwoHeads."""
    refuse_two_heads(session, post.agency_id, post.person_id, post.authority, since, post.valid_to)
    name = signing.heads(post.authority)
    if name is None:
        return
    acting = sa.select(Delegation).where(
        Delegation.agency_id == post.agency_id,
        Delegation.form == SigningForm.Q,
        Delegation.from_id != post.id,
    )
    at = max(clock.now(), clock.day_start(since))
    ended = [one for one in session.scalars(acting) if signing.heads(one.by.authority) == name]
    _end(session, actor, [one for one in ended if one.ends > at], at)


def change_authority(session: Session, actor: Actor, post: Assignment, authority: str) -> None:
    """Let a post sign otherwise from now on; what was signed and what is drafted keeps its lines.

    Raises what `signing.authority` raises, and TwoHeads.
    """
    before, post.authority = post.authority, signing.authority(post.role, post.title, authority)
    with session.no_autoflush:
        _come_into_post(session, actor, post, max(post.valid_from, clock.today()))
    access.record(
        session, actor, AUTHORITY_CHANGED, post, [post.person_id],
        person=post.person.full_name, title=post.title, before=before, after=post.authority,
    )  # fmt: skip


def assign(
    session: Session, actor: Actor, person: Person, agency: Agency, role: Role, title: str, *,
    unit: Unit | None = None, authority: str = "", assists: Assignment | None = None,
    valid_from: date | None = None, position: int = 0,
) -> Assignment:  # fmt: skip
    """Give a person a post from a day on, today by default.

    Raises what `signing.authority` raises when nobody in such a post signs like that, and TwoHeads.
    """
    authority = signing.authority(role, title, authority)
    session.flush()
    post = Assignment(
        agency_id=agency.id, person_id=person.id, unit_id=unit.id if unit else None, role=role, title=title,
        authority=authority, assists_id=assists.id if assists else None,
        valid_from=valid_from or clock.today(), position=position,
    )  # fmt: skip
    _come_into_post(session, actor, post, post.valid_from)
    session.add(post)
    access.record(
        session, actor, ASSIGNED, post, [person.id], person=person.full_name, role=role, title=title
    )
    return post


def end_post(
    session: Session, actor: Actor, post: Assignment, last_day: date, successor: Assignment | None = None
) -> None:
    """End a post after a day; what was signed and done under it stays under its name.

    Who prepared for it as a secretary prepares for the successor from now on.
    """
    before, post.valid_to = post.valid_to, last_day
    secretaries = sa.update(Assignment).where(Assignment.assists_id == post.id)
    session.execute(secretaries.values(assists_id=successor.id if successor else None))
    access.record(
        session, actor, POST_ENDED, post,
        person=post.person.full_name, title=post.title, before=before, last_day=last_day,
    )  # fmt: skip


def end_delegations(session: Session, actor: Actor, post: Assignment, at: datetime) -> int:
    """End what a post gave or was given to sign in another's stead; returns how many."""
    parties = sa.or_(Delegation.from_id == post.id, Delegation.to_id == post.id)
    open_ones = sa.and_(
        Delegation.ends_at > at, sa.or_(Delegation.revoked_at.is_(None), Delegation.revoked_at > at)
    )
    found = session.scalars(sa.select(Delegation).where(parties, open_ones)).all()
    _end(session, actor, found, at)
    return len(found)


def _end(session: Session, actor: Actor, delegations: Sequence[Delegation], at: datetime) -> None:
    for one in delegations:
        # one that has not begun is void from its beginning
        one.revoked_at = max(at, one.starts_at)
        access.record(session, actor, DELEGATION_ENDED, one, to=one.to.label)
