"""The outbox is a queue: urgent first, one holder at a time, nothing lost with a holder, nobody held up by another."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.bell import Bell
from eoffice.core.db import new_session, transaction
from eoffice.directory.models import Agency
from eoffice.documents.models import Urgency
from eoffice.gateway import axis, copies, follower, operations, outbox, queries, service, storing
from eoffice.gateway.models import (
    Arrival,
    Delivery,
    Dispatch,
    DispatchState,
    Hop,
    Packet,
    PacketState,
    Report,
)
from eoffice.gateway.receiver import acknowledge, fetch
from eoffice.incoming import operations as incoming
from eoffice.incoming.states import State
from eoffice.outgoing.models import OutgoingDocument
from exchange.answers import Progress, Sent
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import BadReceipt, Refused, Unavailable
from exchange.model import Business, BusinessKind, MessageKind, Organization, ResponseFor, StatusMessage
from exchange.testing import HubProcess, packet
from exchange.testing import document as edoc
from exchange.testing import send as post
from exchange.vxp import Delivery as Transport
from tests.exchanging import exchange, receive, send
from tests.factories import Province, province
from tests.gateway.test_gateway import issue

pytestmark = pytest.mark.postgres
DOCUMENT, STATUS = MessageKind.DOCUMENT, MessageKind.STATUS


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _dispatch(session: Session, document: OutgoingDocument) -> Dispatch:
    query = sa.select(Dispatch).where(Dispatch.document_id == document.id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _claimed(session: Session, room: int = 16, *, urgent_only: bool = False) -> list[int]:
    return [parcel.id for parcel in outbox.claim(session, DOCUMENT, room, urgent_only=urgent_only)]


def test_urgent_documents_leave_first_and_have_places_of_their_own(session: Session, place: Province) -> None:
    usual, urgent = issue(session, place, 401), issue(session, place, 402, urgency=Urgency.FLASH)
    assert _claimed(session, 1, urgent_only=True) == [_dispatch(session, urgent).id]
    assert _claimed(session, 1, urgent_only=True) == []
    assert _claimed(session) == [_dispatch(session, usual).id]


def test_what_one_sender_holds_another_takes_over_only_when_it_was_killed(
    session: Session, place: Province
) -> None:
    document = issue(session, place, 403)
    assert len(_claimed(session)) == 1
    with new_session() as other:
        assert _claimed(other) == []
        with transaction(other):  # as half a minute later
            other.execute(sa.update(Dispatch).values(held_until=clock.now() - timedelta(seconds=1)))
        assert _claimed(other) == [_dispatch(session, document).id]


def test_a_document_whose_file_is_gone_keeps_no_other_from_leaving(
    session: Session, place: Province, hub: HubProcess
) -> None:
    broken, good = issue(session, place, 404), issue(session, place, 405)
    waiting = _dispatch(session, broken)
    with transaction(session):
        [file] = waiting.message["attachments"]
        waiting.message = waiting.message | {"attachments": [file | {"sha256": "0" * 64}]}
    send(session)
    waiting = _dispatch(session, broken)
    assert (waiting.state, waiting.attempts, bool(waiting.last_error)) == (DispatchState.WAITING, 1, True)
    assert waiting.next_try_at > clock.now()
    assert _dispatch(session, good).state is DispatchState.ACCEPTED


def test_what_the_axis_refuses_for_good_waits_for_a_person(session: Session, place: Province) -> None:
    document = issue(session, place, 406)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.error = Refused("12", "no such agency")
    outbox.settle(session, [parcel])
    assert _dispatch(session, document).state is DispatchState.FAILED
    assert {copy.hop for copy in queries.deliveries_of(session, document)} == {Hop.FAILED}


def test_an_axis_that_is_away_is_tried_again_until_the_deadline(session: Session, place: Province) -> None:
    document = issue(session, place, 407)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.error = Unavailable("Mất kết nối", "cut")
    outbox.settle(session, [parcel])
    waiting = _dispatch(session, document)
    assert (waiting.state, waiting.last_error) == (DispatchState.WAITING, "Mất kết nối")
    with transaction(session):
        waiting.created_at -= timedelta(days=30)
        waiting.next_try_at = clock.now()
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.error = Unavailable("Mất kết nối", "cut")
    outbox.settle(session, [parcel])
    assert _dispatch(session, document).state is DispatchState.FAILED


@pytest.mark.slow
def test_statuses_about_one_arrival_leave_one_after_the_other(session: Session, hub: HubProcess) -> None:
    issue(session, province(session), 408)
    exchange(session)
    arrival = session.scalars(sa.select(Arrival)).one()
    with transaction(session):
        for code in ("03", "04"):
            operations.report_arrival(session, arrival, code, f"trạng thái {code}")
    [first] = outbox.claim(session, STATUS, 16)
    assert session.get_one(Report, first.id).code == "03"
    assert outbox.claim(session, STATUS, 16) == []
    first.sent = Sent("x", None)
    outbox.settle(session, [first])
    [second] = outbox.claim(session, STATUS, 16)
    assert session.get_one(Report, second.id).code == "04"


def test_the_axis_may_tell_of_the_delivery_before_we_noted_its_receipt(
    session: Session, place: Province
) -> None:
    document = issue(session, place, 409)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    at = clock.now().isoformat()
    fetched = Progress("h-1", "H01.05", Transport.DONE, "", at, at, at, None)
    follower.note(session, "message_id", {parcel.message_id: [fetched]})
    parcel.sent = Sent("h-1", None)
    outbox.settle(session, [parcel])
    held = {copy.recipient_code: copy for copy in queries.deliveries_of(session, document)}
    assert (held["H01.05"].hop, held["G09"].hop) == (Hop.FETCHED, Hop.ON_AXIS)
    assert held["H01.05"].on_axis_at is not None


@pytest.mark.slow
def test_the_axis_tells_of_a_delivery_by_itself(session: Session, hub: HubProcess) -> None:
    document = issue(session, province(session), 410)
    exchange(session)
    client = hub.client("H01", "khoa-bi-mat-cua-tinh-an-giang")
    assert follower.Follower().hear(session, client)
    session.expire_all()
    proofs = sa.select(Delivery.receipt).where(
        Delivery.document_id == document.id, Delivery.recipient_code == "H01.05"
    )
    assert session.scalars(proofs).one() is not None


def test_what_is_put_into_the_outbox_wakes_a_sender(session: Session, place: Province) -> None:
    heard = threading.Event()
    listening = threading.Event()
    bell = Bell({operations.bell(DOCUMENT): heard.set, "listening": listening.set})
    bell.start()
    try:
        assert listening.wait(10)
        heard.clear()
        issue(session, place, 411)
        assert heard.wait(10)
    finally:
        bell.stop()


@pytest.mark.slow
def test_a_recall_that_overtakes_the_taking_in_of_its_document_still_finds_it(
    session: Session, hub: HubProcess
) -> None:
    place = province(session)
    document = issue(session, place, 412)
    send(session)
    client = axis.client()
    assert client is not None
    _store(session, client)  # stored at B and acknowledged; no worker has taken it in
    send(session)
    receive(session, STATUS)
    service.recall(session, place.a.clerk, document.id, "Ban hành nhầm")
    send(session)
    _store(session, client)
    first, second = session.scalars(sa.select(Arrival).order_by(Arrival.id)).all()
    jobs.run(session, "gateway.take_in", arrival_ids=[second.id])
    jobs.run(session, "gateway.take_in", arrival_ids=[first.id])
    session.expire_all()
    assert first.document_id is not None
    came = incoming.by_id(session, first.document_id)
    assert came is not None
    assert came.state is State.WITHDRAWN


def test_what_cannot_be_taken_in_is_tried_by_the_hour_after_ten_minutes(
    session: Session, hub: HubProcess
) -> None:
    issue(session, province(session), 414)
    send(session)
    client = axis.client()
    assert client is not None
    _store(session, client)
    stored = clock.now().replace(minute=20)
    with transaction(session):
        session.execute(sa.update(Arrival).values(arrived_at=stored))
        session.execute(sa.text("DELETE FROM procrastinate_jobs"))  # as if it had failed eight times
    for minutes, again in ((2, True), (15, False), (40, True)):
        with clock.freeze(stored + timedelta(minutes=minutes)):
            jobs.run(session, "gateway.sweep")
        with transaction(session):
            tried = (
                session.execute(sa.text("DELETE FROM procrastinate_jobs RETURNING task_name")).scalars().all()
            )
        assert tried == (["gateway.take_in"] if again else []), minutes
        assert queries.not_taken_in(session) == (1, stored)


def _store(session: Session, client: AxisClient) -> None:
    offered = client.received(DOCUMENT)
    acknowledge(session, client, storing.store(session, [fetch(client, one) for one in offered]))
    session.expire_all()


@pytest.mark.slow
def test_statuses_are_kept_in_the_order_in_which_they_were_sent(
    session: Session, hub: HubProcess, theirs: AxisClient
) -> None:
    document = issue(session, province(session), 413)
    exchange(session)
    about = ResponseFor("H01.12", document.code, document.document_uid, document.issued_on)
    codes = ["01", "03", "04", "05", "06"]
    for code in codes:
        said = StatusMessage(Organization("G09", "Bộ Nội vụ"), about, code, clock.now(), f"trạng thái {code}")
        post(theirs, packet(said), "G09", STATUS)
    receive(session, STATUS)
    copy = next(one for one in queries.deliveries_of(session, document) if one.recipient_code == "G09")
    kept = queries.statuses_of(session, copy, document)
    assert [one.content["status_code"] for one in kept] == codes
    assert copy.hop is Hop.DONE


@pytest.mark.slow
def test_an_axis_that_tells_nothing_by_itself_is_asked(
    session: Session, hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = issue(session, province(session), 414)
    exchange(session)
    post_as_it_is = AxisClient._post

    def without_list(client: AxisClient, operation: str, *rest: object) -> object:
        """As the national axis, which knows no operation of ours."""
        return post_as_it_is(client, operation.replace("getReceiptList", "getNothing"), *rest)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(AxisClient, "_post", without_list)
    monkeypatch.setattr(follower, "ASK_EVERY", 0.01)
    with transaction(session):
        session.execute(sa.update(Delivery).values(fetched_at=None, receipt=None))
        session.execute(sa.update(Dispatch).values(asked_at=None))
    follower.Follower().step(axis.client())
    query = sa.select(Delivery).where(
        Delivery.document_id == document.id, Delivery.recipient_code == "H01.05"
    )
    copy = session.scalars(query.execution_options(populate_existing=True)).one()
    assert copy.fetched_at is not None
    assert copy.receipt is not None


@pytest.mark.slow
def test_a_receipt_that_is_not_believed_keeps_no_other_from_being_heard(
    session: Session, hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = issue(session, province(session), 415)
    exchange(session)

    def doubted(*_: object) -> None:
        raise BadReceipt("Chứng thư không đáng tin cậy", "not trusted")

    monkeypatch.setattr("exchange.receipts.verify", doubted)
    client = hub.client("H01", "khoa-bi-mat-cua-tinh-an-giang")
    listener = follower.Follower()
    assert listener.hear(session, client)
    assert listener.hear(session, client)
    session.expire_all()
    held = {one.recipient_code: one for one in queries.deliveries_of(session, document)}
    assert held["H01.05"].fetched_at is not None
    assert held["H01.05"].receipt is None


def test_a_successor_is_told_of_under_the_code_that_was_written_to(session: Session, place: Province) -> None:
    document = issue(session, place, 416)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.sent = Sent("h-2", None)
    outbox.settle(session, [parcel])
    at = clock.now().isoformat()
    told = Progress("h-2", "H01.77", Transport.DONE, "", at, at, at, None, addressed="G09")
    follower.note(session, "hub_id", {"h-2": [told]})
    held = {one.recipient_code: one for one in queries.deliveries_of(session, document)}
    assert (held["G09"].hop, held["H01.05"].hop) == (Hop.FETCHED, Hop.ON_AXIS)


def test_bytes_that_left_once_are_not_replaced_by_others(session: Session, place: Province) -> None:
    document = issue(session, place, 417)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.digest = Digest("a" * 64, 10)
    outbox.keep_packets(session, [parcel])
    parcel.digest = Digest("b" * 64, 11)
    outbox.keep_packets(session, [parcel])
    assert parcel.digest == Digest("a" * 64, 10)
    assert _dispatch(session, document).packet_sha256 == "a" * 64


def test_a_copy_that_failed_at_the_deadline_goes_on_when_its_recipient_reports(
    session: Session, place: Province
) -> None:
    document = issue(session, place, 418)
    [parcel] = outbox.claim(session, DOCUMENT, 16)
    parcel.error = Refused("12", "no such agency")
    outbox.settle(session, [parcel])
    copy = queries.deliveries_of(session, document)[0]
    with transaction(session):
        said = copies.take_status(copy, OutgoingDocument, "03", "Đã vào sổ", clock.now())
        copies.tell(session, [said])
    assert copy.hop is Hop.REGISTERED


def test_a_packet_nothing_can_be_made_of_is_kept_aside_and_its_sender_told(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    province(session)
    to = [Organization("H01.12", "Sở Nông nghiệp và Môi trường")]
    message = edoc(419, sender=Organization("G09", "Bộ Nội vụ"), recipients=to)
    sent = post(theirs, packet(message), "G09")

    def fails(_session: Session, arrived: list[object]) -> list[object]:
        if arrived:
            raise ValueError("a mistake of ours")
        return []

    monkeypatch.setattr("eoffice.gateway.arrivals.store", fails)
    receive(session)
    kept = session.scalars(sa.select(Packet)).one()
    assert kept.state is PacketState.DAMAGED
    assert theirs.sent(sent)[0].state is Transport.FAIL


def test_a_recall_under_the_new_code_finds_the_document_that_comes_later_under_the_old(
    session: Session, hub: HubProcess, theirs: AxisClient
) -> None:
    place = province(session)
    with transaction(session):
        session.add(Agency(code="G09", old_code="000.00.00.G09", name="Bộ Nội vụ", short_name="BNV",
                           sort_key="b", folded="bo noi vu"))  # fmt: skip
    to = [Organization(place.a.agency.code, place.a.agency.name)]
    about = edoc(420, sender=Organization("000.00.00.G09", "Bộ Nội vụ"), recipients=to)
    recall = edoc(
        421, sender=Organization("G09", "Bộ Nội vụ"), recipients=to,
        business=Business(BusinessKind.RECALL, "Ban hành nhầm", about.document_id.upper()),
    )  # fmt: skip
    theirs.register_agency("G09", "Bộ Nội vụ", mail="vanthu@example.vn", old_code="000.00.00.G09")
    try:
        for message in (recall, about):
            post(theirs, packet(message), "G09")
            receive(session)
    finally:
        theirs.register_agency("G09", "Bộ Nội vụ", mail="vanthu@example.vn")
    arrival = session.scalars(sa.select(Arrival).where(Arrival.document_id.is_not(None))).one()
    came = incoming.by_id(session, arrival.document_id or 0)
    assert came is not None
    assert came.state is State.WITHDRAWN
