"""Taking a message in: streamed to disk, checked, and written down with its deliveries in one transaction."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core.blobs import Blob
from eoffice.core.clock import now
from exchange import receipts
from exchange.errors import TooLarge, Unreadable
from exchange.hashtree import leaf_hash
from exchange.hub import wakeup
from exchange.hub.axis import Axis
from exchange.hub.combining import Combiner
from exchange.hub.directory import Directory, Target
from exchange.hub.models import Delivery, Packet, Seal
from exchange.hub.refusal import Code, Refusal
from exchange.hub.traffic import Traffic
from exchange.interpret import interpret
from exchange.limits import Limits
from exchange.model import Message, MessageKind, StatusMessage
from exchange.reader import Reader
from exchange.vxp import Delivery as State
from exchange.vxp import same_hash

_LINE_BREAK = b"\r\n"
_PIECE = 1 << 18
#: what is the fault of one message: the others that came with it are taken without it
_ITS_OWN = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, ValueError)


class Readable(Protocol):
    """What a body must be able to do."""

    def read(self, size: int, /) -> bytes: ...


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
    #: axes it came through
    trace: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrived:
    """A message whose bytes are stored."""

    call: Call
    message: Message
    targets: Sequence[Target]
    blob: Blob


@dataclass(frozen=True)
class Accepted:
    doc_id: str
    receipt: Mapping[str, Any]


class Intake:
    """Takes messages in for all threads of a process."""

    def __init__(self, axis: Axis, directory: Directory, traffic: Traffic) -> None:
        self._axis = axis
        self._traffic = traffic
        self._directory = directory
        self._take = Combiner(self._write_all, apart=_ITS_OWN)

    def accept(self, call: Call, body: Readable) -> Accepted:
        """Store the message and one delivery per recipient; a repeat gets the first answer.

        Raises Refusal; then nothing is stored.
        """
        upload = self._upload(call, body)
        blob = self._axis.blobs.put(upload)  # type: ignore[arg-type]  # it reads
        arrived = Arrived(call, *upload.checked[0], blob)
        self._traffic.taken(call.system_id, blob.size)
        # Without an id the same bytes may be a repeat under any id: that takes a look first.
        if call.message_id and (accepted := self._take(arrived)) is not None:
            return accepted
        return self._repeat(arrived)

    def accept_all(self, calls: Sequence[tuple[Call, int]], body: Readable) -> list[Accepted | Refusal]:
        """Messages with an id that follow each other in one body, each with its size: for each what `accept` returns
        or raises, in their order."""
        store, said = self._axis.blobs, list[Arrived | Refusal]()
        with store.scratch() as folder:
            files: dict[Path, str] = {}
            for place, (call, size) in enumerate(calls):
                part, path = _Part(body, size), folder / str(place)
                said.append(one := self._received(call, part, path))
                if isinstance(one, Arrived):
                    files[path] = one.blob.sha256
                while part.read(_PIECE):
                    pass  # what comes after the place where it was refused
            store.adopt(files)
        whole = [one for one in said if isinstance(one, Arrived)]
        for one in whole:
            self._traffic.taken(one.call.system_id, one.blob.size)
        taken = iter(self._take.all(whole))
        return [one if isinstance(one, Refusal) else self._told(one, next(taken)) for one in said]

    def _received(self, call: Call, body: Readable, path: Path) -> Arrived | Refusal:
        upload = self._upload(call, body)
        try:
            with path.open("wb") as file:
                while piece := upload.read(_PIECE):
                    file.write(piece)
                [(message, targets)] = upload.checked
                return Arrived(call, _short(message), targets, Blob(upload.sha256, file.tell()))
        except Refusal as refusal:
            return refusal

    def _upload(self, call: Call, body: Readable) -> Upload:
        # The checks run when the last byte is read, so that a refused message never becomes a stored file.
        return Upload(body, call.declared_hash, self._axis.limits, partial(self._check, call))

    def _told(self, arrived: Arrived, answer: Accepted | Exception | None) -> Accepted | Refusal:
        """What one of several is answered; only what is the fault of all is raised."""
        if isinstance(answer, _ITS_OWN):
            return Refusal(Code.BAD_MESSAGE, "The message holds what cannot be stored")
        if isinstance(answer, Exception):
            raise answer
        try:
            return answer or self._repeat(arrived)
        except Refusal as refusal:
            return refusal

    def known(self, system_id: str, message_id: str) -> Accepted | None:
        """What was answered to this message when it came first; None for one that has not come."""
        query = sa.select(Packet).where(Packet.system_id == system_id, Packet.key == f"id:{message_id}")
        with self._axis.sessions() as session:
            found = session.scalars(query).one_or_none() if message_id else None
        return Accepted(found.id, found.receipt) if found is not None else None

    def _check(self, call: Call, message: Message) -> list[Target]:
        if message.kind is not call.kind:
            raise Refusal(Code.BAD_MESSAGE, f"messagetype is {call.kind} but the file is {message.kind}")
        if self._axis.system_id in (*call.trace, *_hops(message)):
            raise Refusal(
                Code.BAD_MESSAGE, f"A loop: the message came through {self._axis.system_id} already"
            )
        if missing := _missing(message, call):
            raise Refusal(Code.BAD_MESSAGE, f"Missing: {', '.join(missing)}")
        senders = filter(None, (call.sender, message.sender.organ_id))
        return self._directory.route(call.system_id, senders, call.recipients or _named(message))

    def _write_all(self, arrived: Sequence[Arrived]) -> list[Accepted | None]:
        """Write messages that came at the same time; None for one whose id is known already."""
        packets = [_describe(one) for one in arrived]
        signed = receipts.sign(
            self._axis.key, [self._accepted(p, o) for p, o in zip(packets, arrived, strict=True)]
        )
        for packet, receipt in zip(packets, signed, strict=True):
            packet["receipt"] = receipt.to_json()
        pairs = zip(packets, arrived, strict=True)
        deliveries = [row for packet, one in pairs for row in _deliveries(packet, one.targets)]
        new = self._axis.ledger.take(packets, deliveries, leaf_hash(signed[0].signature))
        return [Accepted(p["id"], p["receipt"]) if p["id"] in new else None for p in packets]

    def _accepted(self, packet: Mapping[str, Any], one: Arrived) -> receipts.Statement:
        recipients = tuple(target.recipient for target in one.targets)
        return statement_of(self._axis.system_id, packet, receipts.Event.ACCEPTED, recipients)

    def _repeat(self, arrived: Arrived) -> Accepted:
        """What is, or may be, there already."""
        call, described = arrived.call, _describe(arrived)
        with self._axis.sessions.begin() as session:
            earlier = None if call.message_id else _same_bytes(session, call.system_id, arrived.blob.sha256)
            if earlier is None and not call.message_id:
                self._sign(session, described, arrived)
                if _insert(session, described):
                    _deliver(session, described, arrived.targets)
                    return Accepted(described["id"], described["receipt"])
            earlier = earlier or _with_key(session, described)
            if earlier.sha256 != arrived.blob.sha256:
                raise Refusal(Code.BAD_FILE, f"Message id {call.message_id} was used for another message")
            # With an id a repeat is a repeat; without one, the same bytes may be meant for further recipients.
            if not call.message_id and (missing := _unserved(session, earlier, arrived.targets)):
                known = {name: getattr(earlier, name) for name in described}
                _deliver(session, known, missing)
                self._sign(session, known, arrived)
                earlier.receipt = known["receipt"]
            return Accepted(earlier.id, earlier.receipt)

    def _sign(self, session: Session, packet: dict[str, Any], arrived: Arrived) -> None:
        [receipt] = receipts.sign(self._axis.key, [self._accepted(packet, arrived)])
        packet["receipt"] = receipt.to_json()
        session.execute(insert(Seal).values(leaf=leaf_hash(receipt.signature)).on_conflict_do_nothing())


def _short(message: Message) -> Message:
    """Without its lists: several that came together are all held until they are written down."""
    if isinstance(message, StatusMessage):
        return message
    return replace(message, recipients=(), response_for=(), trace=(), attachments=())


def _missing(message: Message, call: Call) -> list[str]:
    """What no message can do without, by the names of its elements."""
    found = {"From/OrganId": message.sender.organ_id, "To/OrganId": call.recipients or _named(message)}
    if isinstance(message, StatusMessage):
        found = {
            "From/OrganId": message.sender.organ_id,
            "ResponseFor/OrganId": message.response_for.organ_id,
        }
        found["StatusCode"] = message.status_code
    else:
        found |= {"Subject": message.subject, "DocumentId": message.document_id, "Code": message.code.full}
    return [name for name, value in found.items() if not value]


def _hops(message: Message) -> Sequence[str]:
    """The systems a document says it came through; a status says nothing."""
    return [] if isinstance(message, StatusMessage) else [hop.organ_id for hop in message.trace]


def _named(message: Message) -> Sequence[str]:
    if isinstance(message, StatusMessage):
        return (message.response_for.organ_id,)
    return tuple(dict.fromkeys(to.organ_id for to in message.recipients if to.organ_id))


def _insert(session: Session, described: Mapping[str, Any]) -> bool:
    """False when the same message is there already; a second writer waits here for the first."""
    added = session.execute(insert(Packet).values(described).on_conflict_do_nothing().returning(Packet.id))
    return added.first() is not None


def _with_key(session: Session, described: Mapping[str, Any]) -> Packet:
    same = (Packet.system_id == described["system_id"]) & (Packet.key == described["key"])
    return session.scalars(sa.select(Packet).where(same).with_for_update()).one()


def _same_bytes(session: Session, system_id: str, sha256: str) -> Packet | None:
    same = (Packet.system_id == system_id) & (Packet.sha256 == sha256)
    query = sa.select(Packet).where(same).order_by(Packet.accepted_at).limit(1)
    return session.scalars(query.with_for_update()).one_or_none()


def _describe(arrived: Arrived) -> dict[str, Any]:
    """The row of a packet, without its receipt."""
    call, doc_id = arrived.call, secrets.token_hex(12)
    return {
        "id": doc_id,
        "system_id": call.system_id,
        "key": f"id:{call.message_id}" if call.message_id else f"sha256:{arrived.blob.sha256}",
        "message_id": call.message_id or doc_id,
        "sender_code": arrived.message.sender.organ_id,
        "kind": arrived.message.kind,
        "sha256": arrived.blob.sha256,
        "size": arrived.blob.size,
        "accepted_at": now(),
        "trace": list(call.trace),
        **_about(arrived.message),
    }


def _about(message: Message) -> dict[str, Any]:
    """What lists and operators see of a message."""
    if isinstance(message, StatusMessage):
        target, title = message.response_for, f"{message.status_code} {message.description}".strip()
        return {"priority": 0, "document_id": target.document_id, "notation": target.code, "title": title}
    return {
        "priority": min(max(message.other.priority or 0, 0), 4),
        "document_id": message.document_id,
        "notation": message.code.full,
        "title": message.subject,
    }


def statement_of(
    hop: str, packet: Mapping[str, Any], event: receipts.Event, recipients: tuple[str, ...]
) -> receipts.Statement:
    """What a receipt of this axis says about a packet, as of now."""
    return receipts.Statement(
        event=event,
        message_id=packet["message_id"],
        doc_id=packet["id"],
        kind=str(packet["kind"]),
        sender=packet["system_id"],
        recipients=recipients,
        sha256=packet["sha256"],
        size=packet["size"],
        hop=hop,
        at=now(),
    )


def _unserved(session: Session, packet: Packet, targets: Sequence[Target]) -> list[Target]:
    """Recipients that have no delivery yet; one whose delivery failed is served again on the way."""
    rows = session.scalars(sa.select(Delivery).where(Delivery.packet_id == packet.id)).all()
    served, wanted = {row.recipient for row in rows}, {target.recipient for target in targets}
    again = [row for row in rows if row.status is State.FAIL and row.recipient in wanted]
    for row in again:
        renew(row)
    wakeup.notify(session, {wakeup.topic(row.kind, row.system_id) for row in again})
    return [target for target in targets if target.recipient not in served]


def renew(row: Delivery) -> None:
    """Offer a failed delivery again, under the same id."""
    row.status, row.description, row.updated_at, row.told = State.INITIAL, "", now(), False
    row.attempts, row.receipt, row.due_at = 0, None, now()


def _deliver(session: Session, packet: Mapping[str, Any], targets: Sequence[Target]) -> None:
    rows = _deliveries(packet, targets)
    session.execute(insert(Delivery).values(rows))
    wakeup.notify(session, {wakeup.topic(row["kind"], row["system_id"]) for row in rows})


def _deliveries(packet: Mapping[str, Any], targets: Sequence[Target]) -> list[dict[str, Any]]:
    """One delivery per recipient; those at one system share a DocId, and the first of them leads."""
    doc_ids: dict[str, str] = {}
    moment, rows = now(), []
    for target in targets:
        leads = target.system_id not in doc_ids
        rows.append(
            {
                "doc_id": doc_ids.setdefault(target.system_id, secrets.token_hex(12)),
                "packet_id": packet["id"],
                "recipient": target.recipient,
                "addressed": target.addressed,
                "addressed_name": target.addressed_name,
                "system_id": target.system_id,
                "sender_id": packet["system_id"],
                "kind": packet["kind"],
                "priority": packet["priority"],
                "leads": leads,
                "status": State.INITIAL,
                "description": "",
                "created_at": moment,
                "updated_at": moment,
                "forwards": target.forwards,
                "due_at": moment,
            }
        )
    return rows


class Upload(io.RawIOBase):
    """The request body, checked while it is read; the end of the file comes only when all is well.

    The vendor's client adds a line break after the file, which its `hash-file` does not cover: the last
    two bytes are held back until the hash tells whether they belong to the message.
    """

    def __init__(
        self, body: Readable, declared: str, limits: Limits, check: Callable[[Message], list[Target]]
    ) -> None:
        #: in the end the message with what the check says of it, and the hash of its bytes
        self.checked: list[tuple[Message, list[Target]]] = []
        self.sha256 = ""
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
            raise Refusal(Code.BAD_FILE, error.en) from error

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
        self.sha256 = whole = self._digest.hexdigest()
        if self._declared and not same_hash(self._declared, whole):
            if tail != _LINE_BREAK or not same_hash(self._declared, without):
                raise Refusal(Code.BAD_FILE, "The body does not match hash-file")
            tail, self.sha256 = b"", without
        root = self._reader.close()
        try:
            message, _ = interpret(root)
        except Unreadable as error:
            # XML it is, but no message; everything before was no XML at all.
            raise Refusal(Code.BAD_MESSAGE, error.en) from error
        self.checked.append((message, self._check(message)))
        return tail


class _Part:
    """The next `left` bytes of a body."""

    def __init__(self, body: Readable, left: int) -> None:
        self._body = body
        self._left = left

    def read(self, size: int, /) -> bytes:
        data = self._body.read(min(size, self._left)) if self._left else b""
        self._left -= len(data)
        return data
