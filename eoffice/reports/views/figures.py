"""Figures of one's agency: the whole, by unit, person and kind, on the page and as a spreadsheet."""

from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO
from typing import Any

from flask import Response, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core import clock, sheets
from eoffice.core.sheets import Value
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents.layout.tables import Column, Table, typeset
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.reports import figures as count
from eoffice.reports import numbering
from eoffice.reports.figures import Day, Figures, KindLine, Line, Period
from eoffice.reports.forms import PeriodForm
from eoffice.reports.numbering import RegisterLine
from eoffice.reports.views import bp


class By(StrEnum):
    """What the lines of a report are."""

    AGENCY = "agency"
    UNIT = "unit"
    PERSON = "person"
    REGISTER = "register"
    KIND = "kind"

    @property
    def word(self) -> LazyString:
        """The word on the tab."""
        return _WORDS[self]


_WORDS = {
    By.AGENCY: _l("Whole agency"),
    By.UNIT: _l("By unit"),
    By.PERSON: _l("By person"),
    By.REGISTER: _l("By register"),
    By.KIND: _l("By kind"),
}

_REGISTER_HEADINGS = (
    _l("Name of the register"), _l("First number"), _l("Last number"), _l("Numbers given"), _l("Void"),
    _l("In time, by the next working day"), _l("Late"), _l("Over the axis, percent"),
)  # fmt: skip


@bp.get("/reports")
@needs(DOCUMENT_READ_ALL)
def figures() -> ResponseReturnValue:
    """The figures of a period; the address says it all, so it can be kept and sent."""
    by = By(request.args["by"]) if request.args.get("by") in set(By) else By.AGENCY
    form = PeriodForm.asked(request.args)
    if not form.validate():
        return _page(form, by, None, []), 422
    period, agency_id = form.to_period(), current_actor().agency_id or 0
    if "xlsx" in request.args:
        return _xlsx(by, period, agency_id)
    if "pdf" in request.args:
        return _pdf(by, period, agency_id)
    if by is By.AGENCY:
        found = count.by_agency(db(), period, [agency_id])[agency_id]
        return _page(form, by, found, [], count.by_day(db(), period, [agency_id]))
    return _page(form, by, None, _lines(by, period, agency_id))


def _lines(by: By, period: Period, agency_id: int) -> Sequence[Line | KindLine | RegisterLine]:
    if by is By.REGISTER:
        return numbering.by_register(db(), period, agency_id)
    if by is By.KIND:
        return count.by_kind(db(), period, agency_id)
    return (count.by_unit if by is By.UNIT else count.by_person)(db(), period, agency_id)


def _page(
    form: PeriodForm, by: By, found: Figures | None, lines: Sequence[Any], days: Sequence[Day] = ()
) -> str:
    asked: dict[str, Any] = {name: request.args.get(name) for name in ("from", "to")}
    tabs = [(one.word, url_for("reports.figures", by=one.value, **asked), None, one is by) for one in By]
    return render_template(
        "reports/figures.html",
        form=form,
        by=by,
        found=found,
        lines=lines,
        days=days,
        months=count.by_month(days),
        tabs=tabs,
        asked=asked,
    )


def _xlsx(by: By, period: Period, agency_id: int) -> Response:
    headings, rows = _sheet(by, period, agency_id)
    widths = [40.0, *(14.0 for _one in headings[1:])]
    data = sheets.write(str(by.word), [str(one) for one in headings], rows, widths)
    name = f"bao-cao-{by}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.xlsx"
    return send_file(BytesIO(data), mimetype=sheets.MEDIA_TYPE, as_attachment=True, download_name=name)


def _pdf(by: By, period: Period, agency_id: int) -> Response:
    headings, rows = _sheet(by, period, agency_id)
    agency, days = directory.agency(db(), agency_id), {"first": period.first, "last": period.last}
    table = Table(
        agency=agency.name, parent=agency.parent_name, title=f"{_('Reports')}: {by.word}",
        subtitle=_("from %(first)s to %(last)s", **{key: f"{day:%d/%m/%Y}" for key, day in days.items()}),
        columns=tuple(Column(str(one), 4 if place == 0 else 1.4, place > 0) for place, one in enumerate(headings)),
        rows=[[_shown(value) for value in row] for row in rows],
        notes=(_("Printed from the system by %(name)s, %(time)s.", name=current_actor().name,
                 time=f"{clock.local(clock.now()):%H:%M %d/%m/%Y}"),),
    )  # fmt: skip
    name = f"bao-cao-{by}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.pdf"
    return send_file(
        BytesIO(typeset(table).pdf), mimetype="application/pdf", as_attachment=True, download_name=name
    )


def _sheet(by: By, period: Period, agency_id: int) -> tuple[list[LazyString | str], list[Sequence[Value]]]:
    if by is By.AGENCY:
        found = count.by_agency(db(), period, [agency_id])[agency_id]
        return [_l("Figure"), _l("Value")], [(str(label), value) for label, value in facts(found)]
    if by is By.KIND:
        kinds = count.by_kind(db(), period, agency_id)
        return [_l("Kind of document"), _l("Incoming"), _l("Outgoing")], [
            (k.name, k.arrived, k.issued) for k in kinds
        ]
    if by is By.REGISTER:
        return [*_REGISTER_HEADINGS], [
            (one.name, one.first, one.last, one.given, one.void, one.in_time, one.late, one.electronic)
            for one in numbering.by_register(db(), period, agency_id)
        ]
    headings: list[LazyString | str] = [
        _l("Unit or person"), _l("Post"), _l("Given"), _l("Done in time"), _l("Done late"), _l("Open"),
        _l("Overdue"), "%",
    ]  # fmt: skip
    lines = (count.by_unit if by is By.UNIT else count.by_person)(db(), period, agency_id)
    return headings, [
        (one.name, one.detail, h.total, h.in_time, h.late, h.open, h.open_late, h.share)
        for one in lines
        for h in [one.handled]
    ]


def facts(found: Figures) -> list[tuple[LazyString, Value]]:
    """Every figure with its name, in the order of a report."""
    return [
        (_l("Incoming documents"), found.arrived),
        (_l("of these over the axis"), found.from_axis),
        (_l("Registered"), found.registered),
        (_l("registered within a working day (%)"), found.registered_share),
        (_l("Done in time"), found.handled.in_time),
        (_l("Done late"), found.handled.late),
        (_l("Open"), found.handled.open),
        (_l("Overdue"), found.handled.open_late),
        (_l("in time, of what is due (%)"), found.handled.share),
        (_l("Hours from arrival to registration (median)"), _number(found.to_register)),
        (_l("Hours from registration to direction (median)"), _number(found.to_direct)),
        (_l("Hours from registration to the end (median)"), _number(found.to_finish)),
        (_l("Issued documents"), found.issued),
        (_l("sent to others"), found.sent),
        (_l("wholly over the axis, of what was sent (%)"), found.electronic),
        (_l("Dossiers opened or planned"), found.dossiers),
        (_l("Views of documents"), found.document_visits),
        (_l("Views of dossiers"), found.dossier_visits),
        (_l("Sign-ins"), found.sign_ins),
    ]


def _shown(value: Value) -> str:
    """A cell of the printed report, with the decimal mark of its language."""
    if isinstance(value, int | float):
        return str(format_decimal(value))
    return "-" if value is None else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


bp.add_app_template_global(facts, "report_facts")
