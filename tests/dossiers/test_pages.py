"""The pages of dossiers, clicked as their people do."""

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents.models import LinkKind
from eoffice.dossiers import queries, service
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.states import State
from tests.dossiers import files
from tests.factories import PIN, House, province
from tests.incoming import steps as incoming
from tests.signatures.keys import equip
from tests.web import client_for


@pytest.fixture
def house(session: Session) -> House:
    """An agency with an archive."""
    return province(session).a


def _state(session: Session, dossier: Dossier) -> State:
    session.refresh(dossier)
    return dossier.state


@pytest.mark.slow
def test_the_yearly_list_is_compiled_and_issued(app: Flask, session: Session, house: House) -> None:
    year = clock.today().year
    chief, leader = client_for(app, "a_chief_of_office"), client_for(app, "a_leader")
    assert chief.get("/dossiers/plan").status_code == 200
    heading = {"year": year, "abbreviation": "TL", "heading": "Thủy lợi", "unit_id": "0"}
    assert chief.post("/dossiers/plan/headings", data=heading | {"abbreviation": "T L"}).status_code == 422
    assert chief.post("/dossiers/plan/headings", data=heading | {"heading": "  "}).status_code == 422
    assert chief.post("/dossiers/plan/headings", data=heading).status_code == 303
    (made,) = queries.headings(session, house.agency.id, year)
    entry = {
        "heading_id": made.id,
        "title": "Vận hành cống",
        "retention": "06",
        "rights": "02",
        "creator_id": "0",
    }
    assert chief.post(f"/dossiers/plan/dossiers?year={year}", data=entry | {"title": ""}).status_code == 422
    assert chief.post(f"/dossiers/plan/dossiers?year={year}", data=entry).status_code == 303
    assert f"năm {year}" in leader.get("/dossiers/plan?to_approve=1").text
    assert "/dossiers/plan?to_approve=1" in leader.get("/").text, "from the desk to the year that waits"
    assert leader.post(f"/dossiers/plan/{year}/approve", data={"decision": ""}).status_code == 422
    assert leader.post(f"/dossiers/plan/{year}/approve", data={"decision": "QĐ 1"}).status_code == 303
    page = client_for(app, "a_specialist").get("/dossiers/plan").get_data(as_text=True)
    assert "01.TL" in page
    assert "QĐ 1" in page
    opens = {}
    with transaction(session):
        session.merge(house.posts[Role.ARCHIVIST]).unit_id = None  # at the archive, in no unit of the work
    for role in ("chief_of_office", "archivist"):
        reader = client_for(app, f"a_{role}")
        listed = reader.get("/dossiers/plan").text
        assert "01.TL" in listed
        opens[role] = [reader.get(one).status_code for one in re.findall(r'href="(/dossiers/\d+)"', listed)]
    assert opens == {"chief_of_office": [200], "archivist": []}, "no link to what is not theirs to open"
    assert chief.get(f"/dossiers/plan/{year}.pdf").data.startswith(b"%PDF-")
    assert chief.post(f"/dossiers/plan/{year + 1}/copy").status_code == 303


@pytest.mark.slow
def test_a_specialist_opens_files_closes_and_hands_over(app: Flask, session: Session, house: House) -> None:
    heading, document = files.heading(session, house), files.paper(session, house)
    me = client_for(app, "a_specialist")
    assert me.get("/dossiers/new").status_code == 200
    entry = {
        "heading_id": heading.id,
        "title": "Sạt lở",
        "retention": "06",
        "rights": "02",
        "creator_id": "0",
    }
    assert me.post("/dossiers/new", data=entry | {"title": ""}).status_code == 422
    assert me.post("/dossiers/new", data=entry).status_code == 303
    (dossier,) = queries.to_file_into(session, house.specialist)
    assert "Đưa vào hồ sơ" in me.get(f"/incoming/{document.id}").get_data(as_text=True)
    assert me.get(f"/dossiers/file/{document.id}").status_code == 200
    filed = {"dossier_id": dossier.id, "note": ""}
    assert me.post(f"/dossiers/file/{document.id}", data=filed).status_code == 303
    assert me.post(f"/dossiers/file/{document.id}", data=filed).status_code == 409
    base = f"/dossiers/{dossier.id}"
    assert document.subject in me.get(base).get_data(as_text=True)
    facts = {"title": "Sạt lở kênh Ba Hồ", "retention": "05", "rights": "01", "description": ""}
    assert me.post(f"{base}/facts", data=facts).status_code == 303
    assert me.post(f"{base}/close", data={"end_on": "31/12/2099"}).status_code == 422
    assert me.post(f"{base}/close", data={"end_on": f"{clock.today():%d/%m/%Y}"}).status_code == 303
    head = client_for(app, "a_unit_head").post(f"{base}/close", data={"end_on": f"{clock.today():%d/%m/%Y}"})
    assert head.status_code == 409
    assert house.specialist.name in head.get_data(as_text=True), "who closed it before"
    assert me.post(f"{base}/reopen", data={"note": ""}).status_code == 422
    assert me.post(f"{base}/reopen", data={"note": "Còn văn bản"}).status_code == 303
    assert me.post(f"{base}/documents/{document.id}/take-out").status_code == 303
    assert me.post(f"/dossiers/file/{document.id}", data=filed).status_code == 303
    assert me.post(f"{base}/close", data={"end_on": f"{clock.today():%d/%m/%Y}"}).status_code == 303
    assert me.post("/dossiers/hand-over", data={"dossier": dossier.id}).status_code == 303
    assert _state(session, dossier) is State.HANDED_OVER
    for name in ("contents.pdf", "dossier.pdf", "dossier.xml", "sip.zip"):
        assert me.get(f"{base}/{name}").status_code == 200, name
    assert me.get(f"/dossiers/hand-overs/{dossier.hand_over_id}.pdf").data.startswith(b"%PDF-")


@pytest.mark.slow
def test_the_archivist_accepts_holds_and_destroys_by_decision(
    app: Flask, session: Session, house: House
) -> None:
    equip(session, house)
    dossier = files.handed_over(session, house)
    archivist, leader, clerk = (client_for(app, f"a_{role}") for role in ("archivist", "leader", "clerk"))
    base = f"/dossiers/{dossier.id}"
    assert dossier.notation in archivist.get("/dossiers").get_data(as_text=True)
    assert archivist.post(f"{base}/return", data={"note": ""}).status_code == 422
    assert archivist.post(f"{base}/accept").status_code == 303
    assert archivist.post(f"{base}/hold", data={"note": "Thanh tra"}).status_code == 303
    assert "Đang tạm giữ" in archivist.get(base).get_data(as_text=True)
    assert (
        archivist.post(f"{base}/release", data={"note": "Kết luận số 12/KL-TTr ngày 20/11/2026"}).status_code
        == 303
    )
    session.refresh(dossier)
    dossier.end_on = files.LONG_AGO.date()
    session.commit()
    assert dossier.notation in archivist.get("/dossiers/destruction").get_data(as_text=True)
    assert archivist.post("/dossiers/destruction", data={"dossier": dossier.id}).status_code == 303
    (made,) = queries.destructions(session, house.agency.id)
    page = f"/dossiers/destruction/{made.id}"
    assert client_for(app, "a_specialist").get(page).status_code == 404
    assert archivist.get(f"{page}.pdf").status_code == 404
    assert leader.post(f"{page}/decide", data={"decision": ""}).status_code == 422
    assert leader.post(f"{page}/decide", data={"decision": "QĐ 9"}).status_code == 422, "it names no document"
    decision = "Quyết định số 9/QĐ-SNNMT ngày 20 tháng 11 năm 2026"
    assert leader.post(f"{page}/decide", data={"decision": decision}).status_code == 303
    assert archivist.post(f"{page}/carry-out").status_code == 303
    assert clerk.post(f"{page}/certify", data={"pin": "000000"}).status_code == 422
    assert clerk.post(f"{page}/certify", data={"pin": PIN}).status_code == 303
    assert clerk.get(f"{page}.pdf").data.startswith(b"%PDF-")
    assert _state(session, dossier) is State.DESTROYED
    document = queries.everything(session, dossier)[0].document
    gone = clerk.get(f"/files/{document.files[0].id}")
    assert gone.status_code == 410
    assert "Tệp này đã được hủy ngày" in gone.get_data(as_text=True)
    page_ = html.unescape(clerk.get(f"/incoming/{document.id}").get_data(as_text=True))
    assert f"đã được hủy ngày {clock.today():%d/%m/%Y}, căn cứ: Quyết định số 9/QĐ-SNNMT" in page_
    assert "Hãy tải về để đọc" not in page_


@pytest.mark.slow
def test_the_archivist_who_returns_a_dossier_goes_back_to_the_list(
    app: Flask, session: Session, house: House
) -> None:
    with transaction(session):
        session.merge(house.posts[Role.ARCHIVIST]).unit_id = None
    dossier = files.handed_over(session, house)
    archivist = client_for(app, "a_archivist")
    answer = archivist.post(f"/dossiers/{dossier.id}/return", data={"note": "Thiếu phụ lục"})
    assert (answer.status_code, answer.location) == (303, "/dossiers")
    assert "Đã trả lại đơn vị" in archivist.get(answer.location).get_data(as_text=True)


@pytest.mark.slow
def test_the_days_left_to_hand_over_are_those_of_the_calendar(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.closed(session, house)
    me = client_for(app, "a_specialist")
    for page in (f"/dossiers/{dossier.id}", "/dossiers"):
        assert "còn 60 ngày lịch" in me.get(page).get_data(as_text=True), page
    with clock.freeze(clock.now() + timedelta(days=63)):
        assert "quá 3 ngày lịch" in client_for(app, "a_specialist").get("/dossiers").get_data(as_text=True)


@pytest.mark.slow
def test_the_page_of_a_dossier_marks_a_document_that_was_replaced(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.filled(session, house)
    newer = incoming.registered(session, house)
    with transaction(session):
        replaced = queries.everything(session, dossier)[0].document
        documents.link(session, house.clerk, newer, replaced, LinkKind.REPLACES)
    page = client_for(app, "a_specialist").get(f"/dossiers/{dossier.id}").get_data(as_text=True)
    assert "[đã được thay thế]" in page


@pytest.mark.slow
def test_two_dossiers_of_one_notation_are_told_apart_by_their_year(
    app: Flask, session: Session, house: House
) -> None:
    now, before = files.opened(session, house), files.opened(session, house, "Việc năm trước chưa xong")
    last_year = files.heading(session, house, now.year - 1)
    with transaction(session):
        before.year, before.notation, before.heading_id = now.year - 1, now.notation, last_year.id
    paper, specialist = files.paper(session, house), client_for(app, "a_specialist")
    page = specialist.get(f"/dossiers/file/{paper.id}").text
    assert f"{now.notation} ({now.year}) - " in page
    assert f"{now.notation} ({now.year - 1}) - " in page
    specialist.post(f"/dossiers/file/{paper.id}", data={"dossier_id": before.id})
    assert (
        f"{now.notation} ({now.year - 1})"
        in specialist.get(f"/{paper.direction.value}coming/{paper.id}").text
    )


def test_the_history_names_each_step(app: Flask, session: Session, house: House) -> None:
    dossier = files.returned(session, house)
    page = client_for(app, "a_specialist").get(f"/dossiers/{dossier.id}").get_data(as_text=True)
    for step in ("Kết thúc hồ sơ", "Nộp lưu hồ sơ", "Trả lại hồ sơ cho đơn vị: Thiếu văn bản trả lời"):
        assert step in page
    assert "Chuyển bước" not in page


def test_the_list_offers_to_take_a_line_off_while_it_is_drafted(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.planned(session, house)
    chief, remove = client_for(app, "a_chief_of_office"), f"/dossiers/plan/dossiers/{dossier.id}/remove"
    assert remove in chief.get("/dossiers/plan").get_data(as_text=True)
    assert remove not in client_for(app, "a_specialist").get("/dossiers/plan").get_data(as_text=True)
    assert client_for(app, "a_specialist").post(remove).status_code == 403
    assert chief.post(remove).status_code == 303
    heading = f"/dossiers/plan/headings/{dossier.heading_id}/remove"
    assert heading in chief.get("/dossiers/plan").get_data(as_text=True)
    assert chief.post(heading).status_code == 303


def test_a_form_sent_twice_opens_one_dossier(app: Flask, session: Session, house: House) -> None:
    heading, me = files.heading(session, house), client_for(app, "a_specialist")
    entry = {
        "heading_id": heading.id,
        "title": "Sạt lở",
        "retention": "06",
        "rights": "02",
        "creator_id": "0",
    }
    assert me.post("/dossiers/new", data=entry).status_code == 303
    again = me.post("/dossiers/new", data=entry)
    assert again.status_code == 409
    assert "Ông/bà đang mở hồ sơ 01.TL" in again.get_data(as_text=True)


def test_a_dossier_of_the_list_is_opened_by_whoever_is_in_charge(
    app: Flask, session: Session, house: House
) -> None:
    dossier = files.planned(session, house)
    assert client_for(app, "a_clerk").post(f"/dossiers/{dossier.id}/start").status_code == 403
    assert client_for(app, "a_specialist").post(f"/dossiers/{dossier.id}/start").status_code == 303
    assert _state(session, dossier) is State.OPEN


@pytest.mark.slow
def test_the_page_of_a_full_dossier_takes_no_more_statements(
    app: Flask, session: Session, house: House, statements: list[str]
) -> None:
    dossier = files.opened(session, house)
    me = client_for(app, "a_specialist")
    asked = []
    for _n in range(2):
        document = files.paper(session, house)
        service.file(session, house.specialist, dossier.id, document.id)
        statements.clear()
        assert me.get(f"/dossiers/{dossier.id}").status_code == 200
        asked.append(len([one for one in statements if one.startswith("SELECT")]))
    assert asked[0] == asked[1] <= 12, asked


def test_a_program_opens_a_dossier_and_files_into_it(app: Flask, session: Session, house: House) -> None:
    heading, document = files.heading(session, house), files.paper(session, house)
    token = accounts.make_token(session, system_actor(), "a_specialist", "hệ thống khác", ["*"])
    client, sent = app.test_client(), {"Authorization": f"Bearer {token}"}
    entry = {"heading_id": heading.id, "title": "Sạt lở", "retention": "05"}
    made = client.post("/api/v1/dossiers", json=entry, headers=sent).get_json()
    assert (made["notation"], made["state"], made["retention"]) == ("01.TL", "open", "05")
    base = f"/api/v1/dossiers/{made['id']}"
    placed = client.post(f"{base}/documents", json={"document_id": document.id}, headers=sent).get_json()
    assert (placed["ordinal"], placed["subject"]) == (1, document.subject)
    whole = client.get(base, headers=sent).get_json()
    assert (len(whole["documents"]), whole["hidden"]) == (1, 0)
    assert [one["id"] for one in client.get("/api/v1/dossiers", headers=sent).get_json()["dossiers"]] == [
        made["id"]
    ]
    wrong = client.post("/api/v1/dossiers", json=entry | {"retention": "99"}, headers=sent)
    assert wrong.status_code == 422
