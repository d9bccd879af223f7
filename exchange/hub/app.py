"""The WSGI application of the axis: authentication, dispatch, and one place where errors become answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Semaphore
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.wrappers import Request, Response

from exchange.hub import metrics
from exchange.hub.axis import Axis
from exchange.hub.models import System
from exchange.hub.operations import OPERATIONS, Call, answer
from exchange.hub.outlet import LongPoll
from exchange.hub.refusal import Code, Refusal
from exchange.hub.wakeup import Wakeup
from exchange.vxp import Denied, claimed_system, verified_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)
_RETRY = {"Retry-After": "2"}
#: seconds for which a secret is used without looking it up again
_REMEMBERED = 1.0


@dataclass
class Application:
    """`waiting_calls`: how many list calls may wait at once; the others are told to come again."""

    axis: Axis
    waiting_calls: int = 8
    wakeup: Wakeup = field(init=False)
    poll: LongPoll = field(init=False)
    _secrets: dict[str, tuple[float, bytes | None]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.wakeup = Wakeup(self.axis.engine)
        self.poll = LongPoll(self.axis, self.wakeup, Semaphore(self.waiting_calls))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        name = request.path.rstrip("/").rpartition("/")[2]
        try:
            if name in _OPEN:
                return _OPEN[name](self.axis)
            return self._operate(name, request)
        except Refusal as refusal:
            _log.info("%s refused with %s: %s", name, refusal.code, refusal.text)
            return _failure(200, refusal.code, refusal.text)
        except (DBAPIError, PoolTimeout, OSError) as error:
            # Database away or disk full: nothing was committed, the same call may succeed later.
            _log.error("%s not possible now: %s", name, error)
            return _failure(503, Code.SYSTEM, "The axis is not available now, try again", _RETRY)
        except Exception:  # noqa: BLE001 - the last place: a fault of ours must not end a thread silently
            _log.exception("%s failed", name)
            return _failure(500, Code.SYSTEM, "Internal error")

    def _operate(self, name: str, request: Request) -> Response:
        operation = OPERATIONS.get(name)
        if operation is None:
            return _failure(404, Code.BAD_REQUEST, "No such operation")
        system_id = claimed_system(request.headers)
        parameters = self._authenticate(system_id, request)
        return operation(Call(self.axis, self.poll, system_id, parameters, request))

    def _authenticate(self, system_id: str, request: Request) -> dict[str, str]:
        sealed = self._sealed_secret(system_id)
        try:
            if sealed is None:
                raise Denied("unknown system")
            return verified_parameters(request.headers, self.axis.unseal(sealed))
        except Denied as denied:
            _log.warning("call of %r denied: %s", system_id, denied)
            raise Refusal(Code.BAD_CREDENTIALS, "Wrong systemid or signature") from denied

    def _sealed_secret(self, system_id: str) -> bytes | None:
        read, sealed = self._secrets.get(system_id, (0.0, None))
        if time.monotonic() - read < _REMEMBERED:
            return sealed
        with self.axis.sessions() as session:
            query = sa.select(System.sealed_secret).where(System.id == system_id, System.active)
            sealed = session.scalar(query)
        if sealed is not None:  # who is not known may be registered the next moment
            self._secrets[system_id] = time.monotonic(), sealed
        return sealed


def _failure(status: int, code: Code, text: str, headers: dict[str, str] | None = None) -> Response:
    return answer(status, headers, status="FAIL", ErrorCode=code.value, ErrorDesc=text, DocId="", data=[])


def _alive(_axis: Axis) -> Response:
    return Response("ok\n", mimetype="text/plain")


def _ready(axis: Axis) -> Response:
    with axis.engine.connect() as connection:
        connection.execute(sa.select(1))
    return Response("ready\n", mimetype="text/plain")


def _metrics(axis: Axis) -> Response:
    with axis.sessions() as session:
        return Response(metrics.text(session), mimetype="text/plain; version=0.0.4")


_OPEN = {"healthz": _alive, "readyz": _ready, "metrics": _metrics}
