"""Both kinds of store, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eoffice.core.blobs import BlobStore, FolderStore, place
from eoffice.core.blobs.places import Bucket
from tests.s3 import KEY, Gateway, gateway


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A real S3 store for this worker."""
    with gateway(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def bucket(s3: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A prefix of its own."""
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
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
