"""Outgoing documents for other systems: the same use cases as the pages.

A PIN stands in the body alone, over TLS, opens the key for one call and is written nowhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from eoffice.core.openapi import answer, body, documented, one_of
from eoffice.core.permissions import Actor
from eoffice.core.web import current_actor, db, needs
from eoffice.documents import groups, kinds
from eoffice.documents import queries as documents
from eoffice.documents import service as files
from eoffice.documents.layout.wording import model
from eoffice.documents.models import Urgency
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.documents.recipients import Member
from eoffice.gateway import queries as gateway
from eoffice.outgoing import issuing, queries, service
from eoffice.outgoing.drafting import Fields, Text, UnknownBlank, Upload
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import (
    OUTGOING_APPROVE,
    OUTGOING_CHECK,
    OUTGOING_DRAFT,
    OUTGOING_ISSUE,
    OUTGOING_NUMBER,
    OUTGOING_SEAL,
    OUTGOING_SIGN,
)
from eoffice.outgoing.queries import Tab
from eoffice.signatures.operations import Caution

bp = Blueprint("outgoing_api", __name__, url_prefix="/api/v1/outgoing")


@dataclass(frozen=True)
class DraftFields:
    """What the register wants to know of a draft."""

    kind_code: str
    subject: str
    #: assignment of the leader who signs
    signer_id: int
    #: codes of agencies
    recipients: list[str] = field(default_factory=list)
    #: people and bodies in no directory, who get it on paper, by name
    outside: list[str] = field(default_factory=list)
    unit_id: int | None = None
    urgency: int = 0
    due_on: date | None = None
    reply_to_id: int | None = None
    #: the issued document this one takes the place of, at every recipient of both
    replaces_id: int | None = None
    #: the issued document whose form this công văn puts right (Decree 30/2020, Article 18.3)
    corrects_id: int | None = None
    #: ids of groups of recipients: their members of today, one line of the page for each group
    groups: list[int] = field(default_factory=list)
    #: advisory body of one's agency in whose name it is issued, from /api/v1/registers/bodies
    body_id: int | None = None
    #: what the signer is there, one line each: "TM. BAN CHỈ ĐẠO", "TRƯỞNG BAN"
    body_title: str = ""
    #: under which delegation the signer signs, where there is more than one or he could sign in his own right
    delegation_id: int | None = None

    def fields(self, session: Session, actor: Actor) -> Fields:
        """For the use case. Raises NotFound for a group that is not there."""
        values = vars(self) | {
            "recipients": tuple(self.recipients),
            "outside": tuple(self.outside),
            "urgency": Urgency(min(3, max(0, self.urgency))),
        }
        names = DraftFields.__dataclass_fields__.keys() - {"groups"}
        found = groups.lines(session, actor, self.groups)
        members = tuple(Member(agency.code, agency.name, line) for agency, line in found)
        return Fields(**{name: values[name] for name in names}, members=members)


@dataclass(frozen=True)
class NewDraft(DraftFields):
    """A draft from the official template."""

    body: str = ""
    addressees: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    decided_by: str = ""
    #: the blanks of the kind's model by name, as GET /outgoing/models lists them
    blanks: dict[str, str] = field(default_factory=dict)

    def text(self) -> Text:
        """For the use case. Raises UnknownBlank."""
        known = {blank.name for blank in model(self.kind_code).blanks}
        if unknown := next((name for name in self.blanks if name not in known), ""):
            raise UnknownBlank(name=unknown, known=", ".join(sorted(known)), field=f"blanks.{unknown}")
        lists = tuple(self.addressees), tuple(self.bases), tuple(self.copies)
        return Text(self.body, *lists, self.decided_by, self.blanks)


@dataclass(frozen=True)
class ModelBlank:
    """What a drafter fills into the model of a kind."""

    name: str
    label: str
    hint: str
    needed: bool
    #: one entry a line
    several: bool


@dataclass(frozen=True)
class KindModel:
    """One of the 29 kinds and what its model asks (Decree 30/2020, Appendix III)."""

    kind_code: str
    name: str
    #: a text is needed beside the blanks
    text_needed: bool
    #: addressees, or recipients in their place, are needed
    addressed: bool
    blanks: list[ModelBlank]


@dataclass(frozen=True)
class Opinion:
    """A word with the step."""

    note: str = ""


@dataclass(frozen=True)
class Reason:
    """Why it goes back, or why the number is made void."""

    reason: str


@dataclass(frozen=True)
class Pin:
    """What opens the key for this one call."""

    pin: str = field(repr=False)


@dataclass(frozen=True)
class Signing(Pin):
    """With the draft that was read: a newer one is not signed."""

    file_id: int | None = None


@dataclass(frozen=True)
class File:
    """One file; its bytes are at /api/v1/files/<id>."""

    id: int
    name: str
    role: str
    version_no: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Delivery:
    """One recipient's copy and the moment of each proven step."""

    id: int
    recipient_code: str
    recipient_name: str
    hop: str
    on_axis_at: datetime | None
    fetched_at: datetime | None
    arrived_at: datetime | None
    registered_at: datetime | None
    assigned_at: datetime | None
    processing_at: datetime | None
    done_at: datetime | None
    refused_at: datetime | None
    note: str


@dataclass(frozen=True)
class Warned:
    """What whoever signs must be told although it was signed: a stable code, and the sentence the page shows."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Outgoing:
    """One outgoing document; `cautions` are of the signatures this very call has made."""

    id: int
    state: str
    kind_code: str
    subject: str
    code_number: str
    code_notation: str
    issued_on: date | None
    document_uid: str
    urgency: int
    due_on: date | None
    signer_name: str
    signer_title: str
    #: when its recipients were asked to destroy it
    recalled_at: datetime | None
    recipients: list[str]
    files: list[File]
    deliveries: list[Delivery]
    cautions: list[Warned]


@dataclass(frozen=True)
class OutgoingRow:
    """One row of the list."""

    id: int
    state: str
    subject: str
    code_number: str
    code_notation: str
    issued_on: date | None
    urgency: int
    #: deadline of what it answers; the hour is null where the whole day is left
    answer_on: date | None
    answer_at: time | None
    recalled_at: datetime | None


@dataclass(frozen=True)
class OutgoingPage:
    """Some documents and the mark of the next page."""

    documents: list[OutgoingRow]
    next: str | None


def reply(
    document: OutgoingDocument, status: int = 200, cautions: Iterable[Caution] = ()
) -> ResponseReturnValue:
    session = db()
    names = File.__dataclass_fields__, Delivery.__dataclass_fields__
    files = [File(**{n: getattr(one, n) for n in names[0]}) for one in documents.files(session, document)]
    copies = [
        Delivery(**{n: getattr(one, n) for n in names[1]}) for one in gateway.deliveries_of(session, document)
    ]
    return answer(
        Outgoing(
            id=document.id, state=document.state, kind_code=document.kind_code, subject=document.subject,
            code_number=document.code_number, code_notation=document.code_notation, issued_on=document.issued_on,
            document_uid=document.document_uid, urgency=int(document.urgency), due_on=document.due_on,
            signer_name=document.signer_name, signer_title=document.signer_title, recalled_at=document.recalled_at,
            recipients=[one.code for one in documents.recipients(session, document)], files=files, deliveries=copies,
            cautions=[Warned(one.value, str(one.sentence)) for one in cautions],
        ),
        status,
    )  # fmt: skip


@bp.get("")
@needs(DOCUMENT_READ)
@documented("List outgoing documents, newest first; ?tab=mine|draft|check|sign|clerk|issued|all, ?mark=",
            response=OutgoingPage)  # fmt: skip
def index() -> ResponseReturnValue:
    """Answer one page of a tab."""
    page = queries.page_of(db(), current_actor(), one_of(Tab, Tab.ALL), request.args.get("mark"))
    names = OutgoingRow.__dataclass_fields__
    rows = [OutgoingRow(**{name: getattr(one, name) for name in names}) for one in page.rows]
    return answer(OutgoingPage(rows, page.next))


@bp.get("/models")
@needs(OUTGOING_DRAFT)
@documented("The kinds of documents and what the model of each asks of the drafter", response=list[KindModel])
def models() -> ResponseReturnValue:
    """Answer every kind."""
    return answer([
        KindModel(
            kind.code, kind.name, asked.text_needed, asked.addressees is not None,
            [ModelBlank(b.name, str(b.label), str(b.hint), b.needed, b.several) for b in asked.blanks],
        )
        for kind in kinds.KINDS.values() if (asked := model(kind.code))
    ])  # fmt: skip


@bp.get("/<int:document_id>")
@needs(DOCUMENT_READ)
@documented("One outgoing document with its files and every recipient's copy", response=Outgoing)
def show(document_id: int) -> ResponseReturnValue:
    """Answer one document."""
    document = queries.one(db(), current_actor(), document_id)
    files.seen(db(), current_actor(), document)
    return reply(document)


@bp.post("")
@needs(OUTGOING_DRAFT)
@documented("Begin a draft from the official template", request=NewDraft, response=Outgoing)
def draft() -> ResponseReturnValue:
    """Typeset and store a draft."""
    sent = body(NewDraft)
    return reply(
        service.draft_from_template(db(), current_actor(), sent.fields(db(), current_actor()), sent.text()),
        201,
    )


@bp.post("/upload")
@needs(OUTGOING_DRAFT)
@documented("Begin a draft from a PDF or Word file", request=DraftFields, response=Outgoing, multipart=True)
def upload() -> ResponseReturnValue:
    """Take a file in as a draft."""
    sent, file = body(DraftFields), request.files.get("file")
    if file is None:
        raise service.FileMissing(field="file")
    page = Upload(file.stream, file.filename or "du-thao.pdf")
    return reply(
        service.draft_from_upload(db(), current_actor(), sent.fields(db(), current_actor()), page), 201
    )


@bp.post("/<int:document_id>/submit")
@needs(OUTGOING_DRAFT)
@documented("Submit a draft to the head of its unit", request=Opinion, response=Outgoing)
def submit(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(service.submit(db(), current_actor(), document_id, body(Opinion).note))


@bp.post("/<int:document_id>/approve")
@needs(OUTGOING_APPROVE)
@documented("Approve the content", request=Opinion, response=Outgoing)
def approve(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(service.approve(db(), current_actor(), document_id, body(Opinion).note))


@bp.post("/<int:document_id>/check")
@needs(OUTGOING_CHECK)
@documented("Record the form check", request=Opinion, response=Outgoing)
def check(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(service.check_form(db(), current_actor(), document_id, body(Opinion).note))


@bp.post("/<int:document_id>/send-back")
@needs(DOCUMENT_READ)
@documented("Send it back to the drafter with a reason", request=Reason, response=Outgoing)
def send_back(document_id: int) -> ResponseReturnValue:
    """Take the step; whose it is depends on the state."""
    return reply(service.send_back(db(), current_actor(), document_id, body(Reason).reason))


@bp.post("/<int:document_id>/discard")
@needs(OUTGOING_DRAFT)
@documented("Give a draft up, with a reason", request=Reason, response=Outgoing)
def discard(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(service.discard(db(), current_actor(), document_id, body(Reason).reason))


@bp.post("/<int:document_id>/take-back")
@needs(DOCUMENT_READ)
@documented("Undo one's last step while nobody has taken the next one", response=Outgoing)
def take_back(document_id: int) -> ResponseReturnValue:
    """Take the step back; whose it was depends on the state."""
    return reply(service.take_back(db(), current_actor(), document_id))


@bp.post("/<int:document_id>/sign")
@needs(OUTGOING_SIGN)
@documented("Sign with one's own key", request=Signing, response=Outgoing)
def sign(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    told: list[Caution] = []
    asked = body(Signing)
    made = issuing.sign(
        db(), current_actor(), document_id, asked.pin, seen_file_id=asked.file_id, tell=told.append
    )
    return reply(made, cautions=told)


@bp.post("/<int:document_id>/number")
@needs(OUTGOING_NUMBER)
@documented("Give number and today's date", response=Outgoing)
def number(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(issuing.give_number(db(), current_actor(), document_id))


@bp.post("/<int:document_id>/seal")
@needs(OUTGOING_SEAL)
@documented("Write the number and seal, with the agency's key", request=Pin, response=Outgoing)
def seal(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    told: list[Caution] = []
    made = issuing.seal(db(), current_actor(), document_id, body(Pin).pin, tell=told.append)
    return reply(made, cautions=told)


@bp.post("/<int:document_id>/void")
@needs(OUTGOING_NUMBER)
@documented("Make the number void, with a reason", request=Reason, response=Outgoing)
def void(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(issuing.void_number(db(), current_actor(), document_id, body(Reason).reason))


@bp.post("/<int:document_id>/issue")
@needs(OUTGOING_ISSUE)
@documented("Issue it to its recipients", response=Outgoing)
def issue(document_id: int) -> ResponseReturnValue:
    """Take the step."""
    return reply(issuing.issue(db(), current_actor(), document_id))


from eoffice.outgoing import copies_api, groups_api, posting_api, remarks_api  # noqa: E402, F401 - they add to `bp`
