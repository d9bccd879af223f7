"""Whatever is sent to the axis, it answers, refuses or hangs up, and goes on serving the others.

HUB_FUZZ_SECONDS (1.5 in the usual run) is how long; HUB_FUZZ_SEED repeats a run.
"""

import http.client
import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

import pytest

from exchange.build import build
from exchange.hub.operations import OPERATIONS
from exchange.testing import HubProcess
from exchange.vxp import signed_headers
from tests.exchange.conftest import Party

#: what a parameter may hold when its sender is careless or hostile
NASTY = (
    "", " ", "0", "-1", "1e999", "nan", "9" * 400, "١٢", "null", "true", "[]", "{}", "[1", '["a","a"]', "[[]]",
    "[null]", "%00", "../../etc/passwd", "' OR 1=1 --", "edoc", "status", "done", "fail", "initial", "eDoc",
    "2026/02/30", "2026-11-22T00:00:00Z", "0001-01-01", "9999-12-31", "x" * 5000, "f" * 64, "zz", "\xe9", ",", ";",
)  # fmt: skip
PARAMETERS = (
    "from", "to", "servicetype", "messagetype", "hash-file", "docId", "status", "description", "sha256", "level",
    "pageSize", "pageIndex", "fromDate", "toDate", "after", "AgencyCode", "seal", "upload", "offset", "message-id",
    "priority", "trace", "told",
)  # fmt: skip
BODIES = (
    b"", b"{}", b"[]", b"null", b"1", b"[{}]", b'{"told": [1, -1, 99999999999999999999]}', b'{"told": [true]}',
    b'[{"docId": null, "status": "done"}]', b'[{"docId": "a\\u0000b", "status": "done"}]', b"\xff\xfe", b"{" * 5000,
    b'{"code": "H99.1\\u0000", "name": "a", "mail": "a@b.vn"}', b'{"code": {}, "name": [], "mail": 1}',
    b'{"code": "H99.\\ud800", "name": "\\ud800", "mail": "a@b.vn"}', b'{"code": "' + b"9" * 5000 + b'"}',
    b'{"code": "H99.0", "name": "' + b"a" * 5000 + b'", "mail": "a@b.vn", "pcode": "H99.0", "oldCode": "H99.0"}',
)  # fmt: skip
#: refused for good, refused for now, not found, not served, too large: all are answers; 500 is a fault of ours
FAULTS = {500, 501}


@dataclass
class Stranger:
    """Sends what no client would."""

    hub: HubProcess
    party: Party
    whole: bytes
    chance: random.Random
    seen: Counter[str] = field(default_factory=Counter)

    def bytes_at_random(self) -> None:
        """A good request with mistakes in it, or no request at all: the answer is HTTP, or the line ends."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers("sendEdoc", {}).items())
        request = f"POST /sendEdoc HTTP/1.1\r\n{head}Content-Length: {len(self.whole)}\r\n\r\n".encode()
        data = bytearray(request + self.whole)
        for _ in range(self.chance.randint(1, 4)):
            at = self.chance.randrange(
                min(len(data), len(request)) if self.chance.random() < 0.7 else len(data)
            )
            match self.chance.randrange(4):
                case 0:
                    data[at] = self.chance.randrange(256)
                case 1:
                    del data[at + 1 : at + self.chance.choice((2, 5, 40))]
                case 2:
                    data[at:at] = self.chance.choice((b"\r\n", b"\0", b":", b" ", b"\r\n\r\n", b"\xff" * 9))
                case _:
                    del data[at + 1 :]  # cut off, but never to nothing
        with socket.create_connection(("127.0.0.1", self.hub.port), timeout=10) as line:
            with suppress(OSError):  # it may have hung up already
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionResetError):
                while piece := line.recv(65536):
                    answer += piece
        assert not answer or answer.startswith(b"HTTP/1.1 "), answer[:100]
        self._judge(int(answer[9:12]) if answer else 0, "bytes")

    def signed_nonsense(self) -> None:
        """A well signed call whose parameters and body are anything: all three fields of an answer, in ASCII."""
        operation = self.chance.choice(list(OPERATIONS))
        names = self.chance.sample(PARAMETERS, self.chance.randrange(7))
        parameters = {name: self.chance.choice(NASTY) for name in names}
        body = self.chance.choice((*BODIES, self.whole))
        answer, content = self._call(operation, parameters, body)
        if answer.getheader("content-type") == "application/json":
            told = json.loads(content.decode("ascii"))
            assert {"status", "ErrorCode", "ErrorDesc"} <= told.keys(), (operation, parameters, told)
        self._judge(answer.status, "nonsense", operation, parameters, body[:60])

    def damaged_message(self) -> None:
        """A message that was harmed before its hash was taken."""
        data = bytearray(self.whole)
        for _ in range(self.chance.randint(1, 3)):
            at = self.chance.randrange(len(data))
            match self.chance.randrange(3):
                case 0:
                    data[at] = self.chance.randrange(256)
                case 1:
                    del data[at : at + self.chance.choice((1, 30, 900))]
                case _:
                    data[at:at] = self.chance.choice(
                        (b"<a>", b"&#0;", b"&#x1F4A9;", b"</edXML:To>", b"\0", b"]]>")
                    )
        about = {"from": self.party.code, "servicetype": "eDoc", "messagetype": "edoc"}
        answer, content = self._call("sendEdoc", about, bytes(data))
        self._judge(
            answer.status, "taken" if json.loads(content)["ErrorCode"] == "0" else "refused", bytes(data[:80])
        )

    def _judge(self, status: int, what: str, *about: object) -> None:
        assert status not in FAULTS, (what, *about)
        self.seen[what] += 1

    def _headers(self, operation: str, parameters: dict[str, str]) -> dict[str, str]:
        kind = "application/octet-stream" if operation == "sendEdoc" else "application/json"
        return signed_headers(self.party.client.system_id, "secret", parameters, kind)

    def _call(
        self, operation: str, parameters: dict[str, str], body: bytes
    ) -> tuple[http.client.HTTPResponse, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=10)
        try:
            method = "GET" if operation == "downloadEdoc" else "POST"
            headers = {name: value.encode() for name, value in self._headers(operation, parameters).items()}
            line.request(method, f"/{operation}", body, headers)
            answer = line.getresponse()
            return answer, answer.read()
        finally:
            line.close()


@pytest.mark.slow
def test_whatever_is_sent_is_answered_or_refused_and_others_are_served(
    hub: HubProcess, party: Callable[..., Party], letter
):
    seed = int(os.environ.get("HUB_FUZZ_SEED", "") or random.SystemRandom().randrange(2**32))
    print(f"HUB_FUZZ_SEED={seed}")
    hostile, honest, reader = party(), party(), party()
    out = BytesIO()
    build(letter(hostile, reader), out)
    stranger = Stranger(hub, hostile, out.getvalue(), random.Random(seed))
    logged = (hub.data / "log").stat().st_size
    ends = time.monotonic() + float(os.environ.get("HUB_FUZZ_SECONDS", "1.5"))
    while time.monotonic() < ends:
        stranger.chance.choice(
            (stranger.bytes_at_random, stranger.signed_nonsense, stranger.damaged_message)
        )()
    assert {"bytes", "nonsense", "refused"} <= stranger.seen.keys()
    sent = honest.send(letter(honest, reader))
    assert sent.doc_id
    waiting = {item.doc_id for item in reader.client.received(limit=1000)}
    assert waiting, "what was whole has arrived"
    assert b"Traceback" not in (hub.data / "log").read_bytes()[logged:]
