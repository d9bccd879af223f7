"""What signatures show on official documents, and where: cases A, B, D, E of Decree 30/2020 and the number line."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from eoffice.core import sandbox
from eoffice.documents import reading
from eoffice.documents.geometry import MM, Box
from eoffice.signatures import gaps
from eoffice.signatures.gaps import Blanks
from signing import appearance, placement
from signing.appearance import Appearance, Text
from signing.errors import PlacementError
from signing.geometry import Box as SigningBox
from signing.geometry import Placement
from signing.images import picture

sandbox.preload(__name__)

#: where the column of the number ends, as a share of the number line's width (Appendix I-IV)
NUMBER_COLUMN = 68 / 165


@dataclass(frozen=True)
class Place:
    """A box on a page, as shown; page from 1, points."""

    page: int
    box: Box


@dataclass(frozen=True)
class Mark:
    """One visible signature field."""

    field: str
    placement: Placement
    appearance: Appearance


@dataclass(frozen=True)
class Picture:
    """A picture of a signature or seal and its real width in millimetres."""

    png: bytes
    width_mm: float


def find_blanks(path: Path) -> Blanks | None:
    """Find the blanks for number and day that are printed on page 1; None when there are none."""
    found: Blanks | None = sandbox.call(f"{__name__}:look_for_blanks", str(path.absolute()), seconds=20)
    return found


def look_for_blanks(path: str) -> Blanks | None:
    """Runs in the sandbox."""
    return gaps.find(reading.page_text(path, 1)[0])


def find_places(path: Path, signer: str) -> tuple[Place | None, Place]:
    """Find, in a file of others, the space above the signer's name (None: not there) and the number line."""
    block, line = sandbox.call(f"{__name__}:look", str(path.absolute()), signer, seconds=20)
    return Place(block[0], Box(*block[1])) if block else None, Place(line[0], Box(*line[1]))


def look(
    path: str, signer: str
) -> tuple[tuple[int, tuple[float, ...]] | None, tuple[int, tuple[float, ...]]]:
    """Runs in the sandbox: page and box of the signature block and of the number line."""
    line = placement.number_line(Path(path))
    try:
        block = placement.signature_block(Path(path), signer)
    except PlacementError:
        return None, (line.page, tuple(line.box))
    return (block.page, tuple(block.box)), (line.page, tuple(line.box))


def handwriting(shown: Picture, block: Place) -> Mark:
    """Case A: the leader's signature in the middle of its block (Appendix I-II.7.d)."""
    ratio = picture(shown.png).ratio
    box = placement.picture_in(_box(block.box), ratio, width=shown.width_mm * MM)
    return Mark("ChuKyLanhDao", Placement(block.page, box), appearance.leader(shown.png))


def seal(shown: Picture, leader: Mark) -> Mark:
    """Case B: the seal over a third of the leader's signature, on its left (Appendix I-II.8)."""
    where = placement.seal_beside(leader.placement, diameter=shown.width_mm * MM)
    return Mark("DauCoQuan", where, appearance.seal(shown.png))


def seal_in(png: bytes, width: float, block: Place) -> Mark:
    """The seal in the middle of a block, where no leader signs; `width` in points."""
    box = placement.picture_in(_box(block.box), picture(png).ratio, width=width)
    return Mark("DauCoQuan", Placement(block.page, box), appearance.seal(png))


def number_line(line: Place, number: str, place: str, day: date) -> Mark:
    """Number, if any, on the left, place and date on the right of one line, each in the middle of its column."""
    words = appearance.issue_date(place, day)
    box = _box(line.box)
    for size in (13.0, 12.0, 11.0, 10.0):
        left = Text(f"Số: {number}", size, align="center", end=NUMBER_COLUMN)
        right = Text(words, size, italic=True, align="center", start=NUMBER_COLUMN)
        row = (left, right) if number else (right,)
        if all(part.font.width(part.text, size) <= (part.end - part.start) * box.width for part in row):
            break
    return Mark("SoVaNgay", Placement(line.page, box), Appearance(rows=(row,)))


def place_and_date(place: str, day: date) -> str:
    """`An Giang, ngày 05 tháng 01 năm 2026`; the day alone where no place is known."""
    return appearance.issue_date(place, day).lstrip(", ")


def number_in_blanks(blanks: Blanks, number: str, day: date) -> Mark:
    """The same in the blanks a drafter left: number, day and month alone, the rest is printed."""
    words = {
        "number": number,
        "day": f"{day.day:02}",
        "month": f"{day.month:02}" if day.month < 3 else f"{day.month}",
    }
    box = blanks.box
    parts = tuple(
        Text(
            words[gap.what], min(blanks.size, 13), italic=gap.what != "number", align="center",
            start=(gap.x0 - box.x0) / box.width, end=(gap.x1 - box.x0) / box.width,
        )
        for gap in blanks.gaps
    )  # fmt: skip
    return Mark("SoVaNgay", Placement(1, _box(box)), Appearance(rows=(parts,)))


def attachment(number: str, at: datetime, page_width: float, page_height: float) -> Mark:
    """Case D: number and time, small, in the top right corner of page 1 of a separate attachment."""
    where = _corner(page_width, page_height)
    return Mark("PhuLucKemTheo", where, appearance.attachment(number, at))


def copy(form: str, agency: str, at: datetime, page_width: float, page_height: float) -> Mark:
    """Case E: form of the copy, agency and time, in the top right corner of page 1 of an electronic copy."""
    return Mark("BanSao", _corner(page_width, page_height), appearance.copy(form, agency, at))


def _corner(page_width: float, page_height: float) -> Placement:
    box = SigningBox(20 * MM, page_height - 12 * MM, page_width - 10 * MM, page_height - 6 * MM)
    return Placement(1, box)


def _box(box: Box) -> SigningBox:
    return SigningBox(box.x0, box.y0, box.x1, box.y1)
