"""Programs that stress an axis, with nothing but the exchange loaded: `python -m bench.clients WHICH URL FOLDER`.

`send` and `receive` pass one large message and print the most bytes they had resident. `rude` calls on twelve lines
as fast as it can until it is killed, and heeds no answer.
"""

import http.client
import os
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from exchange import pieces
from exchange.build import build
from exchange.client import AxisClient
from exchange.model import Attachment, MessageKind
from exchange.parse import parse_file
from exchange.testing import SENDER, document
from exchange.vxp import Delivery, signed_headers

SECRET = "khoa-bi-mat-dung-de-do-toc-do"


def send(url: str, folder: Path) -> None:
    """Build the packet of `folder/large` and send it in pieces."""
    message = document(attachments=[Attachment("lon.bin", content=folder / "large")])
    path = folder / "packet"
    with path.open("wb") as out:
        digest = build(message, out)
    with AxisClient(url, "SENDER", SECRET) as client, path.open("rb") as packet:
        pieces.send(
            client, packet, digest, message_id="large", kind=MessageKind.DOCUMENT, sender=SENDER.organ_id
        )
    path.unlink()


def receive(url: str, folder: Path) -> None:
    """Fetch it, check it and take the attachment out."""
    with AxisClient(url, "RECEIVER", SECRET) as client:
        [waiting] = client.received()
        digest = client.download(waiting.doc_id, folder / "arrived", waiting.sha256)
        parse_file(folder / "arrived", folder / "files")
        client.confirm(waiting.doc_id, Delivery.DONE, sha256=digest.sha256)


def rude(url: str, _folder: Path) -> None:
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


def peak(pid: int) -> int:
    """Bytes a process had resident at its highest; not getrusage, which inherits the figure of the starter."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    {"send": send, "receive": receive, "rude": rude}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    print(peak(os.getpid()))
