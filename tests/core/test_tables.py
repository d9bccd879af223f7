"""Filled tables: columns by their headings, every mistake with its row, whatever program wrote the file."""

import datetime as dt
import io
from pathlib import Path

import pytest
import structlog
from openpyxl import Workbook
from sqlalchemy.orm import Session

from eoffice.core import sheets, tables
from eoffice.core.errors import Invalid, NotFound
from eoffice.core.tables import Column, Row, Rules, Taking

COLUMNS = (
    Column("name", "Họ và tên", needed=True, longest=10),
    Column("since", "Từ ngày"),
    Column("code", "Mã"),
)


@pytest.fixture(autouse=True)
def _configured(worker_database: str) -> None:
    """The sandbox reads its settings."""


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "table"
    path.write_bytes(data)
    return path


def _rows(folder: Path, data: bytes, limit: int = 10) -> list[Row]:
    return tables.read(_file(folder, data), COLUMNS, limit)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_csv_is_read_whatever_parts_its_cells(tmp_path: Path, mark: str, start: bytes) -> None:
    text = f'TỪ NGÀY{mark}Họ  và tên *{mark}Khác\n\n1/2/2026{mark}"Lê\nAn"{mark}x\n'
    assert _rows(tmp_path, start + text.encode()) == [Row(3, {"name": "Lê An", "since": "1/2/2026"})]


def test_a_workbook_keeps_leading_zeros_and_writes_days_as_offices_do(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Họ và tên", "Từ ngày", "Mã"])
    book.active.append(["Lê An", dt.datetime(2026, 2, 1), "007"])  # noqa: DTZ001 - a cell has no zone
    book.active.append([None, None, None])
    book.active.append(["Bùi Na", None, 12.0])
    out = io.BytesIO()
    book.save(out)
    assert _rows(tmp_path, out.getvalue()) == [
        Row(2, {"name": "Lê An", "since": "01/02/2026", "code": "007"}),
        Row(4, {"name": "Bùi Na", "since": "", "code": "12"}),
    ]


def test_a_formula_without_its_result_is_said_and_not_read_as_an_empty_cell(tmp_path: Path) -> None:
    book = Workbook()
    for row in (["Họ và tên", "Từ ngày", "Mã"], ["Lê An", "", "1"], ["=B2", "=C2", "=A1"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(sheets.NoResults):
        _rows(tmp_path, out.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no zip",
        "Họ và tên".encode("cp1258", "replace"),
        b"\xff\xfe\x00",
        b"%PDF-1.7\n\x00",
        b"PK",
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(sheets.UnreadableSheet):
        _rows(tmp_path, data)


def test_headings_and_rows_must_be_there_and_not_too_many(tmp_path: Path) -> None:
    with pytest.raises(tables.HeadingsMissing, match="Họ và tên"):
        _rows(tmp_path, "Từ ngày\n1/1/2026\n".encode())
    with pytest.raises(tables.NothingInIt):
        _rows(tmp_path, "Họ và tên\n".encode())
    with pytest.raises(sheets.SheetTooLong, match="at most 3 rows"):
        _rows(tmp_path, ("Họ và tên\n" + "An\n" * 4).encode(), limit=3)
    assert len(_rows(tmp_path, ("Họ và tên\n" + "An\n" * 3).encode(), limit=3)) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "above", ["", "sep=;\n", "DANH SÁCH CÔNG CHỨC;;\n;;\nNăm 2026, theo quyết định số 12;;\n"]
)
def test_headings_may_stand_below_a_title_in_what_excel_calls_text(
    tmp_path: Path, above: str, encoding: str
) -> None:
    data = (above + "Mã;Họ và tên;Từ ngày\n1;Lê An;\n2;Trần Bé;1/1/2026\n").encode(encoding)
    rows = _rows(tmp_path, data, limit=2)
    first = above.count("\n") + 2
    assert [(row.number, row["name"], row["code"]) for row in rows] == [
        (first, "Lê An", "1"),
        (first + 1, "Trần Bé", "2"),
    ]
    with pytest.raises(sheets.SheetTooLong):
        _rows(tmp_path, data, limit=1)


def test_every_empty_and_every_overlong_cell_is_named(tmp_path: Path, session: Session) -> None:
    rows = _rows(tmp_path, "Họ và tên,Mã\nAn,1\n,2\nNguyễn Văn Rất Dài,3\n".encode())
    found = Taking(rows, COLUMNS).report({}).problems
    assert [(one.row, one.heading) for one in found] == [(3, "Họ và tên"), (4, "Họ và tên")]


def test_what_nobody_sees_is_left_out_of_headings_and_cells(tmp_path: Path) -> None:
    data = "\u200bHọ và tên,Mã\nLê\u202e A\u200bn\ufeff,\u20661\n".encode()
    assert _rows(tmp_path, data) == [Row(2, {"name": "Lê An", "code": "1"})]


def test_a_cell_that_means_nothing_is_told_what_belongs_there_however_long_it_is() -> None:
    columns = (Column("on", "Trên trục", longest=5, means=_yes),)
    said = [one.said for one in Rules(Row(2, {"on": "có lẽ là có"}), columns).problems]
    assert [one[-22:] for one in said] == ["Write “Có” or “Không”."]
    assert len(Rules(Row(2, {"on": "Có" + " " * 9}), columns).problems) == 1, (
        "what can be read may be too long"
    )


def _yes(text: str) -> bool:
    if text.strip() not in ("Có", "Không"):
        raise Invalid(reason="Write “Có” or “Không”.")
    return text.strip() == "Có"


def _odd(text: str) -> int:
    if not int(text) % 2:
        raise NotFound
    return int(text)


def test_every_rule_that_a_row_breaks_is_named_and_none_is_asked_about_a_wrong_cell() -> None:
    columns = (*COLUMNS[:2], Column("code", "Mã", means=_odd))
    rows = [
        Row(2, {"name": "", "code": "2"}),
        Row(3, {"name": "An", "code": "4"}),
        Row(4, {"name": "An", "code": "5"}),
    ]

    def take(row: Row, rules: Rules) -> str:
        rules.ask(lambda: _odd(row["code"]), "code")
        rules.ask(lambda: _odd("6"), "since")
        rules.end()
        return row["code"]

    taking = Taking(rows, columns)
    assert taking.each(lambda row, rules: _odd(row["code"]) if row.number == 4 else take(row, rules)) == {
        4: 5
    }
    report = taking.report({4: "5"})
    assert [(one.row, one.heading) for one in report.problems] == [
        (2, "Họ và tên"), (2, "Mã"), (2, "Từ ngày"), (3, "Mã"), (3, "Từ ngày"),
    ]  # fmt: skip
    assert [row.number for row, _said in report.outcomes] == [4]


def test_rows_survive_the_way_through_a_form(tmp_path: Path) -> None:
    rows = _rows(tmp_path, 'Họ và tên,Mã\n"A ""b"", c",=1+1\n\nAn,\n'.encode())
    assert tables.again(tables.kept(rows, COLUMNS), COLUMNS, 10) == [
        Row(row.number, {"since": "", "code": ""} | row.values) for row in rows
    ]


def test_the_model_table_can_be_taken_in(tmp_path: Path) -> None:
    assert _rows(tmp_path, tables.model("Mẫu", COLUMNS, [("Lê An", "01/02/2026", "=1")])) == [
        Row(2, {"name": "Lê An", "since": "01/02/2026", "code": "=1"})
    ]


def test_of_a_long_table_is_told_how_far_it_is() -> None:
    rows = [Row(number, {"name": "An"}) for number in range(2, 2_502)]
    with structlog.testing.capture_logs() as told:
        Taking(rows, COLUMNS).each(lambda row, _rules: row.number)
    assert [(one["done"], one["of"]) for one in told] == [(1000, 2500), (2000, 2500)]
