"""Registers and figures for other systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from eoffice.core import clock
from eoffice.core.forms import DaysAsked
from eoffice.core.openapi import answer, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.directory.permissions import DIRECTORY_READ
from eoffice.documents import bodies, closing
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.reports import figures as count
from eoffice.reports import numbering, queries, service
from eoffice.reports.books import Span
from eoffice.reports.columns import SHEETS, Form
from eoffice.reports.figures import Figures
from eoffice.reports.forms import PeriodForm, YearAsked
from eoffice.reports.permissions import REPORTS_PROVINCE

bp = Blueprint("reports_api", __name__, url_prefix="/api/v1")


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
class BodyOut:
    """A council, committee or task force of one's own agency that issues under its own name."""

    id: int
    name: str
    abbreviation: str


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


@bp.get("/registers")
@needs(DOCUMENT_READ_ALL)
@documented("Registers of a year (?year=)", response=list[RegisterOut])
def index() -> ResponseReturnValue:
    """The registers of one's own agency."""
    year = YearAsked(request.args).check().year.data or clock.today().year
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


@bp.get("/registers/bodies")
@needs(DIRECTORY_READ)
@documented("Bodies of one's own agency in whose name drafts are issued", response=list[BodyOut])
def advisory_bodies() -> ResponseReturnValue:
    """Those that exist."""
    found = bodies.every(db(), current_actor().agency_id or 0)
    return answer([BodyOut(one.id, one.name, one.abbreviation) for one in found if one.ended_at is None])


@bp.get("/registers/<int:register_id>/proof")
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


@bp.get("/registers/<int:register_id>/lines")
@needs(DOCUMENT_READ_ALL)
@documented("Lines of a register (?from=, ?to= as yyyy-mm-dd)", response=Lines)
def lines(register_id: int) -> ResponseReturnValue:
    """The lines of one register in a period, its year by default."""
    register = queries.one(db(), current_actor(), register_id)
    form = Form.INCOMING if register.direction == Form.INCOMING.direction else Form.OUTGOING
    first, last = service.year_of(date(register.year, 1, 1))
    asked = DaysAsked.of(request.args, first, last).check()
    span = Span(form, register.agency_id, asked.first.data or first, asked.last.data or last, register.id)
    found = service.lines(db(), current_actor(), span, service.SHEET_LIMIT)
    return answer(Lines([column.heading for column in SHEETS[form].columns], [list(row) for row in found]))


@dataclass(frozen=True)
class AgencyFigures:
    """One agency's counts in a period; shares in percent, medians in hours, null when there is nothing to measure."""

    code: str
    name: str
    arrived: int
    from_axis: int
    registered: int
    registered_share: int | None
    done_in_time: int
    done_late: int
    open: int
    overdue: int
    in_time_share: int | None
    hours_to_register: float | None
    hours_to_direct: float | None
    hours_to_finish: float | None
    issued: int
    sent: int
    electronic_share: int | None
    #: opened, and those put on the yearly list
    dossiers: int
    #: looks at documents and at dossiers, and how often somebody signed in
    document_visits: int
    dossier_visits: int
    sign_ins: int


@bp.get("/figures")
@needs(DOCUMENT_READ_ALL)
@documented(
    "Counts of one's own agency (?from=, ?to= as yyyy-mm-dd, the month so far by default)",
    response=AgencyFigures,
)
def figures() -> ResponseReturnValue:
    """The same numbers as the report."""
    own = directory.agency(db(), current_actor().agency_id or 0)
    return answer(_figures([own])[0])


@dataclass(frozen=True)
class RegisterFigures:
    """One register's numbers in a period; shares in percent, null when there is nothing to measure."""

    code: str
    name: str
    #: null where nothing but the last number of the system before stands in the period
    first: int | None
    last: int
    given: int
    void: int
    #: registered, or issued after the signature, by the next working day
    in_time: int
    late: int
    in_time_share: int | None
    #: that came from elsewhere or went there, and of these those wholly over the axis
    exchanged: int
    on_axis: int
    electronic_share: int | None


@bp.get("/figures/registers")
@needs(DOCUMENT_READ_ALL)
@documented("Counts by register of one's own agency (?from=, ?to=)", response=list[RegisterFigures])
def register_figures() -> ResponseReturnValue:
    """The same numbers as the report by register."""
    period = PeriodForm.asked(request.args).check().to_period()
    return answer(
        [
            RegisterFigures(
                one.code, one.name, one.first, one.last, one.given, one.void, one.in_time, one.late, one.share,
                one.exchanged, one.on_axis, one.electronic,
            )
            for one in numbering.by_register(db(), period, current_actor().agency_id or 0)
        ]
    )  # fmt: skip


@bp.get("/province")
@needs(REPORTS_PROVINCE)
@documented("Counts of every agency of the installation (?from=, ?to=)", response=list[AgencyFigures])
def province() -> ResponseReturnValue:
    """The board for an operations centre."""
    return answer(_figures(directory.hosted(db())))


def _figures(agencies: Sequence[Agency]) -> list[AgencyFigures]:
    period = PeriodForm.asked(request.args).check().to_period()
    found = count.by_agency(db(), period, [agency.id for agency in agencies])
    return [_out(agency, found[agency.id]) for agency in agencies]


def _out(agency: Agency, one: Figures) -> AgencyFigures:
    done = one.handled
    return AgencyFigures(
        agency.code, agency.name, one.arrived, one.from_axis, one.registered, one.registered_share, done.in_time,
        done.late, done.open, done.open_late, done.share, _number(one.to_register), _number(one.to_direct),
        _number(one.to_finish), one.issued, one.sent, one.electronic,
        one.dossiers, one.document_visits, one.dossier_visits, one.sign_ins,
    )  # fmt: skip


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
