"""Lists of dossiers, opening one, and handing several over at once."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.text import whole
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import queries, service
from eoffice.dossiers.forms import DossierForm
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.permissions import DOSSIER_ARCHIVE, DOSSIER_WORK
from eoffice.dossiers.queries import Tab
from eoffice.dossiers.states import State
from eoffice.dossiers.views import bp


@bp.get("/dossiers")
@needs(DOCUMENT_READ)
def index() -> ResponseReturnValue:
    """A tab of the list."""
    actor, words = current_actor(), whole(request.args.get("q", ""), 200, "q")
    given = request.args.get("tab", "")
    usual = Tab.ARCHIVE if actor.can(DOSSIER_ARCHIVE) else Tab.MINE
    tab = Tab(given) if given in set(Tab) else usual
    page = queries.listing(db(), actor, tab, words, request.args.get("mark"))
    counts = queries.counts(db(), actor)
    late = {Tab.DUE} if counts[Tab.DUE] else set()
    tabs = [
        (one.word, url_for("dossiers.index", tab=one.value), counts.get(one), one is tab, one in late)
        for one in Tab
    ]
    return render_template(
        "dossiers/list.html", page=page, tab=tab, tabs=tabs, words=words,
        choosing=tab in (Tab.MINE, Tab.DUE) and actor.can(DOSSIER_WORK) and any(map(_ready, page.rows)),
        address=lambda mark: url_for("dossiers.index", tab=tab.value, q=words or None, mark=mark),
    )  # fmt: skip


def _ready(dossier: Dossier) -> bool:
    """Whether it can be handed over."""
    return dossier.state in (State.CLOSED, State.RETURNED)


@bp.route("/dossiers/new", methods=["GET", "POST"])
@needs(DOSSIER_WORK)
def new() -> ResponseReturnValue:
    """Open a dossier that is not on the list."""
    form, year = DossierForm(), clock.today().year
    headings = queries.headings(db(), current_actor().agency_id or 0, year)
    form.offer(headings)
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            made = service.open_dossier(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("The dossier is open."), "ok")
            return redirect(url_for("dossiers.show", dossier_id=made.id), 303)
    return render_template("dossiers/new.html", form=form, headings=headings, year=year), status


@bp.post("/dossiers/hand-over")
@needs(DOSSIER_WORK)
def hand_over() -> ResponseReturnValue:
    """Hand the ticked dossiers over to the archive."""
    chosen = request.form.getlist("dossier", type=int)
    made = service.hand_over(db(), current_actor(), chosen)
    flash(_("Handed over; the archivist accepts or returns each."), "ok")
    return redirect(url_for("dossiers.show", dossier_id=made.dossiers[0].id), 303)
