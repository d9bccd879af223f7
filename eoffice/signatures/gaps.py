"""Blanks that a drafter left on his own page for number and day: "Số:      /SNV-VP", "ngày    tháng 11".

They are filled where they stand, so that no ink comes upon print. Runs inside the sandbox, see `marks`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from eoffice.documents.geometry import Box
from eoffice.documents.pages import PageText, Word

#: narrowest blank a number goes into, in points
NARROWEST = 10.0
#: share of the page, from its top, in which the line stands
_HEAD = 0.4
#: ascent and height of a line of Tinos or Times, as a multiple of the type size
_ASCENT, _HEIGHT = 0.891, 1.107

What = Literal["number", "day", "month"]


@dataclass(frozen=True)
class Gap:
    """One blank between two printed words."""

    what: What
    x0: float
    x1: float


@dataclass(frozen=True)
class Blanks:
    """The blanks of one line."""

    gaps: tuple[Gap, ...]
    #: where the words stand, and their size, in points
    baseline: float
    size: float
    #: what is printed behind the number, without the stroke
    notation: str

    @property
    def box(self) -> Box:
        """From the first blank to the last."""
        return Box(
            min(gap.x0 for gap in self.gaps), self.baseline - 0.3 * self.size,
            max(gap.x1 for gap in self.gaps), self.baseline + 0.98 * self.size,
        )  # fmt: skip


def find(page: PageText) -> Blanks | None:
    """The blanks of page 1; None when number and notation are not printed with a blank between them."""
    words = [word for word in page.words if word.box.y0 > page.height * (1 - _HEAD)]
    for label in words:
        if label.text.casefold() not in ("số:", "số"):
            continue
        row = sorted((word for word in words if _beside(word, label)), key=lambda word: word.box.x0)
        stroke = next((word for word in row if word.box.x0 > label.box.x1), None)
        if stroke is None or not stroke.text.startswith("/") or stroke.box.x0 - label.box.x1 < NARROWEST:
            continue
        size = label.box.height / _HEIGHT
        gaps = (Gap("number", label.box.x1 + 2, stroke.box.x0 - 1), *_of_date(row))
        return Blanks(gaps, label.box.y1 - _ASCENT * size, size, stroke.text.removeprefix("/"))
    return None


def _of_date(row: Sequence[Word]) -> Iterator[Gap]:
    """Blanks between "ngày", "tháng" and "năm"; what is written there already stays."""
    between: tuple[tuple[str, str, What], ...] = (("ngày", "tháng", "day"), ("tháng", "năm", "month"))
    for before, after in pairwise(row):
        for first, second, what in between:
            wide = after.box.x0 - before.box.x1 >= NARROWEST
            if wide and (before.text.casefold(), after.text.casefold()) == (first, second):
                yield Gap(what, before.box.x1 + 1, after.box.x0 - 1)


def _beside(word: Word, label: Word) -> bool:
    """On the same line: at most a fifth of its height higher or lower."""
    return abs(word.box.y0 - label.box.y0) < label.box.height / 5
