"""The way back: a set becomes an installation again, or proves that it could."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from eoffice.backup import dumping, sets
from eoffice.backup.age import Identity
from eoffice.core import audit
from eoffice.core.blobs import BlobDamaged, BlobStore, FolderStore
from eoffice.core.db import new_session

#: in an instance folder: which set is being brought back; until that is done the same one may be tried again
_UNDER_WAY = ".restoring"


class NotEmpty(Exception):
    """There is an installation already; nothing was touched."""


class SetDamaged(Exception):
    """Parts of the set are missing or not as they were written; the text names them."""


@dataclass(frozen=True)
class Restored:
    """What came back."""

    files: int
    #: entries of the log of changes, whose seals were computed anew
    entries: int


def empty(instance: Path) -> bool:
    """Whether nothing in an instance folder could be lost."""
    files = (instance / "blobs").glob("[0-9a-f][0-9a-f]/*")
    return not (instance / "pg" / "data").exists() and next(files, None) is None


def restore_instance(path: Path, key: Identity, instance: Path) -> None:
    """Secrets, configuration and keys of a set; again after a try that broke off before `finish`.

    Raises SetDamaged, NotEmpty, CannotOpen.
    """
    mark, made_at = instance / _UNDER_WAY, sets.Manifest.read(path).made_at
    begun = mark.is_file() and mark.read_text() == made_at
    if not begun and not empty(instance):
        raise NotEmpty(str(instance))
    if found := sets.damaged(path):
        raise SetDamaged(", ".join(found[:10]))
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _opened(path / "instance.age", key) as plain, tarfile.open(plain) as archive:
        mark.write_text(made_at)
        archive.extractall(instance, filter="data")


def finish(instance: Path) -> None:
    """Everything has come back: from now on nothing is brought into this folder."""
    (instance / _UNDER_WAY).unlink()


def restore_files(path: Path, key: Identity, store: BlobStore) -> int:
    """Stored files of a set; how many. What the store has already stays. Raises SetDamaged, CannotOpen, OSError."""
    return sum(1 for _ in _files(path, key, store))


def restore_database(path: Path, key: Identity, url: str) -> int:
    """Into an empty database; entries of its log, all seals of which fit. Raises DumpFailed, NotEmpty, SetDamaged."""
    with psycopg.connect(url) as database:
        tables = database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    if tables != (0,):
        raise NotEmpty("the database")
    with _opened(path / "database.age", key) as plain:
        dumping.restore(plain, url)
    with new_session(url) as session:
        proof = audit.prove(session)
    if proof.broken_at is not None:
        raise SetDamaged(f"seal {proof.broken_at} of the log of changes")
    return proof.entries


def _files(path: Path, key: Identity, store: BlobStore) -> Iterator[str]:
    """Store each file of a set; its name must be what its bytes are."""
    for sha256 in sets.files_of(path):
        with tempfile.TemporaryFile() as plain:
            sets.open_file(path, sha256, key, plain)
            plain.seek(0)
            try:
                store.put(plain, sha256=sha256)
            except BlobDamaged as error:
                raise SetDamaged(f"files/{sha256}") from error
        yield sha256


def rehearse(path: Path, key: Identity, url: str) -> Restored:
    """Restore everything into a scratch folder and an empty database, and forget the folder. Raises as the others."""
    with tempfile.TemporaryDirectory(prefix="eoffice-rehearsal-") as folder:
        instance = Path(folder) / "instance"
        restore_instance(path, key, instance)
        files = restore_files(path, key, FolderStore(instance / "blobs"))
        return Restored(files, restore_database(path, key, url))


@contextmanager
def _opened(path: Path, key: Identity) -> Iterator[Path]:
    """The plain bytes of a part, in a file of their own for as long as they are needed."""
    with tempfile.TemporaryDirectory(prefix="eoffice-restore-") as folder:
        plain = Path(folder) / "plain"
        with path.open("rb") as source, plain.open("wb") as target:
            key.decrypt(source, target)
        yield plain
