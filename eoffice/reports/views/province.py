"""Every agency of the installation side by side, for a wall: counts alone."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from eoffice.core import clock
from eoffice.core.web import db, needs
from eoffice.directory import queries as directory
from eoffice.reports import figures as count
from eoffice.reports.forms import PeriodForm
from eoffice.reports.permissions import REPORTS_PROVINCE
from eoffice.reports.views import bp


@bp.get("/province")
@needs(REPORTS_PROVINCE)
def province() -> ResponseReturnValue:
    """The board; it renews itself every minute."""
    form = PeriodForm.asked(request.args)
    if not form.validate():
        return render_template("reports/province.html", form=form, rows=[], now=clock.local(clock.now())), 422
    agencies = directory.hosted(db())
    found = count.by_agency(db(), form.to_period(), [agency.id for agency in agencies])
    rows = [(agency, found[agency.id]) for agency in agencies]
    return render_template("reports/province.html", form=form, rows=rows, now=clock.local(clock.now()))
