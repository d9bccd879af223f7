"""The yearly list of dossiers: headings, dossiers, the head's approval."""

from io import BytesIO

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import Form, refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import operations, papers, queries, service
from eoffice.dossiers.forms import DecisionForm, DossierForm, HeadingForm
from eoffice.dossiers.permissions import DOSSIER_APPROVE, DOSSIER_PLAN
from eoffice.dossiers.views import bp


@bp.get("/dossiers/plan")
@needs(DOCUMENT_READ)
def plan() -> ResponseReturnValue:
    """The list of a year, this one by default; from the desk the one that waits for approval."""
    waits = (
        queries.year_to_approve(db(), current_actor().agency_id or 0)
        if "to_approve" in request.args
        else None
    )
    if waits is not None:
        return _render(waits), 200
    years = queries.plan_years(db(), current_actor().agency_id or 0)
    asked = request.args.get("year", type=int) or clock.today().year
    # a clerk prepares next year's list in December
    return _render(asked if asked in years or asked == years[0] + 1 else years[0]), 200


def _render(year: int, sent: Form | None = None) -> str:
    actor = current_actor()
    agency_id = actor.agency_id or 0
    found = queries.plan(db(), agency_id, year)
    plans = actor.can(DOSSIER_PLAN)
    heading = sent if isinstance(sent, HeadingForm) else HeadingForm(formdata=None, data={"year": year})
    heading.offer(directory.units(db(), agency_id) if plans else ())
    adding = sent if isinstance(sent, DossierForm) else DossierForm(formdata=None)
    adding.offer(found.headings if found else (), directory.posts(db(), agency_id) if plans else ())
    approving = sent if isinstance(sent, DecisionForm) else DecisionForm(formdata=None)
    return render_template(
        "dossiers/plan.html",
        year=year,
        years=queries.plan_years(db(), agency_id),
        plan=found,
        planned=queries.planned(db(), found) if found else {},
        known=queries.known_of(db(), actor, found) if found else set(),
        heading=heading if plans else None,
        adding=adding if plans and found and found.headings else None,
        approving=approving if actor.can(DOSSIER_APPROVE) and found and not found.approved_at else None,
        drafting=plans and found is not None and found.approved_at is None,
        roman=papers.roman,
    )


@bp.post("/dossiers/plan/headings")
@needs(DOSSIER_PLAN)
def add_heading() -> ResponseReturnValue:
    """Add a big heading."""
    form, status = HeadingForm(), 422
    form.offer(directory.units(db(), current_actor().agency_id or 0))
    year = form.year.data or clock.today().year
    if form.validate_on_submit():
        try:
            service.add_heading(
                db(), current_actor(), year, form.abbreviation.data or "", form.heading.data or "",
                form.unit_id.data or None,
            )  # fmt: skip
        except AppError as error:
            if error.field == "title":
                error.field = "heading"  # the page holds the title of a dossier too
            status = refused(form, error)
        else:
            return redirect(url_for("dossiers.plan", year=year), 303)
    return _render(year, form), status


@bp.post("/dossiers/plan/dossiers")
@needs(DOSSIER_PLAN)
def add_dossier() -> ResponseReturnValue:
    """Put a dossier on the list."""
    form, status, year = DossierForm(), 422, request.args.get("year", clock.today().year, type=int)
    agency_id = current_actor().agency_id or 0
    form.offer(queries.headings(db(), agency_id, year), directory.posts(db(), agency_id))
    if form.validate_on_submit():
        try:
            service.plan_dossier(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            return redirect(url_for("dossiers.plan", year=year), 303)
    return _render(year, form), status


@bp.post("/dossiers/plan/dossiers/<int:dossier_id>/remove")
@needs(DOSSIER_PLAN)
def remove_dossier(dossier_id: int) -> ResponseReturnValue:
    """Take a dossier off the list while that is drafted."""
    year = service.remove_planned(db(), current_actor(), dossier_id)
    flash(_("Taken off the list."), "ok")
    return redirect(url_for("dossiers.plan", year=year), 303)


@bp.post("/dossiers/plan/headings/<int:heading_id>/remove")
@needs(DOSSIER_PLAN)
def remove_heading(heading_id: int) -> ResponseReturnValue:
    """Take a heading without dossiers off the list while that is drafted."""
    year = service.remove_heading(db(), current_actor(), heading_id)
    flash(_("Taken off the list."), "ok")
    return redirect(url_for("dossiers.plan", year=year), 303)


@bp.post("/dossiers/plan/<int:year>/copy")
@needs(DOSSIER_PLAN)
def copy(year: int) -> ResponseReturnValue:
    """Begin with last year's list."""
    count = service.copy_last_year(db(), current_actor(), year)
    flash(_("%(count)s dossiers were taken over from last year's list.", count=count), "ok")
    return redirect(url_for("dossiers.plan", year=year), 303)


@bp.post("/dossiers/plan/<int:year>/approve")
@needs(DOSSIER_APPROVE)
def approve(year: int) -> ResponseReturnValue:
    """The head issues it."""
    form, status = DecisionForm(), 422
    if form.validate_on_submit():
        try:
            service.approve_plan(db(), current_actor(), year, form.decision.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("The list is issued."), "ok")
            return redirect(url_for("dossiers.plan", year=year), 303)
    return _render(year, form), status


@bp.get("/dossiers/plan/<int:year>.pdf")
@needs(DOCUMENT_READ)
def plan_pdf(year: int) -> Response:
    """Danh mục hồ sơ."""
    agency = directory.agency(db(), current_actor().agency_id or 0)
    found = queries.plan(db(), agency.id, year)
    if found is None:
        raise operations.NoHeading
    made = papers.plan(agency, found, queries.planned(db(), found))
    return send_file(
        BytesIO(made.pdf), mimetype="application/pdf", as_attachment=True, max_age=0,
        download_name=f"danh-muc-ho-so-{year}.pdf",
    )  # fmt: skip
