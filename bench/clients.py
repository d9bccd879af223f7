"""A program that is rude to an axis: `python -m bench.clients URL` calls on twelve lines as fast as it can until it
is killed, and heeds no answer.
"""

import http.client
import sys
import threading
from urllib.parse import urlsplit

from exchange.vxp import signed_headers

SECRET = "khoa-bi-mat-dung-de-do-toc-do"
#: what the log says once all lines call
CALLING = "calling"
_LINES = 12


def rude(url: str) -> None:
    """Ask for lists without end; says so once every line has had its first answer."""
    begun = threading.Barrier(_LINES + 1)
    for _ in range(_LINES):
        threading.Thread(target=_call, args=(urlsplit(url).netloc, begun)).start()
    begun.wait()
    print(CALLING, flush=True)


def _call(place: str, begun: threading.Barrier) -> None:
    line, answered = http.client.HTTPConnection(place, timeout=30), False
    while True:
        try:
            headers = signed_headers("RUDE", SECRET, {"messagetype": "edoc"}, "application/json")
            line.request("POST", "/getReceivedEdocList", b"", headers)
            line.getresponse().read()
        except (OSError, http.client.HTTPException):
            line.close()
            continue
        if not answered:
            answered = True
            begun.wait()


if __name__ == "__main__":
    rude(sys.argv[1])
