"""PDF files to measure with: like office documents, and each one different."""

import io
import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
import typst

FONTS = Path(__file__).parent.parent / "signing" / "fonts"

_LAYOUT = """
#set page(paper: "a4", margin: (top: 20mm, bottom: 20mm, left: 30mm, right: 15mm))
#set text(font: "Tinos", size: 13pt, lang: "vi", fallback: false)
#grid(columns: (44%, 56%), align: center,
  [ỦY BAN NHÂN DÂN TỈNH\\ *SỞ NỘI VỤ*], [*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM*\\ *Độc lập - Tự do - Hạnh phúc*])
#v(32pt)
#for page in range(PAGES) [
  #for line in range(11) [Về việc triển khai thực hiện nhiệm vụ được giao trong quý IV, kính gửi các cơ quan, đơn vị
    thuộc tỉnh; đề nghị báo cáo kết quả theo mẫu trước ngày 15 hằng tháng, phần #(page + 1).#(line + 1). #parbreak()]
  #if page + 1 < PAGES { pagebreak() }
]
#grid(columns: (50%, 50%), [_Nơi nhận:_\\ - Như trên;\\ - Lưu: VT.],
  align(center)[*KT. GIÁM ĐỐC*\\ *PHÓ GIÁM ĐỐC* #v(30mm) *Nguyễn Văn Thiện*])
"""


@cache
def document(pages: int) -> bytes:
    """An official letter of that many pages."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "letter.typ"
        source.write_text(_LAYOUT.replace("PAGES", str(pages)), encoding="utf-8")
        compiled: bytes = typst.compile(str(source), font_paths=[str(FONTS)], ignore_system_fonts=True)
    return compiled


def scan(number: int, size: int = 200_000) -> bytes:
    """A page with text and a picture that does not compress: about `size` bytes, no two numbers alike."""
    with pikepdf.open(io.BytesIO(document(1))) as pdf:
        side = 256
        pixels = max(1, (size - len(document(1))) // side) * side
        noise = random.Random(number).randbytes(pixels)
        picture = pdf.make_stream(
            noise,
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=side, Height=pixels // side,
            BitsPerComponent=8, ColorSpace=pikepdf.Name.DeviceGray,
        )  # fmt: skip
        page = pdf.pages[0]
        page.Resources.XObject = pikepdf.Dictionary(N=picture)
        page.contents_add(b"q 40 0 0 40 20 780 cm /N Do Q")  # in the margin
        target = io.BytesIO()
        pdf.save(target)
    return target.getvalue()


def in_object_streams(source: bytes) -> bytes:
    """The same file with its objects packed, as most word processors write them."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return target.getvalue()
