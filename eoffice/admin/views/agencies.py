"""Agencies outside this installation, taken in from a table."""

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_wtf import FlaskForm

from eoffice.admin import outside
from eoffice.admin.outside import LIMIT
from eoffice.admin.views import bp
from eoffice.core import tables as table
from eoffice.core import uploads
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.tables import Row
from eoffice.core.uploads import TableForm, TakeInForm
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.permissions import DIRECTORY_OUTSIDE
from eoffice.directory.tables import AGENCIES, AGENCIES_EXAMPLE


@bp.get("/admin/agencies")
@needs(DIRECTORY_OUTSIDE)
def agencies() -> ResponseReturnValue:
    """How many there are, and a table to take in more or change them."""
    return _agencies(TableForm(formdata=None))


def _agencies(form: FlaskForm) -> str:
    return render_template(
        "admin/agencies.html", form=form, counts=directory.count_agencies(db()), limit=LIMIT
    )


@bp.get("/admin/agencies/model")
@needs(DIRECTORY_OUTSIDE)
def agencies_model() -> Response:
    """The table to fill in."""
    return uploads.model("mau-co-quan-ngoai", "Cơ quan ngoài hệ thống", AGENCIES, AGENCIES_EXAMPLE)


@bp.post("/admin/agencies/look")
@needs(DIRECTORY_OUTSIDE)
def look_at_agencies() -> ResponseReturnValue:
    """Rehearse a table: every row with what would become of it."""
    form = TableForm()
    if not form.validate_on_submit():
        return _agencies(form), 422
    try:
        rows = uploads.uploaded(form.file.data, AGENCIES, LIMIT)
    except AppError as error:
        status = refused(form, error)
        return _agencies(form), status
    return _preview(rows)


def _preview(rows: list[Row]) -> ResponseReturnValue:
    report = outside.take_in(db(), current_actor(), rows, rehearse=True)
    form = TakeInForm(formdata=None, table=table.kept(rows, AGENCIES))
    return uploads.preview(AGENCIES, rows, report, form, act="admin.take_agencies_in", back="admin.agencies")


@bp.post("/admin/agencies/take-in")
@needs(DIRECTORY_OUTSIDE)
def take_agencies_in() -> ResponseReturnValue:
    """Do what was looked at."""
    form = TakeInForm()
    if not form.validate_on_submit():
        return _agencies(TableForm(formdata=None)), 422
    rows = table.again(form.table.data or "", AGENCIES, LIMIT)
    try:
        outside.take_in(db(), current_actor(), rows, rehearse=False)
    except table.Refused:
        return _preview(rows)  # somebody else was faster: the rows as they stand now
    flash(ngettext("%(num)s agency taken in.", "%(num)s agencies taken in.", len(rows)), "ok")
    return redirect(url_for("admin.agencies"), 303)
