"""The WSGI application of the axis: authentication, dispatch, and one place where errors become answers."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Semaphore
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from psycopg_pool import PoolTimeout as NoConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.wrappers import Request, Response

from eoffice.core.clock import now
from exchange.hub import metrics
from exchange.hub.axis import Axis
from exchange.hub.calls import Call, Service, answer, counted
from exchange.hub.chores import Chore, Chores
from exchange.hub.console.site import Console
from exchange.hub.directory import Directory
from exchange.hub.fairness import Gate, Overloaded, Quotas
from exchange.hub.intake import Intake
from exchange.hub.neighbours import Neighbours
from exchange.hub.operations import OPERATIONS
from exchange.hub.outlet import LongPoll, Outlet
from exchange.hub.refusal import Code, Refusal
from exchange.hub.remembering import Remembered
from exchange.hub.stamping import Stamper, authority
from exchange.hub.traffic import Traffic
from exchange.hub.uploads import Uploads
from exchange.hub.wakeup import Wakeup
from exchange.vxp import Denied, claimed_system, verified_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)
#: seconds between two time stamps; each covers all receipts that were signed meanwhile
STAMPED_EVERY = 10.0
_RETRY = {"Retry-After": "2"}


@dataclass
class Application:
    """`waiting_calls`: how many list calls may wait at once; the others are told to come again."""

    axis: Axis
    waiting_calls: int = 8
    #: time-stamping authority for receipts; empty: they have none
    tsa: str = ""
    #: calls a second of a system that has no quota of its own; 0: no limit
    quota: int = 0
    wakeup: Wakeup = field(init=False)
    service: Service = field(init=False)
    systems: Remembered[str, Mapping[str, Any]] = field(init=False)
    chores: Chores = field(init=False)
    traffic: Traffic = field(init=False)
    console: Console = field(init=False)
    neighbours: Neighbours = field(init=False)
    gate: Gate = field(default_factory=Gate, init=False)
    quotas: Quotas = field(default_factory=Quotas, init=False)

    def __post_init__(self) -> None:
        self.traffic = Traffic(self.axis.ledger)
        directory, outlet = Directory(self.axis), Outlet(self.axis, self.traffic)
        self.wakeup = Wakeup(self.axis.engine)
        uploads = Uploads(self.axis.blobs, self.axis.limits.packet)
        poll = LongPoll(self.axis, self.wakeup, Semaphore(self.waiting_calls))
        self.service = Service(Intake(self.axis, directory, self.traffic), outlet, poll, directory, uploads)
        ledger = self.axis.ledger
        self.chores = Chores(
            [
                Chore("database", self.axis.keep_database, 1),
                Chore("downloads", outlet.write_down, 1),
                Chore("traffic", self.traffic.write_down, 5),
                Chore("processes", self._count_processes, 5),
            ]
        )
        if self.tsa:
            self.chores.add(Chore("stamps", Stamper(self.axis, authority(self.tsa)).work, STAMPED_EVERY))
        self.neighbours = Neighbours(self.axis, self.service.intake, outlet, directory)
        self.chores.add(Chore("uploads", uploads.sweep, 3600))
        self.chores.add(Chore("files", self.axis.blobs.sweep, 3600))
        self.chores.add(Chore("neighbours", self.neighbours.exchange, 1))
        self.chores.add(Chore("directories", self.neighbours.agree, 10))
        self.console = Console(self.axis, directory)
        self._open: Mapping[str, Callable[[], Response]] = {
            "healthz": _alive,
            "readyz": partial(_ready, self.axis),
            "metrics": partial(_metrics, self.axis),
        }
        self.systems = Remembered(lambda ids: {row["id"]: row for row in ledger.systems(ids)})

    def start(self) -> None:
        """Begin to listen for news and to do the chores."""
        self.wakeup.start()
        self.chores.start()

    def stop(self) -> None:
        """Let waiting calls answer and finish the chores."""
        self.wakeup.stop()
        self.chores.stop()
        self.service.outlet.write_down()
        self.traffic.write_down()
        self.neighbours.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._respond(request)(environ, start_response)

    def _respond(self, request: Request) -> Response:
        name = request.path.rstrip("/").rpartition("/")[2]
        try:
            if request.path.split("/")[1] == "console":
                return self.console.respond(request)
            if name in self._open:
                return self._open[name]()
            return self._operate(name, request)
        except Overloaded as overloaded:
            wait = {"Retry-After": str(math.ceil(overloaded.seconds))}
            return _failure(429, Code.SYSTEM, "Too many calls, come again later", wait)
        except Refusal as refusal:
            _log.info("%s refused with %s: %s", name, refusal.code, refusal.text)
            return _failure(200, refusal.code, refusal.text)
        except (
            DBAPIError,
            psycopg.OperationalError,
            psycopg.InterfaceError,
            PoolTimeout,
            NoConnection,
            OSError,
        ) as error:
            # Database away or disk full: nothing was committed, the same call may succeed later.
            _log.error("%s not possible now: %s", name, error)
            return _failure(503, Code.SYSTEM, "The axis is not available now, try again", _RETRY)
        except Exception:  # noqa: BLE001 - the last place: a fault of ours must not end a thread silently
            _log.exception("%s failed", name)
            return _failure(500, Code.SYSTEM, "Internal error")

    def _count_processes(self) -> None:
        self.quotas.processes = max(1, self.axis.ledger.processes())

    def _operate(self, name: str, request: Request) -> Response:
        operation = OPERATIONS.get(name)
        if operation is None:
            return _failure(404, Code.BAD_REQUEST, "No such operation")
        system_id = claimed_system(request.headers)
        system, parameters = self._authenticate(system_id, request)
        urgent = parameters.get("priority", "0") not in ("", "0")
        try:
            self._spend(system_id, system["quota"] or self.quota, parameters, urgent=urgent)
            with self.gate.turn(system_id, urgent=urgent) as turn:
                response = operation(Call(self.axis, self.service, system_id, parameters, request, turn))
        except (Refusal, Overloaded):
            self.traffic.called(system_id, refused=True)
            raise
        self.traffic.called(system_id)
        return response

    def _spend(self, system_id: str, quota: int, parameters: Mapping[str, str], *, urgent: bool) -> None:
        """Count what is asked against the quota; what is refused for its number counts as one call. Raises Overloaded,
        Refusal."""
        try:
            calls = counted(parameters)
        except Refusal:
            self.quotas.spend(system_id, quota, urgent=urgent)
            raise
        self.quotas.spend(system_id, quota, urgent=urgent, calls=calls)

    def _authenticate(self, system_id: str, request: Request) -> tuple[Mapping[str, Any], dict[str, str]]:
        system = self.systems([system_id]).get(system_id)
        try:
            if system is None:
                raise Denied("unknown system")
            return system, self._verified(request, system)
        except Denied as denied:
            _log.warning("call of %r denied: %s", system_id, denied)
            raise Refusal(Code.BAD_CREDENTIALS, "Wrong systemid or signature") from denied

    def _verified(self, request: Request, system: Mapping[str, Any]) -> dict[str, str]:
        """By the secret, or by the one before it as long as that still counts. Raises Denied."""
        try:
            return verified_parameters(request.headers, self.axis.unseal(system["sealed_secret"]))
        except Denied:
            if system["former_until"] is None or system["former_until"] <= now():
                raise
            return verified_parameters(request.headers, self.axis.unseal(system["sealed_former"]))


def _failure(status: int, code: Code, text: str, headers: dict[str, str] | None = None) -> Response:
    return answer(status, headers, status="FAIL", ErrorCode=code.value, ErrorDesc=text, DocId="", data=[])


def _alive() -> Response:
    return Response("ok\n", mimetype="text/plain", headers={"X-Axis-Process": str(os.getpid())})


def _ready(axis: Axis) -> Response:
    with axis.engine.connect() as connection:
        connection.execute(sa.select(1))
    return Response("ready\n", mimetype="text/plain")


def _metrics(axis: Axis) -> Response:
    with axis.sessions() as session:
        return Response(metrics.text(session), mimetype="text/plain; version=0.0.4")
