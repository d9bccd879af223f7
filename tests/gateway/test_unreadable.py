"""A packet that cannot be read stays in sight, at the right agency, until somebody or a later packet settles it."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.permissions import allowed
from eoffice.directory.models import Agency
from eoffice.gateway import aside, axis, queries, storing
from eoffice.gateway.models import Arrival, Packet, PacketState, Unreadable
from eoffice.gateway.permissions import GATEWAY_UNREADABLE, unreadable_to
from eoffice.gateway.receiver import acknowledge, fetch
from exchange.client import AxisClient
from exchange.model import MessageKind, Organization
from exchange.testing import HubProcess, attachment, damaged, packet, send
from exchange.testing import document as edoc
from exchange.vxp import Delivery
from tests.exchanging import receive
from tests.factories import Province, province
from tests.web import client_for

pytestmark = pytest.mark.postgres
SUBJECT = "Về việc rà soát công trình thủy lợi"


def _sent(theirs: AxisClient, folder: Path, number: int, *recipients: str, whole: bool) -> str:
    """A packet of the foreign ministry, with an attachment nobody can decode unless `whole`."""
    folder.mkdir(exist_ok=True)
    message = edoc(
        number, sender=Organization("G09", "Bộ Nội vụ"), subject=SUBJECT, attachments=[attachment(folder)],
        recipients=[Organization(code, "Nơi nhận") for code in recipients],
    )  # fmt: skip
    return send(theirs, packet(message) if whole else damaged(packet(message)), "G09")


@pytest.fixture
def place(session: Session, hub: HubProcess) -> Province:
    """The two agencies, and the ministry in their directory with somebody to call."""
    made = province(session)
    with transaction(session):
        session.add(
            Agency(
                code="G09", name="Bộ Nội vụ", short_name="Bộ Nội vụ", email="vanthu@moha.example", sort_key="b",
                folded="bo noi vu", telephone="024 3976 4116",
            )
        )  # fmt: skip
    return made


@pytest.mark.slow
def test_the_clerk_is_told_what_came_from_whom_and_what_to_do(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    sent = _sent(theirs, tmp_path, 91, "H01.12", whole=False)
    receive(session)
    clerk = client_for(app, "a_clerk")
    assert "Gói tin không đọc được" in clerk.get("/").get_data(as_text=True)
    kept = session.scalars(sa.select(Packet)).one()
    row = session.scalars(sa.select(Unreadable)).one()
    listed = clerk.get("/packets").get_data(as_text=True)
    assert "91/UBND-KGVX" in listed
    assert "Bộ Nội vụ" in listed
    page = clerk.get(f"/packets/{row.id}").get_data(as_text=True)
    for told in (SUBJECT, "024 3976 4116", "mailto:vanthu@moha.example", kept.error):
        assert told in page, told
    assert clerk.get(f"/packets/{row.id}/packet").data == blobs().read(kept.sha256)
    # the sender's system reads the same words
    progress = theirs.sent(sent)[0]
    assert progress.state is Delivery.FAIL
    assert progress.description == kept.error


@pytest.mark.slow
def test_another_agency_knows_nothing_of_it_and_the_administrator_no_content(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    _sent(theirs, tmp_path, 92, "H01.12", whole=False)
    receive(session)
    row = session.scalars(sa.select(Unreadable)).one()
    other = client_for(app, "b_clerk")
    assert "Gói tin không đọc được" not in other.get("/").get_data(as_text=True)
    assert "92/UBND-KGVX" not in other.get("/packets").get_data(as_text=True)
    for path in (f"/packets/{row.id}", f"/packets/{row.id}/packet"):
        assert other.get(path).status_code == 404
    assert other.post(f"/packets/{row.id}/settle", data={"note": "x"}).status_code == 404
    keeper = client_for(app, "a_administrator")
    assert "/packets" in keeper.get("/admin/health").get_data(as_text=True)
    assert "92/UBND-KGVX" in keeper.get("/packets").get_data(as_text=True)
    page = keeper.get(f"/packets/{row.id}").get_data(as_text=True)
    assert SUBJECT not in page
    assert keeper.get(f"/packets/{row.id}/packet").status_code == 403
    assert client_for(app, "a_specialist").get("/packets").status_code == 403


@pytest.mark.slow
def test_the_same_document_coming_whole_settles_it(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    _sent(theirs, tmp_path, 93, "H01.12", whole=False)
    receive(session)
    _sent(theirs, tmp_path, 94, "H01.12", whole=True)
    receive(session)
    row = session.scalars(sa.select(Unreadable)).one()
    assert row.settled_at is None, "another document settles nothing"
    with transaction(session):
        copy = session.scalars(sa.select(Packet).where(Packet.id == row.packet_id)).one()
        alike = Packet(
            message_type=copy.message_type,
            sender_code="G10",
            document_uid=copy.document_uid,
            state=PacketState.STORED,
        )
        aside.mend(session, [alike])
    assert row.settled_at is None, "a name is another's own"
    _sent(theirs, tmp_path / "again", 93, "H01.12", whole=True)
    receive(session)
    session.expire_all()
    assert row.settled_at is not None
    assert row.mended_by is not None
    assert row.mended_by.state is PacketState.STORED
    assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 2
    clerk = client_for(app, "a_clerk")
    assert "Gói tin không đọc được" not in clerk.get("/").get_data(as_text=True)
    assert "đã được gửi lại đầy đủ" in clerk.get("/packets?tab=settled").get_data(as_text=True)


def test_a_person_settles_it_once_and_says_how(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    _sent(theirs, tmp_path, 95, "H01.12", whole=False)
    receive(session)
    row = session.scalars(sa.select(Unreadable)).one()
    clerk = client_for(app, "a_clerk")
    empty = clerk.post(f"/packets/{row.id}/settle", data={"note": "  "})
    assert (empty.status_code, "ghi việc đã làm" in empty.get_data(as_text=True)) == (422, True)
    note = "Đã gọi Bộ Nội vụ, Bộ gửi lại bằng thư điện tử"
    assert clerk.post(f"/packets/{row.id}/settle", data={"note": note}).status_code == 303
    assert note in clerk.get("/packets?tab=settled").get_data(as_text=True)
    assert clerk.post(f"/packets/{row.id}/settle", data={"note": note}).status_code == 409


def test_what_is_addressed_to_nobody_here_waits_for_the_administrator(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    ours = axis.client()
    assert ours is not None
    ours.register_agency("H01.99", "Cơ quan đã giải thể", mail="vanthu@example.vn")
    _sent(theirs, tmp_path, 96, "H01.99", whole=True)
    receive(session)
    row = session.scalars(sa.select(Unreadable)).one()
    assert row.agency_id is None
    assert "H01.99" in client_for(app, "a_administrator").get(f"/packets/{row.id}").get_data(as_text=True)
    assert client_for(app, "a_clerk").get(f"/packets/{row.id}").status_code == 404


def test_bytes_that_differ_from_their_hash_twice_are_put_aside_as_they_came(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    _sent(theirs, tmp_path, 97, "H01.12", whole=True)
    client = axis.client()
    assert client is not None
    offered = client.received(MessageKind.DOCUMENT)[-1]
    acknowledge(session, client, storing.store(session, [fetch(client, replace(offered, sha256="0" * 64))]))
    kept = session.scalars(sa.select(Packet)).one()
    assert kept.state is PacketState.DAMAGED
    assert kept.sha256 == offered.sha256, "every byte that came is kept"
    assert session.scalars(sa.select(Unreadable)).one().agency_id == place.a.agency.id


def test_the_list_holds_what_the_rule_allows(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    _sent(theirs, tmp_path, 98, "H01.12", "H01.05", whole=False)
    receive(session)
    rows = session.scalars(sa.select(Unreadable)).all()
    assert {row.agency_id for row in rows} == {place.a.agency.id, place.b.agency.id}
    for house in (place.a, place.b):
        for actor in (house.clerk, house.admin, house.specialist):
            seen = set(session.scalars(sa.select(Unreadable.id).where(unreadable_to(actor))))
            by_rule = {row.id for row in rows if allowed(actor, GATEWAY_UNREADABLE, row)}
            assert by_rule == (seen if actor.can(GATEWAY_UNREADABLE) else set())
    assert queries.count_unreadable(session, place.a.admin) == 2
    assert queries.count_unreadable(session, place.b.clerk) == 1
