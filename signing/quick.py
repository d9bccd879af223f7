"""Quicker ways through pyHanko and asn1crypto while a file is signed or checked; the results are theirs to the byte.

A signature's reserved space is read digit by digit, several times for each signature, cross-references row by row,
names letter by letter, and subjects are prepared for comparison anew each time (RFC 5280 §7.1): together more than
half of a check. Only the versions these were compared with are touched (`tests/signing/test_quick.py`), and only
meanwhile.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from io import BytesIO
from itertools import repeat
from threading import Lock
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils import generic, xref

_KNOWN = {"pyhanko": "0.38.0", "asn1crypto": "1.5.1"}
_HEX = re.compile(rb"[0-9A-Fa-f]*>")
#: of a cross-reference table: a section's head, one row, all rows, the end
_SECTION = re.compile(rb"\s*([0-9]{1,7}) ([0-9]{1,7}) ?(?:\r\n|\n|\r)(?=[0-9]{10} )")
_HEAD, _ROW, _FREE = 64, 20, ord("f")
_ROWS = re.compile(rb"(?:[0-9]{10} [0-9]{5} [nf](?: \r| \n|\r\n))+")
_TRAILER = re.compile(rb"trailer\s*(?=<)")
#: bytes read ahead for one string; longer ones are left to pyHanko
_AHEAD = 1 << 16
#: results kept, and the longest name, in bytes, whose result is
_NAMES, _LONGEST = 4096, 1024

_slow_hex: Callable[[Any], Any] = generic.read_hex_string_from_stream
_slow_table: Callable[[Any, bool], Iterator[xref.XRefEntry]] = xref.parse_xref_table
_slow_name: Callable[[bytes], generic.NameObject] = generic._decode_name
_slow_write: Any = vars(generic.NameObject)["write_to_stream"]
_slow_equal: Any = vars(x509.Name)["__eq__"]
_slow_hashable: Any = vars(x509.Name)["hashable"]


def _hex_string(stream: Any) -> Any:
    """A hexadecimal string in one go; one with spaces, comments or mistakes is left to pyHanko."""
    start = stream.tell()
    stream.read(1)
    found = _HEX.match(stream.read(_AHEAD))
    if found is None:
        stream.seek(start)
        return _slow_hex(stream)
    stream.seek(start + 1 + found.end())
    digits = found[0][:-1]
    return generic.pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))


def _table(stream: Any, strict: bool) -> Iterator[xref.XRefEntry]:
    """A cross-reference table as the standard has it (ISO 32000-1 §7.5.4); any other is left to pyHanko."""
    start = stream.tell()
    entries = _entries(stream)
    if entries is None:
        stream.seek(start)
        yield from _slow_table(stream, strict)
    else:
        yield from entries


def _entries(stream: Any) -> list[xref.XRefEntry] | None:
    """All entries, with the stream at what follows `trailer`; None when a byte is not where it should be."""
    found: list[xref.XRefEntry] = []
    while True:
        at, text = stream.tell(), stream.read(_HEAD)
        if trailer := _TRAILER.match(text):
            stream.seek(at + trailer.end())
            return found
        section = _SECTION.match(text)
        if section is None:
            return None
        first, count = int(section[1]), int(section[2])
        stream.seek(at + section.end())
        rows = stream.read(count * _ROW)
        if len(rows) != count * _ROW or not _ROWS.fullmatch(rows):
            return None
        found += map(_entry, range(first, first + count), range(0, len(rows), _ROW), repeat(rows))


def _entry(number: int, at: int, rows: bytes) -> xref.XRefEntry:
    generation = int(rows[at + 11 : at + 16])
    if rows[at + 17] == _FREE:
        return xref.XRefEntry(xref.XRefType.FREE, None, number, generation)
    return xref.XRefEntry(xref.XRefType.STANDARD, int(rows[at : at + 10]), number, generation)


@lru_cache(_NAMES)
def _unescaped(name: bytes) -> str:
    return str(_slow_name(name))


def _name(escaped: bytes) -> generic.NameObject:
    if len(escaped) > _LONGEST:
        return _slow_name(escaped)
    # each its own: pyHanko notes in the object where it stands
    return generic.NameObject(_unescaped(escaped))


@lru_cache(_NAMES)
def _escaped(name: str) -> bytes:
    stream = BytesIO()
    _slow_write(generic.NameObject(name), stream)
    return stream.getvalue()


def _write_name(self: generic.NameObject, stream: Any, *_unused: Any, **_also_unused: Any) -> None:
    if len(self) > _LONGEST:
        _slow_write(self, stream)
    else:
        stream.write(_escaped(self))


@lru_cache(_NAMES)
def _hashable(name: bytes) -> str:
    return str(x509.RDNSequence.load(name).hashable)


@lru_cache(_NAMES)
def _same(one: bytes, other: bytes) -> bool:
    return bool(x509.RDNSequence.load(one) == x509.RDNSequence.load(other))


def _equal(self: x509.Name, other: object) -> bool:
    if not isinstance(other, x509.Name):
        return False
    # a name may be tagged, the sequence in it never is
    one, two = self.chosen.dump(), other.chosen.dump()
    return _same(one, two) if len(one) + len(two) <= _LONGEST else bool(_slow_equal(self, other))


def _key(self: x509.Name) -> str:
    name = self.chosen.dump()
    return _hashable(name) if len(name) <= _LONGEST else str(self.chosen.hashable)


_lock = Lock()
_users = 0
_supported = all(version(name) == known for name, known in _KNOWN.items())
#: where, which name, the slow way, the quick one
_WAYS: tuple[tuple[Any, str, Any, Any], ...] = (
    (generic, "read_hex_string_from_stream", _slow_hex, _hex_string),
    (xref, "parse_xref_table", _slow_table, _table),
    (generic, "_decode_name", _slow_name, _name),
    (generic.NameObject, "write_to_stream", _slow_write, _write_name),
    (x509.Name, "__eq__", _slow_equal, _equal),
    (x509.Name, "hashable", _slow_hashable, property(_key)),
)


@contextmanager
def quicker() -> Iterator[None]:
    """Use the quicker ways within; several threads may."""
    global _users
    if not _supported:
        yield
        return
    with _lock:
        _users += 1
        for where, name, _, quick in _WAYS:
            setattr(where, name, quick)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                for where, name, slow, _ in _WAYS:
                    setattr(where, name, slow)
