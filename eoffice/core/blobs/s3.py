"""Files in an S3 store, which as many machines share as wanted; nothing of theirs stays on a machine's own disk.

Equal bytes may lie there more than once: `ab/abcdef…/<random>`. An S3 store can neither rename nor delete under a
condition, so nobody ever writes to a key that another may be deleting, and every key is deleted only by whoever saw
it old. Each of these may meet each other at any moment:

- Storing looks at the copies. One that is younger than half of `GRACE` will do: nobody deletes it before whoever
  stored it now has long named it in a row. Otherwise a copy with a key of its own is written, and then the old ones,
  which it replaces, are deleted.
- Erasing looks at the copies and leaves all when one is younger than `GRACE`; otherwise it deletes those it saw, and
  no other.
- Reading takes any copy, and looks again when it is gone meanwhile.

What is read comes to a file on this machine first and is hashed there: no byte leaves that was not verified.
"""

import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from eoffice.core import clock
from eoffice.core.blobs.base import GRACE, BlobDamaged, BlobMissing, BlobStore, Shelf, checked, hash_of
from eoffice.core.blobs.copies import Copies
from eoffice.core.blobs.objects import Found, Gone, Objects
from eoffice.core.blobs.places import Bucket

_SHELF = "shelf/"


class S3Store(BlobStore):
    """A bucket, and a folder on this machine for what comes and goes."""

    def __init__(self, bucket: Bucket, local: Path) -> None:
        super().__init__(local)
        self._bucket = bucket
        self._objects = Objects(bucket)
        self._copies = Copies(local / "copies", bucket.cache)
        self.shelf = S3Shelf(self._objects, self.spool)
        #: threads that want the same bytes fetch them once
        self._fetching = [Lock() for _ in range(64)]

    def adopt(self, files: Mapping[Path, str]) -> None:
        for path, sha256 in files.items():
            self._adopt(path, sha256)

    def _adopt(self, path: Path, sha256: str) -> None:
        there = self._stored(sha256)
        if not any(_young(one, GRACE / 2) for one in there):
            self._objects.put(f"{_folder(sha256)}{secrets.token_hex(8)}", path)
            self._objects.delete([one.key for one in there])
        self._keep(path, sha256)

    def path(self, sha256: str) -> Path:
        while (path := self._copies.lend(checked(sha256))) is None:
            self._fetch(sha256, lent=True).close()
        return path

    def open(self, sha256: str) -> BinaryIO:
        return self._copies.open(checked(sha256)) or self._fetch(sha256)

    def exists(self, sha256: str) -> bool:
        return bool(self._stored(sha256))

    def check(self, sha256: str) -> bool:
        try:
            with self._fetched(sha256):
                return True
        except BlobDamaged:
            return False

    def hashes(self) -> Iterator[str]:
        keys = (one.key.split("/") for one in self._objects.below(""))
        # other things may lie in the bucket, too
        found = (parts[1] for parts in keys if len(parts) == 3 and parts[0] == parts[1][:2])
        return (sha256 for sha256, _copies in groupby(found))

    def erase(self, sha256: str, older: timedelta = GRACE) -> bool:
        there = self._stored(sha256)
        if any(_young(one, older) for one in there):
            return False
        self._objects.delete([one.key for one in there])
        self._copies.drop(sha256)
        return True

    def probe(self, patience: float) -> None:
        objects, key = Objects(self._bucket, patience), f"{_SHELF}probe/{secrets.token_hex(8)}"
        with self.scratch() as scratch:
            (scratch / "probe").write_text(key)
            objects.put(key, scratch / "probe")
            with (scratch / "back").open("wb") as back:
                objects.get(key, back)
        objects.delete([key])

    def sweep(self, older: timedelta = GRACE) -> int:
        self._copies.trim()
        return super().sweep(older) + self._objects.abandon(clock.now() - older)

    def _stored(self, sha256: str) -> list[Found]:
        return list(self._objects.below(_folder(sha256)))

    def _fetch(self, sha256: str, *, lent: bool = False) -> BinaryIO:
        """Bring bytes to this machine; opened, since the copy may have to make room at once."""
        with self._fetching[int(sha256[:2], 16) % len(self._fetching)]:
            if there := self._copies.open(sha256):
                return there
            with self._fetched(sha256) as path:
                file = path.open("rb")
                self._keep(path, sha256, lent=lent)
                return file

    @contextmanager
    def _fetched(self, sha256: str) -> Iterator[Path]:
        """A file with the bytes as they are stored now. Raises BlobMissing, BlobDamaged."""
        fd, name = tempfile.mkstemp(dir=self.spool)
        try:
            with os.fdopen(fd, "w+b") as file:
                self._download(sha256, file)
                file.seek(0)
                if hash_of(file) != sha256:
                    raise BlobDamaged(sha256)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _download(self, sha256: str, file: BinaryIO) -> None:
        while there := self._stored(sha256):
            with suppress(Gone):  # replaced by a younger one meanwhile, or erased
                return self._objects.get(there[0].key, file)
        raise BlobMissing(sha256)

    def _keep(self, path: Path, sha256: str, *, lent: bool = False) -> None:
        self._copies.keep(path, sha256, lent=lent)
        if self._copies.overdue:
            self._copies.trim()
            super().sweep()  # the job that sweeps runs on one machine only


class S3Shelf(Shelf):
    """Objects beside the stored files; what is asked for comes into the spool, and is swept there."""

    def __init__(self, objects: Objects, spool: Path) -> None:
        self._objects = objects
        self._spool = spool

    def lay(self, name: str, path: Path) -> None:
        self._objects.put(f"{_SHELF}{name}", path)
        path.unlink()

    def names(self, folder: str) -> list[str]:
        return [one.key.rpartition("/")[2] for one in self._below(folder)]

    def path(self, name: str) -> Path:
        found = next(
            (one for one in self._objects.below(f"{_SHELF}{name}") if one.key == f"{_SHELF}{name}"), None
        )
        if found is None:
            raise BlobMissing(name)
        here = self._here(found)
        with suppress(FileNotFoundError):
            os.utime(here)
            return here
        with tempfile.TemporaryDirectory(dir=self._spool) as scratch:
            fresh = Path(scratch) / "fresh"
            try:
                with fresh.open("wb") as file:
                    self._objects.get(found.key, file)
            except Gone as gone:
                raise BlobMissing(name) from gone
            fresh.replace(here)
        return here

    def clear(self, folder: str) -> None:
        found = list(self._below(folder))
        self._objects.delete([one.key for one in found])
        for one in found:
            self._here(one).unlink(missing_ok=True)

    def sweep(self, older: timedelta) -> int:
        # the first piece of an upload may be old while the last ones come
        folders = groupby(self._objects.below(_SHELF), key=lambda one: one.key.rpartition("/")[0])
        found = 0
        for _name, inside in folders:
            pieces = list(inside)
            if not any(_young(one, older) for one in pieces):
                self._objects.delete([one.key for one in pieces])
                found += 1
        return found

    def _below(self, folder: str) -> Iterator[Found]:
        return self._objects.below(f"{_SHELF}{folder}/")

    def _here(self, one: Found) -> Path:
        """Another machine may lay something else under the same name."""
        return self._spool / f"shelf-{hashlib.sha256(f'{one.key} {one.stored_at}'.encode()).hexdigest()}"


@lru_cache
def s3_store(bucket: Bucket, local: Path) -> S3Store:
    """One for each process: it keeps connections, and counts what came."""
    return S3Store(bucket, local)


def _folder(sha256: str) -> str:
    return f"{checked(sha256)[:2]}/{sha256}/"


def _young(one: Found, age: timedelta) -> bool:
    return one.stored_at.timestamp() > time.time() - age.total_seconds()
