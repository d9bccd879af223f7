"""Certified copies: from the document's page to the number, and what is printed of a copy on paper."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from eoffice.core.errors import AppError
from eoffice.core.web import current_actor, db, needs
from eoffice.directory import queries as directory
from eoffice.documents import recipients
from eoffice.documents.kinds import COPIES
from eoffice.documents.models import Direction, Medium
from eoffice.documents.operations import upload_limit
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.documents.recipients import Listed
from eoffice.outgoing import copying, extracts, presenting
from eoffice.outgoing.copying import NewCopy, Source
from eoffice.outgoing.drafting import Upload
from eoffice.outgoing.extracts import Extract, Original
from eoffice.outgoing.forms import split_lines
from eoffice.outgoing.permissions import OUTGOING_COPY
from eoffice.outgoing.views import bp

_MADE_AS = {Medium.PAPER: _l("copy on paper"), Medium.ELECTRONIC: _l("electronic copy")}


@dataclass
class Typed:
    """The form as text, kept through every error."""

    #: kind and medium: SY:paper
    made_as: str = ""
    signer_id: str = ""
    purpose: str = ""
    passage: str = ""
    authority: str = ""
    compared: str = ""
    outside: str = ""
    to: Listed = field(default_factory=Listed)

    @classmethod
    def sent(cls) -> "Typed":
        """What the browser sent."""
        plain = {
            name: request.form.get(name, "").strip() for name in cls.__dataclass_fields__ if name != "to"
        }
        return cls(**plain, to=recipients.listed(db(), current_actor(), request.form))

    def to_new(self) -> NewCopy:
        """The values. Raises NotByLaw."""
        kind_code, _colon, medium = self.made_as.partition(":")
        if medium not in set(Medium):
            raise copying.NotByLaw(field="made_as")
        file = request.files.get("scan")
        signer_id, delegation_id = directory.signer_of(self.signer_id)
        return NewCopy(
            kind_code, Medium(medium), signer_id, self.purpose, recipients.entries(db(), self.to.rows),
            Extract(self.passage, self.authority, bool(self.compared)),
            Upload(file.stream, file.filename) if file is not None and file.filename else None,
            tuple(self.to.members), delegation_id, tuple(dict.fromkeys(split_lines(self.outside))),
        )  # fmt: skip


@bp.route("/outgoing/copies/new/<int:document_id>", methods=["GET", "POST"])
@needs(OUTGOING_COPY)
def copy(document_id: int) -> ResponseReturnValue:
    """Choose what is made of a document that came in or was issued."""
    if request.method == "GET":
        found = copying.source(db(), current_actor(), document_id)
        original = extracts.original(db(), found.document, found.file)
        return _form(found, original, Typed(passage=original.text, authority=original.authority))
    typed = Typed.sent()
    problem: AppError | None = None
    if "more" not in request.form:
        try:
            made = copying.ask(db(), current_actor(), document_id, typed.to_new())
        except AppError as error:
            problem = error
            db().rollback()
        else:
            for sentence in typed.to.told:
                flash(sentence, "warn")
            flash(_("%(name)s is asked to allow the copy.", name=made.signer.person.full_name), "ok")
            return redirect(url_for("outgoing.show", document_id=made.id), 303)
    found = copying.source(db(), current_actor(), document_id)
    return _form(found, extracts.original(db(), found.document, found.file), typed, problem)


def _form(
    found: Source, original: Original, typed: Typed, problem: AppError | None = None
) -> ResponseReturnValue:
    document = found.document
    page: dict[str, Any] = {
        "source": found,
        "original": original,
        "typed": typed,
        "problem": problem,
        "wrong": {problem.field: [problem]} if problem and problem.field else {},
        "choices": [(f"{kind.code}:{to}", f"{kind.name}, {_MADE_AS[to]}") for kind, to in found.allowed],
        "scan_helps": (COPIES["SY"], Medium.ELECTRONIC) in found.allowed
        or (COPIES["SL"], Medium.ELECTRONIC) in found.allowed,
        "extract_may": any(kind is COPIES["TRS"] for kind, _to in found.allowed),
        "back": url_for(
            f"{'incoming' if document.direction is Direction.IN else 'outgoing'}.show",
            document_id=document.id,
        ),
        "pages": presenting.pages(found.file),
        "signers": directory.may_sign(db(), current_actor().agency_id or 0),
        "limit": upload_limit() // 2**20,
    }
    return render_template("outgoing/copy.html", **page), problem.status if problem else 200


@bp.get("/outgoing/<int:document_id>/print.pdf")
@needs(DOCUMENT_READ)
def print_copy(document_id: int) -> Response:
    """A copy on paper, to be signed and stamped."""
    made = copying.print_out(db(), current_actor(), document_id)
    return send_file(
        BytesIO(made), mimetype="application/pdf", download_name=f"ban-sao-{document_id}.pdf", max_age=0
    )
