"""Operations that take messages in: whole, or in pieces over a poor line."""

from __future__ import annotations

from typing import IO

from werkzeug.wrappers import Response

from exchange.hub import intake
from exchange.hub.calls import Call, answer
from exchange.hub.fairness import Turn
from exchange.hub.intake import Readable
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
            message_id=call.get("message-id"),
            trace=tuple(filter(None, call.get("trace").split(","))),
        ),
        body,
    )
    return answer(DocId=accepted.doc_id, Receipt=accepted.receipt)


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
