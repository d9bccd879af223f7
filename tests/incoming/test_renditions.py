"""What a clerk prints, throws away and goes on to."""

import io

import pikepdf
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.directions import queries as directions
from eoffice.documents.models import Urgency
from eoffice.documents.pages import page_text
from eoffice.incoming import queries, service, slip, stamp
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State
from tests.factories import House, province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf
from tests.web import client_for


@pytest.fixture
def house(session: Session) -> House:
    """One agency."""
    return province(session).a


def _text(pdf: bytes) -> str:
    blob = blobs().put_bytes(pdf)
    return " ".join(page_text(blobs().path(blob.sha256), limit=1)[0].text.split())


def test_the_stamp_lies_on_white_paper_of_a_copy_and_the_received_bytes_stay(session: Session) -> None:
    source = blobs().put_bytes(letter_pdf())
    path = blobs().path(source.sha256)
    made = stamp.stamped(path, "Sở Nông nghiệp", 57, "22/11/2026", "Chi cục Thủy lợi", "01.TL")
    words = _text(made)
    assert "ĐẾN" in words
    assert "Chi cục Thủy lợi" in words
    assert "Số: 3187/UBND-KTN" in words
    assert blobs().check(source.sha256)
    with pikepdf.open(io.BytesIO(made)) as pdf, pikepdf.open(path) as before:
        assert len(pdf.pages) == len(before.pages)


def test_the_slip_holds_the_leaders_the_units_and_the_specialists_words(
    session: Session, house: House
) -> None:
    document, _task = steps.in_progress(session, house)
    given = directions.of_document(session, document)
    words = _text(slip.slip(house.agency, document, given))
    assert "1. Ý kiến của lãnh đạo cơ quan, tổ chức" in words
    assert "Tham mưu văn bản trả lời" in words
    assert "Đồng chí dự thảo trả lời" in words
    assert "Số đến 1" in words


@pytest.mark.slow
def test_the_page_offers_both_once_the_document_is_registered(
    app: Flask, session: Session, house: House
) -> None:
    waiting, document = steps.received(session, house), steps.registered(session, house)
    clerk = client_for(app, "a_clerk")
    for name in ("stamped.pdf", "slip.pdf"):
        assert clerk.get(f"/incoming/{document.id}/{name}").data.startswith(b"%PDF-")
        assert clerk.get(f"/incoming/{waiting.id}/{name}").status_code == 404
    assert "Bản có dấu Đến" in clerk.get(f"/incoming/{document.id}").get_data(as_text=True)


def test_a_wrong_scan_is_thrown_away_with_its_bytes_and_the_fact_stays(
    session: Session, house: House
) -> None:
    document = steps.received(session, house)
    with pytest.raises(service.NeedsReason):
        service.discard(session, house.clerk, document.id, " ")
    service.discard(session, house.clerk, document.id, "Quét nhầm giấy của cá nhân")
    assert document.state is State.DISCARDED
    assert [file.destroyed_at is None for file in document.files] == [False]
    assert document.register_number is None
    assert steps.registered(session, house).register_number == 1  # no number was lost on it


def test_what_another_agency_sent_is_returned_not_discarded(session: Session, house: House) -> None:
    document = steps.received(session, house)
    document.source = service.Source.AXIS
    session.commit()
    assert "discard" not in queries.moves(house.clerk, document)
    with pytest.raises(service.NotAScan):
        service.discard(session, house.clerk, document.id, "Nhầm")


def test_the_page_discards_and_says_what_is_missing(app: Flask, session: Session, house: House) -> None:
    document = steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    url = f"/incoming/{document.id}/discard"
    assert clerk.post(url, data={"discard_reason": ""}).status_code == 422
    assert clerk.post(url, data={"discard_reason": "  "}).status_code == 422
    assert clerk.post(url, data={"discard_reason": "Quét hai lần"}).status_code == 303
    assert clerk.post(url, data={"discard_reason": "Quét hai lần"}).status_code == 409
    page = clerk.get(f"/incoming/{document.id}").get_data(as_text=True)
    assert "Đã bỏ bản quét:" in page


def test_save_and_next_goes_on_with_the_most_urgent_that_waits(
    app: Flask, session: Session, house: House
) -> None:
    documents_waiting: list[IncomingDocument] = [steps.received(session, house) for _n in range(3)]
    first, second, urgent = documents_waiting
    urgent.urgency = Urgency.FLASH
    session.commit()
    clerk = client_for(app, "a_clerk")
    entry = {
        "code_number": "86", "code_notation": "TTr-UBND", "issued_on": "02/01/2026", "issuer_name": "UBND xã",
        "kind_code": "TTR", "urgency": "0", "arrived_on": "03/01/2026", "subject": "Thử", "submit_to_id": "0",
        "and_next": "1", "accept_duplicate": "y",
    }  # fmt: skip
    answer = clerk.post(f"/incoming/{first.id}/register", data=entry)
    assert answer.location == f"/incoming/{urgent.id}/register"
    clerk.post(f"/incoming/{urgent.id}/register", data=entry | {"code_number": "87"})
    last = clerk.post(f"/incoming/{second.id}/register", data=entry | {"code_number": "88"})
    assert last.location == f"/incoming/{second.id}"
