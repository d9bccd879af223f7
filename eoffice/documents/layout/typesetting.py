"""From a letter to a PDF/A: typst, warm, with our fonts and nothing of the machine's."""

import io
import json
import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
from flask_babel import lazy_gettext as _l
from fontTools.ttLib import TTFont

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.text import invisible_removed
from eoffice.documents.geometry import Box
from eoffice.documents.layout import places
from eoffice.documents.layout.letter import Letter, Other, as_data
from eoffice.documents.layout.places import Place, Places

FONTS = Path(__file__).parent.parent / "fonts"
#: typst may read below its root: there is nothing but the template
ROOT = Path(__file__).parent / "typst"
#: stands for a character that the fonts do not have, and is one that they have
_BOX = "□"
#: longest text without a space, in characters; some ten lines
LONGEST_WORD = 1000
_ENDLESS = re.compile(rf"\S{{{LONGEST_WORD}}}(?=\S)")


class MissingGlyph(Invalid):
    """A character that the font of official documents does not have."""

    message = _l(
        "The character “%(character)s” (%(name)s) cannot be printed. Take it out or write it in words."
    )


class WordTooLong(Invalid):
    """Text without a space, longer than any line: PDF/A holds no string of more than 32,767 bytes."""

    message = _l("There is a word of %(length)s characters, which fits on no line. Put spaces into it.")


@dataclass(frozen=True)
class Typeset:
    """A finished document, blank where number, date, signature and seal will be."""

    pdf: bytes
    pages: int
    #: the line of ô 3 and ô 4; None when the number is printed already
    number_line: Place | None
    #: between title and name: the signature in the middle, the seal a third over its left side
    signature_block: Place


def typeset(letter: Letter, *, made_at: datetime | None = None) -> Typeset:
    """Set a letter as tagged PDF/A-2b. The same letter and time give the same bytes.

    Raises MissingGlyph, WordTooLong.
    """
    data = as_data(_composed(letter))
    check_glyphs(data)
    check_words(data)
    found, pdf = compiled("letter", data, made_at or clock.now())
    number, signature = found.get("number-line"), found["signature"]
    with pikepdf.open(io.BytesIO(pdf)) as document:
        pages = len(document.pages)
        places.note(document, Places(number, signature))
        out = io.BytesIO()
        document.save(out, deterministic_id=True)
    return Typeset(out.getvalue(), pages, number, signature)


def check_glyphs(data: Any) -> None:
    """Raise MissingGlyph for the first character that cannot be printed."""
    known = _characters()
    for text in _texts(data):
        for character in text:
            if character not in known:
                name = unicodedata.name(character, f"U+{ord(character):04X}")
                shown = character if character.isprintable() else "�"
                raise MissingGlyph(character=shown, name=name)


def printable(data: Any) -> Any:
    """Data with a box for every character that cannot be printed, and a space in every word that no page can hold: one
    odd line that nobody can change any more must not keep the register of a year from being printed.
    """
    if isinstance(data, str):
        known = _characters()
        shown = "".join(character if character in known else _BOX for character in data)
        return _ENDLESS.sub(lambda part: f"{part[0]} ", shown)
    if isinstance(data, dict):
        return {name: printable(value) for name, value in data.items()}
    return [printable(value) for value in data] if isinstance(data, list) else data


def check_words(data: Any) -> None:
    """Raise WordTooLong for the first word that no page can hold."""
    for text in _texts(data):
        longest = max(map(len, text.split()), default=0)
        if longest > LONGEST_WORD:
            raise WordTooLong(length=longest)


def composed(data: Any) -> Any:
    """Data for a template with every text as `_clean` leaves it."""
    if isinstance(data, str):
        return _clean(data)
    if isinstance(data, dict):
        return {name: composed(value) for name, value in data.items()}
    return [composed(value) for value in data] if isinstance(data, list) else data


def _composed(letter: Letter) -> Letter:
    """Letters with marks as one character each: people's keyboards differ, the font wants NFC."""
    changed = {name: _cleaned(value) for name, value in vars(letter).items() if name != "body"}
    return Letter(**changed, body="\n".join(map(_clean, letter.body.splitlines())))


def _cleaned(value: Any) -> Any:
    """One field of a letter; what is no text stays."""
    if isinstance(value, Other):
        return Other(tuple(map(_clean, value.title)), _clean(value.name), value.after)
    if isinstance(value, tuple):
        return tuple(map(_clean, value))
    return _clean(value) if type(value) is str else value


def _clean(text: str) -> str:
    return " ".join(invisible_removed(unicodedata.normalize("NFC", text)).split())


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from _texts(value)


@cache
def _characters() -> frozenset[str]:
    """Characters that all four faces have."""
    maps = []
    for path in sorted(FONTS.glob("*.ttf")):
        with TTFont(path, lazy=True) as font:
            maps.append(set(font.getBestCmap() or ()))
    common = map(chr, set.intersection(*maps))
    return frozenset(character for character in common if character.isprintable() or character == "\xa0")


def compiled(template: str, data: dict[str, Any], made_at: datetime) -> tuple[dict[str, Place], bytes]:
    """Set `data` with a template: the places it notes by name, and the PDF/A-2b.

    `template`: stem of a file beside this one, and the name under which it reads its data.
    """
    return _typst(template).compile(data, made_at)


class _Typst:
    """A compiler that keeps fonts and a template between documents; one document at a time."""

    def __init__(self, template: str) -> None:
        import typst  # 7 MB for those who set documents only

        self.template = template
        self.lock = threading.Lock()
        self.compiler = typst.Compiler(
            ROOT / f"{template}.typ",
            root=ROOT,
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
            ),
            package_path=ROOT,
            package_cache_path=ROOT,
        )

    def compile(self, data: dict[str, Any], made_at: datetime) -> tuple[dict[str, Place], bytes]:
        inputs = {self.template: json.dumps(data, ensure_ascii=False)}
        with self.lock:
            pdf = self.compiler.compile(
                sys_inputs=inputs, format="pdf", pdf_standards=["a-2b"], timestamp=int(made_at.timestamp())
            )
            noted = json.loads(self.compiler.query("<place>", field="value"))
        assert isinstance(pdf, bytes)
        height = _page_height(pdf)
        return {entry["name"]: _place(entry, height) for entry in noted}, pdf


def _page_height(pdf: bytes) -> float:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return float(document.pages[0].mediabox[3])


def _place(entry: dict[str, Any], page_height: float) -> Place:
    """Turn typst's place (from the top left corner, in points) into PDF's."""
    top, left = page_height - entry["y"], entry["x"]
    return Place(entry["page"], Box(left, top - entry["height"], left + entry["width"], top))


@cache
def _typst(template: str) -> _Typst:
    return _Typst(template)
