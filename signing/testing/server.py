"""The demonstration's trust services over HTTP, on the loopback interface only."""

import base64
import binascii
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from urllib.parse import unquote

from signing.testing.pki import DemoPki
from signing.testing.responders import ocsp_response, time_stamp

#: bytes of a request; a time-stamp request has about 60, an OCSP request 100
_LIMIT = 100_000


class TrustServer(ThreadingHTTPServer):
    """POST /tsa and /ocsp; GET /ocsp/BASE64, /crl, /root.crl, /root.cer, /intermediate.cer, /healthz."""

    daemon_threads = True

    def __init__(self, pki: DemoPki, port: int) -> None:
        """`port` 0 takes a free one, then found in `server_port`."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.pki = pki


class _Handler(BaseHTTPRequestHandler):
    server: TrustServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Lists, certificates, health, and OCSP by GET (RFC 6960 appendix A.1)."""
        pki = self.server.pki
        pages: dict[str, tuple[str, Callable[[], bytes]]] = {
            "/healthz": ("text/plain", lambda: b"ok\n"),
            "/crl": ("application/pkix-crl", pki.crl),
            "/root.crl": ("application/pkix-crl", pki.root_crl),
            "/root.cer": ("application/pkix-cert", lambda: pki.root.der),
            "/intermediate.cer": ("application/pkix-cert", lambda: pki.intermediate.der),
        }
        if self.path in pages:
            kind, make = pages[self.path]
            self._answer(200, kind, make())
        elif self.path.startswith("/ocsp/"):
            try:
                asked = base64.b64decode(unquote(self.path.removeprefix("/ocsp/")), validate=True)
            except binascii.Error:
                self._answer(400, "text/plain", b"bad base64\n")
                return
            self._answer(200, "application/ocsp-response", ocsp_response(pki, asked))
        else:
            self._answer(404, "text/plain", b"no such service\n")

    def do_POST(self) -> None:
        """Time stamps and OCSP."""
        size = self.headers.get("Content-Length", "")
        if not size.isdigit() or int(size) > _LIMIT:
            self.close_connection = True
            self._answer(413, "text/plain", b"a length up to 100000 is needed\n")
            return
        body = self.rfile.read(int(size))
        if self.path == "/tsa":
            self._answer(200, "application/timestamp-reply", time_stamp(self.server.pki, body))
        elif self.path == "/ocsp":
            self._answer(200, "application/ocsp-response", ocsp_response(self.server.pki, body))
        else:
            self._answer(404, "text/plain", b"no such service\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Requests are not logged: the supervisor shows this process's errors only."""


def serve(pki: DemoPki, port: int) -> None:
    """Answer until SIGTERM or SIGINT."""
    with TrustServer(pki, port) as server:

        def stop(_number: int, _frame: FrameType | None) -> None:
            # shutdown waits for the loop, which runs in this very thread
            threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        print(f"trust services on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever(poll_interval=0.1)
