"""Operations that take messages in: whole, or in pieces over a poor line."""

from __future__ import annotations

from typing import IO, Any

from werkzeug.wrappers import Response

from exchange import together
from exchange.hub import intake
from exchange.hub.calls import Call, answer, kind_of, message_id_of
from exchange.hub.fairness import Turn
from exchange.hub.intake import Accepted, Readable
from exchange.hub.refusal import Code, Refusal


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
            recipients=call.codes(),
            declared_hash=call.get("hash-file"),
            message_id=call.message_id(),
            trace=tuple(filter(None, call.get("trace").split(","))),
        ),
        body,
    )
    return answer(DocId=accepted.doc_id, Receipt=accepted.receipt)


def send_edocs(call: Call) -> Response:
    """Ours: small messages that follow each other in the body; each has an answer of its own, in their order."""
    said = [_described(call.system_id, one) for one in call.several("packets")]
    answers = call.service.intake.accept_all(said, _Patient(call.request.stream, call.turn))
    return answer(data=[_answered(one) for one in answers])


def _described(system_id: str, said: Any) -> tuple[intake.Call, int]:
    """What is said of one of several messages, and its size."""
    given = said.items() if isinstance(said, dict) else ()
    text = {name: value.strip() for name, value in given if isinstance(value, str)}
    size = text.get("size", "")
    numbered = size.isascii() and size.isdigit() and len(size) < 9
    if not (text.get("message-id") and text.get("hash-file") and numbered):
        raise Refusal(Code.BAD_REQUEST, "Each of packets needs message-id, hash-file and size")
    if int(size) > together.SMALL:
        raise Refusal(Code.BAD_REQUEST, f"A message over {together.SMALL} bytes needs a call of its own")
    kind, message_id = kind_of(text.get("messagetype", "")), message_id_of(text["message-id"])
    call = intake.Call(system_id, kind, text.get("from", ""), (), text["hash-file"], message_id)
    return call, int(size)


def _answered(one: Accepted | Refusal) -> dict[str, Any]:
    if isinstance(one, Refusal):
        return {"ErrorCode": one.code, "ErrorDesc": one.text}
    return {"ErrorCode": "0", "ErrorDesc": "", "DocId": one.doc_id, "Receipt": one.receipt}


def upload_piece(call: Call) -> Response:
    """Ours: one piece of a large message, from `offset`, with its `sha256`; without them, where to go on.

    With a `message-id` the answer holds the receipt, too, of a message that was taken before: its last piece may
    have arrived although nobody was told so.
    """
    name, uploads = call.need("upload"), call.service.uploads
    if not call.get("offset"):
        taken = call.service.intake.known(call.system_id, call.get("message-id"))
        told = {"DocId": taken.doc_id, "Receipt": taken.receipt} if taken else {}
        return answer(offset=uploads.size(call.system_id, name), **told)
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
