"""Files by the SHA-256 of their bytes: equal bytes are stored once, a changed byte is found."""

from pathlib import Path

from eoffice.core.blobs.base import (
    CHUNK,
    GRACE,
    Blob,
    BlobDamaged,
    BlobMissing,
    BlobStore,
    BlobTooLarge,
    StoreAway,
    Trouble,
    passing,
)
from eoffice.core.blobs.folder import FolderStore
from eoffice.core.blobs.places import Bucket, Place, place
from eoffice.core.config import INSTANCE, setting, settings

__all__ = [
    "CHUNK", "FILES", "GRACE", "Blob", "BlobDamaged", "BlobMissing", "BlobStore", "BlobTooLarge", "Bucket",
    "FolderStore", "Place", "StoreAway", "Trouble", "blobs", "opened", "passing", "place",
]  # fmt: skip


def _optional(value: object) -> Place | None:
    return place(value) if str(value).strip() else None


FILES = setting(
    "EOFFICE_FILES",
    _optional,
    None,
    "Where files lie: a folder, or `s3://bucket/prefix?endpoint=https://…&region=…&profile=…&cache=MiB`; "
    "empty: `blobs` in the instance folder.",
)


def blobs() -> BlobStore:
    """The store of this installation."""
    local = settings().get(INSTANCE) / "blobs"
    return opened(settings().get(FILES) or local, local)


def opened(where: Place, local: Path) -> BlobStore:
    """A store. `local`: folder on this machine for what comes and goes, where the store itself is none."""
    if isinstance(where, Path):
        return FolderStore(where)
    from eoffice.core.blobs.s3 import s3_store  # boto3 is an extra, and slow to import

    return s3_store(where, local)
