"""What other features' events do to incoming documents, in the publisher's transaction."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.blobs import Blob
from eoffice.core.errors import Invalid
from eoffice.core.events import subscribe
from eoffice.core.permissions import Actor, system_actor
from eoffice.core.text import fold
from eoffice.directions import operations as directions
from eoffice.directions.events import DirectionGiven, WorkBegun, WorkFinished, WorkOpened, WorkReopened
from eoffice.directions.models import Direction as LeadersDirection
from eoffice.directions.models import Task
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents import asking, intake
from eoffice.documents import operations as documents_writes
from eoffice.documents import queries as documents
from eoffice.documents.events import DocumentIssued, SecretFound
from eoffice.documents.kinds import EVERY
from eoffice.documents.models import Document, DocumentFile, FileRole, LinkKind, Steering, Urgency
from eoffice.documents.operations import Inspected, NewFile
from eoffice.dossiers import operations as dossiers
from eoffice.gateway import changes
from eoffice.gateway import queries as gateway
from eoffice.gateway.contents import ArrivalContent, ArrivedFile
from eoffice.gateway.events import ChangeAsked, PacketAccepted, PacketsArrived, PacketsComing
from eoffice.gateway.models import FORWARD, Answer, Arrival, Asked, Request
from eoffice.incoming import operations
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.operations import Coming
from eoffice.incoming.states import Doubt, State
from eoffice.incoming.workflow import Move
from eoffice.signatures import operations as signatures
from eoffice.signatures import trust
from eoffice.signatures.events import FileChecked

#: verdicts with which nothing is registered before a clerk has looked
_DOUBTFUL = {"invalid", "indeterminate", "unreadable"}


@subscribe(PacketsComing)
def coming(_session: Session, event: PacketsComing) -> None:
    """Look at the files of arrivals, side by side: the reading is done by other processes."""
    if not event.contents:
        return
    look = partial(_looked_at, believed=cache(trust.store))
    readers = _readers(any(one.urgency > Urgency.NORMAL for one in event.contents.values()))
    event.seen.update(zip(event.contents, readers.map(look, event.contents.values()), strict=True))


@cache
def _readers(_urgent: bool) -> ThreadPoolExecutor:
    """Who reads the files of arrivals: those of one bunch before those of the next, so that the first is done while the
    next is read, and both are not done late; urgent ones wait for no bunch."""
    return ThreadPoolExecutor(os.cpu_count() or 2, "arrivals")


@subscribe(PacketsArrived)
def arrived(session: Session, event: PacketsArrived) -> None:
    """Make the incoming documents of arrivals; what cannot be read waits for the clerk's eye."""
    arrivals = gateway.undelivered(session, event.arrival_ids)
    looked_at = [cast("_LookedAt", event.seen[arrival.id]) for arrival in arrivals]
    issuers = directory.agencies_by_code(session, {_issuer(looked.content) for looked in looked_at})
    rows = [
        Coming(arrival.agency_id, arrival.arrived_at, _fields(session, arrival, looked, issuers), pages=())
        for arrival, looked in zip(arrivals, looked_at, strict=True)
    ]
    documents = operations.receive_all(session, system_actor(), Source.AXIS, rows)
    for arrival, looked, document in zip(arrivals, looked_at, documents, strict=True):
        arrival.document_id = document.id
        _place(session, arrival, looked.content, document, looked.doubt)
    files = [
        NewFile(document, file, role)
        for looked, document in zip(looked_at, documents, strict=True)
        for file, role in looked.files
    ]
    operations.add_files(session, system_actor(), files, indexed=True, read_later=True)


def _place(
    session: Session,
    arrival: Arrival,
    content: ArrivalContent,
    document: IncomingDocument,
    doubt: Doubt | None,
) -> None:
    """Say what it is to other documents here, and put it aside where somebody must look at it first."""
    actor = system_actor(document.agency_id)
    _link(session, actor, document, content.in_reply_to, _reference(content))
    _link(session, actor, document, content.targets, LinkKind.REPLACES)
    if doubt is None and _repeats(session, arrival):
        doubt = Doubt.REPEAT
    if doubt is not None:
        document.reason = doubt
        operations.move(session, actor, document, Move.FLAG, doubt=doubt)


def _issuer(content: ArrivalContent) -> str:
    return content.issuer_code or content.sender_code


def _fields(
    session: Session, arrival: Arrival, looked: "_LookedAt", issuers: Mapping[str, Agency]
) -> dict[str, object]:
    """The header in our columns; the gateway has cut it to what they hold.

    The axis vouches for the sender's code alone: whoever is in the directory is shown under its name there. Of what
    is passed on the issuer is its sender's word; its signature proves it, and the page says who passed it on.
    """
    content = looked.content
    code = _issuer(content)
    issuer = issuers.get(code)
    unknown = content.issuer_code or content.sender_name
    return {
        "code_number": content.code_number, "code_notation": content.code_notation,
        "issued_on": content.issued_on, "due_on": _due_on(session, arrival, content),
        "issuer_name": issuer.name if issuer else unknown, "issuer_code": code,
        "subject": content.subject,
        "signer_name": content.signer_name, "signer_title": content.signer_title,
        "kind_code": _kind(content.kind_name), "urgency": Urgency(content.urgency),
        "document_uid": content.document_uid, "steering": Steering(content.steering),
        "summary": content.summary, "page_count": looked.page_count,
    }  # fmt: skip


def _due_on(session: Session, arrival: Arrival, content: ArrivalContent) -> date | None:
    """The document's own day for an answer, or an earlier one of a task that it gives to this agency."""
    days = [content.due_on] if content.due_on else []
    if content.steering == Steering.DIRECTS:
        agency = session.get_one(Agency, arrival.agency_id)
        called = (agency.name, agency.short_name, arrival.addressed_name)
        days += [one.due_on for one in asking.of_agency(content.summary, called)]
    return min(days, default=None)


def _kind(name: str) -> str:
    return _kinds().get(fold(name).strip(), "")


@cache
def _kinds() -> dict[str, str]:
    """Codes by their folded names, of two alike the first."""
    return {fold(kind.name): kind.code for kind in reversed(EVERY.values())}


def _reference(content: ArrivalContent) -> LinkKind:
    """What a reference means, for which the wire has one form: a letter “đính chính” corrects, others answer."""
    return LinkKind.CORRECTS if fold(content.subject).startswith("dinh chinh") else LinkKind.REPLY


def _link(
    session: Session, actor: Actor, document: IncomingDocument, named: tuple[str, ...], kind: LinkKind
) -> None:
    """Say which documents here this one answers or replaces."""
    asked = sa.select(Document).where(
        Document.agency_id == document.agency_id,
        sa.func.lower(Document.document_uid).in_([sa.func.lower(uid) for uid in named if uid]),
        Document.id != document.id,
    )
    for target in session.scalars(asked) if named else ():
        documents_writes.link(session, actor, document, target, kind)


def _repeats(session: Session, arrival: Arrival) -> bool:
    """Whether this is here already; what was returned is meant to come again."""
    earlier = session.get(Arrival, arrival.repeats_id) if arrival.repeats_id is not None else None
    if earlier is None or earlier.document_id is None:
        return False
    document = operations.by_id(session, earlier.document_id)
    return document is not None and document.state not in (State.RETURNED, State.WITHDRAWN)


@dataclass(frozen=True)
class _LookedAt:
    """The files of a packet, of which the first PDF is the document and the rest goes with it."""

    content: ArrivalContent
    files: Sequence[tuple[Inspected, FileRole]]
    #: what is doubtful about them
    doubt: Doubt | None

    @property
    def page_count(self) -> int:
        """Of the document."""
        return next((file.page_count for file, role in self.files if role is FileRole.ORIGINAL), 0)


def _looked_at(content: ArrivalContent, believed: trust.Asking) -> _LookedAt:
    original: ArrivedFile | None = next((f for f in content.files if f.media_type == intake.PDF), None)
    doubt = Doubt.NO_PAGE if original is None else None
    found: list[tuple[Inspected, FileRole]] = []
    for file in content.files:
        role = FileRole.ORIGINAL if file is original else FileRole.ATTACHMENT
        try:
            found.append((_inspect(file, believed), role))
        except intake.StateSecret:
            return _LookedAt(content, [], Doubt.SECRET)
        except Invalid:
            doubt = Doubt.DAMAGED
            found.append((_as_sent(file), role))
    return _LookedAt(content, found, doubt)


def _inspect(file: ArrivedFile, believed: trust.Asking) -> Inspected:
    if file.media_type != intake.PDF:
        return _as_sent(file)
    return signatures.look_at(Blob(file.sha256, file.size), intake.safe_name(file.name), believed)


def _as_sent(file: ArrivedFile) -> Inspected:
    return Inspected(file.sha256, file.size, intake.safe_name(file.name), file.media_type, 0, [])


@subscribe(ChangeAsked)
def asked(session: Session, event: ChangeAsked) -> None:
    """What nobody has registered goes at once at its sender's wish; else the clerk sees to it.

    A recall leaves nobody a choice (Article 18.4): whom it was passed on to hears of it now and not when the clerk here
    has answered. Giving it back may be refused, so that waits for him.
    """
    request = session.get_one(Request, event.request_id)
    arrival = session.get_one(Arrival, request.arrival_id)
    document = operations.by_id(session, arrival.document_id) if arrival.document_id is not None else None
    if document is None:
        return
    actor = system_actor(document.agency_id)
    if document.state in (State.WAITING, State.CHECK):
        operations.withdraw(session, actor, document, request.reason)
        text = "Văn bản chưa vào sổ, hệ thống đã hủy theo yêu cầu của nơi gửi"
        changes.answer(session, actor, request, Answer.AGREED, text)
    elif document.state in (State.RETURNED, State.WITHDRAWN):
        changes.answer(session, actor, request, Answer.AGREED, "Văn bản không còn ở đơn vị")
    elif request.kind is Asked.RECALL:
        operations.recall_onward(session, actor, document, request.reason)


@subscribe(FileChecked)
def checked(session: Session, event: FileChecked) -> None:
    """A signature that proves nothing sends the document to the clerk's eye before it is registered."""
    if event.verdict not in {"unsigned", *_DOUBTFUL}:
        return  # as most are, each time a file is stored
    file = session.get(DocumentFile, event.file_id)
    document = operations.by_id(session, file.document_id) if file else None
    if document is None or document.state is not State.WAITING:
        return
    if event.verdict not in _DOUBTFUL and not (event.verdict == "unsigned" and _passed_on(session, document)):
        return
    document.reason = Doubt.DAMAGED if event.verdict == "unreadable" else Doubt.SIGNATURE
    actor = system_actor(document.agency_id)
    operations.move(session, actor, document, Move.FLAG, verdict=event.verdict)


def _passed_on(session: Session, document: IncomingDocument) -> bool:
    """Whether it did not come from its issuer: then nothing but a signature says whose it is."""
    arrival = gateway.arrival_of(session, document) if document.source is Source.AXIS else None
    return arrival is not None and document.issuer_code not in gateway.codes(session, arrival.sender_code)


@subscribe(PacketAccepted)
def followed(session: Session, event: PacketAccepted) -> None:
    """What was on its way while its source was recalled is recalled as soon as the axis has it."""
    if event.business != FORWARD:
        return
    document = operations.by_id(session, event.document_id)
    if document is None:
        return
    recalls = [one for one in gateway.open_requests(session, document) if one.kind is Asked.RECALL]
    reason = document.reason if document.state is State.WITHDRAWN else recalls[-1].reason if recalls else None
    if reason is not None:
        changes.recall(session, system_actor(document.agency_id), document, reason)


@subscribe(SecretFound)
def sealed(session: Session, event: SecretFound) -> None:
    """A scan bears the mark of a state secret: nobody registers it before the officer has decided."""
    file = session.get_one(DocumentFile, event.file_id)
    document = operations.by_id(session, file.document_id)
    if document is not None and document.state is State.WAITING:  # in CHECK the other doubt stays beside it
        document.reason = Doubt.SECRET
        operations.move(session, system_actor(document.agency_id), document, Move.FLAG, doubt=Doubt.SECRET)


@subscribe(DirectionGiven)
def directed(session: Session, event: DirectionGiven) -> None:
    """The leader has decided: the deadline is his, the sender hears that somebody was charged."""
    document = operations.by_id(session, event.document_id)
    if document is None:
        return
    dossiers.refuse_kept(session, document, on_hold=False)
    direction = session.get_one(LeadersDirection, event.direction_id)
    if direction.due_on is not None:
        document.due_on, document.due_time = direction.due_on, direction.due_time
    document.prepared = None
    lead = direction.tasks[0].label
    operations.move(session, event.actor, document, Move.DIRECT, lead=lead)
    operations.report(session, event.actor, document, "04", f"Đã phân công {lead} chủ trì xử lý")


@subscribe(WorkBegun)
def begun(session: Session, event: WorkBegun) -> None:
    """A person leads now."""
    document = operations.by_id(session, event.document_id)
    if document is not None:
        operations.move(session, event.actor, document, Move.ASSIGN)


@subscribe(WorkOpened)
def opened(session: Session, event: WorkOpened) -> None:
    """The person who leads has opened it."""
    document = operations.by_id(session, event.document_id)
    if document is not None:
        operations.report(session, event.actor, document, "05", "Đang xử lý")


@subscribe(WorkReopened)
def reopened(session: Session, event: WorkReopened) -> None:
    """Who gave the work asks for more. Its sender was told that it is completed, after which the axis knows no other
    status; he hears no more of it."""
    document = operations.by_id(session, event.document_id)
    if document is not None:
        dossiers.refuse_kept(session, document, on_hold=False)
        operations.move(session, event.actor, document, Move.REOPEN)


@subscribe(WorkFinished)
def finished(session: Session, event: WorkFinished) -> None:
    """The lead has reported."""
    document = operations.by_id(session, event.document_id)
    if document is None:
        return
    # who directed waits for the result; anybody else hears that there is one
    result = session.get_one(Task, event.task_id).result if document.steering is Steering.DIRECTS else ""
    _finish(session, event.actor, document, f"Đã xử lý xong: {result}" if result else "Đã xử lý xong")


@subscribe(DocumentIssued)
def answered(session: Session, event: DocumentIssued) -> None:
    """An issued reply finishes the document it answers, when that is being worked on."""
    reply = session.get_one(Document, event.document_id)
    actor = system_actor(reply.agency_id)
    for target in documents.linked(session, actor, reply, LinkKind.REPLY):
        document = operations.by_id(session, target.id)
        if document is None or document.state not in (State.FORWARDED, State.IN_PROGRESS):
            continue
        text = f"Đã trả lời bằng văn bản số {reply.code}"
        directions.answered(session, actor, document, text)
        _finish(session, actor, document, text)


def _finish(session: Session, actor: Actor, document: IncomingDocument, text: str) -> None:
    operations.move(session, actor, document, Move.FINISH, result=text)
    operations.report(session, actor, document, "06", text)
