"""Both kinds of store, empty."""

from pathlib import Path

import pytest

from eoffice.core.blobs import BlobStore, FolderStore, place
from eoffice.core.blobs.places import Bucket
from tests.s3 import Gateway


@pytest.fixture
def bucket(s3: Gateway, tmp_path: Path) -> Bucket:
    """A prefix of its own."""
    made = place(s3.url(tmp_path.name))
    assert isinstance(made, Bucket)
    return made


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.peer)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty store of either kind."""
    if request.param == "folder":
        return FolderStore(tmp_path / "blobs")
    from eoffice.core.blobs.s3 import S3Store

    return S3Store(request.getfixturevalue("bucket"), tmp_path / "here")
