"""From the tree of a message to the model. Nothing but identity is required; oddities become notices."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TypeVar

from exchange.attachments import safe_name
from exchange.errors import Unreadable
from exchange.model import (
    VIETNAM,
    Attachment,
    Business,
    BusinessKind,
    Changes,
    Code,
    DocumentMessage,
    DocumentType,
    Message,
    Organization,
    OtherInfo,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    StatusMessage,
    TraceHeader,
)
from exchange.notices import Notice
from exchange.reader import Node
from exchange.vocabulary import NAMESPACE, ORGANIZATION, SIGNER, STAFF

T = TypeVar("T", Organization, Signer, Staff)
_EMPTY = Node("")
#: statuses one vendor's sample sends under another number
_ALIASES = {"14": "15"}


def interpret(root: Node) -> tuple[Message, list[Notice]]:
    """The message, attachments as the manifest names them. Raises Unreadable when it cannot be told whose it is."""
    if root.name not in ("edxml", "edxmlenvelope"):
        raise Unreadable("Thẻ gốc không phải edXML", f"The root element is {root.name!r}, not edXML")
    header = next((node for node in root.walk() if node.name == "messageheader"), None)
    if header is None:
        raise Unreadable("Thiếu MessageHeader", "There is no MessageHeader", path="/edXMLEnvelope")
    reading = _Reading(root, header)
    message: Message = reading.status() if header.first("StatusCode") else reading.document()
    return message, reading.notices


class _Reading:
    def __init__(self, root: Node, header: Node) -> None:
        self.every = list(root.walk())
        self.header = header
        self.notices: list[Notice] = []
        if root.attributes.get("xmlns", NAMESPACE) != NAMESPACE:
            self._note("/", "Sai không gian tên", f"Namespace is {root.attributes['xmlns']!r}")

    def document(self) -> DocumentMessage:
        header = self.header
        info = header.first("PromulgationInfo") or _EMPTY
        message = DocumentMessage(
            sender=self._sender(),
            recipients=tuple(_filled(Organization, node, ORGANIZATION) for node in header.all("To")),
            document_id=header.value("DocumentId"),
            code=self._code(),
            place=info.value("Place"),
            promulgated_on=self._day(info, "PromulgationDate"),
            document_type=self._type(),
            subject=header.value("Subject"),
            content=header.value("Content"),
            signer=_optional(Signer, header.first("SignerInfo"), SIGNER),
            due_on=self._day(header, "DueDate"),
            to_places=_texts(header.first("ToPlaces"), "Place"),
            other=self._other(header.first("OtherInfo") or _EMPTY),
            response_for=tuple(filter(None, map(self._response_for, header.all("ResponseFor")))),
            steering=self._number(header, "SteeringType") or 0,
            task_codes=_texts(header.first("ResponseForTask"), "TaskCode"),
            application=header.value("ApplicationType"),
            business=self._business(),
            trace=tuple(map(self._hop, self._all("TraceHeader"))),
            attachments=tuple(map(self._reference, self._all("Reference"))),
        )
        self._need("/MessageHeader/To/OrganId", any(to.organ_id for to in message.recipients))
        self._need("/MessageHeader/Subject", bool(message.subject))
        self._need("/MessageHeader/Code/CodeNumber", bool(message.code.number or message.document_id))
        return message

    def status(self) -> StatusMessage:
        header = self.header
        code = header.value("StatusCode").zfill(2)
        if code in _ALIASES:
            self._note("/MessageHeader/StatusCode", f"Mã {code} được hiểu là 15", f"Code {code} read as 15")
        target = next(filter(None, map(self._response_for, header.all("ResponseFor"))), None)
        if target is None or not target.organ_id:
            raise Unreadable(
                "Trạng thái không nói về văn bản nào",
                "The status names no document",
                path="/MessageHeader/ResponseFor",
            )
        return StatusMessage(
            sender=self._sender(),
            response_for=target,
            status_code=_ALIASES.get(code, code),
            timestamp=self._time(header, "Timestamp"),
            description=header.value("Description"),
            staff=_optional(Staff, header.first("StaffInfo"), STAFF),
        )

    def _sender(self) -> Organization:
        sender = _filled(Organization, self.header.first("From") or _EMPTY, ORGANIZATION)
        self._need("/MessageHeader/From/OrganId", bool(sender.organ_id))
        return sender

    def _code(self) -> Code:
        code = self.header.first("Code") or _EMPTY
        number, notation = code.value("CodeNumber"), code.value("CodeNotation")
        if not number and code.text:  # some senders write the whole số ký hiệu as text
            number, _, notation = code.text.partition("/")
        return Code(number, notation)

    def _type(self) -> DocumentType | None:
        node = self.header.first("DocumentType")
        if node is None:
            return None
        return DocumentType(
            node.value("TypeName"), self._number(node, "Type"), self._number(node, "TypeDetail")
        )

    def _other(self, node: Node) -> OtherInfo:
        direction = node.value("Direction").lower()
        return OtherInfo(
            priority=self._number(node, "Priority"),
            sphere=node.value("SphereOfPromulgation"),
            typer=node.value("TyperNotation"),
            copies=self._number(node, "PromulgationAmount"),
            pages=self._number(node, "PageAmount"),
            reply_fors=node.value("ReplyFors"),
            reference_codes=node.value("ReferenceCodes"),
            direction=direction in ("true", "1") if direction else None,
            appendixes=_texts(node.first("Appendixes", "Appendices"), "Appendix"),
        )

    def _response_for(self, node: Node) -> ResponseFor | None:
        target = ResponseFor(
            node.value("OrganId"),
            node.value("Code"),
            node.value("DocumentId"),
            self._day(node, "PromulgationDate"),
        )
        return target if target != ResponseFor("") else None

    def _business(self) -> Business:
        node = next(iter(self._all("Bussiness", "Business")), _EMPTY)
        changes = node.first("BussinessDocumentInfo", "BusinessDocumentInfo")
        replaced = node.first("ReplacementInfoList") or _EMPTY
        # an old dialect has Paper directly under the trace list
        paper = node.value("Paper") or next((found.text for found in self._all("Paper")), "")
        return Business(
            kind=self._kind(node),
            reason=node.value("BussinessDocReason", "BusinessDocReason"),
            document_id=node.value("DocumentId"),
            paper=paper in ("1", "true") if paper else None,
            changes=_changes(changes) if changes else None,
            replaces=tuple(
                Replacement(item.value("DocumentId"), _texts(item.first("OrganIdList"), "OrganId"))
                for item in replaced.all("ReplacementInfo")
            ),
            staff=_optional(Staff, node.first("StaffInfo"), STAFF),
        )

    def _kind(self, node: Node) -> BusinessKind:
        number = self._number(node, "BussinessDocType", "BusinessDocType")
        if number is None:
            self._note(
                "/TraceHeaderList/Bussiness", "Thiếu loại nghiệp vụ, hiểu là văn bản mới", "Read as new"
            )
            return BusinessKind.NEW
        try:
            return BusinessKind(number)
        except ValueError as error:
            raise Unreadable(
                f"Không có loại nghiệp vụ {number}",
                f"There is no business kind {number}",
                path="/TraceHeaderList/Bussiness/BussinessDocType",
            ) from error

    def _hop(self, node: Node) -> TraceHeader:
        organ_id = node.value("OrganId")
        return TraceHeader("" if organ_id == "null" else organ_id, self._time(node, "Timestamp"))

    def _all(self, *names: str) -> list[Node]:
        wanted = {name.lower() for name in names}
        return [node for node in self.every if node.name in wanted]

    def _number(self, node: Node, *names: str) -> int | None:
        text = node.value(*names)
        if re.fullmatch(r"[+-]?\d{1,9}", text):
            return int(text)
        if text:
            self._note(names[0], f"“{text}” không phải số", f"{text!r} is no number", wrong=True)
        return None

    def _day(self, node: Node, name: str) -> date | None:
        text = node.value(name)
        found = time_of(text)
        if text and found is None:
            self._note(name, f"Ngày “{text}” không có thật", f"{text!r} is no day", wrong=True)
        return found.date() if found else None

    def _time(self, node: Node, name: str) -> datetime | None:
        text = node.value(name)
        found = time_of(text)
        if text and found is None:
            self._note(name, f"Thời điểm “{text}” không đọc được", f"{text!r} is no time", wrong=True)
        return found

    def _need(self, path: str, present: bool) -> None:
        if not present:
            name = path.rpartition("/")[2]
            raise Unreadable(
                f"Thiếu thông tin bắt buộc: {name}", "A required element is missing or empty", path=path
            )

    def _reference(self, node: Node) -> Attachment:
        content_id = node.value("ContentId").removeprefix("cid:")
        given = node.value("AttachmentName")
        name = safe_name(given, content_id or "attachment")
        if re.search(r"[/\\\x00-\x1f]", given):
            vi = f"Tên tệp “{given}” có đường dẫn hoặc ký tự điều khiển, được đọc là “{name}”"
            en = f"The file name {given!r} holds a path or control characters, read as {name!r}"
            self._note("/Manifest/Reference/AttachmentName", vi, en, wrong=True)
        return Attachment(name=name, description=node.value("Description"), content_id=content_id)

    def _note(self, path: str, vi: str, en: str, *, wrong: bool = False) -> None:
        self.notices.append(Notice(path, vi, en, wrong))


#: documents older than that travel on no axis
_YEARS = range(1900, 2200)
_YEAR_FIRST = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?")


def time_of(text: str) -> datetime | None:
    """`yyyy/MM/dd[ HH:mm:ss]`, ISO 8601 or `dd/MM/yyyy`, in Vietnam time unless ISO names a zone.

    None for what is no time, and for the years 1 and 9999, which programs write where they have none.
    """
    try:
        found = _time(text)
    except (ValueError, OverflowError):  # 30 February and other days that senders let through
        return None
    return found if found is not None and found.year in _YEARS else None


def _time(text: str) -> datetime | None:
    if re.search(r"\d(Z|[+-]\d{2}:?\d{2})$", text) and "T" in text:
        return datetime.fromisoformat(text).astimezone(VIETNAM)
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found[1], found[2], found[3]
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found[1], found[2], found[3]
    else:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[3:6])
    return datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=VIETNAM)


def _filled(kind: type[T], node: Node, names: dict[str, str]) -> T:
    return kind(**{attribute: node.value(wire) for wire, attribute in names.items()})


def _optional(kind: type[T], node: Node | None, names: dict[str, str]) -> T | None:
    if node is None or not any(child.text for child in node.children):
        return None
    return _filled(kind, node, names)


def _texts(node: Node | None, name: str) -> tuple[str, ...]:
    return tuple(child.text for child in node.all(name) if child.text) if node else ()


def _changes(node: Node) -> Changes:
    receivers = node.first("ReceiverList") or _EMPTY
    return Changes(
        document=node.value("DocumentInfo") in ("1", "true"),
        receivers=node.value("DocumentReceiver") in ("1", "true"),
        receiver_list=tuple(
            ReceiverChange(item.value("OrganId"), item.value("ReceiverType") == "1")
            for item in receivers.all("Receiver")
        ),
    )
