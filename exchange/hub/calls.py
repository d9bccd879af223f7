"""An authenticated call of the VXP interface: its parameters as operations want them, and how it is answered."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from exchange import together
from exchange.hub.axis import Axis
from exchange.hub.directory import Directory
from exchange.hub.fairness import Turn
from exchange.hub.intake import Intake
from exchange.hub.outlet import LongPoll, Outlet
from exchange.hub.refusal import Code, Refusal
from exchange.hub.uploads import Uploads
from exchange.model import MessageKind

#: longest list and longest wait that are granted, whatever is asked for
MOST, LONGEST = 1000, 50.0


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
            number = float(text or default)
        except ValueError as error:
            raise Refusal(Code.BAD_REQUEST, f"{name} is no number") from error
        if math.isnan(number):
            raise Refusal(Code.BAD_REQUEST, f"{name} is no number")
        return min(max(number, 0), most) if text else default

    def kind(self) -> MessageKind:
        return kind_of(self.get("messagetype"))

    def body(self) -> dict[str, Any]:
        content = self.json()
        if not isinstance(content, dict):
            raise Refusal(Code.BAD_REQUEST, "The body is no JSON object")
        return content

    def json(self) -> Any:
        """What the body says; None when it is no JSON. Texts that no database holds are refused."""
        return _read(self.request.get_data(), "The body")

    def several(self, name: str) -> list[Any]:
        """A JSON array with as many members as `calls` says. Texts that no database holds are refused."""
        found = _read(self.need(name), name)
        if not isinstance(found, list) or len(found) != counted(self.parameters):
            raise Refusal(Code.BAD_REQUEST, f"{name} is no JSON array of as many as calls says")
        return found

    def message_id(self) -> str:
        """The sender's own id of a message. Raises Refusal for one that no index holds."""
        return message_id_of(self.get("message-id"))

    def codes(self) -> tuple[str, ...]:
        """`to`: a JSON array of codes, or a single code as it is."""
        text = self.get("to")
        if not text.startswith("["):
            return (text,) if text else ()
        try:
            return tuple(dict.fromkeys(str(code) for code in json.loads(text)))
        except ValueError as error:
            raise Refusal(Code.BAD_REQUEST, "to is no JSON array") from error


def _read(said: str | bytes, name: str) -> Any:
    """What JSON says; None when it is none. Raises Refusal for texts that no database holds."""
    try:
        content = json.loads(said)
        text = json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # half of a character outside the basic plane
        raise Refusal(Code.BAD_REQUEST, f"{name} is no Unicode text") from error
    except (ValueError, RecursionError):
        return None
    if b"\\u0000" in text:
        raise Refusal(Code.BAD_REQUEST, f"{name} holds a zero character")
    return content


Operation = Callable[[Call], Response]
#: characters of the id that a sender gives a message
_LONGEST_ID = 200


def message_id_of(text: str) -> str:
    """It, as a sender gave it. Raises Refusal."""
    if len(text) > _LONGEST_ID:
        raise Refusal(Code.BAD_REQUEST, f"message-id is longer than {_LONGEST_ID} characters")
    return text


def kind_of(text: str) -> MessageKind:
    """The kind of a message as `messagetype` names it; a document when it is empty. Raises Refusal."""
    try:
        return MessageKind(text.lower() or MessageKind.DOCUMENT)
    except ValueError as error:
        raise Refusal(Code.BAD_REQUEST, "Invalid messageType: value in (edoc,status)") from error


def counted(parameters: Mapping[str, str]) -> int:
    """For how many calls this one stands. Raises Refusal."""
    text = parameters.get("calls", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= together.MOST):
        raise Refusal(Code.BAD_REQUEST, f"calls is no number from 1 to {together.MOST}")
    return int(text)


def answer(http: int = 200, headers: Mapping[str, str] | None = None, /, **fields: Any) -> Response:
    """A JSON answer; the three fields clients cannot do without come first."""
    content = {"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **fields}
    # Clients read answers as US-ASCII, so Vietnamese names travel as JSON escapes.
    return Response(json.dumps(content), http, headers, mimetype="application/json")
