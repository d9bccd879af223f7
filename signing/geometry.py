"""Boxes on a page as people see it, and in the coordinates the file uses."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from signing.errors import PlacementError


class Box(NamedTuple):
    """Lower left and upper right corner, points."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Points."""
        return self.y1 - self.y0

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def overlaps(self, other: "Box") -> bool:
        """Whether the two have an area in common."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1

    def common(self, other: "Box") -> "Box | None":
        """The area the two have in common."""
        left, bottom, right, top = zip(self, other, strict=True)
        return Box(max(left), max(bottom), min(right), min(top)) if self.overlaps(other) else None

    @classmethod
    def around(cls, centre: tuple[float, float], width: float, height: float) -> "Box":
        """Box of that size with its middle there."""
        x, y = centre
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


@dataclass(frozen=True)
class Placement:
    """Where a signature shows: `page` counts from 1; `box` from the lower left corner of the page as shown,
    that is cropped and turned (points)."""

    page: int
    box: Box


@dataclass(frozen=True)
class Geometry:
    """The visible part of a page in its own coordinates, and its turn."""

    crop: Box
    #: degrees clockwise: 0, 90, 180, 270
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shown, points."""
        w, h = self.crop.width, self.crop.height
        return (h, w) if self.rotation % 180 else (w, h)

    def _to_user(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.crop
        return {
            0: (left + x, bottom + y),
            90: (right - y, bottom + x),
            180: (right - x, top - y),
            270: (left + y, top - x),
        }[self.rotation]

    def _to_shown(self, x: float, y: float) -> tuple[float, float]:
        left, bottom, right, top = self.crop
        return {
            0: (x - left, y - bottom),
            90: (y - bottom, right - x),
            180: (right - x, top - y),
            270: (top - y, x - left),
        }[self.rotation]

    def to_user(self, box: Box) -> Box:
        """A box of the page as shown, in the file's coordinates."""
        return _ordered(self._to_user(box.x0, box.y0), self._to_user(box.x1, box.y1))

    def to_shown(self, box: Box) -> Box:
        """A box in the file's coordinates, on the page as shown."""
        return _ordered(self._to_shown(box.x0, box.y0), self._to_shown(box.x1, box.y1))

    def check(self, box: Box) -> None:
        """Raise PlacementError unless `box` has an area and lies on the page."""
        width, height = self.size
        if box.width <= 0 or box.height <= 0:
            raise PlacementError("the box has no area")
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > width + 0.5 or box.y1 > height + 0.5:
            raise PlacementError("the box leaves the page")


def _ordered(first: tuple[float, float], second: tuple[float, float]) -> Box:
    (xa, ya), (xb, yb) = first, second
    return Box(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))


def visible(media: Any, crop: Any, rotate: Any) -> Geometry:
    """Geometry from /MediaBox, /CropBox or None, /Rotate or None. Raises PlacementError when they make no sense."""
    try:
        whole = _box(media)
        part = _box(crop) if crop is not None else whole
        turn = int(rotate or 0) % 360
    except (TypeError, ValueError) as error:
        raise PlacementError("the page's size cannot be read") from error
    cut = Box(max(part.x0, whole.x0), max(part.y0, whole.y0), min(part.x1, whole.x1), min(part.y1, whole.y1))
    if cut.width <= 0 or cut.height <= 0:
        cut = whole  # ISO 32000-1 §14.11.2: a crop box outside the medium has no meaning
    if cut.width <= 0 or cut.height <= 0 or turn % 90:
        raise PlacementError("the page's size cannot be read")
    return Geometry(cut, turn)


def _box(numbers: Any) -> Box:
    xa, ya, xb, yb = (float(number) for number in numbers)
    return _ordered((xa, ya), (xb, yb))
