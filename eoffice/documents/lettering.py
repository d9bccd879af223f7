"""Which letters a page could show at all, by its fonts alone: an eighth of the work of reading it.

A font says by its ToUnicode map which letters its codes stand for (ISO 32000-1, 9.10.3), and a page is read by these
maps. Whatever leaves a doubt (a font without a map, one that names its letters elsewhere, text beside the shown one)
counts as one that could show anything. Runs inside the sandbox only.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import pikepdf

#: dictionaries of resources looked at before the page counts as one that could show anything
_MOST = 200
#: encodings of a simple font that hold Latin letters alone (ISO 32000-1, Annex D)
_LATIN = {"/WinAnsiEncoding", "/MacRomanEncoding", "/StandardEncoding"}
_RANGES = re.compile(rb"BEGINBFRANGE(.*?)ENDBFRANGE", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-F]{1,8})><([0-9A-F]{1,8})><([0-9A-F]*)>")


def beyond(page: pikepdf.Page, letters: str) -> set[str]:
    """Those of these letters that the content of a page, without its annotations, cannot show, whatever it draws.

    Raises pikepdf.PdfError and what it raises.
    """
    rare = {letter for letter in letters if ord(letter) > 0xFF}
    resources = page.obj.get("/Resources")
    if not rare or not isinstance(resources, pikepdf.Dictionary) or _says_more(page.obj.get("/Contents")):
        return set()
    maps: list[bytes] = []
    for found in _resources(resources):
        if found is None:
            return set()
        for font in found.get("/Font", {}).values():
            if (codes := _map_of(font)) is None:
                return set()
            maps.append(codes)
    return {
        letter
        for letter in rare
        if not any(_reaches(codes, mark) for codes in maps for mark in _marks(letter))
    }


def _resources(first: Any) -> Iterator[Any]:
    """The resources of a page and of every form and pattern in it; None where these hold what is not seen through."""
    waiting, seen = [first], set[Any]()
    while waiting:
        found = waiting.pop()
        yield found if len(seen) < _MOST and not _set_elsewhere(found) else None
        for kind in ("/XObject", "/Pattern"):
            for part in found.get(kind, {}).values():
                if not isinstance(part, pikepdf.Stream) or part.objgen in seen:
                    continue
                seen.add(part.objgen)
                if part.get("/Subtype") == "/Image":
                    continue
                if _says_more(part):
                    yield None
                if isinstance(inner := part.get("/Resources"), pikepdf.Dictionary):
                    waiting.append(inner)


def _set_elsewhere(resources: Any) -> bool:
    """Whether fonts or words come from other entries: states of drawing, properties of marked content."""
    states = resources.get("/ExtGState", {}).values()
    return "/Properties" in resources or any("/Font" in state for state in states)


def _says_more(contents: Any) -> bool:
    """Whether drawn text is said to stand for another one (ISO 32000-1, 14.9.4)."""
    streams: Iterable[Any] = contents if isinstance(contents, pikepdf.Array) else [contents]
    return any(not isinstance(one, pikepdf.Stream) or b"ActualText" in one.read_bytes() for one in streams)


def _map_of(font: Any) -> bytes | None:
    """A font's map without white space, in capitals; None where not all of its letters are in it."""
    codes, encoding = font.get("/ToUnicode"), font.get("/Encoding")
    if not isinstance(codes, pikepdf.Stream) or not isinstance(encoding, pikepdf.Name):
        return None
    if font.get("/Subtype") == "/Type0":
        below = font.DescendantFonts[0]
        order = below.get("/CIDSystemInfo", {}).get("/Ordering")
        whole = encoding in ("/Identity-H", "/Identity-V") and order == "Identity"
        # where glyphs are looked up, codes may be the letters themselves, and a code without a letter is read as one
        whole = whole and not isinstance(below.get("/CIDToGIDMap"), pikepdf.Stream)
    else:
        whole = font.get("/Subtype") in ("/TrueType", "/Type1") and str(encoding) in _LATIN
    data = b"".join(codes.read_bytes().split()).upper()
    return data if whole and b"USECMAP" not in data and b"-UCS2" not in data else None


def _marks(letter: str) -> set[str]:
    """The characters of which one at least is there where a letter is written whole or put together."""
    parts = unicodedata.normalize("NFD", letter)
    return {letter, *(part for part in parts if unicodedata.combining(part))}


def _reaches(codes: bytes, character: str) -> bool:
    """Whether a map could lead to a character: digits that look like it count too."""
    wanted = ord(character)
    if b"%04X" % wanted in codes:
        return True
    for block in _RANGES.findall(codes):
        for first, last, to in _RANGE.findall(block):
            begins = int(to[-4:] or b"0", 16)
            if begins <= wanted <= begins + int(last, 16) - int(first, 16):
                return True
    return False
