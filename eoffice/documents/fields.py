"""What the register asks, proposed from the text of the page: each value with the place it was read.

A proposal that is not sure is left out, so that nobody confirms a guess. Places and forms are those of
Decree 30/2020, Appendix I; cell numbers (ô) are the appendix's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from eoffice.documents.geometry import Box, around
from eoffice.documents.kinds import KINDS, heads_letter
from eoffice.documents.layout.letter import Urgency
from eoffice.documents.pages import Line, PageText

T = TypeVar("T")

#: share of the page, from the top, in which the cells of the head stand
_HEAD = 0.5
#: the left column of the head ends about here, as a share of the width
_COLUMN = 0.5


@dataclass(frozen=True)
class Guess(Generic[T]):
    """One proposal."""

    value: T
    #: 0 to 1; what is below 0.5 is not proposed
    confidence: float
    #: from 1
    page: int
    #: on the page as shown
    box: Box


@dataclass(frozen=True)
class FieldGuess:
    """Proposals for the register; None where the page does not say it clearly."""

    number: Guess[str] | None = None
    notation: Guess[str] | None = None
    issued_on: Guess[date] | None = None
    issuer: Guess[str] | None = None
    #: code of `kinds`
    kind: Guess[str] | None = None
    subject: Guess[str] | None = None
    signer_name: Guess[str] | None = None
    signer_title: Guess[str] | None = None
    urgency: Guess[Urgency] | None = None
    due_on: Guess[date] | None = None


def guess_fields(pages: Sequence[PageText]) -> FieldGuess:
    """Propose the fields of the register from the text layer; a scan without text gives none."""
    if not pages or not pages[0].lines:
        return FieldGuess()
    head = _Head(pages[0])
    number, notation = head.code()
    kind, subject = head.kind_and_subject()
    name, title = _signer(pages)
    return FieldGuess(
        number=number,
        notation=notation,
        issued_on=head.issued_on(),
        issuer=head.issuer(),
        kind=kind,
        subject=subject,
        signer_name=name,
        signer_title=title,
        urgency=head.urgency(),
        due_on=_due_on(pages),
    )


_CODE = re.compile(r"^Số\s*:?\s*(?P<number>\d{1,6}[a-z]?)?[\s.…_]*/\s*(?P<notation>[^\W\d_][\w&.\-/]{0,29})$")
_PLACE_AND_DATE = re.compile(
    r"^[^,:]{2,40},\s*ngày\s*(\d{1,2})\s*tháng\s*(\d{1,2})\s*năm\s*(\d{4})$", re.IGNORECASE
)
_DUE = re.compile(
    r"(?:trước|chậm nhất)(?: là)?(?: \d+ giờ)? ngày (\d{1,2})(?: tháng |[/.-])(\d{1,2})(?: năm |[/.-])(\d{4})",
    re.IGNORECASE,
)
_KIND_NAMES = {kind.name.upper(): kind.code for kind in KINDS.values() if kind.code != "CV"}
_STAMPS = {"KHẨN": Urgency.URGENT, "THƯỢNG KHẨN": Urgency.VERY_URGENT, "HỎA TỐC": Urgency.EXPRESS}
_STATE = ("CỘNG HÒA XÃ HỘI", "CỘNG HOÀ XÃ HỘI", "ĐỘC LẬP")
#: first words of the name of an agency: where a new one begins below the agency above it
_AGENCY_STARTS = re.compile(
    r"^(ỦY BAN|UỶ BAN|UBND|HĐND|HỘI ĐỒNG|SỞ|BỘ|BAN|CỤC|CHI CỤC|TỔNG CỤC|VĂN PHÒNG|TRUNG TÂM|THANH TRA|PHÒNG|"
    r"CÔNG AN|TÒA ÁN|TOÀ ÁN|VIỆN|CÔNG TY|TRƯỜNG|BỆNH VIỆN|ĐẢNG ỦY|TỈNH ỦY|KHO BẠC|BẢO HIỂM|HẠT|ĐÀI|QUỸ|"
    # what an agency sets up and lets issue under its own name
    r"TIỂU BAN|TỔ CÔNG TÁC|TỔ GIÚP VIỆC|TỔ THẨM ĐỊNH|TỔ BIÊN TẬP|ĐOÀN KIỂM TRA|ĐOÀN CÔNG TÁC|ĐOÀN GIÁM SÁT)\b"
)
#: after these words of a name a proper name follows
_PROPER_AFTER = {"tỉnh", "xã", "phường", "huyện", "quận", "thành", "phố", "khu", "trấn"}
#: the word after these, at the start, has a capital: "Sở Nội vụ"
_CAPITAL_AFTER = {"sở", "bộ", "ban", "phòng", "cục"}


class _Head:
    """The cells at the top of page 1."""

    def __init__(self, page: PageText) -> None:
        self.page = page
        lines = [line for line in page.lines if line.box.y0 > page.height * (1 - _HEAD)]
        self.lines = sorted(lines, key=lambda line: -line.box.y1)
        self.left = [line for line in self.lines if line.box.middle[0] < page.width * _COLUMN]

    def code(self) -> tuple[Guess[str] | None, Guess[str] | None]:
        """Number and notation (ô 3). A number written by hand leaves the notation alone."""
        for line in self.lines:
            if found := _CODE.match(line.text):
                number = found["number"]
                return (
                    self._guess(number, 0.95, line) if number else None,
                    self._guess(found["notation"], 0.95 if number else 0.8, line),
                )
        return None, None

    def issued_on(self) -> Guess[date] | None:
        """Day of the document (ô 4)."""
        for line in self.lines:
            if found := _PLACE_AND_DATE.match(line.text):
                day = _day(*found.groups())
                return self._guess(day, 0.95, line) if day else None
        return None

    def issuer(self) -> Guess[str] | None:
        """The issuing agency, without the agency above it (ô 2)."""
        names: list[Line] = []
        for line in self.left:
            if not line.text.isupper() or line.text.startswith(_STATE) or line.text in _STAMPS:
                break
            if names and _AGENCY_STARTS.match(line.text) and not _continues(names[-1].text):
                names = []
            names.append(line)
        if not names or not _AGENCY_STARTS.match(names[0].text):
            return None
        return self._guess(in_small_letters(" ".join(line.text for line in names)), 0.85, *names)

    def kind_and_subject(self) -> tuple[Guess[str] | None, Guess[str] | None]:
        """Kind and subject (ô 5a), or an official letter by its "V/v" (ô 5b)."""
        for place, line in enumerate(self.lines):
            letter = "THC" if _centred(line, self.page) and heads_letter(line.text) else None
            if code := _KIND_NAMES.get(line.text.rstrip(":"), letter):
                below = [other for other in self.lines[place + 1 :] if _centred(other, self.page)]
                return self._guess(code, 0.95, line), self._subject(below, line)
        for place, line in enumerate(self.left):
            if re.match(r"v/v\b", line.text, re.IGNORECASE):
                subject = self._subject(self.left[place:], None)
                return self._guess("CV", 0.95, line), subject
        return None, None

    def urgency(self) -> Guess[Urgency] | None:
        """The stamp (ô 10b)."""
        for line in self.lines:
            if line.text in _STAMPS:
                return self._guess(_STAMPS[line.text], 0.95, line)
        return None

    def _subject(self, lines: list[Line], title: Line | None) -> Guess[str] | None:
        taken: list[Line] = []
        above = title or lines[0]
        for line in lines:
            gap = above.box.y0 - line.box.y1
            ends = re.match(r"(Kính gửi|Căn cứ|Số\s*:|\()", line.text) or line.text.isupper()
            if ends or gap > 0.8 * line.box.height or len(taken) == 8:
                break
            taken.append(line)
            above = line
        if not taken:
            return None
        text = re.sub(r"^v/v\s*:?\s*", "", " ".join(line.text for line in taken), flags=re.IGNORECASE)
        return self._guess(f"Về việc {text}" if title is None else text, 0.85, *taken)

    def _guess(self, value: T, confidence: float, *lines: Line) -> Guess[T]:
        return Guess(value, confidence, self.page.number, around(line.box for line in lines))


def _signer(pages: Sequence[PageText]) -> tuple[Guess[str] | None, Guess[str] | None]:
    """Name and office of who signed (ô 7a, 7b): right of "Nơi nhận", or nothing is proposed."""
    for page in reversed(pages):
        anchor = next((line for line in page.lines if line.text.startswith("Nơi nhận")), None)
        if anchor is None:
            continue
        right = sorted(
            (
                line
                for line in page.lines
                if line.box.x0 > page.width * 0.42 and line.box.y0 < anchor.box.y1 + 6
            ),
            key=lambda line: -line.box.y1,
        )
        titles: list[Line] = []
        while right and right[0].text.isupper():
            titles.append(right.pop(0))
        if not titles:
            return None, None
        title = Guess(in_small_letters(titles[-1].text), 0.8, page.number, titles[-1].box)
        middle = titles[-1].box.middle[0]
        named = [
            line
            for line in right
            if _is_name(line.text) and abs(line.box.middle[0] - middle) < page.width * 0.08
        ]
        name = Guess(named[-1].text, 0.85, page.number, named[-1].box) if named else None
        return name, title
    return None, None


def _due_on(pages: Sequence[PageText]) -> Guess[date] | None:
    """The day an answer is due, when the text names exactly one."""
    found: dict[date, Guess[date]] = {}
    for page in pages:
        for line, following in zip(page.lines, [*page.lines[1:], None], strict=True):
            text = line.text + (f" {following.text}" if following else "")
            for match in _DUE.finditer(text):
                if match.start() < len(line.text) and (day := _day(*match.groups())):
                    found.setdefault(day, Guess(day, 0.7, page.number, line.box))
    return next(iter(found.values())) if len(found) == 1 else None


def in_small_letters(name: str) -> str:
    """Turn a name in capitals into the usual spelling, as far as rules go: "Ủy ban nhân dân tỉnh An Giang"."""
    words = name.lower().split()
    proper = False
    for place, word in enumerate(words):
        marked = place == 1 and words[0].lower() in _CAPITAL_AFTER
        if place == 0 or marked or (proper and word not in _PROPER_AFTER):
            words[place] = word[:1].upper() + word[1:]
        proper = proper or word in _PROPER_AFTER
    spelled = " ".join(words)
    return re.sub(r"\b(ubnd|hđnd|ubmttq)\b", lambda found: found[0].upper(), spelled, flags=re.IGNORECASE)


def _is_name(text: str) -> bool:
    """Tell whether this is a person's name as printed: two to six words, each with a capital."""
    words = text.split()
    return 2 <= len(words) <= 6 and all(word.isalpha() and word.istitle() for word in words)


def _continues(text: str) -> bool:
    """Tell whether the line above cannot end there: "VĂN PHÒNG / ỦY BAN NHÂN DÂN" is one name."""
    return text.endswith((" VÀ", ",", " -")) or text in {
        "VĂN PHÒNG",
        "THANH TRA",
        "BAN",
        "HỘI ĐỒNG NHÂN DÂN VÀ",
    }


def _centred(line: Line, page: PageText) -> bool:
    return page.width * 0.35 < line.box.middle[0] < page.width * 0.7


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
