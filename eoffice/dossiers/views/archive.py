"""Destruction: what has expired, the head's decision, the certificate."""

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import AppError, NotFound
from eoffice.core.forms import Form, refused
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.dossiers import archiving, queries
from eoffice.dossiers.forms import DecisionForm, NoteForm, PinForm
from eoffice.dossiers.models import DestructionState
from eoffice.dossiers.permissions import DOSSIER_APPROVE, DOSSIER_ARCHIVE, DOSSIER_CERTIFY
from eoffice.dossiers.views import bp
from eoffice.signatures.browser import given


@bp.get("/dossiers/destruction")
@needs(DOCUMENT_READ)
def destructions() -> ResponseReturnValue:
    """Lists of destruction, and for the archivist what has expired."""
    actor = current_actor()
    agency_id = actor.agency_id or 0
    _refuse_others()
    expired = queries.expired(db(), agency_id, clock.today()) if actor.can(DOSSIER_ARCHIVE) else None
    lists = queries.destructions(db(), agency_id)
    return render_template("dossiers/destructions.html", lists=lists, expired=expired, local=clock.local)


def _refuse_others() -> None:
    """Those who propose, decide or certify see the lists. Raises NotFound."""
    if not any(current_actor().can(one) for one in (DOSSIER_ARCHIVE, DOSSIER_APPROVE, DOSSIER_CERTIFY)):
        raise NotFound


@bp.post("/dossiers/destruction")
@needs(DOSSIER_ARCHIVE)
def propose() -> ResponseReturnValue:
    """List the ticked dossiers for the head."""
    made = archiving.propose(db(), current_actor(), request.form.getlist("dossier", type=int))
    flash(_("The list waits for the head's decision."), "ok")
    return redirect(url_for("dossiers.destruction", destruction_id=made.id), 303)


@bp.get("/dossiers/destruction/<int:destruction_id>")
@needs(DOCUMENT_READ)
def destruction(destruction_id: int) -> ResponseReturnValue:
    """One list."""
    return _render(destruction_id), 200


def _render(destruction_id: int, sent: Form | None = None) -> str:
    actor = current_actor()
    _refuse_others()
    made = queries.destruction(db(), actor, destruction_id)
    deciding = certifying = dropping = None
    stands = made.state is not DestructionState.DONE and made.dropped_at is None
    if stands and (actor.can(DOSSIER_APPROVE) or actor.can(DOSSIER_ARCHIVE)):
        dropping = sent if isinstance(sent, NoteForm) else NoteForm(formdata=None)
    if stands and made.state is DestructionState.PROPOSED and actor.can(DOSSIER_APPROVE):
        deciding = sent if isinstance(sent, DecisionForm) else DecisionForm(formdata=None)
    if made.state is DestructionState.DONE and made.signed_sha256 is None and actor.can(DOSSIER_CERTIFY):
        certifying = sent if isinstance(sent, PinForm) else PinForm(formdata=None)
    return render_template(
        "dossiers/destruction.html", made=made, deciding=deciding, certifying=certifying, local=clock.local,
        dropping=dropping, on_hold=queries.held_in(db(), made),
        destroying=stands and made.state is DestructionState.DECIDED and actor.can(DOSSIER_ARCHIVE),
    )  # fmt: skip


@bp.post("/dossiers/destruction/<int:destruction_id>/decide")
@needs(DOSSIER_APPROVE)
def decide(destruction_id: int) -> ResponseReturnValue:
    """The head decides."""
    form, status = DecisionForm(), 422
    if form.validate_on_submit():
        try:
            archiving.decide(db(), current_actor(), destruction_id, form.decision.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Decided; the archivist carries it out."), "ok")
            return redirect(url_for("dossiers.destruction", destruction_id=destruction_id), 303)
    return _render(destruction_id, form), status


@bp.post("/dossiers/destruction/<int:destruction_id>/drop")
@needs(DOCUMENT_READ)
def drop(destruction_id: int) -> ResponseReturnValue:
    """The head refuses it, or the archivist takes it back."""
    _refuse_others()
    form, status = NoteForm(), 422
    if form.validate_on_submit():
        try:
            archiving.drop(db(), current_actor(), destruction_id, form.note.data or "")
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("Dropped; its dossiers stay."), "ok")
            return redirect(url_for("dossiers.destruction", destruction_id=destruction_id), 303)
    return _render(destruction_id, form), status


@bp.post("/dossiers/destruction/<int:destruction_id>/carry-out")
@needs(DOSSIER_ARCHIVE)
def carry_out(destruction_id: int) -> ResponseReturnValue:
    """Destroy."""
    archiving.destroy(db(), current_actor(), destruction_id)
    flash(_("Destroyed; the certificate waits for the agency's signature."), "ok")
    return redirect(url_for("dossiers.destruction", destruction_id=destruction_id), 303)


@bp.post("/dossiers/destruction/<int:destruction_id>/certify")
@needs(DOSSIER_CERTIFY)
def certify(destruction_id: int) -> ResponseReturnValue:
    """Sign the certificate."""
    form, status = PinForm(), 422
    if form.validate_on_submit():
        try:
            archiving.certify(db(), current_actor(), destruction_id, given())
        except AppError as error:
            status = refused(form, error)
        else:
            flash(_("The certificate is signed."), "ok")
            return redirect(url_for("dossiers.destruction", destruction_id=destruction_id), 303)
    return _render(destruction_id, form), status


@bp.get("/dossiers/destruction/<int:destruction_id>.pdf")
@needs(DOCUMENT_READ)
def certificate(destruction_id: int) -> Response:
    """The certificate, signed if it is."""
    _refuse_others()
    made = queries.destruction(db(), current_actor(), destruction_id)
    stored = made.signed_sha256 or made.certificate_sha256
    if stored is None:
        raise NotFound
    return send_file(
        blobs().path(stored), mimetype="application/pdf", as_attachment=True, max_age=0,
        download_name=f"bien-ban-huy-tai-lieu-{made.id}.pdf", last_modified=made.signed_at or made.done_at,
    )  # fmt: skip
