"""What a reader sees on a page is what is found and drawn, signature fields included."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from eoffice.documents.geometry import Box, View
from eoffice.documents.layout.letter import Letter
from eoffice.documents.layout.samples import sample_scan_pdf
from eoffice.documents.pages import page_text, render_page

from .conftest import page_with_signature


def test_number_drawn_by_a_signature_field_is_found(tmp_path: Path) -> None:
    (page,) = page_text(page_with_signature(tmp_path / "a.pdf"))
    assert page.text == "Body text\nSo: 05/BNV-VP"
    drawn = page.lines[1].box
    assert (drawn.x0, drawn.y0) == pytest.approx((305, 602), abs=1)


def test_number_drawn_by_a_signature_field_is_on_the_picture(tmp_path: Path) -> None:
    picture = Image.open(io.BytesIO(render_page(page_with_signature(tmp_path / "a.pdf"), 1, 595)))
    assert picture.size == (595, 842)
    assert picture.convert("RGB").getpixel((320, 842 - 625)) == (0, 0, 255)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_places_follow_the_turn_and_the_crop_of_the_page(tmp_path: Path, rotate: int) -> None:
    path = page_with_signature(tmp_path / "a.pdf", rotate=rotate, crop=(60, 70, 560, 800))
    (page,) = page_text(path)
    assert [line.text for line in page.lines] == ["Body text", "So: 05/BNV-VP"]
    assert (page.width, page.height) == ((500, 730) if rotate in (0, 180) else (730, 500))
    # the blue patch of the field lies where the view says that user space (300..360, 620..630) is shown
    patch = page.view.shown(Box(300, 620, 360, 630))
    picture = Image.open(io.BytesIO(render_page(path, 1, round(page.width)))).convert("RGB")
    x, y = patch.middle
    assert picture.getpixel((round(x), round(page.height - y))) == (0, 0, 255)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_place_goes_to_user_space_and_back(rotate: int) -> None:
    view, box = View(Box(60, 70, 560, 800), rotate), Box(100, 200, 180, 215)
    assert view.user(view.shown(box)) == box


def test_vietnamese_words_are_whole_and_the_two_columns_of_the_head_are_apart(
    filed: Callable[[Letter], Path], official_letter: Letter
) -> None:
    (page,) = page_text(filed(official_letter))
    lines = [line.text for line in page.lines]
    assert lines[:3] == ["ỦY BAN NHÂN DÂN", "TỈNH AN GIANG", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"]
    assert {"KT. CHỦ TỊCH", "Lưu Bá Thiện", "Nơi nhận:", "THƯỢNG KHẨN"} <= set(lines)


@pytest.mark.slow
def test_a_scan_has_no_text_but_a_picture(tmp_path: Path, official_letter: Letter) -> None:
    (tmp_path / "scan.pdf").write_bytes(sample_scan_pdf(official_letter))
    (page,) = page_text(tmp_path / "scan.pdf")
    assert page.lines == ()
    assert len(render_page(tmp_path / "scan.pdf", 1, 400, image="WEBP")) > 3000


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        render_page(page_with_signature(tmp_path / "a.pdf"), 2, 400)


def test_only_the_first_pages_are_read_when_asked(filed: Callable[[Letter], Path], decision: Letter) -> None:
    assert page_text(filed(decision), limit=0) == []


def test_letters_that_another_font_lends_stand_in_their_words() -> None:
    """LibreOffice draws a line in its own font first, then the letters which that font lacks."""
    (page,) = page_text(Path(__file__).parent / "lent_letters.pdf")
    first = "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công"
    assert page.lines[0].text == first
    assert "ý kiến chỉ đạo của Ủy ban nhân dân tỉnh" in page.lines[1].text
