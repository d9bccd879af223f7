"""The office and the axis with their files in an S3 store: what is taken in, sent, received and read lies there."""

import hashlib
import io
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import config
from eoffice.core.blobs import blobs, place
from eoffice.core.config import settings
from eoffice.documents.models import Document
from eoffice.gateway import axis, queries
from eoffice.gateway.models import Arrival, Hop
from eoffice.incoming.models import IncomingDocument
from exchange.build import Digest
from exchange.model import MessageKind, Organization
from exchange.testing import HubProcess, document, packet
from tests.conftest import drop_database, make_database, url_of
from tests.exchanging import exchange
from tests.factories import province
from tests.gateway.conftest import OURS, THEIRS
from tests.gateway.test_gateway import hops, issue
from tests.incoming.letters import letter_pdf
from tests.s3 import BUCKET, Gateway
from tests.web import client_for

pytestmark = [pytest.mark.peer, pytest.mark.postgres]


@pytest.fixture(scope="module")
def machines(
    s3: Gateway, worker_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[HubProcess, HubProcess]]:
    """Two machines of one axis, with a prefix of the bucket."""
    name, folder = f"hub_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("axis")
    make_database(name, "template0")
    environment = {"EOFFICE_HUB_FILES": s3.url("axis")}
    hubs = [HubProcess(url_of(name, "eoffice_owner"), folder / one, environment=environment) for one in "ab"]
    hubs[0].start()
    for key in ("secrets.key", "system.pem"):
        hubs[1].data.mkdir(mode=0o700, exist_ok=True)
        (hubs[1].data / key).write_bytes((hubs[0].data / key).read_bytes())
    hubs[1].start()
    ours, theirs = hubs[0].add_system(*OURS), hubs[0].add_system(*THEIRS)
    for code, title in (("H01.12", "Sở Nông nghiệp và Môi trường"), ("H01.05", "Sở Tài chính")):
        ours.register_agency(code, title, mail="vanthu@example.vn")
    theirs.register_agency("G09", "Bộ Nội vụ", mail="vanthu@example.vn")
    yield hubs[0], hubs[1]
    for hub in hubs:
        hub.stop()
    drop_database(name)


@pytest.fixture
def office(app: Flask, s3: Gateway, machines: tuple[HubProcess, HubProcess]) -> Iterator[Flask]:
    """The application with another prefix, connected to the axis."""
    with config.override(
        EOFFICE_FILES=place(s3.url("office")), EOFFICE_AXIS_URL=machines[0].url, EOFFICE_AXIS_SYSTEM=OURS[0],
        EOFFICE_AXIS_SECRET=OURS[1], EOFFICE_AXIS_CERTIFICATES=None,
    ):  # fmt: skip
        axis._connected.cache_clear()
        yield app


def _forget_copies() -> None:
    """As on another machine, or on this one a day later."""
    for copy in (settings().get(config.INSTANCE) / "blobs/copies").iterdir():
        copy.unlink()


def test_a_document_is_taken_in_read_sent_and_received_with_all_files_in_a_bucket(
    office: Flask, session: Session, s3: Gateway
) -> None:
    house = province(session)
    clerk = client_for(office, "a_clerk")
    sent = clerk.post("/incoming/new", data={"scan": (io.BytesIO(letter_pdf()), "Công văn.pdf")})
    assert sent.status_code == 303, sent.get_data(as_text=True)
    _forget_copies()
    scan = session.scalars(sa.select(IncomingDocument)).one()
    page = clerk.get(f"/files/{scan.files[0].id}")
    assert page.data == letter_pdf()
    asked = {"Range": "bytes=100-199", "If-Range": page.headers["Last-Modified"]}
    _forget_copies()
    part = clerk.get(f"/files/{scan.files[0].id}", headers=asked)
    assert (part.status_code, part.data) == (206, letter_pdf()[100:200])
    words = Document.words.op("@@")(sa.func.to_tsquery("simple", "xam & nhap & man"))
    assert session.scalars(sa.select(Document.id).where(words)).all() == [scan.id], "its text was read"
    issued = issue(session, house)
    exchange(session)
    arrival = session.scalars(sa.select(Arrival)).one()
    content = queries.arrival_content(session, arrival)
    _forget_copies()
    assert blobs().check(content.files[0].sha256)
    assert hops(session, issued)["H01.05"] is Hop.ARRIVED
    stored = {one["Key"].split("/")[0] for one in s3.client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert stored >= {"axis", "office"}


def test_a_message_in_pieces_arrives_whole_over_two_machines_of_the_axis(
    machines: tuple[HubProcess, HubProcess],
) -> None:
    message = packet(
        document(sender=Organization("G09", "Bộ Nội vụ"), recipients=[Organization("H01.05", "Sở")])
    )
    digest, step = Digest(hashlib.sha256(message).hexdigest(), len(message)), len(message) // 3 + 1
    first, second = (hub.client(*THEIRS) for hub in machines)
    for offset, client in zip(range(0, len(message), step), (first, second, first), strict=True):
        assert client.put_piece("u1", offset, message[offset : offset + step]) == min(
            offset + step, len(message)
        )
    second.send(io.BytesIO(), digest, kind=MessageKind.DOCUMENT, sender="G09", message_id="u1", upload="u1")
    [waiting] = machines[0].client(*OURS).received()
    with machines[1].client(*OURS).open(waiting.doc_id, waiting.sha256) as stream:
        assert stream.read() == message
    assert first.uploaded("u1", digest, "") == 0, "its pieces are gone"
