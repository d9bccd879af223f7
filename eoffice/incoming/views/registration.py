"""From the scanner to the register."""

from typing import Any, BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from eoffice.core import sandbox
from eoffice.core.blobs import blobs
from eoffice.core.config import settings
from eoffice.core.errors import AppError, Invalid, InvalidTransition
from eoffice.core.forms import refused
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents import pages as page_texts
from eoffice.documents import queries as files
from eoffice.documents import recognised, registers
from eoffice.documents.fields import FieldGuess, guess_fields
from eoffice.documents.models import Direction, Document, DocumentFile, FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.documents.settings import UPLOAD_LIMIT_MB
from eoffice.incoming import correcting, operations, presenting, queries, service
from eoffice.incoming.forms import EntryCorrectionForm, RegisterForm
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.operations import ProbableDuplicate
from eoffice.incoming.permissions import INCOMING_REGISTER
from eoffice.incoming.views import bp

#: pages whose text is looked through for the fields: the head is on the first, the signature rarely after the fifth
_READ_PAGES = 5


@bp.route("/incoming/new", methods=["GET", "POST"])
@needs(INCOMING_REGISTER)
def new() -> ResponseReturnValue:
    """Choose the scan."""
    problem: AppError | None = None
    if request.method == "POST":
        try:
            document = _take_in()
        except Invalid as error:
            problem = error
        else:
            return redirect(url_for("incoming.register", document_id=document.id), 303)
    limit = settings().get(UPLOAD_LIMIT_MB)
    return render_template(
        "incoming/new.html", problem=problem, limit=limit
    ), problem.status if problem else 200


def _take_in() -> IncomingDocument:
    scan = request.files.get("scan")
    if scan is None or not scan.filename:
        raise service.NoScan(field="scan")
    actor = current_actor()
    upload = service.take_in(db(), actor, _bytes(scan), scan.filename)
    attachments = [
        service.take_in(db(), actor, _bytes(one), one.filename, must_be_pdf=False)
        for one in request.files.getlist("attachments")
        if one.filename
    ]
    return service.receive_scan(db(), actor, upload, attachments)


def _bytes(upload: FileStorage) -> BinaryIO:
    """An upload's stream, always of bytes."""
    return cast("BinaryIO", upload.stream)


@bp.route("/incoming/<int:document_id>/register", methods=["GET", "POST"])
@needs(INCOMING_REGISTER)
def register(document_id: int) -> ResponseReturnValue:
    """The form beside the page."""
    actor = current_actor()
    document = queries.one(db(), actor, document_id)
    if document.register_number is not None and request.method == "GET":
        return redirect(url_for("incoming.show", document_id=document.id))
    file = files.latest_file(db(), document, FileRole.ORIGINAL)
    guess = _read(file) if document.source is not Source.AXIS else FieldGuess()
    proposed = _issuer(guess) if request.method == "GET" and not document.issuer_name else ("", "")
    form, status, same = RegisterForm.of(document, guess, proposed), 200, []
    form.offer(list(directory.posts(db(), document.agency_id, Role.LEADER)))
    if request.method == "POST":
        status = 422
    if form.validate_on_submit():
        try:
            done = service.register(db(), actor, document_id, form.to_new())
        except AppError as error:
            same = list(error.documents) if isinstance(error, ProbableDuplicate) else []
            status = refused(form, error)
        else:
            flash(_("Registered with số đến %(number)s.", number=done.register_number), "ok")
            return redirect(_after(done), 303)
    page = _page(document, form, file, guess)
    beside = [_beside(one) for one in same]
    return render_template("incoming/register.html", **page, proposed=proposed[1], same=beside), status


@bp.route("/incoming/<int:document_id>/correct", methods=["GET", "POST"])
@needs(INCOMING_REGISTER)
def correct(document_id: int) -> ResponseReturnValue:
    """What was entered, to be put right beside the page."""
    actor = current_actor()
    document = queries.one(db(), actor, document_id)
    if not correcting.may_correct(document):
        raise InvalidTransition(state=document.state.word)
    form, status, same = EntryCorrectionForm.of(document, FieldGuess()), 200, []
    form.offer([])
    if request.method == "POST":
        status = 422
    if form.validate_on_submit():
        try:
            correcting.correct(db(), actor, document_id, form.to_new(), form.reason.data or "")
        except AppError as error:
            db().rollback()
            same = list(error.documents) if isinstance(error, ProbableDuplicate) else []
            status = refused(form, error)
        else:
            flash(_("Corrected; what stood there before is in the register and the history."), "ok")
            return redirect(url_for("incoming.show", document_id=document_id), 303)
    file = files.latest_file(db(), document, FileRole.ORIGINAL)
    beside = [_beside(one) for one in same]
    page = _page(document, form, file, FieldGuess())
    return render_template("incoming/register.html", **page, correcting=True, same=beside), status


def _issuer(guess: FieldGuess) -> tuple[str, str]:
    """Name and code of the one agency of the directory that the page names, both empty where it is none or several."""
    if guess.issuer is None:
        return "", ""
    name, code = operations.issuer(db(), guess.issuer.value, "")
    return (name, code) if code else ("", "")


def _beside(other: Document) -> tuple[Document, dict[str, Any] | None]:
    """A likely duplicate with its first page, to be held against this one."""
    kept = files.latest_file(db(), other, FileRole.ORIGINAL)
    return other, next(iter(presenting.pages(kept)), None)


def _after(done: IncomingDocument) -> str:
    """The document, or the next one to register when the clerk asked for it and there is one."""
    following = queries.next_to_register(db(), current_actor()) if "and_next" in request.form else None
    if following is None:
        return url_for("incoming.show", document_id=done.id)
    return url_for("incoming.register", document_id=following.id)


def _page(
    document: IncomingDocument, form: RegisterForm, file: DocumentFile | None, guess: FieldGuess
) -> dict[str, Any]:
    kind = form.kind_code.data or ""
    return {
        "document": document,
        "form": form,
        "file": file,
        "pages": presenting.pages(file, guess),
        "tags": {
            name: tag for name, (tag, key) in presenting.TAGS.items() if getattr(guess, key) is not None
        },
        **_recognition(document, file, guess),
        "older": presenting.older(files.related(db(), current_actor(), document)),
        "next_number": registers.next_number(db(), document.agency_id, Direction.IN, kind),
    }


def _recognition(document: IncomingDocument, file: DocumentFile | None, guess: FieldGuess) -> dict[str, Any]:
    """How many fields were read, and whether a scan is still being recognised."""
    read = len(presenting.read_places(guess))
    unread = not read and file is not None and document.source is not Source.AXIS
    return {"read": read, "waiting": unread and file is not None and recognised.under_way(db(), file)}


@bp.get("/incoming/<int:document_id>/recognition")
@needs(INCOMING_REGISTER)
def recognition(document_id: int) -> str:
    """Whether a scan has been read meanwhile: a part of the form."""
    document = queries.one(db(), current_actor(), document_id)
    file = files.latest_file(db(), document, FileRole.ORIGINAL)
    found = _recognition(document, file, _read(file))
    return render_template("incoming/_recognition.html", document=document, **found)


def _read(file: DocumentFile | None) -> FieldGuess:
    """What stands clearly on the page; a page that cannot be read proposes nothing."""
    if file is None or not file.is_pdf:
        return FieldGuess()
    try:
        found = page_texts.page_text(blobs().path(file.sha256), limit=_READ_PAGES)
        if not any(page.lines for page in found):
            found = recognised.of_file(db(), file, _READ_PAGES)
        return guess_fields(found)
    except (sandbox.SandboxDied, sandbox.SandboxError):
        return FieldGuess()


@bp.get("/incoming/issuers")
@needs(DOCUMENT_READ)
def issuers() -> ResponseReturnValue:
    """Type-ahead over the directory, by name and code."""
    text = request.args.get("q", "").strip()
    found = directory.search_agencies(db(), text) if len(text) > 1 else []
    items = [(agency.code, agency.name, agency.code) for agency in found]
    return render_template("incoming/_issuers.html", items=items)
