"""Files made to break a reader: each ends in a verdict within 10 seconds and 500 MB."""

import io
import os
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from signing.child import inspect_in_child, verify_in_child
from signing.errors import UnreadablePdf
from signing.keys import Pkcs12Key
from signing.report import Verdict
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.forging import relisted, signed_by_hand


def plain(*objects: bytes, root: bytes = b"1 0 R") -> bytes:
    """A file of these objects, numbered from 1."""
    body = b"%PDF-1.7\n" + b"".join(
        b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1)
    )
    return relisted(body + b"xref\n0 1\ntrailer\n<</Size %d/Root %s>>" % (len(objects) + 1, root))


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]%s>>"
TREE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
FIELD = b"<</FT/Sig/T(S)/Type/Annot/Subtype/Widget/Rect[0 0 50 50]/V 5 0 R%s>>"
VALUE = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/Contents<00>/ByteRange[0 10 20 10]>>"
FORM = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>"


def bomb() -> bytes:
    """Half a gigabyte of page content in a few kilobytes, packed twice."""
    content = stream(_packed(1 << 29), b"/Filter[/FlateDecode/FlateDecode]")
    return plain(FORM, TREE, PAGE % b"/Contents 6 0 R/Annots[4 0 R]", FIELD % b"", VALUE, content)


def _packed(size: int) -> bytes:
    inner, outer = zlib.compressobj(9), zlib.compressobj(9)
    made = bytearray()
    part = b"0 0 m " * 100_000
    for _ in range(size // len(part)):
        made += outer.compress(inner.compress(part))
    return bytes(made + outer.compress(inner.flush()) + outer.flush())


def object_stream_bomb() -> bytes:
    """A cross-reference stream that unpacks to a quarter of a gigabyte."""
    packed = _packed(1 << 28)
    head = b"%PDF-1.7\n1 0 obj\n" + stream(
        packed, b"/Type/XRef/W[1 8 8]/Size 100000000/Root 2 0 R/Filter[/FlateDecode/FlateDecode]"
    )
    return head + b"\nendobj\nstartxref\n9\n%%EOF\n"


def page_loop() -> bytes:
    return plain(FORM, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>", PAGE % b"", FIELD % b"", VALUE)


def field_loop() -> bytes:
    return plain(FORM, TREE, PAGE % b"/Annots[4 0 R]", b"<</T(S)/Kids[4 0 R 4 0 R]/Parent 4 0 R>>", VALUE)


def table_loop() -> bytes:
    data = plain(FORM, TREE, PAGE % b"", FIELD % b"", VALUE)
    at = data.rindex(b"xref\n0 ")
    return data.replace(b"<</Size 6/Root 1 0 R>>", b"<</Size 6/Root 1 0 R/Prev %d>>" % at)


def form_loop() -> bytes:
    """An appearance that draws itself."""
    look = stream(b"/X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 50 50]/Resources<</XObject<</X 6 0 R>>>>")
    return plain(FORM, TREE, PAGE % b"/Annots[4 0 R]", FIELD % b"/AP<</N 6 0 R>>", VALUE, look)


def deep_array() -> bytes:
    return plain(FORM, TREE, PAGE % b"/X 6 0 R", FIELD % b"", VALUE, b"[" * 100_000 + b"]" * 100_000)


def deep_pages() -> bytes:
    nodes = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 7) for number in range(5000)]
    return plain(
        FORM, b"<</Type/Pages/Kids[6 0 R]/Count 1>>", PAGE % b"", FIELD % b"", VALUE, *nodes, PAGE % b""
    )


def hundred_thousand_objects() -> bytes:
    return plain(FORM, TREE, PAGE % b"", FIELD % b"", VALUE, *[b"<</A 6 0 R/B[7 0 R]>>"] * 100_000)


def hundred_thousand_fields() -> bytes:
    fields = b" ".join(b"%d 0 R" % number for number in range(6, 100_006))
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%s]>>>>" % fields
    return plain(form, TREE, PAGE % b"", FIELD % b"", VALUE, *[FIELD % b""] * 100_000)


def huge_page() -> bytes:
    page = (PAGE % b"/Annots[4 0 R]").replace(b"300 300", b"99999999 99999999")
    return plain(FORM, TREE, page, FIELD % b"", VALUE)


def huge_numbers() -> bytes:
    value = VALUE.replace(b"[0 10 20 10]", b"[0 99999999999999999999 -1 " + b"9" * 5000 + b"]")
    return plain(FORM, TREE, PAGE % b"", FIELD % b"", value)


def endless_table() -> bytes:
    return (
        b"%PDF-1.7\nxref\n0 9999999\n"
        + b"0000000000 00000 n \n" * 100_000
        + b"trailer\n<<>>\nstartxref\n9\n%%EOF"
    )


def many_byte_ranges() -> bytes:
    """Half a million places where a signature might stand, in a file without a table."""
    return b"%PDF-1.7\n" + b"".join(b"/ByteRange[0 9 %d 9]\n" % (20 + number) for number in range(500_000))


HEAVY: list[Callable[[], bytes]] = [
    bomb, object_stream_bomb, hundred_thousand_objects, hundred_thousand_fields, many_byte_ranges, huge_page,
]  # fmt: skip
TWISTED: list[Callable[[], bytes]] = [
    page_loop, field_loop, table_loop, form_loop, deep_array, deep_pages, huge_numbers, endless_table,
]  # fmt: skip


@contextmanager
def largest_child() -> Iterator[list[int]]:
    """Kilobytes that children started meanwhile had resident at their highest, looked at again and again.

    Not getrusage: a child's maximum begins with what the process held that started it.
    """
    held, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.01):
            for child in psutil.Process().children():
                place = Path(f"/proc/{child.pid}")
                with suppress(OSError, ValueError, IndexError):
                    # not before it is a program of its own: a fork still holds what its starter does
                    if b"multiprocessing.spawn" in (place / "cmdline").read_bytes():
                        status = (place / "status").read_text()
                        held.append(int(status.partition("VmHWM:")[2].split()[0]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()


@pytest.mark.slow
@pytest.mark.parametrize("make", HEAVY, ids=lambda make: make.__name__)
def test_a_heavy_file_ends_in_a_verdict_within_the_limits(
    make: Callable[[], bytes], tmp_path: Path, trust: TrustStore
) -> None:
    path = tmp_path / "heavy.pdf"
    path.write_bytes(make())
    begun = time.monotonic()
    with largest_child() as held:
        report = verify_in_child(path, trust)
    assert report.verdict in (Verdict.INVALID, Verdict.UNREADABLE)
    assert time.monotonic() - begun < 10
    assert 0 < max(held) < 500_000


@pytest.mark.parametrize("make", TWISTED, ids=lambda make: make.__name__)
def test_a_twisted_file_ends_in_a_verdict(make: Callable[[], bytes], trust: TrustStore) -> None:
    begun = time.monotonic()
    report = verify_pdf(io.BytesIO(make()), trust)
    assert report.verdict in (Verdict.INVALID, Verdict.UNREADABLE)
    assert time.monotonic() - begun < 10


#: pieces that mean something to a reader
TOKENS = [
    b"endobj\n", b"\n9 0 obj\n", b"stream\n", b"endstream", b"xref\n", b"trailer\n", b"%%EOF\n",
    b"startxref\n0\n", b"<<", b">>", b"[", b"]", b"(", b"/Length 9", b"/Prev 0", b"/Kids[1 0 R]",
    b"/ByteRange[0 1 2 3]", b"/Contents<00>", b"-1", b"9" * 30,
]  # fmt: skip
ROUNDS = 150


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with one to four mistakes in it."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(made)), chance.choice((1, 2, 16, 400))
        match chance.randrange(5):
            case 0:
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + size]
            case 2:
                made[at:at] = made[at : at + size]
            case 3:
                made[at:at] = chance.choice(TOKENS)
            case _:
                other = chance.randrange(len(made))
                made[at : at + size] = made[other : other + size]
    return bytes(made)


def signed_the_same(one: bytes, other: bytes) -> bool:
    """Whether all covered bytes are alike: what else the signature carries, such as its issuer's certificate, nobody
    signed and a verifier that knows the issuer does not need."""
    start = other.index(b"/Contents <")
    end = other.index(b">", start)
    return (one[:start], one[end:]) == (other[:start], other[end:])


@pytest.mark.slow
def test_no_mistake_in_a_signed_file_raises_or_is_called_valid(
    leader: Pkcs12Key, trust: TrustStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The seed is the day's, so that it is another tomorrow; FUZZ_SEED sets it."""
    seed = int(os.environ.get("FUZZ_SEED") or f"{datetime.now(UTC):%Y%m%d}")
    with capsys.disabled():
        print(f" [FUZZ_SEED={seed}]", end="")
    chance, data = random.Random(seed), signed_by_hand(leader)
    for number in range(ROUNDS):
        made = damaged(data, chance)
        begun = time.monotonic()
        report = verify_pdf(io.BytesIO(made), trust)
        assert report.verdict is not Verdict.VALID or signed_the_same(made, data), (
            f"seed {seed}, round {number}"
        )
        assert time.monotonic() - begun < 10, f"seed {seed}, round {number}"


@pytest.mark.slow
def test_a_look_at_a_heavy_file_ends_as_soon(tmp_path: Path) -> None:
    path = tmp_path / "heavy.pdf"
    path.write_bytes(hundred_thousand_fields())
    begun = time.monotonic()
    with pytest.raises(UnreadablePdf, match="no result after"):
        inspect_in_child(path, seconds=1)
    assert time.monotonic() - begun < 10
