"""Registers on paper: every column of the law, a part of them shown, printed or taken out."""

import html
import io
import re
from datetime import UTC, date, datetime

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.documents import registers
from eoffice.documents import service as documents
from eoffice.documents.models import Register
from eoffice.documents.permissions import DOCUMENT_READ_ALL
from eoffice.reports import binding, books, service
from eoffice.reports.books import Span
from eoffice.reports.columns import SHEETS, Form
from tests.factories import Province, province
from tests.incoming import steps as incoming
from tests.outgoing import drafts
from tests.signatures.keys import equip
from tests.web import client_for


@pytest.fixture
def place(session: Session) -> Province:
    """Two agencies with registers."""
    return province(session)


def _register(session: Session, place: Province, code: str = "DEN") -> Register:
    query = sa.select(Register).where(Register.agency_id == place.a.agency.id, Register.code == code)
    return session.scalars(query).one()


def _span(place: Province, form: Form, **changes: object) -> Span:
    day = clock.today()
    fields: dict[str, object] = {"first": date(day.year, 1, 1), "last": date(day.year, 12, 31)}
    return Span(form, place.a.agency.id, **fields | changes)  # type: ignore[arg-type]  # named by the test


def test_requirement_30_the_incoming_register_prints_every_column_of_the_law(
    session: Session, place: Province
) -> None:
    document, _task = incoming.in_progress(session, place.a)
    rows = books.rows(session, _span(place, Form.INCOMING))
    (row,) = rows
    assert len(row) == len(SHEETS[Form.INCOMING].columns) == 10
    day = f"{clock.today():%d/%m/%Y}"
    assert row[0] == row[7] == day
    assert row[1:4] == ("1", document.issuer_name, "86/TTr-UBND")
    assert row[5] == f"Tờ trình: {document.subject}"
    assert row[6] == place.a.unit.name
    with pikepdf.open(io.BytesIO(binding.printed(session, _span(place, Form.INCOMING), rows))) as pdf:
        assert pdf.pages[0].mediabox[2] > pdf.pages[0].mediabox[3]


def test_the_follow_up_names_deadline_progress_and_answer_in_vietnamese(
    app: Flask, session: Session, place: Province
) -> None:
    document, _task = incoming.in_progress(session, place.a)
    with app.test_request_context():
        (row,) = books.rows(session, _span(place, Form.HANDLING))
    assert row[0] == "1"
    assert row[1].startswith("Tờ trình số 86/TTr-UBND ngày ")
    assert row[3] == f"{document.due_on:%d/%m/%Y}"
    assert row[4] == "Đang xử lý"


@pytest.mark.slow
def test_the_outgoing_register_and_the_post_book_show_what_left(session: Session, place: Province) -> None:
    equip(session, place.a)
    sent = drafts.bring(session, place.a, drafts.draft(session, place), drafts.State.ISSUED)
    void = drafts.bring(session, place.a, drafts.draft(session, place), drafts.State.SEALING)
    drafts.take(session, place.a, void.id, drafts.Move.VOID)
    first, second = books.rows(session, _span(place, Form.OUTGOING))
    assert first[0] == f"01/{sent.code_notation}"
    assert first[2] == f"Công văn: {sent.subject}"
    assert first[4] == f"{place.b.agency.name}; {place.outside.name}"
    assert (first[5], first[6]) == (f"VT, {place.a.unit.abbreviation}", "2")
    assert second[9] == "Hủy số: Trùng nội dung"
    newer = drafts.draft(session, place, replaces_id=sent.id)
    assert books.rows(session, _span(place, Form.OUTGOING))[0][9] == "", "it may never be issued"
    newer = drafts.bring(session, place.a, newer, drafts.State.ISSUED)
    with transaction(session):
        sent.recalled_at = clock.now()
    day = f"{clock.today():%d/%m/%Y}"
    note = books.rows(session, _span(place, Form.OUTGOING))[0][9]
    assert note == f"Thu hồi ngày {day}; Thay thế bằng {newer.code} ngày {day}"


def test_requirement_30_the_use_of_kept_copies_is_written_down_by_itself(
    session: Session, place: Province
) -> None:
    equip(session, place.a)
    sent = drafts.bring(session, place.a, drafts.draft(session, place), drafts.State.ISSUED)
    span = _span(place, Form.KEPT)
    assert books.rows(session, span) == [], "who drafted and signed it used no kept copy"
    for who in (place.a.clerk, place.a.clerk, place.a.head):
        documents.seen(session, who, sent)
    first, second = books.rows(session, span)
    assert len(first) == len(SHEETS[Form.KEPT].columns) == 9
    day = f"{clock.today():%d/%m/%Y}"
    assert (first[0], first[2]) == (day, f"{sent.code} ngày {day}")
    assert first[1].startswith(place.a.clerk.name)
    assert second[1].startswith(place.a.head.name)
    assert first[3] == f"Công văn: {sent.subject}"
    assert books.rows(session, _span(place, Form.KEPT, register_id=1_000_000)) == []
    assert binding.printed(session, span, [first, second]).startswith(b"%PDF-")


def test_the_outgoing_register_names_the_letter_that_corrects_a_document(
    session: Session, place: Province
) -> None:
    equip(session, place.a)
    sent = drafts.bring(session, place.a, drafts.draft(session, place), drafts.State.ISSUED)
    letter = drafts.draft(session, place, corrects_id=sent.id)
    assert books.rows(session, _span(place, Form.OUTGOING))[0][9] == "", "it may never be issued"
    letter = drafts.bring(session, place.a, letter, drafts.State.ISSUED)
    day = f"{clock.today():%d/%m/%Y}"
    span = _span(place, Form.OUTGOING)
    assert books.rows(session, span)[0][9] == f"Đính chính bởi {letter.code} ngày {day}"
    rows = service.lines(session, place.a.clerk, span, service.SHEET_LIMIT)
    sheet = load_workbook(io.BytesIO(binding.spreadsheet(span, rows))).worksheets[0]
    assert f"Đính chính bởi {letter.code} ngày {day}" in [cell.value for cell in sheet[2]]
    with transaction(session):
        letter.recalled_at = clock.now()
    assert books.rows(session, span)[0][9] == ""


def test_a_spreadsheet_of_a_register_holds_text_and_no_formula(session: Session, place: Province) -> None:
    incoming.registered(session, place.a, issuer_name="=1+1", subject="Thử công thức")
    span = _span(place, Form.INCOMING)
    rows = service.lines(session, place.a.clerk, span, service.SHEET_LIMIT)
    sheet = load_workbook(io.BytesIO(binding.spreadsheet(span, rows))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [c.heading for c in SHEETS[Form.INCOMING].columns]
    assert sheet.cell(2, 3).value == "=1+1"
    assert "f" not in {cell.data_type for cell in sheet[2]}
    (told,) = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == service.PRINTED))
    assert told.details["lines"] == 1


def test_nobody_prints_the_registers_of_another_agency_or_of_the_whole_year_backwards(
    session: Session, place: Province
) -> None:
    register = _register(session, place)
    assert place.a.specialist.can(DOCUMENT_READ_ALL) is False
    with pytest.raises(Forbidden):
        service.lines(session, place.a.specialist, _span(place, Form.INCOMING), 10)
    with pytest.raises(NotFound):
        service.lines(session, place.b.clerk, _span(place, Form.INCOMING, register_id=register.id), 10)
    with pytest.raises(service.WrongPeriod):
        service.lines(session, place.a.clerk, _span(place, Form.INCOMING, last=date(2000, 1, 1)), 10)
    incoming.registered(session, place.a)
    with pytest.raises(service.TooManyLines):
        service.lines(session, place.a.clerk, _span(place, Form.INCOMING), 0)


def test_a_longer_register_takes_no_more_statements(
    session: Session, place: Province, statements: list[str]
) -> None:
    for _n in range(3):
        incoming.in_progress(session, place.a)
    session.expunge_all()
    statements.clear()
    assert len(books.rows(session, _span(place, Form.INCOMING))) == 3
    assert len([one for one in statements if one.startswith("SELECT")]) <= 4


@pytest.mark.slow
def test_in_january_last_years_registers_are_at_hand_to_be_printed(
    session: Session, place: Province, app: Flask
) -> None:
    entered, year = incoming.registered(session, place.a), clock.today().year
    register = next(one for one in registers.registers(session, place.a.agency.id, year) if one.code == "DEN")
    with clock.freeze(datetime(year + 1, 1, 4, 2, tzinfo=UTC)):
        clerk = client_for(app, "a_clerk")
        page = clerk.get(f"/registers/{register.id}").get_data(as_text=True)
        address = html.unescape(re.search(r'href="(/registers/print[^"]+)"', page)[1])  # type: ignore[index]  # there
        shown = clerk.get(address).get_data(as_text=True)
        assert entered.subject in shown
        assert re.search(rf'<option selected value="{register.id}">', shown)
        assert f'value="{register.id}"' in clerk.get("/registers/print").get_data(as_text=True)


def test_a_part_of_the_registers_is_shown_then_printed_or_taken_out(
    app: Flask, session: Session, place: Province
) -> None:
    document = incoming.registered(session, place.a)
    clerk = client_for(app, "a_clerk")
    year = clock.today().year
    asked = f"form=incoming&register_id=0&from=01/01/{year}&to=31/12/{year}"
    assert clerk.get("/registers/print").status_code == 200
    assert document.subject in clerk.get(f"/registers/print?{asked}").get_data(as_text=True)
    assert clerk.get(f"/registers/print.pdf?{asked}").data.startswith(b"%PDF-")
    assert clerk.get(f"/registers/print.xlsx?{asked}").data.startswith(b"PK")
    wrong = clerk.get(f"/registers/print?form=incoming&register_id=0&from=31/12/{year}&to=01/01/{year}")
    assert wrong.status_code == 422
    assert client_for(app, "a_specialist").get("/registers/print").status_code == 403
    assert clerk.get("/registers/print.pdf").data.startswith(b"%PDF-"), "the year so far"
