"""The cells of a page as the form check sees them: what stands where, in which font (Decree 30/2020, Appendix I)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from eoffice.core.text import fold
from eoffice.documents.fields import FieldGuess, guess_fields
from eoffice.documents.geometry import Box
from eoffice.documents.kinds import KINDS, Kind, heads_letter
from eoffice.documents.pages import PageText, Run

#: share of page 1, from its top, in which the cells of the head stand
_HEAD = 0.5
#: and the height, from the foot, above which the line of the date stands
_DATE = 0.72
#: a sign of the end, or a line as wide as this share of the page, is text of the document (ô 6)
_END, _WIDE = "./.", 0.6
#: white between the title and the name, in points: the place of the signature
_ROOM = 30.0
_BY_NAME = {fold(kind.name): kind for kind in KINDS.values() if kind.code != "CV"}
_BY_ABBREVIATION = {kind.abbreviation: kind for kind in KINDS.values() if kind.abbreviation}


@dataclass(frozen=True)
class Styled:
    """A line with the font that most of its letters have."""

    page: int
    text: str
    box: Box
    font: str
    size: float

    @property
    def bold(self) -> bool:
        """By the name of the font, as its makers say it."""
        return re.search(r"bold|black|heavy|demi", self.font, re.IGNORECASE) is not None

    @property
    def italic(self) -> bool:
        """As above."""
        return re.search(r"italic|oblique", self.font, re.IGNORECASE) is not None

    @property
    def letters(self) -> int:
        """How much is written on it."""
        return sum(character.isalpha() for character in self.text)


class Paper:
    """A whole document, its lines with their fonts."""

    def __init__(self, pages: Sequence[PageText], runs: Sequence[Sequence[Run]], *, numbered: bool) -> None:
        self.pages, self.numbered = pages, numbered
        self.guess: FieldGuess = guess_fields(pages)
        self.lines = [one for page, found in zip(pages, runs, strict=True) for one in _styled(page, found)]

    @cached_property
    def head(self) -> list[Styled]:
        """The upper half of page 1, from its top."""
        edge = self.pages[0].height * (1 - _HEAD)
        return sorted((one for one in self.lines if one.page == 1 and one.box.y0 > edge), key=_down)

    @cached_property
    def left(self) -> list[Styled]:
        """The left column of the head."""
        return [one for one in self.head if one.box.middle[0] < self.pages[0].width * 0.48]

    @cached_property
    def head_texts(self) -> list[str]:
        """What the head says, each line alone and, in the right column, with the next: a narrow one wraps."""
        right = [one.text for one in self.head if one.box.middle[0] >= self.pages[0].width * 0.48]
        return [*(one.text for one in self.head), *(f"{upper} {lower}" for upper, lower in pairwise(right))]

    @cached_property
    def number(self) -> Styled | None:
        """The line of the number (ô 3), in whatever form."""
        return next((one for one in self.left if re.match(r"Số\b.*\d|Số\s*:", one.text)), None)

    @cached_property
    def date(self) -> Styled | None:
        """The line of place and date (ô 4), in whatever form."""
        page, said = self.pages[0], re.compile(r"ngày\s.*tháng|\d{1,2}/\d{1,2}/\d{4}")
        beside = (
            one for one in self.head
            if one.box.y0 > page.height * _DATE and one.box.middle[0] > page.width * 0.48
            and one.box.width < page.width * _WIDE
        )  # fmt: skip
        return next((one for one in beside if said.search(one.text)), None)

    @cached_property
    def agency(self) -> list[Styled]:
        """What stands above the number, or beside the motto when there is none (ô 2)."""
        below = self.number or self.date
        edge = below.box.middle[1] if below else self.pages[0].height * 0.86
        return [one for one in self.left if one.box.y0 > edge]

    @cached_property
    def kind_line(self) -> Styled | None:
        """The name of the kind, a line of its own, in whatever letters (ô 5a)."""
        edge = self.agency[-1].box.y0 if self.agency else self.pages[0].height
        return next((one for one in self.head if one.box.y0 < edge and _named(one.text)), None)

    @cached_property
    def kind(self) -> Kind | None:
        """The kind by its name, else by the notation; None: an official letter, or nothing says it."""
        if self.kind_line is not None:
            return _named(self.kind_line.text)
        first = re.search(r"/\s*([^\W\d_]+)", self.number.text) if self.number else None
        return _BY_ABBREVIATION.get(first[1]) if first else None

    @cached_property
    def label(self) -> Styled | None:
        """“Nơi nhận”, in whatever letters; the last one, since the text may speak of it (ô 9b)."""
        found = [one for one in self.lines if re.match(r"noi (nhan|gui)\b.{0,2}$", fold(one.text))]
        return found[-1] if found else None

    @cached_property
    def end(self) -> Styled | None:
        """The last line of the text (ô 6): the one that says so, else the last that begins on the left above the list
        of recipients, else the last wide one."""
        said = [one for one in self.lines if one.text.endswith(_END)]
        if not said and self.label is not None:
            said = [one for one in self.lines if self._leads_to(self.label, one)]
        wide = [one for one in self.lines if one.box.width > self.pages[one.page - 1].width * _WIDE]
        return max(said or wide, key=_order, default=None)

    def _leads_to(self, label: Styled, one: Styled) -> bool:
        """Whether a line stands above the label and begins on the left; a number alone is the page's."""
        above = one.page < label.page or (one.page == label.page and one.box.y0 > label.box.y1 - 2)
        left = one.box.x0 < self.pages[one.page - 1].width * 0.45
        return above and left and not one.text.isdigit()

    @cached_property
    def foot(self) -> list[Styled]:
        """What stands below the text on its page, or on the next when nothing does."""
        if self.end is None:
            return []
        after = [one for one in self.lines if one.page == self.end.page and one.box.y1 < self.end.box.y0 + 4]
        if not after:
            after = [one for one in self.lines if one.page == self.end.page + 1 and not one.text.isdigit()]
        return sorted(after, key=_down)

    @cached_property
    def recipients(self) -> list[Styled]:
        """The list under the label, or what looks like it where there is no label."""
        if self.label is None:
            return [one for one in self.foot if one.text.startswith("- ")]
        edge, page = self.label.box, self.label.page
        return [
            one for one in self.lines
            if one.page == page and one.box.y1 < edge.y0 + 4 and abs(one.box.x0 - edge.x0) < 20
        ]  # fmt: skip

    @cached_property
    def signature(self) -> tuple[list[Styled], list[Styled]]:
        """The lines of the title, and below the room for the signature those of the name (ô 7a, 7b)."""
        taken = {id(one) for one in self.recipients} | ({id(self.label)} if self.label else set())
        middle = self.pages[0].width / 2
        lists_left = not self.recipients or self.recipients[0].box.x0 < middle
        block = [
            one for one in self.foot
            if id(one) not in taken and (one.box.middle[0] > middle) is lists_left and one.letters
        ]  # fmt: skip
        for place, (upper, lower) in enumerate(pairwise(block), 1):
            if upper.box.y0 - lower.box.y1 > _ROOM:
                return block[:place], block[place:]
        if len(block) == 1 and not block[0].text.isupper():
            return [], block
        return block, []

    @cached_property
    def text(self) -> list[Styled]:
        """The lines of the text itself (ô 6)."""
        if self.end is None:
            return []
        above = [one for one in (self.kind_line, self.number, self.date) if one is not None]
        top = min((one.box.y0 for one in above), default=self.pages[0].height)
        return [
            one for one in self.lines
            if _order(one) <= _order(self.end) and (one.page > 1 or one.box.y1 < top) and len(one.text.split()) > 3
            and one.box.width > self.pages[one.page - 1].width * 0.45
        ]  # fmt: skip


def _styled(page: PageText, runs: Iterable[Run]) -> list[Styled]:
    """The lines of a page, each with the font of most of its letters."""
    faces: list[Counter[tuple[str, float]]] = [Counter() for _ in page.lines]
    for run in runs:
        x, y = run.box.middle
        for face, line in zip(faces, page.lines, strict=True):
            if line.box.x0 - 1 <= x <= line.box.x1 + 1 and line.box.y0 - 1 <= y <= line.box.y1 + 1:
                face[run.font, run.size] += len(run.text)
    return [
        Styled(page.number, line.text, line.box, *(face.most_common(1)[0][0] if face else ("", 0.0)))
        for line, face in zip(page.lines, faces, strict=True)
    ]


def _named(line: str) -> Kind | None:
    return _BY_NAME.get(fold(line).rstrip(":"), KINDS["THC"] if heads_letter(line) else None)


def _down(one: Styled) -> float:
    return -one.box.y1


def _order(one: Styled) -> tuple[int, float]:
    return one.page, -one.box.y1
