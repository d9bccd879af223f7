"""A copy on paper: the pages of what is copied, and under them what makes them a copy (Decree 30/2020, Article 25)."""

import io
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium

from eoffice.core import clock, sandbox
from eoffice.documents.geometry import MM
from eoffice.documents.layout.renditions import shown, written
from eoffice.documents.layout.typesetting import check_glyphs, check_words, compiled, composed

#: dots per point when looking for the end of the text; darker than that is ink; a speck has fewer dots in a row
_SCALE, _INK, _SPECK = 0.5, 160, 3
#: margins of the last page, and what is left free above the block, in points
_LEFT, _BOTTOM, _TOP, _GAP = 30 * MM, 15 * MM, 20 * MM, 4 * MM
sandbox.preload(__name__)


@dataclass(frozen=True)
class Block:
    """What stands under the copy, in the words of the page."""

    #: SAO Y, SAO LỤC, TRÍCH SAO
    form: str
    agency: str
    parent: str
    #: "Số: 05/SY-SNNMT"
    number: str
    place_and_date: str
    #: lines above the signature
    authority: tuple[str, ...]
    signer: str
    #: Nơi nhận, each with dash and mark
    recipients: tuple[str, ...]


def printed(path: Path, block: Block) -> bytes:
    """The PDF to print: under the last line where there is room, else on a page of its own.

    Nothing of it signs. Raises SandboxDied, PdfiumError, MissingGlyph, WordTooLong.
    """
    data = composed(vars(block) | {"authority": list(block.authority), "recipients": list(block.recipients)})
    check_glyphs(data)
    check_words(data)
    _places, drawn = compiled("copy", data, clock.now())
    made: bytes = sandbox.call(f"{__name__}:draw", str(path.absolute()), drawn, seconds=30)
    return made


def draw(path: str, drawn: bytes) -> bytes:
    """Runs in the sandbox: lay the block under the last page."""
    end = _end(path)
    with shown(path) as document, pikepdf.open(io.BytesIO(drawn)) as block:
        width, height = (float(side) for side in block.pages[0].mediabox[2:])
        page = document.pages[-1]
        left, bottom, right, top = (float(side) for side in page.mediabox)
        y = bottom + end - _GAP
        if y - height < bottom + _BOTTOM:
            page = document.add_blank_page(page_size=(right - left, top - bottom))
            left, y = 0, top - bottom - _TOP
        x = left + min(_LEFT, max(0, right - left - width))
        page.add_overlay(block.pages[0], pikepdf.Rectangle(x, y - height, x + width, y))
        return written(document)


def _end(path: str) -> float:
    """Height over the lower edge at which the ink of the last page ends, in points."""
    with pdfium.PdfDocument(path) as document:
        document.init_forms()
        picture = document[len(document) - 1].render(scale=_SCALE).to_pil().convert("L")
    for row in range(picture.height - 1, -1, -1):
        dark = sum(picture.crop((0, row, picture.width, row + 1)).histogram()[:_INK])
        if dark >= _SPECK:
            return (picture.height - row - 1) / _SCALE
    return picture.height / _SCALE
