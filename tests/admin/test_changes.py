"""Who may read changes only under the eyes of somebody competent (Decree 30/2020, Appendix VI, I-III.3.c)."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.admin import changes
from eoffice.core import access, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden
from eoffice.core.permissions import system_actor
from eoffice.directions import operations as directions
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory import absences
from eoffice.directory import operations as directory
from eoffice.directory import service as delegations
from eoffice.directory.models import Role, SigningForm
from eoffice.documents import operations as documents
from eoffice.documents import rights
from tests.factories import House, province
from tests.home.made import incoming
from tests.web import client_for

pytestmark = pytest.mark.postgres


def _confirm_all(session: Session, house: House) -> None:
    """The head and the chief of office, each what concerns him least."""
    for actor in (house.chief, house.leader):
        lines = changes.waiting(session, actor).lines
        if found := [one.entry_id for one in lines if not one.instead]:
            rights.confirm(session, actor, found)
    assert not access.count(session, house.leader)


@pytest.fixture
def house(session: Session) -> House:
    """An agency whose head has looked at who got which post."""
    place = province(session)
    _confirm_all(session, place.a)
    return place.a


def _changes(session: Session, house: House) -> None:
    """One change of every sort, made by whoever makes it."""
    document = incoming(session, house, "có người xem thêm")
    with transaction(session):
        person = directory.add_person(session, house.admin, "Mai Văn Mới")
        post = directory.assign(
            session, house.admin, person, house.agency, Role.SPECIALIST, "Chuyên viên", unit=house.unit
        )
        documents.give_access(session, house.clerk, document, unit_ids=[house.unit.id])
        documents.give_access(
            session, house.head, document, person_ids=[person.id]
        )  # reads it in his unit already
        directory.end_post(session, house.admin, post, clock.today() + timedelta(days=1))
    delegations.delegate(
        session,
        house.leader,
        delegations.NewDelegation(
            house.posts[Role.CHIEF_OF_OFFICE].id, SigningForm.TUQ, clock.now(), clock.now() + timedelta(days=2),
            "Quyết định số 5/QĐ-SNNMT", ("CV",),
        ),
    )  # fmt: skip
    absences.record(
        session,
        house.specialist,
        absences.NewAbsence(
            house.posts[Role.SPECIALIST].id, house.posts[Role.UNIT_HEAD].id, clock.today(), clock.today()
        ),
    )
    accounts.make_token(session, system_actor(), "a_clerk", "Một cửa", ["document:read"], 30)


@pytest.mark.slow
def test_requirement_37_each_change_of_rights_is_warned_of_until_somebody_competent_confirms_it(
    session: Session, app: Flask, house: House
) -> None:
    _changes(session, house)
    leader, chief = client_for(app, "a_leader"), client_for(app, "a_chief_of_office")
    desk = chief.get("/").get_data(as_text=True)
    assert "/access-changes" in desk
    assert access.count(session, house.chief) == 6
    page = chief.get("/access-changes").get_data(as_text=True)
    for said in ("Mai Văn Mới", "Phòng Kế hoạch - Tài chính", "Chánh Văn phòng", "Một cửa", house.clerk.name):
        assert said in page
    assert client_for(app, "b_leader").get("/access-changes").get_data(as_text=True).count("Mai Văn Mới") == 0
    assert client_for(app, "a_administrator").get("/access-changes").status_code == 403
    first = access.waiting(session, house.leader, 1)[0].entry_id
    assert leader.post("/access-changes", data={"entry": first}).status_code == 303
    late = chief.post("/access-changes", data={"entry": first})
    assert late.status_code == 409
    assert house.leader.name in late.get_data(as_text=True), "the second one reads who was faster"
    session.expire_all()
    _confirm_all(session, house)
    assert "/access-changes" not in leader.get("/").get_data(as_text=True).split("<main")[1]


def test_who_made_a_change_or_gains_by_it_confirms_it_only_when_nobody_else_can(
    session: Session, house: House
) -> None:
    with transaction(session):
        person = directory.add_person(session, house.admin, "Lê Văn Phó")
        deputy = directory.assign(session, house.admin, person, house.agency, Role.LEADER, "Phó Giám đốc")
    _changes(session, house)
    (delegated,) = (
        one for one in access.waiting(session, house.leader, 50) if one.made_by == house.leader.person_id
    )
    for concerned in (house.leader, house.chief):
        with pytest.raises(rights.OwnChange, match="Lê Văn Phó"):
            rights.confirm(session, concerned, [delegated.entry_id])
    with pytest.raises(Forbidden):
        rights.confirm(session, house.admin, [delegated.entry_id])
    with transaction(session):
        directory.end_post(session, house.admin, deputy, clock.today() - timedelta(days=1))
    with pytest.raises(rights.OwnChange, match=house.leader.name):
        rights.confirm(session, house.chief, [delegated.entry_id])
    assert rights.confirm(session, house.leader, [delegated.entry_id]) == 1


def test_a_leaders_direction_is_the_word_of_somebody_competent(session: Session, house: House) -> None:
    document = incoming(session, house, "chỉ đạo")
    new = NewDirection("Xử lý", Named(unit_id=house.unit.id), due_on=date.max)
    with transaction(session):
        directions.give(session, house.leader, document, new)
    assert access.count(session, house.leader) == 0
    with transaction(session):
        directions.inform(session, house.clerk, document, [Named(unit_id=house.office.id)], "Để biết")
    (line,) = changes.waiting(session, house.leader).lines
    assert (line.who.split(",")[0], line.of) == (house.clerk.name, document)
    assert line.told == "Văn phòng"
