"""A WSGI server with one thread a connection, for clients that stay connected and send large bodies.

A thread that waits costs next to nothing, so nobody who is slow, polls, or stalls in the middle of an upload
stands in another's way, and no request changes hands between threads. Bodies are read from the socket when the
application asks for them and files leave by sendfile: memory does not depend on sizes. Several processes may
listen on one port; the kernel shares the connections out.
"""

from __future__ import annotations

import io
import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote_to_bytes

from exchange.hub.requests import BadRequest, Body, Head, read_head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)
#: seconds without a byte after which a started request or answer is given up, and an idle line is closed
STALLED, IDLE = 30, 90
#: unread bytes of a refused body that are read, since most clients look for the answer only when all is sent
_DRAINED = 64 << 20
_PIECE = 1 << 18
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class FileBody:
    """`wsgi.file_wrapper`: a file that is sent by the kernel."""

    def __init__(self, file: BinaryIO, size: int = _PIECE) -> None:
        self.file = file
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._size), b"")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Server:
    """`connections`: open at a time, each with a thread; for one more an idle one gives way."""

    def __init__(self, application: WSGIApplication, host: str, port: int, *, connections: int) -> None:
        self.application = application
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=512, reuse_port=True)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._most = connections
        self._lines: set[Line] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def run(self) -> None:
        """Accept until `close`, or until a signal handler raises."""
        while not self.stopping.is_set():
            try:
                accepted, peer = self._socket.accept()
            except OSError as error:
                if self.stopping.is_set():
                    return
                _log.error("accepting failed: %s", error)  # out of descriptors, say: it passes
                time.sleep(0.1)
                continue
            self._begin(accepted, str(peer[0]))

    def _begin(self, accepted: socket.socket, peer: str) -> None:
        with self._lock:
            room = len(self._lines) < self._most or self._make_room()
            if room:
                line = Line(self, accepted, peer)
                self._lines.add(line)
        if room:
            threading.Thread(target=line.serve, name=f"line-{peer}", daemon=True).start()
            return
        with accepted, suppress(OSError):
            accepted.sendall(_FULL)

    def _make_room(self) -> bool:
        """The line that has been idle longest gives way; False when all are at work."""
        idle = [line for line in self._lines if line.idle_since is not None]
        if not idle:
            return False
        oldest = min(idle, key=lambda line: line.idle_since or 0)
        oldest.close_if_idle()
        self._lines.discard(oldest)
        return True

    def gone(self, line: Line) -> None:
        """A connection ended."""
        with self._lock:
            self._lines.discard(line)

    def close(self, seconds: float = 15) -> None:
        """Take no more, let running requests finish, close the rest."""
        self.stopping.set()
        self._socket.close()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                lines = list(self._lines)
            if not lines:
                return
            for line in lines:
                line.close_if_idle()
            time.sleep(0.02)


class Line:
    """One connection and its thread."""

    def __init__(self, server: Server, accepted: socket.socket, peer: str) -> None:
        self._server = server
        self._socket = accepted
        self._peer = peer
        #: None while it works
        self.idle_since: float | None = time.monotonic()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Kernel timeouts instead of Python's: no poll before each read and write.
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            accepted.setsockopt(socket.SOL_SOCKET, direction, struct.pack("ll", STALLED, 0))

    def serve(self) -> None:
        """Answer one request after another until either side ends it."""
        try:
            rest: bytes | None = b""
            while rest is not None and not self._server.stopping.is_set():
                rest = self._next(rest)
        except BadRequest as bad:
            with suppress(OSError):
                self._socket.sendall(bad.answer())
        except OSError as error:  # cut or stalled by the other side, which repeats what it needs
            _log.debug("line to %s ended: %s", self._peer, error)
        finally:
            self._server.gone(self)
            self._socket.close()

    def close_if_idle(self) -> None:
        """End the wait for a request that will not come any more."""
        if self.idle_since is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _next(self, rest: bytes) -> bytes | None:
        """One request; what was read beyond it, or None when the line is to be closed."""
        found = read_head(self._receive_idle, self._socket.recv, rest)
        if found is None:
            return None
        head, rest = found
        self.idle_since = None
        body = Body(self._socket, head, rest)
        answer = _Answer(self._socket, head)
        self._answer(head, body, answer)
        self.idle_since = time.monotonic()
        if answer.closes or not body.drain(_DRAINED):
            return None
        return body.beyond

    def _receive_idle(self, size: int) -> bytes:
        """The first bytes of a request, for which a client may take its time."""
        for _ in range(IDLE // STALLED):
            with suppress(BlockingIOError):
                return self._socket.recv(size)
            if self._server.stopping.is_set():
                break
        return b""

    def _answer(self, head: Head, body: Body, answer: _Answer) -> None:
        environ = self._environ(head, body)
        result = self._server.application(environ, answer.start)
        try:
            answer.write_all(result)
        finally:
            if hasattr(result, "close"):
                result.close()

    def _environ(self, head: Head, body: Body) -> dict[str, Any]:
        path, _, query = head.target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": head.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": _unquoted(path),
            "QUERY_STRING": query,
            "SERVER_NAME": self._server.address[0],
            "SERVER_PORT": str(self._server.address[1]),
            "SERVER_PROTOCOL": head.version,
            "REMOTE_ADDR": self._peer,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BufferedReader(body, _PIECE) if head.chunked else body,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileBody,
        }
        for name, value in head.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        if (length := environ.pop("HTTP_CONTENT_LENGTH", None)) is not None:
            environ["CONTENT_LENGTH"] = length
        return environ


class _Answer:
    """Writes a response; `closes` afterwards says whether the line can be used again."""

    def __init__(self, line: socket.socket, head: Head) -> None:
        self._line = line
        self._head = head
        self._started = b""
        #: bytes that the head promises; None: as many as come
        self._promised: int | None = None
        self.closes = head.closes

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        """WSGI `start_response`."""
        if self._started and exc_info is None:
            raise RuntimeError("the response was started already")
        names = {name.lower(): value for name, value in headers}
        # An answer without its length ends with the line.
        if "content-length" not in names or names.get("connection", "").lower() == "close":
            self.closes = True
        self._promised = int(names["content-length"]) if "content-length" in names else None
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if self.closes and "connection" not in names:
            lines.append("Connection: close")
        self._started = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return self._line.sendall

    def write_all(self, result: Iterable[bytes]) -> None:
        """The head together with the first piece, then the rest; nothing of it for HEAD.

        An answer that ends before its promised length takes the line with it: whoever reads would wait for the rest.
        """
        if self._head.method == "HEAD":
            self._line.sendall(self._started)
        elif self._written(result) < (self._promised or 0):
            self.closes = True

    def _written(self, result: Iterable[bytes]) -> int:
        """Write it; returns the bytes of its body."""
        if isinstance(result, FileBody):
            self._line.sendall(self._started, socket.MSG_MORE)
            if isinstance(result.file, io.BufferedReader):
                return self._line.sendfile(result.file, result.file.tell())
            return self._sent(iter(result))
        pieces = iter(result)
        first = next(pieces, b"")
        # An application may start the response as late as with its first piece.
        self._line.sendall(self._started + first)
        return len(first) + self._sent(pieces)

    def _sent(self, pieces: Iterable[bytes]) -> int:
        sent = 0
        for piece in pieces:
            self._line.sendall(piece)
            sent += len(piece)
        return sent


def _unquoted(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1") if "%" in path else path
