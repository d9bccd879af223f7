"""Finds where a signature belongs: by the words around it, or by the role's usual place (Decree 30, App. I-IV)."""

import unicodedata
from enum import StrEnum
from pathlib import Path

from signing import pages
from signing.appearance import MM
from signing.errors import PlacementError
from signing.geometry import Box, Placement
from signing.pages import Words


class Role(StrEnum):
    """What a signature does on the document."""

    LEADER = "leader"
    SEAL = "seal"
    NUMBER = "number"
    ATTACHMENT = "attachment"
    COPY = "copy"


#: how many pages from the end may carry the signature block; what follows it are appendices
PAGES_SEARCHED = 20
#: width of the column a signature may take
BLOCK_WIDTH = 60 * MM
#: least and usual height of the space for the signature
BLOCK_LEAST, BLOCK_USUAL = 8 * MM, 25 * MM
_GAP = 2.0
_MOTTO = "độc lập - tự do - hạnh phúc"
_LINE = 20.0


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def signature_block(source: Path | bytes, name: str) -> Placement:
    """The space between title and `name` in the signature block; the last one in the document counts.

    Raises PlacementError when the name does not stand on the last pages, UnreadablePdf, EncryptedPdf.
    """
    wanted = _plain(name)
    with pages.opened(source) as document:
        for number in range(len(document), max(0, len(document) - PAGES_SEARCHED), -1):
            page = document[number - 1]
            runs = pages.words(page)
            names = [run for run in runs if _names(run, wanted)]
            for found in sorted(names, key=lambda run: run.box.y0):
                box = _between(found.box, runs, page.get_size()[1])
                if box is not None:
                    return Placement(number, box)
    raise PlacementError(f"the name {name!r} does not stand in a signature block")


def _names(run: Words, wanted: str) -> bool:
    text = _plain(run.text)
    # a rank or a degree may stand before the name, a full stop never after it
    return text == wanted or (text.endswith(" " + wanted) and len(text) < len(wanted) + 20)


def _between(name: Box, runs: list[Words], height: float) -> Box | None:
    """The free space above the name, up to the title centred over it."""
    x, _ = name.centre
    column = Box(x - BLOCK_WIDTH / 4, name.y1, x + BLOCK_WIDTH / 4, height)
    above = [run.box.y0 for run in runs if run.box.y0 >= name.y1 - 1 and run.box.overlaps(column)]
    top = min(above, default=name.y1 + BLOCK_USUAL + 2 * _GAP)
    if top - name.y1 < BLOCK_LEAST:
        return None
    room = top - name.y1 - 2 * _GAP
    return Box.around((x, name.y1 + _GAP + room / 2), BLOCK_WIDTH, room)


def anchored(source: Path | bytes, anchor: str) -> Placement:
    """The space below the last line that contains `anchor`, such as `KT. CHỦ TỊCH`. Raises as `signature_block`."""
    wanted = _plain(anchor)
    with pages.opened(source) as document:
        for number in range(len(document), max(0, len(document) - PAGES_SEARCHED), -1):
            runs = pages.words(document[number - 1])
            found = [run.box for run in runs if wanted in _plain(run.text)]
            if found:
                return Placement(number, _below(min(found, key=lambda box: box.y0), runs))
    raise PlacementError(f"the text {anchor!r} does not stand on the last pages")


def _below(anchor: Box, runs: list[Words]) -> Box:
    """The first free space under an anchor; a second title line right under it belongs to it."""
    x, _ = anchor.centre
    column = Box(x - BLOCK_WIDTH / 4, 0, x + BLOCK_WIDTH / 4, anchor.y0 + 1)
    top = anchor.y0
    for box in sorted((run.box for run in runs if run.box.overlaps(column)), key=lambda box: -box.y1):
        if box.y0 >= top:
            continue
        if top - box.y1 >= BLOCK_LEAST:
            return Box.around((x, (top + box.y1) / 2), BLOCK_WIDTH, top - box.y1 - 2 * _GAP)
        top = box.y0
    bottom = max(_GAP, top - BLOCK_USUAL)
    return Box.around((x, (top + bottom) / 2), BLOCK_WIDTH, top - bottom - 2 * _GAP)


def picture_in(block: Box, ratio: float, *, width: float = 45 * MM) -> Box:
    """Where a signature picture of that ratio (width over height) lies in its block, at most `width` points wide."""
    wide = min(width, block.width, block.height * ratio)
    return Box.around(block.centre, wide, wide / ratio)


def seal_beside(leader: Placement, *, diameter: float = 36 * MM) -> Placement:
    """The seal's box: a third of the leader's picture is under its right edge (Decree 30, App. I-II.8).

    `leader`: the box of his picture. `diameter`: the seal's real size in points.
    """
    x, y = leader.box.x0 + leader.box.width / 3 - diameter / 2, leader.box.centre[1]
    return Placement(leader.page, Box.around((x, max(y, diameter / 2)), diameter, diameter))


def number_line(source: Path | bytes, *, left: float = 30 * MM, right: float = 15 * MM) -> Placement:
    """The blank line of page 1 under the motto, between the margins `left` and `right` (points).

    Without the motto (a scan, another layout): 41 mm below the top edge. Raises UnreadablePdf, EncryptedPdf.
    """
    with pages.opened(source) as document:
        width, height = document[0].get_size()
        runs = pages.words(document[0])
    motto = [run.box for run in runs if _MOTTO in _plain(run.text).replace("–", "-")]
    start = motto[0].y0 if motto else height - 38 * MM
    bands = sorted(((run.box.y0, run.box.y1) for run in runs), reverse=True)
    top = _free_band(bands, start - 4)
    return Placement(1, Box(left, top - _LINE, width - right, top))


def _free_band(bands: list[tuple[float, float]], top: float) -> float:
    """Upper edge of the first band `_LINE` high without words; `bands` (bottom, top) from the top of the page."""
    for bottom, upper in bands:
        if bottom < top and upper > top - _LINE:
            top = bottom - 1
    return max(top, _LINE)


def default(role: Role, source: Path | bytes) -> Placement:
    """A role's usual place where nothing else is said. Raises UnreadablePdf, EncryptedPdf."""
    if role is Role.NUMBER:
        return number_line(source)
    with pages.opened(source) as document:
        count = len(document)
        width, height = document[0].get_size()
        last = document[count - 1].get_size()
    if role in (Role.ATTACHMENT, Role.COPY):
        return Placement(1, Box(20 * MM, height - 12 * MM, width - 10 * MM, height - 6 * MM))
    block = Box.around((last[0] * 0.7, 45 * MM), 45 * MM, 18 * MM)
    leader = Placement(count, block)
    return leader if role is Role.LEADER else seal_beside(leader)
