"""Tinos in two styles: measures text and gives the objects that embed the font in a PDF."""

import unicodedata
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any

from fontTools.ttLib import TTFont

from signing.errors import MissingGlyph


@dataclass(frozen=True)
class Font:
    """One style, 1000 units per em."""

    postscript_name: str
    #: glyph number of each character
    glyphs: dict[int, int]
    #: advance of each glyph, in thousandths of the font size
    widths: tuple[int, ...]
    ascent: int
    descent: int
    italic_angle: float
    bbox: tuple[int, int, int, int]
    #: the font program, Flate-compressed, and its length before
    program: bytes
    program_length: int

    def encode(self, text: str) -> bytes:
        """`text` as two-byte glyph numbers (Identity-H). Raises MissingGlyph."""
        return b"".join(self._glyph(char).to_bytes(2, "big") for char in unicodedata.normalize("NFC", text))

    def width(self, text: str, size: float) -> float:
        """Width of `text` in points at `size` points. Raises MissingGlyph."""
        glyphs = (self._glyph(char) for char in unicodedata.normalize("NFC", text))
        return sum(self.widths[glyph] for glyph in glyphs) * size / 1000

    def _glyph(self, char: str) -> int:
        try:
            return self.glyphs[ord(char)]
        except KeyError:
            raise MissingGlyph(char) from None

    def to_unicode(self) -> bytes:
        """Compressed CMap from glyph numbers to characters (ISO 32000-1 §9.10.3), so that the text can be found."""
        # one glyph may serve two characters (hyphen and soft hyphen, space and no-break space): the first is meant
        meant = {glyph: code for code, glyph in sorted(self.glyphs.items(), reverse=True)}
        rows = [f"<{glyph:04X}> <{code:04X}>" for glyph, code in sorted(meant.items())]
        blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
        mapping = "\n".join(
            f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
        )
        return zlib.compress(_CMAP.format(mapping=mapping).encode("ascii"))


_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{mapping}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""


@cache
def font(*, italic: bool = False) -> Font:
    """The regular or the italic style, read once."""
    style = "italic" if italic else "regular"
    data = files(__name__).joinpath(f"tinos-{style}.ttf").read_bytes()
    program: Any = TTFont(BytesIO(data))
    order = program.getGlyphOrder()
    metrics = program["hmtx"].metrics
    head = program["head"]
    numbers = {name: number for number, name in enumerate(order)}
    return Font(
        # six capitals and a plus sign mark a subset, ISO 32000-1 §9.6.4
        postscript_name="VNSIGN+Tinos" + ("-Italic" if italic else ""),
        glyphs={code: numbers[name] for code, name in program.getBestCmap().items()},
        widths=tuple(metrics[name][0] for name in order),
        ascent=program["hhea"].ascent,
        descent=program["hhea"].descent,
        italic_angle=program["post"].italicAngle,
        bbox=(head.xMin, head.yMin, head.xMax, head.yMax),
        program=zlib.compress(data, 9),
        program_length=len(data),
    )
