"""Small messages, several in one call: their bytes follow each other, and each is answered for itself.

A call costs more than a small message does, on both sides of it (docs/decisions.md).
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from exchange.build import Digest
from exchange.model import MessageKind
from exchange.vxp import unpadded

#: bytes of a message that may go together with others, and how many may
SMALL, MOST = 1 << 20, 32


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent; `packet` is read from where it stands."""

    packet: BinaryIO
    digest: Digest
    kind: MessageKind
    sender: str
    message_id: str
    priority: int = 0

    @property
    def described(self) -> dict[str, str]:
        """What the axis is told of it, by the names it has in a call of its own, and its size."""
        return {
            "from": self.sender,
            "messagetype": self.kind.value,
            "hash-file": unpadded(self.digest.sha256),
            "message-id": self.message_id,
            "size": str(self.digest.size),
        }


class Joined(io.RawIOBase):
    """Files one behind the other, so many bytes of each from where it stands; can be read again from the beginning.

    Raises OSError when a file has fewer: the bytes of the next would be taken for its own.
    """

    def __init__(self, files: Sequence[tuple[BinaryIO, int]]) -> None:
        self._files = [(file, file.tell(), size) for file, size in files]
        self._at = 0
        self._left = self._files[0][2] if files else 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the beginning; nothing else is possible."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only the beginning can be gone to")
        for file, start, _size in self._files:
            file.seek(start)
        self._at, self._left = 0, self._files[0][2] if self._files else 0
        return 0

    def read(self, size: int = -1, /) -> bytes:
        while self._at < len(self._files):
            if self._left:
                piece = self._files[self._at][0].read(self._left if size < 0 else min(size, self._left))
                if not piece:
                    raise OSError(errno.EIO, "a packet is shorter than it was")
                self._left -= len(piece)
                return piece
            self._at += 1
            self._left = self._files[self._at][2] if self._at < len(self._files) else 0
        return b""


def parted(pieces: Iterator[bytes], sizes: Iterable[int]) -> Iterator[Iterator[bytes]]:
    """The parts of a stream, each to be read to its end before the next; one may be cut short."""
    rest = b""

    def part(size: int) -> Iterator[bytes]:
        nonlocal rest
        while size and (rest := rest or next(pieces, b"")):
            piece, rest = rest[:size], rest[size:]
            size -= len(piece)
            yield piece

    return map(part, sizes)
