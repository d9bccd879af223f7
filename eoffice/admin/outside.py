"""Agencies outside this installation, taken in from a table as a whole or not at all."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import tables
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Conflict, Invalid
from eoffice.core.permissions import Actor, require
from eoffice.core.tables import Report, Row
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
    problems = tables.shape(rows, means.AGENCIES)
    bad = {one.row for one in problems}
    outcomes: list[tuple[Row, str]] = []
    with transaction(session):
        require(actor, DIRECTORY_OUTSIDE)
        codes = {row[key] for row in rows for key in ("code", "old_code") if row[key]}
        known, met = queries.agencies_by_code(session, codes), set[str]()
        for row in rows:
            if row.number in bad:
                continue
            try:
                outcomes.append((row, _take(session, actor, known, met, row)))
            except AppError as error:
                problems.append(tables.refusal(row, error))
        if rehearse:
            session.rollback()
        elif problems:
            raise tables.Refused(problems)
    return Report(outcomes, problems)


def _take(session: Session, actor: Actor, known: dict[str, Agency], met: set[str], row: Row) -> str:
    code, old_code = means.code(row["code"]), means.code(row["old_code"]) if row["old_code"] else None
    for one in (code, old_code):
        if one is not None and one in met:
            raise CodeTwice(code=one)
    met |= {code} | ({old_code} if old_code else set())
    agency = known.get(code)
    if agency is not None and agency.hosted:
        raise WorksHere(code=code)
    _refuse_code_of_another(known, agency, code, old_code)
    fields = _fields(row, agency, old_code)
    if agency is not None and agency.name == row["name"] and _same(agency, fields):
        return _("stays as it is")
    operations.save_agency(session, actor, code, row["name"], **fields)
    return _("is changed") if agency is not None else _("new agency")


def _refuse_code_of_another(
    known: dict[str, Agency], agency: Agency | None, code: str, old_code: str | None
) -> None:
    for one in (code, old_code):
        owner = known.get(one) if one else None
        if owner is not None and (owner is not agency or (one == code and owner.code != code)):
            raise CodeOfAnother(code=one, name=owner.name)


def _fields(row: Row, agency: Agency | None, old_code: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {key: row[key] for key in _TEXTS if row[key]}
    if old_code:
        fields["old_code"] = old_code
    fields["on_axis"] = means.yes(row["on_axis"], agency.on_axis if agency else False)
    days = {key: means.day(row[key]) for key in ("valid_from", "valid_to")}
    fields |= {key: day for key, day in days.items() if day is not None}
    begins, ends = (fields.get(key, getattr(agency, key, None)) for key in ("valid_from", "valid_to"))
    if begins and ends and ends < begins:
        raise EndsBeforeItBegins
    return fields


def _same(agency: Agency, fields: dict[str, Any]) -> bool:
    return all(getattr(agency, key) == value for key, value in fields.items())
