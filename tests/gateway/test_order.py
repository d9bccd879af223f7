"""What was reported first is read first, however often the line is cut."""

from itertools import count
from time import monotonic
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.gateway import axis, operations
from eoffice.gateway.models import Arrival, Packet, Report
from eoffice.gateway.receiver import REST, Receiver
from exchange.client import AxisClient
from exchange.errors import Unavailable
from exchange.model import MessageKind, Organization, ResponseFor, StatusMessage
from exchange.parse import read_header
from exchange.testing import HubProcess, packet, send
from exchange.testing import document as edoc
from tests import exchanging
from tests.exchanging import receive
from tests.factories import province
from tests.gateway.test_gateway import issue

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("no_checks")]
MINISTRY = Organization("G09", "Bộ Nội vụ")


def _cut(*_arguments: object, **_named: object) -> None:
    raise Unavailable("Mất kết nối", "cut")


def _client() -> AxisClient:
    client = axis.client()
    assert client is not None
    return client


def _came(session: Session, theirs: AxisClient, number: int) -> None:
    """A document of the ministry arrives; its 01 waits in the outbox."""
    province(session)
    to = [Organization("H01.12", "Sở Nông nghiệp và Môi trường")]
    send(theirs, packet(edoc(number, sender=MINISTRY, recipients=to)), "G09")
    receive(session)


def _make_due(session: Session) -> None:
    with transaction(session):
        session.execute(sa.update(Report).values(next_try_at=clock.now()))


def _told(theirs: AxisClient) -> list[str]:
    """Codes of the statuses that wait for the other system, in the order in which it gets them."""
    codes = []
    for offered in theirs.received(MessageKind.STATUS):
        with theirs.open(offered.doc_id) as stream:
            message = read_header(stream).message
        assert isinstance(message, StatusMessage)
        codes.append(message.status_code)
    return codes


def test_what_was_reported_first_leaves_first_though_its_first_try_was_cut(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _came(session, theirs, 83)
    with monkeypatch.context() as line:
        line.setattr(AxisClient, "send", _cut)
        exchanging.send(session)
    with transaction(session):
        arrival = session.scalars(sa.select(Arrival)).one()
        operations.report_arrival(session, arrival, "03", "Đã vào sổ")
    exchanging.send(session)
    assert _told(theirs) == [], "the first is not due yet, the second waits for it"
    _make_due(session)
    exchanging.send(session)
    assert _told(theirs) == ["01", "03"]


def test_while_the_line_stays_cut_none_is_forgotten(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _came(session, theirs, 84)
    with monkeypatch.context() as line:
        line.setattr(AxisClient, "send", _cut)
        exchanging.send(session)
        with transaction(session):
            arrival = session.scalars(sa.select(Arrival)).one()
            operations.report_arrival(session, arrival, "03", "Đã vào sổ")
        exchanging.send(session)
    _make_due(session)
    exchanging.send(session)
    assert _told(theirs) == ["01", "03"]


def test_statuses_behind_one_that_was_cut_wait_for_it(
    session: Session, hub: HubProcess, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = issue(session, province(session), 147)
    exchanging.send(session)
    about = ResponseFor("H01.12", document.code, document.document_uid, document.issued_on)
    for code in ("01", "03"):
        said = StatusMessage(MINISTRY, about, code, clock.now(), "Đã đến")
        send(theirs, packet(said), "G09", MessageKind.STATUS)
    first = _client().received(MessageKind.STATUS)[0].doc_id
    whole, tries = AxisClient.fetch, count()

    def once(self: AxisClient, doc_id: str) -> Any:
        return _cut() if doc_id == first and next(tries) == 0 else whole(self, doc_id)

    monkeypatch.setattr(AxisClient, "together", False)  # each by itself
    monkeypatch.setattr(AxisClient, "fetch", once)
    receiver = Receiver(MessageKind.STATUS)
    while receiver.turn(_client()):
        pass
    assert session.scalars(sa.select(Packet.id)).all() == []
    monkeypatch.setattr("eoffice.gateway.receiver.monotonic", lambda: monotonic() + REST)
    while receiver.turn(_client()):
        pass
    codes = [one.content["status_code"] for one in session.scalars(sa.select(Packet).order_by(Packet.id))]
    assert codes == ["01", "03"]
