"""Whom a document goes to: agencies named by code or, where only one has it, by name."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import groups
from eoffice.documents.models import Recipient, RecipientGroup

#: empty rows a form shows beyond those filled in; longest list one form may send
SPARE, MOST = 3, 400


class UnknownRecipient(Invalid):
    """Neither a code nor a name in the directory."""

    message = _l("“%(entry)s” is in no directory. Choose the agency from the list that appears while typing.")


class ClosedRecipient(Invalid):
    """The agency exists no more."""

    message = _l("“%(name)s” was closed on %(day)s. Choose the agency that has taken over its work.")


class AmbiguousRecipient(Invalid):
    """Many districts have a “Phòng Tài chính”: a name alone might send it to the wrong one."""

    message = _l(
        "Several agencies are called “%(name)s” (%(codes)s). Choose one from the list, or give its code."
    )


class SucceededRecipient(Invalid):
    """The agency exists no more, and another does its work."""

    message = _l(
        "“%(name)s” was closed on %(day)s. Its successor is %(successor)s (%(code)s): choose that one."
    )

    def __init__(self, place: int, successors: Sequence[Agency], **told: str) -> None:
        #: what a form offers instead: its value, and the name on the button
        self.instead = [(f"{place}|{one.code}", one.name) for one in successors]
        named = "; ".join(f"{one.name} ({one.code})" for one in successors)
        first = successors[0]
        super().__init__(**told, successor=first.name, code=first.code, successors=named, field="recipients")


class DividedRecipient(SucceededRecipient):
    """Several share what it did."""

    message = _l(
        "“%(name)s” was closed on %(day)s. Its successors are %(successors)s: choose whom the document concerns."
    )


@dataclass(frozen=True)
class Member:
    """A recipient that was chosen with its group."""

    code: str
    name: str
    #: what names it on the page, with others
    line: str


@dataclass(frozen=True)
class Listed:
    """The recipients of a form."""

    #: those of its own line each: as typed, with the id where one was chosen
    rows: list[tuple[str, str]] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    #: what was decided about members that exist no more
    told: list[str] = field(default_factory=list)
    #: numbers of the rows; one that named a group is not drawn again, so that what a browser kept of it stays
    numbers: list[int] = field(default_factory=list)
    last: int = 0

    @property
    def drawn(self) -> list[tuple[int, str, str]]:
        """Rows to draw with their numbers, some of them empty."""
        numbers = self.numbers or list(range(1, len(self.rows) + 1))
        last = max((self.last, *numbers))
        rows = [(number, *row) for number, row in zip(numbers, self.rows, strict=True)]
        return rows + [(last + place, "", "") for place in range(1, SPARE + 1)]

    @property
    def groups(self) -> list[tuple[str, list[Member]]]:
        """Members by the line that names them."""
        found: dict[str, list[Member]] = {}
        for one in self.members:
            found.setdefault(one.line, []).append(one)
        return list(found.items())

    @classmethod
    def of(cls, recipients: Iterable[Recipient]) -> "Listed":
        """As a document has them."""
        every = [one for one in recipients if one.code]
        alone = [(one.name, one.code) for one in every if not one.line]
        return cls(alone, [Member(one.code, one.name, one.line) for one in every if one.line])


def outside(recipients: Iterable[Recipient]) -> list[str]:
    """Of a document's recipients those in no directory."""
    return [one.name for one in recipients if not one.code]


def rows(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Recipients of a form as typed, with the id where one was chosen; rows left empty are left out."""
    typed = [
        (form.get(f"recipient{n}", "").strip(), form.get(f"recipient{n}_id", "")) for n in range(1, MOST)
    ]
    listed = [(code.strip(), "") for code in form.getlist("recipients")]
    found = [row for row in (*typed, *listed) if row[0]]
    # a successor chosen where the refusal offered it
    place, _mark, code = form.get("instead", "").partition("|")
    if code and place.isascii() and place.isdigit() and int(place) < len(found):
        found[int(place)] = (code, "")
    return found


def listed(session: Session, actor: Actor, form: MultiDict[str, str]) -> Listed:
    """Recipients of a form, each once; a row that names a group is replaced by its members of today."""
    typed, ticked = rows(form), [value.partition("|") for value in form.getlist("member")]
    chosen = list(zip(typed, _groups(session, actor, typed), strict=True))
    present = directory.agencies_by_code(session, {code for code, _bar, _line in ticked}) if ticked else {}
    lines = {present[code]: line for code, _bar, line in ticked if code in present}
    kept = groups.settled(session, lines)
    members = [(agency, lines[named]) for named, agency in kept.places]
    told = list(kept.told)
    for _row, group in chosen:
        if group is not None:
            found = groups.members(session, group)
            members += [(agency, group.printed) for agency in found.agencies]
            told += found.told
    numbers = _numbers(form, len(typed))
    alone = {number: row for number, (row, group) in zip(numbers, chosen, strict=True) if group is None}
    rows_alone = list(alone.values())
    return Listed(rows_alone, _once(rows_alone, members), told, list(alone), max(numbers, default=0))


def _numbers(form: MultiDict[str, str], count: int) -> list[int]:
    """Numbers of the rows of a form that say something; what is listed without a number follows."""
    found = [n for n in range(1, MOST) if form.get(f"recipient{n}", "").strip()]
    return found + [max(found, default=0) + place for place in range(1, count - len(found) + 1)]


def _groups(
    session: Session, actor: Actor, typed: Sequence[tuple[str, str]]
) -> Sequence[RecipientGroup | None]:
    """The group of the actor's for which each row stands: the one chosen, or the one whose name was typed.

    What was chosen is known by its mark alone, and a name that is an agency's means the agency.
    """
    if all(number.isdecimal() for _name, number in typed):
        return [None] * len(typed)
    kept = groups.kept(session, actor)
    marks, names = {mark(one): one for one in kept}, {one.name: one for one in reversed(kept)}
    for entry in _agencies_called(session, names.keys() & {name for name, number in typed if not number}):
        del names[entry]
    return [marks.get(number) if number else names.get(name) for name, number in typed]


def _agencies_called(session: Session, names: Collection[str]) -> Collection[str]:
    query = sa.select(Agency.name).where(Agency.name.in_(names)).distinct()
    return session.scalars(query).all() if names else ()


def mark(group: RecipientGroup) -> str:
    """What stands for a group in a form where an agency's id would stand."""
    return f"g{group.id}"


def _once(alone: Iterable[tuple[str, str]], members: Iterable[tuple[Agency, str]]) -> list[Member]:
    """Each agency with the first line that names it; one that stands alone needs no line."""
    met = {word for row in alone for word in row if word}
    found: dict[int, Member] = {}
    for agency, line in members:
        if met.isdisjoint({str(agency.id), agency.code, agency.name}):
            found.setdefault(agency.id, Member(agency.code, agency.name, line))
    return list(found.values())


def printed(recipients: Iterable[Recipient]) -> list[str]:
    """As “Nơi nhận” lists them: each by its name, those of a group by the group's line (Appendix I, part II.9)."""
    return list(dict.fromkeys(one.line or one.name for one in recipients))


def entries(session: Session, typed: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """Codes of the rows that were chosen from the list, what was typed in the others."""
    ids = {int(chosen) for _name, chosen in typed if chosen.isdecimal()}
    query = sa.select(Agency.id, Agency.name, Agency.code).where(Agency.id.in_(ids))
    codes = {(str(number), name): code for number, name, code in session.execute(query)} if ids else {}
    return tuple(
        codes.get((chosen, name), name) if chosen.isdecimal() else chosen or name for name, chosen in typed
    )


def find_members(session: Session, members: Collection[Member]) -> dict[Agency, str]:
    """The agencies of groups with the line of each. Raises UnknownRecipient, ClosedRecipient, DividedRecipient."""
    known = directory.agencies_by_code(session, {one.code for one in members}) if members else {}
    for one in members:
        if one.code not in known:
            raise UnknownRecipient(entry=one.name or one.code, field="recipients")
    lines = {known[one.code]: one.line for one in members}
    kept = groups.settled(session, lines)
    for lost in lines.keys() - {named for named, _agency in kept.places}:
        _still_there(session, MOST, lost)
    return {agency: lines[named] for named, agency in kept.places}


def find(session: Session, named: Iterable[str]) -> list[Agency]:
    """The agencies of a list, by code or name. Raises what the classes above say."""
    wanted = [entry for entry in map(nfc, named) if entry]
    columns = (Agency.code, Agency.old_code, Agency.name, Agency.short_name)
    known = session.scalars(
        sa.select(Agency).where(sa.or_(*(column.in_(wanted) for column in columns)))
    ).all()
    return [_still_there(session, place, _one(entry, known)) for place, entry in enumerate(wanted)]


def _one(entry: str, known: Sequence[Agency]) -> Agency:
    """The agency that is meant; its code says so better than a name."""
    found = [agency for agency in known if entry in (agency.code, agency.old_code)]
    found = found or _open([agency for agency in known if entry in (agency.name, agency.short_name)])
    if not found:
        raise UnknownRecipient(entry=entry, field="recipients")
    if len(found) > 1:
        codes = ", ".join(sorted(agency.code for agency in found)[:3])
        raise AmbiguousRecipient(name=entry, codes=codes, field="recipients")
    return found[0]


def _still_there(session: Session, place: int, agency: Agency) -> Agency:
    """Raises ClosedRecipient, SucceededRecipient, DividedRecipient."""
    if agency.valid_to is None or agency.valid_to >= clock.today():
        return agency
    told = {"name": agency.name, "day": f"{agency.valid_to:%d/%m/%Y}"}
    follow = directory.successors(session, agency)
    if not follow:
        raise ClosedRecipient(**told, field="recipients")
    raise (DividedRecipient if len(follow) > 1 else SucceededRecipient)(place, follow, **told)


def _open(found: Iterable[Agency]) -> list[Agency]:
    """Those that exist today; all of them when none does, so that the refusal can say so."""
    every = list(found)
    return [one for one in every if one.valid_to is None or one.valid_to >= clock.today()] or every
