"""Changing over from another system, step by step: registers, then documents."""

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_wtf import FlaskForm

from eoffice.core import clock, tables, uploads
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.tables import Column, Report, Row
from eoffice.core.uploads import TableForm, TakeInForm
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import registers
from eoffice.documents.permissions import REGISTER_OPEN
from eoffice.takeover import service
from eoffice.takeover.files import Files, Kept
from eoffice.takeover.forms import DocumentsForm, GoForm
from eoffice.takeover.service import LIMIT
from eoffice.takeover.tables import DOCUMENTS, DOCUMENTS_EXAMPLE, REGISTERS, REGISTERS_EXAMPLE

bp = Blueprint("takeover", __name__, template_folder="templates")


@bp.get("/registers/take-over")
@needs(REGISTER_OPEN)
def index() -> ResponseReturnValue:
    """The two steps, and the registers as they stand."""
    return _page()


def _page(series: FlaskForm | None = None, papers: FlaskForm | None = None) -> str:
    return render_template(
        "takeover/index.html",
        series=series or TableForm(formdata=None),
        papers=papers or DocumentsForm(formdata=None),
        registers=registers.registers(db(), current_actor().agency_id or 0, clock.today().year),
        limit=LIMIT,
    )


@bp.get("/registers/take-over/registers.xlsx")
@needs(REGISTER_OPEN)
def registers_model() -> Response:
    """The table of registers to fill in."""
    return uploads.model("mau-so-dang-ky", "Sổ đăng ký", REGISTERS, REGISTERS_EXAMPLE)


@bp.get("/registers/take-over/documents.xlsx")
@needs(REGISTER_OPEN)
def documents_model() -> Response:
    """The table of documents to fill in."""
    return uploads.model("mau-van-ban-cu", "Văn bản", DOCUMENTS, DOCUMENTS_EXAMPLE)


@bp.post("/registers/take-over/registers/look")
@needs(REGISTER_OPEN)
def look_at_registers() -> ResponseReturnValue:
    """Rehearse a table of registers."""
    form = TableForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        rows = uploads.uploaded(form.file.data, REGISTERS, LIMIT)
    except AppError as error:
        status = refused(form, error)
        return _page(form), status
    return _preview_registers(rows)


def _preview_registers(rows: list[Row]) -> ResponseReturnValue:
    report = service.take_registers(db(), current_actor(), rows, rehearse=True)
    form = TakeInForm(formdata=None, table=tables.kept(rows, REGISTERS))
    return _preview(REGISTERS, rows, report, form, "takeover.take_registers")


@bp.post("/registers/take-over/registers")
@needs(REGISTER_OPEN)
def take_registers() -> ResponseReturnValue:
    """Do what was looked at."""
    form = TakeInForm()
    if not form.validate_on_submit():
        return _page(), 422
    rows = tables.again(form.table.data or "", REGISTERS, LIMIT)
    try:
        service.take_registers(db(), current_actor(), rows, rehearse=False)
    except tables.Refused:
        return _preview_registers(rows)  # somebody else was faster: the rows as they stand now
    flash(ngettext("%(num)s register taken over.", "%(num)s registers taken over.", len(rows)), "ok")
    return redirect(url_for("takeover.index"), 303)


@bp.post("/registers/take-over/documents/look")
@needs(REGISTER_OPEN)
def look_at_documents() -> ResponseReturnValue:
    """Rehearse a table of documents; table and files are kept for the decision, for a day at most."""
    form = DocumentsForm()
    if not form.validate_on_submit():
        return _page(papers=form), 422
    kept = Kept.keep(form.table.data, form.files.data or None)
    try:
        rows, files = tables.read(kept.table, DOCUMENTS, LIMIT), kept.files
        return _preview_documents(kept, rows, files, form.system.data or "")
    except AppError as error:
        kept.forget()
        error.field = "table" if error.field == "file" else error.field
        status = refused(form, error)
        return _page(papers=form), status


def _preview_documents(kept: Kept, rows: list[Row], files: Files, system: str) -> ResponseReturnValue:
    report = service.take_documents(db(), current_actor(), rows, files, system, rehearse=True)
    if report.problems:
        kept.forget()
    form = GoForm(formdata=None, word=kept.word, system=system)
    return _preview(DOCUMENTS, rows, report, form, "takeover.take_documents")


@bp.post("/registers/take-over/documents")
@needs(REGISTER_OPEN)
def take_documents() -> ResponseReturnValue:
    """Do what was looked at."""
    form = GoForm()
    if not form.validate_on_submit():
        return _page(), 422
    kept, system = Kept(form.word.data or ""), form.system.data or ""
    rows, files = tables.read(kept.table, DOCUMENTS, LIMIT), kept.files
    try:
        service.take_documents(db(), current_actor(), rows, files, system, rehearse=False)
    except tables.Refused:
        return _preview_documents(kept, rows, files, system)
    kept.forget()
    flash(ngettext("%(num)s document taken over.", "%(num)s documents taken over.", len(rows)), "ok")
    return redirect(url_for("reports.index"), 303)


def _preview(
    columns: Sequence[Column], rows: Sequence[Row], report: Report, form: FlaskForm, act: str
) -> ResponseReturnValue:
    page = render_template(
        "take_in.html", columns=columns, rows=rows, report=report, form=form, act=act, back="takeover.index",
        outcomes={row.number: outcome for row, outcome in report.outcomes},
    )  # fmt: skip
    return page, 422 if report.problems else 200
