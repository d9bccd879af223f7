"""The register of sealed envelopes."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming import envelopes, sealed
from eoffice.incoming.forms import CorrectionForm, EnvelopeForm, VoidForm
from eoffice.incoming.permissions import ENVELOPE_KEEP, INCOMING_REGISTER
from eoffice.incoming.views import bp


@bp.get("/incoming/envelopes")
@needs(DOCUMENT_READ)
def envelopes_page() -> ResponseReturnValue:
    """Those the person may know of, and for the clerk the form."""
    return _page(EnvelopeForm(formdata=None))


@bp.post("/incoming/envelopes")
@needs(INCOMING_REGISTER)
def enter_envelope() -> ResponseReturnValue:
    """Enter one."""
    form, status = EnvelopeForm(), 422
    form.offer(envelopes.takers(db(), current_actor()))
    if form.validate_on_submit():
        try:
            made = envelopes.enter(db(), current_actor(), form.to_new())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(
                _(
                    "Entered as number %(number)s; %(name)s takes it over.",
                    number=made.number,
                    name=made.to.label,
                ),
                "ok",
            )
            return redirect(url_for("incoming.envelopes_page"), 303)
    return _page(form), status


@bp.post("/incoming/envelopes/<int:envelope_id>/receive")
@needs(DOCUMENT_READ)
def receive_envelope(envelope_id: int) -> ResponseReturnValue:
    """Take one over, with its seal whole or not."""
    envelopes.receive(db(), current_actor(), envelope_id, intact="broken" not in request.form)
    flash(_("Taken over."), "ok")
    return redirect(url_for("incoming.envelopes_page"), 303)


@bp.route("/incoming/envelopes/<int:envelope_id>", methods=["GET", "POST"])
@needs(INCOMING_REGISTER)
def correct_envelope(envelope_id: int) -> ResponseReturnValue:
    """Put a line right that was entered wrongly."""
    actor, envelope = current_actor(), envelopes.one(db(), current_actor(), envelope_id)
    form, status = CorrectionForm(obj=envelope), 200
    form.offer(envelopes.takers(db(), actor, envelope))
    if request.method == "POST":
        status = 422
    if form.validate_on_submit():
        try:
            envelopes.correct(db(), actor, envelope_id, form.to_new(), form.reason.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Corrected; the register says what stood there before."), "ok")
            return redirect(url_for("incoming.envelopes_page"), 303)
    return _line(envelope_id, form, VoidForm(formdata=None)), status


@bp.post("/incoming/envelopes/<int:envelope_id>/void")
@needs(INCOMING_REGISTER)
def void_envelope(envelope_id: int) -> ResponseReturnValue:
    """Make a line void; it stays in the register."""
    actor, form, status = current_actor(), VoidForm(), 422
    envelope = envelopes.one(db(), actor, envelope_id)
    if form.validate_on_submit():
        try:
            made = envelopes.void(db(), actor, envelope_id, form.void_reason.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Number %(number)s is void; it stays in the register.", number=made.number), "ok")
            return redirect(url_for("incoming.envelopes_page"), 303)
    correction = CorrectionForm(formdata=None, obj=envelope)
    correction.offer(envelopes.takers(db(), actor, envelope))
    return _line(envelope_id, correction, form), status


def _line(envelope_id: int, form: CorrectionForm, voiding: VoidForm) -> str:
    db().rollback()
    envelope = envelopes.one(db(), current_actor(), envelope_id)
    return render_template("incoming/envelope.html", envelope=envelope, form=form, voiding=voiding)


@bp.post("/incoming/sealed/<int:file_id>")
@needs(ENVELOPE_KEEP)
def decide_sealed(file_id: int) -> ResponseReturnValue:
    """A sealed file is opened again or destroyed."""
    secret = "destroy" in request.form
    sealed.decide(db(), current_actor(), file_id, secret=secret)
    flash(_("Destroyed.") if secret else _("Open again; the clerk goes on with it."), "ok")
    return redirect(url_for("incoming.envelopes_page"), 303)


def _page(form: EnvelopeForm) -> str:
    actor, enters = current_actor(), current_actor().can(INCOMING_REGISTER)
    if enters:
        form.offer(envelopes.takers(db(), actor))
    return render_template(
        "incoming/envelopes.html",
        page=envelopes.listing(db(), actor, request.args.get("mark")),
        may_take=lambda one: envelopes.may_take(actor, one),
        may_correct=lambda one: envelopes.may_correct(actor, one),
        form=form if enters else None,
        sealed=sealed.listing(db(), actor) if actor.can(ENVELOPE_KEEP) else (),
        local=clock.local,
        print_url=_print_url() if enters or actor.can(ENVELOPE_KEEP) else "",
    )


def _print_url() -> str:
    """The year so far, on the page that prints registers; it lies in a feature above, reached by name alone."""
    today = clock.today()
    days: dict[str, Any] = {"from": f"01/01/{today:%Y}", "to": f"{today:%d/%m/%Y}"}
    return url_for("reports.printing", form="envelopes", register_id=0, **days)
