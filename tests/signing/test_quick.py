"""The quicker ways give what pyHanko and asn1crypto give."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils import generic, xref
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import quick
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.forging import own_trust, signed_by_hand
from tests.signing.test_attacks import SAMPLES

STRINGS = [
    b"<>", b"<00>", b"<0>", b"<30820a>", b"<30820A0>x", b"<30 82\n0a>", b"<30%c\n82>", b"<30zz>", b"<30", b"<",
    b"<feff00410042>", b"<" + b"ab" * 8192 + b">/Next", b"<" + b"00" * 40_000 + b">", b"<48656c6c6f> >>",
]  # fmt: skip


def outcome(read: Callable[[Any], Any], data: bytes) -> tuple[object, ...]:
    stream = io.BytesIO(data)
    try:
        found = read(stream)
    except Exception as error:
        return type(error), str(error)
    return type(found), found, found.original_bytes, stream.tell()


@pytest.mark.parametrize("data", STRINGS)
def test_a_hexadecimal_string_reads_the_same(data: bytes) -> None:
    slow = outcome(generic.read_hex_string_from_stream, data)
    with quick.quicker():
        assert generic.read_hex_string_from_stream is quick._hex_string
        assert outcome(generic.read_hex_string_from_stream, data) == slow
    assert generic.read_hex_string_from_stream is not quick._hex_string


@pytest.mark.parametrize(
    "data", [b"Type", b"A#20B", b"A#2", b"A#zz", b"", b"\xc3\xa9", b"#C3#A9", b"a b", b"x/y"]
)
def test_a_name_reads_and_is_written_the_same(data: bytes) -> None:
    def both() -> tuple[object, ...]:
        stream = io.BytesIO()
        try:
            found = generic._decode_name(data)
            found.write_to_stream(stream, None)
        except Exception as error:
            return type(error), str(error)
        return type(found), found, stream.getvalue()

    slow = both()
    with quick.quicker():
        assert both() == slow
        assert both() == slow


NAMES = [
    {"common_name": "Nguyễn Văn Thiện", "country_name": "VN"},
    {"country_name": "VN", "common_name": "Nguyễn Văn Thiện"},
    {"common_name": "nguyễn  văn thiện ", "country_name": "vn"},
    {"common_name": "Nguyễn Văn Thiên", "country_name": "VN"},
    {"common_name": "Nguyễn Văn Thiện"},
]


def test_names_compare_the_same() -> None:
    names = [x509.Name.build(parts) for parts in NAMES]
    names += [x509.Name.load(name.dump()) for name in names]
    # as in an issuer and serial number: tagged
    names += [x509.GeneralName("directory_name", name).chosen for name in names[:5]]
    slow = [[one == other for other in names] for one in names]
    keys = [name.hashable for name in names]
    with quick.quicker():
        assert [[one == other for other in names] for one in names] == slow
        assert [name.hashable for name in names] == keys
        assert names[0] != "Nguyễn Văn Thiện"
    assert any(map(all, zip(*slow, strict=True))) is False


TOKENS = [
    b"Type/Next",
    b"12 0 R",
    b"",
    b" x",
    b"abc",
    b"a" * 80 + b" ",
    b"0 0 R ",
    b"7  0 R>",
    b"7 0 n",
    b"9 65536 R\n",
]


@pytest.mark.parametrize("data", TOKENS)
def test_tokens_and_references_read_the_same(data: bytes) -> None:
    container = generic.TrailerReference(object())

    def read() -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        ways: tuple[Callable[[Any], Any], ...] = (
            vars(generic)["read_until_delimiter"],
            lambda stream: generic.IndirectObject.read_from_stream(stream, container),
        )
        for way in ways:
            stream = io.BytesIO(data)
            try:
                found.append((way(stream), stream.tell()))
            except Exception as error:
                found.append((type(error), str(error)))
        return found

    slow = read()
    with quick.quicker():
        assert read() == slow


TABLES = [
    b"0 3\n0000000000 65535 f \n0000000017 00000 n \n0000000081 00007 n \ntrailer\n<<>>",
    b"0 1\n0000000000 65535 f \n4 2\n0000000009 00000 n \n0000000000 00003 f \ntrailer <<>>",
    b"1 1\n0000000017 70000 n \ntrailer\n<<>>",
    b"1 2\n0000000017 00000 n \n0000000018 00000 x \ntrailer\n<<>>",
    b"1 1\n17 0 n\ntrailer\n<<>>",
    b"0 0\ntrailer\n<<>>",
]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("table", TABLES)
def test_a_cross_reference_table_reads_the_same(table: bytes, strict: bool) -> None:
    def read() -> tuple[object, ...]:
        stream, section = io.BytesIO(table), xref.XRefSectionData()
        try:
            highest = section.process_entries(xref.parse_xref_table(stream, strict), strict)
        except Exception as error:
            return type(error), str(error)
        return (
            highest,
            section.standard_xrefs,
            section.freed,
            section.explicit_refs_in_revision,
            stream.tell(),
        )

    slow = read()
    with quick.quicker():
        assert read() == slow


def test_a_coroutine_that_waits_is_not_finished_at_once() -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    async def does_not() -> int:
        return 1

    assert quick.at_once(does_not()) == 1
    with pytest.raises(RuntimeError):
        quick.at_once(waits())


def test_within_one_another_they_end_with_the_last() -> None:
    with quick.quicker():
        with quick.quicker():
            pass
        assert generic.read_hex_string_from_stream is quick._hex_string
    assert generic.read_hex_string_from_stream is quick._slow_hex


@pytest.mark.parametrize("name", SAMPLES)
def test_attack_files_get_the_same_report(
    name: str, attack: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = attack(name).read_bytes()
    trust, at = own_trust(data)
    report = verify_pdf(io.BytesIO(data), trust, at=at)
    monkeypatch.setattr(quick, "_supported", False)
    assert verify_pdf(io.BytesIO(data), trust, at=at) == report


def ways(data: bytes) -> list[object]:
    """Every path to every object of every revision, as pyHanko's analysis asks for them; or why there are none."""
    found: list[object] = []
    try:
        reader = PdfFileReader(io.BytesIO(data))
        for revision in range(reader.xrefs.total_revisions):
            resolver: Any = reader.get_historical_resolver(revision)
            resolver._load_reverse_xref_cache()
            wanted = {
                one for old in range(revision + 1) for one in reader.xrefs.explicit_refs_in_revision(old)
            }
            found.append({one: resolver._get_usages_of_ref(one) for one in wanted})
    except Exception as error:
        found.append((type(error), str(error)))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_the_ways_to_an_object_are_the_same(name: str, attack: Callable[[str], Path]) -> None:
    data = attack(name).read_bytes()
    slow = ways(data)
    with quick.quicker():
        assert ways(data) == slow


def test_the_ways_to_an_object_of_a_tagged_file_with_three_signatures_are_the_same(
    chain: list[bytes],
) -> None:
    slow = ways(chain[2])
    assert len(slow) == 4
    with quick.quicker():
        assert ways(chain[2]) == slow


@pytest.mark.slow
def test_honest_files_get_the_same_report(
    chain: list[bytes], leader: Any, trust: TrustStore, now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [*chain, signed_by_hand(leader), chain[2][:-2000], chain[1].replace(b"%PDF-1.7", b"%PDF-1.6")]
    reports = [verify_pdf(io.BytesIO(data), trust, at=now) for data in files]
    monkeypatch.setattr(quick, "_supported", False)
    assert [verify_pdf(io.BytesIO(data), trust, at=now) for data in files] == reports


def test_a_signatures_certificates_are_found_the_same_and_read_once_for_all_files(leader: Any) -> None:
    data = signed_by_hand(leader)

    def found() -> tuple[Any, list[bytes]]:
        embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures[0]
        return embedded.signer_cert, [one.dump() for one in embedded.other_embedded_certs]

    slow, others = found()
    with quick.quicker():
        first, second = found(), found()
    assert (first[0].dump(), first[1]) == (slow.dump(), others)
    assert first[0] is second[0], "known from the file before"


def test_what_waits_for_nothing_needs_no_loop_and_what_waits_is_begun_anew_in_one() -> None:
    begun = []

    async def waiting(seconds: float | None) -> str:
        begun.append(seconds)
        if seconds is not None:
            await asyncio.sleep(seconds)
        return "done"

    assert quick.finished(lambda: waiting(None)) == "done"
    assert quick.finished(lambda: waiting(0)) == "done"
    assert begun == [None, 0, 0]
