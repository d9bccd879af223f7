"""Large messages over lines that are cut: only what is missing is sent again, and memory stays small."""

import hashlib
import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from io import BytesIO

import psutil
import pytest

from exchange import pieces
from exchange.build import build
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable
from exchange.model import MessageKind
from exchange.testing import attachment
from exchange.vxp import signed_headers
from tests.faults.cutting import CuttingLine

_BYTES = "application/octet-stream"


def call(
    hub, system: str, operation: str, body: bytes | Iterator[bytes] = b"", extra=None, **parameters: str
):
    """One call on a line of its own, with nothing of our client; the answer, not read yet."""
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    line = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=120)
    headers = signed_headers(system, "secret", named, _BYTES) | (extra or {})
    line.request("GET" if operation == "downloadEdoc" else "POST", f"/{operation}", body, headers)
    return line.getresponse()


def answer(*args, **parameters) -> dict:
    return json.loads(call(*args, **parameters).read())


def piece(hub, system: str, name: str, data: bytes, offset: int) -> dict:
    sha256 = hashlib.sha256(data).hexdigest()
    return answer(hub, system, "uploadPiece", data, upload=name, offset=str(offset), sha256=sha256)


@pytest.fixture
def packet(party, letter, tmp_path):
    a, b = party(), party()
    out = BytesIO()
    build(letter(a, b, attachments=[attachment(tmp_path, content=os.urandom(700_000))]), out)
    return a, b, out.getvalue()


def send_upload(hub, a, name: str, data: bytes) -> dict:
    given = {"from": a.code, "hash-file": hashlib.sha256(data).hexdigest(), "message-id": name}
    return answer(
        hub, a.client.system_id, "sendEdoc", servicetype="eDoc", messagetype="edoc", upload=name, **given
    )


def test_a_message_sent_in_pieces_goes_on_where_it_ended(hub, packet):
    a, b, data = packet
    system, step = a.client.system_id, 300_000
    assert answer(hub, system, "uploadPiece", upload="u1")["offset"] == 0
    assert piece(hub, system, "u1", data[:step], 0)["offset"] == step
    assert piece(hub, system, "u1", data[:step], 0)["offset"] == step, "a piece sent twice does no harm"
    assert piece(hub, system, "u1", data[-10:], len(data) - 10)["offset"] == step, "nor one too early"
    assert send_upload(hub, a, "u1", data)["status"] == "FAIL", "not whole yet"
    while (offset := answer(hub, system, "uploadPiece", upload="u1")["offset"]) < len(data):
        piece(hub, system, "u1", data[offset : offset + step], offset)
    first = send_upload(hub, a, "u1", data)
    assert first["ErrorCode"] == "0"
    [waiting] = b.client.received()
    assert b.read(waiting.doc_id) == data
    assert answer(hub, system, "uploadPiece", upload="u1")["offset"] == 0, "its pieces are gone"


def test_pieces_are_checked_and_nobody_elses(hub, packet):
    a, b, data = packet
    system = a.client.system_id
    changed = answer(hub, system, "uploadPiece", b"changed", upload="u2", offset="0", sha256="0" * 64)
    assert changed["ErrorCode"] == "10"
    piece(hub, system, "u2", data[:1000], 0)
    assert answer(hub, b.client.system_id, "uploadPiece", upload="u2")["offset"] == 0
    for name in ("../../etc/passwd", "a/b", "x" * 101):
        assert answer(hub, system, "uploadPiece", upload=name)["ErrorCode"] == "21"
    assert send_upload(hub, a, "none", data)["ErrorCode"] == "10"


def test_a_cut_download_goes_on_with_a_range(hub, packet):
    a, b, data = packet
    piece(hub, a.client.system_id, "u3", data, 0)
    send_upload(hub, a, "u3", data)
    [waiting] = b.client.received()
    system = b.client.system_id

    def part(wanted: str):
        return call(hub, system, "downloadEdoc", extra={"Range": wanted}, docId=waiting.doc_id)

    rest = part("bytes=500000-")
    assert (rest.status, rest.read()) == (206, data[500_000:])
    assert rest.headers["Content-Range"] == f"bytes 500000-{len(data) - 1}/{len(data)}"
    assert rest.headers["XroadVnpt-sha256"] == hashlib.sha256(data).hexdigest(), "of the whole"
    assert part("bytes=10-19").read() == data[10:20]
    assert part("bytes=-7").read() == data[-7:]
    assert part(f"bytes={len(data)}-").status == 416
    assert part("lines=1-2").read() == data


@pytest.fixture
def poor(hub) -> CuttingLine:
    """A line to the axis on which no connection lasts."""
    line = CuttingLine(hub.port, 4, cuts=1.0, repeats=0.0)
    line.start()
    return line


@pytest.mark.slow
def test_over_a_line_that_is_cut_again_and_again_a_large_message_arrives(hub, party, letter, tmp_path, poor):
    a, b = party(), party()
    path = tmp_path / "packet"
    with path.open("wb") as out:
        large = attachment(tmp_path, content=os.urandom(4_000_000))
        digest = build(letter(a, b, attachments=[large]), out)
    sent, tries = None, 0
    with AxisClient(poor.url, a.client.system_id, "secret") as client, path.open("rb") as packet:
        while sent is None:
            tries += 1
            assert tries < 100, "no progress"
            try:
                sent = pieces.send(
                    client, packet, digest, message_id="large-1", kind=MessageKind.DOCUMENT, sender=a.code,
                    large=1_000_000, piece=200_000,
                )  # fmt: skip
            except Unavailable:
                continue
        assert poor.cut > 0
        again = pieces.send(
            a.client, packet, digest, message_id="large-1", kind=MessageKind.DOCUMENT, sender=a.code, large=0
        )
        assert again == sent, "a repeat costs no byte of the message"
    [waiting] = b.client.received()
    cut = poor.cut
    with AxisClient(poor.url, b.client.system_id, "secret") as client:
        assert _downloaded(client, waiting.doc_id, waiting.sha256) == digest.sha256
    assert poor.cut > cut


def _downloaded(client: AxisClient, doc_id: str, sha256: str) -> str:
    """SHA-256 of what came; a line may be cut before its first byte."""
    for _ in range(100):
        try:
            with client.open(doc_id, sha256) as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except Unavailable:
            continue
    raise AssertionError("the message does not come")


def test_an_axis_that_knows_no_pieces_gets_the_message_whole(hub, party, letter, tmp_path, monkeypatch):
    a, b = party(), party()
    out = BytesIO()
    digest = build(letter(a, b), out)
    asked = []

    def unknown(*_: object) -> int:
        asked.append(1)
        raise Refused("404", "No such operation")

    monkeypatch.setattr(a.client, "uploaded", unknown)
    sent = pieces.send(
        a.client, out, digest, message_id="whole-1", kind=MessageKind.DOCUMENT, sender=a.code, large=0
    )
    assert asked
    assert sent.receipt is not None


@pytest.mark.fault
def test_a_gigabyte_passes_in_constant_memory(hub, party, letter, tmp_path):
    """1 GB of attachment in, listed, out again; the process stays below 200 MB."""
    a, b = party(), party()
    size = 1_000_000_000
    with (tmp_path / "zeros.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(size)
    large = attachment(tmp_path, "lon.pdf", b"")
    large.content.unlink()
    (tmp_path / "zeros.pdf").rename(large.content)
    path = tmp_path / "packet.edxml"
    with path.open("wb") as out:
        digest = build(letter(a, b, attachments=[large]), out)
    large.content.unlink()
    most, done = [0], threading.Event()

    def watch() -> None:
        process = psutil.Process(hub.pid)
        while not done.wait(0.05):
            most[0] = max(most[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.monotonic()
    with path.open("rb") as packet:
        sent = a.client.send(packet, digest, kind=letter(a, b).kind, sender=a.code)
    path.unlink()
    [waiting] = b.client.received()
    with b.client.open(waiting.doc_id, waiting.sha256) as stream:
        while stream.read(1 << 20):
            pass
    done.set()
    watcher.join()
    print(f"{most[0] / 1e6:.0f} MB at most, {time.monotonic() - begun:.0f} s")
    assert sent.receipt is not None
    assert sent.receipt.statement.size == digest.size > size
    assert most[0] < 200_000_000
