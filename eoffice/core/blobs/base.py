"""What every store of files can do, whatever lies behind it."""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
#: bytes stored within this time are not erased: whoever stored them may be about to name them in a row
GRACE = timedelta(days=1)


class BlobTooLarge(Exception):
    """The stream went over the limit; nothing was stored."""


class BlobMissing(Exception):
    """No bytes are stored under this hash."""


class BlobDamaged(Exception):
    """What is stored under this hash is no longer what was stored."""


class Trouble(StrEnum):
    """What keeps a store from being used, and what to do."""

    SILENT = "does not answer"
    REFUSES = "refuses us: mend the key, its rights or the clock"
    NO_KEY = "needs a key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    NO_BUCKET = "is not there: make the bucket, or mend its name"
    FULL = "is full: make room or raise its quota"
    FAILS = "fails"


class StoreAway(OSError):
    """The store cannot be used now, as a disk that is full or gone; what was begun has left nothing behind.

    `code`: the store's own word. The text names no secret.
    """

    def __init__(self, place: str, trouble: Trouble, code: str) -> None:
        super().__init__(f"{place} {trouble} ({code})")
        self.place, self.trouble, self.code = place, trouble, code


#: full, over its quota, broken, or taken away from writers
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def passing(error: BaseException) -> bool:
    """Whether this is the store's or the disk's trouble: the same will work once somebody has seen to it."""
    return isinstance(error, StoreAway) or (isinstance(error, OSError) and error.errno in _DISK)


@dataclass(frozen=True)
class Blob:
    """Address and length of stored bytes."""

    sha256: str
    size: int


class Shelf(ABC):
    """Bytes still on their way, for whichever machine goes on with them: pieces of an upload, a table to confirm.

    Named by their owner: parts of letters, digits, dots and dashes, between slashes. All methods raise OSError.
    """

    @abstractmethod
    def lay(self, name: str, path: Path) -> None:
        """Lay a file from the spool here, in place of what had the name; durable when this returns."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """The last parts of the names in a folder, in order."""

    @abstractmethod
    def path(self, name: str) -> Path:
        """A file with the bytes, to be read within the hour. Raises BlobMissing."""

    @abstractmethod
    def clear(self, folder: str) -> None:
        """Take down all that lies in a folder."""

    @abstractmethod
    def sweep(self, older: timedelta) -> int:
        """Take down each folder into which nothing was laid for so long, whole; how many."""


class BlobStore(ABC):
    """Files named by the SHA-256 of their bytes. Many processes may write at once: a name says its content.

    All methods raise OSError when the store cannot be used, and ValueError for what is no hash.
    """

    shelf: Shelf

    def __init__(self, local: Path) -> None:
        #: folder on this machine for what is not stored yet
        self.spool = local / "tmp"
        for folder in (local, self.spool):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, stream: BinaryIO, *, limit: int | None = None, sha256: str = "") -> Blob:
        """Store a stream in constant memory; durable when this returns.

        `limit`: bytes it may have; beyond, BlobTooLarge. `sha256`: what it must be; otherwise BlobDamaged.
        """
        fd, name = tempfile.mkstemp(dir=self.spool)
        temporary = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                blob = _copied(stream, file, limit)
            if sha256 not in ("", blob.sha256):
                raise BlobDamaged(sha256)
            self.adopt({temporary: blob.sha256})
        finally:
            temporary.unlink(missing_ok=True)
        return blob

    def put_bytes(self, data: bytes) -> Blob:
        """Store a short byte string."""
        return self.put(BytesIO(data))

    @abstractmethod
    def adopt(self, files: Mapping[Path, str]) -> None:
        """Take over whole files that were written in a `scratch` folder, by path; durable when this returns."""

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """A file with these bytes, to be read within the hour. Raises BlobMissing, BlobDamaged."""

    def open(self, sha256: str) -> BinaryIO:
        """Open stored bytes for reading, for as long as it takes. Raises BlobMissing, BlobDamaged."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        """All bytes of a small blob. Raises BlobMissing, BlobDamaged."""
        with self.open(sha256) as file:
            return file.read()

    @abstractmethod
    def exists(self, sha256: str) -> bool:
        """Whether bytes are stored under this hash."""

    @abstractmethod
    def check(self, sha256: str) -> bool:
        """Read the bytes again where they are stored: False when one has changed. Raises BlobMissing."""

    @abstractmethod
    def hashes(self) -> Iterator[str]:
        """Every hash that was stored before this began, in order."""

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for foreign bytes that are not stored yet: private, and `sweep` finds what a kill leaves."""
        with tempfile.TemporaryDirectory(dir=self.spool) as folder:
            yield Path(folder)

    @abstractmethod
    def erase(self, sha256: str, older: timedelta = GRACE) -> bool:
        """Delete stored bytes nobody needs; False, and nothing is deleted, when they were stored lately."""

    @abstractmethod
    def probe(self, patience: float) -> None:
        """Write, read and delete something small. `patience`: seconds to wait for each step over a network."""

    def sweep(self, older: timedelta = GRACE) -> int:
        """Delete what killed processes left half written; returns how many things. Stored bytes are not touched."""
        found, before = 0, time.time() - older.total_seconds()
        for left in self.spool.iterdir():
            try:
                if left.lstat().st_mtime > before:
                    continue
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
            except FileNotFoundError:
                continue  # its owner was only slow, or another process sweeps too
            found += 1
        return found


def _copied(stream: BinaryIO, file: BinaryIO, limit: int | None) -> Blob:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if limit is not None and size > limit:
            raise BlobTooLarge(limit)
        digest.update(chunk)
        file.write(chunk)
    return Blob(digest.hexdigest(), size)


def checked(sha256: str) -> str:
    """The hash itself. Raises ValueError for anything else: it becomes part of a path."""
    if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
        raise ValueError("not a SHA-256")
    return sha256


def hash_of(file: BinaryIO) -> str:
    """SHA-256 of the rest of a file."""
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # every binary file reads into
