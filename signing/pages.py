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
    area: Box | None = None
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


def _apart(area: Box, box: Box) -> bool:
    height = max(area.height, box.height)
    shared = min(area.y1, box.y1) - max(area.y0, box.y0)
    same_line = shared > 0.3 * min(area.height, box.height)
    return not same_line or box.x0 - area.x1 > 2 * height or box.x0 < area.x0 - height


def _union(a: Box, b: Box) -> Box:
    return Box(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1))


def _finish(letters: list[str], area: Box) -> tuple[str, Box]:
    return unicodedata.normalize("NFC", "".join(letters)).strip(), area


def _characters(textpage: pdfium.PdfTextPage) -> Iterator[tuple[str, Box | None]]:
    """Each character with its ink's font box, None for spaces and line ends."""
    rect = raw.FS_RECTF()
    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage, index)
        char = chr(code) if 0 < code < 0x110000 else "\ufffd"
        if char.isspace() or code < 0x20:
            yield char, None
        elif raw.FPDFText_GetLooseCharBox(textpage, index, ctypes.byref(rect)):
            yield char, Box(rect.left, rect.bottom, rect.right, rect.top)


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
