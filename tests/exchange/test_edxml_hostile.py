"""Messages made to harm are refused, soon and in little memory."""

import base64
import os
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from exchange.attachments import safe_name
from exchange.build import build
from exchange.errors import Damaged, Forbidden, TooLarge, Unreadable
from exchange.limits import LIMITS
from exchange.parse import parse, read_header
from exchange.testing import SMALL_PDF, attachment, document

ENCODED = base64.b64encode(SMALL_PDF)


@pytest.fixture
def wire(tmp_path: Path) -> bytes:
    (tmp_path / "in").mkdir()
    out = BytesIO()
    build(document(attachments=[attachment(tmp_path / "in")]), out)
    return out.getvalue()


def read(data: bytes, folder: Path, limits=LIMITS):
    return parse(BytesIO(data), folder / "out", limits=limits)


@pytest.mark.parametrize(
    "doctype",
    [
        b"<!DOCTYPE edXML>",
        b'<!DOCTYPE edXML SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE edXML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE edXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE edXML [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]>',
    ],
)
def test_a_document_type_is_refused(wire, tmp_path, doctype: bytes):
    with pytest.raises(Forbidden):
        read(wire.replace(b"<edXML xmlns", doctype + b"<edXML xmlns", 1), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm",
    [
        b"<a>" * 100,
        b"<a/>" * 60_000,
        b"<!--" + b"x" * 3_000_000 + b"-->",
        b"<a b='" + b"x" * 3_000_000 + b"'/>",
        b"<a>" + b"x" * 3_000_000 + b"</a>",
    ],
)
def test_deep_many_and_long_are_refused(wire, tmp_path, harm: bytes):
    with pytest.raises((TooLarge, Unreadable)):
        read(wire.replace(b"<edXML:MessageHeader>", harm + b"<edXML:MessageHeader>"), tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"no xml at all",
        b"x" * 10_000,
        b"<html/>",
        b"<edXML/>",
        b"\xff\xfe<\0e\0",
        b"<edXML><a></edXML>",
        b'<?xml version="1.0" encoding="UT-8"?><edXML/>',
        b'<?xml version="1.0" encoding="GB18030"?><edXML>\x81\x30</edXML>',
    ],
)
def test_what_is_no_edxml_is_unreadable(tmp_path, data: bytes):
    with pytest.raises(Unreadable):
        read(data, tmp_path)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_message_cut_short_is_unreadable(wire, tmp_path, keep: float):
    cut = wire[: int(len(wire) * keep)]
    with pytest.raises(Unreadable):
        read(cut, tmp_path)
    with pytest.raises(Unreadable):
        read_header(BytesIO(cut))


@pytest.mark.parametrize("bad", [b"@@@@", b"QUJD=QUJD", b"QQ==QQ==", b"A", b"\xc4\x90\xc4\x90"])
def test_bad_base64_is_damage(wire, tmp_path, bad: bytes):
    with pytest.raises(Damaged):
        read(wire.replace(ENCODED, bad), tmp_path)


def test_markup_inside_base64_is_refused(wire, tmp_path):
    with pytest.raises(Unreadable):
        read(wire.replace(ENCODED, b"QUJD<x/>QUJD"), tmp_path)


def zipped(content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.pdf", content)
    return out.getvalue()


def test_a_zip_bomb_is_refused(wire, tmp_path):
    with pytest.raises(TooLarge):
        read(wire.replace(ENCODED, base64.b64encode(zipped(bytes(50_000_000)))), tmp_path)


def test_a_broken_zip_is_damage(wire, tmp_path):
    data = bytearray(zipped(b"noi dung " * 500))
    data[60:90] = bytes(30)
    with pytest.raises(Damaged):
        read(wire.replace(ENCODED, base64.b64encode(bytes(data))), tmp_path)


def test_a_zip_that_points_before_its_beginning_is_damage(wire, tmp_path):
    data = bytearray(zipped(b"noi dung " * 500))
    directory = (
        data.rfind(b"PK\x05\x06") + 16
    )  # where the end record says that the directory begins (APPNOTE 4.3.16)
    data[directory : directory + 4] = (
        int.from_bytes(data[directory : directory + 4], "little") + 7
    ).to_bytes(4, "little")
    with pytest.raises(Damaged):
        read(wire.replace(ENCODED, base64.b64encode(bytes(data))), tmp_path)


def test_sizes_over_the_limit_are_refused(wire, tmp_path):
    for limits in (
        replace(LIMITS, attachment=20), replace(LIMITS, attachments=20), replace(LIMITS, packet=1000),
        replace(LIMITS, count=0), replace(LIMITS, text=10),
    ):  # fmt: skip
        with pytest.raises(TooLarge):
            read(wire, tmp_path, limits)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\a.pdf", "a.pdf"),
        ("..", "001"),
        ("", "001"),
        ("a\0b\n.pdf", "ab.pdf"),
        ("gpj\u202eexe.pdf", "gpjexe.pdf"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("Phụ lục  danh sách.xlsx", "Phụ lục danh sách.xlsx"),
        (".pdf", "pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str):
    assert safe_name(name, "001") == safe


def test_no_name_leads_out_of_the_folder(wire, tmp_path):
    odd = wire.replace(b"<AttachmentName>CV-1415.pdf", b"<AttachmentName>../../x.pdf")
    [found] = read(odd, tmp_path).message.attachments
    assert found.name == "x.pdf"
    assert found.content.parent == tmp_path / "out"


def test_a_file_of_exactly_the_limit_passes_though_its_wrapping_is_larger(tmp_path):
    (tmp_path / "in").mkdir()
    limit = 300_000
    for size in (limit, limit + 1):
        out = BytesIO()
        build(document(attachments=[attachment(tmp_path / "in", "lon.bin", os.urandom(size))]), out)
        limits = replace(LIMITS, attachment=limit)
        if size == limit:
            [whole] = read(out.getvalue(), tmp_path, limits).message.attachments
            assert whole.size == limit
        else:
            with pytest.raises(TooLarge):
                read(out.getvalue(), tmp_path, limits)
