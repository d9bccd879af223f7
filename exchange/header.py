"""The envelope of a message as a tree, children in the order of the vendor's Java library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from exchange.model import (
    VIETNAM,
    Attachment,
    Business,
    Changes,
    DocumentMessage,
    OtherInfo,
    Replacement,
    ResponseFor,
    Staff,
    StatusMessage,
    TraceHeader,
)
from exchange.render import Element, branch, leaf, leaves
from exchange.vocabulary import NAMESPACE, ORGANIZATION, PREFIX, SIGNER, STAFF, ZIPPED


def document_header(message: DocumentMessage, body: Element) -> Element:
    header = Element("edXMLHeader", (_message_header(message), _trace(message)))
    return _envelope(header, Element("edXMLBody", (body,)))


def status_header(message: StatusMessage) -> Element:
    children = (
        *branch("From", *leaves(message.sender, ORGANIZATION)),
        *_response_for(message.response_for),
        *_staff(message.staff),
        *leaf("StatusCode", message.status_code),
        *leaf("Description", message.description),
        *leaf("Timestamp", _time(message.timestamp)),
    )
    return _envelope(Element("edXMLHeader", (Element("MessageHeader", children),)))


def manifest(attachments: Iterable[Attachment]) -> Element:
    """One Reference per file. The vendor's library calls every one of them a ZIP here."""
    references = tuple(
        Element(
            "Reference",
            (
                *leaf("ContentId", f"cid:{item.content_id}"),
                *leaf("ContentType", ZIPPED),
                *leaf("Description", item.description),
                *leaf("AttachmentName", item.name),
            ),
        )
        for item in attachments
    )
    return Element("edXMLManifest", references, (("version", "1.0"),))


def _envelope(*children: Element) -> Element:
    return Element("edXMLEnvelope", children, ((f"xmlns:{PREFIX}", NAMESPACE),))


def _message_header(message: DocumentMessage) -> Element:
    kind, signer = message.document_type, message.signer
    children = (
        *branch("From", *leaves(message.sender, ORGANIZATION)),
        *(to for item in message.recipients for to in branch("To", *leaves(item, ORGANIZATION))),
        *leaf("DocumentId", message.document_id),
        *branch(
            "Code", *leaf("CodeNumber", message.code.number), *leaf("CodeNotation", message.code.notation)
        ),
        *branch(
            "PromulgationInfo",
            *leaf("Place", message.place),
            *leaf("PromulgationDate", _day(message.promulgated_on)),
        ),
        *(branch("DocumentType", *leaves(kind, _TYPE)) if kind else ()),
        *leaf("Subject", message.subject),
        *leaf("Content", message.content),
        *(branch("SignerInfo", *leaves(signer, SIGNER)) if signer else ()),
        *leaf("DueDate", _day(message.due_on)),
        *_other(message.other),
        *(found for item in message.response_for for found in _response_for(item)),
        *leaf("SteeringType", message.steering),
        *branch("ResponseForTask", *_each("TaskCode", message.task_codes)),
        *leaf("ApplicationType", message.application),
        *branch("ToPlaces", *_each("Place", message.to_places)),
    )
    return Element("MessageHeader", children)


_TYPE = {"Type": "type", "TypeDetail": "detail", "TypeName": "name"}


def _other(other: OtherInfo) -> tuple[Element, ...]:
    return branch(
        "OtherInfo",
        *leaf("Priority", other.priority),
        *leaf("SphereOfPromulgation", other.sphere),
        *leaf("TyperNotation", other.typer),
        *leaf("PromulgationAmount", other.copies),
        *leaf("PageAmount", other.pages),
        *leaf("ReplyFors", other.reply_fors),
        *leaf("ReferenceCodes", other.reference_codes),
        *leaf("Direction", None if other.direction is None else str(other.direction).lower()),
        *branch("Appendixes", *_each("Appendix", other.appendixes)),
    )


def _response_for(target: ResponseFor) -> tuple[Element, ...]:
    return branch(
        "ResponseFor",
        *leaf("OrganId", target.organ_id),
        *leaf("Code", target.code),
        *leaf("DocumentId", target.document_id),
        *leaf("PromulgationDate", _day(target.promulgated_on)),
    )


def _trace(message: DocumentMessage) -> Element:
    return Element("TraceHeaderList", (_business(message.business), *map(_hop, message.trace)))


def _hop(hop: TraceHeader) -> Element:
    return Element("TraceHeader", (*leaf("OrganId", hop.organ_id), *leaf("Timestamp", _time(hop.timestamp))))


def _business(business: Business) -> Element:
    replaces = tuple(map(_replacement, business.replaces))
    children = (
        *leaf("DocumentId", business.document_id),
        *leaf("BussinessDocType", int(business.kind)),
        *leaf("BussinessDocReason", business.reason),
        *leaf("Paper", _flag(business.paper)),
        *(_changes(business.changes) if business.changes else ()),
        *branch("ReplacementInfoList", *replaces),
        *_staff(business.staff),
    )
    return Element("Bussiness", children)


def _changes(changes: Changes) -> tuple[Element, ...]:
    receivers = tuple(
        Element("Receiver", (*leaf("OrganId", item.organ_id), *leaf("ReceiverType", _flag(item.added))))
        for item in changes.receiver_list
    )
    return branch(
        "BussinessDocumentInfo",
        *leaf("DocumentInfo", _flag(changes.document)),
        *leaf("DocumentReceiver", _flag(changes.receivers)),
        *branch("ReceiverList", *receivers),
    )


def _replacement(item: Replacement) -> Element:
    agencies = branch("OrganIdList", *_each("OrganId", item.organ_ids))
    return Element("ReplacementInfo", (*leaf("DocumentId", item.document_id), *agencies))


def _staff(staff: Staff | None) -> tuple[Element, ...]:
    return branch("StaffInfo", *leaves(staff, STAFF)) if staff else ()


def _each(name: str, values: Iterable[str]) -> tuple[Element, ...]:
    return tuple(found for value in values for found in leaf(name, value))


def _flag(value: bool | None) -> str:
    return "" if value is None else str(int(value))


def _day(day: date | None) -> str:
    return f"{day:%Y/%m/%d}" if day else ""


def _time(time: datetime | None) -> str:
    return f"{time.astimezone(VIETNAM):%Y/%m/%d %H:%M:%S}" if time else ""
