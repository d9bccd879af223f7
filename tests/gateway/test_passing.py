"""What came in goes on to another agency with its own bytes, and its sender's recall follows it."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directions import queries as directions
from eoffice.directions.operations import Named
from eoffice.directory import operations as directory
from eoffice.documents import groups
from eoffice.documents.groups import NewGroup
from eoffice.documents.models import FileRole
from eoffice.gateway import changes, queries
from eoffice.gateway.models import Answer, Asked, Dispatch, DispatchState, Hop
from eoffice.incoming import passing, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.passing import Onward
from eoffice.incoming.states import State
from exchange.client import AxisClient
from exchange.model import Business, BusinessKind, MessageKind
from tests.exchanging import exchange, receive, send
from tests.factories import Province
from tests.gateway.test_changes import _came, _from_ministry, _register, _send, place
from tests.incoming import steps
from tests.web import MOST, client_for, counted

__all__ = ["place"]
pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.usefixtures("no_checks")]
TO_B = Onward(agencies=("H01.05",))


@pytest.fixture
def came(session: Session, place: Province, theirs: AxisClient, tmp_path: Path) -> IncomingDocument:
    """Registered at A, sent by the ministry."""
    with transaction(session):
        directory.save_agency(session, system_actor(), "G09", "Bộ Nội vụ", on_axis=True)
    _send(theirs, _from_ministry(tmp_path))
    receive(session)
    document = _came(session, place.a)
    _register(session, place.a, document)
    return document


def _recall(session: Session, theirs: AxisClient, document: IncomingDocument, folder: Path) -> None:
    business = Business(BusinessKind.RECALL, "Ban hành nhầm", document.document_uid)
    _send(theirs, _from_ministry(folder, int(document.code_number), business=business))
    receive(session)


def test_requirement_28_what_was_passed_on_is_followed_and_recalled_with_its_source(
    session: Session, app: Flask, place: Province, came: IncomingDocument, theirs: AxisClient, tmp_path: Path
) -> None:
    token = accounts.make_token(session, system_actor(), "a_clerk", "test", ["*"])
    program, head = app.test_client(), {"Authorization": f"Bearer {token}"}
    here = f"/api/v1/incoming/{came.id}"
    assert program.post(f"{here}/pass-on", json={"agencies": ["H01.05"]}, headers=head).status_code == 200
    exchange(session)
    (copy,) = program.get(f"{here}/copies", headers=head).get_json()["copies"]
    assert (copy["recipient_code"], copy["hop"]) == ("H01.05", "arrived")
    for address in ("recall", f"copies/{copy['id']}/take-back"):
        answer = program.post(f"{here}/{address}", json={"reason": ""}, headers=head)
        assert (answer.status_code, answer.get_json()["field"]) == (422, "reason")
    there = _came(session, place.b)
    assert (there.issuer_code, there.issuer_name, there.code) == ("G09", "Bộ Nội vụ", came.code)
    assert [file.sha256 for file in there.files] == [file.sha256 for file in came.files]
    page = client_for(app, "b_clerk").get(f"/incoming/{there.id}").get_data(as_text=True)
    assert "Sở Nông nghiệp và Môi trường" in page, "who passed it on"
    _register(session, place.b, there)
    exchange(session)
    web, number = client_for(app, "a_clerk"), came.id
    with counted() as sent:
        assert web.get(f"/incoming/{number}").status_code == 200
    assert "Tiếp nhận" in web.get(f"/incoming/{came.id}/passed-on").get_data(as_text=True)
    assert len(sent) <= MOST, [" ".join(q.split())[-200:] for q in sent]
    unsaid = web.post(f"/incoming/{number}/recall", data={"copy": "", "reason": "Gửi nhầm nơi nhận"})
    assert unsaid.status_code == 422
    assert "Gửi nhầm nơi nhận</textarea>" in unsaid.get_data(as_text=True), "what was typed is not lost"
    _recall(session, theirs, came, tmp_path)
    service.answer_sender(session, place.a.clerk, came.id, agree=True, note="")
    exchange(session)
    (asked,) = queries.open_requests(session, there)
    assert asked.reason == "Ban hành nhầm"
    service.answer_sender(session, place.b.clerk, there.id, agree=True, note="Đã hủy")
    exchange(session)
    (copy,) = queries.deliveries_of(session, came)
    assert (copy.hop, copy.requests[-1].answer, there.state) == (
        Hop.WITHDRAWN,
        Answer.AGREED,
        State.WITHDRAWN,
    )


def test_a_recall_goes_on_at_once_to_whom_it_was_passed_on_to_and_is_told_once(
    session: Session, place: Province, came: IncomingDocument, theirs: AxisClient, tmp_path: Path
) -> None:
    passing.pass_on(session, place.a.clerk, came.id, TO_B)
    exchange(session)
    there = _came(session, place.b)
    _register(session, place.b, there)
    _recall(session, theirs, came, tmp_path)
    exchange(session)
    assert came.state is State.SUBMITTED, "the agency between has not answered yet"
    (asked,) = queries.open_requests(session, there)
    assert (asked.kind, asked.reason) == (Asked.RECALL, "Ban hành nhầm")
    service.answer_sender(session, place.a.clerk, came.id, agree=True, note="")
    exchange(session)
    assert len(queries.requests_of(session, there)) == 1
    service.answer_sender(session, place.b.clerk, there.id, agree=True, note="Đã hủy")
    exchange(session)
    (copy,) = queries.deliveries_of(session, came)
    assert (copy.hop, came.state, there.state) == (Hop.WITHDRAWN, State.WITHDRAWN, State.WITHDRAWN)


def test_what_was_leaving_when_its_source_was_recalled_is_recalled_before_the_clerk_has_answered(
    session: Session, place: Province, came: IncomingDocument, theirs: AxisClient, tmp_path: Path
) -> None:
    passing.pass_on(session, place.a.clerk, came.id, TO_B)
    with transaction(session):  # a sender has claimed it and not settled it yet
        (copy,) = queries.deliveries_of(session, came)
        copy.dispatch.held_until = clock.now() + timedelta(hours=1)
    _recall(session, theirs, came, tmp_path)
    with transaction(session):
        copy.dispatch.held_until = None
    send(session)
    recall = queries.recall_of(session, came)
    assert isinstance(recall, Dispatch)
    assert (recall.reason, came.state) == ("Ban hành nhầm", State.SUBMITTED)


def test_whom_it_was_passed_on_to_keeps_it_until_the_agency_between_agrees_to_give_it_back(
    session: Session, app: Flask, place: Province, came: IncomingDocument
) -> None:
    page = client_for(app, "a_clerk").get(f"/incoming/{came.id}/pass-on").get_data(as_text=True)
    assert "sau khi cơ quan bạn đồng ý" in page
    passing.pass_on(session, place.a.clerk, came.id, TO_B)
    exchange(session)
    there = _came(session, place.b)
    _register(session, place.b, there)
    arrival = queries.arrival_of(session, came)
    assert arrival is not None
    with transaction(session):
        changes.asked_of_us(session, arrival, Asked.TAKE_BACK, "Gửi nhầm", arrival.packet_id, clock.now())
    exchange(session)
    assert queries.requests_of(session, there) == []
    service.answer_sender(session, place.a.clerk, came.id, agree=True, note="")
    exchange(session)
    assert [one.reason for one in queries.open_requests(session, there)] == ["Gửi nhầm"]


def test_what_has_not_left_when_its_source_is_recalled_never_leaves(
    session: Session, place: Province, came: IncomingDocument, theirs: AxisClient, tmp_path: Path
) -> None:
    passing.pass_on(session, place.a.clerk, came.id, TO_B)
    _recall(session, theirs, came, tmp_path)
    service.answer_sender(session, place.a.clerk, came.id, agree=True, note="")
    send(session)
    (copy,) = queries.deliveries_of(session, came)
    assert (copy.hop, copy.dispatch.state) == (Hop.FAILED, DispatchState.FAILED)


def test_what_was_leaving_when_its_source_was_recalled_is_recalled_once_the_axis_has_it(
    session: Session, place: Province, came: IncomingDocument, theirs: AxisClient, tmp_path: Path
) -> None:
    passing.pass_on(session, place.a.clerk, came.id, TO_B)
    with transaction(session):  # the recall overtakes it: no sender has settled it yet
        (copy,) = queries.deliveries_of(session, came)
        came.state, came.reason = State.WITHDRAWN, "Ban hành nhầm"
    send(session)
    recall = queries.recall_of(session, came)
    assert isinstance(recall, Dispatch)
    assert recall.reason == "Ban hành nhầm"
    for _kind in (MessageKind.DOCUMENT, MessageKind.STATUS):
        exchange(session)
    session.refresh(copy)
    assert (copy.hop, _came(session, place.b).state) == (Hop.WITHDRAWN, State.WITHDRAWN)


def test_whom_a_document_is_passed_on_to(
    session: Session, app: Flask, place: Province, came: IncomingDocument
) -> None:
    clerk, unit = place.a.clerk, place.a.unit
    with transaction(session):
        place.outside.on_axis = False
    for agencies, refusal in (
        ((), passing.ToNobody), (("G09",), passing.HasIt), (("H01.12",), passing.HasIt),
        (("H01.900",), passing.NotOnAxis),
    ):  # fmt: skip
        with pytest.raises(refusal):
            passing.pass_on(session, clerk, came.id, Onward(agencies=agencies))
    web = client_for(app, "a_clerk")
    address = f"/incoming/{came.id}/pass-on"
    assert address in web.get(f"/incoming/{came.id}").get_data(as_text=True)
    assert unit.name in web.get(address).get_data(as_text=True)
    mark = Named(unit_id=unit.id).mark
    refused = web.post(
        address, data={"named": mark, "recipient1": "Bộ Nội vụ", "words": "Để biết, lưu ý hạn"}
    )
    assert refused.status_code == 422
    assert "Để biết, lưu ý hạn" in refused.get_data(as_text=True)
    groups.save(session, clerk, NewGroup("Nhóm tài chính", codes=("H01.05",)))
    assert web.post(address, data={"named": mark, "recipient1": "Nhóm tài chính"}).status_code == 303
    assert [copy.recipient_code for copy in queries.deliveries_of(session, came)] == ["H01.05"]
    (direction,) = directions.of_document(session, came)
    assert (direction.opinion, direction.asks, direction.tasks[0].unit_id) == (
        "Chuyển để biết",
        False,
        unit.id,
    )
    assert client_for(app, "a_specialist").get(f"/incoming/{came.id}").status_code == 200
    paper = steps.registered(session, place.a)
    with pytest.raises(passing.OnPaper):
        passing.pass_on(session, clerk, paper.id, TO_B)
    assert [file.role for file in came.files] == [FileRole.ORIGINAL]
