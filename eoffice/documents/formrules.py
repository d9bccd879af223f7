"""The rules of form, each as a question to a page: whether it is kept (Decree 30/2020, Appendix I)."""

import re

from eoffice.documents.formpage import Paper, Styled
from eoffice.documents.geometry import MM
from eoffice.documents.kinds import ADDRESSED, KINDS, UNNUMBERED
from eoffice.documents.layout.wording import model

_STATE, _MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
#: Times New Roman, and the fonts made to its measure
_TIMES = re.compile(r"times|tinos|liberationserif|nimbusrom|termes", re.IGNORECASE)
#: points by which a page may differ from A4, and millimetres by which a margin may be read wrongly
_PAPER, _READ = 3.0, 1.5
_A4 = (210 * MM, 297 * MM)
_NUMBER = re.compile(
    r"Số: (?:0[1-9]|[1-9]\d+)/(?:(?:19|20)\d\d/)?(?P<first>[A-ZĐÀ-Ỹ][\w&.]*)(?:-[A-ZĐÀ-Ỹ][\w&.]*)+"
)
_DATE = re.compile(r"[^\W\d][^,]{1,38}, ngày [0-3]\d tháng (?:0[1-9]|[3-9]|1[0-2]) năm \d{4}")
_TITLE_WRONG = re.compile(r"^(?:[TKQ]/[MTLQ]?\b|(?:TM|KT|TL|TUQ|Q) )")
_ACADEMIC = re.compile(
    r"^(?:(?:GS|PGS|TSKH|TS|ThS|BSCK\w*|BS|KS|CN|LS)\b\.?|(?:Phó )?[Gg]iáo sư|Tiến sĩ|Thạc sĩ|Bác sĩ|Kỹ sư|Cử nhân|"
    r"Luật sư)[\s.,]*"
)


def state_name(paper: Paper) -> bool:
    """ô 1, one line or wrapped."""
    return any(text.replace("HOÀ", "HÒA") == _STATE for text in paper.head_texts)


def motto(paper: Paper) -> bool:
    """ô 1."""
    return _MOTTO in paper.head_texts


def agency(paper: Paper) -> bool:
    """ô 2: every line above the number."""
    return paper.guess.issuer is not None and all(one.text.isupper() for one in paper.agency)


def number(paper: Paper) -> bool:
    """ô 3: a zero before a single figure, no blanks, the abbreviation of the kind."""
    line = paper.number
    if line is None and paper.kind is not None and paper.kind.code in UNNUMBERED:
        return True
    if line is None or not re.search(r"\d\s*/", line.text):
        return not paper.numbered
    found = _NUMBER.fullmatch(line.text)
    if found is None:
        return False
    named = {kind.abbreviation for kind in KINDS.values() if kind.abbreviation}
    if (
        paper.kind_line is None or paper.kind is None
    ):  # an official letter, or a kind that only its notation says
        return paper.kind is not None or found["first"] not in named
    wanted = paper.kind.abbreviation
    return found["first"] == wanted if wanted else found["first"] not in named


def date(paper: Paper) -> bool:
    """ô 4: a zero before days below 10 and before the months 1 and 2."""
    line = paper.date
    if line is None or not re.search(r"\d", line.text.replace("20", "")):
        return not paper.numbered
    return any(_DATE.fullmatch(text) for text in paper.head_texts)


def subject(paper: Paper) -> bool:
    """ô 5a, 5b; a few kinds say in their text what they are about (Appendix III, models 1.8 and 1.10)."""
    if paper.kind is None:
        return paper.guess.kind is not None and paper.guess.subject is not None
    line = paper.kind_line
    said = paper.guess.subject is not None or model(paper.kind.code).untitled
    return line is not None and line.text.isupper() and said


def addressees(paper: Paper) -> bool:
    """ô 9a; what names no kind is an official letter."""
    if paper.kind is not None and paper.kind.code not in ADDRESSED:
        return True
    return any(one.text.startswith("Kính gửi:") for one in paper.lines)


def recipients(paper: Paper) -> bool:
    """ô 9b."""
    label = paper.label
    if label is None or label.text != "Nơi nhận:":
        return False
    return label.box.middle[0] < paper.pages[0].width / 2 and any(
        one.text.startswith("- ") for one in paper.recipients
    )


def file_copy(paper: Paper) -> bool:
    """ô 9b: the last entry."""
    entries = [one.text for one in paper.recipients if one.text.startswith("- ")]
    return bool(entries) and re.match(r"- Lưu: VT\b", entries[-1]) is not None


def title(paper: Paper) -> bool:
    """ô 7a."""
    title, _name = paper.signature
    return bool(title) and all(one.text.isupper() and not _TITLE_WRONG.match(one.text) for one in title)


def _name(paper: Paper) -> str:
    return " ".join(one.text for one in paper.signature[1])


def signer(paper: Paper) -> bool:
    """ô 7b: two words or more, whatever title stands before them."""
    name = _name(paper)
    while (shorter := _ACADEMIC.sub("", name)) != name:
        name = shorter
    words = name.split()
    return 1 < len(words) < 9 and not name.isupper() and all(word[0].isalpha() for word in words)


def no_academic_title(paper: Paper) -> bool:
    """ô 7b."""
    return _ACADEMIC.match(_name(paper)) is None


def paper_size(paper: Paper) -> bool:
    """Part I.1 and I.2; annexes may lie across."""
    first, *others = (_shape(page.width, page.height) for page in paper.pages)
    return first == "portrait" and "" not in others


def _shape(width: float, height: float) -> str:
    """A4, which way; empty for another size."""
    for name, sides in (("portrait", _A4), ("landscape", _A4[::-1])):
        if abs(width - sides[0]) < _PAPER and abs(height - sides[1]) < _PAPER:
            return name
    return ""


def margins(paper: Paper) -> bool:
    """The text as it stands: left 30 to 35 mm, right 15 to 20, top and bottom from 20 (Appendix I, part I.3).

    Too wide a margin on the right shows in lines that end together only, one at the foot not at all.
    """
    if not paper_size(paper) or not paper.text:
        return True
    width, height = _A4
    upright = {page.number for page in paper.pages if _shape(page.width, page.height) == "portrait"}
    shown = [
        one for one in paper.lines if one.page in upright and one.letters > 2 and not _is_page_number(one)
    ]
    left, edge = min(one.box.x0 for one in shown) / MM, max(one.box.x1 for one in shown)
    right, top = (width - edge) / MM, (height - max(one.box.y1 for one in shown)) / MM
    full = sum(edge - one.box.x1 < 3 for one in paper.text if one.page in upright) > 1
    # ô 13 stands below a rule at the foot of page 1, in small letters
    bottom = min((one.box.y0 for one in shown if one.page > 1 or one.size > 12.5), default=height) / MM
    return (
        30 - _READ <= left <= 35 + _READ and right >= 15 - _READ and (right <= 20 + 2 * _READ or not full)
        and top >= 20 - 2 * _READ and bottom >= 20 - _READ
    )  # fmt: skip


def _is_page_number(one: Styled) -> bool:
    return re.fullmatch(r"\W*(?:Trang\s*)?\d{1,3}\W*", one.text) is not None


def page_number(paper: Paper) -> bool:
    """From page 2 on, a number alone, in the middle of the upper margin; none on page 1 (part I.7)."""
    if any(_is_page_number(one) and _in_margin(paper, one) for one in paper.lines if one.page == 1):
        return False
    return len(paper.pages) == 1 or any(
        one.text == "2" and _in_upper_margin(paper, one) for one in paper.lines if one.page == 2
    )


def _in_margin(paper: Paper, one: Styled) -> bool:
    height = paper.pages[one.page - 1].height
    return one.box.y0 > height - 25 * MM or one.box.y1 < 20 * MM


def _in_upper_margin(paper: Paper, one: Styled) -> bool:
    page = paper.pages[one.page - 1]
    # the middle of the text, or that of the paper
    return one.box.y0 > page.height - 25 * MM and abs(one.box.middle[0] - page.width / 2) < 12 * MM


def font(paper: Paper) -> bool:
    """Part I.4; symbols among letters are left alone."""
    return all(
        _TIMES.search(one.font.replace(" ", "")) for one in paper.lines if one.font and one.letters > 2
    )


def text_size(paper: Paper) -> bool:
    """ô 6; a few lines of a table may be smaller."""
    sized = [one for one in paper.text if one.size]
    off = sum(one.letters for one in sized if not 12.9 <= one.size <= 14.1)
    return off <= 0.2 * sum(one.letters for one in sized)


def style(paper: Paper) -> bool:
    """Bold and italic where the appendix asks them, of the parts that were found."""
    state = [one for one in paper.head if one.text in (_STATE, _MOTTO)]
    title, name = paper.signature
    bold = [*state, *paper.agency[-1:], *title, *name]
    bold += [paper.kind_line] if paper.kind_line else []
    italic = [paper.date] if paper.date and _DATE.fullmatch(paper.date.text) else []
    return all(one.bold for one in bold if one.font) and all(one.italic for one in italic if one.font)
