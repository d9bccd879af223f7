"""Read an edXML message: header into the model, attachments into a folder, in constant memory.

Reads what real senders write, not only what the standard says; every liberty taken is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from exchange import attachments as files
from exchange.errors import TooLarge, Unreadable
from exchange.interpret import interpret
from exchange.limits import LIMITS, Limits
from exchange.model import Attachment, DocumentMessage, Message
from exchange.notices import Notice
from exchange.reader import Decoder, Node, Reader

_PIECE = 1 << 18
#: bytes of a ZIP beside its one entry
_WRAPPING = 1 << 16


@dataclass(frozen=True)
class Parsed:
    message: Message
    warnings: tuple[Notice, ...] = ()


def parse(source: BinaryIO, into: Path, *, limits: Limits = LIMITS) -> Parsed:
    """Read a whole message; the decoded attachments become files `001`, `002`, … in the folder `into`.

    Raises Unreadable, Forbidden, TooLarge, Damaged. The folder may then hold incomplete files.
    """
    sink = _Folder(into, limits)
    reader = Reader(sink.open, limits)
    while piece := source.read(_PIECE):
        reader.feed(piece)
    root = reader.close()
    message, warnings = interpret(root)
    if not isinstance(message, DocumentMessage):
        return Parsed(message, tuple(warnings))
    found, more = _join(message.attachments, _encoded(root), sink)
    return Parsed(replace(message, attachments=tuple(found)), (*warnings, *more))


def parse_file(path: Path, into: Path, *, limits: Limits = LIMITS) -> Parsed:
    with path.open("rb") as source:
        return parse(source, into, limits=limits)


def read_header(source: BinaryIO, *, limits: Limits = LIMITS) -> Parsed:
    """Read a message without keeping attachment bytes; `attachments` are those the manifest names.

    Reads to the end, so that a message cut short is noticed. Raises as `parse`.
    """
    reader = Reader(None, limits)
    while piece := source.read(_PIECE):
        reader.feed(piece)
    return finish(reader)


def finish(reader: Reader) -> Parsed:
    """The header of a message that was fed to `reader` piece by piece. Raises as `parse`."""
    message, warnings = interpret(reader.close())
    return Parsed(message, tuple(warnings))


def salvage(source: BinaryIO, *, limits: Limits = LIMITS) -> Message | None:
    """What the header of an unreadable message still says; None when the damage begins before its end."""
    reader = Reader(None, limits)
    try:
        while piece := source.read(_PIECE):
            reader.feed(piece)
    except Unreadable:
        pass  # that it cannot be read is why we are here
    header = reader.root and next((node for node in reader.root.walk() if node.name == "messageheader"), None)
    if reader.root is None or header is None or reader.inside(header):
        return None
    try:
        return interpret(reader.root)[0]
    except Unreadable:
        return None


class _Folder:
    """Makes one file per encoded element and counts what they hold together."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.limits = limits
        self.files: list[files.Base64File] = []

    def open(self) -> Decoder:
        left = self.limits.attachments - sum(file.size for file in self.files)
        if len(self.files) >= self.limits.count or left <= 0:
            raise TooLarge("Quá nhiều tệp đính kèm", "Too many or too large attachments")
        path = self.folder / f"{len(self.files) + 1:03d}"
        # what does not shrink grows a little in the sender's ZIP; what comes out of it is measured again
        most = self.limits.attachment + self.limits.attachment // 1000 + _WRAPPING
        self.files.append(files.Base64File(path, min(left, most)))
        return self.files[-1]


def _encoded(root: Node) -> list[Node]:
    """The Attachment elements that hold bytes, one for each file made, in the same order."""
    return [node for node in root.walk() for _ in node.all("ContentTransferEncoded")]


def _join(
    references: tuple[Attachment, ...], nodes: list[Node], sink: _Folder
) -> tuple[list[Attachment], list[Notice]]:
    """Manifest and bytes by content id, or by place when no id fits. What has bytes is kept."""
    ids = [_bare(node.value("ContentId")) for node in nodes]
    by_id = {reference.content_id: reference for reference in references if reference.content_id}
    by_place = not set(ids) & set(by_id) and len(references) == len(nodes)
    found, warnings = [], []
    for index, (node, content_id) in enumerate(zip(nodes, ids, strict=True)):
        reference = references[index] if by_place else by_id.pop(content_id, None)
        if reference is None:
            warnings.append(
                Notice("/AttachmentEncoded", "Tệp không có trong bảng kê", "File not in manifest")
            )
        attachment = _attachment(node, reference, content_id, sink.files[index].path, sink.limits)
        found.append(attachment)
        warnings.extend(_doubts(node, attachment))
    if not by_place:
        warnings.extend(
            Notice(
                "/edXMLManifest",
                f"Tệp “{lost.name}” được kê nhưng không có nội dung",
                f"{lost.name!r} is in the manifest but has no bytes",
            )
            for lost in by_id.values()
        )
    return found, warnings


def _attachment(
    node: Node, reference: Attachment | None, content_id: str, path: Path, limits: Limits
) -> Attachment:
    claimed = node.value("AttachmentName") or (reference.name if reference else "")
    name = files.safe_name(claimed, path.name)
    files.unwrap(path, name, limits)
    size = path.stat().st_size
    if size > limits.attachment:
        raise TooLarge("Tệp đính kèm quá lớn", f"An attachment is over {limits.attachment} bytes")
    return Attachment(
        name=name,
        description=node.value("Description") or (reference.description if reference else ""),
        content_id=content_id,
        content=path,
        sha256=files.digest(path),
        size=size,
        media_type=files.media_type(path, name),
    )


def _doubts(node: Node, attachment: Attachment) -> Iterator[Notice]:
    if attachment.name != node.value("AttachmentName"):
        yield Notice(
            "/AttachmentEncoded/Attachment/AttachmentName", "Tên tệp đã được sửa", "File name changed"
        )
    if not attachment.size:
        yield Notice("/AttachmentEncoded", f"Tệp “{attachment.name}” rỗng", f"{attachment.name!r} is empty")
    if attachment.content and files.mangled(attachment.content):
        yield Notice(
            "/AttachmentEncoded",
            f"Tệp hỏng từ nơi gửi: “{attachment.name}”",
            f"{attachment.name!r} was damaged by its sender (bytes replaced by U+FFFD)",
        )


def _bare(content_id: str) -> str:
    return content_id.removeprefix("cid:")
