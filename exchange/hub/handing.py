"""Operations that hand messages out, take confirmations, and tell senders what became of what they sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import IO, Any, BinaryIO, cast

import pybase64
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from eoffice.core.blobs import BlobDamaged, BlobMissing
from exchange import together
from exchange.hub import outlet, stamping
from exchange.hub.calls import LONGEST, MOST, Call, Operation, answer
from exchange.hub.refusal import Code, Refusal
from exchange.interpret import time_of
from exchange.model import MessageKind
from exchange.vxp import DELIVERED_ALL, DELIVERED_HASH, Delivery

_log = logging.getLogger(__name__)
_PIECE = 3 << 16


def received_list(call: Call) -> Response:
    seconds = call.number("wait", 0, LONGEST)
    lines, waited = call.service.poll.lines(call.system_id, _wanted(call), seconds, call.turn.away)
    # Too many calls wait already: this one is asked to come again instead.
    headers = None if waited or lines else {"Retry-After": "2"}
    return answer(200, headers, data=[_line(line) for line in lines])


def _wanted(call: Call) -> outlet.Wanted:
    size = int(call.number("pageSize", 100, MOST)) or 100
    page = int(call.number("pageIndex", 1, 1e9)) or 1
    status = call.get("status").lower()
    return outlet.Wanted(
        kind=call.kind(),
        limit=size,
        offset=(page - 1) * size,
        status=_state(status) if status and status != Delivery.INITIAL else None,
        since=_moment(call.get("fromDate")),
        until=_moment(call.get("toDate")),
    )


def _moment(text: str) -> datetime | None:
    found = time_of(text)
    if text and found is None:
        raise Refusal(Code.BAD_REQUEST, f"{text} is no date")
    return found


def _state(text: str) -> Delivery:
    try:
        return Delivery(text.lower())
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, "Invalid status: value in (processing,done,fail)") from error


def _line(line: outlet.Line) -> dict[str, Any]:
    return {
        "docId": line["doc_id"],
        "serviceType": "eDoc",
        "messageType": line["kind"],
        "created_time": line["created_at"].isoformat(),
        "updated_time": line["updated_at"].isoformat(),
        "from": line["sender_code"],
        "to": line["recipients"][0],
        "status": line["status"],
        "status_desc": line["description"],
        # ours
        "recipients": line["recipients"],
        "addressed": line["addressed"] or {},
        "messageId": line["message_id"],
        "priority": line["priority"],
        "sha256": line["sha256"],
        "size": line["size"],
    }


def sent_list(call: Call) -> Response:
    limit = int(call.number("pageSize", 100, MOST)) or 100
    call.service.outlet.write_down()  # what was fetched a moment ago belongs into the answer
    with call.axis.sessions() as session:
        return answer(data=outlet.sent(session, call.system_id, call.kind(), call.get("docId"), limit))


def download(call: Call) -> Response:
    """The message as it is; `Range` (one range, RFC 9110 section 14) goes on where a cut download ended."""
    packet = call.service.outlet.fetch(call.system_id, call.need("docId"))
    first, last = 0, packet["size"] - 1
    headers = {DELIVERED_HASH: packet["sha256"], "Accept-Ranges": "bytes"}
    status, wanted = 200, call.request.range
    if wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1:
        found = wanted.range_for_length(packet["size"])
        if found is None:
            return Response(b"", 416, headers | {"Content-Range": f"bytes */{packet['size']}"})
        first, last, status = found[0], found[1] - 1, 206
        headers["Content-Range"] = f"bytes {first}-{last}/{packet['size']}"
    headers["Content-Length"] = str(last - first + 1)
    file = call.axis.blobs.open(packet["sha256"])
    file.seek(first)
    body = file if last == packet["size"] - 1 else _Part(file, last - first + 1)
    content = wrap_file(call.request.environ, cast("IO[bytes]", body), _PIECE)
    return Response(content, status, headers, mimetype="application/octet-stream", direct_passthrough=True)


def download_all(call: Call) -> Response:
    """Ours: small messages one behind the other; a header says size and hash of each, in their order."""
    wanted = call.several("docIds")
    if not all(isinstance(one, str) for one in wanted):
        raise Refusal(Code.BAD_REQUEST, "docIds is no JSON array of texts")
    packets = call.service.outlet.fetch_all(call.system_id, wanted)
    if any(packet["size"] > together.SMALL for packet in packets):
        raise Refusal(Code.BAD_REQUEST, f"A message over {together.SMALL} bytes needs a call of its own")
    said = json.dumps([(packet["size"], packet["sha256"]) for packet in packets])
    headers = {DELIVERED_ALL: said, "Content-Length": str(sum(packet["size"] for packet in packets))}
    content = _as_far_as_kept(call, [packet["sha256"] for packet in packets])
    return Response(content, 200, headers, mimetype="application/octet-stream")


def _as_far_as_kept(call: Call, hashes: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each, up to one that cannot be read: the answer ends early there, and its receiver asks for that one
    and what follows one by one."""
    for sha256 in hashes:
        try:
            data = call.axis.blobs.read(sha256)
        except (BlobMissing, BlobDamaged, OSError) as error:
            _log.error("packet %s cannot be handed out: %r", sha256, error)
            return
        yield data


class _Part(io.RawIOBase):
    """A file that ends early."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file = file
        self._left = left

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()


def get_edoc(call: Call) -> Response:
    """The message in base64 inside JSON, as old clients want it; streamed all the same."""
    packet = call.service.outlet.fetch(call.system_id, call.need("docId"))
    before = b'{"status": "OK", "ErrorCode": "0", "ErrorDesc": "", "data": "'
    length = len(before) + (packet["size"] + 2) // 3 * 4 + len(b'"}')
    headers = {"Content-Length": str(length), DELIVERED_HASH: packet["sha256"]}

    def pieces() -> Iterator[bytes]:
        yield before
        with call.axis.blobs.open(packet["sha256"]) as file:
            for piece in iter(partial(file.read, _PIECE), b""):
                yield pybase64.b64encode(piece)
        yield b'"}'

    return Response(pieces(), 200, headers, mimetype="application/json")


def update_status(call: Call) -> Response:
    said = {name: call.get(name) for name in ("description", "sha256")}
    said |= {name: call.need(name) for name in ("docId", "status")}
    call.service.outlet.confirm(_confirmation(call.system_id, said))
    return answer()


def update_statuses(call: Call) -> Response:
    """Ours: many confirmations at once, each with an answer of its own, in their order."""
    said = call.json()
    if not isinstance(said, list) or len(said) > MOST or not all(isinstance(one, dict) for one in said):
        raise Refusal(Code.BAD_REQUEST, f"The body is no JSON list of at most {MOST} objects")
    refusals = call.service.outlet.confirm_all([_confirmation(call.system_id, one) for one in said])
    return answer(
        data=[
            {
                "docId": one.get("docId"),
                "ErrorCode": why.code if why else "0",
                "ErrorDesc": why.text if why else "",
            }
            for one, why in zip(said, refusals, strict=True)
        ]
    )


def _confirmation(system_id: str, said: Mapping[str, Any]) -> outlet.Confirmation:
    text = {name: str(said.get(name) or "") for name in ("docId", "status", "description", "sha256")}
    status = _state(text["status"])
    if status is Delivery.INITIAL:
        raise Refusal(Code.BAD_REQUEST, "Invalid status: value in (processing,done,fail)")
    return outlet.Confirmation(system_id, text["docId"], status, text["description"], text["sha256"])


def receipt_list(call: Call) -> Response:
    """Ours: how messages of this system ended, until it says that it was told."""
    said = call.json() or {}
    told = said.get("told") if isinstance(said, dict) else None
    if told and not (isinstance(told, list) and all(type(one) is int for one in told)):
        raise Refusal(Code.BAD_REQUEST, "told is no list of numbers")
    ledger, most = call.axis.ledger, int(call.number("pageSize", 100, MOST)) or 100
    if told:
        ledger.told(call.system_id, told)
    seconds, topic = call.number("wait", 0, LONGEST), f"sent:{call.system_id}"
    ask = partial(ledger.untold, call.system_id, most)
    rows, waited = call.service.poll.until(topic, ask, seconds, call.turn.away)
    return answer(200, None if waited or rows else {"Retry-After": "2"}, data=[_ending(row) for row in rows])


def _ending(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "senderDocId": row["packet_id"],
        "messageId": row["message_id"],
        "messageType": row["kind"],
        "toCode": row["recipient"],
        "addressed": row["addressed"],
        "receiveStatus": row["status"],
        "receiveStatusDesc": row["description"],
        "fetchedTime": row["fetched_at"].isoformat() if row["fetched_at"] else "",
        "receivedTime": row["updated_at"].isoformat(),
        "receipt": row["receipt"],
    }


def stamp_proof(call: Call) -> Response:
    """Ours: the time stamp of a receipt, by the hash of its signature; `stamp` is null while it waits for one."""
    try:
        seal = bytes.fromhex(call.need("seal"))
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, "seal is no hexadecimal number") from error
    with call.axis.sessions() as session:
        found = stamping.proof(session, seal)
    return answer(stamp=found.to_json() if found else None)


def count(kind: MessageKind) -> Operation:
    def counted(call: Call) -> Response:
        with call.axis.sessions() as session:
            return answer(count=outlet.count(session, call.system_id, kind))

    return counted
