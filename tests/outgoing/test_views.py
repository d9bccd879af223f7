"""The pages of outgoing documents, as each person sees them."""

import io
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.audit import AuditEntry
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.directory.models import Role
from eoffice.documents import operations as writes
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole, LinkKind
from eoffice.documents.operations import set_recipients
from eoffice.documents.pages import page_text
from eoffice.outgoing import queries, service
from eoffice.outgoing.models import Frozen, OutgoingDocument
from eoffice.outgoing.operations import MOVED
from eoffice.outgoing.workflow import State
from eoffice.signatures.settings import TRUST_DIR, trust_folder
from tests.factories import PIN, Province, colleague
from tests.home import made
from tests.incoming import steps
from tests.outgoing.drafts import TEXT, as_typed, bring, draft, fields, newest, only, path
from tests.web import MOST, client_for, counted


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_document_goes_the_whole_way_through_the_pages(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    drafter = client("a_specialist")
    answer = drafter.post("/outgoing/new", data=as_typed(place))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    document = only(session)
    url = f"/outgoing/{document.id}"
    assert drafter.post(f"{url}/submit", data={"note": "Trình anh xem"}).status_code == 303
    assert client("a_unit_head").post(f"{url}/approve").status_code == 303
    assert client("a_chief_of_office").post(f"{url}/check").status_code == 303
    leader = client("a_leader")
    assert leader.get("/outgoing/to-sign").headers["Location"].endswith(f"/to-sign/{document.id}")
    typed = {"pin": PIN, "queue": "1", "seen": newest(session, document, FileRole.DRAFT).id}
    assert leader.post(f"{url}/sign", data=typed).status_code == 303
    clerk, second = client("a_clerk"), client(colleague(session, place.a, Role.CLERK))
    for step, data in (("number", {}), ("seal", {"pin": PIN}), ("issue", {})):
        assert clerk.post(f"{url}/{step}", data=data).status_code == 303
        late = second.post(f"{url}/{step}", data=data)
        assert late.status_code == 409
        assert place.a.clerk.name in late.get_data(as_text=True), "whoever comes second reads who was faster"
    jobs.run(session, "signatures.check_file", file_id=newest(session, document, FileRole.ISSUED).id)
    page = clerk.get(url).get_data(as_text=True)
    assert "01/SNNMT-KHTC" in page
    assert "Chờ gửi lên trục" in page
    assert "3 hợp lệ" in page


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("state", [State.DRAFT, State.APPROVAL, State.FORM_CHECK, State.SIGNATURE, State.NUMBERING,
                                   State.SEALING, State.ISSUING, State.ISSUED])  # fmt: skip
def test_every_page_of_every_state_opens_for_everyone_who_may_know(
    session: Session, place: Province, client: Callable[[str], FlaskClient], state: State
) -> None:
    document = bring(session, place.a, draft(session, place), state)
    for role in ("specialist", "unit_head", "chief_of_office", "leader", "secretary", "clerk"):
        own = client(f"a_{role}")
        for url in (
            f"/outgoing/{document.id}",
            f"/outgoing/{document.id}/preview",
            "/outgoing",
            "/outgoing?tab=all",
        ):
            with counted() as statements:
                answer = own.get(url)
            assert answer.status_code == 200, (role, url)
            assert len(statements) <= MOST, (role, url, len(statements), statements)
    assert client("b_clerk").get(f"/outgoing/{document.id}").status_code == 404
    assert client("a_archivist").get(f"/outgoing/{document.id}").status_code == 404


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("left", ["nan", "inf", "-1", "", "x"])
def test_a_number_line_that_is_no_place_is_refused(
    session: Session, place: Province, client: Callable[[str], FlaskClient], left: str
) -> None:
    document = bring(session, place.a, draft(session, place), State.NUMBERING)
    before = document.number_box
    sent = {"left": left, "top": "40", "width": "165"}
    assert client("a_clerk").post(f"/outgoing/{document.id}/place", data=sent).status_code == 422
    session.refresh(document)
    assert document.number_box == before


@pytest.mark.slow
def test_the_forms_and_the_reading_room_cost_no_more_than_any_page(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = draft(session, place)
    drafter, leader = client("a_specialist"), client("a_leader")
    for own, url in (
        (drafter, "/outgoing/new"),
        (drafter, f"/outgoing/{document.id}/edit"),
        (drafter, "/verify"),
    ):
        with counted() as statements:
            assert own.get(url).status_code == 200
        assert len(statements) <= MOST, (url, len(statements))
    assert "Không có văn bản nào chờ bạn ký" in leader.get("/outgoing/to-sign").get_data(as_text=True)
    bring(session, place.a, document, State.SIGNATURE)
    with counted() as statements:
        page = leader.get(f"/outgoing/to-sign/{document.id}").get_data(as_text=True)
    assert len(statements) <= MOST, len(statements)
    assert page.count('class="ghost"') == 2


def test_what_was_typed_is_kept_when_a_recipient_is_unknown(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    sent = as_typed(
        place, recipient1="Sở Không Có", recipient1_id="", body="Nội dung đã gõ rất dài", due_on="01/01/2020"
    )
    answer = client("a_specialist").post("/outgoing/new", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Nội dung đã gõ rất dài" in page
    assert "Sở Không Có" in page
    assert "Ngày này đã qua" in page, "with the other mistake, not after it"
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingDocument)) == 0


def test_who_writes_to_his_own_agency_is_told_so_and_keeps_what_he_typed(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    own = {"recipient1": place.a.agency.name, "recipient1_id": str(place.a.agency.id)}
    sent = as_typed(place, **own, body="Nội dung đã gõ rất dài")
    answer = client("a_specialist").post("/outgoing/new", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Nội dung đã gõ rất dài" in page
    assert "Hãy bỏ chính cơ quan bạn khỏi danh sách nơi nhận." in page
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingDocument)) == 0


@pytest.mark.usefixtures("keys")
def test_a_wrong_pin_is_told_at_its_field_and_not_sent_back(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    typed = {"pin": "000111", "queue": "1", "seen": newest(session, document, FileRole.DRAFT).id}
    answer = client("a_leader").post(f"/outgoing/{document.id}/sign", data=typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "còn 4 lần" in page
    assert "000111" not in page


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_draft_that_the_open_page_does_not_show_is_not_signed(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    leader, url = client("a_leader"), f"/outgoing/{document.id}/sign"
    shown = newest(session, document, FileRole.DRAFT)
    assert f'name="seen" value="{shown.id}"' in leader.get(f"/outgoing/to-sign/{document.id}").text
    service.take_back(session, place.a.chief, document.id)
    service.take_back(session, place.a.head, document.id)
    service.take_back(session, place.a.specialist, document.id)
    service.revise(session, place.a.specialist, document.id, fields(place), TEXT)
    bring(session, place.a, document, State.SIGNATURE)
    newer = newest(session, document, FileRole.DRAFT)
    assert newer != shown
    for seen in ({"seen": shown.id}, {}):
        answer = leader.post(url, data={"pin": PIN, "queue": "1"} | seen)
        assert answer.status_code == 409
        assert f'name="seen" value="{newer.id}"' in answer.text
    session.expire_all()
    assert document.state is State.SIGNATURE
    assert leader.post(url, data={"pin": PIN, "seen": newer.id}).status_code == 303


@pytest.mark.slow
def test_not_yours_and_not_now_are_told_apart(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.APPROVAL)
    assert "(bắt buộc khi trả lại)" in client("a_unit_head").get(f"/outgoing/{document.id}").text
    assert client("a_specialist").post(f"/outgoing/{document.id}/approve").status_code == 403
    assert client("a_clerk").post(f"/outgoing/{document.id}/number").status_code == 409
    assert client("b_unit_head").post(f"/outgoing/{document.id}/approve").status_code == 404
    head, typed = client("a_unit_head"), "Thiếu căn cứ pháp lý ở đoạn hai"
    assert head.post(f"/outgoing/{document.id}/approve").status_code == 303
    late = head.post(f"/outgoing/{document.id}/send_back", data={"note": typed})  # from his other window
    assert late.status_code == 409
    assert f"{place.a.head.name}, " in late.text, "who was faster"
    assert f"{typed}</textarea>" in late.text
    assert client("a_specialist").post(f"/outgoing/{document.id}/take_back").status_code == 409
    assert client("a_secretary").post(f"/outgoing/{document.id}/take_back").status_code == 403


@pytest.mark.slow
def test_who_saves_a_draft_second_replaces_nothing_unseen(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = draft(session, place)
    first, second = client("a_specialist"), client("a_unit_head")
    url = f"/outgoing/{document.id}/edit"
    assert 'name="revision" value="0"' in second.get(url).text
    assert first.post(url, data=as_typed(place, subject="Của người trước", revision="0")).status_code == 303
    late = second.post(url, data=as_typed(place, body="Đoạn đã gõ rất dài", revision="0"))
    assert late.status_code == 409
    assert place.a.specialist.name in late.text
    assert "Đoạn đã gõ rất dài</textarea>" in late.text
    assert f'href="/outgoing/{document.id}/compare"' in late.text
    assert only(session).subject == "Của người trước"
    assert 'name="revision" value="1"' in late.text, "who has been told may replace it"
    assert second.post(url, data=as_typed(place, revision="1")).status_code == 303


def test_a_page_uploaded_by_form_is_a_version(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    page = path(newest(session, draft(session, place), FileRole.DRAFT)).read_bytes()
    drafter = client("a_specialist")
    sent = as_typed(place, source="upload") | {"upload": (io.BytesIO(page), "Dự thảo.pdf")}
    assert drafter.post("/outgoing/new", data=sent).status_code == 303
    document = session.scalars(sa.select(OutgoingDocument).order_by(OutgoingDocument.id.desc())).first()
    assert document is not None
    assert documents.files(session, document, FileRole.DRAFT)[0].name == "Dự thảo.pdf"
    broken = as_typed(place, source="upload") | {"upload": (io.BytesIO(b"%PDF-1.4 broken"), "x.pdf")}
    assert drafter.post("/outgoing/new", data=broken).status_code == 422


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_any_file_is_checked_and_nothing_kept(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.NUMBERING)
    data = path(newest(session, document, FileRole.SIGNED)).read_bytes()
    sent = {"files": [(io.BytesIO(data), "a.pdf"), (io.BytesIO(b"nothing"), "b.pdf")]}
    page = client("b_clerk").post("/verify", data=sent).get_data(as_text=True)
    assert "Hợp lệ" in page
    assert "Tệp hỏng" in page
    assert client("b_clerk").post("/verify").status_code == 422


@pytest.mark.slow
def test_an_answer_starts_from_the_document_it_answers(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    asked = steps.registered(session, place.a)
    chief = client("a_chief_of_office")
    page = chief.get(f"/outgoing/new?reply_to={asked.id}").get_data(as_text=True)
    assert "Trả lời Tờ trình số 86/TTr-UBND" in page
    assert "về việc đề nghị hỗ trợ kinh phí" in page
    assert page.count("về việc về việc") == 0
    sent = as_typed(place, reply_to=str(asked.id), unit_id=str(place.a.office.id))
    assert chief.post("/outgoing/new", data=sent).status_code == 303
    answer = only(session)
    assert [one.id for one in documents.linked(session, place.a.clerk, answer, LinkKind.REPLY)] == [asked.id]
    assert "86/TTr-UBND" in chief.get(f"/outgoing/{answer.id}").get_data(as_text=True)
    theirs = {"recipient1": place.outside.code, "recipient1_id": "", "unit_id": ""}
    foreign = as_typed(place, reply_to=str(asked.id), signer_id=str(place.b.posts[Role.LEADER].id), **theirs)
    assert client("b_specialist").post("/outgoing/new", data=foreign).status_code == 404


def test_a_replacement_starts_from_the_document_it_replaces(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    old = draft(session, place)
    with transaction(session):
        old.state = State.ISSUED  # how it got there is another test's affair
    specialist = client("a_specialist")
    page = specialist.get(f"/outgoing/new?replaces={old.id}").get_data(as_text=True)
    assert old.subject in page
    assert place.b.agency.name in page
    assert "Thay thế văn bản" in page
    sent = as_typed(place, replaces=str(old.id))
    assert specialist.post("/outgoing/new", data=sent).status_code == 303
    made = session.scalars(sa.select(OutgoingDocument).order_by(OutgoingDocument.id.desc())).first()
    assert made is not None
    assert [one.id for one in documents.linked(session, place.a.clerk, made, LinkKind.REPLACES)] == [old.id]
    assert specialist.get(f"/outgoing/new?replaces={made.id}").status_code == 422, "a draft is changed"


def test_who_begins_a_replacement_reads_that_another_is_drafted_already(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    old = draft(session, place)
    with transaction(session):
        old.state = State.ISSUED
    specialist, said = client("a_specialist"), "Đã có dự thảo thay thế"
    address = f"/outgoing/new?replaces={old.id}"
    assert said not in specialist.get(address).text
    theirs = draft(session, place, replaces_id=old.id)
    page = specialist.get(address).text
    assert said in page
    assert f'href="/outgoing/{theirs.id}"' in page
    assert said not in specialist.get(f"/outgoing/{theirs.id}/edit").text, "it is this one"
    # whoever may not know of it reads only that there is one
    assert queries.drafted_instead(session, place.a.admin, old) == ([], True)


@pytest.mark.slow
def test_the_form_check_says_who_is_sent_it_and_stands_nowhere_on_the_page(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    # the text names agency B alone; the one outside was added to the list
    document = bring(session, place.a, draft(session, place), State.FORM_CHECK)
    page = client("a_chief_of_office").get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert f"Chưa có tên trên văn bản:</b> {place.outside.name}." in " ".join(page.split()).replace(
        "</strong>", "</b>"
    )
    asked = steps.registered(session, place.a, issuer_name=place.b.agency.name)
    chief = client("a_chief_of_office")
    form = chief.get(f"/outgoing/new?reply_to={asked.id}").get_data(as_text=True)
    assert f'value="{place.b.agency.name}"' in form
    added = as_typed(
        place, unit_id=str(place.a.office.id), recipient2=place.outside.name, reply_to=str(asked.id)
    )
    assert chief.post("/outgoing/new", data=added | {"addressees": ""}).status_code == 303
    answer = session.scalars(sa.select(OutgoingDocument).order_by(OutgoingDocument.id.desc())).first()
    assert answer is not None
    text = page_text(path(newest(session, answer, FileRole.DRAFT)))[0].text
    assert place.b.agency.name in text
    assert place.outside.name in text


@pytest.mark.slow
def test_requirement_29_form_is_corrected_by_a_letter_and_the_issued_document_stays(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    old = draft(session, place)
    specialist = client("a_specialist")
    assert specialist.get(f"/outgoing/new?corrects={old.id}").status_code == 422, "a draft is changed"
    with transaction(session):
        set_recipients(session, old, [place.b.agency], outside=["Ông Nguyễn Văn A, ấp 3"])
        old.content = old.content | {"addressees": ["Như nơi nhận"]}
        old.state, old.code_number, old.issued_on = State.ISSUED, "01", clock.today()
    page = specialist.get(f"/outgoing/new?corrects={old.id}").get_data(as_text=True)
    assert "Ông Nguyễn Văn A, ấp 3" in page, "whoever got it hears of it, also on paper"
    assert "Như nơi nhận" in page
    assert f"Đính chính Công văn số 01/SNNMT-KHTC ngày {clock.today():%d/%m/%Y}" in page
    assert place.b.agency.name in page
    assert f'Đính chính văn bản <a href="/outgoing/{old.id}">' in " ".join(page.split())
    decision = specialist.post("/outgoing/new", data=as_typed(place, corrects=str(old.id), kind_code="QD"))
    assert (decision.status_code, "Điều 18" in decision.get_data(as_text=True)) == (422, True)
    assert specialist.post("/outgoing/new", data=as_typed(place, corrects=str(old.id))).status_code == 303
    made = session.scalars(sa.select(OutgoingDocument).order_by(OutgoingDocument.id.desc())).first()
    assert made is not None
    assert [one.id for one in documents.linked(session, place.a.clerk, made, LinkKind.CORRECTS)] == [old.id]
    other_kind = specialist.post(f"/outgoing/{made.id}/edit", data=as_typed(place, kind_code="QD"))
    assert other_kind.status_code == 422
    assert f"/outgoing/{made.id}" in specialist.get(f"/outgoing/{old.id}").get_data(as_text=True)
    with pytest.raises(Frozen), transaction(session):
        old.subject = "Sửa văn bản đã phát hành"


@pytest.fixture
def no_lists(app: Flask, tmp_path: Path) -> Iterator[None]:
    """The authorities' lists of revoked certificates are not at hand."""
    assert app  # made first: it reads the settings anew
    folder = tmp_path / "trust"
    shutil.copytree(trust_folder(), folder, ignore=shutil.ignore_patterns("crls"))
    with override(**{TRUST_DIR.name: str(folder)}):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("keys", "no_lists")
def test_requirement_25_signed_without_lists_the_signer_is_warned_and_nothing_is_called_valid(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    url = f"/outgoing/{document.id}"
    leader = client("a_leader")
    warning = "chưa kiểm tra được chứng thư số có bị thu hồi"
    seen = newest(session, document, FileRole.DRAFT).id
    assert leader.post(f"{url}/sign", data={"pin": PIN, "seen": seen}).status_code == 303
    assert leader.get(url).get_data(as_text=True).count(warning) == 1
    clerk = client("a_clerk")
    for step, data in (("number", {}), ("seal", {"pin": PIN}), ("issue", {})):
        assert clerk.post(f"{url}/{step}", data=data).status_code == 303
    issued = newest(session, document, FileRole.ISSUED)
    jobs.run(session, "signatures.check_file", file_id=issued.id)
    page = clerk.get(url).get_data(as_text=True)
    assert page.count(warning) == 1  # three signatures, told once
    assert "3 chưa kiểm tra thu hồi" in page
    sent = {"files": [(io.BytesIO(path(issued).read_bytes()), "a.pdf")]}
    checked = (
        client("b_clerk").post("/verify", data=sent).get_data(as_text=True).partition('class="halves"')[2]
    )
    card = checked.partition('<form class="panel"')[0]
    assert "verdict-warn" in card
    assert "Hợp lệ" not in card
    logged = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == MOVED).order_by(AuditEntry.id)
    ).all()
    told = {one.details["step"]: one.details.get("cautions") for one in logged}
    assert told["sign"] == told["seal"] == ["revocation_unchecked"]
    assert told["number"] is None


@pytest.mark.slow
@pytest.mark.usefixtures("keys", "no_lists")
def test_of_many_signed_at_once_each_row_carries_its_warning(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    seen = newest(session, document, FileRole.DRAFT).id
    data = {"pin": PIN, "document": str(document.id), f"seen_{document.id}": str(seen)}
    page = client("a_leader").post("/outgoing/to-sign/many", data=data).get_data(as_text=True)
    assert "say-warn" in page
    assert "chưa kiểm tra được chứng thư số có bị thu hồi" in page


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_who_gets_the_issued_document_on_paper_stays_named(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    with transaction(session):
        place.outside.on_axis = False
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    page = client("a_clerk").get(f"/outgoing/{document.id}").text
    assert re.search(f'id="on-paper".*{place.outside.name}.*Chờ chuyển', page, re.DOTALL)


def test_a_session_that_ended_in_a_form_leads_to_signing_in(app: Flask, place: Province) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = app.test_client().post("/outgoing/new", data={"subject": "Đã gõ"})
    assert answer.status_code == 401
    assert "Hãy đăng nhập lại" in answer.text
    at = {"Referer": "http://localhost/outgoing/new?reply_to=4"}
    answer = app.test_client().post("/outgoing/new", data={"subject": "Đã gõ"}, headers=at)
    assert (
        "next=/outgoing/new?reply_to%3D4" in answer.text or "next=/outgoing/new%3Freply_to%3D4" in answer.text
    )
    away = {"Referer": "http://elsewhere.example/x?y"}
    assert "elsewhere" not in app.test_client().post("/outgoing/new", headers=away).text


def test_the_page_of_an_issued_document_says_by_which_decision_its_files_were_destroyed(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = made.outgoing(
        session, place.a, "Về việc lưu trữ", State.ISSUED,
        code_number="7", issued_on=clock.today(), issued_at=clock.now(),
    )  # fmt: skip
    with transaction(session):
        scan = steps.scan()
        writes.add_file(session, place.a.clerk, document, scan, FileRole.ISSUED)
        session.flush()
        writes.destroy_files(session, place.a.archivist, document, "Quyết định số 9/QĐ-SNNMT")
    page = client("a_clerk").get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert f"đã được hủy ngày {clock.today():%d/%m/%Y}, căn cứ: Quyết định số 9/QĐ-SNNMT" in page
    assert "Hãy tải về để đọc" not in page
    assert "Mở tệp phát hành" not in page


def test_a_draft_that_was_given_up_is_late_no_more(
    session: Session, place: Province, client: Callable[[str], FlaskClient]
) -> None:
    document = draft(session, place, due_on=clock.today())
    service.discard(session, place.a.specialist, document.id, "Không cần nữa")
    with clock.freeze(clock.now() + timedelta(days=3)):
        assert "quá 3 ngày" not in client("a_specialist").get(f"/outgoing/{document.id}").text


def test_a_document_that_is_not_issued_has_no_copies_to_follow(
    app: Flask, session: Session, place: Province
) -> None:
    not_yet = made.outgoing(session, place.a, "chưa phát hành")
    assert client_for(app, "a_clerk").get(f"/outgoing/{not_yet.id}/copies").status_code == 404
