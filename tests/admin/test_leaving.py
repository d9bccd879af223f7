"""Somebody leaves or moves: nothing stays behind without an owner, and the rights change with the post."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.admin import leaving, people
from eoffice.admin.leaving import Leaving
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, NotFound
from eoffice.core.permissions import system_actor
from eoffice.directions import queries as directions
from eoffice.directions import service as directing
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory import operations as directory
from eoffice.directory import queries, service
from eoffice.directory.models import Assignment, Role, SigningForm
from eoffice.documents.permissions import DOCUMENT_READ, may_know
from eoffice.incoming import envelopes
from eoffice.incoming import queries as incoming_queries
from eoffice.incoming.envelopes import NewEnvelope
from eoffice.incoming.models import EnvelopeSign
from eoffice.incoming.states import State as In
from eoffice.outgoing import succession
from eoffice.outgoing.states import State as Out
from tests.factories import House, Province, province
from tests.home.made import incoming, outgoing
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _colleague(session: Session, house: House, role: Role, title: str, **where: object) -> Assignment:
    with transaction(session):
        person = directory.add_person(session, system_actor(), "Ngô Kế Nhiệm")
        return directory.assign(session, system_actor(), person, house.agency, role, title, **where)


@pytest.mark.slow
def test_requirement_50_who_leaves_is_locked_out_and_the_successor_has_the_work(
    app: Flask, session: Session, place: Province
) -> None:
    house, old = place.a, place.a.posts[Role.SPECIALIST]
    new = _colleague(session, house, Role.SPECIALIST, "Chuyên viên", unit=house.unit)
    letter = incoming(session, house, "cần làm", In.SUBMITTED)
    directing.direct(session, house.leader, letter.id, NewDirection("Làm", Named(assignment_id=old.id)))
    draft = outgoing(session, house, "dự thảo")
    sealed = envelopes.enter(session, house.clerk, NewEnvelope(EnvelopeSign.NAMED, "Tòa án", "", old.id))
    admin = client_for(app, "a_administrator")
    assert "Chuyên viên" in admin.get(f"/admin/people/posts/{old.id}/end").get_data(as_text=True)
    sent = {"last_day": f"{clock.today():%d/%m/%Y}", "to_id": "0", "role": "", "unit_id": "0"}
    refused = admin.post(f"/admin/people/posts/{old.id}/end", data=sent)
    assert refused.status_code == 422
    assert "nhận bàn giao" in refused.get_data(as_text=True)
    assert admin.post(f"/admin/people/posts/{old.id}/end", data=sent | {"to_id": new.id}).status_code == 303
    session.expire_all()
    follower = accounts.actor_in(None, new, [new])
    assert [task.document_id for task in directions.to_do(session, follower)] == [letter.id]
    assert (draft.drafter_id, sealed.to_id) == (new.id, new.id)
    assert all(may_know(follower, DOCUMENT_READ, one) for one in (letter, draft))
    assert old.valid_to == clock.today()
    # the day counts whole; on the next one the account is closed and its person comes in no more
    assert client_for(app, "a_specialist").get("/").status_code == 200
    with clock.freeze(clock.now() + timedelta(days=1)):
        assert accounts.close_unused(session, system_actor()) == 1
    assert session.scalars(sa.select(User.active).where(User.username == "a_specialist")).one() is False


def test_what_waits_for_a_leader_goes_to_a_leader_and_what_he_was_to_sign_goes_back(
    session: Session, place: Province
) -> None:
    house, old = place.a, place.a.posts[Role.LEADER]
    letter = incoming(session, house, "chờ chỉ đạo", In.SUBMITTED, submitted_to_id=old.id)
    draft = outgoing(session, house, "chờ ký", Out.SIGNATURE)
    signed = outgoing(session, house, "đã ký", Out.NUMBERING)
    head = house.posts[Role.UNIT_HEAD]
    tomorrow = clock.now() + timedelta(days=30)
    given = service.delegate(
        session, house.leader,
        service.NewDelegation(head.id, SigningForm.TUQ, clock.now(), tomorrow, "QĐ 1 ngày 1/1/2026", ("CV",)),
    )  # fmt: skip
    with pytest.raises(AppError, match="Choose a leader"):
        leaving.end(session, house.admin, old.id, Leaving(clock.today(), head.id))
    assert old.valid_to is None, "all or nothing"
    new = _colleague(session, house, Role.LEADER, "Phó Giám đốc", authority="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC")
    left = leaving.end(session, house.admin, old.id, Leaving(clock.today(), new.id))
    assert (left.to_direct, left.to_sign) == (1, 1)
    assert [one.id for one in incoming_queries.to_direct(session, accounts.actor_in(None, new, [new]))] == [
        letter.id
    ]
    assert (draft.state, draft.reason) == (Out.SENT_BACK, succession.SIGNER_LEFT)
    assert signed.state is Out.NUMBERING
    end_of_day = clock.day_start(clock.today() + timedelta(days=1))
    assert given.revoked_at == end_of_day, "the last day counts whole, for what was delegated, too"
    assert house.posts[Role.SECRETARY].assists_id in (None, new.id)


def test_a_direction_still_names_whom_the_leader_named_after_he_has_left(
    app: Flask, session: Session, place: Province
) -> None:
    house, old = place.a, place.a.posts[Role.SPECIALIST]
    letter = incoming(session, house, "cần làm", In.SUBMITTED)
    directing.direct(session, house.leader, letter.id, NewDirection("Làm", Named(assignment_id=old.id)))
    first = _colleague(session, house, Role.SPECIALIST, "Chuyên viên", unit=house.unit)
    second = _colleague(session, house, Role.SPECIALIST, "Chuyên viên chính", unit=house.unit)
    for leaving_post, to in ((old, first), (first, second)):
        with transaction(session):
            leaving._hand_on(session, house.admin, leaving_post, to)
    [task] = directions.of_document(session, letter)[0].tasks
    assert task.assignment_id == second.id
    page = client_for(app, "a_leader").get(f"/incoming/{letter.id}").text
    assert f"{old.label} (đã bàn giao cho {second.label})" in page


def test_nobody_is_offered_as_a_successor_who_would_be_refused(
    app: Flask, session: Session, place: Province
) -> None:
    house, old = place.a, place.a.posts[Role.SPECIALIST]
    assert house.posts[Role.ADMINISTRATOR] in leaving.successors(session, old), "nothing is open"
    letter = incoming(session, house, "cần làm", In.SUBMITTED)
    directing.direct(session, house.leader, letter.id, NewDirection("Làm", Named(assignment_id=old.id)))
    outgoing(session, house, "dự thảo")
    offered = leaving.successors(session, old)
    assert offered[0].role is Role.UNIT_HEAD, "of the same unit"
    assert not {Role.ADMINISTRATOR, Role.CLERK} & {one.role for one in offered}
    page = client_for(app, "a_administrator").get(f"/admin/people/posts/{old.id}/end").get_data(as_text=True)
    found = re.search(r'<select[^>]* name="to_id".*?</select>', page, re.DOTALL)
    assert found
    assert house.posts[Role.ADMINISTRATOR].person.full_name not in found[0]
    for one in offered:
        with transaction(session):
            leaving._hand_on(session, house.admin, old, one)
            session.rollback()


def test_what_waits_for_a_leader_is_offered_to_leaders_only(
    app: Flask, session: Session, place: Province
) -> None:
    house, old = place.a, place.a.posts[Role.LEADER]
    incoming(session, house, "chờ chỉ đạo", In.SUBMITTED, submitted_to_id=old.id)
    assert leaving.successors(session, old) == []
    admin = client_for(app, "a_administrator")
    page = admin.get(f"/admin/people/posts/{old.id}/end").get_data(as_text=True)
    assert "Không có ai tại đây tiếp nhận được" in page
    new = _colleague(session, house, Role.LEADER, "Phó Giám đốc", authority="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC")
    assert leaving.successors(session, old) == [new]


def test_who_moves_holds_the_new_post_from_the_next_day(session: Session, place: Province) -> None:
    house, old = place.a, place.a.posts[Role.UNIT_HEAD]
    decided = Leaving(
        clock.today(), None, Role.CHIEF_OF_OFFICE, house.office.id, "Chánh Văn phòng", unheaded=True
    )
    leaving.end(session, house.admin, old.id, decided)
    assert [post.role for post in queries.assignments_of(session, old.person_id)] == [Role.UNIT_HEAD]
    with clock.freeze(clock.now() + timedelta(days=1)):
        assert [post.role for post in queries.assignments_of(session, old.person_id)] == [
            Role.CHIEF_OF_OFFICE
        ]
        assert accounts.close_unused(session, system_actor()) == 0


def test_a_post_ends_once_in_ones_own_agency_and_never_the_last_administrators(
    session: Session, place: Province
) -> None:
    other = place.b.posts[Role.SPECIALIST]
    with pytest.raises(NotFound):
        leaving.end(session, place.a.admin, other.id, Leaving(clock.today()))
    with pytest.raises(leaving.LastAdministrator):
        leaving.end(session, place.a.admin, place.a.posts[Role.ADMINISTRATOR].id, Leaving(clock.today()))
    with pytest.raises(leaving.WrongLastDay):
        leaving.end(session, place.b.admin, other.id, Leaving(date(2020, 1, 1)))
    with pytest.raises(leaving.WrongSuccessor):
        leaving.end(
            session, place.b.admin, other.id, Leaving(clock.today(), place.a.posts[Role.SPECIALIST].id)
        )


def test_requirement_46_an_account_unused_for_45_days_closes_until_a_one_time_password(
    session: Session, place: Province
) -> None:
    user = place.a.users[Role.CLERK]
    with transaction(session):
        user.last_sign_in_at = clock.now() - timedelta(days=46)
    assert accounts.close_unused(session, system_actor()) == 1
    with pytest.raises(accounts.WrongPassword):
        accounts.sign_in(session, user.username, "Mat-khau-thu-2026")
    told = people.renew_password(session, place.a.admin, user.person_id)
    assert accounts.close_unused(session, system_actor()) == 0
    assert accounts.sign_in(session, user.username, told.password).must_change


def test_who_ends_the_post_of_a_units_only_head_is_told_what_waits_for_a_head(
    app: Flask, session: Session, place: Province
) -> None:
    house, post = place.a, place.a.posts[Role.UNIT_HEAD]
    draft = outgoing(session, house, "dự thảo chờ duyệt", Out.APPROVAL)
    letter = incoming(session, house, "cần làm", In.SUBMITTED)
    directing.direct(session, house.leader, letter.id, NewDirection("Làm", Named(unit_id=house.unit.id)))
    admin, address = client_for(app, "a_administrator"), f"/admin/people/posts/{post.id}/end"
    page = admin.get(address).get_data(as_text=True)
    assert f"{house.unit.name} không có người đứng đầu nào khác" in page
    found = leaving.left_open(session, post)
    assert (found.unheaded, found.approvals, found.unit_work) == (house.unit, 1, 1)
    sent = {"last_day": f"{clock.today():%d/%m/%Y}", "to_id": "0", "role": "", "unit_id": "0"}
    refused = admin.post(address, data=sent)
    assert (refused.status_code, "không còn người đứng đầu" in refused.get_data(as_text=True)) == (422, True)
    told = admin.post(address, data=sent | {"unheaded": "y"}, follow_redirects=True).get_data(as_text=True)
    assert "1 dự thảo và 1 việc chờ ở đó" in told
    with clock.freeze(clock.now() + timedelta(days=1)):
        shown = client_for(app, "a_clerk").get(f"/outgoing/{draft.id}").get_data(as_text=True)
        assert f"chưa có ai, vì {house.unit.name} chưa có người đứng đầu" in shown


def test_another_head_or_the_same_person_in_another_post_there_keeps_a_unit_headed(
    session: Session, place: Province
) -> None:
    house, post = place.a, place.a.posts[Role.UNIT_HEAD]
    moves = Leaving(clock.today(), role=Role.UNIT_HEAD, unit_id=house.unit.id, title="Trưởng phòng")
    assert leaving.end(session, house.admin, post.id, moves).unheaded is house.unit
    other = _colleague(session, house, Role.UNIT_HEAD, "Phó Trưởng phòng", unit=house.unit)
    session.expire_all()
    assert leaving.left_open(session, other).unheaded is None, "the one to come counts"
