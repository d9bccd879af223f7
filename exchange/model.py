"""The edXML messages as frozen values. Names are English; `exchange.vocabulary` maps them to the wire.

Source: QCVN 102:2016/BTTTT as the vendor's library writes it; status codes of QĐ 28/2018/QĐ-TTg.
Text is Unicode NFC, days are calendar days, times are aware (the wire has Vietnam time without a zone).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from pathlib import Path

#: All times on the wire. Vietnam has had no other offset since 1975.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


class MessageKind(StrEnum):
    """The two kinds of message; the value is the `messagetype` of the axis."""

    DOCUMENT = "edoc"
    STATUS = "status"


class BusinessKind(IntEnum):
    """What a document message asks for (`BussinessDocType`)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class StatusCode(StrEnum):
    """What one side tells the other about a document (two digits on the wire)."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    PROCESSING = "05"
    FINISHED = "06"
    TAKE_BACK = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"


class Priority(IntEnum):
    """Độ khẩn."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    EXPRESS_TIMED = 4


@dataclass(frozen=True)
class Organization:
    """An agency as the message names it."""

    #: mã định danh: new form `H01.12` or old form `000.00.12.H01`, at most 35 characters
    organ_id: str
    name: str = ""
    #: cơ quan chủ quản: its name, or its code with some senders
    in_charge: str = ""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True)
class Code:
    """Số, ký hiệu. Both parts are text: real numbers hold letters and years."""

    number: str
    notation: str = ""

    @property
    def full(self) -> str:
        return f"{self.number}/{self.notation}" if self.notation else self.number


@dataclass(frozen=True)
class DocumentType:
    """Loại văn bản. `name` decides; senders disagree about the meaning of the two numbers."""

    name: str = ""
    type: int | None = 1
    detail: int | None = 0


@dataclass(frozen=True)
class Signer:
    competence: str = ""
    position: str = ""
    full_name: str = ""


@dataclass(frozen=True)
class Staff:
    """Cán bộ xử lý."""

    department: str = ""
    department_id: str = ""
    name: str = ""
    staff_id: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True)
class OtherInfo:
    priority: int | None = 0
    #: phạm vi lưu hành
    sphere: str = ""
    #: ký hiệu người soạn thảo
    typer: str = ""
    #: số bản phát hành
    copies: int | None = None
    pages: int | None = None
    reply_fors: str = ""
    reference_codes: str = ""
    #: written by the vendor's library as `false`; its meaning is published nowhere
    direction: bool | None = False
    appendixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResponseFor:
    """Another document that this message answers, recalls or reports on; in a status also its address."""

    organ_id: str
    #: full số ký hiệu, `88/STTTT-CNTT`
    code: str = ""
    document_id: str = ""
    promulgated_on: date | None = None


@dataclass(frozen=True)
class TraceHeader:
    """One system the message passed."""

    organ_id: str
    timestamp: datetime | None = None


@dataclass(frozen=True)
class ReceiverChange:
    organ_id: str
    #: True: now also a recipient; False: no longer one
    added: bool


@dataclass(frozen=True)
class Changes:
    """What an update (`BusinessKind.UPDATE`) changes."""

    document: bool = True
    receivers: bool = False
    receiver_list: tuple[ReceiverChange, ...] = ()


@dataclass(frozen=True)
class Replacement:
    """A document replaced by this one, and the agencies that had received it."""

    document_id: str
    organ_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Business:
    """Thông tin nghiệp vụ."""

    kind: BusinessKind = BusinessKind.NEW
    reason: str = ""
    #: the document recalled or updated
    document_id: str = ""
    #: a paper copy follows
    paper: bool | None = False
    changes: Changes | None = None
    replaces: tuple[Replacement, ...] = ()
    staff: Staff | None = None


@dataclass(frozen=True)
class Attachment:
    """One attached file. To build, `content` must be set; after parsing all fields are."""

    #: file name; the parser makes it safe to use in a folder
    name: str
    description: str = ""
    #: joins manifest and bytes, without `cid:`; the builder counts when it is empty
    content_id: str = ""
    #: file with the bytes, decoded and unzipped; None when only the header was read
    content: Path | None = field(default=None, compare=False)
    #: of the bytes in `content`, lower-case hex
    sha256: str = ""
    size: int = 0
    #: found by looking at the bytes, never what the sender said
    media_type: str = ""


@dataclass(frozen=True)
class DocumentMessage:
    """Gói tin văn bản (eDoc)."""

    sender: Organization
    recipients: tuple[Organization, ...]
    code: Code
    promulgated_on: date | None
    subject: str
    #: mã định danh văn bản; `document_id()` composes the usual form
    document_id: str = ""
    #: địa danh
    place: str = ""
    document_type: DocumentType | None = None
    content: str = ""
    signer: Signer | None = None
    due_on: date | None = None
    #: nơi nhận để biết, để lưu
    to_places: tuple[str, ...] = ()
    other: OtherInfo = OtherInfo()
    response_for: tuple[ResponseFor, ...] = ()
    #: 0 none, 1 direction, 2 report on a direction
    steering: int = 0
    task_codes: tuple[str, ...] = ()
    application: str = ""
    business: Business = Business()
    trace: tuple[TraceHeader, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def kind(self) -> MessageKind:
        return MessageKind.DOCUMENT

    @property
    def targets(self) -> tuple[str, ...]:
        """Document ids that a recall, update or replacement is about, most certain first."""
        if self.business.kind is BusinessKind.NEW:
            return ()
        if self.business.kind is BusinessKind.REPLACE:
            return tuple(item.document_id for item in self.business.replaces)
        named = (self.business.document_id, *(item.document_id for item in self.response_for))
        return tuple(dict.fromkeys(name for name in named if name)) or (self.document_id,)


@dataclass(frozen=True)
class StatusMessage:
    """Gói tin trạng thái. `response_for.organ_id` is where the axis delivers it."""

    sender: Organization
    response_for: ResponseFor
    #: as received, padded to two digits; see `StatusCode`
    status_code: str
    timestamp: datetime | None
    description: str = ""
    staff: Staff | None = None

    @property
    def kind(self) -> MessageKind:
        return MessageKind.STATUS


Message = DocumentMessage | StatusMessage


def document_id(organ_id: str, promulgated_on: date, code: Code) -> str:
    """The usual mã định danh văn bản: `H01.01,2026/11/20,1415/UBND-KGVX`."""
    return f"{organ_id},{promulgated_on:%Y/%m/%d},{code.full}"
