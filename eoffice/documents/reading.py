"""What reads foreign files; runs inside the sandbox only (`pages` and `intake` call it)."""

import ctypes
import io
import math
import struct
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import combinations, pairwise
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw

from eoffice.documents.geometry import Box, View, around
from eoffice.documents.lettering import beyond
from eoffice.documents.pages import Line, PageText, Run, Word

#: the plain C functions; generated, without types
pdfium_c: Any = pypdfium2.raw
#: characters of one page that are looked at; a page of a law has 4,000
CHARACTERS = 60_000
#: up to here a document is read while it is taken in
SHORT_PAGES, SHORT_CHARACTERS = 4, 16_000
#: share of the line height up to which two pieces of a word are apart
_TOUCH = 0.12
#: highest picture, in pixels, whatever the shape of the page
TALLEST = 8_000


@dataclass(frozen=True)
class Structure:
    """What a PDF file is made of, before anybody relies on it."""

    encrypted: bool
    signed: bool
    #: width and height of each page in points, as shown
    page_sizes: list[tuple[float, float]]
    #: what is written on page 1, where all letters of the word that was looked for occur
    first_page: PageText | None
    #: what is written on each page; None where it is read later
    text: list[str] | None = None


class Unreadable(Exception):
    """No parser makes a document of it."""


def structure(
    path: str, looked_for: str, *, words: bool, fields: Callable[[], str | None] | None = None
) -> Structure:
    """Open the file with two parsers. `words`: read those of a short document too; `fields`: what the signature fields
    show, where somebody reads that anyhow: page 1 is then read as it is, without drawing them into it. Raises
    Unreadable.
    """
    try:
        with pikepdf.open(path) as pdf:
            if pdf.is_encrypted:
                return Structure(True, False, [], None)
            signed = _is_signed(pdf)
            plain = fields is not None and signed and _bears_signatures_alone(pdf)
            never = beyond(pdf.pages[0], looked_for) if plain else set[str]()
        with _opened(path) as document:
            sizes = [document.get_page_size(number) for number in range(len(document))]
            pages = _short_text(document) if words else None
            if pages:
                suspect = set(looked_for) <= set(pages[0].text)
            else:
                beside = fields() if plain and fields is not None else None
                if beside is not None and never - _written_in(beside):
                    suspect = False
                else:
                    suspect = bool(sizes) and set(looked_for) <= _letters(document, 1, beside)
    except pikepdf.PasswordError:
        return Structure(True, False, [], None)
    except (pikepdf.PdfError, pdfium.PdfiumError) as error:
        raise Unreadable(str(error)) from None
    if suspect:
        first_page = pages[0] if pages else page_text(path, 1)[0]
    else:
        first_page = None
    return Structure(False, signed, sizes, first_page, [page.text for page in pages] if pages else None)


def page_text(path: str, limit: int | None) -> list[PageText]:
    """See `pages.page_text`."""
    with _opened(path) as document:
        count = len(document) if limit is None else min(limit, len(document))
        return [_text_of(document, number) for number in range(1, count + 1)]


def page_words(path: str, limit: int | None) -> list[str]:
    """See `pages.page_words`."""
    return [page.text for page in page_text(path, limit)]


def page_runs(path: str, limit: int | None) -> list[list[Run]]:
    """See `pages.page_runs`."""
    with _opened(path) as document:
        count = len(document) if limit is None else min(limit, len(document))
        return [_runs_of(document, number) for number in range(1, count + 1)]


def render_page(path: str, page: int, width: int, image: str) -> bytes:
    """See `pages.render_page`."""
    with _opened(path) as document:
        if not 1 <= page <= len(document):
            raise IndexError(page)
        drawn = document[page - 1]
        scale = min(width / drawn.get_width(), TALLEST / drawn.get_height())
        picture = drawn.render(scale=scale, may_draw_forms=True).to_pil()
    out = io.BytesIO()
    picture.save(out, image, **({"compress_level": 3} if image == "PNG" else {"quality": 82, "method": 2}))
    return out.getvalue()


def zip_names(path: str, limit: int = 1000) -> list[str]:
    """Names in a ZIP file, the first `limit`."""
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()[:limit]


def zip_member(path: str, name: str, limit: int) -> bytes:
    """A file of a ZIP file, its first `limit` bytes unpacked. Raises RuntimeError when it is locked."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as member:
        return member.read(limit)


@contextmanager
def _opened(path: str) -> Iterator[pdfium.PdfDocument]:
    document = pdfium.PdfDocument(path)
    try:
        document.init_forms()  # before any page: pdfium draws no signature without
        yield document
    finally:
        document.close()


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    """Tell whether a signature field holds a value (ISO 32000-1, 12.7.4.5); fields may nest."""
    form = pdf.Root.get("/AcroForm")
    waiting = list(form.get("/Fields", [])) if isinstance(form, pikepdf.Dictionary) else []
    seen = 0
    while waiting and seen < 10_000:
        entry, seen = waiting.pop(), seen + 1
        if not isinstance(entry, pikepdf.Dictionary):
            continue
        if entry.get("/FT") == "/Sig" and "/V" in entry:
            return True
        waiting += list(entry.get("/Kids", []))
    return False


def _bears_signatures_alone(pdf: pikepdf.Pdf) -> bool:
    """Whether all that page 1 shows over its own content are signature fields that are filled."""
    if not pdf.pages:
        return False
    over = list(pdf.pages[0].obj.get("/Annots", []))
    return all(
        isinstance(one, pikepdf.Dictionary) and one.get("/FT") == "/Sig" and "/V" in one for one in over
    )


def _short_text(document: pdfium.PdfDocument) -> list[PageText] | None:
    """What is written on each page, when reading all of it takes a moment: most documents have one page or two."""
    if len(document) > SHORT_PAGES:
        return None
    pages, room = list[PageText](), SHORT_CHARACTERS
    for number in range(1, len(document) + 1):
        with _written(document, number) as (text, visible, view):
            room -= text.count_chars()
            if room < 0:
                return None
            pages.append(_in_lines(number, text, visible, view))
    return pages


def _letters(document: pdfium.PdfDocument, number: int, fields: str | None) -> set[str]:
    """Every letter that is written on a page: a tenth of the work of `_text_of`, and their order may be any. `fields`:
    what its fields show, None: not known, so they are drawn into it."""
    page = document[number - 1]
    if fields is None:
        page = _drawn(page, number)
    text = page.get_textpage()
    written = _written_in(text.get_text_range() + (fields or ""))
    text.close()
    page.close()
    return written


def _written_in(text: str) -> set[str]:
    return set(unicodedata.normalize("NFC", "".join(text.split())))


def _text_of(document: pdfium.PdfDocument, number: int) -> PageText:
    with _written(document, number) as (text, visible, view):
        return _in_lines(number, text, visible, view)


@contextmanager
def _written(document: pdfium.PdfDocument, number: int) -> Iterator[tuple[pdfium.PdfTextPage, Box, View]]:
    """The text of a page with its fields, what of the page is shown, and how."""
    page = document[number - 1]
    left, bottom, right, top = page.get_mediabox()
    crop = page.get_cropbox()
    visible = Box(max(left, crop[0]), max(bottom, crop[1]), min(right, crop[2]), min(top, crop[3]))
    if visible.width <= 0 or visible.height <= 0:  # a crop box outside the page counts for nothing
        visible = Box(left, bottom, right, top)
    view = View(visible, page.get_rotation())
    page = _drawn(page, number)
    text = page.get_textpage()
    try:
        yield text, visible, view
    finally:
        text.close()
        page.close()


def _in_lines(number: int, text: pdfium.PdfTextPage, visible: Box, view: View) -> PageText:
    upright = View(visible, _text_angle(text))
    lines = _Lines(upright, view)
    lines.take(_characters(text, upright))
    return PageText(number, view, tuple(lines.finished()))


def _runs_of(document: pdfium.PdfDocument, number: int) -> list[Run]:
    page = document[number - 1]
    view = View(Box(*page.get_cropbox()), page.get_rotation())
    page = _drawn(page, number)
    text = page.get_textpage()
    runs: list[Run] = []
    letters: list[str] = []
    boxes: list[_Place] = []
    face = ("", 0.0)

    def end() -> None:
        if boxes:
            runs.append(Run(unicodedata.normalize("NFC", "".join(letters)).strip(), *face, around(boxes)))
        letters.clear()
        boxes.clear()

    for character, box, index in _characters(text, view):
        if box is None:
            if character in "\r\n":
                end()
            letters.append(" ")
            continue
        here = _face(text, index)
        if here != face:
            end()
            face = here
        letters.append(character)
        boxes.append(box)
    end()
    text.close()
    page.close()
    return runs


def _face(text: pdfium.PdfTextPage, index: int) -> tuple[str, float]:
    """Font and size of a character; the size with what the text matrix makes of it."""
    name, flags, matrix = ctypes.create_string_buffer(200), ctypes.c_int(), pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetFontInfo(text.raw, index, name, len(name), ctypes.byref(flags))
    pdfium_c.FPDFText_GetMatrix(text.raw, index, ctypes.byref(matrix))
    font = name.value.decode("utf-8", "replace")
    size = pdfium_c.FPDFText_GetFontSize(text.raw, index) * math.hypot(matrix.c, matrix.d)
    return font.partition("+")[2] or font, round(size, 1)


def _drawn(page: pdfium.PdfPage, number: int) -> pdfium.PdfPage:
    """The page with its fields drawn into this copy in memory, which is the one way to their text.

    Its boxes are others from then on.
    """
    if pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY) == pdfium_c.FLATTEN_SUCCESS:
        page.close()
        return page.pdf[number - 1]
    return page


def _text_angle(text: pdfium.PdfTextPage) -> int:
    """Return the clockwise turn that makes most of the text run from left to right: 0, 90, 180 or 270.

    Scanners and landscape tables turn the page, the text, or both.
    """
    count = min(pdfium_c.FPDFText_CountChars(text.raw), 400)
    angles = (pdfium_c.FPDFText_GetCharAngle(text.raw, index) for index in range(count))
    turns = Counter(round(math.degrees(angle) / 90) * 90 % 360 for angle in angles if angle >= 0)
    return (360 - turns.most_common(1)[0][0]) % 360 if turns else 0


#: left, bottom, right, top of a character: a bare tuple, since a page has thousands
_Place = tuple[float, float, float, float]


def _characters(text: pdfium.PdfTextPage, upright: View) -> Iterator[tuple[str, _Place | None, int]]:
    """Yield the visible characters in the order of the file, with their place there; blanks have no box."""
    count = min(text.count_chars(), CHARACTERS)
    rectangles = (pdfium_c.FS_RECTF * count)()
    raw, first, size = _address(text.raw), ctypes.addressof(rectangles), ctypes.sizeof(pdfium_c.FS_RECTF)
    placed = [_box_of(raw, index, first + index * size) for index in range(count)]
    shown, (width, height) = upright.shown, upright.size
    turned, x0, y0 = upright.rotation, upright.crop.x0, upright.crop.y0
    boxes = struct.iter_unpack("4f", rectangles)  # left, top, right, bottom
    for index, (character, (left, top, right, bottom)) in enumerate(
        zip(_letters_of(text, count), boxes, strict=True)
    ):
        if character.isspace() or character in "\0\uffff":
            yield character, None, index
        elif placed[index]:
            if turned:
                left, bottom, right, top = shown(Box(left, bottom, right, top))
            else:
                left, bottom, right, top = left - x0, bottom - y0, right - x0, top - y0
            if right > 0 and top > 0 and left < width and bottom < height:
                yield character, (left, bottom, right, top), index


def _letters_of(text: pdfium.PdfTextPage, count: int) -> Sequence[str]:
    """The first characters, one for each index; taken at once where indices and characters agree."""
    written: Sequence[str] = text.get_text_range(0, count)
    if len(written) != count:
        written = [chr(pdfium_c.FPDFText_GetUnicode(text.raw, index)) for index in range(count)]
    # a hyphen at the end of a line, under the two names pdfium has for it
    return ["-" if character in "\2\ufffe" else character for character in written]


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


#: asked for each character: by bare addresses, whose conversion costs a third of what typed pointers cost
_box_of = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    _address(pdfium_c.FPDFText_GetLooseCharBox)
)


class _Break(IntEnum):
    """What lies between two characters."""

    NONE = 0
    WORD = 1
    LINE = 2


@dataclass
class _Lines:
    """Gathers characters into words and words into lines, read `upright`, placed as in `view`."""

    upright: View
    view: View
    lines: list[list[Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    boxes: list[_Place] = field(default_factory=list)
    #: the character or the word before
    last: _Place | None = None

    def take(self, characters: Iterable[tuple[str, _Place | None, int]]) -> None:
        for character, box, _index in characters:
            if box is None:
                self._end_word()
                if character in "\r\n":
                    self._end_line()
                continue
            if self.last is not None and (between := _between(self.last, box)):
                if between is _Break.LINE:
                    self._end_line()
                else:
                    self._end_word()
            self.letters.append(character)
            self.boxes.append(box)
            self.last = box

    def finished(self) -> list[Line]:
        self._end_line()
        return [self._line(words) for words in _woven(self.lines)]

    def _end_word(self) -> None:
        if self.letters:
            text = unicodedata.normalize("NFC", "".join(self.letters))
            self.last = box = around(self.boxes)
            self.words.append(Word(text, box))
            self.letters, self.boxes = [], []

    def _end_line(self) -> None:
        self._end_word()
        if self.words:
            self.lines.append(self.words)
            self.words = []
        self.last = None

    def _line(self, words: list[Word]) -> Line:
        placed = tuple(Word(word.text, self._placed(word.box)) for word in words)
        return Line(placed, around(word.box for word in placed))

    def _placed(self, box: Box) -> Box:
        return box if self.upright == self.view else self.view.shown(self.upright.user(box))


def _between(last: _Place, box: _Place) -> _Break:
    """A line ends where the next character stands on another one, goes back or is 1.5 line heights away.

    Asked for every character of every page, so it takes the boxes apart once.
    """
    x0, y0, x1, y1 = last
    left, bottom, _, top = box
    low, high, gap = y1 - y0, top - bottom, left - x1
    if bottom == y0 and top == y1 and gap <= 0.3 * low and left >= x0 - low:
        return _Break.NONE  # as most are
    height = max(low, high, 1.0)
    shared = min(y1, top) - max(y0, bottom)
    if shared < 0.4 * min(low, high) or gap > 1.5 * height or left < x0 - height:
        return _Break.LINE
    return _Break.WORD if gap > 0.3 * height else _Break.NONE


def _woven(lines: list[list[Word]]) -> Iterator[list[Word]]:
    """Lines that were drawn in several goes in one: a font that lacks Vietnamese letters is helped out by another,
    whose letters come after the rest of the line."""
    band: list[list[Word]] = []
    for line in lines:
        if band and not _level(band[0][0].box, line[0].box):
            yield from _one_band(band)
            band = []
        band.append(line)
    if band:
        yield from _one_band(band)


def _one_band(band: list[list[Word]]) -> Iterator[list[Word]]:
    words = sorted((word for line in band for word in line), key=lambda word: word.box.x0)
    if not any(_lent(line, later) for line, later in combinations(band, 2)) or any(
        _over(one.box, other.box) for one, other in pairwise(words)
    ):
        yield from band
        return
    line = [words[0]]
    for word in words[1:]:
        last = line[-1]
        gap, height = word.box.x0 - last.box.x1, max(last.box.height, word.box.height)
        if gap > 1.5 * height:
            yield line
            line = [word]
        elif gap <= _TOUCH * height:
            text = unicodedata.normalize("NFC", last.text + word.text)
            line[-1] = Word(text, around((last.box, word.box)))
        else:
            line.append(word)
    yield line


def _level(one: Box, other: Box) -> bool:
    """Whether two stand on one line."""
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    return shared >= 0.6 * min(one.height, other.height)


def _lent(line: list[Word], later: list[Word]) -> bool:
    """Whether what was drawn later belongs between what was drawn before: it touches it, or lies within it."""
    if later[0].box.x0 > line[0].box.x0 and later[-1].box.x1 < line[-1].box.x1:
        return True
    edges = [(word.box.x0, word.box.x1, _TOUCH * word.box.height) for word in line]
    return any(
        abs(word.box.x0 - right) <= near or abs(left - word.box.x1) <= near
        for word in (later[0], later[-1])
        for left, right, near in edges
    )


def _over(one: Box, other: Box) -> bool:
    """Whether one is drawn over the other, as a stamp or a second stroke for bold."""
    return min(one.x1, other.x1) - other.x0 > 0.3 * min(one.width, other.width)
