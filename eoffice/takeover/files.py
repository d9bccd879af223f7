"""Where the files of old documents come from: a folder of the machine, or a ZIP somebody sent.

A ZIP and its table wait on the store's shelf between the look and the decision, under a name only its sender was told.
"""

import hashlib
import io
import re
import secrets
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from eoffice.core import sandbox
from eoffice.core.blobs import BlobMissing, blobs
from eoffice.core.errors import Conflict, Invalid
from eoffice.core.text import nfc, writable
from eoffice.documents.intake import TooLarge

#: files of one ZIP
_MEMBERS = 20_000
#: files that are named where some are left behind; the others are counted
SHOWN = 10
#: what systems leave in folders and archives
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


class NoSuchFile(Invalid):
    """The table names what is not there."""

    message = _l("There is no file “%(name)s”. Names count from the top of the folder: den/1233.pdf.")


class NotAZip(Invalid):
    """Something else under that name."""

    message = _l("The files must come as one ZIP that is not locked. Pack the folder again.")


class Forgotten(Conflict):
    """What was looked at is kept for a day."""

    message = _l("What you looked at is no longer kept. Choose the table and the files again.")


class Files(Protocol):
    """Files by the names a table gives them."""

    def open(self, name: str, limit: int) -> BinaryIO:
        """A file of at most `limit` bytes. Raises NoSuchFile, TooLarge."""
        ...

    def names(self) -> Iterable[str]:
        """Every file there is."""
        ...


class NoFiles:
    """A table alone."""

    def open(self, name: str, limit: int) -> BinaryIO:  # noqa: ARG002 - see Files
        """Nothing is there. Raises NoSuchFile."""
        raise NoSuchFile(name=name)

    def names(self) -> Iterable[str]:
        """None."""
        return ()


class Folder:
    """A folder of this machine, for the command."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def open(self, name: str, limit: int) -> BinaryIO:
        """A file below the folder. Raises NoSuchFile, TooLarge."""
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root) or not path.is_file():
            raise NoSuchFile(name=name)
        if path.stat().st_size > limit:
            raise TooLarge(limit=limit // 2**20)
        return path.open("rb")

    def names(self) -> Iterable[str]:
        """Every file below the folder."""
        files = (path for path in sorted(self._root.rglob("*")) if path.is_file())
        return [path.relative_to(self._root).as_posix() for path in files]


class Zip:
    """A ZIP that somebody sent: listed and unpacked in the sandbox. Raises NotAZip."""

    def __init__(self, path: Path) -> None:
        self._path = str(path.absolute())
        try:
            names: list[str] = sandbox.call("eoffice.documents.reading:zip_names", self._path, _MEMBERS)
        except (zipfile.BadZipFile, sandbox.SandboxDied, sandbox.SandboxError, ValueError) as error:
            raise NotAZip(field="files") from error
        self._names = {_plain(name): name for name in names}

    def open(self, name: str, limit: int) -> BinaryIO:
        """A file of the archive. Raises NoSuchFile, TooLarge, NotAZip."""
        member = self._names.get(_plain(name))
        if member is None:
            raise NoSuchFile(name=name)
        try:
            data: bytes = sandbox.call(
                "eoffice.documents.reading:zip_member", self._path, member, limit + 1, seconds=60
            )
        except (zipfile.BadZipFile, sandbox.SandboxDied, sandbox.SandboxError, RuntimeError) as error:
            raise NotAZip(field="files") from error  # RuntimeError: it is locked
        if len(data) > limit:
            raise TooLarge(limit=limit // 2**20)
        return io.BytesIO(data)

    def names(self) -> Iterable[str]:
        """Every file of the archive."""
        return [plain for plain, name in self._names.items() if not name.endswith(("/", "\\"))]


def left_behind(files: Files, named: Iterable[str]) -> list[str]:
    """Files that nobody asks for, but for what computers put beside them on their own."""
    asked = {_plain(name) for name in named}
    return [name for name in files.names() if _plain(name) not in asked and not _LITTER.search(name)]


def _plain(name: str) -> str:
    """As a table's cell is read, slashes forward: archives come from every system."""
    return str(PurePosixPath(nfc(writable(name)).replace("\\", "/")))


class Kept:
    """A table and perhaps a ZIP, kept for whoever has the word."""

    def __init__(self, word: str) -> None:
        self.word = word
        # the word itself names no file: what a form sends never becomes a path
        self._folder = f"takeover/{hashlib.sha256(word.encode()).hexdigest()}"

    @classmethod
    def keep(cls, table: FileStorage, files: FileStorage | None) -> "Kept":
        """Write down what was sent."""
        kept, store = cls(secrets.token_urlsafe(24)), blobs()
        with store.scratch() as scratch:
            for name, sent in (("table", table), ("files", files)):
                if sent:
                    sent.save(scratch / name)
                    store.shelf.lay(f"{kept._folder}/{name}", scratch / name)
        return kept

    @property
    def table(self) -> Path:
        """The table. Raises Forgotten."""
        try:
            return blobs().shelf.path(f"{self._folder}/table")
        except BlobMissing as missing:
            raise Forgotten from missing

    @property
    def files(self) -> Files:
        """The files. Raises NotAZip."""
        shelf = blobs().shelf
        if "files" not in shelf.names(self._folder):
            return NoFiles()
        return Zip(shelf.path(f"{self._folder}/files"))

    def forget(self) -> None:
        """Done, or never to be done."""
        blobs().shelf.clear(self._folder)
