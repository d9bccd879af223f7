"""Whether a PDF is a digitised paper as Decree 30/2020, Appendix I, Part II-I.2 wants it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core import sandbox
from eoffice.core.errors import Invalid

#: dots per inch, less what a scanner loses by rounding; share of a page its pictures cover; a strip that counts
_LEAST, _COVERED, _STRIP = 198, 0.5, 0.05
#: ten times the version
_VERSION = 14
_pdfium_c: Any = pypdfium2.raw
sandbox.preload(__name__)


class NotDigitised(Invalid):
    """A certified copy would show less than the paper does."""

    message = _l(
        "Page %(page)s is no scan of a paper as a copy needs it: %(found)s. Scan the paper again in colour, at 200 "
        "dots per inch or more and in its real size, then choose that file."
    )


_NO_PICTURE, _GREY = _l("there is no picture of the page"), _l("it has no colours")
_COARSE, _OLD = _l("it has %(dpi)s dots per inch"), _l("the file is older than PDF 1.4")


@dataclass(frozen=True)
class Look:
    """What one page is made of."""

    #: share of the page that pictures cover
    covered: float
    dpi: float
    coloured: bool


def check(path: Path) -> None:
    """Raise NotDigitised, SandboxDied."""
    version, pages = sandbox.call(f"{__name__}:look", str(path.absolute()), seconds=30)
    for number, page in enumerate(pages, 1):
        problem = _problem(version, page)
        if problem is not None:
            raise NotDigitised(page=number, found=str(problem), field="scan")


def _problem(version: int, page: Look) -> LazyString | str | None:
    if version < _VERSION:
        return _OLD
    if page.covered < _COVERED:
        return _NO_PICTURE
    if page.dpi < _LEAST:
        return str(_COARSE) % {"dpi": round(page.dpi)}
    return None if page.coloured else _GREY


def look(path: str) -> tuple[int, list[Look]]:
    """Runs in the sandbox: version of the file, ten times, and what its pages are made of."""
    with pdfium.PdfDocument(path) as document:
        return document.get_version() or 0, [_page(document[number]) for number in range(len(document))]


def _page(page: pdfium.PdfPage) -> Look:
    """Scanners store a page as one picture, as strips, or as layers of which one has the colours."""
    width, height = page.get_size()
    covered, dpi, coloured = 0.0, 0.0, False
    for image in page.get_objects(filter=[_pdfium_c.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = image.get_bounds()
        share = max(0, right - left) * max(0, top - bottom) / (width * height)
        if share < _STRIP:
            continue
        told = image.get_metadata()
        covered += share
        dpi = max(dpi, min(told.width * 72 / (right - left), told.height * 72 / (top - bottom)))
        coloured |= told.bits_per_pixel >= 24 or told.colorspace == _pdfium_c.FPDF_COLORSPACE_INDEXED
    return Look(covered, dpi, coloured)
