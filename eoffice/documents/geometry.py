"""Places on a page, in points (1/72 inch) from the bottom left corner."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

#: points in a millimetre
MM = 72 / 25.4


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top. A tuple, because a page has thousands."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def touches(self, other: "Box") -> bool:
        """Tell whether the two share some area."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1


def around(boxes: Iterable[tuple[float, float, float, float]]) -> Box:
    """Return the smallest box that holds all of them. Raises ValueError when there is none."""
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return Box(min(lefts), min(bottoms), max(rights), max(tops))


@dataclass(frozen=True, slots=True)
class View:
    """How the page is shown: the visible part of user space and its turn.

    Places are given as the reader sees them (`shown`); a signature field wants PDF user space (`user`).
    Source: ISO 32000-1, 7.7.3.3 (CropBox, Rotate).
    """

    crop: Box
    #: clockwise, one of 0, 90, 180, 270
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shown."""
        sides = self.crop.width, self.crop.height
        return sides if self.rotation in (0, 180) else (sides[1], sides[0])

    def shown(self, box: Box) -> Box:
        """Turn a box of user space into one of the shown page."""
        x0, y0, x1, y1 = box
        crop = self.crop
        left, bottom, right, top = x0 - crop[0], y0 - crop[1], crop[2] - x1, crop[3] - y1
        width, height = x1 - x0, y1 - y0
        match self.rotation:
            case 90:
                return Box(bottom, right, bottom + height, right + width)
            case 180:
                return Box(right, top, right + width, top + height)
            case 270:
                return Box(top, left, top + height, left + width)
        return Box(left, bottom, left + width, bottom + height)

    def user(self, box: Box) -> Box:
        """Turn a box of the shown page into one of user space."""
        width, height = self.size
        back = View(Box(0, 0, width, height), (360 - self.rotation) % 360).shown(box)
        return Box(
            back.x0 + self.crop.x0, back.y0 + self.crop.y0, back.x1 + self.crop.x0, back.y1 + self.crop.y0
        )
