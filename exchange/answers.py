"""What the axis answers, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from exchange.errors import BadReceipt
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
    #: recipient → code and name the sender wrote, where those are others than the recipient's own
    addressed: Mapping[str, tuple[str, str]] = field(default_factory=dict)


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
    #: the recipient as the sender wrote it, where a successor got the message; empty from another axis
    addressed: str = ""


@dataclass(frozen=True)
class Ending:
    """What became of a sent message, told by the axis once and again until we say that we know."""

    #: what is given back to say so
    id: int
    kind: MessageKind
    #: the sender's own id of the message
    message_id: str
    progress: Progress
    #: why its receipt is not believed; it is left out then
    doubt: BadReceipt | None = None


@dataclass(frozen=True)
class Confirmation:
    """What a receiver says of a message it fetched."""

    doc_id: str
    status: Delivery
    description: str = ""
    #: of the bytes as they came, empty for bytes that are of no use
    sha256: str = ""


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
    parent_code: str = ""
    locked: bool = False
    #: ISO 8601; empty: it goes on
    closed_on: str = ""
    legal_basis: str = ""
    successors: tuple[str, ...] = ()


class RecipientState(StrEnum):
    """What would become of a message to an agency."""

    OPEN = "open"
    #: it ended; the successor gets the message
    SUCCEEDED = "succeeded"
    #: it ended without a successor that could get it
    CLOSED = "closed"
    LOCKED = "locked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Recipient:
    """What the axis knows of an agency that somebody wants to write to."""

    #: as it was asked for
    code: str
    state: RecipientState
    name: str = ""
    current_code: str = ""
    #: code and name of who gets the message; empty: nobody
    served_by: str = ""
    served_by_name: str = ""
    #: ISO 8601, also a day to come; empty: it goes on
    closed_on: str = ""
    legal_basis: str = ""
    #: codes and names
    successors: tuple[tuple[str, str], ...] = ()


def recipient(item: Mapping[str, Any]) -> Recipient:
    served = item.get("servedBy") or {}
    return Recipient(
        code=str(item["code"]),
        state=RecipientState(item["state"]),
        name=str(item.get("name") or ""),
        current_code=str(item.get("currentCode") or ""),
        served_by=str(served.get("code") or ""),
        served_by_name=str(served.get("name") or ""),
        closed_on=str(item.get("closedOn") or ""),
        legal_basis=str(item.get("legalBasis") or ""),
        successors=tuple((str(one["code"]), str(one["name"])) for one in item.get("successors") or ()),
    )


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
        addressed={
            code: (str(names[0]), str(names[1])) for code, names in (item.get("addressed") or {}).items()
        },
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
        parent_code=str(item.get("parentCode") or ""),
        locked=bool(item.get("locked")),
        closed_on=str(item.get("closedOn") or ""),
        legal_basis=str(item.get("legalBasis") or ""),
        successors=tuple(map(str, item.get("successors") or ())),
    )


def delivery(text: object) -> Delivery:
    try:
        return Delivery(str(text).lower())
    except ValueError:  # another axis may have words of its own; not confirmed is the safe reading
        return Delivery.PROCESSING
