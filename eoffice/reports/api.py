"""Registers for other systems."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core import clock
from eoffice.core.forms import read_day
from eoffice.core.openapi import answer, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import closing
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.reports import queries, service
from eoffice.reports.books import Span
from eoffice.reports.columns import SHEETS, Form

bp = Blueprint("reports_api", __name__, url_prefix="/api/v1/registers")


@dataclass(frozen=True)
class RegisterOut:
    """One series of numbers of one year."""

    id: int
    year: int
    direction: str
    code: str
    name: str
    opening_number: int
    last_number: int
    void: int
    closed: bool


@dataclass(frozen=True)
class Proof:
    """What reading the whole series found; `missing` and `back_dated` are empty in a sound one."""

    first: int
    last: int
    given: int
    void: dict[int, str]
    missing: list[int]
    back_dated: list[int]


@dataclass(frozen=True)
class Lines:
    """A part of a register as the law's form has it."""

    columns: list[str]
    rows: list[list[str]]


@bp.get("")
@needs(DOCUMENT_READ_ALL)
@documented("Registers of a year (?year=)", response=list[RegisterOut])
def index() -> ResponseReturnValue:
    """The registers of one's own agency."""
    year = request.args.get("year", type=int) or clock.today().year
    return answer(
        [
            RegisterOut(
                one.register.id, one.register.year, one.register.direction, one.register.code,
                one.register.name, one.register.opening_number, one.register.last_number, one.void,
                one.register.closed_at is not None,
            )
            for one in queries.lines(db(), current_actor(), year)
        ]
    )  # fmt: skip


@bp.get("/<int:register_id>/proof")
@needs(DOCUMENT_READ_ALL)
@documented("Whether a register is whole: void, missing and back-dated numbers", response=Proof)
def proof(register_id: int) -> ResponseReturnValue:
    """The gap report."""
    found = closing.gaps(db(), queries.one(db(), current_actor(), register_id))
    return answer(
        Proof(
            found.first, found.last, found.given, dict(found.void), list(found.missing),
            list(found.back_dated),
        )
    )  # fmt: skip


@bp.get("/<int:register_id>/lines")
@needs(DOCUMENT_READ_ALL)
@documented("Lines of a register (?from=, ?to= as yyyy-mm-dd)", response=Lines)
def lines(register_id: int) -> ResponseReturnValue:
    """The lines of one register in a period, its year by default."""
    register = queries.one(db(), current_actor(), register_id)
    form = Form.INCOMING if register.direction == Form.INCOMING.direction else Form.OUTGOING
    span = Span(
        form, register.agency_id, read_day(request.args.get("from", "")) or date(register.year, 1, 1),
        read_day(request.args.get("to", "")) or date(register.year, 12, 31), register.id,
    )  # fmt: skip
    found = service.lines(db(), current_actor(), span, service.SHEET_LIMIT)
    return answer(Lines([column.heading for column in SHEETS[form].columns], [list(row) for row in found]))
