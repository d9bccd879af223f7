"""Pages through pdfium: geometry, words with their boxes, pictures. pdfium is not thread-safe: everything that touches
it holds `PDFIUM`."""

import ctypes
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, BinaryIO

import pypdfium2 as pdfium
import pypdfium2.raw as _raw
from PIL import Image

from signing.errors import EncryptedPdf, UnreadablePdf
from signing.geometry import Box, Geometry, visible

PDFIUM = RLock()
#: made by ctypes at run time, unknown to type checkers
raw: Any = _raw


#: left, bottom, right, top: a bare tuple, since a page has thousands of characters
_Area = tuple[float, float, float, float]


@dataclass(frozen=True)
class Words:
    """Characters that stand together on one line, NFC, single spaces; `box` on the page as shown."""

    text: str
    box: Box


@contextmanager
def opened(source: Path | bytes | BinaryIO, *, forms: bool = False) -> Iterator[pdfium.PdfDocument]:
    """The document, with pdfium's lock held. `forms`: also draw form fields. Raises UnreadablePdf, EncryptedPdf."""
    with PDFIUM:
        try:
            document = pdfium.PdfDocument(source)
        except pdfium.PdfiumError as error:
            if "password" in str(error).lower():
                raise EncryptedPdf from error
            raise UnreadablePdf(str(error)) from error
        try:
            if forms:
                document.init_forms()
            yield document
        finally:
            document.close()


def geometry(page: pdfium.PdfPage) -> Geometry:
    """Visible part and turn of a page."""
    return visible(page.get_mediabox(), page.get_cropbox(), page.get_rotation())


def words(page: pdfium.PdfPage) -> list[Words]:
    """The page's words in the order of its content; columns on one line come apart."""
    textpage = page.get_textpage()
    try:
        shape = geometry(page)
        return [Words(text, shape.to_shown(box)) for text, box in _runs(textpage)]
    finally:
        textpage.close()


def _runs(textpage: pdfium.PdfTextPage) -> Iterator[tuple[str, Box]]:
    """Runs of characters on one line with gaps below twice the type's height, in user space."""
    letters: list[str] = []
    area: _Area | None = None
    space = False
    for char, box in _characters(textpage):
        if box is None:
            space = True
            continue
        if area is not None and _apart(area, box):
            yield _finish(letters, area)
            letters, area, space = [], None, False
        if space and letters:
            letters.append(" ")
        space = False
        letters.append(char)
        area = box if area is None else _union(area, box)
    if area is not None:
        yield _finish(letters, area)


def _apart(area: _Area, box: _Area) -> bool:
    left, bottom, right, top = area
    x0, y0, _, y1 = box
    high, low = max(top - bottom, y1 - y0), min(top - bottom, y1 - y0)
    same_line = min(top, y1) - max(bottom, y0) > 0.3 * low
    return not same_line or x0 - right > 2 * high or x0 < left - high


def _union(a: _Area, b: _Area) -> _Area:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _finish(letters: list[str], area: _Area) -> tuple[str, Box]:
    return unicodedata.normalize("NFC", "".join(letters)).strip(), Box(*area)


def _characters(textpage: pdfium.PdfTextPage) -> Iterator[tuple[str, _Area | None]]:
    """Each character with its ink's font box, None for spaces and line ends."""
    rect = raw.FS_RECTF()
    page, place = textpage.raw, ctypes.byref(rect)
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(page, index)
        char = chr(code) if 0 < code < 0x110000 else "\ufffd"
        if char.isspace() or code < 0x20:
            yield char, None
        elif raw.FPDFText_GetLooseCharBox(page, index, place):
            yield char, (rect.left, rect.bottom, rect.right, rect.top)


def render(
    document: pdfium.PdfDocument,
    number: int,
    *,
    scale: float = 1,
    area: Box | None = None,
    forms: bool = True,
) -> Image.Image:
    """Page `number` (from 1) in RGB, `scale` pixels a point; `area` (as shown) cuts a part out. `forms`: also
    annotations and form fields, for which the document must be opened with forms."""
    page = document[number - 1]
    try:
        width, height = page.get_size()
        crop = (0.0, 0.0, 0.0, 0.0)
        if area is not None:
            crop = (max(0, area.x0), max(0, area.y0), max(0, width - area.x1), max(0, height - area.y1))
        bitmap = page.render(scale=scale, crop=crop, may_draw_forms=forms, draw_annots=forms)
        picture: Image.Image = bitmap.to_pil()
        return picture.convert("RGB")
    finally:
        page.close()
