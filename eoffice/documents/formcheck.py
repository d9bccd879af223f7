"""What a page has against the form that Decree 30/2020 asks (Article 8, Appendix I), as help for the checker.

It reads text, places and fonts of the PDF. A person decides; so a rule speaks only of what it sees for certain, and
is held by a corpus of documents to find what breaks it and to leave the others alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.documents import formrules as rules
from eoffice.documents.formpage import Paper
from eoffice.documents.pages import page_runs, page_text

#: pages looked at: the form is in the first and the last of a document, annexes have their own
_PAGES = 40


@dataclass(frozen=True)
class Lack:
    """One component of the form that was not found, or not as it should be."""

    #: short name for logs and tests
    code: str
    #: what is wrong and what to do
    message: LazyString
    #: where Decree 30/2020 asks it, in its own words
    source: str


def lacks(path: Path, *, numbered: bool = False) -> list[Lack]:
    """Return what is against the form, in the order of the page; empty when all was found.

    `numbered`: number, place and date are there already; before issue they are blank by design. A scan without text
    gives the one lack that it cannot be read. Raises SandboxDied, and PdfiumError when the file cannot be opened.
    """
    pages = page_text(path, limit=_PAGES)
    if not any(page.lines for page in pages):
        return [_UNREADABLE]
    paper = Paper(pages, page_runs(path, limit=_PAGES), numbered=numbered)
    return [lack for lack, kept in _RULES if not kept(paper)]


_UNREADABLE = Lack(
    "text",
    _l("The pages are pictures without text: check the form by eye."),
    "Nghị định 30/2020/NĐ-CP, Điều 8",
)
#: each with what tells that it is kept
_RULES: tuple[tuple[Lack, Callable[[Paper], bool]], ...] = (
    (Lack("paper", _l("Paper: A4, upright."), "Phụ lục I, phần I.1, I.2"), rules.paper_size),
    (
        Lack(
            "margins",
            _l("Margins: left 30 to 35 mm, right 15 to 20 mm, top and bottom 20 to 25 mm."),
            "Phụ lục I, phần I.3",
        ),
        rules.margins,
    ),
    (
        Lack(
            "page_number",
            _l("Page numbers: from page 2 on, in the middle of the upper margin; none on page 1."),
            "Phụ lục I, phần I.7",
        ),
        rules.page_number,
    ),
    (Lack("font", _l("Font: Times New Roman throughout."), "Phụ lục I, phần I.4"), rules.font),
    (
        Lack("text_size", _l("The text is set in 13 or 14 points."), "Phụ lục I, phần II.6 (ô 6)"),
        rules.text_size,
    ),
    (
        Lack(
            "style",
            _l("Bold: state, motto, agency, kind, title, name of the signer. Italic: place and date."),
            "Phụ lục I, phần V",
        ),
        rules.style,
    ),
    (
        Lack("state_name", _l("Name of the state, top right, in capitals."), "Phụ lục I, phần II.1 (ô 1)"),
        rules.state_name,
    ),
    (
        Lack(
            "motto",
            _l(
                "Motto under the name of the state: “Độc lập - Tự do - Hạnh phúc”, with short dashes between blanks."
            ),
            "Phụ lục I, phần II.1 (ô 1)",
        ),
        rules.motto,
    ),
    (
        Lack(
            "agency", _l("Name of the issuing agency, top left, in capitals."), "Phụ lục I, phần II.2 (ô 2)"
        ),
        rules.agency,
    ),
    (
        Lack(
            "number",
            _l(
                "Number and notation under the name of the agency, as in “Số: 05/QĐ-SNV”, with the kind's abbreviation."
            ),
            "Phụ lục I, phần II.3 (ô 3)",
        ),
        rules.number,
    ),
    (
        Lack(
            "date",
            _l("Place and date under the motto, as in “An Giang, ngày 05 tháng 01 năm 2026”."),
            "Phụ lục I, phần II.4 (ô 4)",
        ),
        rules.date,
    ),
    (
        Lack(
            "subject",
            _l(
                "Kind in capitals and subject in the middle, or “V/v” under the number of an official letter."
            ),
            "Phụ lục I, phần II.5 (ô 5a, 5b)",
        ),
        rules.subject,
    ),
    (
        Lack("addressees", _l("“Kính gửi:” with the addressees."), "Phụ lục I, phần II.9 (ô 9a)"),
        rules.addressees,
    ),
    (
        Lack(
            "recipients", _l("“Nơi nhận:” at the bottom left, with its list."), "Phụ lục I, phần II.9 (ô 9b)"
        ),
        rules.recipients,
    ),
    (
        Lack("file_copy", _l("“Lưu: VT” as the last recipient."), "Phụ lục I, phần II.9 (ô 9b)"),
        rules.file_copy,
    ),
    (
        Lack(
            "title",
            _l("Authority and office of the signer, in capitals, as in “KT. GIÁM ĐỐC”."),
            "Phụ lục I, phần II.7 (ô 7a)",
        ),
        rules.title,
    ),
    (
        Lack(
            "signer",
            _l("Full name of the signer, in small letters after the first."),
            "Phụ lục I, phần II.7 (ô 7b)",
        ),
        rules.signer,
    ),
    (
        Lack(
            "academic_title",
            _l("No academic title before the name of the signer."),
            "Phụ lục I, phần II.7 (ô 7b)",
        ),
        rules.no_academic_title,
    ),
)
