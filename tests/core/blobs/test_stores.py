"""Files by their hash, whatever lies behind: what is stored stays, what a kill leaves half written goes."""

import hashlib
import io
import os
import resource
import time
from datetime import timedelta
from pathlib import Path

import pytest

from eoffice.core.blobs import BlobDamaged, BlobMissing, BlobStore, BlobTooLarge, FolderStore
from eoffice.core.blobs.copying import check, copy, erase

NOW = timedelta(0)
DAYS = 86_400


def _age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


class _Faulty(io.BytesIO):
    """An upload whose line is cut after the first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(5)
        if not data:
            raise ConnectionResetError
        return data


def test_requirement_47_equal_bytes_are_stored_once(store: BlobStore) -> None:
    first, again = store.put_bytes(b"van ban"), store.put_bytes(b"van ban")
    assert first == again
    assert first.sha256 == hashlib.sha256(b"van ban").hexdigest()
    assert list(store.hashes()) == [first.sha256]
    assert store.read(first.sha256) == store.path(first.sha256).read_bytes() == b"van ban"
    assert store.check(first.sha256)


def test_a_part_of_a_file_is_read_where_it_lies(store: BlobStore) -> None:
    blob = store.put_bytes(b"0123456789")
    with store.open(blob.sha256) as file:
        file.seek(7)
        assert file.read() == b"789"


def test_hashes_come_in_order(store: BlobStore) -> None:
    stored = {store.put_bytes(b"%d" % number).sha256 for number in range(5)}
    assert list(store.hashes()) == sorted(stored)


def test_what_is_too_large_or_cut_off_leaves_nothing(store: BlobStore) -> None:
    with pytest.raises(BlobTooLarge):
        store.put(io.BytesIO(b"x" * 100), limit=99)
    with pytest.raises(ConnectionResetError):
        store.put(_Faulty(b"0123456789"))
    assert list(store.spool.iterdir()) == []
    assert list(store.hashes()) == []


def test_no_path_can_be_asked_for_as_a_hash(store: BlobStore) -> None:
    for name in ("../../secrets.json", "A" * 64, "0" * 63):
        for ask in (store.path, store.open, store.exists, store.check, store.erase):
            with pytest.raises(ValueError, match="not a SHA-256"):
                ask(name)


def test_what_was_never_stored_is_missing(store: BlobStore) -> None:
    for ask in (store.path, store.open, store.check):
        with pytest.raises(BlobMissing):
            ask("0" * 64)
    assert not store.exists("0" * 64)


def test_bytes_that_were_stored_lately_are_not_erased(store: BlobStore) -> None:
    blob = store.put_bytes(b"van ban")
    assert not store.erase(blob.sha256)
    assert store.exists(blob.sha256)
    assert store.erase(blob.sha256, NOW)
    assert not store.exists(blob.sha256)
    with pytest.raises(BlobMissing):
        store.path(blob.sha256)
    assert store.erase(blob.sha256, NOW), "once more does no harm"


def test_a_file_written_elsewhere_is_taken_over(store: BlobStore) -> None:
    with store.scratch() as folder:
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "001").write_bytes(b"tep")
        store.adopt({folder / "001": hashlib.sha256(b"tep").hexdigest()})
        (folder / "002").write_bytes(b"nua chung")
    assert list(store.spool.iterdir()) == []
    assert [store.read(sha256) for sha256 in store.hashes()] == [b"tep"]


def test_what_killed_processes_left_is_swept_and_nothing_else(store: BlobStore) -> None:
    stored = store.put_bytes(b"van ban")
    _age(store.path(stored.sha256), 9 * DAYS)
    old, young = store.spool / "tmpold", store.spool / "tmpyoung"
    folder = store.spool / "packet"
    folder.mkdir()
    for path in (old, young, folder / "001"):
        path.write_bytes(b"half")
    for path in (old, folder):
        _age(path, 2 * DAYS)
    assert store.sweep() == 2
    assert list(store.spool.iterdir()) == [young]
    assert store.sweep(NOW) == 1
    assert store.read(stored.sha256) == b"van ban"


def test_a_store_is_tried_by_writing_and_nothing_stays(store: BlobStore) -> None:
    store.probe(5)
    assert list(store.spool.iterdir()) == []
    assert list(store.hashes()) == []


def test_a_disk_that_takes_no_more_leaves_nothing(store: BlobStore) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            store.put_bytes(b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(store.spool.iterdir()) == []
    assert list(store.hashes()) == []


def test_bytes_that_are_not_what_they_should_be_are_not_stored(store: BlobStore) -> None:
    with pytest.raises(BlobDamaged):
        store.put(io.BytesIO(b"van bam"), sha256=hashlib.sha256(b"van ban").hexdigest())
    assert list(store.hashes()) == []


def test_files_move_to_another_store_and_back(store: BlobStore, tmp_path: Path) -> None:
    old, back = FolderStore(tmp_path / "old"), FolderStore(tmp_path / "back")
    files = {old.put_bytes(b"van ban %d" % number).sha256 for number in range(6)}
    first, damaged = min(files), max(files)
    store.put_bytes(old.read(first))
    old.path(damaged).chmod(0o600)
    old.path(damaged).write_bytes(b"van bam")
    *_, counted = copy(old, store)
    assert (counted.done, counted.there, counted.damaged) == (4, 1, [damaged])
    *_, counted = copy(old, store)
    assert (counted.done, counted.there, counted.damaged) == (0, 5, [damaged]), "a second run only looks"
    *_, counted = copy(store, back)
    assert counted.done == 5
    *_, counted = check(back)
    assert (counted.done, counted.damaged) == (5, [])
    assert set(back.hashes()) == files - {damaged}
    *_, counted = check(old)
    assert counted.damaged == [damaged]


def test_what_is_destroyed_between_two_runs_is_named_and_erased_by_the_last(
    store: BlobStore, tmp_path: Path
) -> None:
    old = FolderStore(tmp_path / "old")
    gone, kept = old.put_bytes(b"tieu huy"), old.put_bytes(b"van ban")
    *_, counted = copy(old, store)
    assert counted.surplus == []
    assert old.erase(gone.sha256, NOW)
    *_, counted = copy(old, store)
    assert (counted.there, counted.surplus) == (1, [gone.sha256])
    assert erase(old, store, [*counted.surplus, kept.sha256]) == 1, "what the source has stays"
    assert list(store.hashes()) == [kept.sha256]


def _lay(store: BlobStore, name: str, data: bytes) -> None:
    with store.scratch() as folder:
        (folder / "piece").write_bytes(data)
        store.shelf.lay(name, folder / "piece")


def test_what_is_on_its_way_is_seen_until_it_is_taken_down(store: BlobStore) -> None:
    for name in ("uploads/a/002", "uploads/a/001", "uploads/b/001"):
        _lay(store, name, name.encode())
    _lay(store, "uploads/a/001", b"again")
    assert store.shelf.names("uploads/a") == ["001", "002"]
    assert store.shelf.path("uploads/a/001").read_bytes() == b"again"
    assert list(store.hashes()) == [], "it is no stored file"
    store.shelf.clear("uploads/a")
    assert store.shelf.names("uploads/a") == []
    with pytest.raises(BlobMissing):
        store.shelf.path("uploads/a/001")
    assert store.shelf.path("uploads/b/001").read_bytes() == b"uploads/b/001"
    store.shelf.clear("uploads/a")


def test_what_nobody_goes_on_with_is_taken_down_as_a_whole(store: BlobStore) -> None:
    for name in ("uploads/a/001", "uploads/a/002"):
        _lay(store, name, b"piece")
    assert store.shelf.sweep(timedelta(days=1)) == 0
    assert store.shelf.sweep(NOW) == 1
    assert store.shelf.names("uploads/a") == []
