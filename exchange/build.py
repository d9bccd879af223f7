"""Write an edXML message as the vendor's Java library writes it, in constant memory.

Same model, same bytes: ids inside are derived, not random, so a message built again is the same packet.
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import BinaryIO

import pybase64

from exchange.errors import Unbuildable
from exchange.header import document_header, manifest, status_header
from exchange.model import Attachment, DocumentMessage, Message
from exchange.render import NEWLINE, escape, render
from exchange.streams import readable
from exchange.vocabulary import NAMESPACE, PREFIX, SENT_AS_IS, ZIPPED

#: bytes read at once; a multiple of three, so that base64 of the pieces joins without padding
PIECE = 3 * 64 * 1024


@dataclass(frozen=True)
class Digest:
    """What was written: lower-case hex SHA-256 and length in bytes."""

    sha256: str
    size: int


def build(message: Message, out: BinaryIO) -> Digest:
    """Write `message` to `out` and return what was written. Raises Unbuildable, OSError."""
    digest, size = hashlib.sha256(), 0
    for piece in chunks(message):
        digest.update(piece)
        size += len(piece)
        out.write(piece)
    return Digest(digest.hexdigest(), size)


def stream(message: Message) -> BinaryIO:
    """The message as a readable stream, for whoever pulls. Raises Unbuildable while being read."""
    return readable(chunks(message))


def chunks(message: Message) -> Iterator[bytes]:
    """The message piece by piece; no piece is larger than about 256 kB."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>{NEWLINE}<edXML xmlns="{NAMESPACE}">{NEWLINE}'.encode()
    if isinstance(message, DocumentMessage):
        attachments = _numbered(message.attachments)
        yield render(document_header(message, manifest(attachments)), depth=1)
        yield from _encoded(message.document_id, attachments)
    else:
        yield render(status_header(message), depth=1)
    yield f"</edXML>{NEWLINE}".encode()


def sent_as_is(name: str) -> bool:
    """Whether a file of this name travels unzipped."""
    return _extension(name) in SENT_AS_IS


def _extension(name: str) -> str:
    return PurePath(name).suffix.lstrip(".").lower()


def _numbered(attachments: Iterable[Attachment]) -> list[Attachment]:
    return [replace(a, content_id=a.content_id or str(i)) for i, a in enumerate(attachments, 1)]


def _encoded(document_id: str, attachments: list[Attachment]) -> Iterator[bytes]:
    if not attachments:
        yield f"  <AttachmentEncoded />{NEWLINE}".encode()
        return
    yield f"  <AttachmentEncoded>{NEWLINE}".encode()
    for attachment in attachments:
        yield _opening(attachment)
        yield from _base64(_wire_bytes(document_id, attachment))
        yield f"</{PREFIX}:ContentTransferEncoded>{NEWLINE}    </Attachment>{NEWLINE}".encode()
    yield f"  </AttachmentEncoded>{NEWLINE}".encode()


def _opening(attachment: Attachment) -> bytes:
    described = [("Description", attachment.description)] if attachment.description else []
    fields = [
        ("ContentId", f"cid:{attachment.content_id}"),
        ("AttachmentName", attachment.name),
        *described,
        ("ContentType", SENT_AS_IS.get(_extension(attachment.name), ZIPPED)),
    ]
    lines = [f"      <{name}>{escape(value)}</{name}>" for name, value in fields]
    last = f'      <{PREFIX}:ContentTransferEncoded xmlns:{PREFIX}="{NAMESPACE}">'
    return NEWLINE.join(["    <Attachment>", *lines, last]).encode()


def _wire_bytes(document_id: str, attachment: Attachment) -> Iterator[bytes]:
    if attachment.content is None:
        raise Unbuildable(
            f"Tệp “{attachment.name}” không có nội dung",
            f"Attachment {attachment.name!r} has no content",
            path="/AttachmentEncoded",
        )
    if sent_as_is(attachment.name):
        return _read(attachment.content)
    name = uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}\n{attachment.content_id}\n{attachment.name}")
    # Only letters and digits: an extension is the one part of a foreign name that reaches the archive.
    extension = re.sub(r"[^0-9a-z]", "", _extension(attachment.name)) or "bin"
    return _zipped(attachment.content, f"{name}.{extension}")


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(PIECE):
            yield piece


def _zipped(path: Path, entry_name: str) -> Iterator[bytes]:
    """A ZIP with one entry, streamed with a data descriptor as java.util.zip does."""
    out = _Pushed()
    # A fixed time keeps the packet the same when it is built again.
    entry = zipfile.ZipInfo(entry_name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    # The size must be known for an entry that may need ZIP64 fields; without it zipfile refuses over 2 GiB.
    entry.file_size = path.stat().st_size
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open(entry, "w") as target:
            for piece in _read(path):
                target.write(piece)
                yield out.take()
        yield out.take()
    yield out.take()


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        data = rest + piece
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        if whole:
            yield pybase64.b64encode(data[:whole])
    if rest:
        yield pybase64.b64encode(rest)


@dataclass
class _Pushed(io.RawIOBase):
    """A write-only, unseekable file whose content is taken away as it grows."""

    _pieces: list[bytes] = field(default_factory=list)

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer, as RawIOBase has it
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
