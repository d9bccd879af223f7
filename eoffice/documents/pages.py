"""Text and picture of a page, signature appearances included.

Number, date and seal of a document issued here are drawn by signature fields, so a reader that skips
form fields would neither find nor show them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from eoffice.core import sandbox
from eoffice.documents.geometry import Box, View

_READING = "eoffice.documents.reading"
sandbox.preload(_READING)


class Word(NamedTuple):
    """What stands between two spaces, NFC."""

    text: str
    box: Box


class Line(NamedTuple):
    """Words side by side; the two columns of a letter head are lines of their own."""

    words: tuple[Word, ...]
    box: Box

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class PageText:
    """What is written on one page. Boxes are places on the page as shown."""

    #: from 1
    number: int
    view: View
    lines: tuple[Line, ...]

    @property
    def width(self) -> float:
        """Points, as shown."""
        return self.view.size[0]

    @property
    def height(self) -> float:
        """Points, as shown."""
        return self.view.size[1]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line.words)


def page_text(path: Path, *, limit: int | None = None) -> list[PageText]:
    """Return the text of the pages of a PDF, at most the first `limit`; a scan without text has no lines.

    Raises SandboxDied, and PdfiumError when the file cannot be opened.
    """
    found: list[PageText] = sandbox.call(f"{_READING}:page_text", str(path.absolute()), limit, seconds=60)
    return found


def page_words(path: Path, *, limit: int | None = None, patient: bool = False) -> list[str]:
    """What is written on each page, as `page_text` without places. `patient`: nobody waits for it.

    Raises SandboxDied, and PdfiumError when the file cannot be opened.
    """
    found: list[str] = sandbox.call(
        f"{_READING}:page_words", str(path.absolute()), limit, seconds=60, patient=patient
    )
    return found


class Run(NamedTuple):
    """Characters of one line in one font."""

    text: str
    #: as the file names it, without the mark of a subset; empty when it does not
    font: str
    #: points, as drawn
    size: float
    box: Box


def page_runs(path: Path, *, limit: int | None = None) -> list[list[Run]]:
    """Return for each page, at most the first `limit`, what is written in which font and size.

    Raises SandboxDied, and PdfiumError when the file cannot be opened.
    """
    found: list[list[Run]] = sandbox.call(f"{_READING}:page_runs", str(path.absolute()), limit, seconds=60)
    return found


def render_page(path: Path, page: int, width: int, *, image: Literal["PNG", "WEBP"] = "PNG") -> bytes:
    """Draw page `page` (from 1), `width` pixels wide, with forms and signatures.

    Raises SandboxDied, IndexError for a page that is not there, PdfiumError.
    """
    drawn: bytes = sandbox.call(
        f"{_READING}:render_page", str(path.absolute()), page, width, image, seconds=30
    )
    return drawn
