"""The client over lines that are not what they were a moment ago."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from io import BytesIO

import pytest

from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import Unavailable
from exchange.model import MessageKind

BODY = b'{"status": "OK", "ErrorCode": "0", "count": 3, "DocId": "d-1"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 8\r\n\r\nnoi dung"


class Moody:
    """Answers the first call of a line and hangs up on the second, as an axis that needs the place."""

    def __init__(self, answers: int = 1) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.answers = answers
        #: bodies of the calls that were answered
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return  # closed
            with line, line.makefile("rb") as source:
                for _ in range(self.answers):
                    self.heard.append(self._request(source))
                    line.sendall(ANSWER)
                self._request(source)

    @staticmethod
    def _request(source: object) -> bytes:
        length = 0
        while (head := source.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]  # a buffered reader
            name, _, value = head.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return source.read(length)  # type: ignore[attr-defined,no-any-return]  # as above

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def moody() -> Iterator[Moody]:
    server = Moody()
    yield server
    server.close()


def test_a_call_on_a_line_that_is_just_being_closed_is_made_again_at_once(moody: Moody) -> None:
    packet = b"x" * 600_000
    digest = Digest(hashlib.sha256(packet).hexdigest(), len(packet))
    with AxisClient(moody.url, "H01", "khoa") as client:
        assert client.count() == 3
        assert (
            client.send(BytesIO(packet), digest, kind=MessageKind.DOCUMENT, sender="H01.12").doc_id == "d-1"
        )
    assert moody.heard[-1] == packet, "the second time from its beginning"


def test_an_axis_that_never_answers_is_unavailable(moody: Moody) -> None:
    moody.answers = 0
    with AxisClient(moody.url, "H01", "khoa") as client, pytest.raises(Unavailable):
        client.count()


def test_a_download_whose_head_breaks_off_is_asked_for_again() -> None:
    """The library takes such a head for a whole one, and the message would seem to be empty."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for said in (b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-st", WHOLE):
            line, _ = server.accept()
            with line, line.makefile("rb") as source:
                Moody._request(source)
                line.sendall(said)

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with server, AxisClient(url, "H01", "khoa") as client, client.open("d-1") as stream:
        assert stream.read() == b"noi dung"
