"""Files in a folder: what is on the disk, and in which order."""

import hashlib
import os
from pathlib import Path

import pytest

from eoffice.core.blobs import FolderStore


class _Disk:
    """Notes what was waited for, and whether it had its name by then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, broken: str = "") -> None:
        self.synced: list[Path] = []
        self._broken, self._fsync = broken, os.fsync
        monkeypatch.setattr(os, "fsync", self._sync)

    def _sync(self, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if self._broken and path.name == self._broken:
            raise OSError(5, "the disk failed")
        self._fsync(fd)
        self.synced.append(path)


def _written(store: FolderStore, folder: Path, count: int) -> dict[Path, str]:
    made = {}
    for number in range(count):
        path = folder / str(number)
        path.write_bytes(b"%d" % number)
        made[path] = hashlib.sha256(path.read_bytes()).hexdigest()
    return made


def test_files_are_on_the_disk_before_they_have_names_and_names_before_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "blobs")
    with store.scratch() as folder:
        files = _written(store, folder, 20)
        disk = _Disk(monkeypatch)
        store.adopt(files)
        assert set(disk.synced[:20]) == set(files), "each before any was named"
        assert set(disk.synced[20:]) == {
            store.root,
            *(store.path(sha256).parent for sha256 in files.values()),
        }


def test_where_one_file_is_not_on_the_disk_none_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "blobs")
    with store.scratch() as folder:
        files = _written(store, folder, 20)
        disk = _Disk(monkeypatch, broken="7")
        with pytest.raises(OSError, match="the disk failed"):
            store.adopt(files)
        assert len(disk.synced) == 19, "nothing is under way when the caller hears of it"
    assert list(store.hashes()) == []


def test_a_forked_copy_stores_files_too(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "blobs")
    with store.scratch() as folder:
        store.adopt(_written(store, folder, 3))
    pid = os.fork()
    if pid == 0:
        with store.scratch() as folder:
            store.adopt({path: sha for path, sha in _written(store, folder, 6).items() if int(path.name) > 2})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert len(list(store.hashes())) == 6
