"""Scans are read from their picture: found by search, proposed to the clerk, sealed when they bear a secret mark."""

import io
import shutil
from datetime import date
from functools import lru_cache

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.documents import jobs, ocr, operations, recognised
from eoffice.documents.fields import guess_fields
from eoffice.documents.geometry import Box, View
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.models import Document, PageText
from eoffice.documents.pages import PageText as Page
from eoffice.incoming import service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import Doubt, State
from tests.factories import Province, province
from tests.incoming import steps
from tests.web import client_for

_LETTER = Letter(
    agency=("SỞ XÂY DỰNG",), parent="UBND TỈNH AN GIANG", subject="Về việc khảo sát cống Xẻo Rô",
    body="Sở Xây dựng đề nghị phối hợp khảo sát hiện trạng cống Xẻo Rô trong tháng này.",
    signer="Lê Minh Tâm", authority=("GIÁM ĐỐC",), addressees=("Sở Nông nghiệp và Môi trường",),
    recipients=("Như trên", "Lưu: VT"), number_text="Số: 215/SXD-HTKT",
    place_and_date="An Giang, ngày 12 tháng 11 năm 2026",
)  # fmt: skip

TABLE = (
    "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
    "4\t1\t1\t1\t1\t0\t100\t100\t900\t20\t-1\t\n"
    "5\t1\t1\t1\t1\t1\t100\t100\t40\t20\t95.1\tSố:\n"
    "5\t1\t1\t1\t1\t2\t145\t100\t90\t20\t90\t12/QĐ\n"
    "5\t1\t1\t1\t1\t3\t600\t100\t80\t20\t88\tAn\n"
    '5\t1\t1\t1\t2\t1\t100\t140\t80\t20\t88\t"Giang\n'
)


def test_words_far_apart_on_one_height_are_lines_of_two_columns() -> None:
    page = Page(1, View(Box(0, 0, 595, 842), 0), ())
    lines = ocr._lines(TABLE, page, 0.5)
    assert [line.text for line in lines] == ["Số: 12/QĐ", "An", '"Giang']
    assert lines[0].words[0].box == Box(50, 842 - 60, 70, 842 - 50)


@lru_cache(maxsize=2)
def _scan(mark: str) -> bytes:
    letter = _LETTER if not mark else Letter(**{**_LETTER.__dict__, "parent": mark})
    return sample_scan_pdf(letter)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _read(session: Session, place: Province, mark: str = "") -> IncomingDocument:
    upload = operations.take_in(io.BytesIO(_scan(mark)), "quet.pdf")
    document = service.receive_scan(session, place.a.clerk, upload)
    (file,) = document.files
    jobs.read_text(session, file.id)
    jobs.recognise(session, file.id)
    session.expire_all()
    return document


needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")


@pytest.mark.peer
@needs_tesseract
def test_a_scan_is_found_by_its_words_and_proposes_the_fields_of_the_register(
    app: Flask, session: Session, place: Province
) -> None:
    document = _read(session, place)
    asked = Document.words.op("@@")(sa.func.to_tsquery("simple", "khao & sat & cong"))
    assert session.scalars(sa.select(Document.id).where(asked)).all() == [document.id]
    guess = guess_fields(recognised.of_file(session, document.files[0], 5))
    assert guess.number is not None
    assert guess.notation is not None
    assert guess.issued_on is not None
    assert (guess.number.value, guess.notation.value) == ("215", "SXD-HTKT")
    assert guess.issued_on.value == date(2026, 11, 12)
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}/register").get_data(as_text=True)
    assert 'value="SXD-HTKT"' in page


@pytest.mark.peer
@needs_tesseract
def test_the_clerk_sees_that_a_scan_is_being_read_and_what_came_of_it(
    app: Flask, session: Session, place: Province
) -> None:
    upload = operations.take_in(io.BytesIO(_scan("")), "quet.pdf")
    document = service.receive_scan(session, place.a.clerk, upload)
    clerk, part = client_for(app, "a_clerk"), f"/incoming/{document.id}/recognition"
    assert f'hx-get="{part}"' in clerk.get(f"/incoming/{document.id}/register").text
    assert f'hx-get="{part}"' in clerk.get(part).text, "still under way"
    for work in (jobs.read_text, jobs.recognise):
        work(session, document.files[0].id)
    with transaction(session):
        session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    answer = clerk.get(part).text
    assert "hx-get" not in answer
    assert "Đã nhận dạng xong bản quét." in answer
    assert part not in clerk.get(f"/incoming/{document.id}/register").text


@pytest.mark.peer
@needs_tesseract
def test_a_scan_with_the_mark_of_a_state_secret_is_sealed_and_its_words_erased(
    app: Flask, session: Session, place: Province
) -> None:
    document = _read(session, place, "TỐI MẬT")
    (file,) = document.files
    assert file.sealed_at is not None
    assert session.scalars(sa.select(PageText)).all() == []
    assert (document.state, document.reason) == (State.CHECK, Doubt.SECRET)
    clerk = client_for(app, "a_clerk")
    assert clerk.get(f"/files/{file.id}").status_code == 404
    assert clerk.get(f"/files/{file.id}/pages/1.webp").status_code == 404
    assert f"/files/{file.id}" not in clerk.get(f"/incoming/{document.id}").get_data(as_text=True)


@pytest.mark.postgres
def test_a_likely_duplicate_stands_beside_the_paper(app: Flask, session: Session, place: Province) -> None:
    first = steps.registered(session, place.a)
    second = steps.received(session, place.a)
    entry, today = steps.entry(), f"{clock.today():%d/%m/%Y}"
    sent = {
        "code_number": entry.code_number, "code_notation": entry.code_notation, "issuer_name": entry.issuer_name,
        "issued_on": today, "arrived_on": today, "kind_code": entry.kind_code, "subject": "Khác", "urgency": "0",
        "submit_to_id": "0",
    }  # fmt: skip
    answer = client_for(app, "a_clerk").post(f"/incoming/{second.id}/register", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert f"/files/{first.files[0].id}/pages/1" in page
    assert first.subject in page
