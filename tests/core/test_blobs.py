"""Files by their hash: what is stored stays, what a kill leaves half written goes."""

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from eoffice.core.blobs import BlobMissing, BlobStore, BlobTooLarge

DAYS = 86_400


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """An empty store."""
    return BlobStore(tmp_path / "blobs")


def _age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_requirement_47_equal_bytes_are_stored_once_and_a_changed_byte_is_found(store: BlobStore) -> None:
    first, again = store.put_bytes(b"van ban"), store.put_bytes(b"van ban")
    assert first == again
    path = store.path(first.sha256)
    assert store.check(first.sha256)
    path.chmod(0o600)
    path.write_bytes(b"van bam")
    assert not store.check(first.sha256)


def test_what_is_too_large_leaves_nothing(store: BlobStore) -> None:
    with pytest.raises(BlobTooLarge):
        store.put(io.BytesIO(b"x" * 100), limit=99)
    assert list(store.spool.iterdir()) == []


def test_no_path_can_be_asked_for_as_a_hash(store: BlobStore) -> None:
    for name in ("../../secrets.json", "A" * 64, "0" * 63):
        with pytest.raises(ValueError, match="not a SHA-256"):
            store.path(name)
    with pytest.raises(BlobMissing):
        store.path("0" * 64)


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
    assert store.sweep(timedelta(0)) == 1
    assert store.read(stored.sha256) == b"van ban"


def test_a_scratch_folder_is_private_and_goes_when_done_with(store: BlobStore) -> None:
    with store.scratch() as folder:
        assert folder.parent == store.spool
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "001").write_bytes(b"tep")
    assert list(store.spool.iterdir()) == []
