"""What the page lacks of the form that Decree 30/2020 asks (Article 8, Appendix I), as help for the checker.

It reads the text layer: it finds what is missing, it does not judge fonts or margins, and a person decides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.text import fold
from eoffice.documents.fields import FieldGuess, guess_fields
from eoffice.documents.pages import PageText


@dataclass(frozen=True)
class Lack:
    """One component of the form that was not found."""

    #: short name for logs and tests
    code: str
    #: what is missing and what to do
    message: LazyString
    #: where the decree asks it
    source: str


def lacks(pages: Sequence[PageText], *, numbered: bool = False) -> list[Lack]:
    """Return what is missing, in the order of the page; empty when all was found.

    `numbered`: number, place and date are there already; before issue they are blank by design.
    A scan without text gives the one lack that it cannot be read.
    """
    if not any(page.lines for page in pages):
        return [_UNREADABLE]
    page = _Page(pages, guess_fields(pages), numbered)
    return [lack for lack, present in _COMPONENTS if not present(page)]


@dataclass(frozen=True)
class _Page:
    pages: Sequence[PageText]
    found: FieldGuess
    numbered: bool

    @property
    def head(self) -> str:
        """Text of the upper half of page 1, folded: accents are typed in more than one way."""
        page = self.pages[0]
        return fold(" ".join(line.text for line in page.lines if line.box.y0 > page.height / 2))

    @property
    def text(self) -> str:
        return fold("\n".join(page.text for page in self.pages))


_UNREADABLE = Lack(
    "text", _l("The pages are pictures without text: check the form by eye."), "Decree 30/2020, Article 8"
)
_COMPONENTS: tuple[tuple[Lack, Callable[[_Page], object]], ...] = (
    (
        Lack("state_name", _l("Name of the state, top right."), "Appendix I, II.1 (ô 1)"),
        lambda page: "cong hoa xa hoi chu nghia viet nam" in page.head,
    ),
    (
        Lack("motto", _l("Motto under the name of the state."), "Appendix I, II.1 (ô 1)"),
        lambda page: "doc lap - tu do - hanh phuc" in page.head,
    ),
    (
        Lack("agency", _l("Name of the issuing agency, top left, in capitals."), "Appendix I, II.2 (ô 2)"),
        lambda page: page.found.issuer,
    ),
    (
        Lack("number", _l("Number and notation under the name of the agency."), "Appendix I, II.3 (ô 3)"),
        lambda page: page.found.notation or not page.numbered,
    ),
    (
        Lack("date", _l("Place and date under the motto."), "Appendix I, II.4 (ô 4)"),
        lambda page: page.found.issued_on or not page.numbered,
    ),
    (
        Lack(
            "subject",
            _l("Kind and subject in the middle, or “V/v” under the number of an official letter."),
            "Appendix I, II.5 (ô 5a, 5b)",
        ),
        lambda page: page.found.kind and page.found.subject,
    ),
    (
        Lack("addressees", _l("“Kính gửi” with the addressees."), "Appendix I, II.9 (ô 9a)"),
        lambda page: not _has_addressees(page.found) or "kinh gui" in page.text,
    ),
    (
        Lack("recipients", _l("“Nơi nhận” at the bottom left."), "Appendix I, II.9 (ô 9b)"),
        lambda page: "noi nhan" in page.text,
    ),
    (
        Lack("file_copy", _l("“Lưu: VT” as the last recipient."), "Appendix I, II.9 (ô 9b)"),
        lambda page: "luu: vt" in page.text or "luu vt" in page.text,
    ),
    (
        Lack("title", _l("Authority and office of the signer, in capitals."), "Appendix I, II.7 (ô 7a)"),
        lambda page: page.found.signer_title,
    ),
    (
        Lack("signer", _l("Full name of the signer, without academic titles."), "Appendix I, II.7 (ô 7b)"),
        lambda page: page.found.signer_name,
    ),
)


def _has_addressees(found: FieldGuess) -> bool:
    """Official letters, and submissions and reports to a higher agency."""
    return found.kind is not None and found.kind.value in {"CV", "TTR", "BC"}
