"""What a message says does not depend on the pieces in which its bytes arrive, nor on who reads them.

One byte at a time every tag is begun in an earlier piece, so that expat alone reads all of it; in one piece the text of
attachments goes past it.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.errors import Unreadable
from exchange.reader import Node, Reader

_TAG = b"<ContentTransferEncoded>"
_END = b"</ContentTransferEncoded>"
FRAGMENTS = (
    _TAG, _END, _TAG.lower(), b"<e:ContentTransferEncoded x='>'>", b"</e:ContentTransferEncoded>",
    b"<ContentTransferEncoded y='contenttransferencoded>' >", b"<ContentTransferEncoded/>",
    b"<!-- contenttransferencoded> -->", b"<!--", b"-->", b"<![CDATA[QUJD]]>", b"<![CDATA[", b"]]>", b"&#13;", b"&amp;",
    b"QUJDREVG", b"Zm9v\r\nYmFy\n", b"QQ==", b" \t ", b"\x00", b"\x0b", "ngày".encode(), b"<a>", b"</a>",
    b"contenttransferencoded>", b"x>y", b"<?pi contenttransferencoded>?>",
)  # fmt: skip


class _Kept:
    def __init__(self, into: list[bytes]) -> None:
        self.into = into
        into.append(b"")

    def feed(self, text: bytes) -> None:
        self.into[-1] += text

    def close(self) -> None:
        self.into[-1] += b"|"


def read(pieces: list[bytes], *, decode: bool) -> tuple[list[tuple[str, str]], list[bytes]] | str:
    """Elements with their text and attachments without white space; the kind of fault instead."""
    kept: list[bytes] = []
    reader = Reader((lambda: _Kept(kept)) if decode else None)
    try:
        for piece in pieces:
            reader.feed(piece)
        root = reader.close()
    except Unreadable as error:
        return type(error).__name__
    return [(node.name, node.text) for node in root.walk()], [b"".join(text.split()) for text in kept]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.booleans(), st.data())
@settings(max_examples=400, deadline=None)
def test_the_same_is_read_whatever_the_pieces(fragments: list[bytes], decode: bool, data):
    wire = b"<root>" + b"".join(fragments) + b"</root>"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(wire)), max_size=4)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    alone = read([wire[at : at + 1] for at in range(len(wire))], decode=decode)
    assert read([wire], decode=decode) == alone
    assert read(pieces, decode=decode) == alone


@pytest.mark.parametrize(
    "inside",
    [b"QUJD", b"QU\r\nJD", b"QU<!-- contenttransferencoded> -->JD", b"QU&#13;\nJD", b"<![CDATA[QUJD]]>"],
)
def test_an_attachment_is_read_however_it_is_written(inside: bytes):
    wire = b"<a><ContentTransferEncoded x='1'>" + inside + _END + b"<b>after</b></a>"
    elements, attachments = read([wire], decode=True)
    assert attachments == [b"QUJD|"]
    assert elements[-1] == ("b", "after")


def test_a_fault_after_an_attachment_is_told_with_its_line():
    reader = Reader()
    with pytest.raises(Unreadable, match="line 5"):
        reader.feed(b"<a>\n" + _TAG + b"QUJD\nQUJD\n" + _END + b"\n</b>")


def test_text_of_an_attachment_goes_past_expat(monkeypatch):
    fed: list[bytes] = []
    parse = Reader._parse

    def watched(reader: Reader, data: bytes, *, final: bool) -> None:
        fed.append(data)
        parse(reader, data, final=final)

    monkeypatch.setattr(Reader, "_parse", watched)
    reader = Reader()
    reader.feed(b"<a>" + _TAG + b"QUJD" * 1000)
    reader.feed(b"QUJD" * 1000 + _END)
    reader.feed(b"</a>")
    assert reader.close() == Node("a", children=[Node("contenttransferencoded")])
    assert sum(map(len, fed)) < 100


@pytest.mark.parametrize(
    "hostile",
    [
        b"<edXML><ContentTransferEncoded><!-- -->"
        + b"contenttransferencoded" * 40_000
        + b"</ContentTransferEncoded></edXML>",
        b"<edXML><!--" + b"contenttransferencoded> " * 38_000 + b"--></edXML>",
        b"<edXML><!--" + b"<contenttransferencoded>" * 38_000 + b"--></edXML>",
        b"<edXML>" + b"<!--<contenttransferencoded> -->" * 20_000 + b"</edXML>",
        b"<edXML><a b='" + b"contenttransferencoded " * 38_000 + b"'/></edXML>",
    ],
)
def test_no_text_makes_reading_slow(hostile: bytes):
    """Some 0.01 s each; a search that begins anew at every word takes minutes."""
    begun = time.process_time()
    read([hostile[at : at + (1 << 18)] for at in range(0, len(hostile), 1 << 18)], decode=False)
    assert time.process_time() - begun < 2
