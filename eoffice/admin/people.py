"""People, units and accounts of an agency, taken in from a table as a whole or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.admin.units import UnitOtherwiseCalled
from eoffice.core import access, audit, tables
from eoffice.core.access import AccessChange
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.tables import Report, Row, Rules, Taking
from eoffice.core.text import fold, nfc, writable
from eoffice.directory import operations, queries, signing
from eoffice.directory import tables as means
from eoffice.directory.models import Agency, Assignment, Person, Role, Unit
from eoffice.directory.permissions import DIRECTORY_MANAGE, DIRECTORY_PROVINCE

#: rows of one table; each new account costs a twentieth of a second
LIMIT = 500


class NeedsUnit(Invalid):
    """Only the leaders of an agency stand outside its units."""

    message = _l("Everybody but the leaders works in a unit. Fill in its name, or its notation.")


class UnknownUnit(Invalid):
    """A unit that is new needs both names."""

    message = _l("There is no unit “%(unit)s” yet. To add it, fill in both its name and its notation.")


class UnitClosed(Conflict):
    """Nobody works there any more."""

    message = _l(
        "The unit “%(name)s” (%(code)s) is closed. Open it again on the page of units, or name another."
    )


class NameTaken(Conflict):
    """User names are the installation's, posts an agency's."""

    message = _l(
        "The user name “%(username)s” belongs to somebody else. Choose another one; for a post of that very person "
        "write the name as it stands there."
    )


class SharedAccount(Conflict):
    """Whoever sets the password can sign in, and so act in the other agency."""

    message = _l(
        "This person also holds a post in another agency, so no single agency's administrator sets the password: the "
        "province's administrator does, or an operator with “flask user password”."
    )


class NotShared(Conflict):
    """Each agency's administrator sees to its own people."""

    message = _l(
        "“%(username)s” holds posts in one agency alone. Its own administrator gives a new password (%(agency)s)."
    )


class NotConfirmed(Conflict):
    """Else whoever gives somebody a post could have his password, and act elsewhere."""

    message = _l(
        "“%(username)s” got a post in another agency that his own has not confirmed yet (Changes of rights). "
        "Until then its administrator gives the password."
    )


class SharedPerson(Conflict):
    """Two agencies would write over each other."""

    message = _l(
        "This person also holds a post in another agency; no single agency's administrator changes the e-mail. Leave "
        "the cell empty."
    )


POST_ELSEWHERE = audit.action("admin.post_elsewhere", _l("Post given in another agency"))
PASSWORD_SHARED = audit.action(
    "admin.password_shared", _l("One-time password given to somebody with posts in several agencies")
)


@dataclass(frozen=True)
class Newcomer:
    """An account that was opened, with the password that is told once."""

    name: str
    username: str
    password: str


@dataclass
class _House:
    """What an agency has, filled up while rows are taken in."""

    agency: Agency
    units: list[Unit]
    posts: list[Assignment]
    users: dict[str, User]
    #: people of this table by user name: a second row is a second post
    met: dict[str, Person] = field(default_factory=dict)
    newcomers: list[tuple[Person, str]] = field(default_factory=list)
    #: closed accounts of people who hold no other post
    returning: list[User] = field(default_factory=list)
    #: units of this table that no outcome has named yet
    new_units: list[Unit] = field(default_factory=list)


def take_in(
    session: Session, actor: Actor, rows: Sequence[Row], *, rehearse: bool
) -> tuple[Report, list[Newcomer]]:
    """Enter people with their posts, new units and accounts; rehearsing does all of it and keeps nothing.

    Returns what becomes of each row and, when it is done, the accounts opened. Raises Forbidden, and Refused when
    a row cannot be taken: then nothing was.
    """
    taking = Taking(rows, means.PEOPLE)
    opened: list[Newcomer] = []
    with transaction(session):
        house = _house(session, actor, rows)
        report = taking.report(taking.each(lambda row, rules: _take(session, actor, house, row, rules)))
        if rehearse:
            session.rollback()
        elif report.problems:
            raise tables.Refused(report.problems)
        else:
            opened = [_open(session, actor, *one) for one in house.newcomers]
            opened += [_renew(session, actor, user) for user in house.returning]
    return report, opened


def _house(session: Session, actor: Actor, rows: Sequence[Row]) -> _House:
    require(actor, DIRECTORY_MANAGE)
    agency = queries.agency(session, actor.agency_id or 0)
    require(actor, DIRECTORY_MANAGE, agency)
    return _House(
        agency,
        list(queries.units(session, agency.id, closed=True)),
        # those to come as well: a table taken in twice gives no post twice
        list(queries.roll(session, agency.id)),
        accounts.by_names(session, {row["username"] for row in rows}),
    )


def _take(session: Session, actor: Actor, house: _House, row: Row, rules: Rules) -> str:
    unit = rules.ask(lambda: _unit(session, actor, house, row), "unit", "unit_code", "role")
    found = rules.ask(lambda: _person(session, actor, house, row, row["username"]), "username", "name")
    lines = rules.ask(lambda: _authority(row), "authority", "role", "title")
    rules.end()
    assert found is not None, "no rule is broken"
    (person, outcome), role, since = found, means.role(row["role"]), means.day_or_today(row["since"])
    told = [*_email(session, actor, house, person, row["email"])]
    for post in house.posts:
        place = post.unit_id == (unit.id if unit else None) and post.title == row["title"]
        if place and post.person_id == person.id and post.role is role:
            told += _right_to_sign(session, actor, post, lines or "")
            return "; ".join(told) or _("stays as it is")
    made = operations.assign(
        session, actor, person, house.agency, role, row["title"], unit=unit, valid_from=since,
        authority=lines or "", position=len(house.posts),
    )  # fmt: skip
    house.posts.append(made)
    _tell_elsewhere(session, actor, made)
    if unit is not None and unit in house.new_units:
        house.new_units.remove(unit)
        added = _("new unit “%(name)s” (%(code)s)", name=unit.name, code=unit.abbreviation)
        outcome = f"{outcome}, {added}"
    return "; ".join([outcome, *told])


def _tell_elsewhere(session: Session, actor: Actor, made: Assignment) -> None:
    """Let the other agencies of somebody look at his new post: they know who is whose."""
    posts = queries.assignments_of(session, made.person_id, to_come=True)
    for agency_id in sorted({post.agency_id for post in posts} - {made.agency_id}):
        entry = audit.record(
            session, actor, POST_ELSEWHERE, made,
            person=made.person.full_name, title=made.title, named=[made.agency.name],
        )  # fmt: skip
        access.warn(session, actor, entry, agency_id, [made.person_id])


def _email(session: Session, actor: Actor, house: _House, person: Person, email: str) -> Iterator[str]:
    """Where the table names another address, it holds; an empty cell says nothing. Raises SharedPerson."""
    before = person.email
    if not email or email == before:
        return
    if any(
        post.agency_id != house.agency.id for post in queries.assignments_of(session, person.id, to_come=True)
    ):
        raise SharedPerson
    operations.change_email(session, actor, person, email)
    yield _("e-mail: “%(before)s” becomes “%(after)s”", before=before, after=email)


def _right_to_sign(session: Session, actor: Actor, post: Assignment, lines: str) -> Iterator[str]:
    """The same of the lines above a signature: no right is lost by a cell that nobody filled in."""
    before = post.authority
    if lines == before:
        return
    if not lines:
        yield _("stays as it is, also the right to sign “%(lines)s”", lines=_on_one_line(before))
        return
    operations.change_authority(session, actor, post, lines)
    yield _(
        "right to sign: “%(before)s” becomes “%(after)s”",
        before=_on_one_line(before),
        after=_on_one_line(lines),
    )


def _on_one_line(lines: str) -> str:
    return " | ".join(lines.splitlines())


def _authority(row: Row) -> str:
    return signing.authority(means.role(row["role"]), row["title"], means.authority(row["authority"]))


def _unit(session: Session, actor: Actor, house: _House, row: Row) -> Unit | None:
    name, code = row["unit"], row["unit_code"]
    if not name and not code:
        if means.role(row["role"]) is not Role.LEADER:
            raise NeedsUnit
        return None
    # a closed one gives its name free, never its notation: documents bear it
    named = [
        unit
        for unit in house.units
        if name
        and fold(unit.name) == fold(name)
        and (unit.closed_at is None or not code or _coded(unit, code))
    ]
    coded = [unit for unit in house.units if code and _coded(unit, code)]
    # a name may stand twice, a notation once
    same = [unit for unit in named if unit in coded] if name and code else named or coded
    for unit in same:
        if unit.closed_at is not None:
            raise UnitClosed(name=unit.name, code=unit.abbreviation)
        return unit
    for other in coded or named:
        raise UnitOtherwiseCalled(name=other.name, code=other.abbreviation)
    if not name or not code:
        raise UnknownUnit(unit=name or code)
    made = operations.add_unit(session, actor, house.agency, name, code)
    session.flush()
    house.units.append(made)
    house.new_units.append(made)
    return made


def _coded(unit: Unit, code: str) -> bool:
    return fold(unit.abbreviation) == fold(code)


def _person(session: Session, actor: Actor, house: _House, row: Row, name: str) -> tuple[Person, str]:
    """Whose account it is, or somebody new; one account never changes hands."""
    user = house.users.get(name)
    known = house.met.get(name) or (user.person if user else None)
    if known is None:
        made = operations.add_person(session, actor, row["name"], row["email"])
        session.flush()
        house.met[name] = made
        house.newcomers.append((made, name))
        return made, _("new person, new account")
    # cleaned as the row was: what was stored before may hold what nobody sees
    if fold(nfc(writable(known.full_name))) != fold(row["name"]):
        raise NameTaken(username=name)
    if name in house.met or any(post.person_id == known.id for post in house.posts):
        return known, _("one more post")
    assert user is not None, "nobody without an account is found by a user name"
    house.met[name] = known
    held = queries.assignments_of(session, known.id, to_come=True)
    if not held:
        house.returning.append(user)
        return known, _("here again, with a new one-time password")
    return known, _("one more post; works in %(agency)s too", agency=held[0].agency.name)


def _open(session: Session, actor: Actor, person: Person, username: str) -> Newcomer:
    password = accounts.one_time_password()
    user = accounts.add_user(session, actor, person, username, password)
    user.must_change = True
    return Newcomer(person.full_name, username, password)


def _renew(session: Session, actor: Actor, user: User) -> Newcomer:
    password = accounts.give_one_time_password(session, actor, user)
    return Newcomer(user.person.full_name, user.username, password)


def renew_password(session: Session, actor: Actor, person_id: int) -> Newcomer:
    """Give somebody of one's agency a one-time password, when the old one is forgotten or the account locked.

    Raises NotFound, Forbidden, SharedAccount.
    """
    with transaction(session):
        return _renew(session, actor, _account_here(session, actor, person_id))


def renew_shared_password(session: Session, actor: Actor, username: str) -> Newcomer:
    """The same for somebody with posts in several agencies, by whoever keeps the installation; each of the agencies
    sees it. Raises Forbidden, NoSuchAccount, NotShared, NotConfirmed.
    """
    with transaction(session):
        require(actor, DIRECTORY_PROVINCE)
        user, posts = accounts.account(session, username)
        agencies = {post.agency_id: post.agency.name for post in posts}
        if len(agencies) < 2:
            raise NotShared(username=username, agency=", ".join(agencies.values()) or "-", field="username")
        if any(_unconfirmed(session, agency_id, posts) for agency_id in agencies):
            raise NotConfirmed(username=username, field="username")
        found = _renew(session, actor, user)
        for agency_id in agencies:
            entry = audit.record(session, actor, PASSWORD_SHARED, user, person=found.name, user=username)
            access.warn(session, actor, entry, agency_id)
    return found


def _account_here(session: Session, actor: Actor, person_id: int) -> User:
    require(actor, DIRECTORY_MANAGE)
    posts = queries.assignments_of(session, person_id, to_come=True)
    user = accounts.of_people(session, [person_id]).get(person_id)
    if user is None or actor.agency_id not in {post.agency_id for post in posts}:
        raise NotFound
    binding = {post.id for post in posts if post.agency_id != actor.agency_id}
    if binding - _unconfirmed(session, actor.agency_id, posts):
        raise SharedAccount
    return user


def _unconfirmed(session: Session, agency_id: int, posts: Sequence[Assignment]) -> set[int]:
    """Which of these posts other agencies gave while this one has not confirmed it: they bind nobody here yet."""
    query = sa.select(AuditEntry.object_id).join(AccessChange, AccessChange.entry_id == AuditEntry.id)
    open_ones = (AccessChange.agency_id == agency_id, AccessChange.confirmed_at.is_(None))
    query = query.where(*open_ones, AuditEntry.action == POST_ELSEWHERE)
    return {one.id for one in posts} & set(session.scalars(query))
