"""The operations of the VXP interface. Each takes a signed call and returns the JSON answer or a response."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, Any, BinaryIO, cast

import pybase64
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from exchange.hub import directory, intake, outlet, stamping
from exchange.hub.axis import Axis
from exchange.hub.directory import Directory, Entry
from exchange.hub.fairness import Turn
from exchange.hub.intake import Intake, Readable
from exchange.hub.models import Agency
from exchange.hub.outlet import LongPoll, Outlet
from exchange.hub.refusal import Code, Refusal
from exchange.hub.uploads import Uploads
from exchange.interpret import time_of
from exchange.model import MessageKind
from exchange.vxp import DELIVERED_HASH, Delivery

_PIECE = 3 << 16
#: longest list and longest wait that are granted, whatever is asked for
_MOST, _LONGEST = 1000, 50.0
#: entries of the directory in one answer to who asks for differences
_PAGE = 20_000


@dataclass(frozen=True)
class Service:
    """What the threads of one process share."""

    intake: Intake
    outlet: Outlet
    poll: LongPoll
    directory: Directory
    uploads: Uploads


@dataclass(frozen=True)
class Call:
    """One authenticated call. `parameters`: signed, names in lower case."""

    axis: Axis
    service: Service
    system_id: str
    parameters: Mapping[str, str]
    request: Request
    #: given away while the client or news is waited for
    turn: Turn

    def get(self, name: str) -> str:
        return self.parameters.get(name.lower(), "").strip()

    def need(self, name: str) -> str:
        if value := self.get(name):
            return value
        raise Refusal(Code.BAD_REQUEST, f"Parameter {name} is required")

    def number(self, name: str, default: float, most: float) -> float:
        text = self.get(name)
        try:
            return min(max(float(text), 0), most) if text else default
        except ValueError as error:
            raise Refusal(Code.BAD_REQUEST, f"{name} is no number") from error

    def kind(self) -> MessageKind:
        try:
            return MessageKind(self.get("messagetype").lower() or MessageKind.DOCUMENT)
        except ValueError as error:
            raise Refusal(Code.BAD_REQUEST, "Invalid messageType: value in (edoc,status)") from error

    def body(self) -> dict[str, Any]:
        content = self.request.get_json(force=True, silent=True)
        if not isinstance(content, dict):
            raise Refusal(Code.BAD_REQUEST, "The body is no JSON object")
        return content


Operation = Callable[[Call], Response]


def answer(http: int = 200, headers: Mapping[str, str] | None = None, /, **fields: Any) -> Response:
    """A JSON answer; the three fields clients cannot do without come first."""
    content = {"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **fields}
    # Clients read answers as US-ASCII, so Vietnamese names travel as JSON escapes.
    return Response(json.dumps(content), http, headers, mimetype="application/json")


def send_edoc(call: Call) -> Response:
    """Take a message in; ours: with `upload` it is one that came in pieces before."""
    if not call.get("servicetype"):
        raise Refusal(Code.BAD_REQUEST, "serviceType must not be empty")
    if name := call.get("upload"):
        with call.service.uploads.whole(call.system_id, name) as file:
            return _accept(call, file)
    return _accept(call, _Patient(call.request.stream, call.turn))


def _accept(call: Call, body: Readable) -> Response:
    accepted = call.service.intake.accept(
        intake.Call(
            system_id=call.system_id,
            kind=call.kind(),
            sender=call.get("from"),
            recipients=_codes(call.get("to")),
            declared_hash=call.get("hash-file"),
            message_id=call.get("message-id"),
            trace=tuple(filter(None, call.get("trace").split(","))),
        ),
        body,
    )
    return answer(DocId=accepted.doc_id, Receipt=accepted.receipt)


def upload_piece(call: Call) -> Response:
    """Ours: one piece of a large message, from `offset`, with its `sha256`; without them, where to go on."""
    name, uploads = call.need("upload"), call.service.uploads
    if not call.get("offset"):
        return answer(offset=uploads.size(call.system_id, name))
    offset, body = int(call.number("offset", 0, 2**62)), _Patient(call.request.stream, call.turn)
    return answer(offset=uploads.add(call.system_id, name, offset, call.need("sha256"), body))


class _Patient:
    """The body of a call: whoever sends it slowly holds up nobody."""

    def __init__(self, stream: IO[bytes], turn: Turn) -> None:
        self._stream = stream
        self._turn = turn

    def read(self, size: int) -> bytes:
        with self._turn.away():
            return self._stream.read(size)


def _codes(text: str) -> tuple[str, ...]:
    """`to`: a JSON array of codes, or a single code as it is."""
    if not text.startswith("["):
        return (text,) if text else ()
    try:
        return tuple(dict.fromkeys(str(code) for code in json.loads(text)))
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, "to is no JSON array") from error


def received_list(call: Call) -> Response:
    seconds = call.number("wait", 0, _LONGEST)
    lines, waited = call.service.poll.lines(call.system_id, _wanted(call), seconds, call.turn.away)
    # Too many calls wait already: this one is asked to come again instead.
    headers = None if waited or lines else {"Retry-After": "2"}
    return answer(200, headers, data=[_line(line) for line in lines])


def _wanted(call: Call) -> outlet.Wanted:
    size = int(call.number("pageSize", 100, _MOST)) or 100
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
    limit = int(call.number("pageSize", 100, _MOST)) or 100
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
    said = call.request.get_json(force=True, silent=True)
    if not isinstance(said, list) or len(said) > _MOST or not all(isinstance(one, dict) for one in said):
        raise Refusal(Code.BAD_REQUEST, f"The body is no JSON list of at most {_MOST} objects")
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
    said = call.request.get_json(force=True, silent=True) or {}
    told = said.get("told") if isinstance(said, dict) else None
    if told and not (isinstance(told, list) and all(isinstance(one, int) for one in told)):
        raise Refusal(Code.BAD_REQUEST, "told is no list of numbers")
    ledger, most = call.axis.ledger, int(call.number("pageSize", 100, _MOST)) or 100
    if told:
        ledger.told(call.system_id, told)
    seconds, topic = call.number("wait", 0, _LONGEST), f"sent:{call.system_id}"
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


def register_agency(call: Call) -> Response:
    content = {str(name).lower(): str(value or "").strip() for name, value in call.body().items()}
    new = directory.NewAgency(
        code=content.get("code", ""),
        name=content.get("name", ""),
        old_code=content.get("oldcode", ""),
        parent_code=content.get("pcode", ""),
        mail=content.get("mail", ""),
    )
    with call.axis.sessions.begin() as session:
        directory.put_agency(session, call.system_id, new)
    call.service.directory.forget()
    return answer()


def delete_agency(call: Call) -> Response:
    with call.axis.sessions.begin() as session:
        directory.delete_agency(session, call.system_id, call.need("AgencyCode"))
    call.service.directory.forget()
    return answer()


def agencies(call: Call) -> Response:
    found, ids = _directory(call)
    return answer(data=[_named(item, ids) | {"oldCode": item.old_code or ""} for item in found])


def agencies_qd20(call: Call) -> Response:
    """Level 1 is a code without a dot, level 2 has one, and so on (QĐ 20/2020/QĐ-TTg)."""
    level, (found, ids) = call.get("level"), _directory(call)
    chosen = [item for item in found if not level or str(item.code.count(".") + 1) == level]
    return answer(data=[_named(item, ids) | {"code102": item.old_code or ""} for item in chosen])


def synchronize_units(call: Call) -> Response:
    """The directory with what was taken out of it; ours: `after` a version asks for the changes since."""
    after, size = int(call.number("after", 0, 2**62)), int(call.number("pageSize", 0, _PAGE)) or None
    with call.axis.sessions() as session:
        found = directory.changes(session, after, size)
        following = directory.successors(session, [item.id for item in found])
        ids = directory.ids(session, {item.parent_code for item in found})
    return answer(data=[_unit(item, ids, following.get(item.id, [])) for item in found])


def _unit(item: Agency, ids: Mapping[str, str], following: list[str]) -> dict[str, Any]:
    return _named(item, ids) | {
        "version": item.version,
        "centerCode": item.system_id,
        "deleted": item.deleted,
        "modifyDate": item.modified_at.isoformat(),
        "isAgency": True,
        # ours
        "oldCode": item.old_code or "",
        "parentCode": item.parent_code,
        "locked": item.locked,
        "closedOn": item.closed_on and item.closed_on.isoformat(),
        "legalBasis": item.legal_basis,
        "successors": following,
    }


def check_recipients(call: Call) -> Response:
    """Ours: what would become of a message to each of the codes in `to`, before it is sent."""
    codes = _codes(call.need("to"))
    entries = call.service.directory.find(codes)
    return answer(data=[_prospect(code, entries.get(code), call.service.directory) for code in codes])


def _prospect(code: str, entry: Entry | None, known: Directory) -> dict[str, Any]:
    if entry is None:
        return {"code": code, "state": "unknown"}
    served = known.serving(entry)
    names = known.find(entry.successors)
    return {
        "code": code,
        "name": entry.name,
        "currentCode": entry.code,
        "state": "closed"
        if served is None
        else "locked"
        if served.locked
        else "succeeded"
        if served != entry
        else "open",
        "servedBy": served and {"code": served.code, "name": served.name},
        # also what is decided for a day to come
        "closedOn": entry.closed_on and entry.closed_on.isoformat(),
        "legalBasis": entry.legal_basis,
        "successors": [{"code": item.code, "name": item.name} for item in names.values()],
    }


def _directory(call: Call, *, deleted: bool = False) -> tuple[list[Agency], dict[str, str]]:
    with call.axis.sessions() as session:
        found = list(directory.agencies(session, deleted=deleted))
    return found, {item.code: str(item.id) for item in found}


def _named(item: Agency, ids: Mapping[str, str]) -> dict[str, Any]:
    parent = ids.get(item.parent_code, "")
    return {"id": str(item.id), "pid": parent, "code": item.code, "name": item.name, "mail": item.mail}


OPERATIONS: dict[str, Operation] = {
    "sendEdoc": send_edoc,
    "uploadPiece": upload_piece,
    "getReceivedEdocList": received_list,
    "getSentEdocList": sent_list,
    "downloadEdoc": download,
    "getEdoc": get_edoc,
    "updateStatus": update_status,
    "updateStatuses": update_statuses,
    "getReceiptList": receipt_list,
    "countReceiveEdoc": count(MessageKind.DOCUMENT),
    "countReceiveStatus": count(MessageKind.STATUS),
    "getStamp": stamp_proof,
    "checkRecipients": check_recipients,
    "registerAgency": register_agency,
    "deleteAgency": delete_agency,
    "getAgenciesList": agencies,
    "getAgenciesListQD20": agencies_qd20,
    "getSynchronizeUnit": synchronize_units,
}
