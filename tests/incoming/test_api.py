"""The same steps for programs."""

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.permissions import system_actor
from eoffice.directions.models import Task
from eoffice.directory.models import Role
from tests.factories import province
from tests.incoming import steps


class _Program:
    """A caller with a bearer token."""

    def __init__(self, session: Session, app: Flask, username: str, scopes: list[str]) -> None:
        self.token = accounts.make_token(session, system_actor(), username, "test", scopes)
        self.client: FlaskClient = app.test_client()

    def call(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.client.open(f"/api/v1{path}", method=method, headers=headers, **given)
        return answer.status_code, answer.get_json()


def _entry(**changes: Any) -> dict[str, Any]:
    values = vars(steps.entry(**changes))
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


@pytest.mark.slow
def test_a_document_goes_from_scan_to_done_by_program(session: Session, app: Flask) -> None:
    house = province(session).a
    roles = {"clerk": "a_clerk", "leader": "a_leader", "head": "a_unit_head", "worker": "a_specialist"}
    who = {name: _Program(session, app, user, ["*"]) for name, user in roles.items()}
    data = {"data": json.dumps(_entry()), "file": (io.BytesIO(steps.pdf()), "quet.pdf")}
    status, made = who["clerk"].call("POST", "/incoming", data=data)
    assert (status, made["register_number"], made["state"]) == (201, 1, "registered")
    path = f"/incoming/{made['id']}"
    leader = {"assignment_id": house.posts[Role.LEADER].id}
    assert who["clerk"].call("POST", f"{path}/submit", json=leader)[1]["state"] == "submitted"
    due = {"due_on": (clock.today() + timedelta(days=1)).isoformat(), "due_time": "14:30:00"}
    new = {"opinion": "Tham mưu", "lead": {"unit_id": house.unit.id}} | due
    status, direction = who["leader"].call("POST", f"{path}/directions", json=new)
    assert (status, direction["tasks"][0]["label"]) == (201, house.unit.name)
    assert direction["tasks"][0]["due_time"] == who["clerk"].call("GET", path)[1]["due_time"] == "14:30:00"
    status, refused = who["clerk"].call("POST", f"{path}/pass-on", json={})
    assert (status, refused["field"]) == (422, "recipients")
    informed = {"named": [{"unit_id": house.office.id}], "words": "Để biết"}
    assert who["clerk"].call("POST", f"{path}/pass-on", json=informed)[0] == 200
    assert house.office.id in {task.unit_id for task in session.scalars(sa.select(Task))}
    waiting = who["head"].call("GET", "/tasks")[1]["to_assign"]
    assert [task["document_id"] for task in waiting] == [made["id"]]
    named = {"assignment_id": house.posts[Role.SPECIALIST].id, "opinion": "Làm"} | due
    status, handed = who["head"].call("POST", f"/tasks/{waiting[0]['id']}/assign", json=named)
    assert (status, handed["due_time"]) == (201, "14:30:00")
    task = handed["tasks"][0]["id"]
    assert who["worker"].call("POST", f"/tasks/{task}/open")[1]["state"] == "working"
    assert who["worker"].call("POST", f"/tasks/{task}/finish", json={"result": "Xong"})[1]["state"] == "done"
    assert who["worker"].call("GET", path)[1]["state"] == "done"
    assert who["clerk"].call("GET", "/incoming?tab=done")[1]["documents"][0]["id"] == made["id"]


def test_control_characters_of_programs_are_left_out(session: Session, app: Flask) -> None:
    document = steps.received(session, province(session).a)
    clerk = _Program(session, app, "a_clerk", ["*"])
    path = f"/incoming/{document.id}/register"
    status, made = clerk.call("POST", path, json=_entry(subject="a\0\x01 b\\u0001"))
    assert (status, made["subject"]) == (200, "a b\\u0001")


def test_what_nobody_sees_is_left_out_of_what_programs_send_as_it_is_out_of_forms(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    clerk = _Program(session, app, "a_clerk", ["*"])
    sent = _entry(subject="Số\u202e 21\u202c\u200b về\u2066 đê\ufeff 😀", accept_duplicate=True)
    for entry in (json.dumps(sent), json.dumps(sent, ensure_ascii=False)):
        path = f"/incoming/{steps.received(session, house).id}/register"
        status, made = clerk.call("POST", path, data=entry.encode(), content_type="application/json")
        assert (status, made["subject"]) == (200, "Số 21 về đê 😀")


def test_programs_get_the_same_refusals(session: Session, app: Flask) -> None:
    places = province(session)
    document = steps.received(session, places.a)
    clerk, stranger = (_Program(session, app, user, ["*"]) for user in ("a_clerk", "b_clerk"))
    path = f"/incoming/{document.id}"
    status, told = clerk.call("POST", f"{path}/register", json=_entry(subject=""))
    assert (status, told["field"]) == (422, "subject")
    assert clerk.call("POST", f"{path}/register", json={"subject": 1})[0] == 422
    assert clerk.call("POST", f"{path}/return", json={"reason": ""})[1]["field"] == "reason"
    assert clerk.call("POST", "/incoming", data={"data": json.dumps(_entry())})[0] == 422
    assert stranger.call("GET", path)[0] == 404
    narrow = _Program(session, app, "a_clerk", ["document:read"])
    assert narrow.call("POST", f"{path}/return", json={"reason": "x"})[0] == 403
    assert app.test_client().get(f"/api/v1{path}").status_code == 401
