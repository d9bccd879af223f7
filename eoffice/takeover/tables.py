"""The tables by which registers and documents of another system are taken over, and what the words in them mean."""

import re
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.tables import Column, Row
from eoffice.core.text import fold, nfc
from eoffice.directory import tables as means
from eoffice.documents.kinds import INCOMING_ONLY, KINDS, Kind
from eoffice.documents.models import Direction, Urgency

#: one row for each register and year
REGISTERS = (
    Column("code", "Ký hiệu sổ", needed=True, longest=20, width=12),
    Column("name", "Tên sổ", needed=True, width=36),
    Column("direction", "Loại sổ", needed=True, longest=5, width=10),
    Column("year", "Năm", needed=True, longest=4, width=8),
    Column("last", "Số cuối cùng", needed=True, longest=9, width=14),
    Column("kinds", "Tên loại", width=24),
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
    Column("year", "Năm", needed=True, longest=4, width=8),
    Column("number", "Số trong sổ", needed=True, longest=9, width=12),
    Column("day", "Ngày vào sổ", needed=True, longest=10, width=12),
    Column("code", "Số, ký hiệu", longest=42, width=20),
    Column("issued_on", "Ngày văn bản", longest=10, width=12),
    Column("issuer", "Cơ quan ban hành", width=34),
    Column("kind", "Tên loại", needed=True, longest=40, width=14),
    Column("subject", "Trích yếu", needed=True, longest=500, width=60),
    Column("signer", "Người ký", longest=100),
    Column("signer_title", "Chức vụ người ký", longest=100),
    Column("urgency", "Độ khẩn", longest=20, width=12),
    Column("recipients", "Nơi nhận", longest=2000, width=34),
    Column("state", "Tình trạng", longest=20, width=14),
    Column("leader", "Lãnh đạo chỉ đạo", longest=60, width=18),
    Column("unit", "Đơn vị chủ trì", longest=30, width=14),
    Column("worker", "Người chủ trì", longest=60, width=18),
    Column("opinion", "Ý kiến chỉ đạo", longest=1000, width=40),
    Column("due_on", "Hạn giải quyết", longest=10, width=14),
    Column("file", "Tệp", width=30),
    Column("attachments", "Tệp kèm theo", longest=1000, width=30),
)
DOCUMENTS_EXAMPLE = (
    ("DEN", "2026", "1233", "18/11/2026", "125/SNV-CCVC", "16/11/2026", "Sở Nội vụ", "Công văn",
     "Về việc rà soát biên chế năm 2027", "Nguyễn Văn Ví Dụ", "Giám đốc", "", "", "Đang xử lý", "svd_giamdoc", "TCCB",
     "", "Tham mưu trả lời", "30/11/2026", "den/1233.pdf", "den/1233-phu-luc.xlsx"),
    ("QD", "2026", "87", "19/11/2026", "87/QĐ-SVD", "19/11/2026", "", "QĐ", "Ban hành quy chế làm việc",
     "Trần Thị Minh Họa", "Giám đốc", "", "Các phòng; Sở Nội vụ", "Đã xong", "", "", "", "", "", "di/87.pdf", ""),
)  # fmt: skip

_DIRECTIONS = {"den": Direction.IN, "di": Direction.OUT}
_DONE = frozenset({"", "da xong", "xong", "da giai quyet", "hoan thanh", "da phat hanh"})
_OPEN = frozenset({"dang xu ly", "dang giai quyet", "chua xong", "chua giai quyet"})
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


def several(text: str, mark: str = ";") -> tuple[str, ...]:
    """What stands between semicolons, or another mark."""
    return tuple(one for part in text.split(mark) if (one := nfc(part)))


def old_document(row: Row) -> OldDocument:
    """Read a row. Raises NotANumber, NotADay, UnknownKind, UnknownState, UnknownUrgency."""
    state, urgency = fold(row["state"]), _URGENCIES.get(fold(row["urgency"]))
    if state not in _DONE | _OPEN:
        raise UnknownState(text=row["state"])
    if urgency is None:
        raise UnknownUrgency(text=row["urgency"])
    day = means.day(row["day"])
    assert day is not None, "a needed column"
    code_number, _, notation = row["code"].partition("/")
    return OldDocument(
        number=number(row["number"]), day=day, code_number=code_number.strip(), code_notation=notation.strip(),
        issued_on=means.day(row["issued_on"]), kind_code=kind(row["kind"]).code, urgency=urgency,
        recipients=several(row["recipients"]), open=state in _OPEN, due_on=means.day(row["due_on"]),
    )  # fmt: skip
