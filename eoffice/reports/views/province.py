"""Every agency of the installation side by side, for a wall: counts alone."""

from collections.abc import Collection, Sequence
from dataclasses import fields

from flask import render_template, request
from flask.typing import ResponseReturnValue

from eoffice.core import clock
from eoffice.core.web import db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.reports import figures as count
from eoffice.reports.figures import Day, Figures, Handled
from eoffice.reports.forms import PeriodForm
from eoffice.reports.permissions import REPORTS_PROVINCE
from eoffice.reports.views import bp


@bp.get("/province")
@needs(REPORTS_PROVINCE)
def province() -> ResponseReturnValue:
    """The board; it renews itself every minute. `wall`: nothing else on the screen, in letters read from afar."""
    form = PeriodForm.asked(request.args)
    if not form.validate():
        return _page(form), 422
    agencies, period = directory.hosted(db()), form.to_period()
    ids = [agency.id for agency in agencies]
    found = count.by_agency(db(), period, ids)
    rows = [(agency, found[agency.id]) for agency in agencies]
    return _page(form, rows, count.by_day(db(), period, ids))


def _page(form: PeriodForm, rows: Sequence[tuple[Agency, Figures]] = (), days: Sequence[Day] = ()) -> str:
    return render_template(
        "reports/province.html", form=form, rows=rows, days=days, now=clock.local(clock.now()),
        whole=_whole([one for _agency, one in rows]), wall="wall" in request.args,
        period={name: request.args[name] for name in ("from", "to") if name in request.args},
    )  # fmt: skip


#: what is added up; a middle of middles would say nothing
_SUMMED = (
    "arrived",
    "registered",
    "registered_here",
    "registered_in_time",
    "from_axis",
    "issued",
    "sent",
    "sent_on_axis",
)


def _whole(found: Collection[Figures]) -> Figures:
    """All agencies together."""
    sums = {name: sum(getattr(one, name) for one in found) for name in _SUMMED}
    handled = {
        field.name: sum(getattr(one.handled, field.name) for one in found) for field in fields(Handled)
    }
    return Figures(**sums, handled=Handled(**handled))
