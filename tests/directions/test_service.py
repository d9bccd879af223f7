"""Directing, assigning, opening and finishing (Decree 30/2020, Articles 23 and 24)."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts.models import User
from eoffice.core import clock
from eoffice.core.errors import Forbidden, Invalid, InvalidTransition, NotFound
from eoffice.core.permissions import allowed
from eoffice.directions import following, operations, queries, service
from eoffice.directions.models import Direction, Part, Task, TaskState
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory.models import Assignment, Role
from eoffice.documents import deadlines
from eoffice.documents import queries as documents
from eoffice.documents.models import Document, Urgency
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.home import deeds
from eoffice.home import queries as home
from eoffice.incoming import queries as incoming_queries
from eoffice.incoming.queries import Filter, Tab
from eoffice.incoming.states import State
from tests.factories import House, colleague, province
from tests.incoming import steps
from tests.web import client_for


def test_requirement_14_one_leads_others_coordinate_or_are_informed_and_may_read(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    with pytest.raises(NotFound):
        documents.one(session, house.specialist, document.id)
    new = steps.to_unit(
        house,
        coordinating=(Named(unit_id=house.office.id),),
        inform=(Named(assignment_id=house.posts[Role.ARCHIVIST].id),),
    )
    direction = service.direct(session, house.leader, document.id, new)
    assert [(task.part, task.label) for task in direction.tasks] == [
        (Part.LEAD, house.unit.name),
        (Part.COORDINATE, house.office.name),
        (Part.INFORM, house.posts[Role.ARCHIVIST].label),
    ]
    assert (document.state, document.due_on) == (State.FORWARDED, new.due_on)
    for actor in (house.specialist, house.head, house.archivist):
        assert documents.one(session, actor, document.id) is document


def test_a_person_who_leads_begins_at_once(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    service.direct(session, house.leader, document.id, steps.to_person(house))
    assert document.state is State.IN_PROGRESS


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"opinion": " "}, "opinion"),
        ({"lead": None}, "lead"),
        ({"lead": Named(unit_id=999_999)}, "lead"),
        ({"due_on": -1}, "due_on"),
        ({"coordinating": "lead again"}, "coordinating"),
        ({"inform": "lead again"}, "inform"),
    ],
)
def test_a_direction_that_cannot_be_is_refused_at_its_field_and_leaves_nothing(
    session: Session, changes: dict[str, object], field: str
) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    given = {
        key: (Named(unit_id=house.unit.id),)
        if value == "lead again"
        else clock.today() + timedelta(days=value)
        if isinstance(value, int)
        else value
        for key, value in changes.items()
    }
    with pytest.raises(Invalid) as refused:
        service.direct(session, house.leader, document.id, steps.to_unit(house, **given))
    assert refused.value.field == field
    assert document.state is State.SUBMITTED
    assert session.scalar(sa.select(sa.func.count()).select_from(Direction)) == 0


def test_units_and_people_of_another_agency_cannot_be_named(session: Session) -> None:
    places = province(session)
    document = steps.submitted(session, places.a)
    for stranger in (
        Named(unit_id=places.b.unit.id),
        Named(assignment_id=places.b.posts[Role.SPECIALIST].id),
    ):
        with pytest.raises(operations.NotHere):
            service.direct(session, places.a.leader, document.id, steps.to_unit(places.a, lead=stranger))


@pytest.mark.parametrize(
    ("role", "named"),
    [
        (Role.CLERK, "lead"),
        (Role.ARCHIVIST, "lead"),
        (Role.ADMINISTRATOR, "coordinating"),
        (Role.ADMINISTRATOR, "inform"),
    ],
)
def test_a_part_goes_to_nobody_who_could_not_do_it(session: Session, role: Role, named: str) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    one = Named(assignment_id=house.posts[role].id)
    new = steps.to_unit(house, **{named: one if named == "lead" else (one,)})
    with pytest.raises(operations.NotHere) as told:
        service.direct(session, house.leader, document.id, new)
    assert told.value.field == named


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LEADER])
def test_only_leaders_direct(session: Session, role: Role) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    known = role in (Role.CLERK, Role.SECRETARY, Role.CHIEF_OF_OFFICE)
    with pytest.raises(Forbidden if known else NotFound):
        service.direct(session, house.actors[role], document.id, steps.to_unit(house))


def test_a_second_direction_before_work_has_begun_replaces_the_first(session: Session) -> None:
    house = province(session).a
    document, task = steps.forwarded(session, house)
    second = service.direct(
        session, house.leader, document.id, steps.to_unit(house, lead=Named(unit_id=house.office.id))
    )
    assert task.state is TaskState.WITHDRAWN
    assert [one.id for one in operations.open_tasks(session, document)] == [second.tasks[0].id]


def test_the_head_assigns_inside_the_unit_and_within_its_deadline(session: Session) -> None:
    house = province(session).a
    document, task = steps.forwarded(session, house)
    assert task.due_on is not None
    with pytest.raises(operations.DueTooLate) as refused:
        steps.assign(session, house, task, due_on=task.due_on + timedelta(days=1))
    assert refused.value.field == "due_on"
    with pytest.raises(operations.NotHere):
        service.assign(session, house.head, task.id, house.posts[Role.CLERK].id, None, "Làm")
    direction = steps.assign(session, house, task)
    assert direction.tasks[0].due_on == task.due_on
    assert (document.state, task.state) == (State.IN_PROGRESS, TaskState.WORKING)


def test_the_head_assigns_anew_and_whoever_is_named_again_goes_on(session: Session) -> None:
    house = province(session).a
    document, unit_task = steps.forwarded(session, house)
    first = steps.assign(session, house, unit_task).tasks[0]
    service.open_document(session, house.specialist, document)
    service.report_progress(session, house.specialist, first.id, "Đã xin số liệu")
    other = colleague_post(session, house)
    second = service.assign(
        session,
        house.head,
        unit_task.id,
        other,
        None,
        "Thay đồng chí đi công tác",
        (first.assignment_id or 0,),
    )
    lead, stays = second.tasks
    assert (first.state, document.state) == (TaskState.WITHDRAWN, State.IN_PROGRESS)
    assert (stays.part, stays.state, stays.progress) == (Part.COORDINATE, TaskState.WORKING, "Đã xin số liệu")
    assert (lead.assignment_id, lead.state) == (other, TaskState.NEW)
    service.finish(session, house.head, unit_task.id, "Xong")
    with pytest.raises(InvalidTransition):
        steps.assign(session, house, unit_task)


def test_the_leader_directs_again_while_work_is_under_way_and_what_was_begun_goes_on(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    due = clock.today() + timedelta(days=2)
    new = steps.to_unit(
        house, opinion="Thêm Văn phòng phối hợp", due_on=due, coordinating=(Named(unit_id=house.office.id),)
    )
    lead, added = service.direct(session, house.leader, document.id, new).tasks
    assert (lead.state, added.state) == (TaskState.WORKING, TaskState.NEW)
    assert document.state is State.IN_PROGRESS
    session.refresh(working)
    assert (working.state, working.due_on) == (TaskState.NEW, due), "within the unit's new deadline"
    assert [one.id for one in queries.to_do(session, house.specialist)] == [working.id]
    page = client_for(app, "a_leader").get(f"/incoming/{document.id}").text
    assert page.count("Theo chỉ đạo sau") == 1, "nobody reads that it is needed no more"
    assert f"<b>Tiếp theo: {house.posts[Role.SPECIALIST].label}</b>" in page
    service.finish(session, house.specialist, working.id, "Đã trả lời")
    assert (lead.state, document.state) == (TaskState.DONE, State.DONE)


def test_the_leader_takes_the_lead_from_a_unit_and_nothing_more_is_asked_of_it(session: Session) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    elsewhere = steps.to_unit(house, lead=Named(unit_id=house.office.id))
    service.direct(session, house.leader, document.id, elsewhere)
    session.refresh(working)
    assert (working.state, document.state) == (TaskState.WITHDRAWN, State.FORWARDED)
    assert queries.to_do(session, house.specialist) == []


def test_who_coordinates_has_a_deadline_of_his_own(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    sooner = clock.today() + timedelta(days=2)
    office = Named(unit_id=house.office.id, due_on=sooner)
    lead, helping = service.direct(
        session, house.leader, document.id, steps.to_unit(house, coordinating=(office,))
    ).tasks
    assert (lead.due_on, helping.due_on) == (clock.today() + timedelta(days=5), sooner)
    assert document.due_on == lead.due_on
    with pytest.raises(operations.DueInThePast) as refused:
        past = Named(unit_id=house.office.id, due_on=clock.today() - timedelta(days=1))
        service.direct(session, house.leader, document.id, steps.to_unit(house, coordinating=(past,)))
    assert refused.value.field == "coordinating_due_on"


def test_the_leader_changes_one_deadline_and_what_was_handed_on_stays_within(session: Session) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    unit_task = session.get_one(Task, working.direction.parent_task_id)
    sooner = clock.today() + timedelta(days=1)
    with pytest.raises(Forbidden):
        service.change_deadline(session, house.head, unit_task.id, sooner)
    service.change_deadline(session, house.leader, unit_task.id, sooner, why="Bộ yêu cầu sớm")
    session.refresh(working)
    assert (unit_task.due_on, working.due_on, document.due_on) == (sooner, sooner, sooner)
    for day, problem in (
        (sooner, following.SameDay),
        (clock.today() - timedelta(days=1), operations.DueInThePast),
        (None, following.NoDay),
    ):
        with pytest.raises(problem):
            service.change_deadline(session, house.leader, unit_task.id, day)
    with pytest.raises(operations.DueTooLate):
        service.change_deadline(session, house.head, working.id, sooner + timedelta(days=1))


def test_what_was_reported_as_done_too_soon_is_asked_for_again(session: Session) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    unit_task = session.get_one(Task, working.direction.parent_task_id)
    service.finish(session, house.specialist, working.id, "Đã gửi số liệu")
    assert (document.state, unit_task.state) == (State.DONE, TaskState.DONE)
    with pytest.raises(Forbidden):
        service.reopen(session, house.specialist, working.id, "Nhầm")
    with pytest.raises(following.WhyAgain):
        service.reopen(session, house.head, working.id, " ")
    service.reopen(session, house.head, working.id, "Còn thiếu phụ lục")
    assert (document.state, unit_task.state, working.state) == (
        State.IN_PROGRESS, TaskState.WORKING, TaskState.WORKING,
    )  # fmt: skip
    service.finish(session, house.specialist, working.id, "Đã gửi đủ")
    service.reopen(session, house.leader, unit_task.id, "Chưa trả lời xã")
    assert (document.state, working.state) == (State.IN_PROGRESS, TaskState.WORKING)
    assert [one.id for one in queries.to_do(session, house.specialist)] == [working.id]


def test_a_completed_document_is_directed_anew_and_the_old_work_is_not_asked_for_again(
    session: Session,
) -> None:
    house = province(session).a
    document, working = steps.in_progress(session, house)
    service.finish(session, house.specialist, working.id, "Xong")
    elsewhere = steps.to_unit(house, lead=Named(unit_id=house.office.id))
    service.direct(session, house.leader, document.id, elsewhere)
    assert document.state is State.FORWARDED
    unit_task = session.get_one(Task, working.direction.parent_task_id)
    with pytest.raises(following.Replaced):
        service.reopen(session, house.leader, unit_task.id, "Làm lại")
    assert (unit_task.state, document.state) == (TaskState.DONE, State.FORWARDED)
    assert queries.to_reopen(house.leader, queries.of_document(session, document)) == []


def test_what_coordinates_is_asked_for_again_only_while_the_lead_works(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    new = steps.to_person(house, coordinating=(Named(unit_id=house.office.id),))
    lead, helping = service.direct(session, house.leader, document.id, new).tasks
    service.finish(session, house.chief, helping.id, "Đã góp ý")
    service.reopen(session, house.leader, helping.id, "Góp ý cả mục 3")
    assert helping.state is TaskState.SEEN, "the head of the unit names who does it"
    service.finish(session, house.chief, helping.id, "Đã góp ý mục 3")
    service.finish(session, house.specialist, lead.id, "Xong")
    with pytest.raises(following.WorkIsOver):
        service.reopen(session, house.leader, helping.id, "Góp ý nữa")


def test_a_unit_whose_deadline_is_over_can_still_be_assigned(session: Session) -> None:
    house = province(session).a
    _document, task = steps.forwarded(session, house)
    with clock.freeze(clock.now() + timedelta(days=30)):
        assert steps.assign(session, house, task).due_on == task.due_on


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.UNIT_HEAD])
def test_only_the_head_of_that_unit_assigns(session: Session, role: Role) -> None:
    house = province(session).a
    _document, task = steps.forwarded(session, house)
    with pytest.raises((Forbidden, NotFound)):
        service.assign(session, house.actors[role], task.id, house.posts[Role.SPECIALIST].id, None, "Làm")


def test_the_first_opening_is_noted_once(session: Session) -> None:
    house = province(session).a
    document, task = steps.in_progress(session, house)
    service.open_document(session, house.specialist, document)
    assert task.state is TaskState.WORKING
    first = task.seen_at
    service.open_document(session, house.specialist, document)
    assert task.seen_at == first
    with pytest.raises(Forbidden):
        service.open_task(session, house.clerk, task.id)


def test_every_member_of_a_unit_may_read_what_is_for_its_information(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    new = NewDirection("Xem", Named(unit_id=house.office.id), inform=(Named(unit_id=house.unit.id),))
    _lead, inform = service.direct(session, house.leader, document.id, new).tasks
    assert [task.id for task in queries.to_read(session, house.head)] == [inform.id]
    service.open_document(session, house.specialist, document)
    assert inform.state is TaskState.SEEN
    with pytest.raises(InvalidTransition):
        service.finish(session, house.head, inform.id, "Đã xem")


def test_what_the_specialist_finishes_finishes_task_unit_and_document(session: Session) -> None:
    house = province(session).a
    document, task = steps.in_progress(session, house)
    with pytest.raises(operations.NoOpinion):
        service.finish(session, house.specialist, task.id, " ")
    with pytest.raises(Forbidden):
        service.finish(session, house.leader, task.id, "Xong")
    service.finish(session, house.specialist, task.id, "Đã trả lời qua điện thoại")
    states = session.scalars(sa.select(Task.state).where(Task.document_id == document.id)).all()
    assert set(states) == {TaskState.DONE}
    assert document.state is State.DONE


def test_a_coordinating_part_that_is_done_leaves_the_document_open(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    post = house.posts[Role.CHIEF_OF_OFFICE]
    new = steps.to_unit(house, coordinating=(Named(assignment_id=post.id),))
    lead, other = service.direct(session, house.leader, document.id, new).tasks
    service.finish(session, house.chief, other.id, "Đã góp ý")
    assert (document.state, lead.state) == (State.FORWARDED, TaskState.NEW)
    service.finish(session, house.head, lead.id, "Đã xong")
    assert document.state is State.DONE


def test_what_others_still_had_to_do_is_no_longer_asked_once_the_lead_is_done(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    new = steps.to_unit(house, coordinating=(Named(unit_id=house.office.id),))
    lead, other = service.direct(session, house.leader, document.id, new).tasks
    service.finish(session, house.head, lead.id, "Đã xong")
    assert other.state is TaskState.WITHDRAWN
    assert queries.counts(session, house.chief) == {"to_assign": 0, "to_do": 0, "to_read": 0, "to_extend": 0}


def test_everybody_finds_his_own_work(session: Session) -> None:
    house = province(session).a
    _document, task = steps.forwarded(session, house)
    assert [one.id for one in queries.to_assign(session, house.head)] == [task.id]
    assert not queries.to_assign(session, house.chief)
    own = steps.assign(session, house, task).tasks[0]
    assert not queries.to_assign(session, house.head)
    assert [one.id for one in queries.to_do(session, house.specialist)] == [own.id]
    assert queries.counts(session, house.specialist)["to_do"] == 1


@pytest.mark.slow
def test_lists_show_exactly_the_documents_the_rule_allows(session: Session) -> None:
    places = province(session)
    for house in (places.a, places.b):
        steps.received(session, house)
        steps.submitted(session, house)
        steps.forwarded(session, house)
        steps.in_progress(session, house)
    every = session.scalars(sa.select(Document)).all()
    for house in (places.a, places.b):
        for role, actor in house.actors.items():
            listed = set(session.scalars(documents.visible(actor)))
            ruled = {one for one in every if allowed(actor, DOCUMENT_READ, one)}
            assert listed == ruled, role
            mine = set(session.scalars(sa.select(Task).where(queries.named(actor))))
            assert {one.document for one in mine} <= listed


@pytest.mark.slow
def test_a_deadline_by_the_hour_is_late_from_that_hour_on(session: Session, app: Flask) -> None:
    house = province(session).a
    noon = clock.day_start(clock.today()) + timedelta(hours=12)
    with clock.freeze(noon):
        document = steps.submitted(session, house, urgency=Urgency.FLASH)
        for wrong, refusal in (
            ({"due_on": None, "due_time": time(14)}, operations.HourOfNoDay),
            ({"due_on": clock.today(), "due_time": time(11, 59)}, operations.DueInThePast),
        ):
            with pytest.raises(refusal):
                service.direct(session, house.leader, document.id, steps.to_unit(house, **wrong))
        given = steps.to_unit(house, due_on=clock.today(), due_time=time(14, 30))
        (unit,) = service.direct(session, house.leader, document.id, given).tasks
        assert (document.due_on, document.due_time) == (clock.today(), time(14, 30))
        post = house.posts[Role.SPECIALIST].id
        with pytest.raises(operations.DueTooLate, match="14:30"):
            service.assign(session, house.head, unit.id, post, clock.today(), "Báo cáo", due_time=time(15))
        (task,) = service.assign(session, house.head, unit.id, post, None, "Báo cáo ngay").tasks
        assert (task.due_on, task.due_time) == (clock.today(), time(14, 30))
        with app.test_request_context():
            assert deadlines.words(task.due_on, task.due_time)[0].startswith("còn dưới 3 giờ (14:30")
        late = Filter(Tab.OVERDUE)
        assert not incoming_queries.total(session, house.clerk, late)
    with clock.freeze(noon + timedelta(hours=3)), app.test_request_context():
        assert incoming_queries.total(session, house.clerk, late) == 1
        assert deadlines.words(task.due_on, task.due_time)[0].startswith("quá hạn 1 giờ")
        work = home.waiting(session, house.specialist, deeds.of(house.specialist))
        assert [one.overdue for one in work if one.deed.key == "work"] == [1]


@pytest.mark.slow
def test_who_of_a_unit_has_read_what_it_was_sent_for_information_is_marked_each_once(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    new = steps.to_person(house, Role.CHIEF_OF_OFFICE, inform=(Named(unit_id=house.unit.id),))
    direction = service.direct(session, house.leader, document.id, new)
    for actor in (house.specialist, house.head, house.specialist, house.clerk):
        service.open_document(session, actor, document)
    session.expire_all()
    (informed,) = [task for task in direction.tasks if task.part is Part.INFORM]
    assert [one.person.full_name for one in informed.readings] == [house.specialist.name, house.head.name]
    page = client_for(app, "a_leader").get(f"/incoming/{document.id}").get_data(as_text=True)
    assert f"Đã đọc ở {house.unit.name}:" in page
    assert house.specialist.name in page


def colleague_post(session: Session, house: House) -> int:
    """The post of a second specialist of the unit."""
    name = colleague(session, house, Role.SPECIALIST)
    person = session.scalars(sa.select(User).where(User.username == name)).one().person_id
    return session.scalars(sa.select(Assignment).where(Assignment.person_id == person)).one().id
