"""Whom a document goes to: agencies named by code or, where only one has it, by name."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency

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


def entries(session: Session, typed: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Codes of the rows that were chosen from the list, what was typed in the others."""
    return tuple(_entry(session, name, chosen) for name, chosen in typed)


def _entry(session: Session, name: str, chosen: str) -> str:
    if chosen.isdecimal():
        agency = session.get(Agency, int(chosen))
        return agency.code if agency and agency.name == name else name
    return chosen or name


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
