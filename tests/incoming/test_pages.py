"""Pages as people use them: the list, registration, the document, the reading room, own work."""

import io
import os
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import blobs, place
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.text import search_text
from eoffice.directions import service as directions
from eoffice.directions.operations import Named
from eoffice.directory.models import Agency, Role
from eoffice.documents import operations as documents
from eoffice.incoming import service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State
from eoffice.signatures import checking
from eoffice.signatures.models import FileCheck
from signing.report import Code, Finding, Report, SignatureReport, Verdict
from tests.factories import colleague, province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf, secret_pdf
from tests.web import client_for


def _form(**changes: object) -> dict[str, object]:
    today = clock.today()
    return {
        "code_number": "86", "code_notation": "TTr-UBND", "issued_on": f"{today - timedelta(days=3):%d/%m/%Y}",
        "issuer_name": "Ủy ban nhân dân xã Vĩnh Hòa Hưng", "issuer_name_id": "", "kind_code": "TTR",
        "urgency": "1", "arrived_on": f"{today:%d/%m/%Y}", "subject": "Về việc hỗ trợ kinh phí",
        "signer_name": "Danh Hoàng Phước", "signer_title": "Chủ tịch", "due_on": "", "submit_to_id": "0",
    } | changes  # fmt: skip


def test_the_clerk_types_the_deadline_when_he_registers(session: Session, app: Flask) -> None:
    document = steps.received(session, province(session).a)
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}/register").text
    (field,) = re.findall(r'<input[^>]*name="due_on"[^>]*>', page)
    assert "readonly" not in field


def test_a_choice_that_is_none_is_refused_in_vietnamese(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    sent = clerk.post(f"/incoming/{document.id}/register", data=_form(kind_code="ZZZ", urgency="9"))
    text = sent.get_data(as_text=True)
    assert sent.status_code == 422
    assert "không dùng được như đã ghi" in text
    assert "valid choice" not in text


def test_the_address_a_refused_step_leaves_behind_leads_back_to_the_document(
    session: Session, app: Flask
) -> None:
    document = steps.received(session, province(session).a)
    clerk = client_for(app, "a_clerk")
    back = clerk.get(f"/incoming/{document.id}/return")
    assert (back.status_code, back.location) == (302, f"/incoming/{document.id}")
    unknown = clerk.put(f"/incoming/{document.id}")
    assert unknown.status_code == 405
    assert "<h1>Không mở địa chỉ này như vậy được</h1>" in unknown.text


def test_where_one_is_says_what_became_of_a_document_that_got_no_number(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.received(session, house)
    here = re.compile(r'aria-current="page">([^<]+)</span></nav>')
    clerk = client_for(app, "a_clerk")
    assert here.findall(clerk.get(f"/incoming/{document.id}").text) == ["Chưa vào sổ"]
    service.discard(session, house.clerk, document.id, "Quét nhầm")
    assert here.findall(clerk.get(f"/incoming/{document.id}").text) == ["Đã bỏ"]


def test_control_characters_of_other_programs_are_left_out(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    sent = clerk.post(f"/incoming/{document.id}/register", data=_form(subject="Về việc\0 hỗ\x01 trợ"))
    assert sent.status_code == 303, sent.get_data(as_text=True)
    session.expire_all()
    assert session.get_one(IncomingDocument, document.id).subject == "Về việc hỗ trợ"


@pytest.mark.slow
def test_what_turns_the_direction_of_writing_is_left_out_and_an_odd_letter_keeps_no_book_from_being_printed(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document = steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    odd = _form(code_notation="\u202eTTr-UBND", subject="Mừng\u00ad năm mới 🎉 ١٢")
    assert clerk.post(f"/incoming/{document.id}/register", data=odd).status_code == 303
    session.expire_all()
    kept = session.get_one(IncomingDocument, document.id)
    assert (kept.code_notation, kept.subject) == ("TTr-UBND", "Mừng năm mới 🎉 ١٢")
    printed = clerk.get(f"/incoming/{document.id}/slip.pdf")
    assert printed.status_code == 200, printed.text
    assert clerk.get("/registers/print.pdf").status_code == 200


def test_a_year_that_no_paper_bears_is_refused_at_its_field(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    for day in ("01/01/0001", "01/01/9999"):
        sent = clerk.post(f"/incoming/{document.id}/register", data=_form(issued_on=day))
        assert sent.status_code == 422
        assert "Hãy ghi ngày/tháng/năm, ví dụ 20/11/2026." in sent.text


@pytest.mark.slow
def test_the_history_names_each_part_in_vietnamese(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    directions.direct(session, house.leader, document.id, steps.to_unit(house))
    text = client_for(app, "a_leader").get(f"/incoming/{document.id}").get_data(as_text=True)
    assert f"Chủ trì: {house.unit.name}" in text
    assert "lead: " not in text


def test_a_scan_is_uploaded_and_then_registered_beside_its_page(session: Session, app: Flask) -> None:
    house = province(session).a
    clerk = client_for(app, "a_clerk")
    assert clerk.get("/incoming/new").status_code == 200
    sent = clerk.post("/incoming/new", data={"scan": (io.BytesIO(steps.pdf()), "Bản quét.pdf")})
    assert sent.status_code == 303
    page = clerk.get(sent.location)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "Số đến sẽ cấp<b>1</b>" in text
    assert "/pages/1.png" in text
    leader = house.posts[Role.LEADER].id
    saved = clerk.post(sent.location, data=_form(submit_to_id=str(leader)))
    assert saved.status_code == 303, saved.get_data(as_text=True)
    document = session.scalars(sa.select(IncomingDocument)).one()
    assert (document.register_number, document.state) == (1, State.SUBMITTED)
    assert clerk.get(sent.location).status_code == 302  # registered already: shown instead


@pytest.mark.slow
def test_while_no_file_can_be_stored_the_person_is_told_and_nothing_is_left(
    session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    province(session)
    clerk = client_for(app, "a_clerk")

    def answer() -> tuple[int, bool]:
        sent = clerk.post("/incoming/new", data={"scan": (io.BytesIO(letter_pdf()), "Bản quét.pdf")})
        return sent.status_code, "hãy thử lại sau vài phút" in sent.get_data(as_text=True)

    with override(EOFFICE_FILES=place("s3://van-ban/tep?endpoint=http://127.0.0.1:1")):
        assert answer() == (503, True), "the store does not answer"
    monkeypatch.setattr(
        "tempfile.mkstemp", lambda **_named: (os.open("/dev/full", os.O_WRONLY), "/dev/full.none")
    )
    assert answer() == (503, True), "the disk is full"
    assert session.scalars(sa.select(IncomingDocument)).all() == []


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "a.pdf"), (b"MZ no pdf at all", "a.pdf"), (b"%PDF-1.7 cut off", "a.pdf"), (None, "")],
)
def test_a_file_that_is_no_sound_pdf_is_refused_in_words_and_nothing_is_stored(
    session: Session, app: Flask, content: bytes | None, name: str
) -> None:
    province(session)
    clerk = client_for(app, "a_clerk")
    data = {} if content is None else {"scan": (io.BytesIO(content), name)}
    answer = clerk.post("/incoming/new", data=data)
    assert answer.status_code == 422
    assert "say-bad" in answer.get_data(as_text=True)
    assert session.get(IncomingDocument, 1) is None


def test_nothing_typed_is_lost_and_the_error_stands_at_its_field(session: Session, app: Flask) -> None:
    document = steps.received(session, province(session).a)
    clerk = client_for(app, "a_clerk")
    future = f"{clock.today() + timedelta(days=9):%d/%m/%Y}"
    answer = clerk.post(f"/incoming/{document.id}/register", data=_form(issued_on=future))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="issued_on-error"' in text
    assert f'value="{future}"' in text
    assert "Về việc hỗ trợ kinh phí" in text
    missing = clerk.post(f"/incoming/{document.id}/register", data=_form(subject="", issued_on="hôm qua"))
    text = missing.get_data(as_text=True)
    assert missing.status_code == 422
    assert 'id="subject-error"' in text
    assert 'id="issued_on-error"' in text
    assert 'value="hôm qua"' in text


def test_a_likely_duplicate_is_linked_and_needs_a_tick(session: Session, app: Flask) -> None:
    house = province(session).a
    first, second = steps.registered(session, house), steps.received(session, house)
    clerk = client_for(app, "a_clerk")
    answer = clerk.post(f"/incoming/{second.id}/register", data=_form())
    assert answer.status_code == 409
    assert f'href="/incoming/{first.id}"' in answer.get_data(as_text=True)
    assert 'name="accept_duplicate"' in answer.get_data(as_text=True)
    assert clerk.post(f"/incoming/{second.id}/register", data=_form(accept_duplicate="y")).status_code == 303


def test_issuers_are_found_while_typing(session: Session, app: Flask) -> None:
    province(session)
    answer = client_for(app, "a_clerk").get("/incoming/issuers?q=tai chinh").get_data(as_text=True)
    assert 'data-value="H01.05"' in answer


@pytest.mark.slow
def test_who_comes_second_reads_who_was_faster_and_keeps_what_was_typed(session: Session, app: Flask) -> None:
    """Registering, directing and issuing are refused by one rule: who did what, when, and where it stands now."""
    house = province(session).a
    document = steps.submitted(session, house)
    directions.direct(session, house.leader, document.id, steps.to_unit(house))
    words = "Giao phòng tham mưu, trình trong tuần"
    second = client_for(app, colleague(session, house, Role.LEADER))
    late = second.post(
        f"/work/direct/{document.id}",
        data={"opinion": words, "lead": f"u{house.unit.id}", "due_on": "", "seen": 0},
    )
    text = late.get_data(as_text=True)
    assert late.status_code == 409
    assert f"{house.leader.name}, {house.leader.title}" in text
    assert f"{clock.local(clock.now()):%d/%m/%Y}" in text
    assert f"{words}</textarea>" in text
    assert "Chuyển xử lý" in text, "the latest deed that changed something"
    begun = steps.submitted(session, house)
    directions.direct(session, house.leader, begun.id, steps.to_person(house))
    late = second.post(
        f"/work/direct/{begun.id}",
        data={"opinion": words, "lead": f"u{house.unit.id}", "due_on": "", "seen": 0},
    )
    assert late.status_code == 409
    assert "Chưa lưu." in late.text, "also where work has begun"
    assert f"{house.leader.name}, {house.leader.title}" in late.text
    assert f"{words}</textarea>" in late.text
    assert f'<option selected value="u{house.unit.id}">' in late.text
    assert 'data-key="Ctrl+S"' in late.text, "he has read it, and may give his own in its place"
    again = client_for(app, "a_clerk").post(f"/incoming/{document.id}/register", data=_form())
    assert again.status_code == 409
    text = again.get_data(as_text=True)
    assert house.leader.name in text
    assert f'href="/incoming/{document.id}/register"' in text, "where it stands now"
    assert "Về việc hỗ trợ kinh phí</textarea>" in text


@pytest.mark.slow
@pytest.mark.parametrize("state", State)
def test_a_documents_page_in_every_state_for_everyone_who_may_see_it(
    session: Session, app: Flask, state: State
) -> None:
    places = province(session)
    document = steps.WAYS[state](session, places.a)
    with app.test_request_context():
        word = str(state.word)
    for user in ("a_clerk", "a_leader", "a_chief_of_office"):
        answer = client_for(app, user).get(f"/incoming/{document.id}")
        assert answer.status_code == 200
        assert word in answer.get_data(as_text=True)
    assert client_for(app, "b_clerk").get(f"/incoming/{document.id}").status_code == 404


@pytest.mark.slow
def test_leader_head_and_specialist_finish_a_document_by_clicking(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    leader, head, worker = (client_for(app, f"a_{role}") for role in ("leader", "unit_head", "specialist"))
    room = leader.get("/work/direct").get_data(as_text=True)
    assert document.subject in room
    unit = Named(unit_id=house.unit.id).mark
    office = Named(unit_id=house.office.id).mark
    data = {"opinion": "Tham mưu trả lời", "lead": unit, "coordinating": [office], "due_on": ""}
    wrong = leader.post(f"/work/direct/{document.id}", data=data | {"opinion": "", "due_on": "01/01/2020"})
    assert "01/01/2020 đã qua" in wrong.get_data(as_text=True), "with what else is wrong, not after it"
    twice = leader.post(f"/work/direct/{document.id}", data=data | {"inform": [unit]})
    assert twice.status_code == 422
    assert "Tham mưu trả lời" in twice.get_data(as_text=True)
    assert leader.post(f"/work/direct/{document.id}", data=data).status_code == 303
    assert leader.get("/work/direct").status_code == 200  # an empty queue is a page too
    listed = head.get("/work/assign").get_data(as_text=True)
    assert f'href="/incoming/{document.id}"' in listed
    shown = head.get(f"/incoming/{document.id}").get_data(as_text=True)
    action = re.search(r'action="(/tasks/\d+/assign)"', shown)
    assert action is not None
    person = house.posts[Role.SPECIALIST].id
    wrong = head.post(action[1], data={"assignment_id": str(person), "opinion": "", "due_on": ""})
    assert wrong.status_code == 422
    good = {"assignment_id": str(person), "opinion": "Dự thảo", "due_on": ""}
    assert head.post(action[1], data=good).status_code == 303
    assert f'href="/incoming/{document.id}"' in worker.get("/work/tasks").get_data(as_text=True)
    shown = worker.get(f"/incoming/{document.id}").get_data(as_text=True)
    action = re.search(r'action="(/tasks/\d+/finish)"', shown)
    assert action is not None
    assert worker.post(action[1], data={"result": "Đã trả lời"}).status_code == 303
    session.expire_all()
    assert session.get_one(IncomingDocument, document.id).state is State.DONE


@pytest.mark.slow
def test_what_is_for_information_is_read_once_opened(session: Session, app: Flask) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    person = Named(assignment_id=house.posts[Role.ARCHIVIST].id)
    directions.direct(session, house.leader, document.id, steps.to_unit(house, inform=(person,)))
    archivist = client_for(app, "a_archivist")
    link = f'href="/incoming/{document.id}"'
    assert link in archivist.get("/work/read").get_data(as_text=True)
    assert archivist.get(f"/incoming/{document.id}").status_code == 200
    assert link not in archivist.get("/work/read").get_data(as_text=True)


@pytest.mark.slow
def test_returning_and_submitting_by_the_page(session: Session, app: Flask) -> None:
    house = province(session).a
    document, other = steps.received(session, house), steps.registered(session, house)
    clerk = client_for(app, "a_clerk")
    assert clerk.post(f"/incoming/{document.id}/return", data={"reason": ""}).status_code == 422
    assert clerk.post(f"/incoming/{document.id}/return", data={"reason": "Gửi nhầm"}).status_code == 303
    assert clerk.post(f"/incoming/{document.id}/return", data={"reason": "Gửi nhầm"}).status_code == 409
    leader = house.posts[Role.LEADER].id
    assert clerk.post(f"/incoming/{other.id}/submit", data={"submit_to_id": "0"}).status_code == 422
    assert clerk.post(f"/incoming/{other.id}/submit", data={"submit_to_id": str(leader)}).status_code == 303
    assert client_for(app, "a_specialist").get("/incoming/new").status_code == 403


def test_what_stands_clearly_on_the_page_is_filled_in_and_shown_where_it_was_read(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    upload = documents.take_in(io.BytesIO(letter_pdf()), "cong van.pdf")
    document = service.receive_scan(session, house.clerk, upload)
    text = client_for(app, "a_clerk").get(f"/incoming/{document.id}/register").get_data(as_text=True)
    for value in ("3187", "UBND-KTN", "05/01/2026", "Ủy ban nhân dân tỉnh An Giang", "Lưu Bá Thiện"):
        assert f'value="{value}"' in text
    assert '<option selected value="CV">' in text
    assert '<option selected value="2">' in text  # Thượng khẩn
    assert '<svg class="marks"' in text
    assert 'name="due_on" type="text" value=""' in text or re.search(r'id="due_on"[^>]*value=""', text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "others", "proposed"),
    [
        ("Sở Tài chính", (), ("Sở Tài chính", "H01.05")),
        ("Sở Xây dựng", ("An Giang",), ("Sở Xây dựng tỉnh An Giang", "H01.15")),
        ("Sở Xây dựng", ("An Giang", "Cà Mau"), ("Sở Xây dựng", "")),
        ("Sở Tư pháp", (), ("Sở Tư pháp", "")),
    ],
)
def test_the_issuer_on_the_page_is_proposed_as_chosen_where_it_is_one_agency_of_the_directory(
    session: Session,
    app: Flask,
    statements: list[str],
    head: str,
    others: tuple[str, ...],
    proposed: tuple[str, str],
) -> None:
    house = province(session).a
    for place_no, of in enumerate(others):
        name = f"Sở Xây dựng tỉnh {of}"
        session.add(
            Agency(
                code=f"H{place_no + 1:02d}.15",
                name=name,
                short_name=name,
                sort_key="",
                folded=search_text(name),
            )
        )
    session.commit()
    document = service.receive_scan(
        session, house.clerk, documents.take_in(io.BytesIO(letter_pdf(head)), "a.pdf")
    )
    clerk = client_for(app, "a_clerk")
    clerk.get(f"/incoming/{document.id}/register")
    statements.clear()
    text = clerk.get(f"/incoming/{document.id}/register").get_data(as_text=True)
    assert sum(one.startswith(("SELECT", "UPDATE", "INSERT")) for one in statements) <= 12
    name, code = proposed
    assert f'name="issuer_name" value="{name}"' in text
    assert f'name="issuer_name_id" value="{code}"' in text
    assert (f"Đề xuất từ danh mục ({code})" in text) is bool(code)
    sent = _form(issuer_name=name, issuer_name_id=code)
    assert clerk.post(f"/incoming/{document.id}/register", data=sent).status_code == 303
    session.expire_all()
    assert (document.issuer_name, document.issuer_code) == proposed


def test_what_the_clerk_cleared_is_not_proposed_again_when_the_form_is_refused(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document = service.receive_scan(
        session, house.clerk, documents.take_in(io.BytesIO(letter_pdf("Sở Tài chính")), "a.pdf")
    )
    refused = client_for(app, "a_clerk").post(
        f"/incoming/{document.id}/register", data=_form(issuer_name="Hợp tác xã", subject="")
    )
    text = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert 'name="issuer_name_id" value=""' in text


def test_requirement_45_of_a_state_secret_nothing_is_stored_but_the_fact(
    session: Session, app: Flask
) -> None:
    province(session)
    stored = list(blobs().root.rglob("*"))
    data = {"scan": (io.BytesIO(secret_pdf()), "van ban.pdf")}
    answer = client_for(app, "a_clerk").post("/incoming/new", data=data)
    assert answer.status_code == 422
    assert "MẬT" in answer.get_data(as_text=True)
    assert list(blobs().root.rglob("*")) == stored
    actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert documents.SECRET_REFUSED in actions
    assert session.scalar(sa.select(sa.func.count()).select_from(IncomingDocument)) == 0


def test_requirement_08_the_verdict_on_the_signatures_stands_on_the_page_once_checked(
    session: Session, app: Flask
) -> None:
    document = steps.received(session, province(session).a)
    clerk = client_for(app, "a_clerk")
    assert "Đang kiểm tra chữ ký" in clerk.get(f"/incoming/{document.id}").get_data(as_text=True)
    with transaction(session):
        report = checking.write(Report(Verdict.UNSIGNED))
        file = document.files[0]
        session.add(
            FileCheck(
                file_id=file.id, agency_id=file.agency_id, verdict="unsigned", report=report,
                checked_at=clock.now(),
            )
        )  # fmt: skip
    for address in (f"/incoming/{document.id}", f"/incoming/{document.id}/preview"):
        text = clerk.get(address).get_data(as_text=True)
        assert "Đang kiểm tra chữ ký" not in text
        assert "chữ ký" in text.lower()


def test_an_unchecked_revocation_is_a_warning_wherever_the_verdict_stands(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    unchecked = Finding(Code.REVOCATION_UNCHECKED, {"signer": "Danh Hoàng Phước"})
    with transaction(session):
        file = document.files[0]
        report = Report(Verdict.VALID, (SignatureReport("S1", Verdict.VALID, (unchecked,)),))
        session.add(
            FileCheck(
                file_id=file.id, agency_id=file.agency_id, verdict=report.verdict.value,
                report=checking.write(report), checked_at=clock.now(),
            )
        )  # fmt: skip
    clerk, leader = client_for(app, "a_clerk"), client_for(app, "a_leader")
    for reader, address in (
        (clerk, f"/incoming/{document.id}"),
        (clerk, f"/incoming/{document.id}/preview"),
        (leader, f"/work/direct/{document.id}"),
    ):
        text = reader.get(address).get_data(as_text=True)
        assert "Chưa kiểm tra thu hồi." in text, address
        assert "của Danh Hoàng Phước có bị thu hồi hay không" in text, address
        assert "Chữ ký hợp lệ." not in text, address
        assert "Hợp lệ." not in text, address
