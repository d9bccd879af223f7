"""What is issued leaves by itself, arrives once, and each side learns what became of it."""

from datetime import date
from io import BytesIO

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, events
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.directory.models import Agency
from eoffice.documents import operations as documents
from eoffice.documents.events import DocumentIssued
from eoffice.documents.models import FileRole, LinkKind, Urgency
from eoffice.documents.operations import Inspected
from eoffice.gateway import axis, copies, queries
from eoffice.gateway.models import Arrival, Dispatch, DispatchState, Hop, Packet, PacketState, Report
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.workflow import State
from exchange.answers import Progress
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable
from exchange.model import MessageKind
from exchange.parse import read_header
from exchange.testing import HubProcess
from exchange.testing import document as edoc
from exchange.vxp import Delivery as Transport
from tests.exchanging import exchange, follow, receive, send
from tests.factories import Province, province

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("no_checks")]
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def issue(
    session: Session,
    place: Province,
    number: int = 125,
    replaces: OutgoingDocument | None = None,
    urgency: Urgency = Urgency.NORMAL,
) -> OutgoingDocument:
    """An issued document of agency A to B and to the agency outside."""
    from eoffice.core.permissions import system_actor
    from eoffice.directory import operations as directory
    from eoffice.directory.models import Role

    post = place.a.posts[Role.SPECIALIST]
    with transaction(session):
        outside = directory.save_agency(session, system_actor(), "G09", "Bộ Nội vụ")
        document = OutgoingDocument(
            agency_id=place.a.agency.id, kind_code="CV", code_number=str(number), code_notation="SNNMT-KHTC",
            issued_on=date(2026, 11, 20), issuer_name=place.a.agency.name, issuer_code=place.a.agency.code,
            subject="Về việc đối chiếu số liệu", signer_name="Đỗ Quốc An", signer_title="Giám đốc",
            created_at=clock.now(), listed_at=clock.now(), state=State.ISSUED, draft_source=DraftSource.UPLOAD,
            content={}, drafter_id=post.id, signer_id=place.a.posts[Role.LEADER].id, authority="GIÁM ĐỐC",
            document_uid=f"H01.12,2026/11/20,{number}/SNNMT-KHTC", urgency=urgency,
        )  # fmt: skip
        session.add(document)
        session.flush()
        stored = blobs().put_bytes(PDF)
        file = Inspected(
            stored.sha256, stored.size, f"{number}-SNNMT-KHTC.pdf", "application/pdf", 1, [(595, 842)]
        )
        documents.add_file(session, place.a.clerk, document, file, FileRole.ISSUED)
        documents.set_recipients(session, document, [place.b.agency, outside])
        if replaces is not None:
            documents.link(session, place.a.clerk, document, replaces, LinkKind.REPLACES)
        events.publish(session, DocumentIssued(document.id))
    return document


def hops(session: Session, document: OutgoingDocument) -> dict[str, Hop]:
    session.expire_all()
    return {d.recipient_code: d.hop for d in queries.deliveries_of(session, document)}


@pytest.mark.slow
def test_requirement_10_an_issued_document_reaches_the_other_agency_and_both_know(
    session: Session, hub: HubProcess
) -> None:
    document = issue(session, province(session))
    assert set(hops(session, document).values()) == {Hop.WAITING}
    exchange(session)
    follow(session)
    arrival = session.scalars(sa.select(Arrival)).one()
    content = queries.arrival_content(session, arrival)
    assert (content.code_number, content.code_notation, content.subject) == (
        "125", "SNNMT-KHTC", "Về việc đối chiếu số liệu",
    )  # fmt: skip
    assert blobs().read(content.files[0].sha256) == PDF
    assert hops(session, document) == {"H01.05": Hop.ARRIVED, "G09": Hop.ON_AXIS}
    sent = session.scalars(sa.select(Dispatch)).one()
    assert sent.state == DispatchState.ACCEPTED
    assert sent.receipt is not None
    assert session.scalars(sa.select(Report.code)).all() == ["01"]


def test_what_lies_at_the_axis_shows_as_fetched_once_the_other_system_has_it(
    session: Session, hub: HubProcess, theirs: AxisClient
) -> None:
    document = issue(session, province(session), 126)
    exchange(session)
    sha256 = session.scalars(sa.select(Dispatch.packet_sha256)).one()
    offered = next(one for one in theirs.received() if one.sha256 == sha256)
    with theirs.open(offered.doc_id) as stream:
        stream.read()
    theirs.confirm(offered.doc_id, Transport.DONE)
    with transaction(session):
        session.execute(sa.update(Dispatch).values(asked_at=None))
    follow(session)
    assert hops(session, document)["G09"] == Hop.FETCHED
    proofs = {d.recipient_code: d.receipt for d in queries.deliveries_of(session, document)}
    assert proofs["G09"] is not None, "the axis's signed word on the delivery is kept"


@pytest.mark.slow
def test_with_the_axis_away_the_document_waits_and_leaves_by_itself_later(
    session: Session, hub: HubProcess
) -> None:
    document = issue(session, province(session), 127)
    hub.stop()
    try:
        send(session)
        assert set(hops(session, document).values()) == {Hop.WAITING}
        sent = session.scalars(sa.select(Dispatch)).one()
        assert sent.last_error
        assert sent.packet_sha256
        first_bytes = sent.packet_sha256
    finally:
        hub.start()
    with transaction(session):
        session.execute(sa.update(Dispatch).values(next_try_at=clock.now()))
    exchange(session)
    assert hops(session, document)["H01.05"] == Hop.ARRIVED
    assert session.scalars(sa.select(Dispatch.packet_sha256)).one() == first_bytes


def test_the_same_packet_again_changes_nothing(
    session: Session, hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(session, province(session), 128)
    send(session)
    client = axis.client()
    assert client is not None
    # the line is cut between storing and acknowledging
    with monkeypatch.context() as cut:
        cut.setattr(AxisClient, "confirm_all", _cut)
        with pytest.raises(Unavailable):
            receive(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1
    assert [one.sha256 for one in client.received()] == session.scalars(sa.select(Packet.sha256)).all()
    receive(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1
    assert session.scalars(sa.select(Packet.acknowledged_at)).one() is not None
    assert client.received() == []


def _cut(*_arguments: object, **_named: object) -> None:
    raise Unavailable("Mất kết nối", "cut")


def test_sending_twice_gives_one_packet_at_the_receiver(session: Session, hub: HubProcess) -> None:
    issue(session, province(session), 129)
    send(session)
    with transaction(session):
        # as after a kill between the axis's receipt and our commit
        sent = session.scalars(sa.select(Dispatch)).one()
        sent.state, sent.receipt, sent.hub_id = DispatchState.WAITING, None, None
    exchange(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1


def test_a_status_that_comes_late_moves_nothing_back(session: Session, hub: HubProcess) -> None:

    document = issue(session, province(session), 130)
    exchange(session)
    delivery = queries.deliveries_of(session, document)[0]
    with transaction(session):
        for code in ("05", "03", "03"):
            said = copies.take_status(delivery, OutgoingDocument, code, f"trạng thái {code}", clock.now())
            copies.tell(session, [said])
    assert delivery.hop == Hop.PROCESSING
    assert delivery.registered_at is not None


def test_a_damaged_packet_is_kept_aside_and_told_to_the_axis(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exchange.build import build
    from exchange.errors import Damaged
    from exchange.model import Organization

    province(session)
    message = edoc(
        77, sender=Organization("G09", "Bộ Nội vụ"), recipients=[Organization("H01.12", "Sở NN và MT")]
    )
    spool = BytesIO()
    digest: Digest = build(message, spool)
    spool.seek(0)
    sent = theirs.send(spool, digest, kind=MessageKind.DOCUMENT, sender="G09")
    client = axis.client()
    assert client is not None

    def broken(*_arguments: object) -> None:
        raise Damaged("Tệp hỏng", "bad base64")

    monkeypatch.setattr("eoffice.gateway.receiver.parse", broken)
    receive(session)
    packet = session.scalars(sa.select(Packet)).one()
    assert packet.state == PacketState.DAMAGED
    assert blobs().check(packet.sha256)
    assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 0
    assert theirs.sent(sent.doc_id)[0].state == Transport.FAIL


def _send(theirs: AxisClient, number: int, *recipients: str) -> str:
    """A document of the foreign system; the axis's id of it."""
    from exchange.build import build
    from exchange.model import Organization

    to = [Organization(code, "Nơi nhận") for code in recipients]
    spool = BytesIO()
    digest = build(edoc(number, sender=Organization("G09", "Bộ Nội vụ"), recipients=to), spool)
    spool.seek(0)
    return theirs.send(spool, digest, kind=MessageKind.DOCUMENT, sender="G09").doc_id


def test_a_packet_for_nobody_here_is_kept_and_its_sender_told(
    session: Session, hub_process: HubProcess, hub: HubProcess, theirs: AxisClient
) -> None:
    province(session)
    ours = axis.client()
    assert ours is not None
    ours.register_agency("H01.99", "Cơ quan đã giải thể", mail="vanthu@example.vn")
    sent = _send(theirs, 78, "H01.99")
    receive(session)
    packet = session.scalars(sa.select(Packet)).one()
    assert packet.state == PacketState.DAMAGED
    assert blobs().check(packet.sha256)
    assert theirs.sent(sent)[0].state == Transport.FAIL


def test_who_wrote_the_old_code_is_answered_under_it(
    session: Session, hub: HubProcess, theirs: AxisClient
) -> None:
    place = province(session)
    with transaction(session):
        session.get_one(Agency, place.a.agency.id).old_code = "000.00.12.H01"
    ours = axis.client()
    assert ours is not None
    ours.register_agency("H01.12", place.a.agency.name, mail="vanthu@example.vn", old_code="000.00.12.H01")
    _send(theirs, 79, "000.00.12.H01")
    receive(session)
    assert session.scalars(sa.select(Arrival.addressed_code)).one() == "000.00.12.H01"
    send(session)
    assert session.scalars(sa.select(Report.state)).all() == [DispatchState.ACCEPTED]
    waiting = theirs.received(MessageKind.STATUS)
    with theirs.open(waiting[-1].doc_id) as stream:
        status = read_header(stream).message
    assert status.sender.organ_id == "000.00.12.H01"


@pytest.mark.slow
def test_many_packets_are_asked_about_with_one_question(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = province(session)
    documents_sent = [issue(session, place, number) for number in range(140, 146)]
    send(session)
    for offered in theirs.received(MessageKind.DOCUMENT):
        with theirs.open(offered.doc_id) as stream:
            stream.read()
        theirs.confirm(offered.doc_id, Transport.DONE)
    asked: list[str] = []
    usual = AxisClient._call

    def counted(client: AxisClient, operation: str, *rest: object, **named: object) -> dict[str, object]:
        asked.append(operation)
        return usual(client, operation, *rest, **named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(AxisClient, "_call", counted)
    follow(session)
    assert asked == ["getSentEdocList"]
    assert {hops(session, one)["G09"] for one in documents_sent} == {Hop.FETCHED}


def test_one_packet_the_axis_knows_nothing_of_holds_up_no_other(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = province(session)
    documents_sent = [issue(session, place, number) for number in (131, 132)]
    send(session)
    for offered in theirs.received(MessageKind.DOCUMENT):
        with theirs.open(offered.doc_id) as stream:
            stream.read()
        theirs.confirm(offered.doc_id, Transport.DONE)
    bad = session.scalars(sa.select(Dispatch.hub_id).order_by(Dispatch.id)).first()
    asked = AxisClient.sent

    def refuse_the_first(client: AxisClient, hub_id: str) -> list[Progress]:
        if hub_id == bad:
            raise Refused("BAD", "unknown")
        return asked(client, hub_id)

    monkeypatch.setattr(AxisClient, "sent", refuse_the_first)
    follow(session)
    assert [hops(session, one)["G09"] for one in documents_sent] == [Hop.ON_AXIS, Hop.FETCHED]
