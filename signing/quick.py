"""Quicker ways through pyHanko and asn1crypto while a file is signed or checked; the results are theirs to the byte.

A signature's reserved space is read digit by digit, several times for each signature, cross-references row by row,
names letter by letter, and subjects are prepared for comparison anew each time (RFC 5280 §7.1): together more than
half of a check. Only the versions these were compared with are touched (`tests/signing/test_quick.py`), and only
meanwhile.
"""

import asyncio
import binascii
import re
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from io import BytesIO
from threading import Lock, local
from typing import Any, TypeVar

from asn1crypto import x509
from pyhanko.pdf_utils import generic, xref
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.validation import generic_cms

from signing import paths, quickpaths
from signing.trust import certificate

_T = TypeVar("_T")
_KNOWN = {"pyhanko": "0.38.0", "asn1crypto": "1.5.1"}
_HEX = re.compile(rb"[0-9A-Fa-f]*>")
#: of a cross-reference table: a section's head, one row, all rows, the end
_SECTION = re.compile(rb"\s*([0-9]{1,7}) ([0-9]{1,7}) ?(?:\r\n|\n|\r)(?=[0-9]{10} )")
_HEAD, _ROW, _GENERATIONS = 64, 20, 0xFFFF
_PARTS = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])")
_ROWS = re.compile(rb"(?:[0-9]{10} [0-9]{5} [nf](?: \r| \n|\r\n))+")
_TRAILER = re.compile(rb"trailer\s*(?=<)")
_REGULAR = re.compile(rb"[^ \n\r\t\f\x00()<>\[\]{}/%]*")
_REFERENCE = re.compile(rb"([1-9][0-9]{0,9}) ([0-9]{1,5}) R")
_TOKEN_AHEAD = 64
#: bytes read ahead for one string; longer ones are left to pyHanko
_AHEAD = 1 << 16
#: results kept, and the longest name, in bytes, whose result is
_NAMES, _LONGEST = 4096, 1024

_slow_hex: Callable[[Any], Any] = generic.read_hex_string_from_stream
_slow_table: Callable[[Any, bool], Iterator[xref.XRefEntry]] = xref.parse_xref_table
_slow_until_delimiter: Callable[[Any], bytes] = vars(generic)["read_until_delimiter"]
_slow_reference: Callable[[Any, Any], generic.IndirectObject] = generic.IndirectObject.read_from_stream
_slow_process: Any = vars(xref.XRefSectionData)["process_entries"]
_slow_load: Any = vars(HistoricalResolver)["_load_reverse_xref_cache"]
_slow_subsume: Any = vars(HistoricalResolver)["_subsume_object"]
_slow_name: Callable[[bytes], generic.NameObject] = generic._decode_name
_slow_write: Any = vars(generic.NameObject)["write_to_stream"]
_slow_for_validation: Callable[[Any], Any] = vars(generic_cms)["extract_certs_for_validation"]
_slow_certificates: Callable[[Any], Any] = vars(generic_cms)["extract_certificate_info"]
_slow_path: Any = vars(generic_cms)["find_valid_path"]
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


def _until_delimiter(stream: Any) -> bytes:
    """A token in one go; a long one, or one that ends the file, is left to pyHanko."""
    start = stream.tell()
    text = stream.read(_TOKEN_AHEAD)
    end = _REGULAR.match(text).end()  # type: ignore[union-attr]  # it matches the empty token too
    if end == len(text):
        stream.seek(start)
        return _slow_until_delimiter(stream)
    stream.seek(start + end)
    token: bytes = text[:end]
    return token


def _reference(stream: Any, container_ref: Any) -> generic.IndirectObject:
    """`12 0 R` with single spaces; any other way of writing it is left to pyHanko."""
    start = stream.tell()
    found = _REFERENCE.match(stream.read(_TOKEN_AHEAD))
    if found is None:
        stream.seek(start)
        return _slow_reference(stream, container_ref)
    stream.seek(start + found.end())
    return generic.IndirectObject(int(found[1]), int(found[2]), container_ref.get_pdf_handler())


class _Rows(list[tuple[int, int, int, bool]]):
    """Number, place, generation and whether it is free, of every row of a table."""


def _table(stream: Any, strict: bool) -> Iterable[Any]:
    """A cross-reference table as the standard has it (ISO 32000-1 §7.5.4); any other is left to pyHanko."""
    start = stream.tell()
    rows = _rows(stream)
    if rows is None:
        stream.seek(start)
        return _slow_table(stream, strict)
    return rows


def _rows(stream: Any) -> _Rows | None:
    """All rows, with the stream at what follows `trailer`; None when a byte is not where it should be."""
    found = _Rows()
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
        parts = enumerate(_PARTS.findall(rows), first)
        found += [(number, int(place), int(use), state == b"f") for number, (place, use, state) in parts]


def _process(self: xref.XRefSectionData, entries: Iterable[Any], strict: bool) -> int:
    """Take the rows of a table in; the highest number is returned. Impossible generations are left to pyHanko."""
    if not isinstance(entries, _Rows):
        return int(_slow_process(self, entries, strict))
    if any(generation > _GENERATIONS for _, _, generation, _ in entries):
        return int(_slow_process(self, map(_entry, entries), strict))
    for number, place, generation, free in entries:
        if number == 0:
            continue
        if free:
            self.freed[number] = generation
        else:
            self.standard_xrefs[number] = (generation, place)
        self.explicit_refs_in_revision.add((number, generation - free))
    return max((row[0] for row in entries), default=0)


def _entry(row: tuple[int, int, int, bool]) -> xref.XRefEntry:
    number, place, generation, free = row
    if free:
        return xref.XRefEntry(xref.XRefType.FREE, None, number, generation)
    return xref.XRefEntry(xref.XRefType.STANDARD, place, number, generation)


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


class _Signed:
    """A signed message with its certificates as they are known in this thread: an agency's seal and the authorities
    above it come with every document it sends, and pyHanko asks each for its names and extensions several times."""

    def __init__(self, signed: Any) -> None:
        self._signed = signed

    def __getitem__(self, name: str) -> Any:
        found = self._signed[name]
        return [_Choice(one) for one in found] if name == "certificates" else found


class _Choice:
    def __init__(self, choice: Any) -> None:
        self.name, self.chosen = choice.name, self
        self._found = choice.chosen

    def untag(self) -> Any:
        found = self._found.untag()
        return certificate(found.dump()) if self.name == "certificate" else found


def _certificates(signed_data: Any) -> Any:
    return _slow_certificates(_Signed(signed_data))


class _Last(local):
    """Certificates of the signatures looked at last in this thread, each by the very structure they were found in."""

    def __init__(self) -> None:
        self.found: deque[tuple[Any, Any]] = deque(maxlen=4)


_last = _Last()


def _for_validation(signed_data: Any) -> Any:
    """Asked four times of each signature, which nobody changes meanwhile."""
    for known, found in _last.found:
        if known is signed_data:
            return found
    found = _slow_for_validation(signed_data)
    _last.found.append((signed_data, found))
    return found


def finished(make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """The result of what waits for nothing, without the price of an event loop; what waits all the same is begun anew
    in one."""
    if _supported:
        try:
            return at_once(make())
        except _Waits:
            pass
    return asyncio.run(make())


class _Waits(RuntimeError):
    """A coroutine waits where none should."""


def at_once(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of a coroutine that waits for nothing, without an event loop. Raises RuntimeError when it waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    coroutine.close()
    raise _Waits("a coroutine waits where none should")


_lock = Lock()
_users = 0
_supported = all(version(name) == known for name, known in _KNOWN.items())
#: where, which name, the slow way, the quick one
_WAYS: tuple[tuple[Any, str, Any, Any], ...] = (
    (generic, "read_hex_string_from_stream", _slow_hex, _hex_string),
    (xref, "parse_xref_table", _slow_table, _table),
    (xref.XRefSectionData, "process_entries", _slow_process, _process),
    (HistoricalResolver, "_load_reverse_xref_cache", _slow_load, quickpaths.load),
    (HistoricalResolver, "_subsume_object", _slow_subsume, quickpaths.subsume),
    (generic, "read_until_delimiter", _slow_until_delimiter, _until_delimiter),
    (generic.IndirectObject, "read_from_stream", staticmethod(_slow_reference), staticmethod(_reference)),
    (generic, "_decode_name", _slow_name, _name),
    (generic.NameObject, "write_to_stream", _slow_write, _write_name),
    (generic_cms, "extract_certs_for_validation", _slow_for_validation, _for_validation),
    (generic_cms, "extract_certificate_info", _slow_certificates, _certificates),
    (generic_cms, "find_valid_path", _slow_path, paths.known_path),
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
