"""From one store to another, and whether all of one is as it was stored."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter

from eoffice.core.blobs.base import BlobDamaged, BlobMissing, BlobStore

#: at a time: most of it is waiting for disk and line
_TOGETHER = 8


@dataclass
class Counted:
    """What became of files; `damaged` names those that are not what they were."""

    #: copied, or found whole
    done: int = 0
    bytes: int = 0
    #: were there before
    there: int = 0
    damaged: list[str] = field(default_factory=list)
    #: lie in the target only: destroyed in the source since they were copied, or never of it
    surplus: list[str] = field(default_factory=list)


def copy(source: BlobStore, target: BlobStore) -> Iterator[Counted]:
    """Copy what the target lacks, hashed on the way; how far it is, now and then, and at the end.

    May be ended and begun again at any time, and run while both are in use: what is stored in the source after this
    began is left to the next run. Raises OSError.
    """
    counted, every = Counted(), _both(source, target)
    with ThreadPoolExecutor(_TOGETHER) as pool:
        while some := list(islice(every, 64)):
            lacking = [sha256 for sha256, here, there in some if here and not there]
            counted.surplus += [sha256 for sha256, here, _there in some if not here]
            counted.there += sum(here and there for _sha256, here, there in some)
            _count(counted, lacking, pool.map(partial(_carry, source, target), lacking))
            yield counted


def erase(source: BlobStore, target: BlobStore, surplus: list[str]) -> int:
    """Erase what the target has and the source lacks still, whatever its age; how many. Nobody may use the target.

    Raises OSError.
    """
    gone = [sha256 for sha256 in surplus if not source.exists(sha256)]
    return sum(target.erase(sha256, timedelta(0)) for sha256 in gone)


def check(store: BlobStore) -> Iterator[Counted]:
    """Read every file again where it is stored; how far it is, now and then, and at the end. Raises OSError."""
    counted, hashes = Counted(), store.hashes()
    with ThreadPoolExecutor(_TOGETHER) as pool:
        while some := list(islice(hashes, 64)):
            _count(counted, some, pool.map(partial(_whole, store), some))
            yield counted


def _count(counted: Counted, hashes: list[str], sizes: Iterator[int | None]) -> None:
    for sha256, size in zip(hashes, sizes, strict=True):
        if size is None:
            counted.damaged.append(sha256)
        else:
            counted.done += 1
            counted.bytes += size


def _both(source: BlobStore, target: BlobStore) -> Iterator[tuple[str, bool, bool]]:
    """Each hash, whether the source has it, and the target: both in order, so neither is held in memory."""
    found = merge(
        ((sha256, source) for sha256 in source.hashes()), ((sha256, target) for sha256 in target.hashes()),
        key=itemgetter(0),
    )  # fmt: skip
    for sha256, rows in groupby(found, key=itemgetter(0)):
        stores = [store for _sha256, store in rows]
        yield sha256, source in stores, target in stores


def _carry(source: BlobStore, target: BlobStore, sha256: str) -> int | None:
    """Bytes that were copied; None for a file that is not what its name says."""
    try:
        with source.open(sha256) as file:
            return target.put(file, sha256=sha256).size
    except BlobMissing:  # erased meanwhile
        return 0
    except BlobDamaged:
        return None


def _whole(store: BlobStore, sha256: str) -> int | None:
    try:
        return 0 if store.check(sha256) else None
    except BlobMissing:  # erased meanwhile
        return 0
