"""Files in an S3 store: machines that store, read and erase at the same moment, and a store that fails them."""

import io
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eoffice.core.blobs import BlobDamaged, BlobMissing, StoreAway, Trouble, passing, place
from eoffice.core.blobs import s3 as module
from eoffice.core.blobs.objects import Found, Objects
from eoffice.core.blobs.places import Bucket
from eoffice.core.blobs.s3 import S3Shelf, S3Store
from tests.faults.cutting import CuttingLine
from tests.s3 import BUCKET, KEY, Gateway

pytestmark = pytest.mark.peer
NOW = timedelta(0)
MIB = 1 << 20


@pytest.fixture
def machine(bucket: Bucket, tmp_path: Path) -> Callable[[str], S3Store]:
    """One of the machines that share a bucket."""
    return lambda name: S3Store(bucket, tmp_path / name)


@pytest.fixture
def days_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every copy counts as old."""
    monkeypatch.setattr(module, "GRACE", NOW)


def _keys(s3: Gateway, bucket: Bucket) -> list[str]:
    return [
        one["Key"]
        for one in s3.client.list_objects_v2(Bucket=BUCKET, Prefix=bucket.prefix).get("Contents", ())
    ]


def test_what_one_machine_stores_another_reads(machine: Callable[[str], S3Store]) -> None:
    here, there = machine("a"), machine("b")
    blob = here.put_bytes(b"van ban")
    path = there.path(blob.sha256)
    assert path.read_bytes() == b"van ban"
    assert path.stat().st_mode & 0o077 == 0
    assert list(there.spool.iterdir()) == []
    assert there.erase(blob.sha256, NOW)
    assert not here.exists(blob.sha256)


def test_bytes_stored_again_soon_are_not_sent_again_and_later_take_the_place_of_the_old(
    machine: Callable[[str], S3Store], s3: Gateway, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = machine("a").put_bytes(b"van ban")
    first = _keys(s3, bucket)
    machine("b").put_bytes(b"van ban")
    assert _keys(s3, bucket) == first
    monkeypatch.setattr(module, "GRACE", NOW)
    machine("b").put_bytes(b"van ban")
    [second] = _keys(s3, bucket)
    assert [second] != first
    assert machine("c").read(blob.sha256) == b"van ban"


def test_bytes_stored_while_they_are_erased_survive(
    machine: Callable[[str], S3Store], days_later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    eraser, storer = machine("a"), machine("b")
    blob = eraser.put_bytes(b"van ban")
    delete = eraser._objects.delete

    def stored_meanwhile(keys: list[str]) -> None:
        storer.put_bytes(b"van ban")
        delete(keys)

    monkeypatch.setattr(eraser._objects, "delete", stored_meanwhile)
    assert eraser.erase(blob.sha256, NOW)
    assert machine("c").read(blob.sha256) == b"van ban"


def test_two_that_store_the_same_at_once_leave_it_there(
    machine: Callable[[str], S3Store], days_later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machine("a"), machine("b")
    blob = first.put_bytes(b"van ban")
    put = first._objects.put

    def stored_meanwhile(key: str, path: Path) -> None:
        second.put_bytes(b"van ban")
        put(key, path)

    monkeypatch.setattr(first._objects, "put", stored_meanwhile)
    first.put_bytes(b"van ban")
    assert machine("c").read(blob.sha256) == b"van ban"


def test_a_reader_finds_the_copy_that_took_the_place_of_the_one_it_saw(
    machine: Callable[[str], S3Store], days_later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = machine("a")
    blob = machine("b").put_bytes(b"van ban")
    get, replaced = reader._objects.get, []

    def replaced_meanwhile(key: str, target: Any) -> None:
        if not replaced:
            replaced.append(machine("b").put_bytes(b"van ban"))
        get(key, target)

    monkeypatch.setattr(reader._objects, "get", replaced_meanwhile)
    assert reader.read(blob.sha256) == b"van ban"


def test_a_file_larger_than_the_room_for_copies_is_read_all_the_same(
    machine: Callable[[str], S3Store], bucket: Bucket, tmp_path: Path
) -> None:
    blob = machine("a").put_bytes(b"van ban")
    narrow = S3Store(replace(bucket, cache=0), tmp_path / "b")
    with narrow.open(blob.sha256) as file:
        assert file.read() == b"van ban"
    assert list((tmp_path / "b/copies").iterdir()) == []
    assert narrow.path(blob.sha256).read_bytes() == b"van ban"


def test_requirement_47_a_changed_byte_is_found_before_it_is_read(
    machine: Callable[[str], S3Store], s3: Gateway, bucket: Bucket
) -> None:
    blob = machine("a").put_bytes(b"van ban")
    [key] = _keys(s3, bucket)
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=b"van bam")
    other = machine("b")
    assert not machine("a").check(blob.sha256)
    with pytest.raises(BlobDamaged):
        other.open(blob.sha256)
    assert list(other.spool.iterdir()) == []


def test_uploads_that_killed_processes_never_finished_are_swept(
    machine: Callable[[str], S3Store], s3: Gateway, bucket: Bucket
) -> None:
    store, begun = machine("a"), {"Bucket": BUCKET, "Key": f"{bucket.prefix}ab/abc/0"}
    upload = s3.client.create_multipart_upload(**begun)["UploadId"]
    s3.client.upload_part(**begun, UploadId=upload, PartNumber=1, Body=b"half")
    assert store.sweep() == 0
    assert store.sweep(NOW) == 1
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=BUCKET, Prefix=bucket.prefix)


def test_a_store_that_says_nothing_is_not_waited_for(s3: Gateway, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store, begun = S3Store(Bucket("van-ban", endpoint=endpoint), tmp_path / "a"), time.monotonic()
        with pytest.raises(StoreAway) as away:
            store.probe(patience=0.3)
    assert away.value.trouble is Trouble.SILENT
    assert time.monotonic() - begun < 3


_LARGE = """
import io, resource, sys
from pathlib import Path
from eoffice.core.blobs import opened, place
class Stream(io.RawIOBase):
    left = {size}
    def read(self, size=-1):
        size = min(size, self.left)
        self.left -= size
        return bytes(size)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store = opened(place(sys.argv[1]), Path(sys.argv[2]))
store.put_bytes(b"first")
before = peak()
blob = store.put(Stream())
again = opened(place(sys.argv[1]), Path(sys.argv[2] + "-other"))
with again.open(blob.sha256) as file: assert file.seek(0, 2) == {size}
print((peak() - before) // 1024)
"""


@pytest.mark.slow
def test_a_large_file_goes_both_ways_in_constant_memory(s3: Gateway, bucket: Bucket, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LARGE.format(size=120 * MIB), s3.url(bucket.prefix), str(tmp_path / "a")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40, "MiB more than before"


def test_a_file_comes_whole_over_a_line_that_is_cut_again_and_again(
    machine: Callable[[str], S3Store], s3: Gateway, bucket: Bucket, tmp_path: Path
) -> None:
    blob = machine("a").put(io.BytesIO(bytes(range(256)) * 4 * 3072))
    line = CuttingLine(int(s3.endpoint.rpartition(":")[2]), seed=12, cuts=0.7, repeats=0)
    line.start()
    over = place(f"s3://{BUCKET}/{bucket.prefix}?endpoint={line.url}")
    assert isinstance(over, Bucket)
    with S3Store(over, tmp_path / "b").open(blob.sha256) as file:
        assert len(file.read()) == blob.size
    assert line.cut


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "sai-khoa-bi-mat", "AWS_SESSION_TOKEN": "the-bi-mat"}, Trouble.REFUSES),
        ({"AWS_ACCESS_KEY_ID": "la"}, Trouble.REFUSES),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, Trouble.NO_KEY),
        ({"name": "khong-co"}, Trouble.NO_BUCKET),
        ({"endpoint": "http://127.0.0.1:1"}, Trouble.SILENT),
        ({"profile": "khong-co"}, Trouble.FAILS),
    ],
)
def test_a_store_that_cannot_be_used_says_why_as_a_full_disk_does(
    change: dict[str, str],
    trouble: Trouble,
    s3: Gateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    for name, value in (KEY | change).items():
        monkeypatch.setenv(name, value)
    # a region of its own: a process asks once for the key of each place
    named: dict[str, Any] = {
        "name": BUCKET,
        "endpoint": s3.endpoint,
        "region": f"vn-{abs(hash(str(change)))}",
    }
    bucket = Bucket(**named | {name: value for name, value in change.items() if name.islower()})
    with pytest.raises(StoreAway) as away:
        S3Store(bucket, tmp_path / "a").put_bytes(b"van ban")
    assert away.value.trouble is trouble
    assert passing(away.value)
    assert "bi-mat" not in str(away.value) + caplog.text
    assert list((tmp_path / "a/tmp").iterdir()) == []


def test_a_piece_laid_down_by_one_machine_is_taken_up_by_another(machine: Callable[[str], S3Store]) -> None:
    here, there = machine("a"), machine("b")

    def lay(data: bytes) -> None:
        with here.scratch() as folder:
            (folder / "piece").write_bytes(data)
            here.shelf.lay("uploads/a/001", folder / "piece")

    lay(b"piece")
    for _ in range(2):
        assert there.shelf.path("uploads/a/001").read_bytes() == b"piece"
    lay(b"other")
    assert there.shelf.path("uploads/a/001").read_bytes() == b"other"
    there.shelf.clear("uploads/a")
    with pytest.raises(BlobMissing):
        here.shelf.path("uploads/a/001")


class _FirstLong(Objects):
    """Where first pieces were laid down two days ago."""

    def below(self, prefix: str) -> Iterator[Found]:
        for one in super().below(prefix):
            yield replace(one, stored_at=one.stored_at - timedelta(days=2)) if one.key.endswith("1") else one


def test_an_upload_that_goes_on_keeps_its_first_pieces(
    machine: Callable[[str], S3Store], bucket: Bucket
) -> None:
    store = machine("a")
    shelf = S3Shelf(_FirstLong(bucket), store.spool)
    for name in ("uploads/a/001", "uploads/a/002", "uploads/b/001"):
        with store.scratch() as folder:
            (folder / "piece").write_bytes(b"piece")
            shelf.lay(name, folder / "piece")
    assert shelf.sweep(timedelta(days=1)) == 1
    assert (shelf.names("uploads/a"), shelf.names("uploads/b")) == (["001", "002"], [])
