"""A time stamp that no reader would believe never gets into a file: there nobody could mend it."""

import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from signing.archive import archive_pdf
from signing.detached import sign_detached
from signing.errors import TimestampNotBelieved, TimestampUnavailable
from signing.keys import Pkcs12Key
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.timestamps import HttpTimestamper, stamp
from signing.trust import TrustStore
from signing.twostep import complete_pdf, prepare_pdf
from tests.signing.conftest import sign


class _Changed(LocalTimestamper):
    """Its replies are changed on the way."""

    def __init__(self, pki: DemoPki, change: Callable[[bytes], bytes]) -> None:
        super().__init__(pki)
        self._change = change

    def reply(self, request: bytes) -> bytes:
        return self._change(super().reply(request))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return DemoPki.create(tmp_path_factory.mktemp("others") / "pki", "http://127.0.0.1:9")


@pytest.fixture(params=["of a stranger", "of the future", "altered"])
def doubtful(request: pytest.FixtureRequest, pki: DemoPki, others: DemoPki) -> HttpTimestamper:
    if request.param == "of a stranger":
        return LocalTimestamper(others)
    if request.param == "altered":
        return _Changed(pki, lambda reply: reply[:-1] + bytes([reply[-1] ^ 1]))
    return LocalTimestamper(pki, lambda: datetime.now(UTC) + timedelta(days=1))


@pytest.mark.slow
def test_it_is_refused_wherever_files_are_stamped(
    document: bytes, leader: Pkcs12Key, pki: DemoPki, trust: TrustStore, doubtful: HttpTimestamper
) -> None:
    options = {"level": Level.B_T, "timestamper": doubtful, "trust": trust}
    with pytest.raises(TimestampNotBelieved):
        sign(document, leader, field="S", **options)
    with pytest.raises(TimestampNotBelieved):
        sign_detached(io.BytesIO(b"x"), leader, timestamper=doubtful, trust=trust)
    target = io.BytesIO()
    made = prepare_pdf(io.BytesIO(document), target, leader, field="S", level=Level.B_T, trust=trust)
    before = target.getvalue()
    with pytest.raises(TimestampNotBelieved):
        complete_pdf(target, made, leader, leader.sign(made.attributes), timestamper=doubtful, trust=trust)
    assert target.getvalue() == before
    signed, _ = sign(document, leader, field="S", **options | {"timestamper": LocalTimestamper(pki)})
    archive = io.BytesIO()
    with pytest.raises(TimestampNotBelieved):
        archive_pdf(io.BytesIO(signed), archive, doubtful, trust)
    assert archive.getvalue() == b""


@pytest.mark.parametrize("reply", [b"", b"0" * 100, bytes.fromhex("30053003020100"), b"<html>"])
def test_a_reply_that_is_none_is_the_authoritys_fault_not_the_files(
    reply: bytes, document: bytes, leader: Pkcs12Key, pki: DemoPki
) -> None:
    authority = _Changed(pki, lambda _reply: reply)
    with pytest.raises(TimestampUnavailable):
        sign(document, leader, field="S", level=Level.B_T, timestamper=authority)
    with pytest.raises(TimestampUnavailable):
        stamp(io.BytesIO(b"x"), authority)


@pytest.fixture
def endless() -> Iterator[str]:
    """An authority that never stops answering, a byte at a time."""
    over = threading.Event()

    class Drip(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not over.wait(0.05):
                self.wfile.write(b"0")

        def log_message(self, *_line: object) -> None:
            """Not on the tests' screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_an_endless_reply_is_cut(endless: str) -> None:
    with pytest.raises(TimestampUnavailable, match="slow"):
        stamp(io.BytesIO(b"x"), HttpTimestamper(endless, timeout=0.3))
