"""More time for a task: asked by who works on it, decided by who gave it."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.errors import Forbidden, InvalidTransition
from eoffice.directions import following, operations, queries, service
from eoffice.directions.models import Task
from tests.factories import House, province
from tests.incoming import steps
from tests.web import client_for


@pytest.fixture
def house(session: Session) -> House:
    """One agency."""
    return province(session).a


def _later(task: Task, days: int = 3) -> date:
    assert task.due_on is not None
    return task.due_on + timedelta(days=days)


def _led(session: Session, house: House) -> Task:
    """The leader's task of one person."""
    document = steps.submitted(session, house)
    return service.direct(session, house.leader, document.id, steps.to_person(house)).tasks[0]


def test_granted_time_moves_the_task_and_the_document(session: Session, house: House) -> None:
    task = _led(session, house)
    wanted = _later(task)
    service.ask_for_time(session, house.specialist, task.id, wanted, "Chờ số liệu của xã")
    assert queries.counts(session, house.leader)["to_extend"] == 1
    assert [one.id for one in queries.to_extend(session, house.leader)] == [task.id]
    service.answer_time(session, house.leader, task.id, grant=True)
    assert (task.due_on, task.document.due_on, task.wanted_due_on) == (wanted, wanted, None)
    with pytest.raises(following.NothingAsked):
        service.answer_time(session, house.leader, task.id, grant=True)


def test_a_refusal_says_why_and_changes_nothing(session: Session, house: House) -> None:
    task = _led(session, house)
    before = task.due_on
    service.ask_for_time(session, house.specialist, task.id, _later(task), "Chờ số liệu")
    with pytest.raises(following.WhyNoTime):
        service.answer_time(session, house.leader, task.id, grant=False, note=" ")
    service.answer_time(session, house.leader, task.id, grant=False, note="Việc gấp")
    assert (task.due_on, task.wanted_due_on) == (before, None)


def test_a_head_cannot_grant_more_than_the_unit_has(session: Session, house: House) -> None:
    _document, task = steps.in_progress(session, house)
    service.ask_for_time(session, house.specialist, task.id, _later(task), "Chờ số liệu")
    with pytest.raises(Forbidden):
        service.answer_time(session, house.leader, task.id, grant=True)
    with pytest.raises(operations.DueTooLate):
        service.answer_time(session, house.head, task.id, grant=True)


def test_who_gave_the_task_may_grant_another_day_than_the_one_asked_for(
    session: Session, house: House
) -> None:
    task = _led(session, house)
    service.ask_for_time(session, house.specialist, task.id, _later(task, 9), "Chờ số liệu")
    with pytest.raises(following.NotLater):
        service.answer_time(session, house.leader, task.id, grant=True, until=task.due_on)
    sooner = _later(task, 4)
    service.answer_time(session, house.leader, task.id, grant=True, until=sooner)
    assert (task.due_on, task.document.due_on, task.wanted_due_on) == (sooner, sooner, None)


def test_another_day_is_granted_by_clicking(session: Session, house: House, app: Flask) -> None:
    task = _led(session, house)
    service.ask_for_time(session, house.specialist, task.id, _later(task, 9), "Chờ số liệu")
    leader = client_for(app, "a_leader")
    assert 'name="until"' in leader.get(f"/incoming/{task.document_id}").text
    sooner = _later(task, 4)
    sent = leader.post(f"/tasks/{task.id}/time/answer", data={"until": f"{sooner:%d/%m/%Y}"})
    assert sent.status_code == 303
    session.refresh(task)
    assert task.due_on == sooner


def test_only_the_one_who_works_asks_for_a_later_day_and_while_it_is_open(
    session: Session, house: House
) -> None:
    task = _led(session, house)
    assert task.due_on is not None
    with pytest.raises(following.NotLater):
        service.ask_for_time(session, house.specialist, task.id, task.due_on, "x")
    with pytest.raises(operations.NoOpinion):
        service.ask_for_time(session, house.specialist, task.id, _later(task), " ")
    with pytest.raises(Forbidden):
        service.ask_for_time(session, house.chief, task.id, _later(task), "x")
    service.finish(session, house.specialist, task.id, "Đã xong")
    with pytest.raises(InvalidTransition):
        service.ask_for_time(session, house.specialist, task.id, _later(task), "x")


@pytest.mark.slow
def test_the_pages_ask_and_answer(app: Flask, session: Session, house: House) -> None:
    task = _led(session, house)
    me, leader = client_for(app, "a_specialist"), client_for(app, "a_leader")
    url = f"/tasks/{task.id}/time"
    wanted = {"wanted_on": f"{_later(task):%d/%m/%Y}", "wanted_reason": "Chờ số liệu"}
    assert me.post(url, data=wanted | {"wanted_on": "01/01/2026"}).status_code == 422
    assert me.post(url, data=wanted).status_code == 303
    assert "Đã đề nghị gia hạn đến" in me.get(f"/incoming/{task.document_id}").get_data(as_text=True)
    assert "Chờ cho gia hạn" in leader.get("/work/extend").get_data(as_text=True)
    assert "đề nghị gia hạn đến" in leader.get(f"/incoming/{task.document_id}").get_data(as_text=True)
    assert leader.post(f"{url}/answer", data={"time_note": "", "refuse": "1"}).status_code == 422
    assert leader.post(f"{url}/answer", data={"time_note": ""}).status_code == 303
    session.refresh(task)
    assert task.wanted_due_on is None
