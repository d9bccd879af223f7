"""Keys with a remote signing service: the dummy service of the Cloud Signature Consortium's API."""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asn1crypto import x509 as asn1

from signing import errors
from signing.keys import Algorithm, Pkcs12Key, holds
from signing.remote import RemoteAddress, open_remote
from signing.report import Verdict
from signing.sign import sign_pdf
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.csc import signing_service

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A signing service over three keys."""
    with signing_service(tmp_path_factory.mktemp("csc")) as url:
        yield url


@pytest.mark.parametrize(
    ("name", "pss", "algorithm"),
    [("rsa", False, Algorithm.RSA), ("rsa", True, Algorithm.RSA_PSS), ("ec", False, Algorithm.ECDSA)],
)
def test_a_remote_key_signs(
    name: str, pss: bool, algorithm: Algorithm, service: str, document: bytes
) -> None:
    address = RemoteAddress.parse(f"csc:{service}?credential=gov/{name}")
    target = io.BytesIO()
    with open_remote(address, "1234", pss=pss) as key:
        assert key.algorithm is algorithm
        believed = TrustStore(roots=tuple(der for der in key.chain if _is_root(der)))
        sign_pdf(io.BytesIO(document), target, key, field="S", trust=believed)
    assert verify_pdf(target, believed).verdict is Verdict.VALID


def _is_root(der: bytes) -> bool:
    return bool(asn1.Certificate.load(der).self_issued)


def test_one_authorisation_covers_many_digests(service: str) -> None:
    parts = [f"văn bản {number}".encode() for number in range(25)]
    with open_remote(RemoteAddress(service, "gov/rsa"), "1234") as key:
        assert key.batch == 10
        calls: list[str] = []
        key._service.client.event_hooks["request"].append(lambda request: calls.append(request.url.path))
        made = key.sign_all(parts)
        assert calls.count("/csc/v1/credentials/authorize") == 3
        assert all(
            holds(key.certificate, key.algorithm, *pair, "sha256") for pair in zip(parts, made, strict=True)
        )


def test_a_service_that_is_away_or_knows_no_such_key_is_said(service: str) -> None:
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress(service, "gov/nobody"), "1234"):
        pass
    with pytest.raises(errors.KeyUnavailable), open_remote(RemoteAddress("http://127.0.0.1:9", "x"), "1"):
        pass
    with (
        pytest.raises(errors.UnusableKey, match="name the credential"),
        open_remote(RemoteAddress(service), "1"),
    ):
        pass


@pytest.mark.parametrize("text", ["csc:", "csc:ftp://a/b", "csc:http://ky.example.vn/"])
def test_an_address_without_tls_is_refused(text: str) -> None:
    with pytest.raises(errors.KeyAddressError):
        RemoteAddress.parse(text)


@contextmanager
def answering(reply: Callable[[], Iterable[bytes]]) -> Iterator[str]:
    """A service that answers every call with these pieces; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for piece in reply():
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("multisign", [None, 0, "many", True])
def test_a_service_that_says_no_number_of_signatures_authorises_each(
    multisign: object, leader: Pkcs12Key
) -> None:
    facts = {
        "key": {"status": "enabled"},
        "cert": {"certificates": [base64.b64encode(leader.certificate).decode()]},
        "multisign": multisign,
    }
    with (
        answering(lambda: [json.dumps(facts).encode()]) as url,
        open_remote(RemoteAddress(url, "x"), "1") as key,
    ):
        assert key.batch == 1


def test_a_reply_without_end_is_cut() -> None:
    sent: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield bytes(1_000_000)

    with answering(endless) as url:
        with pytest.raises(errors.KeyUnavailable, match="too long"), open_remote(RemoteAddress(url), "1"):
            pass
        assert len(sent) < 100
