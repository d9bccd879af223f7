"""Messages as plain JSON: what `parse` prints is what `build` reads."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date, datetime
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any, cast

from exchange.errors import Unbuildable
from exchange.model import Attachment, DocumentMessage, Message, MessageKind, ResponseFor, StatusMessage
from exchange.parse import Parsed

_KINDS: dict[str, type[DocumentMessage] | type[StatusMessage]] = {
    MessageKind.DOCUMENT.value: DocumentMessage,
    MessageKind.STATUS.value: StatusMessage,
}


def fields_of(message: Message) -> dict[str, Any]:
    """Every field of a message; of its files all but where their bytes lie."""
    if isinstance(message, DocumentMessage):
        message = replace(
            message, attachments=tuple(replace(one, content=None) for one in message.attachments)
        )
    plain: dict[str, Any] = _plain(message)
    return plain


def message_of(kind: MessageKind, said: Mapping[str, Any]) -> Message:
    """The reverse of `fields_of`. Raises Unbuildable."""
    return cast("Message", _value(_KINDS[kind.value], said, "header"))


def to_json(parsed: Parsed) -> dict[str, Any]:
    """A summary for readers, and under `header` every field of the model."""
    message = parsed.message
    warnings = [{"path": item.path, "vi": item.vi, "en": item.en} for item in parsed.warnings]
    header = _plain(message)
    if isinstance(message, StatusMessage):
        summary = _status_summary(message)
    else:
        header.pop("attachments")
        summary = _document_summary(message)
    return {"message": message.kind.value, **summary, "header": header, "warnings": warnings}


def _document_summary(message: DocumentMessage) -> dict[str, Any]:
    return {
        "business": message.business.kind.name.lower(),
        "document_id": message.document_id,
        "code_number": message.code.number,
        "code_notation": message.code.notation,
        "promulgated_on": _plain(message.promulgated_on),
        "subject": message.subject,
        "priority": message.other.priority or 0,
        "from": {"organ_id": message.sender.organ_id, "name": message.sender.name},
        "to": [{"organ_id": item.organ_id, "name": item.name} for item in message.recipients],
        "status_code": None,
        "response_for": [_plain(item) for item in message.response_for],
        "attachments": [
            {
                "name": item.name, "size": item.size, "sha256": item.sha256, "media_type": item.media_type,
                "description": item.description, "path": str(item.content) if item.content else None,
            }
            for item in message.attachments
        ],
    }  # fmt: skip


def _status_summary(message: StatusMessage) -> dict[str, Any]:
    target: ResponseFor = message.response_for
    return {
        "document_id": target.document_id,
        "from": {"organ_id": message.sender.organ_id, "name": message.sender.name},
        "to": [],
        "status_code": message.status_code,
        "response_for": [_plain(target)],
        "attachments": [],
    }


def from_json(content: Mapping[str, Any], folder: Path) -> Message:
    """The message that `header` describes, attachments by `path` relative to `folder`.

    Raises Unbuildable naming the field that has the wrong shape.
    """
    kind = _KINDS.get(str(content.get("message")))
    if kind is None:
        raise Unbuildable("“message” phải là edoc hoặc status", "message must be edoc or status")
    if not isinstance(content.get("header"), Mapping):
        vi = "Thiếu “header”: mọi trường của thông điệp, như lệnh parse --json in ra"
        raise Unbuildable(vi, "header is missing: every field, as parse --json prints it", path="header")
    message = cast("Message", _value(kind, content["header"], "header"))
    if isinstance(message, StatusMessage):
        return message
    listed = content.get("attachments") or []
    found = [_attachment(item, folder, index) for index, item in enumerate(listed)]
    return replace(message, attachments=tuple(found))


def _attachment(item: Any, folder: Path, index: int) -> Attachment:
    where = f"attachments[{index}]"
    if not isinstance(item, Mapping) or not item.get("path"):
        raise Unbuildable("Tệp đính kèm thiếu “path”", "path is missing", path=where)
    path = folder / str(item["path"])
    if not path.is_file():
        raise Unbuildable(f"Không có tệp {path}", f"There is no file {path}", path=where)
    name = str(item.get("name") or path.name)
    return Attachment(name=name, description=str(item.get("description") or ""), content=path)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _value(kind: Any, data: Any, where: str) -> Any:
    """`data` as `kind`: a dataclass, tuple, optional, enum, date or plain value."""
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        chosen = next(item for item in arguments if item is not type(None))
        return None if data is None else _value(chosen, data, where)
    try:
        if is_dataclass(kind):
            return _record(cast("type", kind), data, where)
        if typing.get_origin(kind) is tuple:
            return tuple(_value(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if isinstance(kind, type) and issubclass(kind, IntEnum):
            return kind[data.upper()]
        if kind in (date, datetime):
            return kind.fromisoformat(data)
        if type(data) is not kind:
            raise TypeError(f"{kind.__name__} expected")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Unbuildable("Giá trị không đúng dạng", f"wrong value: {error}", path=where) from error
    return data


def _needed(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


_hints = cache(typing.get_type_hints)  # the same for every record, and dear


def _record(kind: type, data: Any, where: str) -> Any:
    hints = _hints(kind)
    if not isinstance(data, Mapping):
        raise TypeError(f"an object is expected, not {data!r:.40}")
    if missing := [item.name for item in fields(kind) if _needed(item) and item.name not in data]:
        raise TypeError(f"{missing[0]} is missing")
    if unknown := set(data) - hints.keys():
        raise TypeError(f"unknown field {min(unknown)}")
    return kind(**{name: _value(hints[name], value, f"{where}.{name}") for name, value in data.items()})
