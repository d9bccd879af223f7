"""A document's page and the steps that are possible on it now."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import audit
from eoffice.core.blobs import blobs
from eoffice.core.errors import AppError, NotFound
from eoffice.core.permissions import Actor
from eoffice.core.web import current_actor, db, needs, tell_meanwhile
from eoffice.documents import formcheck
from eoffice.documents import queries as documents
from eoffice.documents import service as files
from eoffice.documents.geometry import MM
from eoffice.documents.kinds import NOT_COPIED
from eoffice.documents.models import Channel, DocumentFile, LinkKind
from eoffice.documents.operations import upload_limit
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import changes
from eoffice.gateway import presenting as following
from eoffice.gateway import service as exchange
from eoffice.gateway.permissions import GATEWAY_RECALL, GATEWAY_RESEND
from eoffice.outgoing import (
    addressed,
    choosing,
    consulting,
    copying,
    forms,
    held,
    issuing,
    operations,
    placing,
    posting,
    presenting,
    queries,
    service,
)  # fmt: skip
from eoffice.outgoing.drafting import Upload
from eoffice.outgoing.models import OutgoingDocument, Stance
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.placing import Spot
from eoffice.outgoing.states import State
from eoffice.outgoing.views import bp
from eoffice.outgoing.workflow import Move
from eoffice.signatures.awaited import TwoStep
from eoffice.signatures.browser import given
from eoffice.signatures.operations import Caution


@bp.get("/outgoing/<int:document_id>")
@needs(DOCUMENT_READ)
def show(document_id: int) -> ResponseReturnValue:
    """Before the issue the page and its steps, afterwards where it has got to."""
    document = queries.opened(db(), current_actor(), document_id)
    return page(document, looks=files.seen(db(), current_actor(), document)), 200


@bp.get("/outgoing/<int:document_id>/copies")
@needs(DOCUMENT_READ)
def copies(document_id: int) -> str:
    """How far each copy has come: a part of the document's page, which asks for it while one is on its way."""
    document = queries.one(db(), current_actor(), document_id)
    if document.issued_at is None:
        raise NotFound
    shown = following.shown(db(), current_actor(), document, document.issued_at)
    return render_template("gateway/_copies.html", sent_on=document.issued_on, again=request.path, **shown)


def _note() -> str:
    return request.form.get("note", "")


def _warn(caution: Caution) -> None:
    flash(str(caution.sentence), "warn")


def _place(actor: Actor, document_id: int) -> OutgoingDocument:
    left, top, width = (forms.millimetres(request.form, name) for name in ("left", "top", "width"))
    return placing.place_number_line(db(), actor, document_id, left, top, width)


def _place_signature(actor: Actor, document_id: int) -> OutgoingDocument:
    left, top, width, height = (
        forms.millimetres(request.form, name) for name in ("left", "top", "width", "height")
    )
    page = request.form.get("page", 0, type=int)
    return placing.place_signature(db(), actor, document_id, Spot(left, top, width, height, page))


def _sign(actor: Actor, document_id: int) -> OutgoingDocument:
    """Sign what the page shows: also a place for the signature that was only dragged."""
    shown, how = request.form.get("placed"), given()
    wanted = [request.form.get(name, "") for name in ("page", "left", "top", "width", "height")]
    # in two steps the form comes once for each: its place was taken with the first
    begun = isinstance(how, TwoStep) and how.batch
    if shown is not None and wanted != shown.split() and not begun:
        held.take_over(db(), actor, document_id)
        _place_signature(actor, document_id)
    seen = request.form.get("seen", 0, type=int)
    return issuing.sign(db(), actor, document_id, how, seen_file_id=seen, tell=_warn)


def _seal(actor: Actor, document_id: int) -> OutgoingDocument:
    """With the agency's key; a copy on paper was stamped by hand."""
    if "stamped" in request.form:
        return copying.stamped(db(), actor, document_id)
    return issuing.seal(db(), actor, document_id, given(), tell=_warn)


#: what each step of the address does
STEPS: dict[Move, Callable[[Actor, int], OutgoingDocument]] = {
    Move.SUBMIT: lambda actor, number: service.submit(db(), actor, number, _note()),
    Move.APPROVE: lambda actor, number: service.approve(db(), actor, number, _note()),
    Move.CHECK: lambda actor, number: service.check_form(db(), actor, number, _note()),
    Move.SEND_BACK: lambda actor, number: service.send_back(db(), actor, number, _note()),
    Move.DISCARD: lambda actor, number: service.discard(db(), actor, number, _note()),
    Move.TAKE_BACK: lambda actor, number: service.take_back(db(), actor, number),
    Move.SIGN: _sign,
    Move.NUMBER: lambda actor, number: issuing.give_number(db(), actor, number),
    Move.PLACE: _place,
    Move.PLACE_SIGNATURE: _place_signature,
    Move.SEAL: _seal,
    Move.VOID: lambda actor, number: issuing.void_number(db(), actor, number, _note()),
    Move.ISSUE: lambda actor, number: issuing.issue(db(), actor, number),
    Move.ALLOW: lambda actor, number: copying.allow(db(), actor, number),
    Move.REFUSE: lambda actor, number: copying.refuse(db(), actor, number, _note()),
}


@bp.post("/outgoing/<int:document_id>/<step>")
@needs(DOCUMENT_READ)
def take(document_id: int, step: str) -> ResponseReturnValue:
    """Take one step; the service asks whose it is."""
    if step not in {move.value for move in STEPS}:
        raise NotFound
    try:
        document = STEPS[Move(step)](current_actor(), document_id)
    except AppError as error:
        return refused(document_id, error)
    flash(_("Done. It is “%(state)s” now.", state=str(document.state.word)), "ok")
    if document.state is State.SIGNATURE and step == Move.PLACE_SIGNATURE:
        return redirect(url_for("outgoing.read", document_id=document_id), 303)
    if request.form.get("queue"):
        return redirect(url_for("outgoing.to_sign"), 303)
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


@bp.post("/outgoing/<int:document_id>/attachments")
@needs(OUTGOING_DRAFT)
def attach(document_id: int) -> ResponseReturnValue:
    """Add an attachment to a draft."""
    file = request.files.get("upload")
    try:
        if file is None or not file.filename:
            raise service.FileMissing(field="upload")
        service.attach(db(), current_actor(), document_id, Upload(file.stream, file.filename))
    except AppError as error:
        return refused(document_id, error)
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


@bp.post("/outgoing/<int:document_id>/attachments/<int:file_id>/remove")
@needs(OUTGOING_DRAFT)
def detach(document_id: int, file_id: int) -> ResponseReturnValue:
    """Take an attachment off a draft."""
    service.detach(db(), current_actor(), document_id, file_id)
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


@bp.post("/outgoing/<int:document_id>/resend")
@needs(GATEWAY_RESEND)
def resend(document_id: int) -> ResponseReturnValue:
    """Try again what could not be sent."""
    exchange.resend(db(), current_actor(), document_id)
    flash(_("It is being sent again."), "ok")
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


@bp.post("/outgoing/<int:document_id>/recall")
@needs(GATEWAY_RECALL)
def recall(document_id: int) -> ResponseReturnValue:
    """Ask one recipient to give its copy back, or tell every recipient to destroy it."""
    copy, reason = request.form.get("copy", ""), request.form.get("reason", "")
    try:
        exchange.call_back(db(), current_actor(), document_id, copy, reason)
    except AppError as error:
        return refused(document_id, error)
    flash(_("The request is on its way; the answer appears beside each recipient."), "ok")
    return redirect(url_for("outgoing.show", document_id=document_id), 303)


def refused(document_id: int, problem: AppError) -> ResponseReturnValue:
    """The page again, with what to do about it. Raises the refusal itself to those who may not know of it."""
    db().rollback()
    tell_meanwhile(problem)
    if isinstance(problem, NotFound):
        raise problem
    document = queries.opened(db(), current_actor(), document_id)
    if request.form.get("queue") and document.state is State.SIGNATURE:
        from eoffice.outgoing.views import reading  # the two pages answer for each other

        return reading.page(document, problem), problem.status
    return page(document, problem), problem.status


def page(document: OutgoingDocument, problem: AppError | None = None, looks: int = 0) -> str:
    """The page of a document in its present state."""
    found = queries.with_checks(db(), document)
    file = next((one for one, _check in found if one.role in operations.PAGES), None)
    log = audit.history(db(), document)
    related = documents.related(db(), current_actor(), document)
    common: dict[str, Any] = {
        "document": document,
        "problem": problem,
        "file": file,
        "files": found,
        "pages": presenting.pages(file, document),
        "answered": related[LinkKind.REPLY, True],
        "replaced": related[LinkKind.REPLACES, True],
        "replacements": queries.issued_of(related[LinkKind.REPLACES, False]),
        "corrected": related[LinkKind.CORRECTS, True],
        "corrections": queries.issued_of(related[LinkKind.CORRECTS, False]),
        "begun": queries.begun_of((*related[LinkKind.REPLACES, False], *related[LinkKind.CORRECTS, False])),
        "copied": [(one, presenting.address(one)) for one in related[LinkKind.COPIES, True]],
        "certified": [one for one in related[LinkKind.COPIES, False] if one.register_number],
        "answered_changed": presenting.answered_changed(log),
        "source_recalled": any(entry.action == changes.SOURCE_RECALLED for entry in log),
        "history": presenting.history(log),
        "opinions": presenting.opinions(log),
        "looks": looks,
    }
    if document.state is State.ISSUED:
        return render_template("outgoing/issued.html", **common, **_sent(document))
    return render_template("outgoing/show.html", **common, **_steps(document, file))


def _sent(document: OutgoingDocument) -> dict[str, Any]:
    named = [one for one in documents.recipients(db(), document) if one.channel is Channel.PAPER]
    lines = {one.recipient_id: one for one in posting.of_document(db(), document)} if named else {}
    return {
        # what went out before this book began has no line in it
        "on_paper": [(one.name, lines.get(one.id)) for one in named],
        "may_be_copied": document.kind_code not in NOT_COPIED,
        # every opinion stays with what it was about (Appendix VI, part III.5.a)
        "consulted": consulting.of_document(db(), document) if document.consulted else [],
        **following.shown(db(), current_actor(), document, document.issued_at),
    }


_ABOUT_TO_BE_SIGNED = {Move.APPROVE, Move.CHECK, Move.SIGN}


def _steps(document: OutgoingDocument, file: DocumentFile | None) -> dict[str, Any]:
    moves = operations.own_moves(db(), current_actor(), document)
    recipients = documents.recipients(db(), document)
    # whoever drafts hears it before it is submitted, whoever checks decides
    named = Move.CHECK in moves or Move.SUBMIT in moves
    path = blobs().path(file.sha256) if named and file else None
    consulted = consulting.of_document(db(), document) if document.consulted else []
    asked = consulting.answerable(current_actor(), document, consulted)
    return {
        "consulted": consulted,
        "asked": asked,
        "stances": [(stance.value, stance.word) for stance in Stance],
        "moves": moves,
        "ended": choosing.ended(document),
        # whoever approves, checks or signs hears it; whoever drafts can do nothing about it
        "lacks_picture": issuing.lacks_picture(db(), document) if moves & _ABOUT_TO_BE_SIGNED else None,
        "next_step": presenting.next_step(document, queries.next_actor(db(), document)),
        "recipients": recipients,
        "lacks": formcheck.lacks(path) if path and Move.CHECK in moves else None,
        "unnamed": addressed.unnamed(path, recipients) if path else [],
        "line": _line(document, file),
        "limit": upload_limit() // 2**20,
    }


def _line(document: OutgoingDocument, file: DocumentFile | None) -> dict[str, float] | None:
    """The number line in millimetres from the left and top edge, as a ruler on paper would say."""
    if not document.number_box or file is None or not file.page_sizes:
        return None
    x0, y0, x1, y1 = document.number_box
    points = {"left": x0, "top": file.page_sizes[0][1] - y1, "width": x1 - x0, "height": y1 - y0}
    return {name: round(length / MM, 1) for name, length in points.items()}
