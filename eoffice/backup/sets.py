"""A folder of backups: one subfolder for each set, and the stored files of all sets together.

    2026-11-22T01-07-00/manifest.json    what belongs to the set, with the SHA-256 of each part as it lies there
    2026-11-22T01-07-00/database.age     pg_dump, custom format
    2026-11-22T01-07-00/instance.age     tar of what else the installation owns: secrets, configuration, keys
    2026-11-22T01-07-00/files.txt        hashes of the stored files at that moment
    files/ab/abcdef….age                 a stored file, once however many sets hold it

Everything with content is encrypted in the age format (age-encryption.org/v1), so that it opens without this program
too. A set appears under its name only when it is complete.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import structlog

from eoffice import __version__
from eoffice.backup import dumping
from eoffice.backup.age import Identity, Recipient
from eoffice.core import clock
from eoffice.core.blobs import BlobDamaged, BlobMissing, BlobStore
from eoffice.core.blobs.base import hash_of

log = structlog.get_logger(__name__)

_NAME = "%Y-%m-%dT%H-%M-%S"
#: of an instance folder, what is kept elsewhere, made anew or of no use tomorrow
_LEFT_OUT = frozenset(
    {"blobs", "pg", "hub", "log", "tmp", "outside", ".run.lock", ".secrets.lock", "README.md", ".restoring"}
)


@dataclass(frozen=True)
class Part:
    """A file of a set as it lies there."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What belongs to a set."""

    made_at: str
    version: str
    parts: dict[str, Part]
    #: stored files, and bytes of them that were not in an earlier set
    files: int
    new_bytes: int
    #: hashes of those left out, since the store holds other bytes under them and no earlier set has the right ones
    damaged: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Of a set's folder. Raises OSError, ValueError, KeyError, TypeError."""
        content = json.loads((path / "manifest.json").read_text())
        parts = {name: Part(**part) for name, part in content.pop("parts").items()}
        return cls(parts=parts, **content)


def newest(folder: Path) -> tuple[Path, datetime] | None:
    """The last complete set and its moment."""
    found = sorted(_sets(folder), reverse=True)
    return (found[0], _moment(found[0])) if found else None


def make(
    folder: Path, recipient: Recipient, database_url: str, instance: Path, store: BlobStore
) -> tuple[Path, Manifest]:
    """Make one set. Raises OSError, DumpFailed; nothing incomplete stays under a set's name.

    The folder is never made: where a medium is not mounted, the set would fill the disk it is to protect from.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not there; is its medium mounted?")
    moment = clock.now()
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as temporary:
        part = Path(temporary) / "set"
        part.mkdir(mode=0o700)
        # the database first: whatever it names is in the store then, for files are written before their rows
        with (part / "database.age").open("wb") as target, dumping.dumped(database_url) as dump:
            recipient.encrypt(dump, target)
        with tempfile.TemporaryFile() as plain, (part / "instance.age").open("wb") as target:
            _pack(instance, plain)
            recipient.encrypt(plain, target)
        hashes, new, spoiled = _copy_files(store, folder / "files", recipient)
        (part / "files.txt").write_text("".join(f"{sha256}\n" for sha256 in hashes))
        parts = {path.name: Part(path.stat().st_size, _sha256(path)) for path in sorted(part.iterdir())}
        manifest = Manifest(moment.isoformat(), __version__, parts, len(hashes), new, spoiled)
        (part / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1))
        for path in (*part.iterdir(), part):
            _sync(path)
        made = part.rename(folder / f"{clock.local(moment):{_NAME}}")
    _sync(folder)
    return made, manifest


def damaged(path: Path) -> list[str]:
    """Names of what is missing of a set or is not as it was written; needs no key."""
    manifest, found = Manifest.read(path), []
    for name, part in manifest.parts.items():
        if not (path / name).is_file() or _sha256(path / name) != part.sha256:
            found.append(name)
    return found + [f"files/{sha256}" for sha256 in files_of(path) if not _stored(path, sha256).is_file()]


def files_of(path: Path) -> list[str]:
    """Hashes of the stored files of a set."""
    return (path / "files.txt").read_text().split()


def open_file(path: Path, sha256: str, identity: Identity, target: BinaryIO) -> None:
    """Write one stored file of a set. Raises OSError, CannotOpen."""
    with _stored(path, sha256).open("rb") as source:
        identity.decrypt(source, target)


def prune(folder: Path, days: int) -> int:
    """Delete sets older than so many days, never the newest, and files no set holds any more; how many sets."""
    sets = sorted(_sets(folder))
    before = clock.now() - timedelta(days=days)
    old = [path for path in sets[:-1] if _moment(path) < before]
    for path in old:
        shutil.rmtree(path)
    if old:
        held = {sha256 for path in sets if path not in old for sha256 in files_of(path)}
        for stored in (folder / "files").glob("*/*.age"):
            if stored.stem not in held:
                stored.unlink()
    return len(old)


def _sets(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if (path / "manifest.json").is_file() and not path.name.startswith("."):
            yield path


def _moment(path: Path) -> datetime:
    return datetime.fromisoformat(Manifest.read(path).made_at)


def _stored(path: Path, sha256: str) -> Path:
    return path.parent / "files" / sha256[:2] / f"{sha256}.age"


def _copy_files(store: BlobStore, target: Path, recipient: Recipient) -> tuple[list[str], int, list[str]]:
    """Every stored file that is not there yet; the hashes of all, bytes that were written, hashes of the damaged."""
    hashes, new, spoiled = [], 0, []
    for sha256 in store.hashes():
        kept = target / sha256[:2] / f"{sha256}.age"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with store.open(sha256) as source:
                    if hash_of(source) != sha256:
                        raise BlobDamaged(sha256)
                    source.seek(0)
                    new += _encrypted(source, kept, recipient)
            except BlobMissing:  # erased meanwhile
                continue
            except BlobDamaged:  # no reason to leave the others out, too
                log.error("damaged file left out of a backup", sha256=sha256)
                spoiled.append(sha256)
                continue
        hashes.append(sha256)
    return hashes, new, spoiled


def _encrypted(source: BinaryIO, target: Path, recipient: Recipient) -> int:
    """A file that is whole or not there; its size."""
    part = target.with_suffix(".part")
    with part.open("wb") as encrypted:
        recipient.encrypt(source, encrypted)
    _sync(part)
    part.replace(target)
    return target.stat().st_size


def _pack(instance: Path, target: BinaryIO) -> None:
    with tarfile.open(fileobj=target, mode="w") as archive:
        for path in sorted(instance.iterdir()):
            if path.name not in _LEFT_OUT:
                archive.add(path, path.name)
    target.seek(0)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
