"""Any message survives the wire; any bytes whatever are read or refused, never anything else.

EDXML_FUZZ_SECONDS (1 in the usual run) is how long bytes are damaged at random; EDXML_FUZZ_SEED repeats a run.
"""

import os
import random
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.errors import Unreadable
from exchange.limits import Limits
from exchange.model import (
    Business,
    BusinessKind,
    Changes,
    Code,
    DocumentMessage,
    DocumentType,
    Organization,
    OtherInfo,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    StatusCode,
    StatusMessage,
    TraceHeader,
)
from exchange.parse import parse, read_header, salvage
from exchange.testing import attachment, damaged, document, packet, status

#: what XML holds and a sender may write; carriage returns are made line feeds by every XML reader (XML 1.0, 2.11)
_CHARACTERS = st.characters(
    codec="utf-8",
    exclude_characters="\r",
    exclude_categories=("Cc", "Cs", "Cn"),
    include_characters="\t\n<&>\"']",
)
texts = st.text(_CHARACTERS, max_size=30).map(lambda text: unicodedata.normalize("NFC", text).strip())
words = texts.filter(bool)
days = st.dates(date(1945, 9, 2), date(2100, 1, 1))
moments = st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))
counts = st.none() | st.integers(0, 10_000)
staffs = st.builds(Staff, *[texts] * 6).filter(lambda staff: staff != Staff())
organizations = st.builds(Organization, words, *[texts] * 7)
answers = st.builds(ResponseFor, words, texts, texts, st.none() | days)
businesses = st.builds(
    Business,
    kind=st.sampled_from(BusinessKind), reason=texts, document_id=texts, paper=st.none() | st.booleans(),
    changes=st.none() | st.builds(
        Changes, st.booleans(), st.booleans(),
        st.lists(st.builds(ReceiverChange, words, st.booleans()), max_size=2).map(tuple),
    ),
    replaces=st.lists(st.builds(Replacement, words, st.lists(words, max_size=2).map(tuple)), max_size=2).map(tuple),
    staff=st.none() | staffs,
)  # fmt: skip
documents = st.builds(
    DocumentMessage,
    sender=organizations, recipients=st.lists(organizations, min_size=1, max_size=3).map(tuple),
    code=st.builds(Code, words, texts), promulgated_on=st.none() | days, subject=words, document_id=texts,
    place=texts, content=texts, due_on=st.none() | days, to_places=st.lists(words, max_size=2).map(tuple),
    document_type=st.none() | st.builds(DocumentType, words, counts, counts),
    signer=st.none() | st.builds(Signer, words, texts, texts),
    other=st.builds(
        OtherInfo, counts, texts, texts, counts, counts, texts, texts, st.none() | st.booleans(),
        st.lists(words, max_size=2).map(tuple),
    ),
    response_for=st.lists(answers, max_size=2).map(tuple), steering=st.integers(0, 2),
    task_codes=st.lists(words, max_size=2).map(tuple), application=texts, business=businesses,
    trace=st.lists(st.builds(TraceHeader, words.filter(lambda name: name != "null"), st.none() | moments),
                   max_size=2).map(tuple),
)  # fmt: skip
statuses = st.builds(
    StatusMessage, organizations, answers, st.sampled_from([code.value for code in StatusCode]),
    st.none() | moments, texts, st.none() | staffs,
)  # fmt: skip
usual = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@usual
@given(documents)
@pytest.mark.slow
def test_any_document_survives_the_wire(message: DocumentMessage):
    assert read_header(BytesIO(packet(message))).message == message


@pytest.mark.slow
@usual
@given(statuses)
def test_any_status_survives_the_wire(message: StatusMessage):
    assert read_header(BytesIO(packet(message))).message == message


@usual
@given(content=st.binary(max_size=4000), name=st.sampled_from(["a.pdf", "b.xlsx", "c.zip", "d.docx", "e"]))
def test_any_file_arrives_as_it_was(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str):
    folder = tmp_path_factory.mktemp("file")
    (folder / "in").mkdir()
    sent = document(attachments=[attachment(folder / "in", name, content)])
    (found,) = parse(BytesIO(packet(sent)), folder / "out").message.attachments
    assert (found.content.read_bytes(), found.size) == (content, len(content))


def _harm(chance: random.Random, whole: bytes) -> bytes:
    """The packet with a few mistakes: bytes changed, cut out, doubled, or markup put where none belongs."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) or 1)
        to = min(len(data), at + chance.choice((1, 7, 300)))
        match chance.randrange(5):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at:to]
            case 2:
                data[at:at] = data[at:to]
            case 3:
                data[at:at] = chance.choice(
                    (b"<!DOCTYPE x>", b"&x;", b"]]>", b"\0", b"<a>" * 40, b"<!--", b"PK\3\4")
                )
            case _:
                data = data[: max(1, at)]
    return bytes(data)


@pytest.mark.slow
def test_damaged_bytes_are_read_or_refused_and_never_cost_more_than_the_limits(tmp_path: Path):
    seed = int(os.environ.get("EDXML_FUZZ_SEED", "") or random.SystemRandom().randrange(2**32))
    print(f"EDXML_FUZZ_SEED={seed}")
    chance = random.Random(seed)
    (tmp_path / "in").mkdir()
    files = [attachment(tmp_path / "in"), attachment(tmp_path / "in", "b.xlsx", b"x" * 3000)]
    whole = [packet(document(attachments=files)), packet(status(document()))]
    limits = Limits(
        packet=1 << 20, attachment=1 << 16, attachments=1 << 17, text=1 << 16, elements=500, depth=20
    )
    ends = time.monotonic() + float(os.environ.get("EDXML_FUZZ_SECONDS", "1"))
    read = refused = 0
    while time.monotonic() < ends:
        data = _harm(chance, chance.choice(whole))
        out = tmp_path / "out"
        try:
            parse(BytesIO(data), out, limits=limits)
            read += 1
        except Unreadable:
            salvage(BytesIO(data), limits=limits)
            refused += 1
        kept = sum(path.stat().st_size for path in out.glob("*")) if out.exists() else 0
        assert kept <= 2 * limits.attachments, seed
    assert read, "some harm is harmless"
    assert refused, "some is not"


def test_the_header_of_a_damaged_message_is_saved(tmp_path: Path):
    whole = packet(document(attachments=[attachment(tmp_path)]))
    assert salvage(BytesIO(damaged(whole))) == replace(document(), attachments=_listed(whole))
    cut = whole.index(b"AttachmentEncoded") + 100
    assert salvage(BytesIO(whole[:cut])) is not None
    assert salvage(BytesIO(whole[: whole.index(b"</edXML:MessageHeader>")])) is None
    assert salvage(BytesIO(b"no packet")) is None


def _listed(whole: bytes) -> tuple:
    return read_header(BytesIO(whole)).message.attachments
