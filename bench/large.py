"""One large message: `python -m bench.large send|receive URL FOLDER`; prints the most bytes it had resident.

A program of its own with nothing but the exchange loaded, as its user would write it.
"""

import os
import sys
from pathlib import Path

from exchange import pieces
from exchange.build import build
from exchange.client import AxisClient
from exchange.model import Attachment, MessageKind
from exchange.parse import parse_file
from exchange.testing import SENDER, document
from exchange.vxp import Delivery

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


def peak(pid: int) -> int:
    """Bytes a process had resident at its highest; not getrusage, which inherits the figure of the starter."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    print(peak(os.getpid()))
