"""Files in a folder, which several machines may share over a network file system."""

import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path

from eoffice.core.blobs.base import GRACE, BlobMissing, BlobStore, Shelf, checked, hash_of


class FolderStore(BlobStore):
    """A folder of files named by hash."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.shelf = FolderShelf(root / "shelf")

    def adopt(self, files: Mapping[Path, str]) -> None:
        targets = {path: self._target(sha256) for path, sha256 in files.items()}
        new = {path: target for path, target in targets.items() if not _touched(target)}
        _sync_all(new)
        # The renames must survive a power cut before a row may point here, those of others too, and new folders.
        fresh = False
        for path, target in new.items():
            fresh = fresh or not target.parent.exists()
            target.parent.mkdir(exist_ok=True, mode=0o700)
            path.chmod(0o400)
            path.replace(target)
        _sync_all({target.parent for target in targets.values()} | ({self.root} if fresh else set()))

    def path(self, sha256: str) -> Path:
        target = self._target(sha256)
        if not target.is_file():
            raise BlobMissing(sha256)
        return target

    def exists(self, sha256: str) -> bool:
        return self._target(sha256).is_file()

    def check(self, sha256: str) -> bool:
        with self.open(sha256) as file:
            return hash_of(file) == sha256

    def hashes(self) -> Iterator[str]:
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir())

    def erase(self, sha256: str, older: timedelta = GRACE) -> bool:
        """The file is moved aside first and looked at again there, so that bytes being stored at this moment are
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

    def probe(self, patience: float) -> None:  # noqa: ARG002 - a disk has its own
        with tempfile.NamedTemporaryFile(dir=self.spool) as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())

    def _target(self, sha256: str) -> Path:
        # One level: 256 folders are soon all there, while with two nearly every file would make one and sync it.
        return self.root / checked(sha256)[:2] / sha256


class FolderShelf(Shelf):
    """Files in folders."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def lay(self, name: str, path: Path) -> None:
        target = self._root / name
        # each new folder stands in one that must say so after a power cut
        fresh = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sync(path)
        path.replace(target)
        for folder in (target.parent, *(one.parent for one in fresh)):
            _sync(folder)

    def names(self, folder: str) -> list[str]:
        there = self._root / folder
        return sorted(path.name for path in there.iterdir()) if there.is_dir() else []

    def path(self, name: str) -> Path:
        if not (self._root / name).is_file():
            raise BlobMissing(name)
        return self._root / name

    def clear(self, folder: str) -> None:
        shutil.rmtree(self._root / folder, ignore_errors=True)

    def sweep(self, older: timedelta) -> int:
        before, found = time.time() - older.total_seconds(), 0
        for folder in self._root.glob("*/*"):
            with suppress(FileNotFoundError):  # done with meanwhile
                if folder.stat().st_mtime < before:
                    shutil.rmtree(folder)
                    found += 1
        return found


def _touched(target: Path) -> bool:
    """Whether it is stored already; its age keeps `erase` away from now on."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


#: waits for the disk at the same time
_WAITS = 16


@cache
def _waiting() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WAITS, "sync")


os.register_at_fork(after_in_child=_waiting.cache_clear)  # a copy has none of the threads


def _sync_all(paths: Collection[Path]) -> None:
    """Have the disk hold files or folders. Asked for side by side they share one commit of the file system's journal;
    asked for one after the other each has its own, which takes twice as long and twice the work."""
    if len(paths) < 2:
        for path in paths:
            _sync(path)
        return
    asked = [_waiting().submit(_sync, path) for path in paths]
    wait(asked)  # all of them, since who is told of a failure removes the files
    for one in asked:
        one.result()


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
