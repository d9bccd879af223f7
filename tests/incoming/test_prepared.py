"""A secretary types, the leader decides: by confirming, or by his hand on the paper."""

import io

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.audit import history
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, InvalidTransition, NotFound
from eoffice.directions import queries as directions
from eoffice.directions.operations import NoLead
from eoffice.directory.models import Role
from eoffice.incoming import prepared, queries
from eoffice.incoming.states import State
from tests.factories import Province, province
from tests.incoming import steps
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


@pytest.mark.slow
def test_what_is_prepared_charges_nobody_until_the_leader_sends_it(
    app: Flask, session: Session, place: Province
) -> None:
    house, document = place.a, steps.submitted(session, place.a)
    secretary = client_for(app, "a_secretary")
    assert f"/work/prepare/{document.id}" in secretary.get("/work/prepare").get_data(as_text=True)
    sent = {"opinion": "Giao phòng tham mưu", "lead": f"u{house.unit.id}", "due_on": "", "leader_id": "0"}
    assert secretary.post(f"/work/prepare/{document.id}", data=sent | {"opinion": ""}).status_code == 422
    assert secretary.post(f"/work/prepare/{document.id}", data=sent).status_code == 303
    session.refresh(document)
    assert document.state is State.SUBMITTED
    assert directions.of_document(session, document) == []
    assert queries.count_to_prepare(session, house.secretary) == {"prepare": 0}

    leader = client_for(app, "a_leader")
    page = leader.get(f"/work/direct/{document.id}").get_data(as_text=True)
    assert "Giao phòng tham mưu" in page
    assert "chuẩn bị" in page
    decided = {"opinion": "Giao phòng tham mưu, xong trong tuần", "lead": f"u{house.unit.id}"}
    assert leader.post(f"/work/direct/{document.id}", data=decided).status_code == 303
    session.expire_all()
    (direction,) = directions.of_document(session, document)
    assert (direction.by_name, direction.typed_by) == (house.leader.name, "")
    assert direction.opinion.endswith("trong tuần")
    assert document.prepared is None
    told = [(entry.action, entry.actor.partition(",")[0]) for entry in history(session, document)]
    assert ("incoming.direction_prepared", house.secretary.name) in told
    assert ("directions.given", house.leader.name) in told


def test_the_leaders_hand_on_the_paper_binds_at_once_with_its_scan_and_both_names(
    app: Flask, session: Session, place: Province
) -> None:
    house, document = place.a, steps.submitted(session, place.a)
    secretary = client_for(app, "a_secretary")
    leader = house.posts[Role.LEADER]
    sent = {"opinion": "Đồng ý", "lead": f"u{house.unit.id}", "leader_id": leader.id, "paper": "1"}
    refused = secretary.post(f"/work/prepare/{document.id}", data=sent)
    assert refused.status_code == 422
    assert "bút phê" in refused.get_data(as_text=True)
    data = sent | {"scan": (io.BytesIO(steps.pdf()), "but phe.pdf")}
    answer = secretary.post(f"/work/prepare/{document.id}", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303
    session.expire_all()
    (direction,) = directions.of_document(session, document)
    assert (direction.by_name, direction.typed_by) == (leader.person.full_name, house.secretary.name)
    assert document.state is State.FORWARDED
    page = secretary.get(f"/incoming/{document.id}").get_data(as_text=True)
    assert f"/files/{direction.scan_id}" in page
    assert house.secretary.name in page


def test_a_secretary_speaks_for_the_leader_he_assists_only(session: Session, place: Province) -> None:
    house, document = place.a, steps.submitted(session, place.a)
    with transaction(session):
        house.posts[Role.SECRETARY].assists_id = place.b.posts[Role.LEADER].id
    leader = house.posts[Role.LEADER].id
    with pytest.raises(prepared.WrongLeader):
        prepared.direct_on_paper(
            session, house.secretary, document.id, leader, steps.to_unit(house), steps.scan()
        )
    assert queries.queue(session, house.secretary, preparing=True).waiting == []


def test_preparing_is_refused_where_it_is_not_ones_own_or_not_now(session: Session, place: Province) -> None:
    house, document = place.a, steps.submitted(session, place.a)
    with pytest.raises(Forbidden):
        prepared.prepare(session, house.clerk, document.id, steps.to_unit(house))
    with pytest.raises(NotFound):
        prepared.prepare(session, place.b.secretary, document.id, steps.to_unit(place.b))
    with pytest.raises(NoLead):
        prepared.prepare(session, house.secretary, document.id, steps.to_unit(house, lead=None))
    done = steps.registered(session, house)  # before no leader yet
    with pytest.raises(InvalidTransition):
        prepared.prepare(session, house.secretary, done.id, steps.to_unit(house))
