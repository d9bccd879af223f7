"""The axis alone: what one message costs it from `sendEdoc` to `updateStatus done`, fsync on, 16 in flight."""

import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil
import psycopg

from bench import material
from bench.figures import Row, median
from bench.stage import HUB, stage
from exchange.build import build
from exchange.testing import RECIPIENT, SENDER, HubProcess, attachment, document
from exchange.vxp import signed_headers, unpadded

SECRET = "khoa-bi-mat-dung-de-do-toc-do"
_BYTES = "application/octet-stream"


@dataclass
class Line:
    """One connection that stays open, as every client of an axis should have it."""

    port: int
    system: str

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, operation: str, body: bytes = b"", **parameters: str) -> bytes:
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        method = "GET" if operation == "downloadEdoc" else "POST"
        self._connection.request(
            method, f"/{operation}", body, signed_headers(self.system, SECRET, named, _BYTES)
        )
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {content[:200]!r}")
        return content


@dataclass
class Load:
    """Sixteen lines: half of them send, half receive."""

    hub: HubProcess
    packets: Iterator[bytes]

    def run(self, count: int, flying: int) -> float:
        """Bring `count` messages through; seconds. Raises when a byte differs."""
        todo, offered, done = (
            SimpleQueue[bytes](),
            SimpleQueue[dict[str, Any] | None](),
            threading.Semaphore(0),
        )
        for _ in range(count):
            todo.put(next(self.packets))
        senders = receivers = max(1, flying // 2)
        begun = time.perf_counter()
        with ThreadPoolExecutor(senders + receivers + 1) as threads:
            jobs = [threads.submit(self._send, todo) for _ in range(senders)]
            jobs += [threads.submit(self._receive, offered, done) for _ in range(receivers)]
            jobs.append(threads.submit(self._list, offered, done, count, receivers))
            for job in jobs:
                job.result()
        return time.perf_counter() - begun

    def _send(self, todo: SimpleQueue[bytes]) -> None:
        line = Line(self.hub.port, "SENDER")
        while not todo.empty():
            packet = todo.get()
            sha256 = hashlib.sha256(packet).hexdigest()
            given = {"from": SENDER.organ_id, "hash-file": unpadded(sha256), "message-id": sha256[:32]}
            answer = json.loads(
                line.call("sendEdoc", packet, servicetype="eDoc", messagetype="edoc", **given)
            )
            if answer["ErrorCode"] != "0":
                raise RuntimeError(answer["ErrorDesc"])

    def _list(
        self,
        offered: SimpleQueue[dict[str, Any] | None],
        done: threading.Semaphore,
        count: int,
        receivers: int,
    ) -> None:
        """Asks again only once all that was listed is done, as the rule for fast receiving has it."""
        line, left = Line(self.hub.port, "RECEIVER"), count
        while left:
            answer = line.call(
                "getReceivedEdocList", servicetype="eDoc", messagetype="edoc", pageSize="32", wait="20"
            )
            found = json.loads(answer)["data"]
            for item in found:
                offered.put(item)
            for _ in found:
                if not done.acquire(timeout=30):
                    raise RuntimeError("a receiver stopped")
            left -= len(found)
        for _ in range(receivers):
            offered.put(None)

    def _receive(self, offered: SimpleQueue[dict[str, Any] | None], done: threading.Semaphore) -> None:
        line = Line(self.hub.port, "RECEIVER")
        while item := offered.get():
            packet = line.call("downloadEdoc", docId=item["docId"], filePath="")
            if hashlib.sha256(packet).hexdigest() != item["sha256"]:
                raise RuntimeError("other bytes arrived")
            line.call("updateStatus", b"{}", docId=item["docId"], status="done", sha256=item["sha256"])
            done.release()


def packets(folder: Path) -> Iterator[bytes]:
    """Messages with a different file of 200 kB each."""
    number, made = 0, attachment(folder)
    while True:
        number += 1
        made.content.write_bytes(material.scan(number, 200_000))
        out = BytesIO()
        build(document(number, attachments=[replace(made)]), out)
        yield out.getvalue()


@contextmanager
def loaded() -> Iterator[Load]:
    """An axis with a sender and a receiver, on a database that loses nothing."""
    with stage() as where:
        hub = HubProcess(where.database("axis", HUB), where.folder / "hub", threads=64)
        hub.start()
        try:
            for system, agency in (("SENDER", SENDER), ("RECEIVER", RECIPIENT)):
                with hub.add_system(system, SECRET) as client:
                    client.register_agency(agency.organ_id, agency.name, mail="vanthu@example.vn")
            files = where.folder / "files"
            files.mkdir()
            yield Load(hub, packets(files))
        finally:
            hub.stop()


#: waiting messages of one receiver, made in the database: what is measured is finding 32 among them
_WAITING = """
WITH made AS (
    INSERT INTO packet (id, system_id, key, message_id, sender_code, kind, sha256, size, priority, document_id,
                        notation, title, accepted_at, receipt)
    SELECT 'bulk' || n, 'SENDER', 'bulk' || n, 'bulk' || n, 'H01.01', 'status', repeat('0', 64), 1, 0, '', '', '',
           now(), '{}' FROM generate_series(%(have)s + 1, %(want)s) AS n RETURNING id
)
INSERT INTO delivery (doc_id, packet_id, recipient, system_id, sender_id, kind, priority, leads, status, description,
                      created_at, updated_at)
SELECT 'to' || id, id, 'H01.12', 'RECEIVER', 'SENDER', 'status', 0, TRUE, 'initial', '', now(), now() FROM made
"""


def lists(load: Load, have: int, want: int, calls: int) -> float:
    """Let `want` messages wait, of which `have` do already; median milliseconds of a list of 32 among them."""
    line, times = Line(load.hub.port, "RECEIVER"), []
    with psycopg.connect(load.hub.database or "", autocommit=True) as database:
        database.execute(_WAITING, {"have": have, "want": want})
        database.execute("ANALYZE packet")
        database.execute("ANALYZE delivery")
    for _ in range(calls):
        begun = time.perf_counter()
        answer = line.call("getReceivedEdocList", servicetype="eDoc", messagetype="status", pageSize="32")
        times.append((time.perf_counter() - begun) * 1000)
        if len(json.loads(answer)["data"]) != min(want, 32):
            raise RuntimeError("the list is not whole")
    return median(times)


def run(count: int = 200, rounds: int = 3, waiting: Sequence[int] = (10, 1_000, 100_000)) -> list[Row]:
    """Messages a second, CPU milliseconds a message, and both lists and messages among few and many waiting."""
    speeds, costs, among = [], [], dict[int, tuple[float, float]]()
    with loaded() as load:
        load.run(min(16, count), 16)
        process = psutil.Process(load.hub.pid)
        for _ in range(rounds):
            before = sum(process.cpu_times()[:2])
            speeds.append(count / load.run(count, 16))
            costs.append((sum(process.cpu_times()[:2]) - before) / count * 1000)
        for before_it, want in zip((0, *waiting), waiting, strict=False):
            listed = lists(load, before_it, want, 10 * rounds)
            among[want] = listed, median([count / load.run(count, 16) for _ in range(rounds)])
    n, (few, first) = rounds * count, among[waiting[0]]
    return [
        Row("hub", "axis alone, 16 in flight, 200 kB", "messages/s", median(speeds), n, True),
        Row("hub", "CPU of the axis, one message", "ms", median(costs), n, True, "lower"),
        *(
            row
            for size in waiting[1:]
            for row in (
                Row("hub", f"list of 32 among {size:,} waiting", "ms", among[size][0], 10 * rounds, True, "lower",
                    f"the same among {waiting[0]}", few),
                Row("hub", f"16 in flight while {size:,} wait", "messages/s", among[size][1], n, True, "higher",
                    f"the same while {waiting[0]} wait", first),
            )
        ),
    ]  # fmt: skip
