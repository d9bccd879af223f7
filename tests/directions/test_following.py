"""Progress, new deadlines and work asked for again, on the page and for other systems."""

from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.permissions import system_actor
from eoffice.directions import service
from eoffice.directions.models import Task
from tests.factories import province
from tests.incoming import steps
from tests.web import client_for


def test_progress_deadlines_and_second_requests_stand_on_the_page_and_in_the_history(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    unit_task = session.get_one(Task, working.direction.parent_task_id)
    page, specialist, leader = (
        f"/incoming/{document.id}", client_for(app, "a_specialist"), client_for(app, "a_leader"),
    )  # fmt: skip
    assert specialist.post(f"/tasks/{working.id}/progress", data={"progress": " "}).status_code == 422
    said = specialist.post(f"/tasks/{working.id}/progress", data={"progress": "Đang chờ xã gửi số liệu"})
    assert said.status_code == 303
    day = clock.today() + timedelta(days=2)
    typed = {"new_due_on": f"{day:%d/%m/%Y}", "due_why": "Bộ giục"}
    assert specialist.post(f"/tasks/{unit_task.id}/deadline", data=typed).status_code == 403
    wrong = leader.post(f"/tasks/{unit_task.id}/deadline", data=typed | {"new_due_on": "01/01/2020"})
    assert (wrong.status_code, wrong.text.count('value="01/01/2020"')) == (422, 1)
    assert leader.post(f"/tasks/{unit_task.id}/deadline", data=typed).status_code == 303
    shown = leader.get(page).text
    assert "Đang chờ xã gửi số liệu" in shown
    assert f"hạn {day:%d/%m/%Y}" in shown, "beside whom it is due for"
    history = shown[shown.index('class="timeline"') :]
    assert "Bộ giục" in history
    assert f"hạn {day:%d/%m/%Y}" in history
    assert house.unit.name in history
    service.finish(session, house.specialist, working.id, "Xong")
    assert "Chưa xong:" in leader.get(page).text
    assert leader.post(f"/tasks/{unit_task.id}/reopen", data={"again_reason": "x"}).status_code == 422
    assert leader.post(f"/tasks/{unit_task.id}/reopen", data={"again_reason": "Còn thiếu"}).status_code == 303
    assert leader.post(f"/tasks/{unit_task.id}/reopen", data={"again_reason": "Còn thiếu"}).status_code == 409
    head = client_for(app, "a_unit_head").get(page).text
    assert "Giao lại" in head
    room = leader.get(f"/work/direct/{document.id}").text
    assert f'<option selected value="u{house.unit.id}">' in room, "who leads now is named already"
    assert "thay chỉ đạo trước" in room


def test_other_systems_report_progress_change_deadlines_and_ask_again(session: Session, app: Flask) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    unit_task = session.get_one(Task, working.direction.parent_task_id)

    def post(name: str, path: str, **sent: object) -> TestResponse:
        token = accounts.make_token(session, system_actor(), name, "test", ["*"])
        return app.test_client().post(
            f"/api/v1{path}", json=sent, headers={"Authorization": f"Bearer {token}"}
        )

    said = post("a_specialist", f"/tasks/{working.id}/progress", words="Đang lấy số liệu")
    assert said.get_json()["progress"] == "Đang lấy số liệu"
    day = f"{clock.today() + timedelta(days=2):%Y-%m-%d}"
    moved = post("a_leader", f"/tasks/{unit_task.id}/deadline", due_on=day, reason="Bộ giục")
    assert (moved.status_code, moved.get_json()["due_on"]) == (200, day)
    assert post("a_unit_head", f"/tasks/{unit_task.id}/deadline", due_on=day).status_code == 403
    service.finish(session, house.specialist, working.id, "Xong")
    again = post("a_leader", f"/tasks/{unit_task.id}/reopen", words="Còn thiếu phụ lục")
    assert again.get_json()["state"] == "working"
    late = post("a_leader", f"/tasks/{unit_task.id}/reopen", words="Còn thiếu phụ lục")
    assert late.status_code == 409
    entry = {
        "code_number": "99", "code_notation": "TTr-UBND", "issued_on": f"{clock.today():%Y-%m-%d}",
        "issuer_name": "Sở Xây dựng", "kind_code": "TTR", "subject": "Việc khác",
    }  # fmt: skip
    sent = post("a_clerk", f"/incoming/{document.id}/correct", entry=entry, reason="Ghi nhầm")
    assert (sent.status_code, sent.get_json()["code_number"]) == (200, "99")
    assert post("a_clerk", f"/incoming/{document.id}/strike", reason="Nhầm").status_code == 409, "directed"
