"""What goes with a draft: its submission sheet, and what changed between two versions."""

import io
from dataclasses import replace

import pikepdf
import pypdfium2 as pdfium
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.documents import jobs
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole
from eoffice.outgoing import comparing, service
from eoffice.outgoing.comparing import Change, Piece
from tests.factories import Province, province
from tests.outgoing import drafts
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def test_words_taken_out_and_put_in_stand_where_they_stood() -> None:
    assert comparing.compare("hạn cuối ngày 10 tháng 11", "hạn cuối ngày 15 tháng 11 năm 2026") == [
        Piece(Change.SAME, "hạn cuối ngày"), Piece(Change.GONE, "10"), Piece(Change.NEW, "15"),
        Piece(Change.SAME, "tháng 11"), Piece(Change.NEW, "năm 2026"),
    ]  # fmt: skip
    assert comparing.compare("như nhau", "như  nhau") == []


def test_long_unchanged_passages_are_cut_to_what_stands_around_a_change() -> None:
    same = " ".join(f"chữ{number}" for number in range(100))
    pieces = comparing.compare(f"{same} cũ {same}", f"{same} mới {same}")
    assert [piece.change for piece in pieces] == [
        Change.CUT, Change.SAME, Change.GONE, Change.NEW, Change.SAME, Change.CUT,
    ]  # fmt: skip
    assert [piece.text for piece in pieces if piece.change is Change.CUT] == ["86", "86"]


@pytest.mark.slow
def test_two_versions_of_a_draft_are_compared_by_who_may_see_it(
    app: Flask, session: Session, place: Province
) -> None:
    specialist, fields = place.a.specialist, drafts.fields(place)
    document = service.draft_from_template(session, specialist, fields, drafts.TEXT)
    client = client_for(app, "a_specialist")
    assert client.get(f"/outgoing/{document.id}/compare").status_code == 404, (
        "one version has nothing to compare"
    )
    changed = replace(drafts.TEXT, body=drafts.BODY.replace("75 %", "80 %"))
    service.revise(session, specialist, document.id, fields, changed)
    for file in documents.files(session, document, FileRole.DRAFT):
        jobs.read_text(session, file.id)
    page = client.get(f"/outgoing/{document.id}/compare").get_data(as_text=True)
    assert "75</del>" in page
    assert "80</ins>" in page
    assert (
        "chữ như nhau"
        in client.get(f"/outgoing/{document.id}/compare?first=2&second=2").get_data(as_text=True).lower()
    )
    assert client_for(app, "b_specialist").get(f"/outgoing/{document.id}/compare").status_code == 404


def test_the_submission_sheet_says_who_looked_at_it_and_what_each_one_said(
    app: Flask, session: Session, place: Province
) -> None:
    document = service.draft_from_template(session, place.a.specialist, drafts.fields(place), drafts.TEXT)
    service.submit(session, place.a.specialist, document.id)
    service.approve(session, place.a.head, document.id, "Số liệu đã đối chiếu")
    answer = client_for(app, "a_leader").get(f"/outgoing/{document.id}/sheet.pdf")
    assert answer.status_code == 200
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert len(pdf.pages) == 1
    text = pdfium.PdfDocument(answer.data)[0].get_textpage().get_text_range()
    for told in (
        "PHIẾU TRÌNH",
        "Duyệt nội dung",
        "Số liệu đã đối chiếu",
        place.a.leader.name,
        place.b.agency.name,
    ):
        assert told.lower() in text.lower(), told
    assert client_for(app, "b_leader").get(f"/outgoing/{document.id}/sheet.pdf").status_code == 404
