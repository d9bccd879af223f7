"""The forms of dossiers, as the law writes them (Decree 30/2020, Appendices IV and V): words are data here."""

from collections.abc import Mapping, Sequence
from datetime import date

from eoffice.core import clock
from eoffice.directory.models import Agency
from eoffice.documents.layout.tables import Column, Set, Signer, Table, typeset
from eoffice.documents.models import DocumentFile
from eoffice.dossiers.models import (
    Destruction,
    Dossier,
    DossierDocument,
    DossierPlan,
    HandOver,
)
from eoffice.dossiers.states import Fate, State

_SIGN_HERE = "(Ký, ghi rõ họ tên)"
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def roman(number: int) -> str:
    """A number below 40 as headings bear it, in figures from there on."""
    return "X" * (number // 10) + _ROMAN[number % 10] if number < 40 else str(number)


def plan(agency: Agency, year: DossierPlan, planned: dict[int, list[Dossier]]) -> Set:
    """Danh mục hồ sơ."""
    rows: list[tuple[str, ...]] = []
    for number, heading in enumerate(year.headings, 1):
        rows.append((f"{roman(number)}. {heading.title}",))
        rows += [
            (one.notation, one.title, one.kept_for, one.made_by, one.description)
            for one in planned.get(heading.id, ())
        ]
    columns = (
        Column("Số và ký hiệu hồ sơ", 2), Column("Đề mục và tiêu đề hồ sơ", 7), Column("Thời hạn bảo quản", 2, True),
        Column("Người lập hồ sơ", 3), Column("Ghi chú", 2),
    )  # fmt: skip
    issued = (f"(Ban hành kèm theo {year.decision})",) if year.decision else ()
    return _set(
        agency, f"Danh mục hồ sơ năm {year.year}", columns, rows, lead=issued,
        signers=(Signer("Thủ trưởng cơ quan", hint=_SIGN_HERE),),
    )  # fmt: skip


def contents(
    agency: Agency, dossier: Dossier, rows: Sequence[DossierDocument], fates: Mapping[int, Fate] | None = None
) -> Set:
    """Mục lục văn bản trong hồ sơ; `fates`: by document, of those that count no more."""
    became = fates or {}
    columns = (
        Column("Số thứ tự", 1, True), Column("Số, ký hiệu văn bản", 3), Column("Ngày tháng văn bản", 2, True),
        Column("Tên loại và trích yếu nội dung văn bản", 7), Column("Tác giả văn bản", 4),
        Column("Số trang", 1.3, True), Column("Ghi chú", 2),
    )  # fmt: skip
    lines = [
        (
            str(row.ordinal), row.document.code, _day(row.document.issued_on),
            f"{row.document.kind.name}: {row.document.subject}", row.document.issuer_name,
            str(row.document.page_count), noted(row, became.get(row.document_id)),
        )
        for row in rows
    ]  # fmt: skip
    pages = sum(row.document.page_count for row in rows)
    return _set(
        agency, "Mục lục văn bản trong hồ sơ", columns, lines,
        subtitle=f"Hồ sơ số {dossier.notation}, năm {dossier.year}",
        lead=(dossier.title, f"Thời hạn bảo quản: {dossier.kept_for}."),
        notes=(f"Hồ sơ có {len(lines)} văn bản, {pages} trang.",),
    )  # fmt: skip


def noted(row: DossierDocument, fate: Fate | None) -> str:
    """What is said beside a document: what was written when it was filed, and what became of it since."""
    return "; ".join(part for part in (row.note, fate.printed if fate else "") if part)


def minutes(agency: Agency, made: HandOver, counts: dict[int, tuple[int, int]]) -> Set:
    """Biên bản giao nhận with mục lục hồ sơ nộp lưu; `counts`: documents and pages by dossier."""
    rows = [
        (
            str(number), one.notation, one.title, f"{_day(one.start_on)} - {_day(one.end_on)}",
            one.kept_for, str(counts.get(one.id, (0, 0))[1]), _answer(one),
        )
        for number, one in enumerate(made.dossiers, 1)
    ]  # fmt: skip
    columns = (
        Column("Số thứ tự", 1, True), Column("Số, ký hiệu hồ sơ", 2.4), Column("Tiêu đề hồ sơ", 7),
        Column("Thời gian tài liệu", 3, True), Column("Thời hạn bảo quản", 2, True), Column("Số trang", 1.3, True),
        Column("Ghi chú", 3),
    )  # fmt: skip
    documents = sum(count for count, _pages in counts.values())
    giver = made.unit_name or agency.name
    return _set(
        agency, "Biên bản giao nhận hồ sơ, tài liệu điện tử", columns, rows,
        subtitle=f"Ngày {clock.local(made.handed_at):%d/%m/%Y}",
        lead=(
            f"Bên giao: {giver}, đại diện: {made.handed_by}.", "Bên nhận: Lưu trữ cơ quan.",
            f"Số lượng: {len(rows)} hồ sơ, {documents} văn bản điện tử. Mục lục hồ sơ nộp lưu:",
        ),
        signers=(Signer("Đại diện bên giao", hint=_SIGN_HERE), Signer("Đại diện bên nhận", hint=_SIGN_HERE)),
    )  # fmt: skip


def certificate(
    agency: Agency, made: Destruction, files: dict[int, list[DocumentFile]], kept: dict[int, int]
) -> Set:
    """What was destroyed, file by file with its SHA-256: the proof that it existed and lawfully ended.

    `files`: those destroyed, by dossier; `kept`: how many documents of a dossier lie in another one and stay.
    """
    rows: list[tuple[str, ...]] = []
    for item in made.items:
        one, until = item.dossier, item.dossier.keep_until
        rows.append((f"{one.notation} năm {one.year}: {one.title} (bảo quản đến {_day(until)})",))
        for file in files.get(one.id, ()):
            what = file.document
            rows.append(
                (what.code, f"{what.kind.name}: {what.subject}", file.name, str(file.size), file.sha256)
            )
        if kept.get(one.id):
            rows.append(("", f"{kept[one.id]} văn bản còn thuộc hồ sơ khác, không hủy", "", "", ""))
    columns = (
        Column("Số, ký hiệu văn bản", 2.4), Column("Tên loại và trích yếu", 5), Column("Tên tệp", 3),
        Column("Dung lượng (byte)", 1.6, True), Column("SHA-256", 7),
    )  # fmt: skip
    assert made.done_at is not None
    return _set(
        agency, "Biên bản hủy tài liệu hết thời hạn lưu trữ", columns, rows,
        subtitle=f"Ngày {clock.local(made.done_at):%d/%m/%Y %H:%M}",
        lead=(f"Căn cứ {made.decision}, do {made.decided_by} quyết định.", f"Người thực hiện: {made.done_by}."),
        notes=(f"Đã hủy {len(made.items)} hồ sơ, {sum(map(len, files.values()))} tệp.",),
        signers=(Signer("Người thực hiện", name=made.done_by.partition(",")[0]), Signer(agency.name)),
    )  # fmt: skip


def _set(
    agency: Agency, title: str, columns: tuple[Column, ...], rows: Sequence[tuple[str, ...]], *,
    subtitle: str = "", lead: tuple[str, ...] = (), notes: tuple[str, ...] = (), signers: tuple[Signer, ...] = (),
) -> Set:  # fmt: skip
    return typeset(
        Table(
            agency=agency.name, parent=agency.parent_name, title=title, subtitle=subtitle, columns=columns,
            rows=[tuple(_broken(cell) for cell in row) for row in rows], lead=lead, notes=notes, signers=signers,
        )
    )  # fmt: skip


def _answer(dossier: Dossier) -> str:
    """What the archive said to it."""
    words = {State.HANDED_OVER: "Chờ kiểm tra", State.RETURNED: f"Trả lại: {dossier.reason}"}
    return words.get(dossier.state, "Đã nhận")


def _broken(cell: str) -> str:
    """A hash may break in the middle of its line."""
    return f"{cell[:32]} {cell[32:]}" if len(cell) == 64 and " " not in cell else cell


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
