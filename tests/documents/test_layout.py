"""Our letters look as Appendix I of Decree 30/2020 says, and take text as text."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from fontTools.ttLib import TTFont

from eoffice.documents.geometry import MM, Box
from eoffice.documents.layout import places, tables
from eoffice.documents.layout.letter import Letter, Urgency, paragraphs
from eoffice.documents.layout.tables import Column, Signer, Table
from eoffice.documents.layout.typesetting import FONTS, MissingGlyph, WordTooLong, typeset
from eoffice.documents.pages import Line, PageText, page_text

Filed = Callable[[Letter], Path]
DAY = datetime(2026, 11, 20, tzinfo=UTC)
VIETNAMESE = "".join(
    letter + letter.upper()
    for letter in "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
)


def line(page: PageText, start: str) -> Line:
    return next(found for found in page.lines if found.text.startswith(start))


@pytest.mark.parametrize("face", ["Regular", "Bold", "Italic", "BoldItalic"])
def test_every_vietnamese_letter_is_in_every_face(face: str) -> None:
    known = TTFont(FONTS / f"Tinos-{face}.ttf").getBestCmap()
    assert [letter for letter in VIETNAMESE + "“”–…₫" if ord(letter) not in known] == []


def test_the_page_is_a4_with_the_margins_of_the_decree(filed: Filed, official_letter: Letter) -> None:
    (page,) = page_text(filed(official_letter))
    assert (page.width, page.height) == pytest.approx((210 * MM, 297 * MM), abs=1)
    left = min(word.box.x0 for word in page.words)
    right = max(word.box.x1 for word in page.words)
    assert left == pytest.approx(30 * MM, abs=2)
    assert right <= (210 - 15) * MM + 1
    assert max(word.box.y1 for word in page.words) == pytest.approx((297 - 20) * MM, abs=6)


def test_cells_stand_where_the_appendix_draws_them(filed: Filed, official_letter: Letter) -> None:
    (page,) = page_text(filed(official_letter))
    nation, agency = line(page, "CỘNG HÒA"), line(page, "ỦY BAN NHÂN DÂN")
    title, recipients = line(page, "KT. CHỦ TỊCH"), line(page, "Nơi nhận:")
    assert agency.box.x1 < nation.box.x0
    assert line(page, "V/v").box.x1 < page.width / 2
    assert recipients.box.x1 < title.box.x0
    assert title.box.y0 == pytest.approx(recipients.box.y0, abs=5)


def test_the_number_line_is_blank_and_its_place_is_noted_in_the_file(
    filed: Filed, official_letter: Letter
) -> None:
    made = typeset(official_letter)
    path = filed(official_letter)
    found = places.find(path)
    assert found
    assert found.number_line
    assert made.number_line
    box = found.number_line.box
    assert box.width == pytest.approx(165 * MM, abs=1)
    assert box.height >= 7.5 * MM
    assert tuple(box) == pytest.approx(tuple(made.number_line.box), abs=0.01)
    (page,) = page_text(path)
    assert not [word.text for word in page.words if word.box.touches(_inner(box))]


def test_a_printed_number_stands_exactly_where_the_blank_was(filed: Filed, official_letter: Letter) -> None:
    blank = typeset(official_letter).number_line
    printed = replace(
        official_letter, number_text="Số: 3187/UBND-KTN", place_and_date="An Giang, ngày 20 tháng 11 năm 2026"
    )
    (page,) = page_text(filed(printed))
    assert blank
    number, day = line(page, "Số: 3187"), line(page, "An Giang, ngày")
    assert number.box.middle[1] == pytest.approx(blank.box.middle[1], abs=4)
    assert number.box.middle[0] == pytest.approx(blank.box.x0 + places.NUMBER_MIDDLE * blank.box.width, abs=2)
    assert day.box.middle[0] == pytest.approx(blank.box.x0 + places.DATE_MIDDLE * blank.box.width, abs=2)
    assert typeset(printed).number_line is None


def test_signature_and_seal_have_room_between_title_and_name(filed: Filed, official_letter: Letter) -> None:
    path = filed(official_letter)
    (page,) = page_text(path)
    found = places.find(path)
    assert found
    box = found.signature_block.box
    assert box.height >= 26 * MM
    assert line(page, "PHÓ CHỦ TỊCH").box.y0 >= box.y1 - 3
    assert line(page, "Lưu Bá Thiện").box.y1 <= box.y0 + 3
    assert line(page, "Lưu Bá Thiện").box.middle[0] == pytest.approx(box.middle[0], abs=2)


def test_a_subject_of_several_lines_clears_the_text_where_nobody_is_addressed(
    filed: Filed, official_letter: Letter
) -> None:
    (page,) = page_text(filed(replace(official_letter, addressees=(), urgency=Urgency.NORMAL)))
    last, first = line(page, "Đông Xuân"), line(page, "Theo bản tin")
    assert first.box.y1 < last.box.y0


@pytest.mark.parametrize("paragraphs_before", [1, 6, 7, 8, 9, 20])
def test_a_signature_never_stands_on_a_page_without_text(
    filed: Filed, official_letter: Letter, paragraphs_before: int
) -> None:
    text = "Ủy ban nhân dân các xã, phường, đặc khu thông báo đến từng hộ dân lịch lấy nước. " * 3
    letter = replace(official_letter, body="\n\n".join([text] * paragraphs_before + ["Câu cuối cùng./."]))
    path = filed(letter)
    found = places.find(path)
    assert found
    last = page_text(path)[-1]
    assert found.signature_block.page == last.number
    assert line(last, "Câu cuối cùng./.")
    assert line(last, "Lưu Bá Thiện")


def test_page_numbers_stand_on_top_from_the_second_page(filed: Filed, official_letter: Letter) -> None:
    first, second, *_ = page_text(filed(replace(official_letter, body="Nội dung.\n\n" * 60)))
    assert not [each for each in first.lines if each.text == "1"]
    number = line(second, "2")
    assert number.box.y0 > (297 - 20) * MM
    assert number.box.middle[0] == pytest.approx((30 + 165 / 2) * MM, abs=2)


def test_a_long_name_stays_in_its_column_and_moves_the_number_line(
    filed: Filed, official_letter: Letter
) -> None:
    name = "Ban Quản lý dự án đầu tư xây dựng công trình nông nghiệp và phát triển nông thôn tỉnh An Giang"
    path = filed(replace(official_letter, agency=(name,), parent="Ủy ban nhân dân tỉnh An Giang"))
    (page, *_), found = page_text(path), places.find(path)
    assert found
    assert found.number_line
    head = [each for each in page.lines if each.box.y0 > found.number_line.box.y1 - 3]
    nation = line(page, "CỘNG HÒA")
    assert len(head) >= 6
    assert all(each.box.x1 < nation.box.x0 for each in head if each.box.middle[0] < page.width / 2)


def test_forty_recipients_are_all_printed(filed: Filed, official_letter: Letter) -> None:
    letter = replace(official_letter, recipients=tuple(f"Xã số {n}" for n in range(60)))
    text = "\n".join(page.text for page in page_text(filed(letter)))
    assert "- Xã số 0;" in text
    assert "- Xã số 59." in text


def test_typst_commands_in_the_text_are_printed_not_run(filed: Filed, official_letter: Letter) -> None:
    nasty = '#read("/etc/passwd") $x^2$ *a* _b_ \\ @ref <label> #pagebreak() "quoted" //c'
    (page,) = page_text(filed(replace(official_letter, body=nasty)))
    assert '#read("/etc/passwd") $x^2$ *a* _b_ \\ @ref <label> #pagebreak()' in page.text.replace("\n", " ")


def test_a_character_that_cannot_be_printed_is_named(official_letter: Letter) -> None:
    with pytest.raises(MissingGlyph) as refused:
        typeset(replace(official_letter, subject="mừng năm mới 🎉"))
    assert refused.value.params == {"character": "🎉", "name": "PARTY POPPER"}


def test_letters_typed_with_separate_marks_are_printed(filed: Filed, official_letter: Letter) -> None:
    (page,) = page_text(filed(replace(official_letter, signer="Lưu Bá Thiện")))  # decomposed
    assert line(page, "Lưu Bá Thiện")


def test_the_file_is_tagged_pdf_a_and_the_same_letter_gives_the_same_bytes(official_letter: Letter) -> None:
    made = typeset(official_letter, made_at=DAY).pdf
    assert made == typeset(official_letter, made_at=DAY).pdf
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.open_metadata().pdfa_status == "2B"
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang).startswith("vi")
        assert pdf.check_pdf_syntax() == []


def test_a_body_is_split_into_paragraphs() -> None:
    body = "Đoạn một dài\nxuống dòng giữa câu.\nĐoạn hai:\n- ý một;\n- ý hai;\n1. Mục\na) điểm\n\n"
    body += "Điều 3. **Đậm** và thường"
    texts = ["".join(run["text"] for run in runs) for runs in paragraphs(body)]
    assert texts == [
        "Đoạn một dài xuống dòng giữa câu.",
        "Đoạn hai:",
        "- ý một;",
        "- ý hai;",
        "1. Mục",
        "a) điểm",
        "Điều 3. Đậm và thường",
    ]
    assert [run["text"] for run in paragraphs(body)[-1] if run["bold"]] == ["Điều 3.", "Đậm"]


def test_a_lone_mark_for_bold_is_text() -> None:
    assert paragraphs("2 ** 3") == [[{"text": "2 ** 3", "bold": False}]]


def _inner(box: Box) -> Box:
    """Without the leading above and below, which the boxes of neighbouring lines overlap."""
    return Box(box.x0, box.y0 + 4, box.x1, box.y1 - 4)


def words(count: int, mark: str) -> str:
    """Words that are told apart on the page."""
    return " ".join(f"{mark}{number}" for number in range(count))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": words(1500, "t")},
        {"body": f"Đoạn đầu.\n\n{words(1500, 't')}"},
        {"body": words(1500, "t"), "recipients": tuple(f"r{number}" for number in range(90))},
        {"body": words(420, "t"), "recipients": tuple(f"r{number}" for number in range(30))},
        {"addressees": tuple(f"a{number}" for number in range(200))},
        {"bases": tuple(words(20, f"b{number}x") for number in range(60))},
        {"subject": words(110, "s")},
        {"kind": "Thông báo", "subject": words(110, "s")},
        {"authority": tuple(f"c{number}" for number in range(6))},
    ],
)
def test_nothing_that_was_written_runs_off_the_paper(
    filed: Filed, official_letter: Letter, changes: dict[str, Any]
) -> None:
    made = replace(official_letter, **changes)
    pages = page_text(filed(made))
    shown = {word.text.strip("-,;./").lower() for page in pages for word in page.words}
    typed = " ".join(" ".join(value) if isinstance(value, tuple) else value for value in changes.values())
    assert [word for word in typed.lower().split() if word.strip(".") not in shown] == []
    assert {"lưu", "thiện"} <= shown
    assert min(word.box.y0 for page in pages for word in page.words) > 15 * MM


@pytest.mark.slow
def test_title_and_name_of_the_signer_stand_on_one_page(filed: Filed, official_letter: Letter) -> None:
    for count in range(640, 720, 8):  # the paragraph ends at every height of the page
        pages = page_text(filed(replace(official_letter, body=words(count, "t"))))
        for page in pages:
            shown = [found.text for found in page.lines]
            assert ("KT. CHỦ TỊCH" in shown) == ("Lưu Bá Thiện" in shown)


def test_a_word_that_no_page_holds_is_refused(official_letter: Letter) -> None:
    with pytest.raises(WordTooLong):
        typeset(replace(official_letter, body="Kính gửi " + "đ" * 17_000))
    assert typeset(replace(official_letter, body="đ" * 1000)).pages == 1


def test_what_no_line_holds_is_broken_and_stays_on_the_paper(filed: Filed, official_letter: Letter) -> None:
    address = "https://vanban.angiang.gov.vn/tra-cuu?ma=" + "a1b2" * 60
    letter = replace(official_letter, body=f"Tra cứu tại {address}\nHết./.", recipients=("đ" * 90, "Lưu: VT"))
    pages = page_text(filed(letter))
    assert max(word.box.x1 for page in pages for word in page.words) < 195.5 * MM
    assert address in "".join(word.text for page in pages for word in page.words)


@pytest.mark.slow
def test_nobody_signs_a_sheet_on_which_nothing_is_registered(tmp_path: Path) -> None:
    columns = (Column("Số", 1), Column("Tác giả", 3), Column("Trích yếu", 6))
    sheets = []
    for count in range(1, 16):
        rows = [(str(number), "Ủy ban nhân dân xã Vĩnh Hòa Hưng", words(40, "r")) for number in range(count)]
        form = Table("Sở A", "Sổ đăng ký", columns, rows, signers=(Signer("Người lập"),))
        (tmp_path / "so.pdf").write_bytes(tables.typeset(form).pdf)
        pages = [page.text for page in page_text(tmp_path / "so.pdf")]
        signed = next(text for text in pages if "NGƯỜI LẬP" in text)
        assert "Hòa Hưng" in signed, count
        assert [text.count("(3)") for text in pages] == [1] * len(pages), "every sheet has the head once"
        sheets.append(len(pages))
    assert sheets[0] == 1
    assert sheets == sorted(sheets)


def test_an_endless_word_keeps_no_register_from_being_printed(tmp_path: Path) -> None:
    columns = (Column("Số", 1), Column("Lý do hủy", 3))
    form = Table("Sở A", "Sổ đăng ký", columns, [["1", "x" * 2000], ["2", "Nhầm"]])
    (tmp_path / "so.pdf").write_bytes(tables.typeset(form).pdf)
    pages = page_text(tmp_path / "so.pdf")
    assert sum(page.text.count("x") for page in pages) == 2000
    assert "Nhầm" in pages[-1].text
