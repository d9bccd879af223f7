"""Files by the SHA-256 of their bytes: equal bytes are stored once, a changed byte is found."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from eoffice.core.config import INSTANCE, settings

CHUNK = 1 << 20


class BlobTooLarge(Exception):
    """The stream went over the limit; nothing was stored."""


class BlobMissing(Exception):
    """No bytes are stored under this hash."""


@dataclass(frozen=True)
class Blob:
    """Address and length of stored bytes."""

    sha256: str
    size: int


class BlobStore:
    """A folder of files named by hash. Many processes may write at once: a name says its content."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = root / "tmp"
        for folder in (root, self.spool):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, stream: BinaryIO, *, limit: int | None = None) -> Blob:
        """Store a stream in constant memory; durable when this returns. Raises BlobTooLarge, OSError."""
        digest, size = hashlib.sha256(), 0
        fd, name = tempfile.mkstemp(dir=self.spool)
        temporary = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if limit is not None and size > limit:
                        raise BlobTooLarge(limit)
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            self._settle(temporary, digest.hexdigest())
        finally:
            temporary.unlink(missing_ok=True)
        return Blob(digest.hexdigest(), size)

    def adopt(self, path: Path, sha256: str) -> None:
        """Take over a whole file that was written in a `scratch` folder and hashed there; durable when this returns."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        self._settle(path, sha256)

    def put_bytes(self, data: bytes) -> Blob:
        """Store a short byte string."""
        return self.put(BytesIO(data))

    def path(self, sha256: str) -> Path:
        """The file of a hash. Raises BlobMissing, ValueError for what is no hash."""
        target = self._target(sha256)
        if not target.is_file():
            raise BlobMissing(sha256)
        return target

    def open(self, sha256: str) -> BinaryIO:
        """Open stored bytes for reading. Raises BlobMissing."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        """All bytes of a small blob. Raises BlobMissing."""
        return self.path(sha256).read_bytes()

    def exists(self, sha256: str) -> bool:
        """Whether bytes are stored under this hash."""
        return self._target(sha256).is_file()

    def check(self, sha256: str) -> bool:
        """Read the bytes again and compare: False when one has changed. Raises BlobMissing."""
        with self.path(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for foreign bytes that are not stored yet: private, and `sweep` finds what a kill leaves."""
        with tempfile.TemporaryDirectory(dir=self.spool) as folder:
            yield Path(folder)

    def erase(self, sha256: str, older: timedelta = timedelta(days=1)) -> bool:
        """Delete stored bytes nobody needs; False, and nothing is deleted, when they were stored lately.

        The file is moved aside first and looked at again there, so that bytes being stored at this moment are
        either kept or written anew.
        """
        target, aside = self._target(sha256), self.spool / f"{sha256}.erased"
        with suppress(FileNotFoundError):
            if target.stat().st_mtime > time.time() - older.total_seconds():
                return False
            target.replace(aside)
            if aside.stat().st_mtime > time.time() - older.total_seconds():
                aside.replace(target)
                return False
            aside.unlink()
        return True

    def sweep(self, older: timedelta = timedelta(days=1)) -> int:
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

    def _target(self, sha256: str) -> Path:
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise ValueError("not a SHA-256")
        # One level: 256 folders are soon all there, while with two nearly every file would make one and sync it.
        return self.root / sha256[:2] / sha256

    def _settle(self, temporary: Path, sha256: str) -> None:
        target = self._target(sha256)
        with suppress(FileNotFoundError):
            os.utime(target)  # stored again: its age keeps `erase` away
            return
        # The rename itself must survive a power cut before a row may point here, and so must a new folder.
        fresh = not target.parent.exists()
        target.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.chmod(0o400)
        temporary.replace(target)
        for folder in (target.parent, self.root) if fresh else (target.parent,):
            _sync(folder)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def blobs() -> BlobStore:
    """The store of this installation."""
    return BlobStore(settings().get(INSTANCE) / "blobs")
