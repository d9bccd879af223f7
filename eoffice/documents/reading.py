"""What reads foreign files; runs inside the sandbox only (`pages` and `intake` call it)."""

import ctypes
import io
import math
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw

from eoffice.documents.geometry import Box, View, around
from eoffice.documents.pages import Line, PageText, Word

#: the plain C functions; generated, without types
pdfium_c: Any = pypdfium2.raw
#: characters of one page that are looked at; a page of a law has 4,000
CHARACTERS = 60_000
#: highest picture, in pixels, whatever the shape of the page
TALLEST = 8_000


@dataclass(frozen=True)
class Structure:
    """What a PDF file is made of, before anybody relies on it."""

    encrypted: bool
    signed: bool
    #: what the parser had to mend or complain about, in its own words
    findings: list[str]
    #: width and height of each page in points, as shown
    page_sizes: list[tuple[float, float]]
    #: text of page 1, to find the mark of a state secret
    first_page: PageText | None


class Unreadable(Exception):
    """No parser makes a document of it."""


def structure(path: str) -> Structure:
    """Open the file with two parsers. Raises Unreadable."""
    try:
        with pikepdf.open(path) as pdf:
            if pdf.is_encrypted:
                return Structure(True, False, [], [], None)
            signed, complaints = _is_signed(pdf), [*pdf.get_warnings(), *pdf.check_pdf_syntax()]
            told = (
                str(line).removeprefix("WARNING: ").replace(path, "").lstrip(",: ") for line in complaints
            )
            findings = list(dict.fromkeys(told))
        with _opened(path) as document:
            sizes = [document.get_page_size(number) for number in range(len(document))]
            first = _text_of(document, 1) if sizes else None
    except pikepdf.PasswordError:
        return Structure(True, False, [], [], None)
    except (pikepdf.PdfError, pdfium.PdfiumError) as error:
        raise Unreadable(str(error)) from None
    return Structure(False, signed, findings, sizes, first)


def page_text(path: str, limit: int | None) -> list[PageText]:
    """See `pages.page_text`."""
    with _opened(path) as document:
        count = len(document) if limit is None else min(limit, len(document))
        return [_text_of(document, number) for number in range(1, count + 1)]


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


def zip_names(path: str) -> list[str]:
    """Names in a ZIP file, the first thousand."""
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()[:1000]


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


def _text_of(document: pdfium.PdfDocument, number: int) -> PageText:
    page = document[number - 1]
    left, bottom, right, top = page.get_mediabox()
    crop = page.get_cropbox()
    visible = Box(max(left, crop[0]), max(bottom, crop[1]), min(right, crop[2]), min(top, crop[3]))
    if visible.width <= 0 or visible.height <= 0:  # a crop box outside the page counts for nothing
        visible = Box(left, bottom, right, top)
    view = View(visible, page.get_rotation())
    # Drawing the fields into this copy of the page in memory is the one way to their text.
    if pdfium_c.FPDFPage_Flatten(page.raw, pdfium_c.FLAT_NORMALDISPLAY) == pdfium_c.FLATTEN_SUCCESS:
        page.close()
        page = document[number - 1]
    text = page.get_textpage()
    upright = View(visible, _text_angle(text))
    lines = _Lines(upright, view)
    for character, box in _characters(text, upright):
        lines.take(character, box)
    text.close()
    page.close()
    return PageText(number, view, tuple(lines.finished()))


def _text_angle(text: pdfium.PdfTextPage) -> int:
    """Return the clockwise turn that makes most of the text run from left to right: 0, 90, 180 or 270.

    Scanners and landscape tables turn the page, the text, or both.
    """
    count = min(pdfium_c.FPDFText_CountChars(text.raw), 400)
    angles = (pdfium_c.FPDFText_GetCharAngle(text.raw, index) for index in range(count))
    turns = Counter(round(math.degrees(angle) / 90) * 90 % 360 for angle in angles if angle >= 0)
    return (360 - turns.most_common(1)[0][0]) % 360 if turns else 0


def _characters(text: pdfium.PdfTextPage, upright: View) -> Iterator[tuple[str, Box | None]]:
    """Yield the visible characters in the order of the file; blanks have no box."""
    rectangle = pdfium_c.FS_RECTF()
    width, height = upright.size
    for index in range(min(pdfium_c.FPDFText_CountChars(text.raw), CHARACTERS)):
        character = chr(pdfium_c.FPDFText_GetUnicode(text.raw, index))
        if character.isspace() or character in "\0\ufffe\uffff":
            yield character, None
        elif pdfium_c.FPDFText_GetLooseCharBox(text.raw, index, ctypes.byref(rectangle)):
            user = Box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
            box = upright.shown(user)
            if box.x1 > 0 and box.y1 > 0 and box.x0 < width and box.y0 < height:
                yield character, box


@dataclass
class _Lines:
    """Gathers characters into words and words into lines, read `upright`, placed as in `view`."""

    upright: View
    view: View
    lines: list[Line] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    letters: list[tuple[str, Box]] = field(default_factory=list)

    def take(self, character: str, box: Box | None) -> None:
        if box is None:
            self._end_word()
            if character in "\r\n":
                self._end_line()
            return
        last = self.letters[-1][1] if self.letters else self.words[-1].box if self.words else None
        if last and _apart(last, box, 1.5):
            self._end_line()
        elif last and self.letters and _apart(last, box, 0.3):
            self._end_word()
        self.letters.append((character, box))

    def finished(self) -> list[Line]:
        self._end_line()
        return self.lines

    def _end_word(self) -> None:
        if self.letters:
            text = unicodedata.normalize("NFC", "".join(letter for letter, _ in self.letters))
            self.words.append(Word(text, around(box for _, box in self.letters)))
            self.letters = []

    def _end_line(self) -> None:
        self._end_word()
        if self.words:
            words = tuple(Word(word.text, self._placed(word.box)) for word in self.words)
            self.lines.append(Line(words, around(word.box for word in words)))
            self.words = []

    def _placed(self, box: Box) -> Box:
        return box if self.upright == self.view else self.view.shown(self.upright.user(box))


def _apart(last: Box, box: Box, gap: float) -> bool:
    """Tell whether `box` starts `gap` line heights away, goes back, or stands on another line."""
    height = max(last.height, box.height, 1.0)
    shared = min(last.y1, box.y1) - max(last.y0, box.y0)
    return (
        shared < 0.4 * min(last.height, box.height)
        or box.x0 - last.x1 > gap * height
        or box.x0 < last.x0 - height
    )
