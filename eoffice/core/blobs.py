"""Files by the SHA-256 of their bytes: equal bytes are stored once, a changed byte is found."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
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
        for folder in (root, root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, stream: BinaryIO, *, limit: int | None = None) -> Blob:
        """Store a stream in constant memory; durable when this returns. Raises BlobTooLarge, OSError."""
        digest, size = hashlib.sha256(), 0
        fd, name = tempfile.mkstemp(dir=self.root / "tmp")
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

    def _target(self, sha256: str) -> Path:
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise ValueError("not a SHA-256")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def _settle(self, temporary: Path, sha256: str) -> None:
        target = self._target(sha256)
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.chmod(0o400)
        temporary.replace(target)
        # The rename itself must survive a power cut before a row may point here.
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def blobs() -> BlobStore:
    """The store of this installation."""
    return BlobStore(settings().get(INSTANCE) / "blobs")
