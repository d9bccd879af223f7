"""The agent's doors: JSON for pages of paired sites, windows for the person. Loopback only.

Who calls is told by what browsers set themselves: `Host` (so that no name a stranger owns leads here, DNS rebinding),
`Origin` (which site's page asks), and the site's signature over the message. Chromium asks before a page from
elsewhere may reach this machine (`Access-Control-Request-Private-Network`); only sites that may use it get a yes.
"""

import json
import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from signing.agent import window
from signing.agent.batches import Asked, Batches, NotNow, State
from signing.agent.messages import BadMessage, Batch, Sealed, Wanted, clock, unseal
from signing.agent.pairs import NotPaired, OtherKey, Pairs, Site, TooMany, WrongCode, may_pair
from signing.errors import KeyBlocked, KeyUnavailable, SigningError, UnusableKey, WrongPassphrase

log = logging.getLogger("signing.agent")

#: bytes of a request; fifty titles have 30 kB
LIMIT = 256 * 1024
#: seconds a page is kept waiting for the person's answer before it asks again
HOLD = 20.0
#: seconds a caller may take to say what he wants
_PATIENCE = 15
_STATUS = {
    BadMessage: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotPaired: HTTPStatus.FORBIDDEN,
    WrongCode: HTTPStatus.FORBIDDEN,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    OtherKey: HTTPStatus.CONFLICT,
    NotNow: HTTPStatus.CONFLICT,
    KeyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
#: what the person can do something about in the window itself
_TRY_AGAIN = (WrongPassphrase, KeyBlocked, UnusableKey, KeyUnavailable)


@dataclass(frozen=True)
class Agent:
    """What the doors lead to."""

    pairs: Pairs
    batches: Batches
    #: name of the owner of a certificate (SHA-256, hex). Raises UnusableKey, KeyUnavailable when no token here holds it
    owner: Callable[[str], str]
    #: the only sites that may be paired; empty: any that comes over TLS
    sites: tuple[str, ...] = ()


class Refused(Exception):
    """Answered with a status and nothing else: the caller is no browser page that may ask."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


def serve(agent: Agent, port: int) -> ThreadingHTTPServer:
    """A server on this machine's loopback, not yet running; port 0 takes a free one."""
    made: type[_Doors] = type("Doors", (_Doors,), {"agent": agent})
    server = _Loopback(("127.0.0.1", port), made)
    made.hosts = (f"127.0.0.1:{server.server_port}", f"localhost:{server.server_port}")
    return server


class _Loopback(ThreadingHTTPServer):
    """Has its port alone; Windows would let a second program listen there, unless told."""

    daemon_threads = True

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A caller that hangs up is nothing to tell the person; anything else is a mistake of ours."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            log.error("a request could not be answered", exc_info=error)

    def server_bind(self) -> None:
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        self.allow_reuse_address = exclusive is None
        if exclusive is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        super().server_bind()


class _Doors(BaseHTTPRequestHandler):
    agent: ClassVar[Agent]
    #: names under which this machine calls itself
    hosts: ClassVar[tuple[str, ...]]
    timeout = _PATIENCE
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "signing-agent", ""

    def do_OPTIONS(self) -> None:
        """May a page of that site ask at all (Fetch §3.2; Private Network Access)."""
        self._answer_with(self._preflight)

    def do_GET(self) -> None:
        """The person's windows."""
        self._answer_with(self._show)

    def do_POST(self) -> None:
        """A site's message, or the person's answer."""
        self._answer_with(self._take)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server names it
        """Addresses of windows are secrets: no line for each request."""

    def _answer_with(self, do: Callable[[], None]) -> None:
        try:
            self._check_host()
            do()
        except Refused as refusal:
            self.close_connection = True
            self._send(refusal.status, b"", "text/plain")

    def _check_host(self) -> None:
        """The name by which the caller came must be this machine's own."""
        if self.headers.get("Host") not in self.hosts:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST)

    # what sites ask

    def _preflight(self) -> None:
        headers = self._readable() | {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "600",
        }
        if self.headers.get("Access-Control-Request-Private-Network") == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        self._send(HTTPStatus.NO_CONTENT, b"", "", headers)

    def _origin(self) -> str:
        """The site whose page asks, when it is paired or may become so."""
        origin: str = self.headers.get("Origin", "")
        if not self._may_ask(origin):
            raise Refused(HTTPStatus.FORBIDDEN)
        return origin

    def _may_ask(self, origin: str) -> bool:
        return origin in self.agent.pairs.all() or may_pair(origin, self.agent.sites)

    def _readable(self) -> dict[str, str]:
        """Lets the asking page's script read the answer; never said of a window."""
        return {"Access-Control-Allow-Origin": self._origin()}

    def _take(self) -> None:
        body = self._body()
        if self.path.startswith("/ask/"):
            self._answered(body)
            return
        door = _DOORS.get(self.path)
        if door is None:
            raise Refused(HTTPStatus.NOT_FOUND)
        origin = self._origin()
        if self.headers.get_content_type() != "application/json":
            # anything a form could send needs no permission of ours to be sent
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            said = json.loads(body)
            if not isinstance(said, dict):
                raise BadMessage("it is no object")
            self._json(HTTPStatus.OK, door(self, origin, said))
        except (ValueError, RecursionError):
            self._json(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "BadMessage"})
        except SigningError as error:
            log.warning("%s: %s", origin, error)
            status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), HTTPStatus.CONFLICT)
            self._json(status, {"error": type(error).__name__, "left": getattr(error, "left", None)})

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LIMIT:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.rfile.read(int(length))

    def _hello(self, origin: str, _said: dict[str, Any]) -> dict[str, Any]:
        return {"paired": origin in self.agent.pairs.all()}

    def _pair(self, origin: str, said: dict[str, Any]) -> dict[str, Any]:
        offer = self.agent.pairs.offer(
            Site(origin, str(said.get("name", ""))[:200], str(said.get("key", "")))
        )
        log.info("%s asks to be paired", origin)
        return {"window": f"/pair/{offer.window}"}

    def _code(self, origin: str, said: dict[str, Any]) -> dict[str, Any]:
        self.agent.pairs.confirm(origin, str(said.get("code", ""))[:40])
        log.info("%s is paired", origin)
        return {}

    def _batch(self, origin: str, said: Sealed) -> dict[str, Any]:
        site = self.agent.pairs.site(origin)
        message = unseal(site.public, said, clock())
        if not isinstance(message, Batch):
            raise BadMessage("it is no batch")
        asked = self.agent.batches.ask(site, message)
        log.info("%s asks for %s items", origin, len(message.items))
        return {"window": f"/ask/{asked.window}"}

    def _state(self, origin: str, said: dict[str, Any]) -> dict[str, Any]:
        site = self.agent.pairs.site(origin)
        return {"state": self.agent.batches.wait(site, str(said.get("batch")), HOLD).value}

    def _sign(self, origin: str, said: Sealed) -> dict[str, Any]:
        site = self.agent.pairs.site(origin)
        message = unseal(site.public, said, clock())
        if not isinstance(message, Wanted):
            raise BadMessage("it wants no signature")
        return {"value": self.agent.batches.sign(site, message).hex()}

    def _close(self, origin: str, said: dict[str, Any]) -> dict[str, Any]:
        self.agent.batches.close(self.agent.pairs.site(origin), str(said.get("batch")))
        return {}

    # what the person sees

    def _show(self) -> None:
        """A window is walked into; whoever fetches it from a script would read the code in it."""
        if "Origin" in self.headers:
            raise Refused(HTTPStatus.FORBIDDEN)
        if self.path == "/window.css":
            self._send(HTTPStatus.OK, window.style(), "text/css")
        elif self.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            raise Refused(HTTPStatus.FORBIDDEN)
        elif self.path.startswith("/pair/"):
            offer = self.agent.pairs.offered(urlsplit(self.path).path.removeprefix("/pair/"))
            self._page(window.pairing(self._language, offer))
        elif self.path.startswith("/ask/"):
            self._ask(self._asked())
        else:
            raise Refused(HTTPStatus.NOT_FOUND)

    @property
    def _language(self) -> str:
        """The page's that opened the window; else the browser's."""
        chosen = parse_qs(urlsplit(self.path).query).get("lang", [""])[0]
        return window.language(f"{chosen},{self.headers.get('Accept-Language', '')}")

    def _asked(self) -> Asked | None:
        return self.agent.batches.shown(urlsplit(self.path).path.removeprefix("/ask/"))

    def _ask(self, asked: Asked | None, problem: str = "") -> None:
        if asked is None:
            self._page(window.said(self._language, "gone"))
        elif asked.state is State.ASKED:
            try:
                owner = self.agent.owner(asked.batch.certificate)
            except _TRY_AGAIN as error:
                owner, problem = "–", problem or _named(error)
            self._page(window.asking(self._language, asked, owner, problem))
        else:
            self._page(window.said(self._language, asked.state))

    def _answered(self, body: bytes) -> None:
        """The person's answer; only a window of our own can send it."""
        if self.headers.get("Origin") != f"http://{self.headers['Host']}":
            raise Refused(HTTPStatus.FORBIDDEN)
        asked = self._asked()
        form = parse_qs(body.decode("utf-8", "replace"))
        problem = ""
        if asked is not None and form.get("answer") == ["refuse"]:
            self.agent.batches.refuse(asked)
            log.info("refused")
        elif asked is not None:
            try:
                self.agent.batches.agree(asked, form.get("pin", [""])[0])
                log.info("agreed")
            except NotNow:
                log.info("answered when it was over")
            except _TRY_AGAIN as error:
                log.warning("%s", error)
                problem = _named(error)
        self._ask(asked, problem)

    def _page(self, html: str) -> None:
        self._send(HTTPStatus.OK, html.encode(), "text/html; charset=utf-8")

    def _json(self, status: HTTPStatus, facts: dict[str, Any]) -> None:
        self._send(status, json.dumps(facts).encode(), "application/json", self._readable())

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            # under no-referrer a form of ours would come back without its origin
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Vary": "Origin",
        }
        if kind:
            headers["Content-Type"] = kind
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _named(error: SigningError) -> str:
    """The name under which the windows have words for it."""
    return next(kind.__name__ for kind in _TRY_AGAIN if isinstance(error, kind))


_DOORS: dict[str, Callable[[_Doors, str, dict[str, Any]], dict[str, Any]]] = {
    "/hello": _Doors._hello,
    "/pair": _Doors._pair,
    "/pair/code": _Doors._code,
    "/batch": _Doors._batch,
    "/batch/state": _Doors._state,
    "/sign": _Doors._sign,
    "/close": _Doors._close,
}
