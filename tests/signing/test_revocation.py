"""Asking authorities: bounded in time, size and target."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from signing import revocation
from signing.errors import RevocationUnavailable
from signing.testing import DemoPki

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """A server on a free port that answers as told; gives its address."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing to say."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://localhost:{server.server_port}/crl"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte every 50 ms, for ever."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"0")
            time.sleep(0.05)
    except OSError:
        return


def test_a_list_is_fetched_and_the_host_asked_by_its_name(
    serve: Callable[[Answer], str], pki: DemoPki
) -> None:
    asked = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.headers["Host"])
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(pki.root_crl())

    url = serve(answer)
    assert revocation.fetch_crl(url, allow_private=True)
    assert asked == [url.split("/")[2]]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]:80", "10.1.2.3", "169.254.169.254", "224.0.0.1", "[::ffff:10.0.0.1]", "[::10.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fec0::1]", "[fd00::1]", "0.0.0.0", "[::]",
    ],
)  # fmt: skip
def test_a_private_address_is_not_asked_nor_one_that_leads_there(host: str) -> None:
    with pytest.raises(RevocationUnavailable, match="private"):
        revocation.fetch_crl(f"http://{host}/x")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ldap://host/x", "http://", "https:///x"])
def test_what_is_no_address_of_the_web_is_not_asked(url: str) -> None:
    with pytest.raises(RevocationUnavailable):
        revocation.fetch_crl(url)


def test_a_name_is_looked_up_once(
    serve: Callable[[Answer], str], pki: DemoPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was looked at is the one that is asked, not what the name stands for a moment later."""
    real, asked = socket.getaddrinfo, []

    def noted(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real(host, *rest, **more)  # type: ignore[arg-type]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(pki.root_crl())

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    assert revocation.fetch_crl(serve(answer), allow_private=True)
    assert asked.count("localhost") == 1


@pytest.mark.slow
def test_a_machine_without_a_way_to_names_waits_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **_more: answered.wait(30) and [])
    monkeypatch.setattr(revocation, "_LONG", 0.2)
    begun = time.monotonic()
    with pytest.raises(RevocationUnavailable, match="no such host"):
        revocation.fetch_crl("http://thuhoi.example/crl")
    answered.set()
    assert time.monotonic() - begun < 3


@pytest.mark.slow
def test_a_service_that_drips_is_left(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "_LONG", 0.3)
    begun = time.monotonic()
    with pytest.raises(RevocationUnavailable, match="no time left"):
        revocation.fetch_crl(serve(drip), allow_private=True)
    assert time.monotonic() - begun < 3


@pytest.mark.slow
def test_a_reply_without_end_is_cut(serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "LIMIT", 10)
    with pytest.raises(RevocationUnavailable, match="too long"):
        revocation.fetch_crl(serve(drip), allow_private=True)


def test_services_that_hang_cost_no_verdict(pki: DemoPki) -> None:
    begun = time.monotonic()
    found = revocation.fetch([pki.root.der, pki.intermediate.der, b"no certificate"], within=0)
    assert found.missing
    assert not found.crls
    assert time.monotonic() - begun < 1
