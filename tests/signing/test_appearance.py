import io
import struct
import zlib
from datetime import UTC, date, datetime

import pikepdf
import pytest
from PIL import Image, ImageChops

from signing import appearance, errors, pages, placement
from signing.appearance import MM
from signing.fields import visible_fields
from signing.geometry import Box, Geometry, Placement
from signing.keys import Pkcs12Key
from signing.placement import Role
from signing.report import Verdict
from signing.testing import seal_png, signature_png
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import LEADER, sign

WORDS = "ẰẲẴẶ ẩẫậ Ợợ Ữữ Đđ ₫ “Quyết định” – ngày 05"


def picture_of(data: bytes, scale: float = 2, page: int = 1) -> Image.Image:
    with pages.opened(data, forms=True) as document:
        return pages.render(document, page, scale=scale)


def is_blue(pixel: tuple[int, ...]) -> bool:
    return pixel[2] > pixel[0] + 60


def is_red(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > pixel[1] + 100


def pixels(image: Image.Image, box: Box, scale: float = 2) -> list[tuple[int, ...]]:
    top = image.height / scale
    area = [int(value * scale) for value in (box.x0, top - box.y1, box.x1, top - box.y0)]
    return list(image.crop(tuple(area)).get_flattened_data())


def test_requirement_20_blue_handwriting_stands_between_title_and_name(
    chain: list[bytes], block: Placement
) -> None:
    runs = {}
    with pages.opened(chain[2]) as document:
        runs = {run.text: run.box for run in pages.words(document[block.page - 1])}
    assert runs[LEADER].y1 < block.box.y0
    assert block.box.y1 < runs["PHÓ GIÁM ĐỐC"].y0
    assert block.box.centre[0] == pytest.approx(runs[LEADER].centre[0], abs=1)
    assert any(map(is_blue, pixels(picture_of(chain[2]), block.box)))


def test_requirement_21_the_seal_has_its_real_size_and_covers_a_third_on_the_left(
    chain: list[bytes], block: Placement
) -> None:
    seal = placement.seal_beside(block)
    assert seal.box.width == pytest.approx(36 * MM)
    assert seal.box.height == pytest.approx(36 * MM)
    assert (seal.box.x1 - block.box.x0) / block.box.width == pytest.approx(1 / 3)
    shown = pixels(picture_of(chain[2]), seal.box)
    assert sum(map(is_red, shown)) > 1000


def test_the_number_line_reads_as_written(chain: list[bytes]) -> None:
    shown = visible_fields(io.BytesIO(chain[1]))["Number"]
    assert shown.text == "Số: 123/SNV-VP An Giang, ngày 20 tháng 11 năm 2026"
    assert not shown.picture


def test_all_vietnamese_letters_are_drawn_and_found(document: bytes, agency: Pkcs12Key) -> None:
    look = appearance.Appearance(rows=((appearance.Text(WORDS, italic=True),),))
    signed, _ = sign(
        document, agency, field="T", placement=Placement(1, Box(60, 30, 560, 60)), appearance=look
    )
    assert visible_fields(io.BytesIO(signed))["T"].text == WORDS
    dark = [pixel for pixel in pixels(picture_of(signed), Box(60, 30, 560, 60)) if max(pixel) < 120]
    assert len(dark) > 500


def test_words_are_as_wide_as_the_font_says(document: bytes, agency: Pkcs12Key) -> None:
    text = appearance.Text("Số: 123/SNV-VP")
    box = Box(60, 30, 560, 60)
    look = appearance.Appearance(rows=((text,),))
    signed, _ = sign(document, agency, field="T", placement=Placement(1, box), appearance=look)
    image = picture_of(signed, 4)
    part = (
        image.crop((240, image.height - 240, 2240, image.height - 120)).convert("L").point(lambda v: v < 128)
    )
    left, _, right, _ = part.getbbox()
    assert (right - left) / 4 == pytest.approx(text.font.width(text.text, text.size), abs=2)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_and_cropped_pages_show_the_picture_upright_in_its_box(
    rotation: int, document: bytes, leader: Pkcs12Key, trust: TrustStore
) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.pages[0].obj["/CropBox"] = pikepdf.Array([40, 30, 500, 800])
        pdf.pages[0].obj["/Rotate"] = rotation
        pdf.save(out)
    # the upper half of the picture is blue, the lower red
    flag = Image.new("RGBA", (40, 20), (20, 40, 220, 255))
    flag.paste((220, 20, 20, 255), (0, 10, 40, 20))
    png = io.BytesIO()
    flag.save(png, "PNG")
    box = Box(50, 60, 150, 110)
    look = appearance.Appearance(png=png.getvalue())
    signed, _ = sign(out.getvalue(), leader, field="L", placement=Placement(1, box), appearance=look)
    image = picture_of(signed)
    assert all(map(is_blue, pixels(image, Box(60, 90, 140, 105))))
    assert all(map(is_red, pixels(image, Box(60, 65, 140, 80))))
    assert not any(map(is_blue, pixels(image, Box(10, 115, 190, 130))))
    assert visible_fields(io.BytesIO(signed))["L"].placement.box == pytest.approx(box, abs=0.1)
    assert verify_pdf(io.BytesIO(signed), trust).verdict is Verdict.VALID


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_survives_the_way_to_the_file_and_back(rotation: int) -> None:
    shape = Geometry(Box(40, 30, 500, 800), rotation)
    box = Box(10, 20, 110, 70)
    assert shape.to_shown(shape.to_user(box)) == pytest.approx(box)


def test_requirement_23_texts_of_attachments_and_copies_follow_the_forms_of_the_decree() -> None:
    at = datetime(2025, 11, 26, 2, 15, 30, tzinfo=UTC)
    assert appearance.attachment("12/QĐ-UBND", at).text == "Số: 12/QĐ-UBND; 26/11/2025; 09:15:30 +07:00"
    sao_y = appearance.copy("Sao y", "Ủy ban nhân dân tỉnh An Giang", at)
    assert sao_y.text == "Sao y; Ủy ban nhân dân tỉnh An Giang; 26/11/2025; 09:15:30 +07:00"
    assert sao_y.rows[0][0].size == 10


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("role", [Role.ATTACHMENT, Role.COPY])
def test_the_small_text_stands_in_the_top_right_corner_to_the_millimetre(
    role: Role, rotation: int, agency: Pkcs12Key
) -> None:
    source = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(620, 860))
        pdf.pages[0].CropBox = [10, 8, 605, 850]
        pdf.pages[0].Rotate = rotation
        pdf.save(source)
    at = datetime(2025, 11, 26, 2, 15, 30, tzinfo=UTC)
    look = (
        appearance.copy("Sao y", "Ủy ban nhân dân tỉnh An Giang", at)
        if role is Role.COPY
        else appearance.attachment("12/QĐ-UBND", at)
    )
    place = placement.default(role, source.getvalue())
    signed, _ = sign(source.getvalue(), agency, field="S", placement=place, appearance=look)
    shown = picture_of(signed)
    ink = ImageChops.invert(shown.convert("L")).getbbox()
    assert ink is not None
    left, top, right, bottom = (side / 2 / MM for side in ink)
    width = shown.width / 2 / MM
    assert width - right == pytest.approx(10, abs=0.5)
    assert 6 <= top < bottom <= 12
    text = look.rows[0][0]
    assert right - left == pytest.approx(text.font.width(text.text, 10) / MM, abs=0.7)
    field = visible_fields(io.BytesIO(signed))["S"]
    assert (field.text, field.picture) == (text.text, False)
    assert b" 0 g /R 10.00 Tf" in look.content(place.box.width, place.box.height), "black, upright, 10 pt"


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2020, 1, 5), "Hà Nội, ngày 05 tháng 01 năm 2020"),
        (date(2019, 6, 29), "Hà Nội, ngày 29 tháng 6 năm 2019"),
        (date(2026, 11, 20), "Hà Nội, ngày 20 tháng 11 năm 2026"),
    ],
)
def test_dates_are_written_as_the_decree_says(day: date, text: str) -> None:
    assert appearance.issue_date("Hà Nội", day) == text


def test_a_name_that_is_not_there_has_no_place(document: bytes) -> None:
    with pytest.raises(errors.PlacementError):
        placement.signature_block(document, "Trần Không Có")


def test_a_decomposed_name_is_found(document: bytes) -> None:
    import unicodedata

    name = unicodedata.normalize("NFD", LEADER.upper())
    assert placement.signature_block(document, name).page == 1


def test_the_title_is_an_anchor_too(document: bytes, block: Placement) -> None:
    found = placement.anchored(document, "PHÓ GIÁM ĐỐC")
    assert found.page == block.page
    assert found.box.y0 <= block.box.centre[1] <= found.box.y1


def test_the_number_line_lies_on_free_space(document: bytes) -> None:
    line = placement.number_line(document)
    with pages.opened(document) as opened:
        assert not any(run.box.overlaps(line.box) for run in pages.words(opened[0]))


def _with_a_part_after_the_pixels(name: bytes, body: bytes) -> bytes:
    """A whole PNG with one more part before its end."""
    whole = seal_png("Ủy ban nhân dân", pixels=20)
    part = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return whole[:-12] + part + whole[-12:]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GIF89a", b"\x89PNG\r\n\x1a\nbroken", _with_a_part_after_the_pixels(b"iCCP", b""),
        _with_a_part_after_the_pixels(b"iCCP", b"ab\0"),
    ],
)  # fmt: skip
def test_a_broken_picture_is_refused(
    data: bytes, document: bytes, leader: Pkcs12Key, block: Placement
) -> None:
    with pytest.raises(errors.UnusableImage):
        sign(document, leader, field="L", placement=block, appearance=appearance.leader(data))


def test_drawn_pictures_are_transparent_and_repeatable() -> None:
    assert signature_png("Lê Văn A") == signature_png("Lê Văn A")
    for png in (signature_png("Lê Văn A"), seal_png("Ủy ban nhân dân", pixels=200)):
        with Image.open(io.BytesIO(png)) as image:
            assert image.getchannel("A").getextrema() == (0, 255)
