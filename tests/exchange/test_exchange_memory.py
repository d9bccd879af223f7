"""Size costs disk, not memory: each program stays small while a large attachment passes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.testing import HubProcess

SIZE = 128 << 20
#: bytes a program may have resident at its highest, interpreter and libraries included
BOUND = 100 << 20
#: the same for the axis, and what the message may add to what it held before: it has served other tests
AXIS, ADDED = 200 << 20, 48 << 20

_PROGRAM = """
import json, sys
from pathlib import Path
from exchange import pieces
from exchange.build import Digest, build
from exchange.client import AxisClient
from exchange.model import Attachment, MessageKind
from exchange.parse import parse_file
from exchange.testing import RECIPIENT, document
from exchange.vxp import Delivery
from dataclasses import replace

folder, url, step = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
system, sender, recipient = sys.argv[4:]
base = document()
message = replace(base, sender=replace(base.sender, organ_id=sender),
    recipients=(replace(RECIPIENT, organ_id=recipient),),
    attachments=(Attachment("bản vẽ.bin", content=folder / "large"),))
result = {}
with AxisClient(url, system, "secret") as client:
    if step == "send":
        with (folder / "out.edxml").open("wb") as out:
            digest = build(message, out)
        with (folder / "out.edxml").open("rb") as packet:
            pieces.send(client, packet, digest, message_id=sender, kind=MessageKind.DOCUMENT, sender=sender)
    else:
        [waiting] = client.received()
        digest = client.download(waiting.doc_id, folder / "in.edxml", waiting.sha256)
        [found] = parse_file(folder / "in.edxml", folder / "files").message.attachments
        client.confirm(waiting.doc_id, Delivery.DONE, sha256=digest.sha256)
        result["sha256"] = found.sha256
# Not getrusage: its maximum is inherited from the process that started this one.
status = Path("/proc/self/status").read_text()
print(json.dumps(result | {"resident": int(status.partition("VmHWM:")[2].split()[0]) * 1024}))
"""


def run(folder: Path, url: str, step: str, *words: str) -> dict:
    command = [sys.executable, "-c", _PROGRAM, str(folder), url, step, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_large_attachment_passes_sender_axis_and_receiver_in_little_memory(
    hub: HubProcess, party, tmp_path
):
    a, b = party(), party()
    block = hashlib.shake_256(b"large").digest(1 << 20)  # random, so that the ZIP around it is as large
    with (tmp_path / "large").open("wb") as file:
        for number in range(SIZE >> 20):
            file.write(number.to_bytes(4, "big") + block[4:])
    with (tmp_path / "large").open("rb") as file:
        expected = hashlib.file_digest(file, "sha256").hexdigest()
    # The axis peaked at its start, when it hashed the operator's password: measured is what a message costs.
    Path(f"/proc/{hub.pid}/clear_refs").write_text("5")
    before = _held(hub.pid, "VmRSS")

    sent = run(tmp_path, hub.url, "send", a.client.system_id, a.code, b.code)
    received = run(tmp_path, hub.url, "receive", b.client.system_id, b.code, b.code)

    assert received["sha256"] == expected
    axis = _held(hub.pid, "VmHWM")
    peaks = {"sender": sent["resident"], "axis": axis, "before": before, "receiver": received["resident"]}
    print({name: peak >> 20 for name, peak in peaks.items()})
    assert max(sent["resident"], received["resident"]) < BOUND, peaks
    assert axis < AXIS, peaks
    assert axis - before < ADDED, peaks


def _held(pid: int, what: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{what}:")[2].split()[0]) * 1024
