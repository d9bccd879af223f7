"""From rows to edXML messages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents.models import Direction, Document, DocumentFile, FileRole, LinkKind
from eoffice.gateway import queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Delivery
from exchange import jsonform
from exchange.model import (
    Attachment,
    Business,
    BusinessKind,
    Code,
    DocumentMessage,
    DocumentType,
    Message,
    MessageKind,
    Organization,
    OtherInfo,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    StatusMessage,
    TraceHeader,
)

#: what the wire knows as a reference; what a correction corrects is told by the receiver from its own issuer's id
_REFERRED = (LinkKind.REPLY, LinkKind.CORRECTS)
#: what travels; of what is passed on, the file that came
_FILES = (FileRole.ISSUED, FileRole.ORIGINAL, FileRole.ATTACHMENT)


def written(message: Message) -> dict[str, Any]:
    """A message as the outbox keeps it: all but the bytes of its files, which the store has under their hashes."""
    return jsonform.fields_of(message)


def read(kind: MessageKind, said: Mapping[str, Any]) -> Message:
    """The reverse of `written`. Raises BlobMissing."""
    message = jsonform.message_of(kind, said)
    if isinstance(message, StatusMessage):
        return message
    files = (replace(one, content=blobs().path(one.sha256)) for one in message.attachments)
    return replace(message, attachments=tuple(files))


def new_document(
    session: Session, document: Document, to: Mapping[str, str], at: datetime
) -> DocumentMessage:
    """A document for recipients by code and name, put out at that moment."""
    agency = session.get_one(Agency, document.agency_id)
    links = documents.links_by_document(session, [document.id]).get(document.id, ())
    files = documents.files_by_document(session, [document.id], *_FILES).get(document.id, ())
    return DocumentMessage(
        sender=_organization(agency),
        recipients=tuple(Organization(code, name) for code, name in to.items()),
        code=Code(document.code_number, document.code_notation),
        promulgated_on=document.issued_on,
        subject=document.subject,
        content=document.summary or document.subject,
        document_id=document.document_uid,
        place=agency.place,
        document_type=DocumentType(document.kind.name),
        signer=Signer("", document.signer_title, document.signer_name),
        due_on=document.due_on,
        steering=int(document.steering),
        other=OtherInfo(priority=int(document.urgency), pages=document.page_count or None),
        response_for=tuple(_answered(target) for kind, target in links if kind in _REFERRED),
        business=_business(session, document, to)
        if links and document.direction is Direction.OUT
        else Business(),
        trace=_trace(agency, document, at),
        attachments=tuple(map(_attachment, files)),
    )


def _trace(agency: Agency, document: Document, at: datetime) -> tuple[TraceHeader, ...]:
    """Where it has been: what is passed on began at its issuer."""
    passed_on = document.direction is Direction.IN and document.issuer_code
    first = (TraceHeader(document.issuer_code, document.listed_at),) if passed_on else ()
    return (*first, TraceHeader(agency.code, at))


def _business(session: Session, document: Document, to: Mapping[str, str]) -> Business:
    """New, or instead of documents these recipients hold; who is not among them is not named."""
    held: dict[int, list[str]] = defaultdict(list)
    for copy in queries.superseded(session, document, to):
        held[copy.document_id].append(copy.recipient_code)
    if not held:
        return Business()
    old = [(session.get_one(Document, number), tuple(codes)) for number, codes in held.items()]
    named = "; ".join(f"{one.code} ngày {one.issued_on:%d/%m/%Y}" for one, _codes in old)
    return Business(
        BusinessKind.REPLACE,
        f"Thay thế văn bản số {named}",
        replaces=tuple(Replacement(one.document_uid, codes) for one, codes in old),
    )


def recall(
    session: Session, document: Document, copies: Sequence[Delivery], reason: str, at: datetime
) -> DocumentMessage:
    """One packet to everybody who holds a copy; the recalled files do not travel again."""
    agency = session.get_one(Agency, document.agency_id)
    return DocumentMessage(
        sender=_organization(agency),
        recipients=tuple(Organization(copy.recipient_code, copy.recipient_name) for copy in copies),
        code=Code(document.code_number, document.code_notation),
        promulgated_on=document.issued_on,
        subject=document.subject,
        content=document.subject,
        document_id=document.document_uid,
        place=agency.place,
        document_type=DocumentType(document.kind.name),
        signer=Signer("", document.signer_title, document.signer_name),
        other=OtherInfo(priority=int(document.urgency)),
        response_for=tuple(
            ResponseFor(copy.recipient_code, document.code, document.document_uid, document.issued_on)
            for copy in copies
        ),
        business=Business(BusinessKind.RECALL, reason, document.document_uid),
        trace=(TraceHeader(agency.code, at),),
    )


@dataclass(frozen=True)
class Said:
    """What a status of ours says, whoever it is for."""

    code: str
    description: str
    at: datetime
    staff_name: str = ""


def arrived(content: ArrivalContent, sender_code: str) -> ResponseFor:
    """What a status about an arrived document names."""
    code = Code(content.code_number, content.code_notation).full
    return ResponseFor(sender_code, code, content.document_uid, content.issued_on)


def status_to_holder(session: Session, copy: Delivery, said: Said) -> StatusMessage:
    """To the recipient who shall give a copy back."""
    agency = session.get_one(Agency, copy.agency_id)
    document = session.get_one(Document, copy.document_id)
    about = ResponseFor(copy.recipient_code, document.code, document.document_uid, document.issued_on)
    return status(agency, agency.code, about, said)


def status(agency: Agency, sender: str, about: ResponseFor, said: Said) -> StatusMessage:
    """A status of an agency's; `sender`: the code its reader wrote, old or new, since he may know no other."""
    return StatusMessage(
        sender=replace(_organization(agency), organ_id=sender),
        response_for=about,
        status_code=said.code,
        timestamp=said.at,
        description=said.description,
        staff=Staff(name=said.staff_name) if said.staff_name else None,
    )


def _organization(agency: Agency) -> Organization:
    return Organization(
        agency.code, agency.name, agency.parent_name, agency.address, agency.email, agency.telephone
    )


def _answered(document: Document) -> ResponseFor:
    return ResponseFor(document.issuer_code, document.code, document.document_uid, document.issued_on)


def _attachment(file: DocumentFile) -> Attachment:
    return Attachment(
        file.name, file.name, content=blobs().path(file.sha256), sha256=file.sha256, size=file.size
    )
