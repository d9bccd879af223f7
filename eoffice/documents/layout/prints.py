"""What is printed from here says so on every page (Decree 30/2020, Appendix VI, I-III.6.k); the file does not."""

import io
from pathlib import Path

import pikepdf

from eoffice.core import clock, sandbox
from eoffice.documents.geometry import MM
from eoffice.documents.layout.renditions import shown, written
from eoffice.documents.layout.typesetting import compiled, composed, printable

#: from the lower edge of the paper, in points: below the text, inside of what printers reach
_ABOVE_EDGE = 6 * MM
sandbox.preload(__name__)


def marked(path: Path, words: str) -> bytes:
    """The PDF with a line under each page. Nothing of it signs.

    Raises SandboxDied, PdfError.
    """
    data = printable(composed({"words": words}))
    _places, drawn = compiled("mark", data, clock.now())
    made: bytes = sandbox.call(f"{__name__}:draw", str(path.absolute()), drawn, seconds=60)
    return made


def draw(path: str, drawn: bytes) -> bytes:
    """Runs in the sandbox: lay the line under every page."""
    with shown(path) as document, pikepdf.open(io.BytesIO(drawn)) as mark:
        width, height = (float(side) for side in mark.pages[0].mediabox[2:])
        for page in document.pages:
            left, bottom, right, _top = (float(side) for side in page.mediabox)
            x, y = left + max(0, (right - left - width) / 2), bottom + _ABOVE_EDGE
            page.add_overlay(mark.pages[0], pikepdf.Rectangle(x, y, x + width, y + height))
        return written(document)
