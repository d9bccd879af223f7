"""Signature fields as they show: where, with which words, over what."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pikepdf
from PIL import Image, ImageChops

from signing import pages
from signing.errors import PlacementError, SigningError
from signing.gate import STREAM
from signing.geometry import Box, Placement, visible

#: pixels a point when ink is compared
_SCALE = 2.0
#: steps of 255 that count as a change, and as ink
_CHANGED, _INK = 24, 200
#: pixels; fewer are the rounding of curves
_TOUCHES = 6


@dataclass(frozen=True)
class VisibleField:
    """A signature field with an area on a page."""

    name: str
    placement: Placement
    #: words its appearance shows, NFC
    text: str
    #: whether it draws a picture
    picture: bool


def visible_fields(source: BinaryIO) -> dict[str, VisibleField]:
    """Signature fields that show, by their full name. Raises pikepdf.PdfError and what it raises."""
    source.seek(0)
    with pikepdf.open(source, access_mode=STREAM, suppress_warnings=True) as pdf:
        numbers = {page.objgen: number for number, page in enumerate(pdf.pages, 1)}
        found = {}
        for name, widget in _widgets(pdf):
            placed = _placement(pdf, widget, numbers)
            if placed is not None:
                form = _normal(widget)
                found[name] = VisibleField(
                    name, placed, _words(form), form is not None and _draws_picture(form, 4)
                )
        return found


def _widgets(pdf: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    """Signature fields with their full names, at most 10,000 nodes deep and wide."""
    form: Any = pdf.Root.get("/AcroForm", {})
    waiting = [("", field) for field in form.get("/Fields", [])]
    for _ in range(10_000):
        if not waiting:
            return
        above, field = waiting.pop(0)
        part = str(field.get("/T", ""))
        name = f"{above}.{part}" if above and part else above or part
        if field.get("/FT") == "/Sig":
            kids = field.get("/Kids", [])
            yield name, kids[0] if len(kids) else field
        else:
            waiting.extend((name, kid) for kid in field.get("/Kids", []))


def _placement(pdf: pikepdf.Pdf, widget: Any, numbers: dict[Any, int]) -> Placement | None:
    rect = [float(edge) for edge in widget.get("/Rect", [0, 0, 0, 0])]
    box = Box(min(rect[0], rect[2]), min(rect[1], rect[3]), max(rect[0], rect[2]), max(rect[1], rect[3]))
    if box.width <= 0 or box.height <= 0:
        return None
    number = numbers.get(widget["/P"].objgen) if "/P" in widget else _page_of(pdf, widget)
    if number is None:
        return None
    page = pdf.pages[number - 1]
    try:
        shape = visible(page.mediabox, page.cropbox, page.obj.get("/Rotate", 0))
    except PlacementError:
        return Placement(number, box)
    return Placement(number, shape.to_shown(box))


def _page_of(pdf: pikepdf.Pdf, widget: Any) -> int | None:
    for number, page in enumerate(pdf.pages, 1):
        if any(other.objgen == widget.objgen for other in page.obj.get("/Annots", [])):
            return number
    return None


def _normal(widget: Any) -> Any:
    form = widget.get("/AP", {}).get("/N")
    return form if isinstance(form, pikepdf.Stream) else None


def _draws_picture(form: Any, depth: int) -> bool:
    """An image in the form or in the forms it draws; other producers nest them four deep."""
    for part in form.get("/Resources", {}).get("/XObject", {}).values():
        if part.get("/Subtype") == "/Image":
            return True
        if depth and part.get("/Subtype") == "/Form" and _draws_picture(part, depth - 1):
            return True
    return False


def _words(form: Any) -> str:
    """Draw the appearance alone on a page and read it: pdfium reads no words in fields."""
    if form is None:
        return ""
    with pikepdf.new() as alone:
        box = [float(edge) for edge in form.get("/BBox", [0, 0, 1, 1])]
        page = alone.add_blank_page(page_size=(max(3, abs(box[2] - box[0])), max(3, abs(box[3] - box[1]))))
        copied = alone.copy_foreign(form)
        copied["/Matrix"] = pikepdf.Array([1, 0, 0, 1, -min(box[0], box[2]), -min(box[1], box[3])])
        page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=copied))
        page.obj["/Contents"] = alone.make_stream(b"/X Do")
        stream = io.BytesIO()
        alone.save(stream)
    try:
        with pages.opened(stream.getvalue()) as document:
            return " ".join(run.text for run in pages.words(document[0]))
    except SigningError:
        return ""


class Prefix(io.RawIOBase):
    """The first `size` bytes of a stream, as a file of its own: an earlier revision."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source, self._size, self._at = source, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._source.seek(self._at)
        data = self._source.read(min(len(buffer), max(0, self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def inks_over(before: Any, after: Any, field: VisibleField, texts: list[Box]) -> bool:
    """Whether `field`, new in the revision `after`, changes pixels where `before` has ink.

    Pictures of earlier fields may be overlaid, as the seal overlays the signature; their words (`texts`, boxes on
    the same page) may not. Raises UnreadablePdf.
    """
    number, area = field.placement.page, field.placement.box
    with pages.opened(before, forms=True) as document:
        plain = pages.render(document, number, scale=_SCALE, area=area, forms=False)
        old = pages.render(document, number, scale=_SCALE, area=area)
    with pages.opened(after, forms=True) as document:
        new = pages.render(document, number, scale=_SCALE, area=area)
    changed = ImageChops.difference(old, new).convert("L").point([0] * _CHANGED + [255] * (256 - _CHANGED))
    ink = plain.convert("L").point([255] * _INK + [0] * (256 - _INK))
    for box in texts:
        _protect(ink, box, area)
    return ImageChops.multiply(changed, ink).histogram()[255] > _TOUCHES


def _protect(ink: Image.Image, box: Box, area: Box) -> None:
    """Count all of `box` as ink."""
    if box.overlaps(area):
        left, right = (box.x0 - area.x0) * _SCALE, (box.x1 - area.x0) * _SCALE
        top, bottom = (area.y1 - box.y1) * _SCALE, (area.y1 - box.y0) * _SCALE
        corners = (
            max(0, int(left)),
            max(0, int(top)),
            min(ink.width, int(right)),
            min(ink.height, int(bottom)),
        )
        ink.paste(255, corners)


def pages_changed(before: Any, after: Any, *, limit: int = 40) -> int | None:
    """Number of the first page whose own content looks different, without annotations and fields; 1 when pages
    were added or removed. None when the first `limit` pages look the same."""
    with pages.opened(before) as old:
        sizes = [old[number].get_size() for number in range(len(old))]
        pictures = [pages.render(old, number, forms=False) for number in range(1, min(limit, len(old)) + 1)]
    with pages.opened(after) as new:
        if sizes != [new[number].get_size() for number in range(len(new))]:
            return 1
        for number, picture in enumerate(pictures, 1):
            if ImageChops.difference(picture, pages.render(new, number, forms=False)).getbbox():
                return number
    return None
