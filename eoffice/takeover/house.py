"""What an agency has that rows of an old table may name: registers, numbers held, units, people, issuers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as rights
from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Permission
from eoffice.core.tables import Row
from eoffice.core.text import fold
from eoffice.directions.models import Part
from eoffice.directions.permissions import needed_for
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency, Assignment, Role, Unit
from eoffice.documents import registers
from eoffice.documents.models import Document, Register, RegisterEntry
from eoffice.incoming import operations as incoming
from eoffice.takeover.tables import reference, several

#: columns that hold user names, of any of the tables
_PEOPLE = ("leader", "worker", "coordinating", "drafter", "signer", "creator")
#: what the role of somebody with open work must allow
LEADS, COORDINATES = needed_for(Part.LEAD), needed_for(Part.COORDINATE)


class NobodyHere(Invalid):
    """Open work needs somebody of today."""

    message = _l(
        "“%(who)s” is nobody with a fitting post here today. Take people in first, or correct the row."
    )


class NoSuchUnit(Invalid):
    """Units are named by their notation."""

    message = _l(
        "There is no unit with the notation “%(code)s” here. Correct the row, or ask the administrator to add the unit."
    )


class NeitherUnitNorPerson(Invalid):
    """The column takes both."""

    message = _l(
        "“%(who)s” is neither the notation of a unit here nor the user name of somebody with a post today. Correct the "
        "row."
    )


class WhoDirected(Invalid):
    """A task stands under a leader's direction, and one leads (Article 23)."""

    message = _l("Fill in the leader who assigned the work, who leads, and what he asked for.")


class NoSuchDocument(Invalid):
    """Documents come before what refers to them."""

    message = _l("No document stands at “%(text)s” here. Take the documents over first.")


@dataclass
class House:
    """What an agency has, filled up while rows are taken in."""

    agency: Agency
    #: the system before, as the mark on each document names it
    system: str
    registers: dict[tuple[int, str], Register]
    #: by register and number: code and subject of who holds it
    held: dict[tuple[int, int], tuple[str, str]]
    units: dict[str, Unit]
    #: by user name, present posts of the agency
    posts: dict[str, Sequence[Assignment]]
    issuers: dict[str, tuple[str, str]] = field(default_factory=dict)


def house(session: Session, agency: Agency, system: str, rows: Sequence[Row]) -> House:
    """Read once what the rows will ask for."""
    years = {int(row["year"]) for row in rows if row["year"].isdigit()}
    known = [one for year in sorted(years) for one in registers.registers(session, agency.id, year)]
    held = sa.select(RegisterEntry.register_id, RegisterEntry.number, Document).join(
        Document, Document.id == RegisterEntry.document_id
    )
    held = held.where(RegisterEntry.register_id.in_([one.id for one in known]))
    named = {name for row in rows for key in _PEOPLE for name in several(row[key])}
    users = accounts.by_names(session, named)
    present = directory.posts(session, agency.id)
    return House(
        agency, system, {(one.year, one.code): one for one in known},
        {(register, number): (one.code, one.subject) for register, number, one in session.execute(held)},
        {fold(one.abbreviation): one for one in directory.units(session, agency.id)},
        {name: _posts_of(user, present) for name, user in users.items()},
    )  # fmt: skip


def _posts_of(user: User, present: Sequence[Assignment]) -> list[Assignment]:
    return [post for post in present if post.person_id == user.person_id]


@dataclass(frozen=True)
class Work:
    """Who directed it, and who leads (a post, else a unit) with whom."""

    leader: Assignment | None = None
    to: Unit | Assignment | None = None
    coordinating: tuple[Unit | Assignment, ...] = ()


def work(at: House, row: Row) -> Work:
    """The people of an open row. Raises NobodyHere, NoSuchUnit, NeitherUnitNorPerson, WhoDirected."""
    leader = post(at, row["leader"], Role.LEADER) if row["leader"] else None
    to: Unit | Assignment | None = post(at, row["worker"], able=LEADS) if row["worker"] else None
    if to is None and row["unit"]:
        to = unit(at, row["unit"])
    others = coordinating(at, row)
    if (to is not None or others) and (leader is None or to is None or not row["opinion"]):
        raise WhoDirected
    return Work(leader, to, others)


def coordinating(at: House, row: Row) -> tuple[Unit | Assignment, ...]:
    """The units and people who help. Raises NeitherUnitNorPerson."""
    return tuple(_either(at, name) for name in several(row["coordinating"]))


def unit(at: House, abbreviation: str) -> Unit:
    """A unit by its abbreviation. Raises NoSuchUnit."""
    found = at.units.get(fold(abbreviation))
    if found is None:
        raise NoSuchUnit(code=abbreviation)
    return found


def _either(at: House, name: str) -> Unit | Assignment:
    found = at.units.get(fold(name))
    if found is None and not at.posts.get(name):
        raise NeitherUnitNorPerson(who=name)
    return found or post(at, name, able=COORDINATES)


def document(session: Session, at: House, text: str, year: int | None = None) -> Document:
    """The document at a place in a register, as “DEN 1233” names it: of the year named, else of `year`, else of the
    latest register of that name that holds the number. Raises NotAReference, NoSuchDocument.
    """
    code, named, number = reference(text)
    of_year = named or year
    query = sa.select(Document).join(RegisterEntry, RegisterEntry.document_id == Document.id)
    query = query.join(Register, Register.id == RegisterEntry.register_id).where(
        Register.agency_id == at.agency.id, Register.code == code, RegisterEntry.number == number,
    )  # fmt: skip
    if of_year is not None:
        query = query.where(Register.year == of_year)
    found = session.scalars(query.order_by(Register.year.desc()).limit(1)).first()
    if found is None:
        raise NoSuchDocument(text=text)
    return found


def post(at: House, username: str, *roles: Role, able: Permission | None = None) -> Assignment:
    """A present post of somebody, with one of the roles when any are named, whose role allows what is asked of it.

    Raises NobodyHere.
    """
    found = [
        one
        for one in at.posts.get(username, ())
        if (not roles or one.role in roles) and (able is None or able in rights.of(one))
    ]
    if not found:
        raise NobodyHere(who=username)
    return found[0]


def issuer(session: Session, at: House, name: str) -> tuple[str, str]:
    """The issuer as the directory spells it; asked once for each name."""
    if name not in at.issuers:
        at.issuers[name] = incoming.issuer(session, name, "")
    return at.issuers[name]
