"""A paper that bears text, as another office wrote it."""

from functools import lru_cache

from eoffice.documents.layout.letter import Letter, Urgency
from eoffice.documents.layout.typesetting import typeset


@lru_cache(maxsize=4)
def letter_pdf(*agency: str) -> bytes:
    """An official letter with number and date printed, of the province's committee or of who is named."""
    letter = Letter(
        agency=agency or ("Ủy ban nhân dân", "tỉnh An Giang"),
        subject="triển khai các biện pháp cấp bách ứng phó xâm nhập mặn",
        body="Theo bản tin dự báo, ranh mặn 4 g/lít có khả năng vào sâu 50 km. Đề nghị báo cáo./.",
        signer="Lưu Bá Thiện",
        authority=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
        addressees=("Các Sở, ban, ngành tỉnh",),
        recipients=("Như trên", "Lưu: VT, KTN"),
        urgency=Urgency.VERY_URGENT,
        number_text="Số: 3187/UBND-KTN",
        place_and_date="An Giang, ngày 05 tháng 01 năm 2026",
    )
    return typeset(letter).pdf


@lru_cache(maxsize=1)
def secret_pdf() -> bytes:
    """A page whose head carries the mark of a state secret on a line of its own."""
    return typeset(
        Letter(
            agency=("Ủy ban nhân dân", "tỉnh An Giang"),
            subject="kế hoạch phòng thủ",
            body="Nội dung.",
            signer="Lưu Bá Thiện",
            authority=("CHỦ TỊCH",),
            number_text="MẬT",
            place_and_date="An Giang, ngày 05 tháng 01 năm 2026",
        )
    ).pdf
