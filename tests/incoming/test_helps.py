"""Phrases, circulation groups and reminders: fewer taps for who directs, and what is late is heard of."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import Forbidden, InvalidTransition
from eoffice.directions import helps, service
from eoffice.directions.operations import NamedTwice, RemindedToday
from eoffice.directory import operations as directory
from eoffice.directory.models import Role
from tests.factories import Province, province
from tests.incoming import steps
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def test_a_group_fills_in_everybody_and_says_whom_it_lost(
    app: Flask, session: Session, place: Province
) -> None:
    house, document = place.a, steps.submitted(session, place.a)
    leader, head = client_for(app, "a_leader"), house.posts[Role.UNIT_HEAD]
    sent = {
        "name": "Ban chỉ huy",
        "lead": f"u{house.unit.id}",
        "inform": [f"p{head.id}", f"u{house.office.id}"],
    }
    assert leader.post("/work/helps/groups", data=sent).status_code == 303
    assert leader.post("/work/helps/phrases", data={"text": "Báo cáo trước 17 giờ"}).status_code == 303
    with counted() as statements:
        page = leader.get(f"/work/direct/{document.id}").get_data(as_text=True)
    assert len(statements) <= MOST
    assert "Ban chỉ huy" in page
    assert "Báo cáo trước 17 giờ" in page
    (group,) = (one for one in helps.kept(session, house.leader) if one.name)
    filled = leader.get(f"/work/direct/{document.id}?group={group.id}").get_data(as_text=True)
    assert f'<option selected value="u{house.unit.id}">' in filled
    assert f'<option selected value="p{head.id}">' in filled
    directory.end_post(session, house.admin, head, clock.today() - timedelta(days=1))
    session.commit()
    assert "1 mục của nhóm không còn" in leader.get(f"/work/direct/{document.id}?group={group.id}").get_data(
        as_text=True
    )


def test_a_group_is_ones_own_until_it_is_shared_in_the_agency(session: Session, place: Province) -> None:
    mark = f"u{place.a.unit.id}"
    helps.save_group(session, place.a.leader, helps.NewGroup("Riêng", inform=(mark,)))
    shared = helps.save_group(session, place.a.leader, helps.NewGroup("Chung", inform=(mark,), shared=True))
    assert [one.name for one in helps.kept(session, place.a.secretary)] == ["Chung"]
    assert helps.kept(session, place.b.leader) == []
    for name in ("riêng", "Chung"):
        with pytest.raises(helps.GroupNamed):
            helps.save_group(session, place.a.leader, helps.NewGroup(name, inform=(mark,)))
    with pytest.raises(Forbidden):
        helps.remove(session, place.a.secretary, shared.id)
    with pytest.raises(helps.EmptyGroup):
        helps.save_group(session, place.a.leader, helps.NewGroup("Trống"))
    with pytest.raises(NamedTwice):
        helps.save_group(session, place.a.leader, helps.NewGroup("Hai lần", mark, (mark,)))


@pytest.mark.slow
def test_requirement_15_who_gave_a_task_or_sees_all_presses_for_it_once_a_day(
    app: Flask, session: Session, place: Province
) -> None:
    house = place.a
    _document, task = steps.in_progress(session, house)
    with pytest.raises(Forbidden):
        service.remind(session, house.specialist, task.id)
    assert client_for(app, "a_leader").post(f"/tasks/{task.id}/remind").status_code == 303
    with pytest.raises(RemindedToday):
        service.remind(session, house.head, task.id)
    page = client_for(app, "a_specialist").get("/work/tasks").get_data(as_text=True)
    assert "Đã đôn đốc" in page
    with clock.freeze(clock.now() + timedelta(days=1)):
        service.remind(session, house.head, task.id)
    service.finish(session, house.specialist, task.id, "Xong")
    with pytest.raises(InvalidTransition):
        service.remind(session, house.leader, task.id)
