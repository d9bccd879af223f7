"""A program that is rude to an axis: `python -m bench.clients URL` calls on twelve lines as fast as it can until it
is killed, and heeds no answer.
"""

import http.client
import sys
import threading
from urllib.parse import urlsplit

from exchange.vxp import signed_headers

SECRET = "khoa-bi-mat-dung-de-do-toc-do"


def rude(url: str) -> None:
    """Ask for lists without end."""
    for _ in range(12):
        threading.Thread(target=_call, args=(urlsplit(url).netloc,)).start()


def _call(place: str) -> None:
    line = http.client.HTTPConnection(place, timeout=30)
    while True:
        try:
            headers = signed_headers("RUDE", SECRET, {"messagetype": "edoc"}, "application/json")
            line.request("POST", "/getReceivedEdocList", b"", headers)
            line.getresponse().read()
        except (OSError, http.client.HTTPException):
            line.close()


if __name__ == "__main__":
    rude(sys.argv[1])
