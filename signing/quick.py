"""Quicker ways through pyHanko and asn1crypto while a file is checked; the results are theirs to the byte.

A signature's reserved space is read digit by digit, several times for each signature, and names are prepared for
comparison anew each time (RFC 5280 §7.1): together more than half of a check. Only the versions these were
compared with are touched (`tests/signing/test_quick.py`), and only for as long as a check lasts.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from threading import Lock
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils import generic

_KNOWN = {"pyhanko": "0.38.0", "asn1crypto": "1.5.1"}
_HEX = re.compile(rb"[0-9A-Fa-f]*>")
#: bytes read ahead for one string; longer ones are left to pyHanko
_AHEAD = 1 << 16
_NAMES = 4096

_slow_hex: Callable[[Any], Any] = generic.read_hex_string_from_stream
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


@lru_cache(_NAMES)
def _hashable(name: bytes) -> str:
    return str(x509.RDNSequence.load(name).hashable)


@lru_cache(_NAMES)
def _same(one: bytes, other: bytes) -> bool:
    return bool(x509.RDNSequence.load(one) == x509.RDNSequence.load(other))


def _equal(self: x509.Name, other: object) -> bool:
    # a name may be tagged, the sequence in it never is
    return isinstance(other, x509.Name) and _same(self.chosen.dump(), other.chosen.dump())


def _key(self: x509.Name) -> str:
    return _hashable(self.chosen.dump())


_lock = Lock()
_users = 0
_supported = all(version(name) == known for name, known in _KNOWN.items())


@contextmanager
def quicker() -> Iterator[None]:
    """Use the quicker ways within; several threads may."""
    if not _supported:
        yield
        return
    global _users
    with _lock:
        _users += 1
        _put(_hex_string, _equal, property(_key))
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _put(_slow_hex, _slow_equal, _slow_hashable)


def _put(hex_string: Any, equal: Any, hashable: Any) -> None:
    generic.read_hex_string_from_stream = hex_string
    setattr(x509.Name, "__eq__", equal)  # noqa: B010 - a plain assignment is an error to type checkers
    setattr(x509.Name, "hashable", hashable)  # noqa: B010 - as above
