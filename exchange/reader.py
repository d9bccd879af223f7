"""A guarded expat: the envelope becomes a small tree, attachment text goes straight to a decoder.

No namespace processing on purpose: real messages use the prefix outside the scope of its declaration,
so elements are known by local name, compared without case (spec of the wire format, robust reading).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol
from xml.parsers import expat

from exchange.errors import Forbidden, TooLarge, Unreadable
from exchange.limits import LIMITS, Limits

#: bytes of rubbish in front of `<?xml` that are passed over
_JUNK = 4096
#: what may be the start tag of an encoded element. Bounded, so that no text makes the search long; a tag that is longer
#: is read by expat alone, and so is the text after it
_ENCODED_TAG = re.compile(rb"<[^<>\s!?/]{0,60}contenttransferencoded[^<>]{0,200}>", re.IGNORECASE)
#: how often that may be no tag, but words of a comment, before nothing is parted any more: each time expat begins anew
#: with the comment
_MISTAKES = 16
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"


@cache
def _lower(names: tuple[str, ...]) -> frozenset[str]:
    """Names that elements are asked for by: those of the code, which are few."""
    return frozenset(name.lower() for name in names)


@dataclass
class Node:
    """One element: local name in lower case, its own text (NFC, trimmed), child elements."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def all(self, *names: str) -> list[Node]:
        """Children of any of these names, in document order."""
        wanted = _lower(names)
        return [child for child in self.children if child.name in wanted]

    def first(self, *names: str) -> Node | None:
        wanted = _lower(names)
        for child in self.children:
            if child.name in wanted:
                return child
        return None

    def value(self, *names: str) -> str:
        """Text of the first such child, empty when there is none."""
        found = self.first(*names)
        return found.text if found else ""

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


class Decoder(Protocol):
    """Takes the text of one encoded element; what is not ASCII comes as UTF-8."""

    def feed(self, text: bytes) -> None: ...
    def close(self) -> None: ...


class Reader:
    """Feed bytes, then `close()` for the root. Raises Unreadable and its kinds from either.

    `decoder`: called for each encoded element; without one their text is dropped unread.

    Base64 goes past expat, which would look at each of its bytes several times and count its lines. Only what cannot
    be anything else does: text of the alphabet of base64 that begins where a start tag surely ends. Everything else
    inside an encoded element, a comment or `&#13;` say, is expat's until the element ends.
    """

    def __init__(self, decoder: Callable[[], Decoder] | None = None, limits: Limits = LIMITS) -> None:
        self._make = decoder
        self._limits = limits
        self._open: list[Node] = []
        self._decoder: Decoder | None = None
        self._encoded = False
        #: byte at which expat saw the encoded element begin; -1 when it has been given more than the tag
        self._tag = -1
        #: whether the next bytes are text of the encoded element of which expat has seen the start tag only
        self._direct = False
        #: bytes that expat was not given, and the lines they end
        self._passed = self._passed_lines = 0
        self._fed = self._elements = self._text = 0
        self._started = False
        self._mistakes = 0
        self._head = b""
        self.root: Node | None = None
        self._parser = self._guarded()

    def _guarded(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 1 << 18
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        return parser

    def feed(self, data: bytes) -> None:
        if not self._started:
            self._head += data
            data = self._after_junk()
        if not data:
            return
        self._fed += len(data)
        if self._fed > self._limits.packet:
            raise TooLarge("Gói tin quá lớn", f"The message is over {self._limits.packet} bytes")
        self._read(data)
        if self._fed - self._passed - self._parser.CurrentByteIndex > self._limits.token + len(data):
            raise TooLarge("Thẻ XML quá dài", f"One piece of markup is over {self._limits.token} bytes")

    def close(self) -> Node:
        if not self._started:
            raise Unreadable("Tệp rỗng hoặc không phải XML", "The file is empty or no XML")
        self._parse(b"", final=True)
        if self.root is None:
            raise Unreadable("Không phải edXML", "This is no edXML")
        return self.root

    def inside(self, node: Node) -> bool:
        """Whether the element has not ended yet."""
        return any(node is one for one in self._open)

    def _after_junk(self) -> bytes:
        start = self._head.find(b"<")
        if start < 0 and len(self._head) <= _JUNK:
            return b""
        if not 0 <= start <= _JUNK:
            raise Unreadable("Tệp không phải XML", "The file is no XML")
        self._started = True
        data, self._head = self._head[start:], b""
        return data

    def _read(self, data: bytes) -> None:
        """Part `data` into text of encoded elements and what expat reads."""
        at = 0
        while at < len(data):
            if self._direct:
                at += self._past_expat(data, at)
                continue
            found = _ENCODED_TAG.search(data, at) if self._mistakes < _MISTAKES else None
            end = found.end() if found else len(data)
            self._tag = -1
            self._parse(data[at:end], final=False)
            # The tag began in these bytes, and the first `>` after that is the last of them: nothing follows the tag.
            tag = self._tag - (self._fed - len(data) - self._passed)
            self._direct = self._encoded and tag >= at and data.find(b">", tag) == end - 1
            self._mistakes += found is not None and not self._direct
            at = end

    def _past_expat(self, data: bytes, at: int) -> int:
        """Take text of the encoded element from `data[at:]`; its length. Leaves the rest to expat."""
        end = data.find(b"<", at)
        text = data[at : end if end >= 0 else len(data)]
        if text.translate(None, _BASE64):
            self._direct = False
            return 0
        self._direct = end < 0
        self._passed += len(text)
        self._passed_lines += text.count(b"\n")
        if self._decoder and text:
            self._decoder.feed(text)
        return len(text)

    def _parse(self, data: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            # after text that expat has not seen its columns may be wrong
            column = "" if self._passed else f":{error.offset}"
            where = f"{error.lineno + self._passed_lines}{column}"
            reason = expat.errors.messages.get(error.code, "syntax error")
            raise Unreadable(
                f"XML sai cú pháp tại dòng {where}", f"XML not well-formed at line {where}: {reason}"
            ) from error
        except (LookupError, ValueError) as error:  # an encoding nobody knows, or one expat cannot read
            raise Unreadable("Sai bảng mã ký tự", f"Wrong character encoding: {error}") from error

    def _refuse(self, *_: object) -> int:
        raise Forbidden("Không chấp nhận DTD hoặc thực thể XML", "No DTD or entity is accepted")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > self._limits.elements or len(self._open) >= self._limits.depth:
            raise TooLarge("Gói tin có quá nhiều thẻ XML", "Too many XML elements, or nested too deep")
        if self._encoded:
            raise Unreadable("Nội dung tệp đính kèm chứa thẻ XML", "Markup inside an encoded attachment")
        node = Node(_local(name), attributes=attributes)
        if self._open:
            self._open[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self._open.append(node)
        if node.name == "contenttransferencoded":
            self._encoded = True
            self._tag = self._parser.CurrentByteIndex
            self._decoder = self._make() if self._make else None
            # Without a decoder the text need not even become a string.
            self._parser.CharacterDataHandler = self._data if self._decoder else None

    def _data(self, text: str) -> None:
        if self._decoder:
            self._decoder.feed(text.encode())
        elif self._open and not self._encoded:
            self._text += len(text)
            if self._text > self._limits.text:
                raise TooLarge("Phần mô tả quá dài", f"Over {self._limits.text} characters of text")
            self._open[-1].text += text

    def _end(self, _name: str) -> None:
        node = self._open.pop()
        if self._encoded:
            self._encoded = False
            self._parser.CharacterDataHandler = self._data
            if self._decoder:
                self._decoder.close()
                self._decoder = None
        else:
            node.text = unicodedata.normalize("NFC", node.text).strip()


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
