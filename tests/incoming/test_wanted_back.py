"""While the sender asks for a document, everybody sees it and nobody is given the document (Article 18.4)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import new_session, transaction
from eoffice.directions import service as directions
from eoffice.directions.operations import Named
from eoffice.directory.models import Role
from eoffice.dossiers.models import Dossier, DossierDocument, LegalHold
from eoffice.dossiers.states import State as Archived
from eoffice.gateway import changes
from eoffice.gateway.changes import WantedBack
from eoffice.gateway.models import Arrival, Asked
from eoffice.incoming import passing, prepared, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.passing import Onward
from tests.dossiers import files
from tests.factories import House, province
from tests.incoming import steps
from tests.incoming.test_axis import arrive
from tests.locks import somebody_waits
from tests.web import MOST, client_for, counted

MARK = "Có yêu cầu thu hồi"
REFUSAL = "Văn thư trả lời yêu cầu đó trước"


@pytest.fixture
def house(session: Session) -> House:
    return province(session).a


def submitted(session: Session, house: House) -> IncomingDocument:
    """From the axis, before the leader."""
    document = arrive(session, house)
    leader = house.posts[Role.LEADER].id
    return service.register(
        session, house.clerk, document.id, steps.entry(submit_to_id=leader, accept_duplicate=True)
    )


def ask(session: Session, document: IncomingDocument, kind: Asked = Asked.RECALL) -> None:
    """The sender asks something of it."""
    arrival = session.scalars(sa.select(Arrival).where(Arrival.document_id == document.id)).one()
    with transaction(session):
        changes.asked_of_us(session, arrival, kind, "Ban hành nhầm", arrival.packet_id, clock.now())


def test_a_leader_reads_of_the_request_before_he_directs_and_is_refused_until_the_clerk_has_answered(
    session: Session, app: Flask, house: House
) -> None:
    document = submitted(session, house)
    number = document.id
    leader = client_for(app, "a_leader")
    typed = {"opinion": "Tham mưu trả lời", "lead": Named(unit_id=house.unit.id).mark}
    ask(session, document)
    with counted() as sent:
        page = leader.get(f"/work/direct/{number}").get_data(as_text=True)
    assert len(sent) <= MOST, sent
    assert "Ban hành nhầm" in page
    assert MARK in page
    assert 'name="opinion"' not in page, "no form that leads nowhere"
    refused = leader.post(f"/work/direct/{number}", data=typed)
    assert refused.status_code == 409
    assert REFUSAL in refused.get_data(as_text=True)
    assert "Tham mưu trả lời" in refused.get_data(as_text=True), "what was typed is not lost"
    service.answer_sender(session, house.clerk, number, agree=True, note="")
    assert MARK not in leader.get(f"/incoming/{number}").get_data(as_text=True)


def test_who_was_charged_with_it_sees_the_request_in_his_list_and_on_its_page(
    session: Session, app: Flask, house: House
) -> None:
    document = submitted(session, house)
    directions.direct(session, house.leader, document.id, steps.to_person(house))
    specialist, clerk = client_for(app, "a_specialist"), client_for(app, "a_clerk")
    assert MARK not in specialist.get("/work/tasks").get_data(as_text=True)
    ask(session, document)
    for address in (
        "/",
        "/work/tasks",
        f"/incoming/{document.id}",
        "/incoming",
        f"/incoming/{document.id}/preview",
    ):
        assert MARK in specialist.get(address).get_data(as_text=True), address
    with counted() as sent:
        page = clerk.get("/incoming").get_data(as_text=True)
    assert len(sent) <= MOST, sent
    assert MARK in page
    page = clerk.get(f"/incoming/{document.id}").get_data(as_text=True)
    assert "/pass-on" not in page
    assert "văn thư trả lời nơi gửi" in page


def test_while_the_sender_asks_for_it_nobody_is_given_the_document(session: Session, house: House) -> None:
    document = submitted(session, house)
    given = directions.direct(session, house.leader, document.id, steps.to_unit(house))
    ask(session, document, Asked.TAKE_BACK)
    post = house.posts[Role.SPECIALIST].id
    for attempt in (
        lambda: directions.direct(session, house.leader, document.id, steps.to_unit(house)),
        lambda: directions.assign(session, house.head, given.tasks[0].id, post, None, "Đồng chí làm"),
        lambda: prepared.prepare(session, house.secretary, document.id, steps.to_unit(house)),
        lambda: passing.pass_on(session, house.clerk, document.id, Onward([Named(unit_id=house.office.id)])),
        lambda: passing.pass_on(session, house.clerk, document.id, Onward(agencies=("H01.900",))),
    ):
        with pytest.raises(WantedBack):
            attempt()
        session.rollback()
    other = submitted(session, house)
    ask(session, other, Asked.TAKE_BACK)
    with pytest.raises(WantedBack):
        service.submit(session, house.clerk, other.id, house.posts[Role.LEADER].id)
    session.rollback()
    service.answer_sender(session, house.clerk, other.id, agree=False, note="Đã xử lý xong")
    service.submit(session, house.clerk, other.id, house.posts[Role.LEADER].id)


def test_a_document_that_another_one_is_to_replace_can_still_be_worked_on(
    session: Session, app: Flask, house: House
) -> None:
    document = submitted(session, house)
    ask(session, document, Asked.REPLACE)
    page = client_for(app, "a_leader").get(f"/work/direct/{document.id}").get_data(as_text=True)
    assert "Ban hành nhầm" in page
    directions.direct(session, house.leader, document.id, steps.to_unit(house))


def _filed(session: Session, house: House) -> tuple[IncomingDocument, Dossier]:
    """A document in a dossier that is at the archive, where alone holds are placed."""
    document, dossier = submitted(session, house), files.opened(session, house)
    with transaction(session):
        session.add(
            DossierDocument(
                agency_id=house.agency.id, dossier_id=dossier.id, document_id=document.id, ordinal=1,
                filed_at=clock.now(), filed_by="",
            )
        )  # fmt: skip
        session.execute(sa.update(Dossier).values(state=Archived.ARCHIVED, archived_at=clock.now()))
    return document, dossier


def _hold(dossier: Dossier) -> LegalHold:
    return LegalHold(
        agency_id=dossier.agency_id, dossier_id=dossier.id, reason="Cơ quan điều tra yêu cầu",
        placed_at=clock.now(), placed_by="",
    )  # fmt: skip


def test_what_a_hold_protects_is_not_destroyed_though_its_sender_recalls_it(
    session: Session, app: Flask, house: House
) -> None:
    document, dossier = _filed(session, house)
    with transaction(session):
        session.add(_hold(dossier))
    ask(session, document)
    refused = client_for(app, "a_clerk").post(f"/incoming/{document.id}/answer", data={"agree": "1"})
    assert refused.status_code == 409
    assert "Cơ quan điều tra yêu cầu" in refused.text
    session.expire_all()
    assert all(one.destroyed_at is None for one in document.files)
    with transaction(session):
        session.execute(sa.update(LegalHold).values(lifted_at=clock.now()))
    service.answer_sender(session, house.clerk, document.id, agree=True, note="")
    session.expire_all()
    assert all(one.destroyed_at for one in document.files)


def test_a_hold_that_is_placed_while_the_clerk_answers_protects_all_the_same(
    session: Session, house: House, worker_database: str
) -> None:
    document, dossier = _filed(session, house)
    ask(session, document)

    def answer() -> None:
        with new_session(worker_database) as other:
            service.answer_sender(other, house.clerk, document.id, agree=True, note="")

    with ThreadPoolExecutor(1) as clerk, transaction(session):
        session.execute(sa.select(Dossier.id).with_for_update())  # as the archivist does first
        answered = clerk.submit(answer)
        somebody_waits(session)
        session.add(_hold(dossier))
        session.commit()
        with pytest.raises(service.OnHold):
            answered.result(timeout=10)
    session.expire_all()
    assert all(file.is_open for file in document.files)
