"""A repeated call changes nothing and gets the first answer; nothing is lost when the axis dies."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from exchange.build import build
from exchange.errors import Refused, Unavailable
from exchange.testing import HubProcess, document
from exchange.vxp import Delivery


def test_a_repeat_with_the_same_id_gets_the_first_receipt(party, letter):
    a, b = party(), party()
    message = letter(a, b)
    first = a.send(message, message_id="m-1")
    assert a.send(message, message_id="m-1") == first
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.DONE)
    assert a.send(message, message_id="m-1") == first
    assert b.client.received() == [], "what was received is not delivered again"


def test_without_an_id_the_same_bytes_are_a_repeat(party, letter):
    a, b = party(), party()
    message = letter(a, b)
    first = a.send(message)
    assert a.send(message) == first
    assert len(b.client.received()) == 1


def test_without_an_id_a_recipient_not_yet_served_gets_it(party, letter):
    a, b, c = party(), party(), party()
    message = letter(a, b, c)
    first = a.send(message, recipients=[b.code])
    assert c.client.received() == []
    second = a.send(message, recipients=[b.code, c.code])
    assert second.doc_id == first.doc_id
    assert second.receipt.statement.recipients == tuple(sorted((b.code, c.code)))
    assert len(b.client.received()) == len(c.client.received()) == 1


def test_without_an_id_a_recipient_that_failed_is_served_again(party, letter):
    a, b = party(), party()
    message = letter(a, b)
    a.send(message)
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.FAIL, description="unreadable")
    assert b.client.received() == []
    a.send(message)
    assert [item.doc_id for item in b.client.received()] == [waiting.doc_id]


def test_an_id_used_for_another_message_is_refused(party, letter):
    a, b = party(), party()
    a.send(letter(a, b), message_id="m-1")
    with pytest.raises(Refused, match="m-1"):
        a.send(letter(a, b, number=2), message_id="m-1")
    assert len(b.client.received()) == 1


def test_ids_of_different_senders_do_not_meet(party, letter):
    a, b, c = party(), party(), party()
    assert a.send(letter(a, c), message_id="1").doc_id != b.send(letter(b, c), message_id="1").doc_id


@pytest.mark.slow
@pytest.mark.parametrize("message_id", ["", "m-1"])
def test_sixteen_at_once_make_one_delivery(party, letter, message_id: str):
    a, b = party(), party()
    message = letter(a, b)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(a.send(message, message_id=message_id)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 16
    assert all(answer == answers[0] for answer in answers)
    assert len(b.client.received()) == 1


@pytest.fixture
def own_hub(database_url: str, tmp_path: Path) -> Iterator[HubProcess]:
    """An axis that a test may kill."""
    process = HubProcess(database_url, tmp_path / "hub")
    process.start()
    for name in ("A", "B"):
        with process.add_system(name, "s") as client:
            client.register_agency(f"H01.{name}", name, mail="a@b.vn")
    yield process
    process.stop()


@pytest.mark.fault
def test_killed_between_commit_and_answer(own_hub: HubProcess):
    """The sender never hears that his message was stored; he sends again, and it is there once."""
    message = document(
        sender=replace(document().sender, organ_id="H01.A"),
        recipients=[replace(document().sender, organ_id="H01.B")],
    )
    out = BytesIO()
    digest = build(message, out)
    a, b = own_hub.client("A", "s"), own_hub.client("B", "s")

    def send():
        out.seek(0)
        return a.send(out, digest, kind=message.kind, sender="H01.A", message_id="m-1")

    with psycopg.connect(own_hub.database, autocommit=True) as database:
        # Kills as soon as the commit can be seen from outside, most often before the answer is written.
        killer = threading.Thread(target=_kill_when_stored, args=(own_hub, database))
        killer.start()
        answered = None
        for _ in range(400):
            try:
                answered = send()
            except Unavailable:
                break
        killer.join()
    own_hub.start()
    again = send()
    assert answered is None or again == answered
    assert len(b.received()) == 1
    assert a.sent(again.doc_id)[0].state is Delivery.INITIAL
    a.close()
    b.close()


def _kill_when_stored(hub: HubProcess, database: psycopg.Connection) -> None:
    for _ in range(10_000):
        if database.execute("SELECT 1 FROM packet").fetchone():
            break
    hub.stop(signal.SIGKILL)


@pytest.mark.fault
def test_what_was_accepted_survives_a_kill_and_sigterm_ends_cleanly(own_hub: HubProcess, tmp_path):
    message = document(
        sender=replace(document().sender, organ_id="H01.A"),
        recipients=[replace(document().sender, organ_id="H01.B")],
    )
    out = BytesIO()
    digest = build(message, out)
    out.seek(0)
    with own_hub.client("A", "s") as a, own_hub.client("B", "s") as b:
        a.send(out, digest, kind=message.kind, sender="H01.A")
        own_hub.stop(signal.SIGKILL)
        with pytest.raises(Unavailable):
            b.received()
        own_hub.start()
        [waiting] = b.received()
        assert b.download(waiting.doc_id, tmp_path / "got") == digest
    assert own_hub.stop(signal.SIGTERM) == 0
