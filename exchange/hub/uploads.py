"""Messages sent in pieces over a poor line: what has arrived stays, and the sender goes on where it ended."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exchange.hub.intake import Readable
from exchange.hub.refusal import Code, Refusal

#: bytes of one piece
MOST = 16 << 20
#: seconds after which a message that nobody went on with is given up
_KEPT = 7 * 24 * 3600
_NAME = re.compile(r"[0-9A-Za-z._-]{1,100}")


class Uploads:
    """Partial messages, a file each, in the folder that all processes share. `limit`: bytes of a message."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def add(self, system_id: str, name: str, offset: int, sha256: str, body: Readable) -> int:
        """Append a piece; how many bytes are there now. Raises Refusal.

        A piece that does not begin where the file ends is not taken: the answer says where to go on, so a
        piece sent twice does no harm. `sha256`: of the piece, 64 hex digits.
        """
        piece = _read(body)
        if hashlib.sha256(piece).hexdigest() != sha256.lower():
            raise Refusal(Code.BAD_FILE, "The piece does not match its sha256")
        with self._open(system_id, name) as file:
            there = file.seek(0, os.SEEK_END)
            if offset != there:
                return there
            if there + len(piece) > self._limit:
                raise Refusal(Code.BAD_FILE, f"The message is over {self._limit} bytes")
            file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            return there + len(piece)

    def size(self, system_id: str, name: str) -> int:
        """How many bytes have arrived; 0 for an upload nobody began."""
        path = self._path(system_id, name)
        return path.stat().st_size if path.exists() else 0

    @contextmanager
    def whole(self, system_id: str, name: str) -> Iterator[BinaryIO]:
        """The message once all is there; gone after the block ends without an error. Raises Refusal."""
        path = self._path(system_id, name)
        if not path.exists():
            raise Refusal(Code.BAD_FILE, f"There is no upload {name}")
        with path.open("rb") as file:
            yield file
        path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what nobody went on with."""
        before = time.time() - _KEPT
        for path in self._folder.iterdir():
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    @contextmanager
    def _open(self, system_id: str, name: str) -> Iterator[BinaryIO]:
        with self._path(system_id, name).open("ab") as file:
            # Two pieces at once, even in two processes: the second sees what the first wrote.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _path(self, system_id: str, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Refusal(Code.BAD_REQUEST, "upload: 1 to 100 letters, digits, dots and dashes")
        # One system's names are nothing to another, and no name becomes a path.
        return self._folder / hashlib.sha256(f"{system_id}\n{name}".encode()).hexdigest()


def _read(body: Readable) -> bytes:
    pieces, size = [], 0
    while piece := body.read(1 << 18):
        size += len(piece)
        if size > MOST:
            raise Refusal(Code.BAD_REQUEST, f"A piece is at most {MOST} bytes")
        pieces.append(piece)
    return b"".join(pieces)
