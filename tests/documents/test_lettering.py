"""Whether a page could bear a mark is told from its fonts only where these leave no doubt."""

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from eoffice.documents.intake import IN_EVERY_MARK
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.typesetting import typeset
from eoffice.documents.lettering import beyond
from tests.incoming.letters import letter_pdf, secret_pdf


def _beyond(page: bytes) -> set[str]:
    with pikepdf.open(io.BytesIO(page)) as pdf:
        return beyond(pdf.pages[0], IN_EVERY_MARK)


def test_a_letter_whose_fonts_hold_no_such_letter_cannot_bear_the_mark() -> None:
    assert _beyond(letter_pdf()) == {"Ậ"}


def test_a_page_that_has_the_letter_is_read() -> None:
    assert _beyond(secret_pdf()) == set()
    written = Letter(
        agency=("Sở Khoa học", "và Công nghệ"), subject="TIÊU CHUẨN KỸ THUẬT", body="Nội dung.", signer="Lưu Bá Thiện",
        authority=("GIÁM ĐỐC",), place_and_date="An Giang, ngày 05 tháng 01 năm 2026",
    )  # fmt: skip
    assert _beyond(typeset(written).pdf) == set()


def _fonts(pdf: Pdf) -> Any:
    return pdf.pages[0].obj.Resources.Font


def _first(pdf: Pdf) -> Any:
    return next(iter(_fonts(pdf).values()))


def _codes(words: bytes) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        font = _first(pdf)
        font.ToUnicode = pdf.make_stream(font.ToUnicode.read_bytes().replace(b"endcmap", words + b" endcmap"))

    return change


def _no_map(pdf: Pdf) -> None:
    del _first(pdf)["/ToUnicode"]


def _drawn_letters(pdf: Pdf) -> None:
    _fonts(pdf)["/T3"] = pdf.make_indirect(
        Dictionary(
            Type=Name.Font, Subtype=Name.Type3, ToUnicode=pdf.make_stream(b""), Encoding=Name.WinAnsiEncoding
        )
    )


def _names(pdf: Pdf) -> None:
    encoding = Dictionary(Differences=Array([65, Name("/uni1EAC")]))
    _fonts(pdf)["/S"] = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.TrueType, ToUnicode=pdf.make_stream(b""), Encoding=encoding)
    )


def _other_codes(pdf: Pdf) -> None:
    _first(pdf).Encoding = Name("/UniJIS-UTF16-H")


def _another_order(pdf: Pdf) -> None:
    _first(pdf).DescendantFonts[0].CIDSystemInfo.Ordering = "Japan1"


def _codes_are_letters(pdf: Pdf) -> None:
    _first(pdf).DescendantFonts[0].CIDToGIDMap = pdf.make_stream(b"\0\1")


def _said(pdf: Pdf) -> None:
    page = pdf.pages[0].obj
    words = b"/Span <</ActualText (x)>> BDC EMC\n"
    page.Contents = Array([page.Contents, pdf.make_stream(words)])


def _properties(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.Properties = Dictionary(P=Dictionary(ActualText="MẬT"))


def _by_state(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.ExtGState = Dictionary(G=Dictionary(Font=Array([_first(pdf), 12])))


def _in_a_form(pdf: Pdf) -> None:
    with pikepdf.open(io.BytesIO(secret_pdf())) as other:
        form = pdf.copy_foreign(other.pages[0].as_form_xobject())
    inner = pdf.make_stream(b"/F Do")
    inner.Type, inner.Subtype, inner.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
    inner.Resources = Dictionary(XObject=Dictionary(F=form))
    pdf.pages[0].obj.Resources.XObject = Dictionary(A=inner)


@pytest.mark.parametrize(
    "change",
    [
        _codes(b"1 beginbfchar <0001> <1eAc> endbfchar"),
        _codes(b"1 beginbfchar <0001> <00C2 0323> endbfchar"),
        _codes(b"1 beginbfchar <0001> <1EA00302> endbfchar"),
        _codes(b"1 beginbfrange <0001> <0040> <1EA0> endbfrange"),
        _codes(b"1 beginbfrange\n<0001>\n<0040>\n<004D 1E A0> endbfrange"),
        _codes(b"1 beginbfrange <0001> <0001> [<1EAC>] endbfrange"),
        _codes(b"/Adobe-Japan1-UCS2 usecmap"),
        _no_map, _drawn_letters, _names, _other_codes, _another_order, _codes_are_letters, _said, _properties,
        _by_state, _in_a_form,
    ],
)  # fmt: skip
def test_where_a_doubt_is_left_the_page_is_read(change: Callable[[Pdf], None]) -> None:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter_pdf())) as pdf:
        change(pdf)
        pdf.save(made)
    assert _beyond(made.getvalue()) == set()


def test_a_range_that_ends_before_the_letter_leads_nowhere_near_it() -> None:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(letter_pdf())) as pdf:
        _codes(b"1 beginbfrange <0001> <000B> <1EA0> endbfrange")(pdf)
        pdf.save(made)
    assert _beyond(made.getvalue()) == {"Ậ"}
