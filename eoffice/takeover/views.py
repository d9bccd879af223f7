"""Changing over from another system, step by step: registers, then documents, then drafts and dossiers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from eoffice.takeover.files import SHOWN, Files, Kept
from eoffice.takeover.forms import KINDS, GoForm, PapersForm
from eoffice.takeover.service import DRAFTS_LIMIT, LIMIT
from eoffice.takeover.tables import (
    DOCUMENTS,
    DOCUMENTS_EXAMPLE,
    DOSSIERS,
    DOSSIERS_EXAMPLE,
    DRAFTS,
    DRAFTS_EXAMPLE,
    REGISTERS,
    REGISTERS_EXAMPLE,
)

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
        papers=papers or PapersForm(formdata=None),
        registers=registers.registers(db(), current_actor().agency_id or 0, clock.today().year),
        limit=LIMIT,
        drafts_limit=DRAFTS_LIMIT,
        kinds=KINDS,
    )


@bp.get("/registers/take-over/registers.xlsx")
@needs(REGISTER_OPEN)
def registers_model() -> Response:
    """The table of registers to fill in."""
    return uploads.model("mau-so-dang-ky", "Sổ đăng ký", REGISTERS, REGISTERS_EXAMPLE)


@bp.get("/registers/take-over/<any(documents, drafts, dossiers):what>.xlsx")
@needs(REGISTER_OPEN)
def model(what: str) -> Response:
    """The table of documents, drafts or dossiers to fill in."""
    table = _TABLES[what]
    return uploads.model(table.file, table.title, table.columns, table.example)


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
    return uploads.preview(
        REGISTERS, rows, report, form, act="takeover.take_registers", back="takeover.index"
    )


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


@bp.post("/registers/take-over/look")
@needs(REGISTER_OPEN)
def look() -> ResponseReturnValue:
    """Rehearse a table of papers; table and files are kept for the decision, for a day at most."""
    form = PapersForm()
    if not form.validate_on_submit():
        return _page(papers=form), 422
    kept = Kept.keep(form.table.data, form.files.data or None)
    try:
        table = _TABLES[form.what.data]
        rows, files = tables.read(kept.table, table.columns, table.limit), kept.files
        return _preview(form.what.data, kept, rows, files, form.system.data or "")
    except AppError as error:
        kept.forget()
        error.field = "table" if error.field == "file" else error.field
        status = refused(form, error)
        return _page(papers=form), status


def _preview(what: str, kept: Kept, rows: list[Row], files: Files, system: str) -> ResponseReturnValue:
    report = _TABLES[what].take(db(), current_actor(), rows, files, system, rehearse=True)
    if report.problems:
        kept.forget()
    form = GoForm(formdata=None, what=what, word=kept.word, system=system)
    return uploads.preview(
        _TABLES[what].columns, rows, report, form, act="takeover.take", back="takeover.index",
        warning=_left_behind(rows, files),
    )  # fmt: skip


def _left_behind(rows: list[Row], files: Files) -> str:
    """Which files no row names, in words; empty when every one is named."""
    left = service.unnamed(rows, files)
    if not left:
        return ""
    return ngettext(
        "%(num)s file is named by no row of the table and stays behind: %(names)s. If it belongs to a document, "
        "correct the columns that name files.",
        "%(num)s files are named by no row of the table and stay behind: %(names)s. If they belong to documents, "
        "correct the columns that name files.",
        len(left),
        names="; ".join(left[:SHOWN]) + ("…" if len(left) > SHOWN else ""),
    )


@bp.post("/registers/take-over/papers")
@needs(REGISTER_OPEN)
def take() -> ResponseReturnValue:
    """Do what was looked at."""
    form = GoForm()
    if not form.validate_on_submit():
        return _page(), 422
    what, kept, system = form.what.data or "", Kept(form.word.data or ""), form.system.data or ""
    table = _TABLES[what]
    rows, files = tables.read(kept.table, table.columns, table.limit), kept.files
    try:
        table.take(db(), current_actor(), rows, files, system, rehearse=False)
    except tables.Refused:
        return _preview(what, kept, rows, files, system)
    left = _left_behind(rows, files)
    kept.forget()
    if left:
        flash(left, "warn")
    flash(ngettext("%(num)s row taken over.", "%(num)s rows taken over.", len(rows)), "ok")
    return redirect(url_for(table.then), 303)


@dataclass(frozen=True)
class _Table:
    """One kind of table of papers."""

    file: str
    title: str
    columns: Sequence[Column]
    example: Sequence[Sequence[str]]
    take: Callable[..., Report]
    #: where one looks afterwards
    then: str
    #: rows
    limit: int = LIMIT


_TABLES = {
    "documents": _Table(
        "mau-van-ban-cu", "Văn bản", DOCUMENTS, DOCUMENTS_EXAMPLE, service.take_documents, "reports.index"
    ),
    "drafts": _Table(
        "mau-du-thao", "Dự thảo", DRAFTS, DRAFTS_EXAMPLE, service.take_drafts, "outgoing.index", DRAFTS_LIMIT
    ),
    "dossiers": _Table(
        "mau-ho-so", "Hồ sơ", DOSSIERS, DOSSIERS_EXAMPLE, service.take_dossiers, "dossiers.index"
    ),
}
