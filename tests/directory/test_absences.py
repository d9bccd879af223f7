"""Who is away loses nothing, who stands in finds it, and nobody signs in another's name by it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Forbidden, NotFound
from eoffice.core.permissions import Permission, system_actor
from eoffice.directions import queries as directions
from eoffice.directions import service as directing
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory import absences, operations
from eoffice.directory.absences import NewAbsence
from eoffice.directory.models import Assignment, Role
from eoffice.documents.permissions import DOCUMENT_READ, may_know
from eoffice.incoming import queries as incoming_queries
from eoffice.incoming.states import State as In
from tests.factories import Province, province
from tests.home.made import incoming
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _week(post: Assignment, stand_in: Assignment, begins: int = 0) -> NewAbsence:
    first = clock.today() + timedelta(days=begins)
    return NewAbsence(post.id, stand_in.id, first, first + timedelta(days=6), "Đi công tác")


@pytest.mark.slow
def test_the_stand_in_finds_the_heads_work_acts_on_it_and_is_told_for_whom(
    app: Flask, session: Session, place: Province
) -> None:
    house = place.a
    head, specialist = house.posts[Role.UNIT_HEAD], house.posts[Role.SPECIALIST]
    letter = incoming(session, house, "cần giao", In.SUBMITTED)
    directing.direct(session, house.leader, letter.id, NewDirection("Xử lý", Named(unit_id=house.unit.id)))
    client = client_for(app, "a_unit_head")
    days = {
        "starts_on": f"{clock.today():%d/%m/%Y}",
        "ends_on": f"{clock.today() + timedelta(days=3):%d/%m/%Y}",
    }
    sent = {"post_id": head.id, "stand_in_id": specialist.id, "reason": "Nghỉ phép"} | days
    assert client.post("/directory/absences", data=sent).status_code == 303

    follower = client_for(app, "a_specialist")
    with counted() as statements:
        page = follower.get("/").get_data(as_text=True)
    assert "Bạn đang làm thay: Võ Hoài An, Trưởng phòng" in page
    assert len(statements) <= MOST + 1, "one statement more while standing in"
    session.expire_all()
    actor = accounts.actor_of(session, house.users[Role.SPECIALIST])
    (task,) = directions.to_assign(session, actor)
    assert task.document_id == letter.id
    directing.assign(session, actor, task.id, specialist.id, None, "Dự thảo trả lời")
    assert "vắng đến" in client_for(app, "a_leader").get(f"/work/direct/{_next(session, place)}").get_data(
        as_text=True
    )


def _next(session: Session, place: Province) -> int:
    leader = place.a.posts[Role.LEADER].id
    return incoming(session, place.a, "chờ chỉ đạo", In.SUBMITTED, submitted_to_id=leader).id


def test_a_leaders_desk_goes_to_a_leader_without_the_signature(session: Session, place: Province) -> None:
    house, leader = place.a, place.a.posts[Role.LEADER]
    with transaction(session):
        person = operations.add_person(session, system_actor(), "Phan Phó Giám")
        deputy = operations.assign(session, system_actor(), person, house.agency, Role.LEADER, "Phó Giám đốc")
    letter = incoming(session, house, "chờ", In.SUBMITTED, submitted_to_id=leader.id)
    made = absences.record(session, house.leader, _week(leader, deputy))
    session.refresh(deputy)
    actor = accounts.standing_in(session, accounts.actor_in(None, deputy, [deputy]), [deputy])
    assert [one.id for one in incoming_queries.to_direct(session, actor)] == [letter.id]
    assert actor.acting_for
    absences.end(session, house.leader, made.id)
    session.refresh(deputy)
    actor = accounts.standing_in(session, accounts.actor_in(None, deputy, [deputy]), [deputy])
    assert incoming_queries.to_direct(session, actor) == []
    with pytest.raises(absences.BackAlready):
        absences.end(session, house.leader, made.id)


def test_keys_and_rights_over_rights_are_never_lent(session: Session, place: Province) -> None:
    house, clerk = place.a, place.a.posts[Role.CLERK]
    archivist = house.posts[Role.ARCHIVIST]
    absences.record(session, house.clerk, _week(clerk, archivist))
    session.refresh(archivist)
    actor = accounts.standing_in(session, accounts.actor_in(None, archivist, [archivist]), [archivist])
    assert actor.can(Permission("incoming:register"))
    assert not actor.can(Permission("outgoing:seal"))
    assert not actor.can(Permission("register:close"))


def test_what_was_opened_to_the_absent_is_open_to_the_stand_in_for_those_days_only(
    session: Session, place: Province
) -> None:
    house, specialist = place.a, place.a.posts[Role.SPECIALIST]
    head = house.posts[Role.UNIT_HEAD]
    letter = incoming(session, house, "đích danh", In.SUBMITTED)
    directing.direct(
        session, house.leader, letter.id, NewDirection("Làm", Named(assignment_id=specialist.id))
    )
    absences.record(session, house.specialist, _week(specialist, head))

    def knows() -> bool:
        session.refresh(head)
        actor = accounts.standing_in(session, accounts.actor_in(None, head, [head]), [head])
        return may_know(actor, DOCUMENT_READ, letter)

    assert knows()
    with clock.freeze(clock.now() + timedelta(days=7)):
        assert not knows()


def test_an_absence_is_refused_where_the_work_would_stop(session: Session, place: Province) -> None:
    a, b = place.a, place.b
    clerk, leader, head = a.posts[Role.CLERK], a.posts[Role.LEADER], a.posts[Role.UNIT_HEAD]
    for new in (
        _week(leader, clerk),
        _week(head, clerk),
        _week(clerk, b.posts[Role.CLERK]),
        _week(head, head),
    ):
        with pytest.raises(absences.WrongStandIn):
            absences.record(session, a.admin, new)
    with pytest.raises(Forbidden):
        absences.record(session, a.clerk, _week(head, a.posts[Role.SPECIALIST]))
    with pytest.raises(NotFound):
        absences.record(session, a.admin, _week(b.posts[Role.CLERK], clerk))
    with pytest.raises(absences.WrongDays):
        absences.record(session, a.admin, _week(head, a.posts[Role.SPECIALIST], begins=-20))
    absences.record(session, a.admin, _week(head, a.posts[Role.SPECIALIST]))
    with pytest.raises(absences.AwayAlready):
        absences.record(session, a.admin, _week(head, a.posts[Role.SPECIALIST], begins=3))
    with pytest.raises(AppError):
        absences.record(session, a.admin, _week(a.posts[Role.SPECIALIST], head, begins=2))


def _offered(page: str, name: str) -> set[int]:
    found = re.search(rf'<select[^>]* name="{name}".*?</select>', page, re.DOTALL)
    assert found, page
    return {int(value) for value in re.findall(r'<option[^>]* value="(\d+)"', found[0])}


def test_nobody_is_offered_as_a_stand_in_who_would_be_refused(
    app: Flask, session: Session, place: Province
) -> None:
    house = place.a
    page = client_for(app, "a_specialist").get("/directory/absences").get_data(as_text=True)
    assert _offered(page, "stand_in_id") == {house.posts[Role.UNIT_HEAD].id}, "of the unit, not oneself"
    admin = client_for(app, "a_administrator")
    for role in house.posts:
        # who may stand in for the one that is chosen, and nobody for the others
        page = admin.get(f"/directory/absences?post_id={house.posts[role].id}").text
        fit = {one.id for one in house.posts.values() if absences.fits(house.posts[role], one)}
        assert _offered(page, "stand_in_id") == fit, role
        assert house.posts[Role.ADMINISTRATOR].id not in fit, "an administrator does no work of documents"
        assert fit or role is not Role.SPECIALIST
