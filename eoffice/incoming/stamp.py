"""The stamp "ĐẾN" on a rendition; what was received is never touched (Decree 30/2020, Article 22 and Appendix IV)."""

import io
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium

from eoffice.core import clock, sandbox
from eoffice.documents.geometry import MM
from eoffice.documents.layout.renditions import shown, written
from eoffice.documents.layout.typesetting import compiled, composed, printable

#: width and height of the stamp in points
SIZE = (50 * MM, 35 * MM)
#: dots per point when looking for white paper
_SCALE = 0.5
#: how far the places that are tried lie apart, in points
_STEP = 12.0
#: the edge of the paper, where a printer leaves off
_EDGE = 14.0
sandbox.preload(__name__)


def stamped(path: Path, agency: str, number: int, day: str, to: str, dossier: str) -> bytes:
    """The PDF with the stamp on the first white place of page 1, from under the letter head down.

    `to`: who got it, `dossier`: notations, both empty when not known yet. Nothing of the copy signs.
    Raises SandboxDied, PdfiumError.
    """
    said = {"agency": agency, "number": str(number), "day": day, "to": to, "dossier": dossier}
    data = printable(composed(said))
    _places, drawn = compiled("stamp", data, clock.now())
    made: bytes = sandbox.call(f"{__name__}:draw", str(path.absolute()), drawn, seconds=30)
    return made


def draw(path: str, drawn: bytes) -> bytes:
    """Runs in the sandbox: lay the stamp over page 1."""
    left, top = _place(path)
    with shown(path) as document, pikepdf.open(io.BytesIO(drawn)) as stamp:
        page = document.pages[0]
        x0, _y0, _x1, y1 = (float(side) for side in page.mediabox)
        box = pikepdf.Rectangle(x0 + left, y1 - top - SIZE[1], x0 + left + SIZE[0], y1 - top)
        page.add_overlay(stamp.pages[0], box)
        return written(document)


def _place(path: str) -> tuple[float, float]:
    """Distance from left and top, in points, of the place with the least ink."""
    with pdfium.PdfDocument(path) as document:
        document.init_forms()
        page = document[0]
        width, height = page.get_size()
        picture = page.render(scale=_SCALE).to_pil().convert("L")
    across, down = (round(side * _SCALE) for side in SIZE)

    def ink(place: tuple[float, float]) -> int:
        x, y = (round(side * _SCALE) for side in place)
        histogram = picture.crop((x, y, x + across, y + down)).histogram()
        return sum(count for shade, count in enumerate(histogram) if shade < 160)

    return min(_candidates(width, height), key=ink)


def _candidates(width: float, height: float) -> list[tuple[float, float]]:
    """Left and top of every place that is tried: from a sixth of the page down, the left before the right, and
    the letter head last. The first of those with the least ink is taken."""

    def along(size: float, room: float) -> list[float]:
        last = max(_EDGE, size - room - _EDGE)
        return [_EDGE + n * _STEP for n in range(int((last - _EDGE) / _STEP) + 1)]

    below = [top for top in along(height, SIZE[1]) if top > height / 6]
    above = [top for top in along(height, SIZE[1]) if top <= height / 6]
    return [(left, top) for top in (*below, *above) for left in along(width, SIZE[0])]
