"""What is built is what the vendor's library writes, and what is parsed is what was built."""

import hashlib
import zipfile
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree

from exchange.build import build, stream
from exchange.errors import Unbuildable
from exchange.model import (
    Business,
    BusinessKind,
    Changes,
    DocumentMessage,
    Message,
    OtherInfo,
    ReceiverChange,
    Replacement,
    ResponseFor,
    Staff,
)
from exchange.parse import Parsed, parse, parse_file
from exchange.testing import SMALL_PDF, attachment, document, status


def round_trip(message: Message, folder: Path) -> Parsed:
    out = BytesIO()
    build(message, out)
    out.seek(0)
    return parse(out, folder / "out")


def without_ids(data: bytes) -> list[tuple[str, str, tuple]]:
    """Every element with its text and attributes; of a ZIP only that it is one, since its entry has a random name."""
    found = []
    for element in etree.fromstring(data).iter():
        text = (element.text or "").strip()
        found.append(
            (element.tag, "ZIP" if text.startswith("UEsDB") else text, tuple(element.attrib.items()))
        )
    return found


def test_the_vendor_samples_parse_and_build_to_the_same_tree(samples: Path, tmp_path: Path):
    files = sorted((samples / "edxml").glob("*.edxml"))
    assert files
    for file in files:
        parsed = parse_file(file, tmp_path / file.stem)
        assert parsed.warnings == ()
        out = BytesIO()
        build(parsed.message, out)
        assert without_ids(out.getvalue()) == without_ids(file.read_bytes()), file.name
        if b"UEsDB" not in file.read_bytes():
            assert out.getvalue() == file.read_bytes(), file.name


def test_every_field_survives(tmp_path: Path):
    message = document(
        due_on=date(2026, 12, 5),
        content="Nội dung",
        to_places=("Lưu: VT", "Như trên"),
        other=OtherInfo(2, "Trong tỉnh", "LTH", 2, 1, "a", "b", True, ("Phụ lục I", "Phụ lục II")),
        response_for=(ResponseFor("H01.12", "88/STTTT-CNTT", "H01.12,2026/11/02,88/STTTT-CNTT", date(2026, 11, 2)),),
        steering=1,
        task_codes=("N1", "N2"),
        application="MCDT_DT",
        business=Business(
            BusinessKind.UPDATE, "Sửa", "H01.01,2026/11/20,1/A", True,
            Changes(True, True, (ReceiverChange("H01.02", True), ReceiverChange("H01.03", False))),
            staff=Staff("Phòng HC", "1", "Lê Thị Hạnh", "2", "a@b.vn", "0900"),
        ),
    )  # fmt: skip
    assert round_trip(message, tmp_path) == Parsed(message)
    replacing = Business(BusinessKind.REPLACE, "Thay", replaces=(Replacement("x", ("H01.02", "H01.03")),))
    message = replace(message, business=replacing)
    assert round_trip(message, tmp_path) == Parsed(message)


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
def test_requirement_44_every_status_survives(code: str, tmp_path: Path):
    message = status(document(), code)
    assert round_trip(message, tmp_path) == Parsed(message)


@pytest.mark.parametrize("text", ["a & b < c > d", "“Đặng” ']]>' \"x\"", "dòng 1\ndòng 2", "𠀀 ngoài BMP"])
def test_any_text_survives(text: str, tmp_path: Path):
    assert round_trip(document(subject=text), tmp_path).message.subject == text


def test_a_character_that_xml_cannot_hold_is_named(tmp_path: Path):
    with pytest.raises(Unbuildable, match=r"U\+000B"):
        build(document(subject="a\x0bb"), BytesIO())


@pytest.mark.parametrize(
    ("name", "zipped"),
    [("a.pdf", False), ("A.PDF", False), ("a.docx", False), ("a.xlsx", True), ("a.png", True)],
)
def test_files_travel_as_the_vendor_sends_them_and_arrive_as_they_were(
    name: str, zipped: bool, tmp_path: Path
):
    content = SMALL_PDF * 300
    message = document(attachments=[attachment(tmp_path, name, content)])
    out = BytesIO()
    build(message, out)
    assert (b">UEsDB" in out.getvalue()) is zipped
    [found] = round_trip(message, tmp_path).message.attachments
    assert (found.name, found.size, found.sha256) == (name, len(content), hashlib.sha256(content).hexdigest())


def test_a_zip_that_was_sent_stays_a_zip(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bundle", "w") as archive:
        archive.writestr("one.txt", "một")
    content = (tmp_path / "bundle").read_bytes()
    message = document(attachments=[attachment(tmp_path, "hồ sơ.zip", content)])
    [found] = round_trip(message, tmp_path).message.attachments
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 196607, 196608, 196609, 1_000_003])
def test_sizes_around_every_boundary(size: int, tmp_path: Path):
    content = bytes(i % 251 for i in range(size))
    for name in ("a.pdf", "a.bin"):
        message = document(attachments=[attachment(tmp_path, name, content)])
        [found] = round_trip(message, tmp_path).message.attachments
        assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_the_same_message_is_the_same_packet(tmp_path: Path):
    message = document(attachments=[attachment(tmp_path, "a.xlsx", b"x" * 1000)])
    first, second = BytesIO(), stream(message)
    build(message, first)
    assert first.getvalue() == second.read()


def test_an_attachment_without_bytes_is_not_built(tmp_path: Path):
    message: DocumentMessage = document(attachments=[replace(attachment(tmp_path), content=None)])
    with pytest.raises(Unbuildable):
        build(message, BytesIO())
