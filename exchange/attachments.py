"""Attachment bytes: base64 decoded to a file while it is read, then taken out of their ZIP."""

from __future__ import annotations

import binascii
import errno
import hashlib
import re
import unicodedata
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pybase64

from exchange.errors import Damaged, TooLarge
from exchange.limits import Limits

_SPACE = b" \t\r\n"
_PIECE = 1 << 18
#: ZIP-based formats that are files in their own right
_OWN_ZIP = frozenset(
    ("zip", "docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "odt", "ods", "odp", "jar", "epub", "apk", "kmz")
)
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
)
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_OLD_OFFICE = {"doc": "application/msword", "xls": "application/vnd.ms-excel"}
_PDF_HEAD = 1024
_REPLACEMENTS = b"\xef\xbf\xbd\xef\xbf\xbd"


class Base64File:
    """Decodes pieces of base64 text into a file. Raises Damaged, TooLarge."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit
        self._rest = b""
        self._ended = False
        self._file = path.open("wb")

    def feed(self, text: bytes) -> None:
        text = self._rest + text.translate(None, _SPACE)
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        if whole:
            self._write(text[:whole])

    def close(self) -> None:
        """End of the text. Padding that a careless sender left out is put back."""
        try:
            if self._rest:
                self._write(self._rest + b"=" * (-len(self._rest) % 4))
        finally:
            self._file.close()

    def _write(self, text: bytes) -> None:
        if self._ended:
            raise _damaged(
                self.path, "còn dữ liệu sau khi mã base64 đã kết thúc", "data after its base64 text"
            )
        self._ended = text.endswith(b"=")
        try:
            data = pybase64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _damaged(self.path, "mã base64 sai", f"bad base64: {error}") from error
        self.size += len(data)
        if self.size > self._limit:
            raise TooLarge("Tệp đính kèm quá lớn", f"An attachment is over {self._limit} bytes")
        self._file.write(data)


def _damaged(path: Path, vi: str, en: str) -> Damaged:
    """`path` is the file made of it, named by its place among the attachments."""
    place = int(path.stem) if path.stem.isdecimal() else path.name
    return Damaged(
        f"Tệp đính kèm thứ {place} bị hỏng: {vi}",
        f"Attachment {place} is damaged: {en}",
        path="/AttachmentEncoded",
    )


def unwrap(path: Path, name: str, limits: Limits) -> None:
    """Replace the file by the single entry of its ZIP, when the ZIP is only the sender's wrapping.

    A file whose own format is ZIP-based stays, unless it holds one `<id>.<same extension>` entry and
    no `[Content_Types].xml`. Raises Damaged for a broken archive, TooLarge for a bomb.
    """
    if not _starts_with(path, b"PK\x03\x04") or _entries(path) != 1:
        return
    extension = PurePosixPath(name.lower()).suffix.lstrip(".")
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.infolist()[0]
            inner = PurePosixPath(entry.filename.lower()).suffix.lstrip(".")
            own = extension in _OWN_ZIP and (extension == "zip" or inner != extension)
            if own or entry.is_dir():
                return
            unpacked = path.with_name(path.name + ".unzipped")
            with archive.open(entry) as source, unpacked.open("wb") as target:
                _copy(source, target, limits, packed=path.stat().st_size)  # type: ignore[arg-type]  # ZipExtFile reads
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise _damaged(path, "tệp nén sai", f"broken ZIP: {error}") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # the disk's fault is not the sender's
            raise
        raise _damaged(path, "tệp nén sai", "broken ZIP: a place before its beginning") from error
    unpacked.replace(path)


def _copy(source: BinaryIO, target: BinaryIO, limits: Limits, *, packed: int) -> None:
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > limits.attachment or size > packed * limits.ratio + _PIECE:
            raise TooLarge("Tệp nén bung ra quá lớn", "The ZIP of an attachment unpacks to too much")
        target.write(piece)


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _entries(path: Path) -> int:
    """Number of entries by the end record (APPNOTE 4.3.16), read without loading a directory of millions."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[at + 10 : at + 12], "little") if at >= 0 else 0


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def media_type(path: Path, name: str) -> str:
    """The type by the first bytes; the name only tells apart formats that begin alike."""
    with path.open("rb") as file:
        head = file.read(_PDF_HEAD)
    extension = PurePosixPath(name.lower()).suffix.lstrip(".")
    for magic, found in _MAGIC:
        if head.startswith(magic):
            if found == "application/zip":
                return _OFFICE.get(extension, found)
            return _OLD_OFFICE.get(extension, found) if "ole" in found else found
    if b"%PDF-" in head:
        return "application/pdf"
    return "application/octet-stream" if b"\0" in head or not head else "text/plain"


def mangled(path: Path) -> bool:
    """A PDF whose binary bytes some sender turned into U+FFFD; nothing can be saved of it."""
    with path.open("rb") as file:
        head = file.read(_PDF_HEAD)
    return head.startswith(b"%PDF-") and _REPLACEMENTS in head


def safe_name(name: str, fallback: str) -> str:
    """A file name without folders, control characters or length tricks; at most 200 bytes in UTF-8."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    # Format characters go too: U+202E makes `gpj.exe` read as `exe.jpg`.
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    name = re.sub(r'[<>:"|?*]', "_", re.sub(r"\s+", " ", name)).strip(" .")
    stem, dot, extension = name.rpartition(".")
    tail = (dot + extension)[:20] if dot else ""
    stem = (stem if dot else name).encode()[: 200 - len(tail.encode())].decode(errors="ignore")
    return (stem + tail) if stem else fallback + tail
