"""What the bytes of a file say of its signatures, whatever its cross-references say."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from asn1crypto import cms, x509
from pyhanko.sign.general import byte_range_digest
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_HEX = re.compile(rb"<([0-9A-Fa-f]*)>")
#: bytes read at once, and the longest entry that may lie across two reads
_PART, _ACROSS = 1 << 20, 128
#: places where a signature may stand; who writes more wants to keep us busy
_PLACES = 1000
#: bytes of one signature; the longest national chains with their revocation lists stay below
_LIMIT = 20_000_000


@dataclass(frozen=True)
class RawSignature:
    """A signature that holds over the bytes its byte range names."""

    signer: x509.Certificate
    #: the covered bytes end here
    end: int
    #: nothing but the signature itself is left out
    whole: bool


def contents(source: BinaryIO, start: int, end: int) -> tuple[bytes, bool]:
    """The signature between two covered parts, with its padding, and whether it fills the gap between them.

    What else stands in the gap no signature covers. Raises ValueError when no hexadecimal string begins there.
    """
    if not 2 <= end - start <= _LIMIT:
        raise ValueError("the gap of the byte range holds no signature")
    source.seek(start)
    gap = source.read(end - start)
    found = _HEX.match(gap)
    if found is None:
        raise ValueError("the gap of the byte range does not begin with the signature")
    digits = found[1].decode()
    # ISO 32000-1 §7.3.4.3: a missing last digit is zero
    return bytes.fromhex(digits + "0" * (len(digits) % 2)), found.end() == len(gap)


def intact_signatures(source: BinaryIO) -> Iterator[RawSignature]:
    """Every signature whose key signed the bytes it names, as these stand in the file."""
    for ranges in dict.fromkeys(islice(_ranges(source), _PLACES)):
        try:
            data, whole = contents(source, ranges[1], ranges[2])
            signer = _signer(source, ranges, data)
        except Exception:  # noqa: BLE001, S112 - whatever a forged signature makes the parser raise: it is not intact
            continue
        if signer is not None:
            yield RawSignature(signer, ranges[2] + ranges[3], whole)


def _ranges(source: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    """Byte ranges from the beginning of the file to somewhere in it."""
    size = source.seek(0, io.SEEK_END)
    for _, found in occurrences(source, _RANGE):
        start, before, after, length = map(int, found.groups())
        if start == 0 and before < after and after + length <= size:
            yield start, before, after, length


def occurrences(
    source: BinaryIO, pattern: re.Pattern[bytes], *, start: int = 0
) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Matches of `pattern` that begin at byte `start` or later, each with its place.

    The file is read in parts: a match is at most 128 bytes long, and so is what it looks back on.
    """
    text, begin, decided = b"", start, start
    while True:
        source.seek(begin + len(text))
        part = source.read(_PART)
        text += part
        # what lies across the end is decided with the next part
        limit = begin + len(text) - (_ACROSS if part else 0)
        for found in pattern.finditer(text, max(0, decided - begin)):
            if begin + found.start() >= limit:
                break
            yield begin + found.start(), found
        if not part:
            return
        decided = max(decided, limit)
        cut = max(0, decided - _ACROSS - begin)
        text, begin = text[cut:], begin + cut


def _signer(source: BinaryIO, ranges: tuple[int, int, int, int], data: bytes) -> x509.Certificate | None:
    """The signer's certificate when the signature holds."""
    signed: Any = cms.ContentInfo.load(data)["content"]
    (signer_info,) = signed["signer_infos"]
    certificate = extract_certs_for_validation(signed).signer_cert
    algorithm = signer_info["digest_algorithm"]["algorithm"].native
    if signed["encap_content_info"]["content_type"].native != "data":
        return None
    _, digest = byte_range_digest(source, ranges, algorithm)
    intact, valid = validate_sig_integrity(
        signer_info, certificate, expected_content_type="data", actual_digest=digest
    )
    return certificate if intact and valid else None
