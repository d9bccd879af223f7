"""From rows to edXML messages."""

from dataclasses import replace

from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Agency
from eoffice.documents import queries as documents
from eoffice.documents.models import Channel, Document, DocumentFile, FileRole, LinkKind
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Arrival, Dispatch, Report
from exchange.model import (
    Attachment,
    Code,
    DocumentMessage,
    DocumentType,
    Organization,
    OtherInfo,
    ResponseFor,
    Signer,
    Staff,
    StatusMessage,
    TraceHeader,
)


def document_message(session: Session, dispatch: Dispatch) -> DocumentMessage:
    """The packet of a dispatch: the same rows give the same message, whenever it is built."""
    document = session.get_one(Document, dispatch.document_id)
    agency = session.get_one(Agency, dispatch.agency_id)
    return DocumentMessage(
        sender=_organization(agency),
        recipients=tuple(
            Organization(r.code, r.name)
            for r in documents.recipients(session, document)
            if r.channel == Channel.AXIS
        ),
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
        response_for=tuple(
            map(_answered, documents.linked(session, system_actor(agency.id), document, LinkKind.REPLY))
        ),
        trace=(TraceHeader(agency.code, dispatch.created_at),),
        attachments=tuple(
            _attachment(file)
            for file in documents.files(session, document, FileRole.ISSUED, FileRole.ATTACHMENT)
        ),
    )


def status_message(session: Session, report: Report) -> StatusMessage:
    """What goes back to the sender of an arrival."""
    arrival = session.get_one(Arrival, report.arrival_id)
    agency = session.get_one(Agency, report.agency_id)
    content = ArrivalContent.from_json(arrival.packet.content)
    return StatusMessage(
        sender=replace(_organization(agency), organ_id=arrival.addressed_code),
        response_for=ResponseFor(
            organ_id=arrival.sender_code,
            code=Code(content.code_number, content.code_notation).full,
            document_id=arrival.document_uid,
            promulgated_on=content.issued_on,
        ),
        status_code=report.code,
        timestamp=report.at,
        description=report.description,
        staff=Staff(name=report.staff_name) if report.staff_name else None,
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
