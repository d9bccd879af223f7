"""Messages sent in pieces over a poor line: what has arrived stays, and the sender goes on where it ended."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import BinaryIO

from eoffice.core.blobs import BlobStore
from exchange.hub.intake import Readable
from exchange.hub.refusal import Code, Refusal
from exchange.streams import readable

#: bytes of one piece
MOST = 16 << 20
#: bytes read at once
_PORTION = 1 << 18
#: a message that nobody went on with for so long is given up
KEPT = timedelta(days=7)
_NAME = re.compile(r"[0-9A-Za-z._-]{1,100}")


class Uploads:
    """Partial messages, a file for each piece, where all processes see them. `limit`: bytes of a message."""

    def __init__(self, store: BlobStore, limit: int) -> None:
        self._store = store
        self._limit = limit

    def add(self, system_id: str, name: str, offset: int, sha256: str, body: Readable) -> int:
        """Append a piece; how many bytes are there now. Raises Refusal.

        A piece that does not begin where the message ends is not taken: the answer says where to go on, so a
        piece sent twice does no harm. `sha256`: of the piece, 64 hex digits.
        """
        piece = _read(body)
        if hashlib.sha256(piece).hexdigest() != sha256.lower():
            raise Refusal(Code.BAD_FILE, "The piece does not match its sha256")
        there = self.size(system_id, name)
        if offset != there:
            return there
        if there + len(piece) > self._limit:
            raise Refusal(Code.BAD_FILE, f"The message is over {self._limit} bytes")
        with self._store.scratch() as scratch:
            (scratch / "piece").write_bytes(piece)
            self._store.shelf.lay(
                f"{_folder(system_id, name)}/{offset:012}-{len(piece):08}", scratch / "piece"
            )
        return there + len(piece)

    def size(self, system_id: str, name: str) -> int:
        """How many bytes have arrived; 0 for an upload nobody began."""
        return max((end for _piece, _start, end in self._pieces(_folder(system_id, name))), default=0)

    @contextmanager
    def whole(self, system_id: str, name: str) -> Iterator[BinaryIO]:
        """The message once all is there; gone after the block ends without an error. Raises Refusal."""
        folder = _folder(system_id, name)
        pieces = list(self._pieces(folder))
        if not pieces:
            raise Refusal(Code.BAD_FILE, f"There is no upload {name}")
        with readable(self._bytes(folder, pieces)) as file:
            yield file
        self._store.shelf.clear(folder)

    def sweep(self) -> None:
        """Remove what nobody went on with."""
        self._store.shelf.sweep(KEPT)

    def _pieces(self, folder: str) -> Iterator[tuple[str, int, int]]:
        """Each piece, and the bytes of the message it adds: from where, and up to where.

        Two processes may have taken different pieces for the same place at once: what both hold is the same.
        """
        there = 0
        for piece in self._store.shelf.names(folder):
            offset, _, length = piece.partition("-")
            end = int(offset) + int(length)
            if int(offset) <= there < end:
                yield piece, there, end
                there = end

    def _bytes(self, folder: str, pieces: list[tuple[str, int, int]]) -> Iterator[bytes]:
        for piece, start, _end in pieces:
            with self._store.shelf.path(f"{folder}/{piece}").open("rb") as file:
                file.seek(start - int(piece.partition("-")[0]))
                yield from iter(partial(file.read, _PORTION), b"")


def _folder(system_id: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refusal(Code.BAD_REQUEST, "upload: 1 to 100 letters, digits, dots and dashes")
    # One system's names are nothing to another, and no name becomes a path.
    own = hashlib.sha256(f"{system_id}\n{name}".encode()).hexdigest()
    return f"uploads/{own}"


def _read(body: Readable) -> bytearray:
    piece = bytearray()
    while portion := body.read(_PORTION):
        piece += portion
        if len(piece) > MOST:
            raise Refusal(Code.BAD_REQUEST, f"A piece is at most {MOST} bytes")
    return piece
