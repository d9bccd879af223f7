"""Receipts are signed at once and time-stamped together; the proof of each stands alone and needs no network."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from exchange.build import build
from exchange.errors import BadReceipt
from exchange.hub import directory
from exchange.hub.axis import Axis, assemble
from exchange.hub.directory import Directory, NewAgency
from exchange.hub.intake import Call, Intake
from exchange.hub.outlet import Confirmation, Outlet
from exchange.hub.stamping import Stamper, proof
from exchange.hub.stamping import authority as stamping_authority
from exchange.hub.traffic import Traffic
from exchange.model import MessageKind
from exchange.receipts import Receipt
from exchange.stamps import Proof, seal_of, verify_stamp
from exchange.testing import RECIPIENT, SENDER, document
from exchange.vxp import Delivery
from signing.testing import DemoPki
from signing.testing.server import TrustServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrustServer]:
    server = TrustServer(DemoPki.create(tmp_path_factory.mktemp("pki"), "http://127.0.0.1:1"), 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def axis(database_url: str, tmp_path: Path) -> Iterator[Axis]:
    made = assemble(database_url, tmp_path / "hub", pool=2)
    with made.sessions.begin() as session:
        for system, agency in (("A", SENDER), ("B", RECIPIENT)):
            directory.add_system(made, session, system, "s")
            directory.put_agency(session, system, NewAgency(agency.organ_id, agency.name))
    yield made
    made.close()


def take(axis: Axis, number: int) -> Receipt:
    out = BytesIO()
    build(document(number), out)
    call = Call("A", MessageKind.DOCUMENT, SENDER.organ_id, (), "", f"m-{number}")
    accepted = Intake(axis, Directory(axis), Traffic(axis.ledger)).accept(call, BytesIO(out.getvalue()))
    return Receipt.from_json(accepted.receipt)


def stamper(axis: Axis, port: int) -> Stamper:
    return Stamper(axis, stamping_authority(f"http://127.0.0.1:{port}/tsa"))


def found(axis: Axis, receipt: Receipt) -> Proof | None:
    with axis.sessions() as session:
        return proof(session, seal_of(receipt))


@pytest.mark.slow
def test_every_receipt_gets_a_stamp_that_verifies_without_network(axis: Axis, authority: TrustServer):
    receipts = [take(axis, number) for number in range(5)]
    outlet = Outlet(axis, Traffic(axis.ledger))
    [first, *_] = axis.ledger.waiting(
        {"system": "B", "kind": "edoc", "limit": 9, "offset": 0, "status": None, "since": None, "until": None}
    )
    outlet.confirm(Confirmation("B", first["doc_id"], Delivery.DONE))
    [row] = [row for row in axis.ledger.behind([first["doc_id"]]) if row["status"] == "done"]
    assert row
    assert found(axis, receipts[0]) is None, "signed, not stamped yet"
    stamping = stamper(axis, authority.server_port)
    assert stamping.work() == 6
    assert stamping.work() == 0
    for receipt in receipts:
        proven = found(axis, receipt)
        assert proven is not None
        again = Proof.from_json(proven.to_json())
        at = verify_stamp(receipt, again, authority.pki.trust)
        assert abs((at - receipt.statement.at).total_seconds()) < 60


def test_a_stamp_of_another_receipt_or_a_changed_one_proves_nothing(axis: Axis, authority: TrustServer):
    one, two = take(axis, 1), take(axis, 2)
    stamper(axis, authority.server_port).work()
    proven = found(axis, one)
    assert proven is not None
    trust = authority.pki.trust
    token = bytearray(proven.token)
    token[-5] ^= 1
    for receipt, changed in (
        (two, proven),
        (one, replace(proven, index=1 - proven.index)),
        (one, replace(proven, path=())),
        (one, replace(proven, token=bytes(token))),
        (one, replace(proven, token=b"junk")),
    ):
        with pytest.raises(BadReceipt):
            verify_stamp(receipt, changed, trust)


def test_an_authority_that_is_away_delays_stamps_and_loses_none(axis: Axis, authority: TrustServer):
    receipt = take(axis, 1)
    assert stamper(axis, 9).work() == 0
    assert found(axis, receipt) is None
    assert stamper(axis, authority.server_port).work() == 1
    assert found(axis, receipt) is not None
