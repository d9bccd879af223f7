"""Taking a message in: streamed to disk, checked, and written down with its deliveries in one transaction."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core.blobs import Blob
from eoffice.core.clock import now
from exchange import receipts
from exchange.errors import TooLarge, Unreadable
from exchange.hub import wakeup
from exchange.hub.axis import Axis
from exchange.hub.directory import route
from exchange.hub.models import Delivery, Packet
from exchange.hub.refusal import Code, Refusal
from exchange.limits import Limits
from exchange.model import Message, MessageKind, StatusMessage
from exchange.parse import finish
from exchange.reader import Reader
from exchange.vxp import Delivery as State
from exchange.vxp import same_hash

_LINE_BREAK = b"\r\n"


@dataclass(frozen=True)
class Call:
    """What the caller says about the message besides the message itself."""

    system_id: str
    kind: MessageKind
    #: agency that sends, empty: the one the message names
    sender: str
    #: codes, empty: those the message names
    recipients: tuple[str, ...]
    #: SHA-256 of the message in one of two spellings, empty: not given
    declared_hash: str
    #: the sender's id for it, empty: none
    message_id: str


@dataclass(frozen=True)
class Accepted:
    doc_id: str
    receipt: Mapping[str, Any]


def accept(axis: Axis, call: Call, body: BinaryIO) -> Accepted:
    """Store the message and one delivery per recipient; a repeat gets the first answer.

    Raises Refusal; then nothing is stored.
    """
    checked: list[tuple[Message, dict[str, str]]] = []

    def check(message: Message) -> None:
        with axis.sessions() as session:
            checked.append((message, _check(session, call, message)))

    # The checks run when the last byte is read, so that a refused message never becomes a stored file.
    blob = axis.blobs.put(Upload(body, call.declared_hash, axis.limits, check))  # type: ignore[arg-type]  # it reads
    message, recipients = checked[0]
    with axis.sessions.begin() as session:
        return _write(axis, session, call, message, recipients, blob)


def _check(session: Session, call: Call, message: Message) -> dict[str, str]:
    if message.kind is not call.kind:
        raise Refusal(Code.BAD_MESSAGE, f"messagetype is {call.kind} but the file is {message.kind}")
    senders = filter(None, (call.sender, message.sender.organ_id))
    return route(session, call.system_id, senders, call.recipients or _named(message))


def _named(message: Message) -> Sequence[str]:
    if isinstance(message, StatusMessage):
        return (message.response_for.organ_id,)
    return tuple(dict.fromkeys(to.organ_id for to in message.recipients if to.organ_id))


def _write(
    axis: Axis, session: Session, call: Call, message: Message, recipients: dict[str, str], blob: Blob
) -> Accepted:
    packet = _describe(call, message, blob)
    packet.receipt = _receipt(axis, packet, tuple(recipients))
    earlier = None if call.message_id else _same_bytes(session, call.system_id, blob.sha256)
    if earlier is None and _insert(session, packet):
        _deliver(session, packet, recipients)
        return Accepted(packet.id, packet.receipt)
    earlier = earlier or _with_key(session, packet)
    if earlier.sha256 != packet.sha256:
        raise Refusal(Code.BAD_FILE, f"Message id {call.message_id} was used for another message")
    # With an id a repeat is a repeat; without one, the same bytes may be meant for further recipients.
    if not call.message_id and (missing := _unserved(session, earlier, recipients)):
        _deliver(session, earlier, missing)
        earlier.receipt = _receipt(axis, earlier, tuple(recipients))
    return Accepted(earlier.id, earlier.receipt)


def _insert(session: Session, packet: Packet) -> bool:
    """False when the same message is there already; a second writer waits here for the first."""
    values = {column.name: getattr(packet, column.name) for column in sa.inspect(Packet).columns}
    added = session.execute(insert(Packet).values(values).on_conflict_do_nothing().returning(Packet.id))
    return added.first() is not None


def _with_key(session: Session, packet: Packet) -> Packet:
    same = (Packet.system_id == packet.system_id) & (Packet.key == packet.key)
    return session.scalars(sa.select(Packet).where(same).with_for_update()).one()


def _same_bytes(session: Session, system_id: str, sha256: str) -> Packet | None:
    same = (Packet.system_id == system_id) & (Packet.sha256 == sha256)
    query = sa.select(Packet).where(same).order_by(Packet.accepted_at).limit(1)
    return session.scalars(query.with_for_update()).one_or_none()


def _describe(call: Call, message: Message, blob: Blob) -> Packet:
    doc_id = secrets.token_hex(12)
    packet = Packet(
        id=doc_id,
        system_id=call.system_id,
        key=f"id:{call.message_id}" if call.message_id else f"sha256:{blob.sha256}",
        message_id=call.message_id or doc_id,
        sender_code=message.sender.organ_id,
        kind=message.kind,
        sha256=blob.sha256,
        size=blob.size,
        accepted_at=now(),
    )
    if isinstance(message, StatusMessage):
        target = message.response_for
        packet.priority, packet.document_id, packet.notation = 0, target.document_id, target.code
        packet.title = f"{message.status_code} {message.description}".strip()
    else:
        packet.priority = min(max(message.other.priority or 0, 0), 4)
        packet.document_id, packet.notation = message.document_id, message.code.full
        packet.title = message.subject
    return packet


def _receipt(axis: Axis, packet: Packet, recipients: tuple[str, ...]) -> dict[str, Any]:
    statement = statement_of(axis, packet, receipts.Event.ACCEPTED, recipients)
    return receipts.sign(axis.key, [statement])[0].to_json()


def statement_of(
    axis: Axis, packet: Packet, event: receipts.Event, recipients: tuple[str, ...]
) -> receipts.Statement:
    """What a receipt of this axis says about a packet, as of now."""
    return receipts.Statement(
        event=event,
        message_id=packet.message_id,
        doc_id=packet.id,
        kind=packet.kind.value,
        sender=packet.system_id,
        recipients=recipients,
        sha256=packet.sha256,
        size=packet.size,
        hop=axis.system_id,
        at=now(),
    )


def _unserved(session: Session, packet: Packet, recipients: dict[str, str]) -> dict[str, str]:
    """Recipients that have no delivery yet; one whose delivery failed is served again on the way."""
    rows = session.scalars(sa.select(Delivery).where(Delivery.packet_id == packet.id)).all()
    served = {row.recipient for row in rows}
    again = [row for row in rows if row.status is State.FAIL and row.recipient in recipients]
    for row in again:
        row.status, row.updated_at, row.receipt = State.INITIAL, now(), None
    wakeup.notify(session, {row.system_id for row in again})
    return {code: system for code, system in recipients.items() if code not in served}


def _deliver(session: Session, packet: Packet, recipients: dict[str, str]) -> None:
    """One delivery per recipient; those at one system share a DocId, and the first of them leads."""
    doc_ids = {system_id: secrets.token_hex(12) for system_id in recipients.values()}
    leading: set[str] = set()
    moment = now()
    rows = []
    for recipient, system_id in recipients.items():
        rows.append(
            {
                "doc_id": doc_ids[system_id],
                "packet_id": packet.id,
                "recipient": recipient,
                "system_id": system_id,
                "kind": packet.kind,
                "priority": packet.priority,
                "leads": system_id not in leading,
                "status": State.INITIAL,
                "description": "",
                "created_at": moment,
                "updated_at": moment,
            }
        )
        leading.add(system_id)
    session.execute(insert(Delivery).values(rows))
    wakeup.notify(session, leading)


class Upload(io.RawIOBase):
    """The request body, checked while it is read; the end of the file comes only when all is well.

    The vendor's client adds a line break after the file, which its `hash-file` does not cover: the last
    two bytes are held back until the hash tells whether they belong to the message.
    """

    def __init__(
        self, body: BinaryIO, declared: str, limits: Limits, check: Callable[[Message], None]
    ) -> None:
        self._body = body
        self._declared = declared
        self._limits = limits
        self._check = check
        self._reader = Reader(None, limits)
        self._digest = hashlib.sha256()
        self._held = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes. Raises Refusal instead of the end of a message that is not acceptable."""
        if self._ended:
            return b""
        try:
            return self._next(size if size > 0 else 1 << 20)
        except TooLarge as error:
            raise Refusal(Code.BAD_FILE, str(error)) from error
        except Unreadable as error:
            raise Refusal(Code.BAD_MESSAGE, str(error)) from error

    def _next(self, size: int) -> bytes:
        piece = self._body.read(size)
        data = self._held + piece
        if not piece:
            self._ended = True
            return self._finish(data)
        self._reader.feed(piece)
        self._held = data[-2:]
        self._digest.update(data[:-2])
        # An empty result would mean the end, so a tiny piece waits for the next.
        return data[:-2] or self._next(size)

    def _finish(self, tail: bytes) -> bytes:
        without = self._digest.hexdigest()
        self._digest.update(tail)
        whole = self._digest.hexdigest()
        if self._declared and not same_hash(self._declared, whole):
            if tail != _LINE_BREAK or not same_hash(self._declared, without):
                raise Refusal(Code.BAD_FILE, "The body does not match hash-file")
            tail = b""
        self._check(finish(self._reader).message)
        return tail
