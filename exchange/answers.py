"""What the axis answers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchange.model import MessageKind
from exchange.receipts import Receipt
from exchange.vxp import Delivery


@dataclass(frozen=True)
class Sent:
    """The axis has the message. `receipt`: verified; None from an axis that signs none."""

    doc_id: str
    receipt: Receipt | None


@dataclass(frozen=True)
class Waiting:
    """A message that waits to be fetched."""

    doc_id: str
    kind: MessageKind
    sender: str
    #: agencies of this system that it is for; another axis names one only
    recipients: tuple[str, ...]
    status: str
    created: str
    #: None when the axis does not say
    message_id: str | None
    priority: int | None
    sha256: str | None
    size: int | None


@dataclass(frozen=True)
class Progress:
    """What became of a sent message at one recipient. Times as the axis wrote them, ISO 8601 with ours."""

    doc_id: str
    recipient: str
    state: Delivery
    description: str
    sent_at: str
    #: first download, empty: not yet or not told
    fetched_at: str
    #: confirmation, empty: not yet
    received_at: str
    #: proof of the confirmation, verified
    receipt: Receipt | None


@dataclass(frozen=True)
class DirectoryEntry:
    """An agency as the axis knows it."""

    code: str
    name: str
    old_code: str
    parent_id: str
    id: str
    mail: str
    #: system that serves it; empty when the list does not tell
    center: str = ""
    version: int = 0
    deleted: bool = False


def waiting(item: Mapping[str, Any]) -> Waiting:
    recipients = item.get("recipients") or [item.get("to") or ""]
    return Waiting(
        doc_id=str(item["docId"]),
        kind=MessageKind(item.get("messageType") or MessageKind.DOCUMENT),
        sender=str(item.get("from") or ""),
        recipients=tuple(map(str, recipients)),
        status=str(item.get("status") or ""),
        created=str(item.get("created_time") or ""),
        message_id=item.get("messageId"),
        priority=item.get("priority"),
        sha256=item.get("sha256"),
        size=item.get("size"),
    )


def entry(item: Mapping[str, Any]) -> DirectoryEntry:
    return DirectoryEntry(
        code=str(item.get("code") or ""),
        name=str(item.get("name") or ""),
        old_code=str(item.get("oldCode") or item.get("code102") or ""),
        parent_id=str(item.get("pid") or ""),
        id=str(item.get("id") or ""),
        mail=str(item.get("mail") or ""),
        center=str(item.get("centerCode") or ""),
        version=int(item.get("version") or 0),
        deleted=bool(item.get("deleted")),
    )


def delivery(text: object) -> Delivery:
    try:
        return Delivery(str(text).lower())
    except ValueError:  # another axis may have words of its own; not confirmed is the safe reading
        return Delivery.PROCESSING
