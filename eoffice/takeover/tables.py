"""The tables by which registers and documents of another system are taken over, and what the words in them mean."""

import re
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.tables import Column, Row
from eoffice.core.text import fold, nfc, whole
from eoffice.directory import tables as means
from eoffice.documents.kinds import INCOMING_ONLY, KINDS, Kind
from eoffice.documents.models import Direction, Urgency
from eoffice.dossiers.states import Retention
from eoffice.incoming.operations import LENGTHS

_DIRECTIONS = {"den": Direction.IN, "di": Direction.OUT}
_DONE = frozenset({"", "da xong", "xong", "da giai quyet", "hoan thanh", "da phat hanh"})
_OPEN = frozenset({"dang xu ly", "dang giai quyet", "chua xong", "chua giai quyet"})
_DRAFTING = frozenset({"", "dang soan", "du thao"})
_SUBMITTED = frozenset({"cho duyet", "da trinh"})
_ARCHIVED = frozenset({"da nop luu", "da luu tru", "da giao nop"})
_KEPT_BY_UNIT = frozenset({"", "dang lap", "dang thu thap", "da ket thuc", "chua nop luu"})
_REFERENCE = re.compile(r"(\S+) +(\d+)(?:/(\d{4}))?")
_YEARS = re.compile(r"(\d{1,2}) nam")
_NOTATION = re.compile(r"(\d{1,6})\.(\w[\w-]{0,14})")
_URGENCIES = {
    "": Urgency.NORMAL,
    "thuong": Urgency.NORMAL,
    "khan": Urgency.URGENT,
    "thuong khan": Urgency.VERY_URGENT,
    "hoa toc": Urgency.FLASH,
}
_KINDS: dict[str, Kind] = {
    key: kind
    for kind in (*KINDS.values(), *INCOMING_ONLY)
    for key in (fold(kind.name), kind.abbreviation, kind.code)
    if key
}


class NotANumber(Invalid):
    """Numbers of registers are whole."""

    message = _l("“%(text)s” is no whole number. A number with a letter cannot stand in a series.")


class NotAYear(Invalid):
    """A year that has been or is."""

    message = _l("“%(text)s” is no year up to this one.")


class UnknownDirection(Invalid):
    """A register is for one of the two ways."""

    message = _l("“%(text)s” is no kind of register. Write “Đến” or “Đi”.")


class UnknownKind(Invalid):
    """A kind of document the law does not know."""

    message = _l("There is no kind of document “%(text)s”. Write its name or its abbreviation.")


class UnknownState(Invalid):
    """Done or not."""

    message = _l("“%(text)s” is no state. Write “Đã xong” or “Đang xử lý”.")


class UnknownUrgency(Invalid):
    """The law has three levels."""

    message = _l("“%(text)s” is no level of urgency. Write “Khẩn”, “Thượng khẩn” or “Hỏa tốc”, or nothing.")


class UnknownStep(Invalid):
    """What was approved or signed elsewhere is approved or signed again here."""

    message = _l("“%(text)s” is no state of a draft. Write “Đang soạn” or “Chờ duyệt”.")


class UnknownStage(Invalid):
    """With its unit or with the archive."""

    message = _l("“%(text)s” is no state of a dossier. Write “Đang lập” or “Đã nộp lưu”.")


class NotAReference(Invalid):
    """A document is named by its place in a register."""

    message = _l(
        "“%(text)s” names no document. Write the register and the number, e.g. DEN 1233 or DEN 87/2025."
    )


class NotANotation(Invalid):
    """A dossier's number stands before its heading's abbreviation (Decree 30/2020, Appendix V)."""

    message = _l("“%(text)s” is no notation of a dossier. Write it like 01.TCCB.")


class UnknownRetention(Invalid):
    """Circular 05/2025/TT-BNV has six."""

    message = _l("“%(text)s” is no time to keep a dossier. Write one of: %(known)s.")


@dataclass(frozen=True)
class OldDocument:
    """A row of the table of documents, its words read."""

    number: int
    #: in the register: arrival of an incoming document, date of an outgoing one
    day: date
    code_number: str
    code_notation: str
    issued_on: date | None
    kind_code: str
    urgency: Urgency
    recipients: tuple[str, ...]
    #: still asks something of somebody
    open: bool
    due_on: date | None


def number(text: str) -> int:
    """A number from 1. Raises NotANumber."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**8:
        raise NotANumber(text=text)
    return int(text)


def year(text: str) -> int:
    """A year up to this one. Raises NotAYear."""
    if not re.fullmatch(r"(19|20)\d\d", text) or int(text) > clock.today().year:
        raise NotAYear(text=text)
    return int(text)


def direction(text: str) -> Direction:
    """Which way. Raises UnknownDirection."""
    found = _DIRECTIONS.get(fold(text))
    if found is None:
        raise UnknownDirection(text=text)
    return found


def kind(text: str) -> Kind:
    """The kind by name, abbreviation or our code. Raises UnknownKind."""
    found = _KINDS.get(text) or _KINDS.get(fold(text))
    if found is None:
        raise UnknownKind(text=text)
    return found


def urgency(text: str) -> Urgency:
    """The level of urgency, none when nothing is written. Raises UnknownUrgency."""
    found = _URGENCIES.get(fold(text))
    if found is None:
        raise UnknownUrgency(text=text)
    return found


def submitted(text: str) -> bool:
    """Whether a draft waits for approval already. Raises UnknownStep."""
    if fold(text) not in _DRAFTING | _SUBMITTED:
        raise UnknownStep(text=text)
    return fold(text) in _SUBMITTED


def archived(text: str) -> bool:
    """Whether a dossier is with the archive. Raises UnknownStage."""
    if fold(text) not in _ARCHIVED | _KEPT_BY_UNIT:
        raise UnknownStage(text=text)
    return fold(text) in _ARCHIVED


def reference(text: str) -> tuple[str, int | None, int]:
    """Register, year if one is named, and number of “DEN 1233” or “DEN 87/2025”. Raises NotAReference."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise NotAReference(text=text)
    return found[1].upper(), int(found[3]) if found[3] else None, int(found[2])


def notation(text: str) -> tuple[int, str]:
    """Number and abbreviation of the heading of “01.TCCB”. Raises NotANotation."""
    found = _NOTATION.fullmatch(text)
    if found is None:
        raise NotANotation(text=text)
    return int(found[1]), found[2]


def retention(text: str) -> tuple[Retention, int | None]:
    """How long a dossier is kept, with the years of a term that is not on the law's list. Raises UnknownRetention."""
    found = next((one for one in Retention if fold(one.printed) == fold(text)), None)
    years = _YEARS.fullmatch(fold(text))
    if found is not None and found is not Retention.OTHER:
        return found, None
    if years is None or not 1 <= int(years[1]) <= 70:
        listed = (one.printed for one in Retention if one is not Retention.OTHER)
        raise UnknownRetention(text=text, known=", ".join(listed))
    return Retention.OTHER, int(years[1])


def several(text: str, mark: str = ";") -> tuple[str, ...]:
    """What stands between semicolons, or another mark."""
    return tuple(one for part in text.split(mark) if (one := nfc(part)))


def old_document(row: Row) -> OldDocument:
    """Read a row. Raises NotANumber, NotADay, UnknownKind, UnknownState, UnknownUrgency, TooLong."""
    day = means.day(row["day"])
    assert day is not None, "a needed column"
    code_number, notation = code(row["code"])
    return OldDocument(
        number=number(row["number"]), day=day, code_number=code_number, code_notation=notation,
        issued_on=means.day(row["issued_on"]), kind_code=kind(row["kind"]).code, urgency=urgency(row["urgency"]),
        recipients=recipients(row["recipients"]), open=is_open(row["state"]), due_on=means.day(row["due_on"]),
    )  # fmt: skip


def recipients(text: str) -> tuple[str, ...]:
    """The names between semicolons. Raises TooLong for one that is longer than a recipient's."""
    return tuple(whole(one, 200, "recipients") for one in several(text))


def is_open(text: str) -> bool:
    """Whether a document still asks something of somebody. Raises UnknownState."""
    state = fold(text)
    if state not in _DONE | _OPEN:
        raise UnknownState(text=text)
    return state in _OPEN


def code(text: str) -> tuple[str, str]:
    """Number and notation of “125/SNV-CCVC”. Raises TooLong."""
    number, _, notation = text.partition("/")
    return whole(number, LENGTHS["code_number"], "code"), whole(notation, LENGTHS["code_notation"], "code")


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(kind(one).code for one in several(text, ","))


#: one row for each register and year
REGISTERS = (
    Column("code", "Ký hiệu sổ", needed=True, longest=20, width=12),
    Column("name", "Tên sổ", needed=True, width=36),
    Column("direction", "Loại sổ", needed=True, longest=5, width=10, means=direction),
    Column("year", "Năm", needed=True, longest=4, width=8, means=year),
    Column("last", "Số cuối cùng", needed=True, longest=9, width=14, means=number),
    Column("kinds", "Tên loại", width=24, means=_kinds),
    Column("decision", "Quyết định", needed=True, longest=250, width=44),
)
_DECISION = "Quyết định số 15/QĐ-SVD ngày 20/11/2026 của Giám đốc"
REGISTERS_EXAMPLE = (
    ("DEN", "Sổ văn bản đến 2026", "Đến", "2026", "1234", "", _DECISION),
    ("QD", "Sổ quyết định 2026", "Đi", "2026", "87", "QĐ, CT", _DECISION),
)

#: one row for each document
DOCUMENTS = (
    Column("register", "Ký hiệu sổ", needed=True, longest=20, width=12),
    Column("year", "Năm", needed=True, longest=4, width=8, means=year),
    Column("number", "Số trong sổ", needed=True, longest=9, width=12, means=number),
    Column("day", "Ngày vào sổ", needed=True, longest=10, width=12, means=means.day),
    Column("code", "Số, ký hiệu", longest=42, width=20, means=code),
    Column("issued_on", "Ngày văn bản", longest=10, width=12, means=means.day),
    Column("issuer", "Cơ quan ban hành", width=34),
    Column("kind", "Tên loại", needed=True, longest=40, width=14, means=kind),
    Column("subject", "Trích yếu", needed=True, longest=500, width=60),
    Column("signer", "Người ký", longest=100),
    Column("signer_title", "Chức vụ người ký", longest=100),
    Column("urgency", "Độ khẩn", longest=20, width=12, means=urgency),
    Column("recipients", "Nơi nhận", longest=2000, width=34, means=recipients),
    Column("state", "Tình trạng", longest=20, width=14, means=is_open),
    Column("leader", "Lãnh đạo chỉ đạo", longest=60, width=18),
    Column("unit", "Đơn vị chủ trì", longest=30, width=14),
    Column("worker", "Người chủ trì", longest=60, width=18),
    Column("coordinating", "Phối hợp", longest=500, width=18),
    Column("opinion", "Ý kiến chỉ đạo", longest=1000, width=40),
    Column("due_on", "Hạn giải quyết", longest=10, width=14, means=means.day),
    Column("file", "Tệp", width=30),
    Column("attachments", "Tệp kèm theo", longest=1000, width=30),
)
DOCUMENTS_EXAMPLE = (
    ("DEN", "2026", "1233", "18/11/2026", "125/SNV-CCVC", "16/11/2026", "Sở Nội vụ", "Công văn",
     "Về việc rà soát biên chế năm 2027", "Nguyễn Văn Ví Dụ", "Giám đốc", "", "", "Đang xử lý", "svd_giamdoc", "TCCB",
     "", "KHTC; svd_chuyenvien", "Tham mưu trả lời", "30/11/2026", "den/1233.pdf", "den/1233-phu-luc.xlsx"),
    ("QD", "2026", "87", "19/11/2026", "87/QĐ-SVD", "19/11/2026", "", "QĐ", "Ban hành quy chế làm việc",
     "Trần Thị Minh Họa", "Giám đốc", "", "Các phòng; Sở Nội vụ", "Đã xong", "", "", "", "", "", "", "di/87.pdf", ""),
)  # fmt: skip

#: one row for each draft that nobody has signed
DRAFTS = (
    Column("subject", "Trích yếu", needed=True, longest=500, width=60),
    Column("kind", "Tên loại", needed=True, longest=40, width=14, means=kind),
    Column("drafter", "Người soạn thảo", needed=True, longest=60, width=18),
    Column("signer", "Người ký", needed=True, longest=60, width=18),
    Column("recipients", "Nơi nhận", longest=2000, width=34),
    Column("urgency", "Độ khẩn", longest=20, width=12, means=urgency),
    Column("due_on", "Hạn trả lời", longest=10, width=14, means=means.day),
    Column("reply_to", "Trả lời văn bản đến", longest=40, width=18),
    Column("state", "Tình trạng", longest=20, width=14, means=submitted),
    Column("file", "Tệp", needed=True, width=30),
    Column("attachments", "Tệp kèm theo", longest=1000, width=30),
)
DRAFTS_EXAMPLE = (
    ("Trả lời về rà soát biên chế năm 2027", "Công văn", "svd_chuyenvien", "svd_giamdoc", "Sở Nội vụ", "",
     "30/11/2026", "DEN 1233", "Đang soạn", "du-thao/tra-loi.docx", ""),
)  # fmt: skip

#: one row for each dossier, with the archive or not
DOSSIERS = (
    Column("notation", "Số và ký hiệu hồ sơ", needed=True, longest=20, width=18, means=notation),
    Column("year", "Năm", needed=True, longest=4, width=8, means=year),
    Column("heading", "Đề mục", longest=200, width=34),
    Column("title", "Tiêu đề hồ sơ", needed=True, longest=500, width=60),
    Column("retention", "Thời hạn bảo quản", needed=True, longest=20, width=18, means=retention),
    Column("creator", "Người lập", needed=True, longest=60, width=18),
    Column("start_on", "Ngày bắt đầu", needed=True, longest=10, width=14, means=means.day),
    Column("end_on", "Ngày kết thúc", longest=10, width=14, means=means.day),
    Column("documents", "Văn bản", longest=20_000, width=40),
    Column("description", "Ghi chú", longest=500, width=30),
    Column("state", "Tình trạng", longest=20, width=14, means=archived),
    Column("archived_on", "Ngày nộp lưu", longest=10, width=14, means=means.day),
    Column("shelf", "Vị trí lưu trữ", width=24),
)
DOSSIERS_EXAMPLE = (
    ("01.TCCB", "2026", "Tổ chức, cán bộ", "Hồ sơ rà soát biên chế năm 2027", "10 năm", "svd_chuyenvien",
     "05/01/2026", "", "DEN 1233; QD 87", "", "Đang lập", "", ""),
    ("12.TCCB", "2024", "Tổ chức, cán bộ", "Hồ sơ tuyển dụng công chức năm 2024", "70 năm", "Lê Thị Mẫu",
     "02/02/2024", "20/12/2024", "", "", "Đã nộp lưu", "15/01/2025", "Kho 1, giá 3, hộp 12"),
)  # fmt: skip
