"""Reading HTTP/1.1 requests (RFC 9112), strictly: what could be read in two ways is refused."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

#: sign headers repeat every parameter; a client with many recipients sends long ones
_HEAD = 2 << 20
_PIECE = 1 << 18
_START = re.compile(r"([A-Z]+) (/[^\x00-\x20\x7f]*) (HTTP/1\.[01])")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class BadRequest(Exception):
    """The bytes are no request; the line is closed after saying so."""

    def __init__(self, status: str = "400 Bad Request") -> None:
        super().__init__(status)
        self.status = status

    def answer(self) -> bytes:
        """What the other side is told."""
        return f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@dataclass(frozen=True)
class Head:
    """Start line and headers; names in lower case, repeated ones joined by a comma."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    #: bytes of the body; 0 when it is chunked
    length: int
    chunked: bool

    @property
    def closes(self) -> bool:
        """Whether the client wants the line closed afterwards."""
        wish = self.headers.get("connection", "").lower()
        return "close" in wish or (self.version == "HTTP/1.0" and "keep-alive" not in wish)


def read_head(
    first: Callable[[int], bytes], more: Callable[[int], bytes], data: bytes
) -> tuple[Head, bytes] | None:
    """The next head and the bytes after it; None at the end of the line. Raises BadRequest, OSError.

    `first`: receives while nothing has come yet, `more` afterwards. `data`: received already.
    """
    searched = 0
    while (end := data.find(b"\r\n\r\n", searched)) < 0:
        if len(data) > _HEAD:
            raise BadRequest("431 Request Header Fields Too Large")
        searched = max(0, len(data) - 3)
        piece = (more if data else first)(_PIECE)
        if not piece:
            if data.strip():
                raise BadRequest
            return None
        data = (data + piece) if data else piece.lstrip(b"\r\n")
    return parse_head(data[:end]), data[end + 4 :]


def parse_head(data: bytes) -> Head:
    """Raises BadRequest."""
    start, *lines = data.decode("latin-1").split("\r\n")
    if (found := _START.fullmatch(start)) is None:
        raise BadRequest
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadRequest
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None and (length is not None or coding.lower() != "chunked"):
        raise BadRequest("400 Bad Request" if length else "501 Not Implemented")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
        raise BadRequest
    return Head(found[1], found[2], found[3], headers, int(length or 0), coding is not None)


class Body(io.RawIOBase):
    """The body of one request, read from the line when it is asked for. Raises BadRequest when it is cut."""

    def __init__(self, line: socket.socket, head: Head, read: bytes) -> None:
        self._line = line
        self._read = read
        self._chunked = head.chunked
        self._left = head.length
        self._ended = not head.chunked and not head.length
        # Told only when the body is wanted: a refused call is answered before it is sent.
        self._wanted = head.headers.get("expect", "").lower() == "100-continue" and not read

    @property
    def beyond(self) -> bytes:
        """What was read after the end of the body: the next request."""
        return self._read

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; as many as come at once, or all when it is negative."""
        if size < 0:
            return b"".join(iter(lambda: self._some(_PIECE), b""))
        return self._some(size)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        data = self._some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self, most: int) -> bool:
        """Read what the application left; False when that is more than `most` bytes."""
        if self._wanted and not self._ended:
            return False  # never asked for, so it will not come
        while not self._ended and most > 0:
            most -= len(self._some(_PIECE))
        return self._ended

    def _some(self, size: int) -> bytes:
        if self._ended or not size:
            return b""
        if self._chunked and not self._left and not self._next_chunk():
            return b""
        data = self._receive(min(size, self._left, _PIECE))
        self._left -= len(data)
        if not self._left:
            if self._chunked:
                self._expect_line_end()
            else:
                self._ended = True
        return data

    def _receive(self, size: int) -> bytes:
        if self._read:
            data, self._read = self._read[:size], self._read[size:]
            return data
        if self._wanted:
            self._wanted = False
            self._line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        data = self._line.recv(size)
        if not data:
            raise BadRequest
        return data

    def _next_chunk(self) -> bool:
        """False when it was the last."""
        if (found := _CHUNK.fullmatch(self._text_line())) is None:
            raise BadRequest
        self._left = int(found[1], 16)
        if not self._left:
            while self._text_line():  # trailers are of no use here
                pass
            self._ended = True
        return not self._ended

    def _expect_line_end(self) -> None:
        if self._text_line():
            raise BadRequest

    def _text_line(self) -> bytes:
        while (end := self._read.find(b"\r\n")) < 0:
            if len(self._read) > 4096:
                raise BadRequest
            held, self._read = self._read, b""
            self._read = held + self._receive(4096)
        data, self._read = self._read[:end], self._read[end + 2 :]
        return data
