"""Readable files over iterators of bytes, for consumers that pull."""

from __future__ import annotations

import io
from collections.abc import Iterator


def readable(pieces: Iterator[bytes]) -> io.BufferedReader:
    """A buffered binary stream that reads the pieces one after another."""
    return io.BufferedReader(_Pulled(pieces), 1 << 18)


class _Pulled(io.RawIOBase):
    """A readable file over an iterator of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]  # any writable buffer, as RawIOBase has it
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
