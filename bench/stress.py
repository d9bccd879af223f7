"""The axis under stress: a system that calls without end, a directory of 111,000 agencies."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import psycopg

from bench.clients import CALLING, SECRET
from bench.exchange import people
from bench.figures import Row, median
from bench.stage import HUB, Stage, stage
from eoffice.app import load
from eoffice.core import config
from eoffice.core.db import new_session
from eoffice.gateway import agencies
from exchange.build import build
from exchange.client import AxisClient
from exchange.model import MessageKind, OtherInfo
from exchange.testing import RECIPIENT, SENDER, HubProcess, document
from exchange.vxp import Delivery

_DIRECTORY = """
INSERT INTO agency (code, name, old_code, parent_code, mail, system_id, locked, deleted, legal_basis, version)
SELECT 'H' || n %% 63 || '.' || n, 'Ủy ban nhân dân xã ' || n, '000.' || n || '.H' || n %% 63, '', 'vt@example.vn',
       'RECEIVER', FALSE, FALSE, '', nextval('directory_version') FROM generate_series(1, %s) AS n
"""
_CHANGES = """
UPDATE agency SET name = name || ' mới', version = nextval('directory_version')
WHERE id IN (SELECT id FROM agency WHERE name LIKE 'Ủy ban nhân dân xã %' ORDER BY id LIMIT 100)
"""


@dataclass
class Scene:
    """An axis with a sender and a receiver."""

    where: Stage
    hub: HubProcess
    sender: AxisClient
    receiver: AxisClient


@contextmanager
def scene() -> Iterator[Scene]:
    """Start it; a third system is there to be rude."""
    with stage() as where:
        hub = HubProcess(where.database("axis", HUB), where.folder / "hub", threads=64)
        hub.start()
        try:
            clients = [hub.add_system(name, SECRET) for name in ("SENDER", "RECEIVER", "RUDE")]
            for client, agency in zip(clients, (SENDER, RECIPIENT), strict=False):
                client.register_agency(agency.organ_id, agency.name, mail="vanthu@example.vn")
            yield Scene(where, hub, clients[0], clients[1])
        finally:
            hub.stop()


def passage(made: Scene, number: int) -> float:
    """Milliseconds of an urgent document from sending to its confirmation."""
    out = BytesIO()
    digest = build(document(number, other=OtherInfo(priority=3)), out)
    out.seek(0)
    begun = time.perf_counter()
    made.sender.send(
        out, digest, kind=MessageKind.DOCUMENT, sender=SENDER.organ_id, message_id=f"urgent-{number}"
    )
    [waiting] = made.receiver.received(wait=10)
    with made.receiver.open(waiting.doc_id, waiting.sha256) as stream:
        stream.read()
    made.receiver.confirm(waiting.doc_id, Delivery.DONE)
    return (time.perf_counter() - begun) * 1000


def overload(made: Scene, count: int) -> Row:
    """Urgent documents while another system calls on twelve lines as fast as it can, heeding no answer."""
    quiet = median([passage(made, number) for number in range(count)])
    rude = made.where.python("rude", "bench.clients", made.hub.url, environment={})
    _wait_for_calls(made)
    busy = median([passage(made, number) for number in range(count, 2 * count)])
    rude.kill()
    rude.wait()
    against = "the same while all are quiet"
    return Row("stress", "urgent document, another system calls without end", "ms", busy, count, True, "lower",
               against, quiet)  # fmt: skip


def _wait_for_calls(made: Scene, seconds: float = 60) -> None:
    """Until all lines of the rude system have had an answer. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while CALLING not in made.where.log("rude"):
        if time.monotonic() > end:
            raise TimeoutError(made.where.log("rude"))
        time.sleep(0.02)


def directory(made: Scene, size: int) -> list[Row]:
    """An installation takes the directory of the axis over: whole, then what changed since."""
    with psycopg.connect(made.hub.database or "", autocommit=True) as database:
        database.execute(_DIRECTORY, (size,))
    os.environ |= made.where.installation("office")
    load()
    config.install(config.Settings.read(os.environ))
    with new_session() as session:
        people(session, ("H01.12", "Sở Nông nghiệp và Môi trường"), ("G09", "Bộ Nội vụ"))
        rows = []
        for what, expected in (
            (f"directory of {size:,} agencies taken over", size),
            ("a hundred changes of it", 100),
        ):
            if expected == 100:
                with psycopg.connect(made.hub.database or "", autocommit=True) as database:
                    database.execute(_CHANGES)
            begun = time.perf_counter()
            changed = agencies.follow(session, made.receiver)
            rows.append(
                Row("stress", what, "s", time.perf_counter() - begun, changed, changed >= expected, "lower")
            )
    return rows


def run(count: int = 30, agencies_of: int = 111_000) -> list[Row]:
    """Both."""
    with scene() as made:
        return [overload(made, count), *directory(made, agencies_of)]
