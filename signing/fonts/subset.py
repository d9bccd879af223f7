"""Cut Tinos down to what Vietnamese signature texts need; see README.md beside this file."""

import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

#: printable ASCII, Latin-1, đ ă ơ ư, the precomposed Vietnamese block, dashes, quotes, ellipsis, ₫, №
CHARACTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *(0x102, 0x103, 0x110, 0x111, 0x128, 0x129, 0x168, 0x169, 0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *range(0x1EA0, 0x1EFA),
    *(0x2010, 0x2011, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x20AB, 0x2116),
]
#: what a TrueType program inside a PDF has to have (ISO 32000-1 §9.9), and `cmap` to find glyphs when stamping
TABLES = {"glyf", "head", "hhea", "hmtx", "loca", "maxp", "cvt ", "cmap", "OS/2", "name", "post"}


def cut(source: Path, target: Path) -> None:
    """Write the subset of `source` at 1000 units per em to `target`."""
    font: Any = TTFont(source)
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, glyph_names=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=CHARACTERS)
    cutter.subset(font)
    scale_upem(font, 1000)
    for table in set(font.keys()) - TABLES - {"GlyphOrder"}:
        del font[table]
    font["head"].modified = font["head"].created  # the same input gives the same bytes
    font.recalcTimestamp = False
    font.save(target)


if __name__ == "__main__":
    fonts, out = map(Path, sys.argv[1:3])
    for style in ("Regular", "Italic"):
        cut(fonts / f"Tinos-{style}.ttf", out / f"tinos-{style.lower()}.ttf")
