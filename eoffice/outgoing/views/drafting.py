"""Begin a draft or change it: fields beside the page they make."""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.core.web import current_actor, db, needs, tell_meanwhile
from eoffice.directory import queries as directory
from eoffice.documents import bodies, convert, kinds
from eoffice.documents import queries as documents
from eoffice.documents.layout.wording import model
from eoffice.documents.models import FileRole, Urgency
from eoffice.documents.operations import upload_limit
from eoffice.outgoing import forms, presenting, queries, service
from eoffice.outgoing.drafting import Fields, Page, Upload
from eoffice.outgoing.forms import Typed
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import State
from eoffice.outgoing.views import bp
from eoffice.outgoing.workflow import MACHINE, Move


@bp.route("/outgoing/new", methods=["GET", "POST"])
@needs(OUTGOING_DRAFT)
def new() -> ResponseReturnValue:
    """A new draft, from the template or from a file; empty, or an answer to a document."""
    source = _source(request.values.get("source", ""))
    if request.method == "GET":
        return _form(_prefilled(), source)
    typed = Typed.sent(db(), current_actor(), request.form)
    if "more" in request.form:
        return _form(typed, source)
    try:
        fields, page = typed.fields(db()), _page(typed, source)
        fields = replace(fields, form_key=_form_key(typed))
        if isinstance(page, Upload):
            document = service.draft_from_upload(db(), current_actor(), fields, page)
        else:
            document = service.draft_from_template(db(), current_actor(), fields, page)
    except AppError as error:
        return _form(typed, source, problem=error)
    if document.state is not State.DRAFT:  # sent again, after it went on
        return redirect(url_for("outgoing.show", document_id=document.id), 303)
    return _saved(document, typed)


@bp.route("/outgoing/<int:document_id>/edit", methods=["GET", "POST"])
@needs(OUTGOING_DRAFT)
def edit(document_id: int) -> ResponseReturnValue:
    """The draft again, with its newest page beside it."""
    document = queries.one(db(), current_actor(), document_id)
    MACHINE.step(document.state, Move.REVISE)
    source = document.draft_source
    if request.method == "GET":
        return _form(Typed.of(document, list(documents.recipients(db(), document))), source, document)
    typed = Typed.sent(db(), current_actor(), request.form)
    if "more" in request.form:
        return _form(typed, source, document)
    try:
        page = _page(typed, source) if source is DraftSource.TEMPLATE or _file_sent() else None
        seen = int(typed.revision) if typed.revision.isdecimal() else None
        service.revise(db(), current_actor(), document_id, typed.fields(db()), page, seen=seen)
    except AppError as error:
        tell_meanwhile(error)
        if isinstance(error, service.SavedElsewhere):
            typed.revision = str(document.revision)  # who saves again has been told
        return _form(typed, source, document, error)
    return _saved(document, typed)


def _saved(document: OutgoingDocument, typed: Typed) -> ResponseReturnValue:
    """To the page that shows what was saved; where it goes on from there is the drafter's choice."""
    for sentence in typed.to.told:
        flash(sentence, "warn")
    if "submit" in request.form:
        service.submit(db(), current_actor(), document.id)
        flash(_("Saved and submitted."), "ok")
        return redirect(url_for("outgoing.show", document_id=document.id), 303)
    flash(_("Saved. This is how the page looks now."), "ok")
    return redirect(url_for("outgoing.edit", document_id=document.id), 303)


def _source(given: str) -> DraftSource:
    return DraftSource.UPLOAD if given == DraftSource.UPLOAD else DraftSource.TEMPLATE


def _form_key(typed: Typed) -> str:
    """What a form that is sent again, and nothing else, has in common with the first time."""
    file, sent = request.files.get("upload"), ""
    if file is not None:
        sent = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]  # werkzeug's is one
        file.stream.seek(0)
    return typed.digest(str(current_actor().assignment_id), sent)


def _file_sent() -> bool:
    file = request.files.get("upload")
    return file is not None and bool(file.filename)


def _page(typed: Typed, source: DraftSource) -> Page:
    if source is DraftSource.TEMPLATE:
        return typed.text()
    file = request.files.get("upload")
    if file is None or not file.filename:
        raise service.FileMissing(field="upload")
    return Upload(file.stream, file.filename)


def _prefilled() -> Typed:
    actor = current_actor()
    if (replaced := request.args.get("replaces", type=int)) is not None:
        document = service.replaceable(db(), actor, replaced)
        return forms.replacement(document, list(documents.recipients(db(), document)))
    if (corrected := request.args.get("corrects", type=int)) is not None:
        document = service.correctable(db(), actor, corrected)
        return forms.correction(document, list(documents.recipients(db(), document)))
    answered = request.args.get("reply_to", type=int)
    if answered is None:
        return Typed(kind_code=request.args.get("kind_code", kinds.OFFICIAL_LETTER.code))
    agency = directory.agency(db(), actor.agency_id or 0)
    return forms.reply(service.answerable(db(), actor, answered), agency.name)


def _concerned(typed: Typed, document: OutgoingDocument | None) -> dict[str, Any]:
    """What it replaces or corrects, and what is drafted instead of it already; what may be neither is refused when it
    is saved."""
    found: dict[str, Any] = {"replaced": None, "corrected": None, "instead": ([], False)}
    with suppress(AppError):
        if typed.replaces.isdecimal():
            found["replaced"] = service.replaceable(db(), current_actor(), int(typed.replaces))
            found["instead"] = queries.drafted_instead(db(), current_actor(), found["replaced"], document)
        if typed.corrects.isdecimal():
            found["corrected"] = service.correctable(db(), current_actor(), int(typed.corrects))
    return found


def _wrong(
    typed: Typed, document: OutgoingDocument | None, problem: AppError | None
) -> dict[str, list[AppError]]:
    """By field what is refused; a wrong day is said at once, not when all else is right."""
    if problem is None:
        return {}
    found: dict[str, list[AppError]] = {}
    try:
        due_on = forms.day(typed.due_on)
        if document is None or document.due_on != due_on:
            Fields("", "", 0, due_on=due_on).check_day(clock.today())
    except AppError as error:
        found["due_on"] = [error]
    return found | ({problem.field: [problem]} if problem.field else {})


def _form(
    typed: Typed,
    source: DraftSource,
    document: OutgoingDocument | None = None,
    problem: AppError | None = None,
) -> ResponseReturnValue:
    actor = current_actor()
    if problem is not None:
        db().rollback()
    if document is None and not typed.form_key:
        typed.form_key = secrets.token_urlsafe(16)
    file = documents.latest_file(db(), document, FileRole.DRAFT) if document else None
    page: dict[str, Any] = {
        "typed": typed,
        **_concerned(typed, document),
        "source": source.value,
        "document": document,
        "file": file,
        "problem": problem,
        "wrong": _wrong(typed, document, problem),
        "pages": presenting.pages(file, document),
        "signers": directory.may_sign(db(), actor.agency_id or 0),
        "units": [unit for unit in directory.units(db(), actor.agency_id or 0) if unit.id in actor.unit_ids],
        # one that has ended stays to be seen in a draft that names it, and is refused when that is saved
        "bodies": [
            one
            for one in bodies.every(db(), actor.agency_id or 0)
            if one.ended_at is None or str(one.id) == typed.body_id
        ],
        "kinds": list(kinds.KINDS.values()),
        "model": model(typed.kind_code),
        "urgencies": list(Urgency),
        "limit": upload_limit() // 2**20,
        "word_too": convert.available(),
    }
    return render_template("outgoing/draft.html", **page), problem.status if problem else 200
