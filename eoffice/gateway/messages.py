"""From rows to edXML messages."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents.models import Direction, Document, DocumentFile, FileRole, LinkKind
from eoffice.gateway import queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Arrival, Delivery, Dispatch, Report, Request
from exchange.model import (
    Attachment,
    Business,
    BusinessKind,
    Code,
    DocumentMessage,
    DocumentType,
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


@dataclass(frozen=True)
class Surroundings:
    """What messages about several documents are made of beside the documents, read together."""

    files: Mapping[int, Sequence[DocumentFile]]
    links: Mapping[int, Sequence[tuple[LinkKind, Document]]]

    @classmethod
    def of(cls, session: Session, document_ids: Collection[int]) -> Self:
        """Read them: two queries, however many documents."""
        # of what is passed on, the file that came
        roles = (FileRole.ISSUED, FileRole.ORIGINAL, FileRole.ATTACHMENT)
        files = documents.files_by_document(session, document_ids, *roles)
        return cls(files, documents.links_by_document(session, document_ids))


def document_message(session: Session, dispatch: Dispatch, around: Surroundings) -> DocumentMessage:
    """The packet of a dispatch: the same rows give the same message, whenever it is built."""
    document = session.get_one(Document, dispatch.document_id)
    if dispatch.business == "recall":
        return _recall(session, dispatch, document, session.get_one(Agency, dispatch.agency_id))
    to = {copy.recipient_code: copy.recipient_name for copy in dispatch.deliveries}
    return new_document(session, document, to, dispatch.created_at, around)


def new_document(
    session: Session, document: Document, to: Mapping[str, str], at: datetime, around: Surroundings
) -> DocumentMessage:
    """A document for recipients by code and name, put out at that moment."""
    agency = session.get_one(Agency, document.agency_id)
    links = around.links.get(document.id, ())
    return DocumentMessage(
        sender=_organization(agency),
        recipients=tuple(Organization(code, name) for code, name in to.items()),
        code=Code(document.code_number, document.code_notation),
        promulgated_on=document.issued_on,
        subject=document.subject,
        content=document.subject,
        document_id=document.document_uid,
        place=agency.place,
        document_type=DocumentType(document.kind.name),
        signer=Signer("", document.signer_title, document.signer_name),
        due_on=document.due_on,
        other=OtherInfo(priority=int(document.urgency), pages=document.page_count or None),
        response_for=tuple(_answered(target) for kind, target in links if kind in _REFERRED),
        business=_business(session, document, to)
        if links and document.direction is Direction.OUT
        else Business(),
        trace=_trace(agency, document, at),
        attachments=tuple(map(_attachment, around.files.get(document.id, ()))),
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


def _recall(session: Session, dispatch: Dispatch, document: Document, agency: Agency) -> DocumentMessage:
    """One packet to everybody who holds a copy; the recalled files do not travel again."""
    asked = sa.select(Delivery).join(Delivery.requests).where(Request.dispatch_id == dispatch.id)
    copies = session.scalars(asked.order_by(Delivery.id)).all()
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
        business=Business(BusinessKind.RECALL, dispatch.reason, document.document_uid),
        trace=(TraceHeader(agency.code, dispatch.created_at),),
    )


def status_message(session: Session, report: Report) -> StatusMessage:
    """What goes to the sender of an arrival, or to the recipient who shall give a copy back."""
    agency = session.get_one(Agency, report.agency_id)
    own, target = (
        _about_arrival(report.arrival) if report.arrival else _about_delivery(session, agency, report)
    )
    return StatusMessage(
        sender=replace(_organization(agency), organ_id=own),
        response_for=target,
        status_code=report.code,
        timestamp=report.at,
        description=report.description,
        staff=Staff(name=report.staff_name) if report.staff_name else None,
    )


def _about_arrival(arrival: Arrival) -> tuple[str, ResponseFor]:
    content = ArrivalContent.from_json(arrival.packet.content)
    code = Code(content.code_number, content.code_notation).full
    return arrival.addressed_code, ResponseFor(
        arrival.sender_code, code, arrival.document_uid, content.issued_on
    )


def _about_delivery(session: Session, agency: Agency, report: Report) -> tuple[str, ResponseFor]:
    assert report.request is not None, "a status is about an arrival or a request"
    copy = report.request.delivery
    assert copy is not None, "13 is asked about a copy of ours"
    document = session.get_one(Document, copy.document_id)
    return agency.code, ResponseFor(
        copy.recipient_code, document.code, document.document_uid, document.issued_on
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
