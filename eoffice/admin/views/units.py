"""The units of one's agency."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.admin import units as use
from eoffice.admin.forms import UnitForm
from eoffice.admin.views import bp
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Unit
from eoffice.directory.permissions import DIRECTORY_MANAGE


@bp.get("/admin/units")
@needs(DIRECTORY_MANAGE)
def units() -> ResponseReturnValue:
    """Every unit; the one that the address names to be called otherwise."""
    chosen = request.args.get("unit", type=int)
    if chosen is None:
        return _units()
    unit = use.unit_of(db(), current_actor(), chosen)
    return _units(unit, UnitForm(formdata=None, obj=unit))


def _units(unit: Unit | None = None, form: UnitForm | None = None) -> str:
    found = directory.units(db(), current_actor().agency_id or 0, closed=True)
    return render_template("admin/units.html", units=found, unit=unit, form=form)


@bp.post("/admin/units/<int:unit_id>")
@needs(DIRECTORY_MANAGE)
def rename_unit(unit_id: int) -> ResponseReturnValue:
    """Call it otherwise."""
    form, status = UnitForm(), 422
    unit = use.unit_of(db(), current_actor(), unit_id)
    if form.validate_on_submit():
        try:
            use.rename(db(), current_actor(), unit_id, form.name.data or "", form.abbreviation.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Changed; what was issued keeps what stands on it."), "ok")
            return redirect(url_for("admin.units"), 303)
    return _units(unit, form), status


@bp.post("/admin/units/<int:unit_id>/close")
@needs(DIRECTORY_MANAGE)
def close_unit(unit_id: int) -> ResponseReturnValue:
    """Offer it no more."""
    use.close(db(), current_actor(), unit_id)
    flash(_("The unit is closed; it is offered no more, and what was done under its name stays."), "ok")
    return redirect(url_for("admin.units"), 303)


@bp.post("/admin/units/<int:unit_id>/reopen")
@needs(DIRECTORY_MANAGE)
def reopen_unit(unit_id: int) -> ResponseReturnValue:
    """Offer it again."""
    use.reopen(db(), current_actor(), unit_id)
    flash(_("The unit is open again."), "ok")
    return redirect(url_for("admin.units"), 303)
