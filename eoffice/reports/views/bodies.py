"""Councils, committees and task forces that issue under their own name, each in a series of its own."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import bodies
from eoffice.documents.permissions import REGISTER_OPEN
from eoffice.reports.forms import BodyForm
from eoffice.reports.views import bp


@bp.get("/registers/bodies")
@needs(REGISTER_OPEN)
def advisory_bodies() -> ResponseReturnValue:
    """Those there are and were, and the form for another."""
    return _page(BodyForm(formdata=None)), 200


def _page(form: BodyForm) -> str:
    rows = bodies.every(db(), current_actor().agency_id or 0)
    return render_template("reports/bodies.html", form=form, rows=rows)


@bp.post("/registers/bodies")
@needs(REGISTER_OPEN)
def add_body() -> ResponseReturnValue:
    """Enter one."""
    form, status = BodyForm(), 422
    if form.validate_on_submit():
        try:
            bodies.add(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(
                _("From now on drafts can be issued in its name; its first number opens its register."), "ok"
            )
            return redirect(url_for("reports.advisory_bodies"), 303)
    return _page(form), status


@bp.post("/registers/bodies/<int:body_id>/end")
@needs(REGISTER_OPEN)
def end_body(body_id: int) -> ResponseReturnValue:
    """Let nothing more be drafted in its name."""
    bodies.end(db(), current_actor(), body_id)
    flash(_("Ended; what is under way in its name is finished."), "ok")
    return redirect(url_for("reports.advisory_bodies"), 303)
