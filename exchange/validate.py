"""What a message must fulfil before it is sent: stricter than what is accepted from others.

Limits of length are those that a provincial axis in use intends; all problems are found, not only the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from exchange.attachments import safe_name
from exchange.model import (
    VIETNAM,
    BusinessKind,
    DocumentMessage,
    Message,
    Organization,
    ResponseFor,
    StatusCode,
    StatusMessage,
    document_id,
)
from exchange.notices import Notice

_HEADER = "/edXMLEnvelope/edXMLHeader/MessageHeader"
_BUSINESS = "/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness"
#: new form, old form of 13 characters, their shorter ancestors, and numbers of enterprises
_ORGAN_ID = re.compile(r"[0-9A-Za-z]+([.-][0-9A-Za-z]+)*")
_REASON_NEEDED = (StatusCode.REFUSED, StatusCode.TAKE_BACK, StatusCode.CHANGE_REFUSED)

#: path below Organization, attribute, longest
_ORGANIZATION_LENGTHS = (
    ("OrganizationInCharge", "in_charge", 200),
    ("OrganName", "name", 200),
    ("OrganAdd", "address", 250),
    ("Email", "email", 100),
    ("Telephone", "telephone", 20),
    ("Fax", "fax", 20),
    ("Website", "website", 255),
)


def validate(message: Message, *, today: date | None = None, read: Sequence[Notice] = ()) -> list[Notice]:
    """Everything wrong with a message about to be sent; empty when it is valid.

    `today`: the legal day, for dates in the future; default the present day in Vietnam. `read`: what its reader put
    up with, where it lies there as a package.
    """
    day = today or datetime.now(VIETNAM).date()
    wrong = [notice for notice in read if notice.wrong]
    if isinstance(message, StatusMessage):
        return [*wrong, *_status(message)]
    checks = (_parties(message), _identity(message, day), _texts(message), _numbers(message))
    found = [*(notice for check in checks for notice in check), *_business(message), *_files(message)]
    # what is there and cannot be read is not missing
    unread = {notice.path.rpartition("/")[2] for notice in wrong}
    return [*wrong, *(notice for notice in found if notice.path.rpartition("/")[2] not in unread)]


def _parties(message: DocumentMessage) -> Iterator[Notice]:
    yield from _organization(message.sender, f"{_HEADER}/From")
    if not message.recipients:
        yield Notice(f"{_HEADER}/To", "Chưa có nơi nhận", "There is no recipient")
    seen: set[str] = set()
    for index, recipient in enumerate(message.recipients, 1):
        path = f"{_HEADER}/To[{index}]"
        yield from _organization(recipient, path)
        if recipient.organ_id and recipient.organ_id in seen:
            yield Notice(f"{path}/OrganId", "Nơi nhận bị lặp", f"Recipient {recipient.organ_id} is repeated")
        seen.add(recipient.organ_id)


def _organization(organization: Organization, path: str) -> Iterator[Notice]:
    organ_id = organization.organ_id
    if not organ_id:
        yield Notice(f"{path}/OrganId", "Thiếu mã định danh", "The agency code is missing")
    elif len(organ_id) > 35 or not _ORGAN_ID.fullmatch(organ_id):
        yield Notice(
            f"{path}/OrganId",
            f"Mã định danh “{organ_id}” không đúng dạng (tối đa 35 ký tự, nhóm chữ số cách nhau bằng dấu chấm)",
            f"Agency code {organ_id!r} is malformed (at most 35 characters, groups joined by dots)",
        )
    for name, attribute, longest in _ORGANIZATION_LENGTHS:
        yield from _length(f"{path}/{name}", getattr(organization, attribute), longest)


def _identity(message: DocumentMessage, today: date) -> Iterator[Notice]:
    code, issued = message.code, message.promulgated_on
    yield from _required(f"{_HEADER}/Code/CodeNumber", code.number, 11, "số văn bản", "number")
    yield from _required(f"{_HEADER}/Code/CodeNotation", code.notation, 30, "ký hiệu văn bản", "notation")
    if issued is None:
        yield Notice(
            f"{_HEADER}/PromulgationInfo/PromulgationDate", "Thiếu ngày ban hành", "No date of issue"
        )
        return
    if issued > today:
        yield Notice(
            f"{_HEADER}/PromulgationInfo/PromulgationDate",
            "Ngày ban hành ở tương lai",
            f"The date of issue {issued} is in the future",
        )
    usual = document_id(message.sender.organ_id, issued, code)
    # what is passed on keeps the id of its issuer, where it began
    begun = document_id(message.trace[0].organ_id, issued, code) if message.trace else usual
    if message.document_id.casefold() not in (usual.casefold(), begun.casefold()):
        yield Notice(
            f"{_HEADER}/DocumentId",
            f"Mã định danh văn bản phải là “{usual}”",
            f"The document id must be {usual!r}",
        )


def _texts(message: DocumentMessage) -> Iterator[Notice]:
    yield from _required(f"{_HEADER}/Subject", message.subject, 500, "trích yếu", "subject")
    yield from _length(f"{_HEADER}/Content", message.content, 500)
    yield from _length(f"{_HEADER}/PromulgationInfo/Place", message.place, 50)
    if message.document_type:
        yield from _length(f"{_HEADER}/DocumentType/TypeName", message.document_type.name, 100)
    if signer := message.signer:
        yield from _length(f"{_HEADER}/SignerInfo/Competence", signer.competence, 100)
        yield from _length(f"{_HEADER}/SignerInfo/Position", signer.position, 100)
        yield from _length(f"{_HEADER}/SignerInfo/FullName", signer.full_name, 50)
    yield from _length(f"{_HEADER}/OtherInfo/SphereOfPromulgation", message.other.sphere, 100)
    for index, place in enumerate(message.to_places, 1):
        yield from _length(f"{_HEADER}/ToPlaces/Place[{index}]", place, 150)
    for index, appendix in enumerate(message.other.appendixes, 1):
        yield from _length(f"{_HEADER}/OtherInfo/Appendixes/Appendix[{index}]", appendix, 250)


def _numbers(message: DocumentMessage) -> Iterator[Notice]:
    other = message.other
    if other.priority is not None and not 0 <= other.priority <= 4:
        yield Notice(f"{_HEADER}/OtherInfo/Priority", "Độ khẩn phải từ 0 đến 4", "Priority must be 0 to 4")
    if not 0 <= message.steering <= 2:
        yield Notice(f"{_HEADER}/SteeringType", "Loại chỉ đạo phải từ 0 đến 2", "SteeringType must be 0 to 2")
    for name, value in (("PromulgationAmount", other.copies), ("PageAmount", other.pages)):
        if value is not None and value < 0:
            yield Notice(f"{_HEADER}/OtherInfo/{name}", "Không được là số âm", f"{name} is negative")


def _business(message: DocumentMessage) -> Iterator[Notice]:
    business = message.business
    path = f"{_BUSINESS}/DocumentId"
    if business.kind is BusinessKind.RECALL and not (business.document_id or message.response_for):
        yield Notice(path, "Thu hồi phải nêu văn bản bị thu hồi", "A recall must name the document")
    if business.kind is BusinessKind.UPDATE:
        if not business.document_id:
            yield Notice(path, "Cập nhật phải nêu văn bản được cập nhật", "An update must name the document")
        if business.changes is None:
            yield Notice(
                f"{_BUSINESS}/BussinessDocumentInfo", "Chưa nêu nội dung cập nhật", "No changes named"
            )
    if business.kind is BusinessKind.REPLACE and not any(item.document_id for item in business.replaces):
        yield Notice(
            f"{_BUSINESS}/ReplacementInfoList",
            "Thay thế phải nêu văn bản bị thay thế",
            "A replacement must name what it replaces",
        )
    own = message.trace and message.trace[0]
    if not own or not own.organ_id or own.timestamp is None:
        yield Notice(
            "/edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader",
            "Thiếu dấu vết của nơi gửi",
            "The sender's trace header with its time is missing",
        )


def _files(message: DocumentMessage) -> Iterator[Notice]:
    business = message.business
    recalled = business.kind is BusinessKind.RECALL
    receivers_only = (
        business.kind is BusinessKind.UPDATE and business.changes and not business.changes.document
    )
    if not message.attachments and not recalled and not receivers_only:
        yield Notice(
            "/AttachmentEncoded", "Phải có ít nhất một tệp đính kèm", "At least one attachment is needed"
        )
    ids: set[str] = set()
    for index, item in enumerate(message.attachments, 1):
        path = f"/AttachmentEncoded/Attachment[{index}]"
        yield from _required(f"{path}/AttachmentName", item.name, 200, "tên tệp", "file name")
        if item.content is None or not item.content.is_file() or not item.content.stat().st_size:
            yield Notice(path, f"Tệp “{item.name}” không có nội dung", f"{item.name!r} has no content")
        if item.content_id and item.content_id in ids:
            yield Notice(f"{path}/ContentId", "Mã tệp bị lặp", f"Content id {item.content_id!r} is repeated")
        ids.add(item.content_id)
        if item.name and item.name != safe_name(item.name, ""):
            vi = f"Tên tệp “{item.name}” có đường dẫn hoặc ký tự không dùng được trong tên tệp"
            yield Notice(f"{path}/AttachmentName", vi, f"{item.name!r} holds a path or what no file name may")


def _status(message: StatusMessage) -> Iterator[Notice]:
    yield from _organization(message.sender, f"{_HEADER}/From")
    yield from _target(message.response_for)
    codes: Sequence[str] = list(StatusCode)
    if message.status_code not in codes:
        yield Notice(
            f"{_HEADER}/StatusCode",
            f"Không có trạng thái “{message.status_code}”",
            f"There is no status {message.status_code!r}",
        )
    elif message.status_code in _REASON_NEEDED and not message.description.strip():
        yield Notice(f"{_HEADER}/Description", "Phải nêu lý do", "A reason is required")
    if message.timestamp is None:
        yield Notice(f"{_HEADER}/Timestamp", "Thiếu thời điểm", "The time is missing")


def _target(target: ResponseFor) -> Iterator[Notice]:
    parts = {
        "OrganId": target.organ_id,
        "Code": target.code,
        "DocumentId": target.document_id,
        "PromulgationDate": target.promulgated_on,
    }
    for name, value in parts.items():
        if not value:
            yield Notice(
                f"{_HEADER}/ResponseFor/{name}",
                "Thiếu thông tin về văn bản gốc",
                f"ResponseFor has no {name}",
            )


def _required(path: str, text: str, longest: int, vi: str, en: str) -> Iterator[Notice]:
    if not text.strip():
        yield Notice(path, f"Thiếu {vi}", f"The {en} is missing")
    yield from _length(path, text, longest)


def _length(path: str, text: str, longest: int) -> Iterator[Notice]:
    if len(text) > longest:
        yield Notice(
            path, f"Dài quá {longest} ký tự (đang có {len(text)})", f"Over {longest} characters ({len(text)})"
        )
