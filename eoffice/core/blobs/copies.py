"""Copies of stored bytes on this machine: verified before they come here, bounded, gone at any time without harm."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

#: seconds for which a path that was handed out stays, whatever room is wanted
LENT = 3600
#: seconds after which a copy goes that nobody used: what was erased elsewhere does not stay here
UNUSED = 24 * 3600


@dataclass(frozen=True, order=True)
class _Copy:
    used: float
    size: int
    path: Path


class Copies:
    """A folder of at most `limit` bytes, shared by the processes of a machine; the least used go first.

    Of each file atime is its last use, and mtime the moment until which it is lent: a path handed to a child or a
    thread must not end while it is read. An open file needs no such promise; Linux keeps its bytes.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        #: bytes that came since all were looked through, and when that is due whatever came
        self._added = 0
        self._due = 0.0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def lend(self, sha256: str) -> Path | None:
        """The path of a copy, good for an hour; None when there is none."""
        path, now = self._folder / sha256, time.time()
        with self._turn(fcntl.LOCK_SH), suppress(FileNotFoundError):
            os.utime(path, (now, now + LENT))
            return path
        return None

    def open(self, sha256: str) -> BinaryIO | None:
        """A copy that was opened; None when there is none."""
        path, now = self._folder / sha256, time.time()
        # alone: what is lent between the look and the touch would stay lent no longer
        with self._turn(fcntl.LOCK_EX), suppress(FileNotFoundError):
            file = path.open("rb")
            os.utime(file.fileno(), (now, os.fstat(file.fileno()).st_mtime))
            return file
        return None

    def keep(self, path: Path, sha256: str, *, lent: bool = False) -> None:
        """Take over a whole, verified file from the same disk; `lent`: whoever brings it wants its path."""
        now = time.time()
        path.chmod(0o400)
        os.utime(path, (now, now + LENT if lent else now))
        with suppress(FileExistsError):  # never replaced: the one that is there may be lent
            (self._folder / sha256).hardlink_to(path)
            self._added += path.stat().st_size
        path.unlink()

    def drop(self, sha256: str) -> None:
        """Forget a copy."""
        (self._folder / sha256).unlink(missing_ok=True)

    @property
    def overdue(self) -> bool:
        """Whether it is time to `trim`: a share of the room was filled, or an hour has passed."""
        return self._added > self._limit // 16 or time.monotonic() > self._due

    def trim(self) -> None:
        """Make room, oldest use first, and let go of what nobody used for a day; what is lent stays."""
        self._added, self._due = 0, time.monotonic() + LENT
        found = sorted(self._look())
        over, stale = sum(one.size for one in found) - self._limit * 15 // 16, time.time() - UNUSED
        with self._turn(fcntl.LOCK_EX):
            for one in found:
                if over <= 0 and one.used > stale:
                    return
                with suppress(FileNotFoundError):  # another process makes room, too
                    if one.path.stat().st_mtime <= time.time():
                        one.path.unlink()
                        over -= one.size

    def _look(self) -> Iterator[_Copy]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    about = entry.stat()
                    yield _Copy(about.st_atime, about.st_size, Path(entry.path))

    @contextmanager
    def _turn(self, kind: int) -> Iterator[None]:
        """Lending meets neither making room nor opening: between looking and deleting, or touching, nothing is lent."""
        fd = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(fd, kind)
            yield
        finally:
            os.close(fd)
