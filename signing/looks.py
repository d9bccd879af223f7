"""Whether what was signed still looks as it did: earlier revisions drawn beside later ones."""

import io
import tempfile
from contextlib import ExitStack
from typing import Any, BinaryIO

import pikepdf
from PIL import Image, ImageChops

from signing import pages
from signing.errors import SigningError
from signing.fields import placement
from signing.gate import opened
from signing.geometry import Box, Placement
from signing.report import Changes, Code, Finding

#: pixels a point when ink is compared
_SCALE = 2.0
#: steps of 255 that count as a change, and as ink
_CHANGED, _INK = 24, 200
#: bytes of a revision that is drawn from memory
_IN_MEMORY = 20_000_000
#: pixels; fewer are the rounding of curves
_TOUCHES = 6
#: share of an earlier picture that later ink may change; a seal covers a third of it (Decree 30, Appendix I-II.8.a)
_OVERLAID = 0.5
#: pixels of the longer side, whatever size a page claims to have
_SIDE = 3000
#: pixels a point at which thin words are no ink any more
_COARSE = 0.5
#: pages that are drawn to tell a changed page from an addition; neither is ever valid
_PAGES = 40


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


class Revisions:
    """A file's revisions, drawn; each is opened once. A context manager, since open documents hold pdfium's lock."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._open = ExitStack()
        self._documents: dict[int, Any] = {}

    def __enter__(self) -> "Revisions":
        return self

    def __exit__(self, *error: object) -> None:
        self._documents.clear()
        self._open.close()

    def inks_over(self, before: int, after: int, place: Placement, texts: list[Box]) -> bool:
        """Whether a field shown at `place`, new in the revision that ends at `after`, changes pixels where the one
        that ends at `before` has ink, or is too large to tell.

        Pictures of earlier fields may be overlaid, as the seal overlays the signature (see `hides`); their words
        (`texts`, boxes on the same page) may not. Raises UnreadablePdf.
        """
        width, height = self._document(before)[place.page - 1].get_size()
        area = place.box.common(Box(0, 0, width, height))
        if area is None:
            return False
        scale = min(_SCALE, _SIDE / max(area.width, area.height))
        if scale < _COARSE:
            return True
        plain = self._draw(before, place.page, area, scale, forms=False)
        old, new = (self._draw(end, place.page, area, scale, forms=True) for end in (before, after))
        protected = _ink(plain)
        for box in texts:
            _protect(protected, box, area, scale)
        return _touched(old, new, protected)

    def hides(self, before: int, after: int, picture: Placement) -> bool:
        """Whether the revision that ends at `after` changes more than half of what the fields at `picture` drew in
        the one that ends at `before`. Raises UnreadablePdf."""
        width, height = self._document(before)[picture.page - 1].get_size()
        area = picture.box.common(Box(0, 0, width, height))
        if area is None:
            return False
        scale = min(_SCALE, _SIDE / max(area.width, area.height))
        plain = self._draw(before, picture.page, area, scale, forms=False)
        old, new = (self._draw(end, picture.page, area, scale, forms=True) for end in (before, after))
        drawn, gone = _changed(plain, old), _changed(old, new)
        lost = ImageChops.multiply(drawn, gone).histogram()[255]
        return lost > max(_TOUCHES, _OVERLAID * drawn.histogram()[255])

    def _document(self, end: int) -> Any:
        if end not in self._documents:
            source = revision(self._stream, end)
            self._documents[end] = self._open.enter_context(pages.opened(source, forms=True))
        return self._documents[end]

    def _draw(self, end: int, page: int, area: Box, scale: float, *, forms: bool) -> Image.Image:
        return pages.render(self._document(end), page, scale=scale, area=area, forms=forms)


def revision(stream: BinaryIO, end: int) -> Any:
    """The first `end` bytes, in memory when they are few: pdfium asks for them in thousands of small parts."""
    if end > _IN_MEMORY:
        return Prefix(stream, end)
    stream.seek(0)
    return stream.read(end)


def after_signing(stream: BinaryIO, end: int, *, last: int | None = None) -> tuple[Finding, Changes]:
    """What the bytes behind `end` do to what was signed, when they are more than further signatures.

    They change it when a page looks different, or when a note or field covers signed ink or stands in the place of
    a field that was signed; else they add to it. `last`: where the last signature ends, whose own ink may cover.
    """
    size = stream.seek(0, io.SEEK_END)
    before, signed, after = Prefix(stream, end), Prefix(stream, last or end), Prefix(stream, size)
    try:
        page = _pages_changed(before, after) or _covered(signed, after, _annotations(signed))
        with tempfile.TemporaryFile() as rebuilt:
            # readers that give up on the cross-references search the file for objects
            page = page or _pages_changed(before, _rebuild(stream, rebuilt))
    except (SigningError, pikepdf.PdfError):
        # a revision that cannot be drawn cannot be called changed
        page = None
    if page is None:
        return Finding(Code.UNSIGNED_ADDITION, {"page": "0"}), Changes.UNSIGNED
    return Finding(Code.CONTENT_CHANGED, {"page": str(page)}), Changes.CONTENT


def _pages_changed(before: Any, after: Any) -> int | None:
    """Number of the first page whose own content looks different, without annotations and fields; 1 when pages were
    added or removed."""
    with pages.opened(before) as old:
        sizes = _sizes(old)
        pictures = [_whole(old, number, forms=False) for number in _drawn(sizes)]
    with pages.opened(after) as new:
        if sizes != _sizes(new):
            return 1
        for number, picture in enumerate(pictures, 1):
            if ImageChops.difference(picture, _whole(new, number, forms=False)).getbbox():
                return number
    return None


def _covered(before: Any, after: Any, areas: dict[int, list[Box]]) -> int | None:
    """Number of the first page whose signed ink, or what stands in `areas`, looks different with annotations drawn."""
    with pages.opened(before, forms=True) as old:
        sizes = _sizes(old)
        pictures = [_whole(old, number) for number in _drawn(sizes)]
    with pages.opened(after, forms=True) as new:
        for number, (picture, size) in enumerate(zip(pictures, sizes, strict=False), 1):
            protected = _ink(picture)
            for box in areas.get(number, []):
                _protect(protected, box, Box(0, 0, *size), _scale(size))
            if _touched(picture, _whole(new, number), protected):
                return number
    return None


def _rebuild(stream: BinaryIO, target: Any) -> Any:
    """The file as qpdf repairs it."""
    with opened(stream) as pdf:
        pdf.save(target)
    return target


def _annotations(before: Any) -> dict[int, list[Box]]:
    """Where annotations and fields stand, by page."""
    found: dict[int, list[Box]] = {}
    with opened(before) as pdf:
        for number, page in enumerate(pdf.pages[:_PAGES], 1):
            placed = (placement(page, number, annotation) for annotation in page.obj.get("/Annots", []))
            found[number] = [one.box for one in placed if one is not None]
    return found


def _sizes(document: Any) -> list[tuple[float, float]]:
    return [document[number].get_size() for number in range(len(document))]


def _drawn(sizes: list[tuple[float, float]]) -> range:
    return range(1, min(_PAGES, len(sizes)) + 1)


def _scale(size: tuple[float, float]) -> float:
    return min(1.0, _SIDE / max(1.0, *size))


def _whole(document: Any, number: int, *, forms: bool = True) -> Image.Image:
    return pages.render(document, number, scale=_scale(document[number - 1].get_size()), forms=forms)


def _ink(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point([255] * _INK + [0] * (256 - _INK))


def _touched(old: Image.Image, new: Image.Image, protected: Image.Image) -> bool:
    return ImageChops.multiply(_changed(old, new), protected).histogram()[255] > _TOUCHES


def _changed(old: Image.Image, new: Image.Image) -> Image.Image:
    return ImageChops.difference(old, new).convert("L").point([0] * _CHANGED + [255] * (256 - _CHANGED))


def _protect(ink: Image.Image, box: Box, area: Box, scale: float) -> None:
    """Count all of `box` as ink."""
    if box.overlaps(area):
        left, right = (box.x0 - area.x0) * scale, (box.x1 - area.x0) * scale
        top, bottom = (area.y1 - box.y1) * scale, (area.y1 - box.y0) * scale
        corners = (
            max(0, int(left)),
            max(0, int(top)),
            min(ink.width, int(right)),
            min(ink.height, int(bottom)),
        )
        ink.paste(255, corners)
