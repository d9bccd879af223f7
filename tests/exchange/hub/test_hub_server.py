"""HTTP as strangers speak it: what is well formed is served, what could be read in two ways is refused."""

import hashlib
import io
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from exchange.hub.server import FileBody, Server


def echo(environ, start):
    """Answers with length and hash of the body, or with a file of a given size."""
    if environ["PATH_INFO"] == "/file":
        size = int(environ["QUERY_STRING"])
        start("200 OK", [("Content-Length", str(size))])
        return FileBody(io.BytesIO(b"x" * size)) if size < 10 else FileBody(_file(size))
    if environ["PATH_INFO"] == "/short":  # as when a file was cut on the disk
        start("200 OK", [("Content-Length", "9")])
        kind = environ["QUERY_STRING"]
        return (
            [b"half"] if kind == "pieces" else FileBody(io.BytesIO(b"half") if kind == "bytes" else _file(4))
        )
    if environ["PATH_INFO"] == "/refuse":
        start("200 OK", [("Content-Length", "2")])
        return [b"no"]
    digest, length = hashlib.sha256(), 0
    while piece := environ["wsgi.input"].read(1000):
        digest.update(piece)
        length += len(piece)
    text = f"{length} {digest.hexdigest()} {environ.get('HTTP_X_NAME', '')}".encode()
    start("200 OK", [("Content-Length", str(len(text)))])
    return [text]


def _file(size: int):
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it
    file.write(b"y" * size)
    file.seek(0)
    return file


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server(echo, "127.0.0.1", 0, connections=8)
    threading.Thread(target=running.run, daemon=True).start()
    yield running
    running.close()


@pytest.fixture
def line(server: Server) -> Iterator[Callable[[bytes], bytes]]:
    """Sends bytes on a fresh connection, ends it, and returns all that came back."""

    def exchange(sent: bytes) -> bytes:
        with socket.create_connection(server.address, timeout=5) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return exchange


def answer_to(body: bytes) -> bytes:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()


def test_requests_sent_ahead_are_answered_in_their_order(line):
    first = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    second = b"POST / HTTP/1.1\r\nHost: a\r\nX-Name: 2\r\nContent-Length: 2\r\n\r\nde"
    got = line(first + second)
    assert got.index(answer_to(b"abc")) < got.index(answer_to(b"de") + b" 2")
    assert got.count(b"HTTP/1.1 200 OK") == 2


def test_a_body_in_chunks_is_joined(line):
    body = b"4\r\nWiki\r\n6;note=1\r\npedia \r\n1\r\nX\r\n0\r\nTrailer: 1\r\n\r\n"
    got = line(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"GET / HTTP/1.1\r\n\r\n")
    assert answer_to(b"Wikipedia X") in got
    assert answer_to(b"") in got, "the next request begins where the last chunk ends"


@pytest.mark.parametrize("size", [5, 300_000, 3_000_000])
def test_a_file_arrives_whole(line, size: int):
    head, _, body = line(f"GET /file?{size} HTTP/1.1\r\n\r\n".encode()).partition(b"\r\n\r\n")
    assert len(body) == size
    assert set(body) in ({ord("x")}, {ord("y")})
    assert f"Content-Length: {size}".encode() in head


@pytest.mark.parametrize("kind", ["pieces", "bytes", "file"])
def test_an_answer_that_ends_early_ends_the_line_so_that_nobody_waits_for_the_rest(server: Server, kind: str):
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(f"GET /short?{kind} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    assert got.partition(b"\r\n\r\n")[2] in {b"half", b"yyyy"}, "nor is another answer taken for the rest"


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_line(line, request_: bytes):
    got = line(request_ + b"GET / HTTP/1.1\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 400 ")
    assert got.count(b"HTTP/1.1") == 1


def test_a_coding_nobody_asked_for_is_not_implemented(line):
    assert line(b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n").startswith(b"HTTP/1.1 501 ")


@pytest.mark.parametrize("size", [1000, 5_000_000])
def test_a_client_that_sends_all_before_it_listens_hears_why_it_is_refused(line, size: int):
    head = f"POST /refuse HTTP/1.1\r\nContent-Length: {size}\r\n\r\n".encode()
    got = line(head + b"x" * size + b"GET /refuse HTTP/1.1\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 OK") == 2


def test_a_body_cut_short_gets_no_answer_as_if_it_were_whole(line):
    assert b"200 OK" not in line(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")


STALLED = b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"


def opened(server: Server, count: int, sent: bytes = b"") -> list[socket.socket]:
    lines = [socket.create_connection(server.address, timeout=5) for _ in range(count)]
    for one in lines:
        one.sendall(sent)
    return lines


def test_lines_that_are_idle_or_stall_leave_room_for_others(server: Server, line):
    held = opened(server, 6, STALLED) + opened(server, 20)
    assert b"200 OK" in line(b"GET / HTTP/1.1\r\n\r\n"), "an idle line gives way"
    for one in held:
        one.close()


def test_when_all_are_at_work_one_more_is_told_to_come_again(server: Server):
    end, answered = time.monotonic() + 10, b""
    held = opened(server, 8, STALLED)
    while b"503" not in answered:  # until the threads of all eight have read their heads
        assert time.monotonic() < end
        more = opened(server, 1, STALLED)
        held += more
        more[0].settimeout(0.2)
        with suppress(TimeoutError):
            answered = more[0].recv(1000)
    assert b"Retry-After: 5" in answered
    for one in held:
        one.close()
