"""From sender to receiver over real HTTP and a real database."""

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from exchange.build import Digest, build
from exchange.errors import Refused
from exchange.model import DocumentMessage, MessageKind, OtherInfo
from exchange.parse import parse, read_header
from exchange.receipts import Event
from exchange.testing import SMALL_PDF, status
from exchange.vxp import Delivery


def named(party, code: str):
    """The same party under another agency code."""
    return replace(party, organization=replace(party.organization, organ_id=code))


def test_a_document_reaches_its_recipient_with_the_bytes_that_were_sent(party, letter, tmp_path: Path):
    a, b = party(), party()
    message = letter(a, b)
    sent = a.send(message, message_id="m-1")
    [waiting] = b.client.received()
    assert (waiting.sender, waiting.recipients, waiting.message_id) == (a.code, (b.code,), "m-1")
    digest = b.client.download(waiting.doc_id, tmp_path / "got", waiting.sha256)
    assert digest == build(message, BytesIO())
    assert sent.receipt.statement.sha256 == digest.sha256
    with (tmp_path / "got").open("rb") as file:
        parsed = parse(file, tmp_path / "files").message
    assert parsed.attachments[0].sha256 == hashlib.sha256(SMALL_PDF).hexdigest()
    b.client.confirm(waiting.doc_id, Delivery.DONE, sha256=digest.sha256)
    assert b.client.received() == []


@pytest.mark.slow
def test_the_sender_sees_what_became_of_it_at_each_recipient(party, letter):
    a, b, c = party(), party(), party()
    sent = a.send(letter(a, b, c))
    assert {p.state for p in a.client.sent(sent.doc_id)} == {Delivery.INITIAL}
    [waiting] = b.client.received()
    b.read(waiting.doc_id)
    b.client.confirm(waiting.doc_id, Delivery.DONE)
    seen = {p.recipient: p for p in a.client.sent(sent.doc_id)}
    assert seen[b.code].state is Delivery.DONE
    assert seen[b.code].fetched_at
    assert seen[b.code].receipt.statement.event is Event.DELIVERED
    assert seen[b.code].receipt.statement.recipients == (b.code,), "names no other recipient"
    assert (seen[c.code].state, seen[c.code].fetched_at, seen[c.code].receipt) == (Delivery.INITIAL, "", None)


def test_a_status_goes_to_the_agency_it_responds_to(party, letter):
    a, b = party(), party()
    about = letter(a, b)
    b.send(status(about))
    assert a.client.received() == []
    [waiting] = a.client.received(MessageKind.STATUS)
    assert a.client.count(MessageKind.STATUS) == 1
    assert read_header(BytesIO(a.read(waiting.doc_id))).message == status(about)


@pytest.mark.slow
def test_nobody_is_told_that_a_status_came_and_its_sender_that_one_did_not(party, letter):
    a, b = party(), party()
    about = letter(a, b)
    good, bad = b.send(status(about), message_id="s-1"), b.send(status(about, "03"), message_id="s-2")
    for waiting in a.client.received(MessageKind.STATUS):
        came = waiting.message_id == "s-1"
        a.client.confirm(waiting.doc_id, Delivery.DONE if came else Delivery.FAIL, description="hỏng")
    [told] = b.client.endings()
    assert (told.message_id, told.progress.state) == ("s-2", Delivery.FAIL)
    [proven] = b.client.sent(good.doc_id, MessageKind.STATUS)
    assert proven.receipt.statement.event is Event.DELIVERED, "who asks has the proof"
    assert bad.receipt.statement.event is Event.ACCEPTED


@pytest.mark.slow
def test_who_waits_for_documents_hears_of_them_and_who_waits_for_statuses_of_those(party, letter):
    a, b = party(), party()
    about = letter(a, b)
    with ThreadPoolExecutor(2) as waiting:
        documents = waiting.submit(b.client.received, MessageKind.DOCUMENT, wait=20)
        statuses = waiting.submit(a.client.received, MessageKind.STATUS, wait=20)
        time.sleep(0.3)  # the axis tells nobody who waits; too early, both would be answered all the same
        begun = time.monotonic()
        a.send(about)
        assert len(documents.result()) == 1
        assert not statuses.done()
        b.send(status(about))
        assert len(statuses.result()) == 1
        assert time.monotonic() - begun < 10, "told at once, not when the wait is over"


def test_one_system_with_several_addressed_agencies_gets_one_message(party, letter):
    a, b = party(), party()
    second = b.code + ".1"
    b.client.register_agency(second, "Phòng trực thuộc", mail="x@example.vn")
    sent = a.send(letter(a, b, named(b, second)))
    [waiting] = b.client.received()
    assert waiting.recipients == (b.code, second)
    b.client.confirm(waiting.doc_id, Delivery.DONE)
    assert {(p.recipient, p.state) for p in a.client.sent(sent.doc_id)} == {
        (b.code, Delivery.DONE),
        (second, Delivery.DONE),
    }


def test_urgent_messages_come_first(party, letter):
    a, b = party(), party()
    for number, priority in enumerate([0, 3, 1, 0, 4]):
        a.send(letter(a, b, number=number, other=OtherInfo(priority=priority)))
    assert [w.priority for w in b.client.received()] == [4, 3, 1, 0, 0]


def test_only_a_recipient_may_read_or_confirm(party, letter):
    a, b, c = party(), party(), party()
    sent = a.send(letter(a, b))
    [waiting] = b.client.received()
    for doc_id in (waiting.doc_id, sent.doc_id):
        with pytest.raises(Refused):
            c.read(doc_id)
        with pytest.raises(Refused):
            c.client.confirm(doc_id, Delivery.DONE)
    assert c.client.sent(sent.doc_id) == []
    assert b.client.received()


def test_an_old_code_reaches_the_agency_that_has_it(party, letter):
    a, b = party(), party(old_code="000.00.99.H99")
    a.send(letter(a, named(b, "000.00.99.H99"), b))
    [waiting] = b.client.received()
    assert waiting.recipients == (b.code,), "both codes are one agency"


@pytest.mark.parametrize("confirmed", [Delivery.DONE, Delivery.FAIL])
def test_a_confirmed_message_waits_no_longer(party, letter, confirmed: Delivery):
    a, b = party(), party()
    a.send(letter(a, b))
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.PROCESSING)
    assert b.client.received()
    b.client.confirm(waiting.doc_id, confirmed, description="x")
    b.client.confirm(waiting.doc_id, confirmed, description="x")
    assert b.client.received() == []


def test_done_cannot_be_undone(party, letter):
    a, b = party(), party()
    sent = a.send(letter(a, b))
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.DONE)
    b.client.confirm(waiting.doc_id, Delivery.FAIL)
    assert a.client.sent(sent.doc_id)[0].state is Delivery.DONE


def test_confirming_other_bytes_is_refused(party, letter):
    a, b = party(), party()
    a.send(letter(a, b))
    [waiting] = b.client.received()
    with pytest.raises(Refused, match="10"):
        b.client.confirm(waiting.doc_id, Delivery.DONE, sha256="0" * 64)
    assert b.client.received()


def test_unknown_sender_recipient_secret_and_hash_are_refused_with_their_codes(party, letter, hub):
    a, b, stranger = party(), party(), party()
    message: DocumentMessage = letter(a, b)

    def code_of(call: Callable[[], object]) -> str:
        with pytest.raises(Refused) as caught:
            call()
        return caught.value.code

    assert code_of(lambda: a.send(letter(a, named(b, "H00.NONE")))) == "18"
    assert code_of(lambda: stranger.send(message)) == "19"
    assert code_of(lambda: hub.client(a.client.system_id, "wrong").received()) == "15"
    assert code_of(lambda: hub.client("nobody", "wrong").received()) == "15"
    out = BytesIO()
    size = build(message, out).size
    out.seek(0)
    wrong = Digest("0" * 64, size)
    assert code_of(lambda: a.client.send(out, wrong, kind=message.kind, sender=a.code)) == "10"
    junk = b"<edXML><nothing/></edXML>"
    digest = Digest(hashlib.sha256(junk).hexdigest(), len(junk))
    assert code_of(lambda: a.client.send(BytesIO(junk), digest, kind=message.kind, sender=a.code)) == "22"
    assert b.client.received() == []
