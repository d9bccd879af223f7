"""Agencies outside this installation, taken in from a table as a whole or not at all."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import tables
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.core.tables import Report, Row, Rules, Taking
from eoffice.directory import operations, queries
from eoffice.directory import tables as means
from eoffice.directory.models import Agency
from eoffice.directory.permissions import DIRECTORY_OUTSIDE

#: rows of one table
LIMIT = 5000
#: fields that a table sets; an empty cell leaves the field as it is
_TEXTS = ("short_name", "abbreviation", "parent_name", "address", "email", "telephone")


class WorksHere(Conflict):
    """An agency of the installation is changed by its own administrators."""

    message = _l("“%(code)s” works in this installation; a table of outside agencies does not change it.")


class CodeTwice(Invalid):
    """Which of the two rows would count?"""

    message = _l("The code “%(code)s” stands in two rows.")


class CodeOfAnother(Conflict):
    """Codes lead mail; one code, one agency."""

    message = _l("The code “%(code)s” belongs to “%(name)s”.")


class EndsBeforeItBegins(Invalid):
    """An agency that never existed."""

    message = _l("The last day lies before the first one.")


def take_in(session: Session, actor: Actor, rows: Sequence[Row], *, rehearse: bool) -> Report:
    """Enter or change outside agencies; rehearsing does all of it and keeps nothing.

    Raises Forbidden, and Refused when a row cannot be taken: then nothing was.
    """
    taking = Taking(rows, means.AGENCIES)
    with transaction(session):
        require(actor, DIRECTORY_OUTSIDE)
        codes = {row[key] for row in rows for key in ("code", "old_code") if row[key]}
        known, met = queries.agencies_by_code(session, codes), set[str]()
        report = taking.report(taking.each(lambda row, rules: _take(session, actor, known, met, row, rules)))
        if rehearse:
            session.rollback()
        elif report.problems:
            raise tables.Refused(report.problems)
    return report


def _take(
    session: Session, actor: Actor, known: dict[str, Agency], met: set[str], row: Row, rules: Rules
) -> str:
    code, agency = row["code"], known.get(row["code"])
    for key in ("code", "old_code"):
        rules.ask(partial(_refuse_twice, met, row[key]), key)
        rules.ask(partial(_refuse_code_of_another, known, agency, row[key], code), key, "code")
    met |= {row["code"], row["old_code"]} - {""}
    days = rules.ask(lambda: _days(row, agency), "valid_to", "valid_from")
    rules.end()
    fields = _fields(row, agency) | (days or {})
    if agency is not None and agency.name == row["name"] and _same(agency, fields):
        return _("stays as it is")
    operations.save_agency(session, actor, code, row["name"], **fields)
    return _("is changed") if agency is not None else _("new agency")


def _refuse_twice(met: set[str], code: str) -> None:
    if code in met:
        raise CodeTwice(code=code)


def _refuse_code_of_another(known: dict[str, Agency], agency: Agency | None, one: str, code: str) -> None:
    """Refuse one of a row's codes; `code`: the one that names the row's agency."""
    if one == code and agency is not None and agency.hosted:
        raise WorksHere(code=code)
    owner = known.get(one) if one else None
    if owner is not None and (owner is not agency or (one == code and owner.code != code)):
        raise CodeOfAnother(code=one, name=owner.name)


def _fields(row: Row, agency: Agency | None) -> dict[str, Any]:
    fields: dict[str, Any] = {key: row[key] for key in (*_TEXTS, "old_code") if row[key]}
    fields["on_axis"] = means.yes(row["on_axis"], agency.on_axis if agency else False)
    return fields


def _days(row: Row, agency: Agency | None) -> dict[str, date]:
    found = {key: means.day(row[key]) for key in ("valid_from", "valid_to")}
    days = {key: day for key, day in found.items() if day is not None}
    begins, ends = (days.get(key, getattr(agency, key, None)) for key in ("valid_from", "valid_to"))
    if begins and ends and ends < begins:
        raise EndsBeforeItBegins
    return days


def _same(agency: Agency, fields: dict[str, Any]) -> bool:
    return all(getattr(agency, key) == value for key, value in fields.items())
