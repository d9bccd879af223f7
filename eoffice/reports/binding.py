"""Registers as pages: what is printed on demand, and the bound book of a closed register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from eoffice.core import clock, sheets
from eoffice.directory import queries as directory
from eoffice.directory.models import Agency
from eoffice.documents.closing import Gaps
from eoffice.documents.layout.tables import Set, Signer, Table, typeset
from eoffice.documents.models import Direction, Register
from eoffice.reports import books
from eoffice.reports.books import Row, Span
from eoffice.reports.columns import SHEETS, Form
from eoffice.reports.models import BookLines

#: numbers in one volume: about sixty pages
VOLUME = 1000
_SIGN_HERE = "(Ký, ghi rõ họ tên)"


def printed(session: Session, span: Span, lines: Sequence[Row]) -> bytes:
    """A part of the registers as PDF, with places for two signatures."""
    sheet = SHEETS[span.form]
    table = Table(
        agency=_agency(session, span.agency_id).name, parent=_agency(session, span.agency_id).parent_name,
        title=sheet.title, subtitle=f"Từ ngày {span.first:%d/%m/%Y} đến ngày {span.last:%d/%m/%Y}",
        columns=sheet.columns, rows=lines, notes=(f"Tổng số: {len(lines)} dòng.",),
        signers=(Signer("Người lập", hint=_SIGN_HERE), Signer("Thủ trưởng cơ quan", hint=_SIGN_HERE)),
    )  # fmt: skip
    return typeset(table).pdf


def spreadsheet(span: Span, lines: Sequence[Row]) -> bytes:
    """The same as xlsx."""
    sheet = SHEETS[span.form]
    headings = [column.heading for column in sheet.columns]
    return sheets.write(sheet.title, headings, lines, [column.width * 6 for column in sheet.columns])


def keep_lines(session: Session, register: Register) -> BookLines:
    """Keep what the lines of a closed register say now: its book is set later, and documents go on meanwhile."""
    form = _form(register)
    spans = (
        Span(form, register.agency_id, date.min, date.max, register.id, span_of(register, number))
        for number in range(1, volumes(register) + 1)
    )
    kept = [books.rows(session, span) for span in spans]
    made = BookLines(register_id=register.id, agency_id=register.agency_id, volumes=kept)
    session.add(made)
    return made


@dataclass(frozen=True)
class Volume:
    """What is set as one."""

    #: 1, 2, …, and how many there are
    number: int
    of: int
    lines: Sequence[Row]


def volume(session: Session, register: Register, one: Volume, found: Gaps) -> Set:
    """One volume of a closed register; the last says that nothing is missing."""
    agency, form = _agency(session, register.agency_id), _form(register)
    first, last = span_of(register, one.number)
    table = Table(
        agency=agency.name, parent=agency.parent_name, title=SHEETS[form].title,
        subtitle=f"{register.name} - quyển {one.number}/{one.of}, từ số {first} đến số {last}",
        columns=SHEETS[form].columns, rows=one.lines,
        notes=_closing(register, found) if one.number == one.of else (),
        signers=(Signer("Người đóng sổ", name=register.closed_by), Signer(agency.name)),
    )  # fmt: skip
    return typeset(table, made_at=register.closed_at)


def _form(register: Register) -> Form:
    return Form.INCOMING if register.direction is Direction.IN else Form.OUTGOING


def span_of(register: Register, number: int) -> tuple[int, int]:
    """The first and the last number of a volume."""
    first = register.opening_number + 1 + (number - 1) * VOLUME
    return first, min(first + VOLUME - 1, register.last_number)


def volumes(register: Register) -> int:
    """How many volumes a register fills; an empty one still is a book, one of the system before was bound there."""
    if register.kept_elsewhere:
        return 0
    return max(1, -(-(register.last_number - register.opening_number) // VOLUME))


def _closing(register: Register, found: Gaps) -> tuple[str, ...]:
    """What stands under the last line: how many numbers, which are void and why, that none is missing."""
    assert register.closed_at is not None
    words = [
        f"Đóng sổ ngày {clock.local(register.closed_at):%d/%m/%Y}.",
        f"Số mở sổ: {register.opening_number}; số cuối cùng: {found.last}; đã cấp {found.given} số.",
    ]
    if register.decision:
        words.append(f"Căn cứ: {register.decision}.")
    words.append(
        "Các số hủy: " + "; ".join(f"số {number} ({reason})" for number, reason in found.void) + "."
        if found.void
        else "Không có số hủy."
    )
    words.append(
        "Số thiếu: " + ", ".join(map(str, found.missing)) + "."
        if found.missing
        else "Dãy số liên tục, không thiếu số nào."
    )
    words.append(
        "Số ghi lùi ngày: " + ", ".join(map(str, found.back_dated)) + "."
        if found.back_dated
        else "Ngày ghi theo đúng thứ tự số."
    )
    return tuple(words)


def _agency(session: Session, agency_id: int) -> Agency:
    return directory.agency(session, agency_id)
