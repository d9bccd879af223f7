"""What became of one recipient's copy can be shown to a third party, without this system and without a network."""

import io
import re
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.db import transaction
from eoffice.gateway import queries
from eoffice.gateway.models import Dispatch
from eoffice.outgoing.models import OutgoingDocument
from eoffice.signatures.models import FetchedList
from exchange.__main__ import main
from exchange.testing import HubProcess
from tests.exchanging import exchange, follow
from tests.factories import Province, province
from tests.gateway.test_changes import _came, _register
from tests.gateway.test_gateway import PDF, issue
from tests.web import client_for

#: each starts from a document sent over a real axis
pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def sent(
    session: Session, hub: HubProcess, monkeypatch: pytest.MonkeyPatch
) -> tuple[Province, OutgoingDocument]:
    """A document that agency B has registered; the ministry has not fetched it."""
    for name in ("documents.read_text", "signatures.check_file"):
        quiet = jobs.Job("x", lambda session, file_id: None, jobs.Queue.INTERACTIVE, 1)
        monkeypatch.setitem(jobs.JOBS, name, quiet)
    place = province(session)
    document = issue(session, place, 300)
    exchange(session)
    _register(session, place.b, _came(session, place.b))
    exchange(session)
    with transaction(session):
        session.execute(sa.update(Dispatch).values(asked_at=None))
    follow(session)
    session.expire_all()
    return place, document


def _copy(session: Session, document: OutgoingDocument, code: str) -> int:
    return next(d.id for d in queries.deliveries_of(session, document) if d.recipient_code == code)


def _names(code: str, text: str) -> bool:
    """Whether a text names an agency: its code as a word, not letters of a certificate or a hash by chance."""
    return re.search(rf"(?<![\w+/=.]){re.escape(code)}(?![\w+/=])", text) is not None


def _bundle(app: Flask, session: Session, document: OutgoingDocument, folder: Path) -> Path:
    path = f"/outgoing/{document.id}/copies/{_copy(session, document, 'H01.05')}/evidence"
    answer = client_for(app, "a_clerk").get(path)
    assert answer.status_code == 200
    bundle = folder / "e.zip"
    bundle.write_bytes(answer.data)
    return bundle


def test_every_step_stands_on_a_page_with_time_and_proof(
    app: Flask, session: Session, sent: tuple[Province, OutgoingDocument]
) -> None:
    _place, document = sent
    client = client_for(app, "a_clerk")
    address = f"/outgoing/{document.id}/copies/{_copy(session, document, 'H01.05')}"
    assert address in client.get(f"/outgoing/{document.id}").get_data(as_text=True)
    page = client.get(address).get_data(as_text=True)
    steps = ["Xếp vào hàng gửi", "Trục nhận", "Lấy về", "Đã đến hệ thống nơi nhận", "Nơi nhận đã vào sổ"]
    places = [page.index(step) for step in steps]
    assert places == sorted(places)
    assert "vào sổ văn bản đến số 1" in page
    assert "biên nhận trục liên thông đã ký" in page
    for other in ("b_clerk", "a_specialist"):
        assert client_for(app, other).get(address).status_code in (403, 404)
        assert client_for(app, other).get(f"{address}/evidence").status_code in (403, 404)


def test_the_bundle_holds_alone_and_tells_nothing_of_other_recipients(
    app: Flask, session: Session, sent: tuple[Province, OutgoingDocument], tmp_path: Path
) -> None:
    _place, document = sent
    with transaction(session):
        values = {"der": b"a list of the authority", "fingerprint": "ab12", "fetched_at": clock.now()}
        session.add(FetchedList(url="http://ca.example.vn/crl", **values))
    bundle = _bundle(app, session, document, tmp_path)
    with zipfile.ZipFile(bundle) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    kinds = {name.partition("/")[0] for name in parts}
    assert {"packet.edxml", "files", "receipts", "certificates", "evidence.html", "manifest.json"} <= kinds
    assert PDF in parts.values(), "the bytes as they were issued"
    assert parts["files/revocation/ab12.crl"] == b"a list of the authority"
    assert {name.rpartition("-")[2] for name in parts if "/statuses/" in name} == {"01.edxml", "03.edxml"}
    page = parts["evidence.html"].decode()
    assert "H01.05" in page
    assert not _names("G09", page)
    # the packet's own header lists its addressees, as every addressee got it
    telling = b"".join(data for name, data in parts.items() if name != "packet.edxml")
    delivered = next(
        data for name, data in parts.items() if "delivered" in name and name.startswith("receipts")
    )
    assert b"H01.05" in delivered
    assert not _names("G09", delivered.decode())
    assert "Bộ Nội vụ".encode() not in telling
    done = CliRunner().invoke(main, ["verify-evidence", str(bundle)])
    assert done.exit_code == 0, done.output


def test_a_changed_byte_is_named_by_its_part(
    app: Flask, session: Session, sent: tuple[Province, OutgoingDocument], tmp_path: Path
) -> None:
    _place, document = sent
    bundle = _bundle(app, session, document, tmp_path)
    with zipfile.ZipFile(bundle) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for changed in ("evidence.html", next(name for name in parts if "/statuses/" in name)):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data[:-1] + bytes([data[-1] ^ 1]) if name == changed else data)
        bundle.write_bytes(made.getvalue())
        done = CliRunner().invoke(main, ["verify-evidence", str(bundle)])
        assert done.exit_code == 1
        assert next(line for line in done.output.splitlines() if line.startswith("BAD")).startswith(
            f"BAD {changed}"
        )
