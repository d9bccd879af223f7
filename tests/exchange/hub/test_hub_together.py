"""Small messages, several in one call: each is answered for itself, and none stands for another."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import psycopg
import pytest

from exchange.answers import Sent
from exchange.build import Digest
from exchange.client import AxisClient, _sizes
from exchange.errors import Refused, Unavailable
from exchange.model import MessageKind
from exchange.testing import HubProcess, attachment
from exchange.together import MOST, SMALL, Joined, Outgoing, parted
from tests.exchange.conftest import Party, packet
from tests.exchange.hub.test_hub_transfer import answer

Letters = Callable[..., list[Outgoing]]


@pytest.fixture
def letters(letter: Callable[..., object], tmp_path: Path) -> Letters:
    """So many messages with an attachment each, from one party to the other."""

    def make(sender: Party, to: Party, count: int, size: int = 2000) -> list[Outgoing]:
        made = []
        for number in range(count):
            files = [attachment(tmp_path, content=os.urandom(size))]
            content, digest = packet(letter(sender, to, attachments=files))
            made.append(
                Outgoing(
                    BytesIO(content), digest, MessageKind.DOCUMENT, sender.code, f"{sender.code}-{number}"
                )
            )
        return made

    return make


def _bytes(one: Outgoing) -> bytes:
    one.packet.seek(0)
    return one.packet.read()


def _fetched(client: AxisClient, ids: list[str]) -> list[tuple[bytes, str]]:
    with client.fetch_all(ids) as parts:
        return [(b"".join(coming), said) for coming, said in parts]


def test_messages_sent_together_are_taken_each_with_its_own_receipt(
    party: Callable[..., Party], letters: Letters
) -> None:
    a, b = party(), party()
    sent = letters(a, b, 5)
    answers = a.client.send_all(sent)
    assert all(isinstance(one, Sent) and one.receipt for one in answers)
    proven = [one.receipt.statement for one in answers if isinstance(one, Sent) and one.receipt]
    assert [one.sha256 for one in proven] == [one.digest.sha256 for one in sent]
    assert [one.message_id for one in proven] == [one.message_id for one in sent]
    waiting = {one.message_id: one for one in b.client.received()}
    assert waiting.keys() == {one.message_id for one in sent}
    came = _fetched(b.client, [waiting[one.message_id].doc_id for one in sent])
    assert came == [(_bytes(one), one.digest.sha256) for one in sent]


def test_sent_together_again_the_first_receipts_come_back(
    party: Callable[..., Party], letters: Letters
) -> None:
    a, b = party(), party()
    sent = letters(a, b, 4)
    [first] = a.client.send_all(sent[:1])
    for one in sent:
        one.packet.seek(0)
    again = a.client.send_all(sent)
    assert again[0] == first
    for one in sent:
        one.packet.seek(0)
    assert a.client.send_all(sent) == again
    assert len(b.client.received()) == 4


def test_one_that_is_refused_keeps_no_other_from_being_taken(
    party: Callable[..., Party], letters: Letters
) -> None:
    a, b = party(), party()
    good, changed, rubbish, used, last = letters(a, b, 5)
    changed = replace(changed, packet=BytesIO(_bytes(changed).swapcase()))
    nonsense = b"<html>" + b"x" * 3000
    rubbish = replace(
        rubbish,
        packet=BytesIO(nonsense),
        digest=Digest(hashlib.sha256(nonsense).hexdigest(), len(nonsense)),
    )
    used = replace(used, message_id=good.message_id)
    answers = a.client.send_all([good, changed, rubbish, used, last])
    kinds = [type(one) for one in answers]
    assert kinds == [Sent, Refused, Refused, Refused, Sent]
    codes = [one.code for one in answers if isinstance(one, Refused)]
    assert codes == ["10", "10", "10"]
    assert {one.message_id for one in b.client.received()} == {good.message_id, last.message_id}


def test_a_body_that_ends_early_loses_only_what_is_missing(
    hub: HubProcess, party: Callable[..., Party], letters: Letters
) -> None:
    a, b = party(), party()
    sent = letters(a, b, 3)
    body = b"".join(_bytes(one) for one in sent)[:-100]
    said = json.dumps([one.described for one in sent])
    told = answer(hub, a.client.system_id, "sendEdocs", body, packets=said, calls="3")
    assert [one["ErrorCode"] for one in told["data"]] == ["0", "0", "10"]
    assert len(b.client.received()) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"calls": "2"},
        {"calls": "0"},
        {"calls": str(MOST + 1)},
        {"calls": "drei"},
        {"packets": "{}"},
        {"packets": "[1]"},
        {"packets": '[{"message-id": "x", "hash-file": "00", "size": "-1"}]'},
        {"packets": f'[{{"message-id": "x", "hash-file": "00", "size": "{SMALL + 1}"}}]'},
        {"packets": '[{"hash-file": "00", "size": "1"}]'},
        {"packets": "[" * 100_000},
        {"calls": "9" * 5000},
        {"packets": '[{"message-id": "x", "hash-file": "00", "size": "%s"}]' % ("9" * 5000)},
        {"packets": '[{"message-id": "\\ud800", "hash-file": "00", "size": "1"}]'},
        {"packets": '[{"message-id": "a\\u0000", "hash-file": "00", "size": "1"}]'},
        {"packets": '[{"message-id": null, "hash-file": "00", "size": "1"}]'},
        {"packets": '[{"message-id": "%s", "hash-file": "00", "size": "1"}]' % ("x" * 300)},
    ],
)
def test_a_call_for_several_that_does_not_say_what_it_brings_is_refused(
    hub: HubProcess, party: Callable[..., Party], letters: Letters, changed: dict[str, str]
) -> None:
    a, b = party(), party()
    [one] = letters(a, b, 1)
    said = {"packets": json.dumps([one.described]), "calls": "1"} | changed
    assert answer(hub, a.client.system_id, "sendEdocs", _bytes(one), **said)["ErrorCode"] == "21"
    assert b.client.received() == []


def test_together_only_ones_own_messages_are_handed_out(
    party: Callable[..., Party], letters: Letters
) -> None:
    a, b, other = party(), party(), party()
    a.client.send_all(letters(a, b, 2))
    ids = [one.doc_id for one in b.client.received()]
    with pytest.raises(Refused):
        _fetched(other.client, ids)
    with pytest.raises(Refused):
        _fetched(b.client, [*ids, "0" * 24])
    assert not b.client.together, "it is spared what it refused, for a while"


def test_a_large_message_is_handed_out_in_a_call_of_its_own(
    party: Callable[..., Party], letters: Letters
) -> None:
    a, b = party(), party()
    [large] = letters(a, b, 1, SMALL)
    a.client.send_all([large])
    [waiting] = b.client.received()
    with pytest.raises(Refused):
        _fetched(b.client, [waiting.doc_id])
    with b.client.open(waiting.doc_id) as stream:
        assert stream.read() == _bytes(large)


def test_an_axis_that_takes_one_message_at_a_time_is_told_one_by_one(
    party: Callable[..., Party], letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = party(), party()
    sent, asked = letters(a, b, 3), []
    whole = AxisClient._post

    def other_axis(self: AxisClient, operation: str, *rest: object) -> object:
        asked.append(operation)
        return whole(self, "unknownHere" if operation == "sendEdocs" else operation, *rest)

    monkeypatch.setattr(AxisClient, "_post", other_axis)
    assert all(isinstance(one, Sent) for one in a.client.send_all(sent))
    for one in sent:
        one.packet.seek(0)
    assert all(isinstance(one, Sent) for one in a.client.send_all(sent))
    assert asked == ["sendEdocs", *["sendEdoc"] * 6], "asked once, and not again at once"


def test_an_axis_that_is_away_says_nothing_of_any(letters: Letters, party: Callable[..., Party]) -> None:
    a, b = party(), party()
    with AxisClient("http://127.0.0.1:9", "H01", "x") as nowhere, pytest.raises(Unavailable):
        nowhere.send_all(letters(a, b, 2))


def test_the_parts_of_a_stream_are_its_bytes_wherever_it_is_cut() -> None:
    data = os.urandom(1000)
    for step in (1, 7, 300, 1000):
        pieces = (data[at : at + step] for at in range(0, 1000, step))
        assert [b"".join(part) for part in parted(pieces, [0, 1, 499, 500])] == [
            b"", data[:1], data[1:500], data[500:],
        ]  # fmt: skip
    assert [b"".join(part) for part in parted(iter([b"abc"]), [2, 5])] == [b"ab", b"c"], "cut short"


def test_files_one_behind_the_other_are_read_again_from_where_they_stood() -> None:
    files = [BytesIO(b"xxabc"), BytesIO(b""), BytesIO(b"defg")]
    files[0].seek(2)
    joined = Joined([(files[0], 3), (files[1], 0), (files[2], 4)])
    assert b"".join(iter(lambda: joined.read(2), b"")) == b"abcdefg"
    joined.seek(0)
    assert b"".join(iter(lambda: joined.read(100), b"")) == b"abcdefg"
    short = Joined([(BytesIO(b"ab"), 3), (BytesIO(b"cd"), 2)])
    with pytest.raises(OSError, match="shorter"):
        b"".join(iter(lambda: short.read(100), b""))


@pytest.mark.parametrize("ids", ['["\\ud800"]', '["\\u0000"]', "[7]", "[null]"])
def test_ids_that_no_message_has_are_refused(hub: HubProcess, party: Callable[..., Party], ids: str) -> None:
    a = party()
    told = answer(hub, a.client.system_id, "downloadEdocs", docIds=ids, calls="1")
    assert told["ErrorCode"] == "21"


@pytest.mark.parametrize(
    "said", ["[]", "{}", "[[1]]", '[["x", "y"]]', "nonsense", '[[1, "a"], [2, "b"], [3, "c"]]']
)
def test_an_answer_that_does_not_say_what_it_holds_is_none(said: str) -> None:
    with pytest.raises(Refused):
        _sizes(said, 2)


@pytest.mark.slow
def test_of_a_bunch_over_the_quota_nothing_is_taken_and_all_of_it_later(
    party: Callable[..., Party], letters: Letters, hub_database: str
) -> None:
    rude, to = party(), party()
    bunches = [
        [replace(one, message_id=f"{one.message_id}-{turn}") for one in letters(rude, to, 8)]
        for turn in range(4)
    ]
    with psycopg.connect(hub_database, autocommit=True) as database:
        database.execute("UPDATE system SET quota = 8 WHERE id = %s", (rude.client.system_id,))
    time.sleep(1.1)
    with pytest.raises(Unavailable) as told:
        for taken, bunch in enumerate(bunches):  # noqa: B007 - how far it came is asked below
            assert all(isinstance(one, Sent) for one in rude.client.send_all(bunch))
    assert told.value.retry_after >= 1
    assert taken in (2, 3)
    assert len(to.client.received(limit=100)) == 8 * taken, "whole bunches and nothing of the next"
    time.sleep(2.5)
    for one in bunches[taken]:
        one.packet.seek(0)
    assert all(isinstance(one, Sent) for one in rude.client.send_all(bunches[taken]))
    assert rude.client.together, "it was no refusal of sending together"
