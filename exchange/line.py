"""HTTP calls to an axis over lines that stay open: a new line for each call halves what can be exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from exchange.errors import Unavailable

#: tries in a row that bring not a single byte
TRIES = 3
_OPEN, _PIECE = 64, 1 << 18
_PARTIAL = 206


class Lines:
    """`timeout`: seconds without any progress. Thread-safe. All calls raise Unavailable."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        # The environment's proxies are for browsing; an axis is reached directly.
        self._pool = urllib3.PoolManager(maxsize=_OPEN, blocksize=_PIECE)

    def close(self) -> None:
        """Close the lines."""
        self._pool.clear()

    def post(
        self, url: str, headers: Mapping[str, str], content: bytes | BinaryIO, patience: float
    ) -> urllib3.BaseHTTPResponse:
        """The whole answer. `content`: a file is sent from where it stands. `patience`: seconds to its first byte."""
        start = 0 if isinstance(content, bytes) else content.tell()

        def begin() -> urllib3.BaseHTTPResponse:
            if not isinstance(content, bytes):
                content.seek(start)
            return self._call("POST", url, headers, patience, body=content)

        with _reached():
            return _begun(begin)

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer whose body `pieces` reads."""
        with _reached():
            answer = _begun(lambda: self._open(url, headers))
            try:
                yield answer
            finally:
                _done(answer)

    def pieces(
        self, first: urllib3.BaseHTTPResponse, url: str, headers: Mapping[str, str]
    ) -> Iterator[bytes]:
        """The body of `first` as it comes; what a cut line leaves out is fetched again (RFC 9110, section 14).

        Raises Unavailable when the other side knows no ranges, or brings nothing more.
        """
        got, tries, answer = 0, 0, first
        while True:
            try:
                if answer is not first and answer.status != _PARTIAL:
                    raise ProtocolError("the rest was not sent")
                while piece := answer.read1(_PIECE):
                    got, tries = got + len(piece), 0
                    yield piece
                return
            except HTTPError as error:
                tries += 1
                if tries > TRIES or first.headers.get("accept-ranges") != "bytes":
                    raise _unreached(error) from error
            finally:
                if answer is not first:
                    _done(answer)
            with _reached():
                answer = self._again(url, {**headers, "Range": f"bytes={got}-"}, TRIES - tries)

    def _again(self, url: str, headers: Mapping[str, str], tries: int) -> urllib3.BaseHTTPResponse:
        while True:
            try:
                return self._open(url, headers)
            except HTTPError:
                if tries <= 0:
                    raise
                tries -= 1

    def _open(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        answer = self._call("GET", url, headers, self._timeout, preload_content=False, decode_content=False)
        # The library takes a head that breaks off for a whole one: then nothing says where the body ends.
        said = {name.lower() for name in answer.headers}
        if not said & {"content-length", "transfer-encoding", "connection"}:
            answer.close()
            raise ProtocolError("the answer ended within its head")
        return answer

    def _call(
        self, method: str, url: str, headers: Mapping[str, str], patience: float, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        timeout = urllib3.Timeout(connect=self._timeout, read=patience)
        return self._pool.request(
            method, url, headers=headers, timeout=timeout, retries=False, redirect=False, **options
        )


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        raise _unreached(error) from error


def _unreached(error: HTTPError) -> Unavailable:
    return Unavailable("Không kết nối được với trục", f"The axis cannot be reached: {error!r}")


def _begun(begin: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
    """Begin a call; once more when the axis closed the idle line at this very moment. All calls may be repeated."""
    try:
        return begin()
    except ProtocolError:
        return begin()


def _done(answer: urllib3.BaseHTTPResponse) -> None:
    """Let the line be used again when all was read; else it is of no use to anybody."""
    if answer.length_remaining == 0:
        answer.release_conn()
    else:
        answer.close()
