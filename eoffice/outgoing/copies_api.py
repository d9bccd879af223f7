"""Certified copies for other systems: asked for, allowed, sealed and issued as on the pages (Articles 25 to 27)."""

from dataclasses import dataclass, field
from io import BytesIO

from flask import Response, request, send_file
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.models import Medium
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import copying
from eoffice.outgoing.api import Outgoing, Reason, bp, reply
from eoffice.outgoing.copying import NewCopy
from eoffice.outgoing.drafting import Upload
from eoffice.outgoing.extracts import Extract
from eoffice.outgoing.permissions import OUTGOING_COPY, OUTGOING_SEAL, OUTGOING_SIGN


@dataclass(frozen=True)
class Copyable:
    """One copy that Article 25 allows of a document: SY, SL or TRS, and what it is made of."""

    kind_code: str
    medium: Medium


@dataclass(frozen=True)
class CopyWanted(Copyable):
    """A copy that is asked for."""

    #: post that signs for the agency and is to allow it
    signer_id: int
    purpose: str = ""
    #: codes of agencies
    recipients: list[str] = field(default_factory=list)
    #: of a copy on paper: people and bodies in no directory, by name
    outside: list[str] = field(default_factory=list)
    #: of a part: what it says, word by word, and the lines above the signer's name
    passage: str = ""
    authority: str = ""
    #: somebody has compared it with the page, where the program cannot
    compared: bool = False


@bp.get("/copies/of/<int:document_id>")
@needs(OUTGOING_COPY)
@documented("Which certified copies may be made of a document", response=list[Copyable])
def copyable(document_id: int) -> ResponseReturnValue:
    """What Article 25 allows of it."""
    found = copying.source(db(), current_actor(), document_id)
    return answer([Copyable(kind.code, medium) for kind, medium in found.allowed])


@bp.post("/copies/of/<int:document_id>")
@needs(OUTGOING_COPY)
@documented(
    "Ask for a certified copy of a document; a better scan may come as `file` beside `data`",
    request=CopyWanted,
    response=Outgoing,
)
def ask_for_copy(document_id: int) -> ResponseReturnValue:
    """Prepared, and put before who may allow it."""
    wanted, file = body(CopyWanted), request.files.get("file")
    extract = Extract(wanted.passage, wanted.authority, wanted.compared)
    new = NewCopy(
        wanted.kind_code, wanted.medium, wanted.signer_id, wanted.purpose, tuple(wanted.recipients),
        extract if wanted.passage else None, Upload(file.stream, file.filename or "ban-quet.pdf") if file else None,
        outside=tuple(wanted.outside),
    )  # fmt: skip
    return reply(copying.ask(db(), current_actor(), document_id, new), 201)


@bp.post("/<int:document_id>/allow")
@needs(OUTGOING_SIGN)
@documented("Allow a certified copy: it gets its number", response=Outgoing)
def allow_copy(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(copying.allow(db(), current_actor(), document_id))


@bp.post("/<int:document_id>/refuse")
@needs(OUTGOING_SIGN)
@documented("Do not allow a certified copy", request=Reason, response=Outgoing)
def refuse_copy(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(copying.refuse(db(), current_actor(), document_id, body(Reason).reason))


@bp.get("/<int:document_id>/print.pdf")
@needs(DOCUMENT_READ)
@documented("A copy on paper with everything but signature and stamp")
def print_copy(document_id: int) -> Response:
    """What is printed, to be signed and stamped."""
    made = copying.print_out(db(), current_actor(), document_id)
    return send_file(BytesIO(made), mimetype="application/pdf", download_name="ban-sao.pdf", max_age=0)


@bp.post("/<int:document_id>/stamped")
@needs(OUTGOING_SEAL)
@documented("Note that a copy on paper is printed, signed and stamped", response=Outgoing)
def stamped_copy(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(copying.stamped(db(), current_actor(), document_id))
