"""A later direction in the place of an earlier one, and work asked for again (Decree 30/2020, Article 23)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor, system_actor
from eoffice.directions import following, queries, service
from eoffice.directions.forms import DirectionForm
from eoffice.directions.models import OPEN, Task, TaskState
from eoffice.directions.operations import DirectedMeanwhile, Named
from eoffice.directory.models import Assignment, Role
from eoffice.dossiers import queries as dossiers
from eoffice.dossiers.operations import KeptInDossier
from eoffice.incoming import correcting, prepared
from eoffice.incoming.states import State
from tests.dossiers import files
from tests.factories import House, colleague, province
from tests.incoming import steps
from tests.web import client_for

AGAIN = "Còn thiếu phụ lục"


@pytest.fixture
def house(session: Session) -> House:
    return province(session).a


def mate(session: Session, house: House) -> tuple[Actor, int]:
    """A second specialist of the unit, and his post."""
    user = session.scalars(
        sa.select(User).where(User.username == colleague(session, house, Role.SPECIALIST))
    ).one()
    post = session.scalars(sa.select(Assignment).where(Assignment.person_id == user.person_id)).one()
    return accounts.actor_of(session, user, post.id), post.id


def helped(session: Session, house: House, task: Task, post: int) -> tuple[Task, Task]:
    """What the head handed on from a task: who leads, who helps."""
    led, help_ = service.assign(
        session, house.head, task.id, house.posts[Role.SPECIALIST].id, None, "Làm", (post,)
    ).tasks
    return led, help_


def test_help_is_not_asked_again_for_a_unit_that_is_asked_no_more(session: Session, house: House) -> None:
    document, task = steps.forwarded(session, house)
    helper, post = mate(session, house)
    _led, help_ = helped(session, house, task, post)
    service.finish(session, helper, help_.id, "Xong phần tôi")
    to_office = steps.to_unit(house, lead=Named(unit_id=house.office.id))
    service.direct(session, house.leader, document.id, to_office)
    assert queries.to_reopen(house.head, queries.of_document(session, document)) == []
    with pytest.raises(following.Replaced):
        service.reopen(session, house.head, help_.id, AGAIN)
    assert help_.state is TaskState.DONE


def test_help_is_not_asked_again_for_a_unit_that_is_done(session: Session, house: House) -> None:
    document = steps.submitted(session, house)
    new = steps.to_unit(
        house, lead=Named(unit_id=house.office.id), coordinating=(Named(unit_id=house.unit.id),)
    )
    _lead, unit = service.direct(session, house.leader, document.id, new).tasks
    helper, post = mate(session, house)
    led, help_ = helped(session, house, unit, post)
    service.finish(session, helper, help_.id, "Xong phần tôi")
    service.finish(session, house.specialist, led.id, "Xong")
    assert unit.state is TaskState.DONE
    assert queries.to_reopen(house.head, queries.of_document(session, document)) == [led]
    with pytest.raises(following.WorkIsOver):
        service.reopen(session, house.head, help_.id, AGAIN)
    service.reopen(session, house.head, led.id, AGAIN)
    assert unit.state in OPEN
    service.reopen(session, house.head, help_.id, AGAIN)
    assert help_.state is TaskState.WORKING


def test_what_was_assigned_anew_is_not_asked_again_by_the_earlier_assignment(
    session: Session, house: House
) -> None:
    _document, task = steps.forwarded(session, house)
    helper, post = mate(session, house)
    _led, help_ = helped(session, house, task, post)
    service.finish(session, helper, help_.id, "Xong phần tôi")
    helped(session, house, task, post)
    with pytest.raises(following.Replaced):
        service.reopen(session, house.head, help_.id, AGAIN)
    open_ones = sa.select(Task).where(Task.assignment_id == post, Task.state.in_(OPEN))
    assert len(session.scalars(open_ones).all()) == 1


def leave(session: Session, house: House) -> None:
    """The specialist's post ended yesterday."""
    with transaction(session):
        house.posts[Role.SPECIALIST].valid_to = clock.today() - timedelta(days=1)


def test_what_is_asked_again_of_who_left_goes_back_to_his_head(session: Session, house: House) -> None:
    document, working = steps.in_progress(session, house)
    service.finish(session, house.specialist, working.id, "Xong")
    leave(session, house)
    service.reopen(session, house.head, working.id, AGAIN)
    assert (working.state, document.state) == (TaskState.DONE, State.IN_PROGRESS)
    (unit,) = queries.to_assign(session, house.head)
    assert (unit.id, unit.state) == (working.direction.parent_task_id, TaskState.SEEN)


def test_nothing_is_asked_again_of_a_post_that_ended_or_a_unit_that_was_closed(
    session: Session, house: House
) -> None:
    document = steps.submitted(session, house)
    (led,) = service.direct(session, house.leader, document.id, steps.to_person(house)).tasks
    service.finish(session, house.specialist, led.id, "Xong")
    _other, unit = steps.forwarded(session, house)
    service.finish(session, house.head, unit.id, "Xong")
    leave(session, house)
    with transaction(session):
        house.unit.closed_at = clock.now()
    for task in (led, unit):
        with pytest.raises(following.Gone):
            service.reopen(session, house.leader, task.id, AGAIN)
        assert task.state is TaskState.DONE


def test_more_time_that_was_asked_for_is_forgotten_when_the_work_is_done(
    session: Session, house: House
) -> None:
    _document, working = steps.in_progress(session, house)
    assert working.due_on is not None
    service.ask_for_time(
        session, house.specialist, working.id, working.due_on + timedelta(days=3), "Xin thêm"
    )
    service.finish(session, house.specialist, working.id, "Xong")
    service.reopen(session, house.head, working.id, AGAIN)
    assert queries.to_extend(session, house.head) == []


def test_who_worked_for_his_unit_goes_on_when_he_is_named_himself(session: Session, house: House) -> None:
    document, working = steps.in_progress(session, house)
    service.report_progress(session, house.specialist, working.id, "Đã làm một nửa")
    direction = service.direct(session, house.leader, document.id, steps.to_person(house))
    assert (direction.tasks[0].state, direction.tasks[0].progress) == (TaskState.WORKING, "Đã làm một nửa")
    assert working.state is TaskState.WITHDRAWN


def test_of_two_tasks_that_become_one_the_further_one_counts(session: Session, house: House) -> None:
    document, task = steps.forwarded(session, house)
    _helper, post = mate(session, house)
    led, help_ = helped(session, house, task, post)
    service.open_task(session, house.specialist, led.id)
    service.report_progress(session, house.specialist, led.id, "Đã làm một nửa")
    with transaction(session):  # as when a post is handed over to who helped
        help_.assignment_id = led.assignment_id
    session.expire_all()
    named = house.posts[Role.SPECIALIST].id
    [new] = service.assign(session, house.head, task.id, named, None, "Làm tiếp").tasks
    assert (new.state, new.progress) == (TaskState.WORKING, "Đã làm một nửa")
    assert [one.id for one in queries.to_do(session, house.specialist)] == [new.id]
    assert document.state is State.IN_PROGRESS


def test_who_coordinates_keeps_his_own_deadline_unless_he_gets_another(
    session: Session, house: House
) -> None:
    document = steps.submitted(session, house)
    own, first = clock.today() + timedelta(days=3), steps.to_unit(house)
    office = Named(unit_id=house.office.id)
    service.direct(
        session, house.leader, document.id,
        steps.to_unit(house, coordinating=(Named(unit_id=house.office.id, due_on=own),)),
    )  # fmt: skip
    again = service.direct(session, house.leader, document.id, steps.to_unit(house, coordinating=(office,)))
    assert [task.due_on for task in again.tasks] == [first.due_on, own]
    for day in (own - timedelta(days=1), first.due_on):
        other = Named(unit_id=house.office.id, due_on=day)
        last = service.direct(session, house.leader, document.id, steps.to_unit(house, coordinating=(other,)))
        assert last.tasks[1].due_on == day, "also the one of who leads, when it is given"


def test_who_leads_has_the_documents_deadline_where_no_other_is_given(session: Session, house: House) -> None:
    document, working = steps.in_progress(session, house)
    for new in (
        steps.to_person(house, due_on=None),
        steps.to_unit(house, lead=Named(unit_id=house.office.id), due_on=None),
        steps.to_unit(
            house, coordinating=(Named(unit_id=house.office.id, due_on=clock.today() + timedelta(days=3)),)
        ),
        steps.to_unit(house, lead=Named(unit_id=house.office.id), due_on=None),
    ):
        direction = service.direct(session, house.leader, document.id, new)
        assert direction.tasks[0].due_on == document.due_on
    assert document.due_on == working.due_on


def test_a_deadline_that_is_over_stays_where_no_other_is_given(session: Session, house: House) -> None:
    document, task = steps.forwarded(session, house)
    due = task.due_on
    with clock.freeze(clock.now() + timedelta(days=9)):
        new = service.direct(session, house.leader, document.id, steps.to_unit(house, due_on=None))
    assert new.tasks[0].due_on == document.due_on == due


def test_the_form_offers_the_day_of_who_coordinate_where_they_have_one_in_common(
    session: Session, house: House, app: Flask
) -> None:
    document, own = steps.submitted(session, house), clock.today() + timedelta(days=3)
    other = Named(assignment_id=mate(session, house)[1])
    for named, offered in (
        ((Named(unit_id=house.office.id, due_on=own),), own),
        ((Named(unit_id=house.office.id, due_on=own), other), None),
        ((other,), None),
    ):
        direction = service.direct(
            session, house.leader, document.id, steps.to_unit(house, coordinating=named)
        )
        with app.test_request_context():
            form = DirectionForm(formdata=None)
            form.fill_from(direction)
        assert form.coordinating_due_on.data == offered


def test_what_lies_with_the_archive_is_neither_directed_nor_asked_again_nor_corrected(
    session: Session, house: House
) -> None:
    dossier = files.archived(session, house)
    [row] = dossiers.everything(session, dossier)
    led = session.scalars(
        sa.select(Task).where(Task.document_id == row.document_id, Task.assignment_id.is_not(None))
    ).one()
    for deed in (
        lambda: service.direct(session, house.leader, row.document_id, steps.to_unit(house)),
        lambda: service.reopen(session, house.head, led.id, AGAIN),
        lambda: correcting.correct(
            session,
            house.clerk,
            row.document_id,
            steps.entry(subject="Khác", accept_duplicate=True),
            "Sai sót",
        ),
    ):
        with pytest.raises(KeptInDossier):
            deed()
        session.rollback()
    assert led.state is TaskState.DONE


def test_a_paper_that_is_older_than_the_direction_on_the_screen_replaces_nothing_unseen(
    session: Session, house: House, app: Flask
) -> None:
    document, task = steps.forwarded(session, house)
    leader = house.posts[Role.LEADER].id
    with pytest.raises(DirectedMeanwhile):
        prepared.direct_on_paper(
            session, house.secretary, document.id, leader, steps.to_person(house), steps.scan(), seen=0
        )
    assert task.state is TaskState.NEW
    token = accounts.make_token(session, system_actor(), "a_leader", "test", ["*"])
    body = {"opinion": "Làm", "lead": {"unit_id": house.office.id}}
    for seen, status in ((0, 409), (task.direction_id, 201)):
        answer = app.test_client().post(
            f"/api/v1/incoming/{document.id}/directions",
            json=body | {"seen": seen}, headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status_code == status, answer.text


def test_a_direction_is_prepared_only_while_the_document_is_before_the_leader(
    session: Session, house: House, app: Flask
) -> None:
    document, _task = steps.in_progress(session, house)
    with pytest.raises(prepared.NotBeforeLeader):
        prepared.prepare(session, house.secretary, document.id, steps.to_unit(house))
    page = client_for(app, "a_secretary").get(f"/work/prepare/{document.id}").text
    assert "Trình lãnh đạo" not in page
