"""An agency changes over in mid-year with registers at no. 1,234: everything comes along, no number comes twice."""

import html
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import blobs
from eoffice.core.workdays import days_left
from eoffice.directions import queries as directions
from eoffice.directions import service as work
from eoffice.directions.models import Part, Task
from eoffice.documents import closing
from eoffice.documents.models import Direction, Document, DocumentFile, RegisterEntry
from eoffice.home import deeds
from eoffice.home import queries as home
from eoffice.incoming.states import State
from eoffice.reports import books, figures, numbering
from eoffice.reports.books import Span
from eoffice.reports.columns import Form
from eoffice.reports.figures import Handled, Period
from eoffice.takeover import house
from tests.factories import Province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf, secret_pdf
from tests.takeover.papers import (
    DAY,
    DECISION,
    DOSSIERS,
    DRAFTS,
    FILES,
    HEAD,
    LAST,
    ROWS,
    SERIES,
    YEAR,
    by_number,
    count,
    hidden,
    look,
    mistakes,
    pack,
    register_of,
    series,
)
from tests.takeover.papers import place as place  # the same two agencies
from tests.web import client_for


@pytest.mark.slow
def test_registers_go_on_after_their_last_number_and_earlier_years_come_closed(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    now, before = register_of(session, place, "DEN"), register_of(session, place, "DEN", YEAR - 1)
    assert (now.opening_number, now.last_number, now.decision) == (1234, 1234, DECISION)
    assert before.kept_elsewhere
    status, page = look(chief, "registers", SERIES)
    assert (status, page.count("giữ nguyên")) == (200, 3), "the same table again changes nothing"
    status, page = look(chief, "registers", SERIES + f"DEN;Lần nữa;Đến;{YEAR};1235;;{DECISION}\n")
    assert (status, "hai dòng" in page) == (422, True)
    letter = steps.registered(session, place.a)
    assert letter.register_number == 1235
    old = RegisterEntry(
        agency_id=before.agency_id, register_id=before.id, number=4300, dated_on=clock.today(), document_id=letter.id,
        given_at=clock.now(), given_by="",
    )  # fmt: skip
    session.add(old)
    session.commit()
    at = house.house(session, place.a.agency, "", [])
    assert house.document(session, at, "DEN 4300") == letter, (
        "of last year's register, which need not be named"
    )
    assert client_for(app, "a_clerk").get("/registers/take-over").status_code == 403


@pytest.mark.slow
def test_all_that_is_wrong_with_a_row_is_named_at_once(app: Flask, session: Session, place: Province) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    long = "Nơi " * 60
    row = (
        f"QD;{YEAR};1500;{DAY};86/QĐ-SNNMT;{DAY};;Đơn;Quy chế;;{long};Đang xử lý;ai_do;XYZ;ai_khac;Làm;mai;khong.pdf;"
        "kia.pdf;ai_nua\n"
    )
    status, page = look(chief, "documents", HEAD + row, pack(**FILES))
    assert status == 422
    by_column = [line[1] for line in mistakes(page)]
    assert sorted(map(str, by_column)) == sorted(
        (
            "Số trong sổ", "Số, ký hiệu", "Tên loại", "Người ký", "Nơi nhận", "Tình trạng", "Lãnh đạo chỉ đạo",
            "Đơn vị chủ trì", "Người chủ trì", "Phối hợp", "Hạn giải quyết", "Tệp", "Tệp kèm theo",
        )
    )  # fmt: skip
    row = "Kế hoạch;Loại gì;a_clerk;ai_do;H99.99;hôm qua;DEN 9;Đã ký;khong.pdf\n"
    _status, page = look(chief, "drafts", DRAFTS.splitlines()[0] + "\n" + row)
    assert sorted(str(line[1]) for line in mistakes(page)) == sorted(
        (
            "Tên loại", "Người soạn thảo", "Người ký", "Nơi nhận", "Hạn trả lời", "Trả lời văn bản đến", "Tình trạng",
            "Tệp",
        )
    )  # fmt: skip
    row = f'TCCB;{YEAR};;;Mãi mãi;ai_do;{LAST};{DAY};"DEN 9; DEN 10"\n'
    _status, page = look(chief, "dossiers", DOSSIERS.splitlines()[0] + "\n" + row)
    wrong = {str(line[1]): str(line[2]) for line in mistakes(page)}
    assert set(wrong) == {
        "Số và ký hiệu hồ sơ", "Tiêu đề hồ sơ", "Thời hạn bảo quản", "Người lập", "Ngày kết thúc", "Văn bản",
    }  # fmt: skip
    assert "DEN 9; DEN 10" in wrong["Văn bản"]


@pytest.mark.slow
def test_documents_files_and_open_work_come_along_marked_and_take_no_number(
    app: Flask, session: Session, place: Province
) -> None:
    def kept() -> set[Path]:
        return {path for path in (blobs().root / "shelf").rglob("*") if path.is_file()}

    shelved = kept()
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    before, entries = count(session, Document), count(session, AuditEntry)
    status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES))
    assert status == 200, page
    assert (count(session, Document), count(session, AuditEntry)) == (before, entries), "only rehearsed"
    assert chief.post("/registers/take-over/papers", data=hidden(page)).status_code == 303

    done, mine = by_number(session, place, 1230), by_number(session, place, 1231)
    assert (done.state, done.code, done.taken_over_from) == (State.DONE, "125/SNV-CCVC", "VNPT iOffice")
    files = session.scalars(sa.select(DocumentFile).where(DocumentFile.document_id == done.id)).all()
    assert blobs().path(files[0].sha256).read_bytes() == letter_pdf()
    assert [file.name for file in files] == ["a.pdf", "b.xlsx"]
    # open work is with whom it was with, its deadline as it was, though it is over
    assert [one.document_id for one in directions.to_do(session, place.a.specialist)] == [mine.id]
    assert f"{mine.due_on:%d/%m/%Y}" == LAST
    parts = sa.select(Task.part).where(Task.document_id == mine.id, Task.unit_id == place.a.unit.id)
    assert session.scalars(parts).one() is Part.COORDINATE
    assert by_number(session, place, 1232).state is State.FORWARDED
    assert by_number(session, place, 1234).state is State.SUBMITTED
    # numbers: the next one is new, the proof speaks of those given here, the book names where the others came from
    assert steps.registered(session, place.a).register_number == 1235
    found = closing.gaps(session, register_of(session, place, "DEN"))
    assert (found.sound, found.given, found.first) == (True, 1, 1235)
    span = Span(Form.INCOMING, place.a.agency.id, clock.today() - timedelta(days=9), clock.today())
    assert [row[1] for row in books.rows(session, span)] == ["1230", "1231", "1232", "1234", "1235"]
    assert books.rows(session, span)[0][-1] == "Tiếp nhận từ VNPT iOffice"
    assert register_of(session, place, "QD").last_dated_on == clock.today() - timedelta(days=3), (
        "no back-dating"
    )
    # the pages say so, and the search finds them
    assert "Báo cáo mặn" in chief.get("/search?q=bao cao man").get_data(as_text=True)
    for document in session.scalars(sa.select(Document).where(Document.taken_over_from != "")):
        kind = "incoming" if document.direction is Direction.IN else "outgoing"
        assert "VNPT iOffice" in chief.get(f"/{kind}/{document.id}").get_data(as_text=True)
    assert kept() == shelved, "what was handed over for the look is gone"


@pytest.mark.slow
def test_deadlines_of_a_year_that_is_over_stand_in_its_figures_once_and_in_none_of_this_year(
    app: Flask, session: Session, place: Province
) -> None:
    chief, before = client_for(app, "a_chief_of_office"), YEAR - 1
    series(chief)
    then, due = f"15/12/{before}", f"20/12/{before}"
    rows = (
        f"DEN;{before};4319;{then};1/SNV-VP;{then};Sở Nội vụ;CV;Xong rồi;;;Đã xong;;;;;{due};;;\n"
        f"DEN;{before};4320;{then};2/SNV-VP;{then};Sở Nội vụ;CV;Việc quá hạn;;;Đang xử lý;a_leader;;a_specialist;"
        f"Trả lời;{due};;;KHTC\n"
        f"DEN;{before};4321;{then};3/SNV-VP;{then};Sở Nội vụ;CV;Việc không hạn;;;Đang xử lý;a_leader;;;;;;;\n"
    )
    status, page = look(chief, "documents", HEAD + rows)
    assert status == 200, page
    assert chief.post("/registers/take-over/papers", data=hidden(page)).status_code == 303

    agency, this = place.a.agency.id, Period(date(YEAR, 1, 1), date(YEAR, 12, 31))
    last = Period(date(before, 1, 1), date(before, 12, 31))
    found = {period: figures.by_agency(session, period, [agency])[agency] for period in (this, last)}
    assert (found[this].arrived, found[this].handled) == (0, Handled())
    assert (found[last].arrived, found[last].registered) == (3, 3)
    assert found[last].handled == Handled(open=1, open_late=1), "when the first was done nobody knows here"
    assert found[last].registered_share is None, "nor when any of them arrived"
    assert found[last].to_register is None
    for period, late in ((this, []), (last, [1])):
        for by in (figures.by_unit, figures.by_person):
            assert [line.handled.open_late for line in by(session, period, agency)] == late
    (line,) = numbering.by_register(session, last, agency)
    assert (line.last, line.given, line.in_time, line.late, line.share) == (4321, 3, 0, 0, None)

    # the desk of who works on it counts it once, with its days in working days
    specialist = client_for(app, "a_specialist")
    (task,) = directions.to_do(session, place.a.specialist)
    mine = place.a.specialist
    assert sum(one.overdue for one in home.waiting(session, mine, deeds.of(mine))) == 1
    page = html.unescape(specialist.get("/").get_data(as_text=True))
    assert f"quá {-days_left(date(before, 12, 20))} ngày ({due})" in page.lower()

    # finished now, it is late work of the year it came in
    work.finish(session, place.a.specialist, task.id, "Đã trả lời")
    assert by_number(session, place, 4320).state is State.DONE
    found = {period: figures.by_agency(session, period, [agency])[agency] for period in (this, last)}
    assert found[this].handled == Handled()
    assert found[last].handled == Handled(late=1, open=1)


@pytest.mark.slow
def test_every_mistake_is_named_with_its_row_and_then_nothing_comes(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    wrong = {
        f"DEN;{YEAR};1235;{DAY};1/A;{DAY};Sở;CV;Số của hệ thống này;;;;;;;;;;": "lớn hơn số cuối cùng",
        f"DEN;{YEAR};12a;{DAY};1/A;{DAY};Sở;CV;Số có chữ;;;;;;;;;;": "không phải số nguyên",
        f"XYZ;{YEAR};1;{DAY};1/A;{DAY};Sở;CV;Sổ lạ;;;;;;;;;;": "Chưa có sổ",
        f"DEN;{YEAR};1230;{DAY};9/A;{DAY};Sở;CV;Trùng số;;;;;;;;;;": "đã thuộc về",
        f"DEN;{YEAR};7;01/02/{YEAR - 1};1/A;;Sở;CV;Ngày năm trước;;;;;;;;;;": "không phù hợp",
        f"DEN;{YEAR};8;{DAY};1/A;{DAY};Sở;Loại gì;Loại lạ;;;;;;;;;;": "Không có loại",
        f"DEN;{YEAR};9;{DAY};1/A;{DAY};Sở;CV;Tệp thiếu;;;;;;;;;khong.pdf;": "Không có tệp",
        f"DEN;{YEAR};10;{DAY};1/A;{DAY};Sở;CV;Mật;;;;;;;;;mat.pdf;": "MẬT",
        f"DEN;{YEAR};11;{DAY};1/A;{DAY};Sở;CV;Người lạ;;;Đang xử lý;a_leader;;b_specialist;Làm;;;": "không giữ chức vụ",
        f"DEN;{YEAR};12;{DAY};1/A;{DAY};Sở;CV;Ai giao;;;Đang xử lý;;KHTC;;;;;": "lãnh đạo đã giao việc",
        f"DEN;{YEAR};14;{DAY};1/A;{DAY};Sở;CV;Người phối hợp;;;Đang xử lý;a_leader;;a_specialist;Làm;;;;a_archivist": (
            "không giữ chức vụ"
        ),
        f"QD;{YEAR};13;{DAY};14/QĐ-SNNMT;{DAY};;QĐ;Số khác;Ai;;;;;;;;;": "sổ ghi số 13",
        f"QD;{YEAR};15;{DAY};15/TB-SNNMT;{DAY};;TB;Loại khác;Ai;;;;;;;;;": "không thuộc sổ",
        f"QD;{YEAR};16;{DAY};16/TB-SNNMT;{DAY};;QĐ;Ký hiệu khác;Ai;;;;;;;;;": "của loại khác",
    }  # fmt: skip
    blobs_before = sum(1 for _ in blobs().root.glob("??/*"))
    files = FILES | {"mat_pdf": secret_pdf()}
    status, page = look(chief, "documents", HEAD + ROWS + "\n".join(wrong) + "\n", pack(**files))
    assert status == 422
    for said in wrong.values():
        assert said in page, said
    assert f"{len(wrong)} dòng không nhập được" in re.sub(r"\s+", " ", page)
    listed = mistakes(page)
    assert sorted({row[0] for row in listed}) == list(range(8, 22)), "every row that is wrong"
    assert next(iter(wrong.values())) in str(listed[0][2])
    assert "Số của hệ thống này" in listed[0], "with what stood there"
    assert sum(1 for _ in blobs().root.glob("??/*")) == blobs_before, "a look stores no byte"
    answer = chief.post(
        "/registers/take-over/papers", data={"word": "bịa", "system": "x", "what": "documents"}
    )
    assert answer.status_code == 409
    assert session.scalar(sa.select(Document.id).where(Document.taken_over_from != "")) is None


@pytest.mark.slow
def test_files_that_no_row_names_are_told_before_and_after(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    _status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES))
    assert "không được dòng nào của bảng ghi tên" not in page
    more = {f"du__x{count:02}_pdf": b"x" for count in range(11)} | {"den__a2_pdf": b"x", "Thumbs_db": b"x"}
    _status, page = look(chief, "documents", HEAD + ROWS, pack(**FILES, **more))
    told = "Có 12 tệp không được dòng nào của bảng ghi tên nên không được tiếp nhận: du/x00.pdf; "
    assert told in page
    assert "du/x09.pdf…" in page, "the first ten"
    done = chief.post("/registers/take-over/papers", data=hidden(page), follow_redirects=True)
    assert told in html.unescape(done.get_data(as_text=True))


def test_another_last_number_shows_as_a_change(app: Flask, session: Session, place: Province) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    _status, page = look(chief, "registers", SERIES.replace(";1234;", ";1300;").replace(";4321;", ";4400;"))
    assert "sửa số cuối cùng từ 1234 thành 1300, cấp tiếp từ số 1301" in page
    assert page.count("giữ nguyên") == 1
    assert "sửa số cuối cùng từ 4321 thành 4400" in page
    assert "4401" not in page, "a closed register gives no number"


def test_a_unit_that_is_not_here_is_called_a_unit(app: Flask, session: Session, place: Province) -> None:
    chief = client_for(app, "a_chief_of_office")
    series(chief)
    rows = (
        f"DEN;{YEAR};1;{DAY};1/A;{DAY};Sở;CV;Đơn vị lạ;;;Đang xử lý;a_leader;ZZ;;Làm;;;;\n"
        f"DEN;{YEAR};2;{DAY};1/A;{DAY};Sở;CV;Phối hợp lạ;;;Đang xử lý;a_leader;KHTC;;Làm;;;;YY\n"
    )
    _status, page = look(chief, "documents", HEAD + rows)
    assert "không có đơn vị nào mang ký hiệu “ZZ”" in page
    assert "“YY” không phải ký hiệu của một đơn vị" in page
    assert "không giữ chức vụ" not in page


@pytest.mark.slow
def test_the_command_takes_a_folder_and_rows_that_are_here_stay(
    app: Flask, session: Session, place: Province, tmp_path: Path
) -> None:
    table, folder = tmp_path / "bang.csv", tmp_path / "tep"
    (folder / "den").mkdir(parents=True)
    (folder / "di").mkdir()
    (folder / "den/a.pdf").write_bytes(letter_pdf())
    (folder / "b.xlsx").write_bytes(FILES["b_xlsx"])
    (folder / "di/87.pdf").write_bytes(letter_pdf())
    (tmp_path / "so.csv").write_text(SERIES)
    table.write_text(HEAD + ROWS)

    def run(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app.cli, ["takeover", *words, "--as", "a_chief_of_office"])
        return ran.exit_code, ran.output

    common = ("documents", str(table), "--files", str(folder), "--from", "eOffice cũ")
    status, output = run(*common)
    assert (status, output.count("row ")) == (1, 6), "registers first"
    assert run("registers", str(tmp_path / "so.csv"))[0] == 0
    assert run(*common, "--dry-run") == (0, "6 rows could be taken over\n")
    (folder / "den/khac.pdf").write_bytes(b"x")
    assert "1 files are named by no row: den/khac.pdf" in run(*common, "--dry-run")[1]
    (folder / "den/khac.pdf").unlink()
    assert session.scalar(sa.select(RegisterEntry.id)) is None
    assert run(*common) == (0, "6 rows were taken over\n")
    before = count(session, Document)
    assert run(*common)[0] == 0
    assert count(session, Document) == before
    issued = session.scalars(sa.select(Document).where(Document.code_number == "87")).one()
    assert [one.name for one in issued.recipients] == ["Các phòng", "Sở Nội vụ"]
    assert (issued.code, issued.signer_name) == ("87/QĐ-SNNMT", "Trần Thị B")
    table.write_text(HEAD + ROWS.replace("den/a.pdf", "../so.csv"))
    assert "../so.csv" in run(*common)[1], "nothing outside the folder"
