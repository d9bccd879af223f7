"""Letters and files that the tests of documents share."""

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from eoffice.documents.layout.letter import Letter, Urgency
from eoffice.documents.layout.typesetting import typeset

BODY = """Theo bản tin dự báo, ranh mặn 4 g/lít trên sông Cái Lớn có khả năng vào sâu từ 45 km đến 50 km.

Chủ tịch Ủy ban nhân dân tỉnh yêu cầu:
1. Sở Nông nghiệp và Môi trường rà soát lịch vận hành cống Cái Lớn, cống Xẻo Rô;
báo cáo kết quả **trước ngày 24 tháng 11 năm 2026**.
2. Sở Tài chính cân đối nguồn dự phòng ngân sách tỉnh./."""


@pytest.fixture
def official_letter() -> Letter:
    """A công văn of a provincial committee, signed by a deputy."""
    return Letter(
        agency=("Ủy ban nhân dân", "tỉnh An Giang"),
        subject="triển khai các biện pháp cấp bách ứng phó xâm nhập mặn vụ Đông Xuân 2026 - 2027",
        body=BODY,
        signer="Lưu Bá Thiện",
        authority=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        addressees=("Các Sở, ban, ngành tỉnh", "Ủy ban nhân dân các xã, phường, đặc khu"),
        recipients=("Như trên", "CT, các PCT UBND tỉnh", "Lưu: VT, KTN"),
        urgency=Urgency.VERY_URGENT,
    )


@pytest.fixture
def decision() -> Letter:
    """A decision of the head of a department."""
    return Letter(
        kind="Quyết định",
        parent="UBND tỉnh An Giang",
        agency=("Sở Nông nghiệp và Môi trường",),
        subject="Về việc thành lập Đoàn kiểm tra công tác vận hành công trình thủy lợi",
        decided_by="Giám đốc Sở Nông nghiệp và Môi trường tỉnh An Giang",
        bases=("Căn cứ Luật Thủy lợi ngày 19 tháng 6 năm 2017", "Theo đề nghị của Chi cục trưởng;"),
        body="Điều 1. Thành lập Đoàn kiểm tra.\nĐiều 2. Quyết định này có hiệu lực từ ngày ký./.",
        authority=("GIÁM ĐỐC",),
        signer="Đỗ Quốc Trường",
        recipients=("Như Điều 2", "Lưu: VT, CCTL"),
    )


@pytest.fixture
def filed(tmp_path: Path) -> Callable[[Letter], Path]:
    """Set a letter and put it into a file."""

    def put(letter: Letter) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf"
        path.write_bytes(typeset(letter).pdf)
        return path

    return put


def page_with_signature(
    path: Path, *, rotate: int = 0, crop: tuple[int, ...] | None = None, text: str = "Body text"
) -> Path:
    """Write one page: `text` in the content at (100, 700), "So: 05/BNV-VP" in a signature field at (300, 600)."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842))
        if crop:
            page.obj.CropBox = Array(list(crop))
        page.obj.Rotate = rotate
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        resources = Dictionary(Font=Dictionary(F1=pdf.make_indirect(font)))
        page.obj.Resources = resources
        page.obj.Contents = pdf.make_stream(f"BT /F1 12 Tf 100 700 Td ({text}) Tj ET".encode())
        drawn = pdf.make_stream(b"BT /F1 12 Tf 5 5 Td (So: 05/BNV-VP) Tj ET 0 0 1 rg 0 20 60 10 re f")
        drawn.stream_dict = Dictionary(
            Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 200, 30]), Resources=resources
        )
        field = Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="Sig1", F=132, P=page.obj,
            Rect=Array([300, 600, 500, 630]), AP=Dictionary(N=drawn), V=Dictionary(Type=Name.Sig),
        )  # fmt: skip
        widget = pdf.make_indirect(field)
        page.obj.Annots = Array([widget])
        pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), SigFlags=3)
        pdf.save(path)
    return path
