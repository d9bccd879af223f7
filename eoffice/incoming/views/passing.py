"""A document goes on to others."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core.errors import AppError
from eoffice.core.web import current_actor, db, needs
from eoffice.directions.models import Part
from eoffice.directions.operations import Named
from eoffice.directions.permissions import can_take
from eoffice.directory import queries as directory
from eoffice.documents import recipients
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.gateway import changes
from eoffice.gateway import presenting as following
from eoffice.gateway import service as exchange
from eoffice.gateway.permissions import GATEWAY_RECALL
from eoffice.incoming import passing, presenting, queries
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.passing import Onward
from eoffice.incoming.permissions import INCOMING_PASS_ON
from eoffice.incoming.views import bp
from eoffice.incoming.views import document as pages
from eoffice.incoming.workflow import MACHINE, Move


@bp.route("/incoming/<int:document_id>/pass-on", methods=["GET", "POST"])
@needs(INCOMING_PASS_ON)
def pass_on(document_id: int) -> ResponseReturnValue:
    """Choose units, people and agencies."""
    document = queries.one(db(), current_actor(), document_id)
    MACHINE.step(document.state, Move.PASS_ON)
    changes.refuse_wanted(db(), document)
    if queries.is_gone(file for file, _check in queries.files(db(), document)):
        raise passing.NothingLeft
    if request.method == "GET" or "more" in request.form:
        return _form(document), 200
    listed = recipients.listed(db(), current_actor(), request.form)
    try:
        to = Onward(
            [Named.read(mark) for mark in request.form.getlist("named")],
            (*recipients.entries(db(), listed.rows), *(one.code for one in listed.members)),
            request.form.get("words", ""),
        )
        passing.pass_on(db(), current_actor(), document_id, to)
    except AppError as error:
        db().rollback()
        return _form(queries.one(db(), current_actor(), document_id), error), error.status
    for sentence in listed.told:
        flash(sentence, "warn")
    flash(_("Passed on."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)


def _form(document: IncomingDocument, problem: AppError | None = None) -> str:
    files = queries.files(db(), document)
    original, _verdict = queries.original(files)
    page: dict[str, Any] = {
        "document": document,
        "pages": presenting.pages(original),
        "problem": problem,
        "choices": _choices(document.agency_id),
        "chosen": set(request.form.getlist("named")),
        "words": request.form.get("words", ""),
        "to": recipients.listed(db(), current_actor(), request.form),
        "travels": document.source is Source.AXIS,
    }
    return render_template("incoming/pass_on.html", **page)


def _choices(agency_id: int) -> list[tuple[str, list[tuple[str, str]]]]:
    units = [(Named(unit_id=unit.id).mark, unit.name) for unit in directory.units(db(), agency_id)]
    people = [
        (Named(assignment_id=post.id).mark, post.label)
        for post in directory.posts(db(), agency_id)
        if can_take(post, Part.INFORM)
    ]
    return [(_("Units"), units), (_("People"), people)]


@bp.get("/incoming/<int:document_id>/passed-on")
@needs(DOCUMENT_READ)
def passed_on(document_id: int) -> str:
    """How far it has come at each agency it was passed on to: a part of the document's page."""
    return onward(queries.one(db(), current_actor(), document_id))


def onward(document: IncomingDocument, problem: AppError | None = None) -> str:
    """That part; with a refusal, the form that was refused as it was filled in."""
    shown = following.shown(db(), current_actor(), document, None, evidence=False)
    steps = [
        [
            (word, when, note)
            for word, (_at, when, note) in zip(shown["columns"], copy.hops, strict=True)
            if when
        ]
        for copy in shown["copies"]
    ]
    return render_template(
        "incoming/_passed_on.html", document=document, steps=steps, problem=problem, **shown
    )


@bp.post("/incoming/<int:document_id>/recall")
@needs(GATEWAY_RECALL)
def recall(document_id: int) -> ResponseReturnValue:
    """Take back what was passed on, from one agency or from all."""
    copy, reason = request.form.get("copy", ""), request.form.get("reason", "")
    try:
        exchange.call_back(db(), current_actor(), document_id, copy, reason)
    except AppError as error:
        if error.field is None:
            raise
        db().rollback()
        document = queries.one(db(), current_actor(), document_id)
        return pages.with_onward(document, onward(document, error)), error.status
    flash(_("The request is on its way; the answer appears beside each recipient."), "ok")
    return redirect(url_for("incoming.show", document_id=document_id), 303)
