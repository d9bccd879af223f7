"""Client of the axis: the VXP interface of the national document axis, with what our own axis adds to it.

Against another axis the additions are harmless: unknown parameters are ignored, missing answers are None.
Errors are `Unavailable` (try the same call again) or `Refused` (do not). Thread-safe; keep one per axis.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from io import BufferedReader, BytesIO
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, cast

from cryptography import x509

from exchange import receipts
from exchange.answers import (
    Confirmation,
    DirectoryEntry,
    Ending,
    Progress,
    Recipient,
    Sent,
    Waiting,
    delivery,
    entry,
    recipient,
    waiting,
)
from exchange.build import Digest
from exchange.caller import BYTES, FORM, JSON, Caller, retry_after
from exchange.errors import BadReceipt, Damaged, ExchangeError, Refused, Unavailable
from exchange.model import MessageKind
from exchange.receipts import Event, Receipt
from exchange.stamps import Proof, seal_of
from exchange.streams import readable
from exchange.together import Joined, Outgoing, parted
from exchange.vxp import DELIVERED_ALL, DELIVERED_HASH, Delivery, unpadded

_PIECE = 1 << 18
#: bytes a second that a busy axis stores at least
_SLOWEST = 4 << 20
#: seconds after which an axis that took no messages together is tried again with some
_APART = 600.0


class AxisClient(Caller):
    """Calls on behalf of one system.

    `endpoint`: URL that operation names are appended to. `timeout`: seconds without any progress.
    `trusted`: certificates of the axis or its issuers; None accepts any signer of receipts.
    """

    def __init__(
        self,
        endpoint: str,
        system_id: str,
        secret: str,
        *,
        timeout: float = 30.0,
        trusted: Collection[x509.Certificate] | None = None,
    ) -> None:
        super().__init__(endpoint, system_id, secret, timeout=timeout)
        self._trusted = trusted
        self._together_at = 0.0

    # Sending

    def send(
        self,
        packet: BinaryIO,
        digest: Digest,
        *,
        kind: MessageKind,
        sender: str,
        recipients: Sequence[str] = (),
        message_id: str = "",
        priority: int = 0,
        trace: Sequence[str] = (),
        upload: str = "",
    ) -> Sent:
        """Hand a message over. The same `message_id` makes repeating harmless: the first receipt comes back.

        `recipients`: empty for those the message itself names. `priority`: above 0 it is served before others.
        `trace`: axes it came through. `upload`: the name under which its bytes lie there already, see
        `exchange.pieces`. Raises Unavailable, Refused, BadReceipt.
        """
        parameters = {
            "from": sender,
            "servicetype": "eDoc",
            "messagetype": kind.value,
            "hash-file": unpadded(digest.sha256),
        }
        if recipients:
            parameters["to"] = json.dumps(list(recipients))
        if message_id:
            parameters["message-id"] = message_id
        if priority:
            parameters["priority"] = str(priority)
        if trace:
            parameters["trace"] = ",".join(trace)
        # the axis reads, checks and syncs all of it before it answers
        patience = self._timeout + digest.size / _SLOWEST
        if upload:
            response = self._post("sendEdoc", parameters | {"upload": upload}, b"", BYTES, {}, patience)
        else:
            length = {"Content-Length": str(digest.size)}
            response = self._post("sendEdoc", parameters, packet, BYTES, length, patience)
        return self._sent(self._checked(response), digest, message_id)

    @property
    def together(self) -> bool:
        """Whether several messages go in one call: an axis that refused that is spared it for a while."""
        return monotonic() >= self._together_at

    def send_all(self, packets: Sequence[Outgoing]) -> list[Sent | ExchangeError]:
        """Small messages in one call: for each what `send` returns or raises, in their order.

        Another axis is told one by one. Raises Unavailable when nothing is known of any of them.
        """
        if len(packets) > 1 and self.together:
            said = json.dumps([one.described for one in packets])
            body = cast("BinaryIO", Joined([(one.packet, one.digest.size) for one in packets]))
            size = sum(one.digest.size for one in packets)
            urgent = str(min(one.priority for one in packets))
            parameters = {"packets": said, "calls": str(len(packets)), "priority": urgent}
            length, patience = {"Content-Length": str(size)}, self._timeout + size / _SLOWEST
            try:
                answer = self._checked(self._post("sendEdocs", parameters, body, BYTES, length, patience))
                data = answer.get("data")
                if not isinstance(data, list) or len(data) != len(packets):
                    raise Refused("data", "no answer for each message")
                return [self._answered(item, one) for item, one in zip(data, packets, strict=True)]
            except Refused:
                self._together_at = monotonic() + _APART
                body.seek(0)
        return [self._sent_alone(one) for one in packets]

    def _answered(self, item: Mapping[str, Any], packet: Outgoing) -> Sent | ExchangeError:
        if item["ErrorCode"] != "0":
            return Refused(str(item["ErrorCode"]), str(item["ErrorDesc"]))
        try:
            return self._sent(item, packet.digest, packet.message_id)
        except BadReceipt as doubt:
            return doubt

    def _sent_alone(self, one: Outgoing) -> Sent | ExchangeError:
        try:
            return self.send(
                one.packet, one.digest, kind=one.kind, sender=one.sender, message_id=one.message_id,
                priority=one.priority,
            )  # fmt: skip
        except ExchangeError as error:
            return error

    def _sent(self, answer: Mapping[str, Any], digest: Digest, message_id: str) -> Sent:
        receipt = self._receipt(answer.get("Receipt"), Event.ACCEPTED, digest.sha256)
        if receipt and message_id and receipt.statement.message_id != message_id:
            raise BadReceipt("Biên nhận của gói tin khác", "The receipt is about another message")
        return Sent(str(answer.get("DocId", "")), receipt)

    def uploaded(self, upload: str, digest: Digest, message_id: str) -> int | Sent:
        """How many bytes of a message sent in pieces have arrived, or its receipt when all of it was taken before.

        Raises as `send`; Refused by an axis that takes whole messages only.
        """
        answer = self._call("uploadPiece", {"upload": upload, "message-id": message_id})
        return self._sent(answer, digest, message_id) if answer.get("DocId") else int(answer["offset"])

    def put_piece(self, upload: str, offset: int, piece: bytes) -> int:
        """Send one piece; how many bytes are there now. A piece that does not fit there changes nothing."""
        sha256 = hashlib.sha256(piece).hexdigest()
        parameters = {"upload": upload, "offset": str(offset), "sha256": sha256}
        length = {"Content-Length": str(len(piece))}
        # as a stream: the library keeps bytes it was given for as long as the call and its answer are remembered
        response = self._post("uploadPiece", parameters, BytesIO(piece), BYTES, length, self._timeout)
        return int(self._checked(response)["offset"])

    def send_file(self, path: Path, *, kind: MessageKind, sender: str, **options: Any) -> Sent:
        """`send` for a file, hashed first."""
        with path.open("rb") as packet:
            sha256 = hashlib.file_digest(packet, "sha256").hexdigest()
            digest = Digest(sha256, packet.tell())
            packet.seek(0)
            return self.send(packet, digest, kind=kind, sender=sender, **options)

    def sent(self, doc_id: str, kind: MessageKind = MessageKind.DOCUMENT) -> list[Progress]:
        """What became of a sent message, one entry per recipient."""
        parameters = {"servicetype": "eDoc", "messagetype": kind.value, "docId": doc_id}
        # a province has more agencies than a page of the list holds by default
        parameters["pageSize"] = "1000"
        return [self._progress(item) for item in self._list("getSentEdocList", parameters)]

    def sent_lately(self, limit: int, kind: MessageKind = MessageKind.DOCUMENT) -> dict[str, list[Progress]]:
        """What became of the newest messages of this system, by their id, whole messages only.

        `limit`: recipients told of at most. An axis that tells of one message at a time answers with nothing.
        """
        parameters = {"servicetype": "eDoc", "messagetype": kind.value, "pageSize": str(limit)}
        told = [self._progress(item) for item in self._list("getSentEdocList", parameters)]
        found: dict[str, list[Progress]] = {}
        for item in told:
            found.setdefault(item.doc_id, []).append(item)
        if len(told) >= limit:
            found.popitem()  # the page may end within the oldest message
        return found

    def endings(self, told: Sequence[int] = (), *, wait: float = 0, limit: int = 200) -> list[Ending] | None:
        """What became of sent messages since the endings `told` were heard; None from an axis that tells nothing.

        `wait`: seconds the axis may hold the answer back while there is nothing. Raises Unavailable.
        """
        parameters = {"pageSize": str(limit)} | ({"wait": f"{wait:g}"} if wait else {})
        content = json.dumps({"told": list(told)}).encode()
        response = self._post("getReceiptList", parameters, content, JSON, {}, self._timeout + wait)
        try:
            data = self._checked(response).get("data") or []
        except Refused:  # another axis knows no such operation
            return None
        if wait and not data and (seconds := retry_after(response)) is not None:
            raise Unavailable("Trục đang bận", "The axis is busy", retry_after=seconds)
        return [self._ending(item) for item in data]

    def stamp(self, receipt: Receipt) -> Proof | None:
        """The time stamp of a receipt; None while there is none, and for ever from an axis that stamps none."""
        try:
            found = self._call("getStamp", {"seal": seal_of(receipt).hex()}).get("stamp")
        except Refused:  # another axis knows no such operation
            return None
        return Proof.from_json(found) if found else None

    # Receiving

    def received(
        self, kind: MessageKind = MessageKind.DOCUMENT, *, limit: int = 100, wait: float = 0
    ) -> list[Waiting]:
        """What waits for this system, most urgent first.

        `wait`: seconds the axis may hold the answer back while there is nothing. Raises Unavailable with
        `retry_after` when it has no place for one more waiting call.
        """
        parameters = {"servicetype": "eDoc", "messagetype": kind.value, "pageSize": str(limit)}
        if wait:
            parameters["wait"] = f"{wait:g}"
        response = self._post("getReceivedEdocList", parameters, b"", FORM, {}, self._timeout + wait)
        data = self._checked(response).get("data") or []
        if wait and not data and (seconds := retry_after(response)) is not None:
            raise Unavailable("Trục đang bận", "The axis is busy", retry_after=seconds)
        return [waiting(item) for item in data]

    def count(self, kind: MessageKind = MessageKind.DOCUMENT) -> int:
        """How many messages wait."""
        name = "countReceiveEdoc" if kind is MessageKind.DOCUMENT else "countReceiveStatus"
        return int(self._call(name, {}, content=b"{}").get("count", 0))

    @contextmanager
    def open(self, doc_id: str, expected: str | None = None) -> Iterator[BufferedReader]:
        """A waiting message as a stream. Reading past the end raises Damaged when the hash is wrong.

        A cut line is taken up again where it ended. `expected`: SHA-256 from the list; the axis's own header is used
        as well. Raises Unavailable, Refused.
        """
        with self.fetch(doc_id) as (pieces, said):
            yield readable(_hashed(pieces, {expected, said} - {None, ""}))

    @contextmanager
    def fetch(self, doc_id: str) -> Iterator[tuple[Iterator[bytes], str]]:
        """As `open`, for who hashes by himself: the pieces, and the SHA-256 they have as the axis says, or ""."""
        headers = self._headers({"docId": doc_id, "filePath": ""}, JSON)
        url = f"{self.endpoint}/downloadEdoc"
        with self._lines.get(url, headers) as answer:
            if answer.headers.get("content-type", "").startswith(JSON) or answer.status >= 400:
                self._checked(answer)
            yield self._lines.pieces(answer, url, headers), answer.headers.get(DELIVERED_HASH, "")

    @contextmanager
    def fetch_all(self, doc_ids: Sequence[str]) -> Iterator[Iterator[tuple[Iterator[bytes], str]]]:
        """Small messages in one call: of each, in their order, what `fetch` gives, to be read before the next.

        A cut line is not taken up again. Raises Unavailable, Refused.
        """
        headers = self._headers({"docIds": json.dumps(doc_ids), "calls": str(len(doc_ids))}, JSON)
        url = f"{self.endpoint}/downloadEdocs"
        with self._lines.get(url, headers) as answer:
            try:
                if (said := answer.headers.get(DELIVERED_ALL)) is None:
                    self._checked(answer)
                    raise Refused(str(answer.status))
                wanted = _sizes(said, len(doc_ids))
            except Refused:
                self._together_at = monotonic() + _APART
                raise
            parts = parted(self._lines.pieces(answer, url, headers), [size for size, _ in wanted])
            yield zip(parts, [sha256 for _, sha256 in wanted], strict=True)

    def download(self, doc_id: str, path: Path, expected: str | None = None) -> Digest:
        """A waiting message into a file that appears only when it is complete. Raises as `open`."""
        part = path.with_name(path.name + ".part")
        digest = hashlib.sha256()
        with self.open(doc_id, expected) as stream, part.open("wb") as file:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                file.write(piece)
            size = file.tell()
        part.replace(path)
        return Digest(digest.hexdigest(), size)

    def confirm(self, doc_id: str, status: Delivery, *, description: str = "", sha256: str = "") -> None:
        """Tell the axis what became of a download. `done` takes it off the list; repeating is harmless."""
        parameters = {"docId": doc_id, "status": status.value}
        if description:
            parameters["description"] = ascii_text(description)
        if sha256:
            parameters["sha256"] = sha256
        self._call("updateStatus", parameters, content=b"{}")

    def confirm_all(self, said: Sequence[Confirmation]) -> list[Refused | None]:
        """`confirm` many in one call, in their order; why the axis refused one. Another axis is told one by one."""
        content = [
            {"docId": one.doc_id, "status": one.status.value, "description": one.description, "sha256": one.sha256}
            for one in said
        ]  # fmt: skip
        try:
            told = self._call("updateStatuses", {}, content=json.dumps(content).encode())["data"]
        except Refused:
            return [self._confirmed(one) for one in said]
        return [
            None if item["ErrorCode"] == "0" else Refused(str(item["ErrorCode"]), str(item["ErrorDesc"]))
            for item in told
        ]

    def _confirmed(self, one: Confirmation) -> Refused | None:
        try:
            self.confirm(one.doc_id, one.status, description=one.description, sha256=one.sha256)
        except Refused as refused:
            return refused
        return None

    # Directory

    def register_agency(
        self, code: str, name: str, *, mail: str, parent: str = "", old_code: str = ""
    ) -> None:
        """Register an agency of this system, or change it."""
        content = {
            "id": "", "pcode": parent, "code": code, "name": name, "mail": mail, "mobile": "", "fax": "",
            **({"oldCode": old_code} if old_code else {}),
        }  # fmt: skip
        self._call("registerAgency", {}, content=json.dumps(content).encode())

    def delete_agency(self, code: str) -> None:
        self._call("deleteAgency", {"AgencyCode": code}, content=b"{}")

    def close_agency(self, code: str, on: date, successors: Sequence[str], legal_basis: str) -> None:
        """Say who works for an agency of this system from a day on. Raises Unavailable, Refused (also by an axis
        that knows no such operation)."""
        content = {
            "code": code, "closedOn": on.isoformat(), "successors": list(successors), "legalBasis": legal_basis,
        }  # fmt: skip
        self._call("closeAgency", {}, content=json.dumps(content).encode())

    def reopen_agency(self, code: str) -> None:
        """Take a closing back. Raises as `close_agency`."""
        self._call("reopenAgency", {}, content=json.dumps({"code": code}).encode())

    def recipients(self, codes: Sequence[str]) -> list[Recipient] | None:
        """What would become of a message to each of these; None from an axis that does not tell beforehand."""
        try:
            return [
                recipient(item) for item in self._list("checkRecipients", {"to": json.dumps(list(codes))})
            ]
        except Refused:
            return None

    def agencies(self) -> list[DirectoryEntry]:
        return [entry(item) for item in self._list("getAgenciesList", {})]

    def agencies_qd20(self, level: int) -> list[DirectoryEntry]:
        """Agencies of one level of QĐ 20/2020, counted from 1."""
        return [entry(item) for item in self._list("getAgenciesListQD20", {"level": str(level)})]

    def synchronize_units(self, after: int = 0, most: int = 0) -> list[DirectoryEntry]:
        """The directory with versions, deleted entries included; from our own axis what changed after a version.

        `most`: entries in one answer, 0: all. They come in the order of versions; another axis sends the whole.
        """
        asked = {"after": str(after), "pageSize": str(most)} if after or most else {}
        return [entry(item) for item in self._list("getSynchronizeUnit", asked)]

    # What the axis says

    def _receipt(self, data: object, event: Event, sha256: str = "") -> Receipt | None:
        if not data:
            return None
        receipt = Receipt.from_json(data)
        receipts.verify(receipt, self._trusted)
        if receipt.statement.event is not event or sha256 not in ("", receipt.statement.sha256):
            raise BadReceipt("Biên nhận không khớp gói tin", "The receipt does not fit the message")
        return receipt

    def _ending(self, item: Mapping[str, Any]) -> Ending:
        """One receipt that is not believed must not keep the others from being heard."""
        kind, message_id = MessageKind(item["messageType"]), str(item["messageId"] or "")
        try:
            return Ending(int(item["id"]), kind, message_id, self._progress(item))
        except BadReceipt as doubt:
            return Ending(int(item["id"]), kind, message_id, self._progress({**item, "receipt": None}), doubt)

    def _progress(self, item: Mapping[str, Any]) -> Progress:
        return Progress(
            doc_id=str(item.get("senderDocId") or ""),
            recipient=str(item.get("toCode") or ""),
            state=delivery(item.get("receiveStatus")),
            description=str(item.get("receiveStatusDesc") or ""),
            sent_at=str(item.get("sentTime") or ""),
            fetched_at=str(item.get("fetchedTime") or ""),
            received_at=str(item.get("receivedTime") or ""),
            receipt=self._receipt(item.get("receipt"), Event.DELIVERED),
            addressed=str(item.get("addressed") or ""),
        )


def _sizes(said: str, count: int) -> list[tuple[int, str]]:
    """Size and SHA-256 of each message in an answer. Raises Refused."""
    try:
        found = [(int(size), str(sha256)) for size, sha256 in json.loads(said)]
    except (ValueError, TypeError) as error:
        raise Refused("sizes", "the answer does not say what it holds") from error
    if len(found) != count:
        raise Refused("sizes", "the answer holds other messages than were asked for")
    return found


def ascii_text(text: str) -> str:
    """Without accents, as header values and the axis's own descriptions are written."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode()


def _hashed(pieces: Iterator[bytes], expected: set[str | None]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if expected - {digest.hexdigest()}:
        raise Damaged("Gói tin hỏng trên đường truyền", "The bytes received differ from those sent")
