"""What a signature shows on the page: cases A to E of Decree 30/2020/NĐ-CP, Appendix I part II.7.d, II.8, III.1.

A a leader's handwriting, blue, without text; B the agency's seal, red, at its real size, without text; the number line
with number left and place and date right; D an attachment's and E a copy's text, black, 10 pt, without a picture.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from signing.errors import TextTooLong
from signing.fonts import Font, font
from signing.images import picture

#: points in a millimetre
MM = 72 / 25.4
#: Vietnam's legal time has no summer time; ISO 8601 offset +07:00
VIETNAM = timezone(timedelta(hours=7))
#: share of the type size from baseline to the bottom of its line
_DESCENT = 0.22

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Text:
    """Words on one line, between the shares `start` and `end` of the box's width; they never wrap."""

    text: str
    #: points
    size: float = 13
    italic: bool = False
    align: Align = "left"
    start: float = 0
    end: float = 1

    @property
    def font(self) -> Font:
        """The style these words are set in."""
        return font(italic=self.italic)


@dataclass(frozen=True)
class Appearance:
    """A picture that fills the box with its proportions kept, or rows of text, the first on top; or both."""

    #: PNG; transparent where the page shall shine through
    png: bytes | None = None
    rows: tuple[tuple[Text, ...], ...] = ()
    #: distance of baselines, as a multiple of the type size
    leading: float = 1.2

    @property
    def text(self) -> str:
        """All words, row by row."""
        return "\n".join(" ".join(part.text for part in row) for row in self.rows)

    def check(self, width: float) -> None:
        """Raise MissingGlyph or TextTooLong when the words cannot be set in a box `width` points wide."""
        for part in (part for row in self.rows for part in row):
            needed, room = part.font.width(part.text, part.size), (part.end - part.start) * width
            if needed > room + 0.01:
                raise TextTooLong(part.text, needed, room)

    def content(self, width: float, height: float) -> bytes:
        """Drawing operators for a box of that size in points; fonts are /R and /I, the picture is /P."""
        parts = [b"q"]
        if self.png is not None:
            parts.append(_draw_picture(picture(self.png).ratio, width, height))
        top = height
        for row in self.rows:
            size = max(part.size for part in row)
            top -= size * self.leading
            parts.extend(_draw_text(part, width, top + size * _DESCENT) for part in row)
        return b"\n".join((*parts, b"Q"))


def _draw_picture(ratio: float, width: float, height: float) -> bytes:
    w, h = min(width, height * ratio), min(height, width / ratio)
    return b"q %.3f 0 0 %.3f %.3f %.3f cm /P Do Q" % (w, h, (width - w) / 2, (height - h) / 2)


def _draw_text(part: Text, width: float, y: float) -> bytes:
    left, room = part.start * width, (part.end - part.start) * width
    free = room - part.font.width(part.text, part.size)
    x = left + {"left": 0.0, "center": free / 2, "right": free}[part.align]
    name = b"I" if part.italic else b"R"
    glyphs = part.font.encode(part.text).hex().encode()
    return b"BT 0 g /%s %.2f Tf %.3f %.3f Td <%s> Tj ET" % (name, part.size, x, y, glyphs)


def leader(png: bytes) -> Appearance:
    """Case A: the picture of the handwritten signature."""
    return Appearance(png=png)


def seal(png: bytes) -> Appearance:
    """Case B: the picture of the seal; its real size is that of the box."""
    return Appearance(png=png)


def issue_date(place: str, day: date) -> str:
    """`An Giang, ngày 20 tháng 11 năm 2026`; days below 10 and months 1 and 2 get a zero (App. I-II.4)."""
    month = f"{day.month:02}" if day.month < 3 else f"{day.month}"
    return f"{place}, ngày {day.day:02} tháng {month} năm {day.year}"


def number_line(number: str, place_and_date: str, *, size: float = 13) -> Appearance:
    """The line of page 1 that is written at issue: `Số: 123/SNV-VP` left, place and date in italics right.

    The two columns are those of App. I-IV: 43 % and 46 % of the text's width, each centred under its heading.
    """
    left = Text(number, size, align="center", end=0.44)
    right = Text(place_and_date, size, italic=True, align="center", start=0.46)
    return Appearance(rows=((left, right),))


def _moment(at: datetime) -> str:
    local = at.astimezone(VIETNAM)
    return f"{local:%d/%m/%Y}; {local:%H:%M:%S} +07:00"


def attachment(number: str, at: datetime) -> Appearance:
    """Case D, App. III forms 1.3 and 2.2: `Số: 12/QĐ-UBND; 26/11/2025; 09:15:30 +07:00`."""
    return Appearance(rows=((Text(f"Số: {number}; {_moment(at)}", 10, align="right"),),))


def copy(form: str, agency: str, at: datetime) -> Appearance:
    """Case E, App. III form 3.2: `Sao y; Ủy ban nhân dân tỉnh An Giang; 26/11/2025; 09:15:30 +07:00`."""
    return Appearance(rows=((Text(f"{form}; {agency}; {_moment(at)}", 10, align="right"),),))
