"""Several processes are one axis: the same port, one database, one folder; any of them may die."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from exchange.build import build
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable
from exchange.testing import HubProcess, document

pytestmark = pytest.mark.fault


@pytest.fixture
def two(database_url: str, tmp_path: Path) -> Iterator[tuple[HubProcess, HubProcess]]:
    """The same command, started twice."""
    first = HubProcess(database_url, tmp_path / "hub")
    second = replace(first)
    first.start()
    second.start()
    for name in ("A", "B"):
        with first.add_system(name, "s") as client:
            client.register_agency(f"H01.{name}", name, mail="a@b.vn")
    yield first, second
    for process in (first, second):
        process.stop()


def deliver(client: AxisClient, number: int) -> str:
    organization = document().sender
    message = document(
        number,
        sender=replace(organization, organ_id="H01.A"),
        recipients=[replace(organization, organ_id="H01.B")],
    )
    out = BytesIO()
    digest = build(message, out)
    for _ in range(20):
        out.seek(0)
        try:
            return client.send(
                out, digest, kind=message.kind, sender="H01.A", message_id=f"m-{number}"
            ).doc_id
        except Unavailable:  # a process died under it; the other takes the next call
            continue
    raise AssertionError("no process answers")


def test_started_twice_both_serve_and_one_may_be_killed(two: tuple[HubProcess, HubProcess]):
    first, second = two
    served: set[str] = set()
    end = time.monotonic() + 20
    while len(served) < 2:
        assert time.monotonic() < end, "one port, both answer"
        served.add(httpx.get(f"{first.url}/healthz", trust_env=False).headers["x-axis-process"])
    with first.client("A", "s") as a, first.client("B", "s") as b:
        sent = {deliver(a, number) for number in range(5)}
        first.stop(signal.SIGKILL)
        sent |= {deliver(a, number) for number in range(10)}
        assert len(sent) == 10, "what was repeated is the same message"
        assert len(answered(b)) == 10
    assert second.stop() == 0


def test_with_a_server_of_its_own_the_survivor_takes_it_over(tmp_path: Path):
    first = HubProcess(None, tmp_path / "hub")
    first.admin("add-system", "--id", "A", "--secret", "s")
    first.start(60)
    second = replace(first)
    second.start(60)
    try:
        first.stop(signal.SIGKILL)
        with second.client("A", "s") as client:
            assert answered(client) == []
    finally:
        second.stop()


def test_a_secret_is_changed_while_everybody_works(two: tuple[HubProcess, HubProcess]):
    first, _ = two
    with first.client("A", "s") as old, first.client("A", "new") as new:
        first.admin("rotate-secret", "--id", "A", "--secret", "new", "--keep-hours", "1")
        for _ in range(8):  # whichever process answers, from its next second on
            assert answered(new, Refused) == []
            assert old.received() == []
        first.admin("rotate-secret", "--id", "A", "--secret", "newer", "--keep-hours", "0")
        with first.client("A", "newer") as newer:
            assert answered(newer, Refused) == []
        with pytest.raises(Refused, match="15"):
            for _ in range(100):
                old.received(wait=0.05)


def answered(client: AxisClient, *patience: type[Exception]) -> list[object]:
    """What waits for the client, once the axis says so."""
    end = time.monotonic() + 30
    while True:
        try:
            return list(client.received())
        except (Unavailable, *patience):
            assert time.monotonic() < end, "the axis did not answer"
            time.sleep(0.05)
