"""The corpus: sound documents, and for each rule six that break it, two of them set by LibreOffice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.documents.forms.sheet import Sheet

_REVIEW = (
    "Thực hiện Chương trình công tác năm 2026, cơ quan đề nghị các đơn vị rà soát, tổng hợp kết quả thực hiện nhiệm "
    "vụ được giao, nêu rõ khó khăn, vướng mắc và kiến nghị giải pháp tháo gỡ trong thời gian tới."
)
_DEADLINE = (
    "Báo cáo gửi về trước ngày 30 tháng 11 năm 2026 để tổng hợp, trình cấp có thẩm quyền xem xét theo quy định. Trong "
    "quá trình thực hiện, nếu có khó khăn, đề nghị phản ánh kịp thời để được hướng dẫn."
)
_END = "Đề nghị các đơn vị quan tâm phối hợp thực hiện./."
_BODY = (_REVIEW, _DEADLINE, _END)
_RULES = (
    "Điều 1. Ban hành kèm theo Quyết định này Quy chế làm việc của cơ quan, gồm 5 chương và 32 điều, thay thế Quy chế "
    "đã ban hành trước đây."
)
_FORCE = (
    "Điều 2. Quyết định này có hiệu lực kể từ ngày ký. Chánh Văn phòng, Trưởng các phòng và các đơn vị trực thuộc "
    "chịu trách nhiệm thi hành Quyết định này./."
)
_ARTICLES = (_RULES, _FORCE)
_LONG = (*(f"{number}. {_BODY[(number - 1) % 2]}" for number in range(1, 13)), _END)

LETTER = Sheet(
    parent="UBND TỈNH AN GIANG", agency=("SỞ NỘI VỤ",), number="Số: 125/SNV-CCVC",
    date="An Giang, ngày 05 tháng 11 năm 2026", subject="V/v rà soát biên chế công chức, viên chức năm 2027",
    addressees=("Các sở, ban, ngành tỉnh",), body=_BODY,
    recipients=("- Như trên;", "- UBND tỉnh (để báo cáo);", "- Lưu: VT, CCVC."), authority=("GIÁM ĐỐC",),
    signer="Nguyễn Văn Thiện",
)  # fmt: skip
COMMITTEE = replace(
    LETTER, parent="", agency=("ỦY BAN NHÂN DÂN", "TỈNH AN GIANG"), number="Số: 3187/UBND-KTN",
    date="An Giang, ngày 20 tháng 02 năm 2026", subject="V/v triển khai các biện pháp ứng phó xâm nhập mặn",
    addressees=("- Các sở, ban, ngành tỉnh;", "- Ủy ban nhân dân các xã, phường, đặc khu."),
    recipients=("- Như trên;", "- CT, các PCT UBND tỉnh;", "- Lưu: VT, KTN."),
    authority=("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), signer="Lưu Bá Thiện",
)  # fmt: skip
DECISION = Sheet(
    parent="UBND TỈNH AN GIANG", agency=("SỞ TÀI CHÍNH",), number="Số: 87/QĐ-STC",
    date="An Giang, ngày 19 tháng 6 năm 2026", kind="QUYẾT ĐỊNH",
    subject="Ban hành Quy chế làm việc của Sở Tài chính",
    bases=("Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;",
           "Theo đề nghị của Chánh Văn phòng Sở."),
    body=_ARTICLES, recipients=("- Như Điều 2;", "- UBND tỉnh;", "- Lưu: VT, VP."), authority=("GIÁM ĐỐC",),
    signer="Trần Thị Minh Họa",
)  # fmt: skip
SUBMISSION = Sheet(
    parent="UBND TỈNH AN GIANG", agency=("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"), number="Số: 09/TTr-SNNMT",
    date="An Giang, ngày 12 tháng 01 năm 2026", kind="TỜ TRÌNH",
    subject="Về việc phê duyệt kế hoạch phòng, chống thiên tai năm 2026",
    addressees=("Ủy ban nhân dân tỉnh An Giang",), body=_BODY,
    recipients=("- Như trên;", "- Lưu: VT, CCTL."), authority=("KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"), signer="Đỗ Quốc Trường",
)  # fmt: skip
REPORT = replace(
    SUBMISSION, number="Số: 215/BC-SNNMT", kind="BÁO CÁO", subject="Kết quả công tác thủy lợi 6 tháng đầu năm 2026",
    date="An Giang, ngày 30 tháng 6 năm 2026", authority=("TL. GIÁM ĐỐC", "CHÁNH VĂN PHÒNG"), signer="Huỳnh Tấn Khoa",
)  # fmt: skip
NOTICE = replace(
    DECISION, parent="", agency=("ỦY BAN NHÂN DÂN", "XÃ VĨNH HÒA HƯNG"), number="Số: 08/TB-UBND", kind="THÔNG BÁO",
    subject="Về lịch tiếp công dân quý IV năm 2026", date="Vĩnh Hòa Hưng, ngày 01 tháng 10 năm 2026", bases=(),
    body=_BODY, recipients=("- Các ấp;", "- Lưu: VT."), authority=("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
    signer="Lâm Thị Bích Ngân",
)  # fmt: skip
PLAN = replace(
    DECISION, number="Số: 142/KH-STC", kind="KẾ HOẠCH", subject="Cải cách hành chính năm 2027", bases=(), body=_LONG,
    recipients=("- Các phòng;", "- Lưu: VT, VP."),
)  # fmt: skip
LONG_LETTER = replace(LETTER, body=_LONG)
BASES = (LETTER, COMMITTEE, DECISION, SUBMISSION, REPORT, NOTICE, PLAN, LONG_LETTER)


@dataclass(frozen=True)
class Case:
    """One file of the corpus."""

    name: str
    sheet: Sheet
    #: rules it breaks; empty for a sound one
    breaks: tuple[str, ...]
    #: set by LibreOffice, otherwise by typst
    office: bool


def _change(base: Sheet, **changes: Any) -> Sheet:
    return replace(base, **changes)


#: rule by rule six ways to break it; the last two are set by LibreOffice
BROKEN: dict[str, Sequence[Sheet]] = {
    "paper": (
        _change(LETTER, paper=(215.9, 279.4)), _change(DECISION, paper=(297, 210)), _change(NOTICE, paper=(148, 210)),
        _change(REPORT, paper=(215.9, 355.6)), _change(COMMITTEE, paper=(297, 420)), _change(LETTER, paper=(176, 250)),
    ),
    "margins": (
        _change(LETTER, margins=(20, 20, 20, 15)), _change(DECISION, margins=(20, 20, 30, 8)),
        _change(REPORT, margins=(10, 20, 30, 15)), _change(PLAN, margins=(20, 9, 30, 15)),
        _change(COMMITTEE, margins=(20, 20, 42, 15)), _change(LONG_LETTER, margins=(20, 20, 30, 28)),
    ),
    "page_number": (
        _change(PLAN, pages="none"), _change(LONG_LETTER, pages="bottom"), _change(PLAN, pages="right"),
        _change(LONG_LETTER, first=True), _change(PLAN, page_text="Trang {}"), _change(LONG_LETTER, pages="bottom"),
    ),
    "font": (
        _change(LETTER, font="Arimo"), _change(DECISION, fonts={"body": "DejaVu Serif"}),
        _change(REPORT, fonts={"recipients": "Arimo", "label": "Arimo"}), _change(NOTICE, font="Cousine"),
        _change(COMMITTEE, font="Arimo"), _change(SUBMISSION, fonts={"body": "DejaVu Sans"}),
    ),
    "text_size": (
        _change(LETTER, sizes={"body": 12}), _change(REPORT, sizes={"body": 15}), _change(PLAN, sizes={"body": 11}),
        _change(NOTICE, sizes={"body": 16}), _change(COMMITTEE, sizes={"body": 12}),
        _change(SUBMISSION, sizes={"body": 15}),
    ),
    "style": (
        _change(LETTER, plain=("state",)), _change(DECISION, plain=("motto",)), _change(REPORT, plain=("date",)),
        _change(NOTICE, plain=("kind",)), _change(COMMITTEE, plain=("signer",)), _change(SUBMISSION, plain=("agency",)),
    ),
    "state_name": (
        _change(LETTER, state=""), _change(DECISION, state="Cộng hòa xã hội chủ nghĩa Việt Nam"),
        _change(REPORT, state="CỘNG HÒA XÃ HỘI CHỦ NGHĨA"), _change(NOTICE, state="CONG HOA XA HOI CHU NGHIA VIET NAM"),
        _change(COMMITTEE, state="NƯỚC CỘNG HÒA XÃ HỘI VIỆT NAM"), _change(SUBMISSION, state="CHXHCN VIỆT NAM"),
    ),
    "motto": (
        _change(LETTER, motto=""), _change(DECISION, motto="Độc lập – Tự do – Hạnh phúc"),
        _change(REPORT, motto="ĐỘC LẬP - TỰ DO - HẠNH PHÚC"), _change(NOTICE, motto="Độc lập-Tự do-Hạnh phúc"),
        _change(COMMITTEE, motto="Độc Lập - Tự Do - Hạnh Phúc"), _change(SUBMISSION, motto="Độc lập, Tự do, Hạnh phúc"),
    ),
    "agency": (
        _change(LETTER, agency=(), parent=""), _change(DECISION, agency=("Sở Tài chính",)),
        _change(REPORT, agency=("Sở Nông nghiệp", "và Môi trường")), _change(NOTICE, swapped_head=True),
        _change(COMMITTEE, agency=("Ủy ban nhân dân", "tỉnh An Giang")), _change(SUBMISSION, agency=(), parent=""),
    ),
    "number": (
        _change(LETTER, number=""), _change(DECISION, number="Số 87/QĐ-STC"), _change(REPORT, number="Số: 5/BC-SNNMT"),
        _change(NOTICE, number="Số: 08 / TB - UBND"), _change(DECISION, number="Số: 87/STC-VP"),
        _change(LETTER, number="Số: 125/snv-ccvc"),
    ),
    "date": (
        _change(LETTER, date=""), _change(DECISION, date="An Giang, ngày 5 tháng 6 năm 2026"),
        _change(REPORT, date="An Giang, ngày 15 tháng 2 năm 2026"), _change(NOTICE, date="ngày 01 tháng 10 năm 2026"),
        _change(COMMITTEE, date="An Giang, 20/02/2026"), _change(SUBMISSION, date="An Giang ngày 12 tháng 01 năm 2026"),
    ),
    "subject": (
        _change(LETTER, subject=""), _change(DECISION, kind=""), _change(REPORT, subject=""),
        _change(NOTICE, kind="Thông báo"), _change(COMMITTEE, subject="Triển khai các biện pháp ứng phó xâm nhập mặn"),
        _change(SUBMISSION, subject=""),
    ),
    "addressees": (
        _change(LETTER, addressees=()), _change(SUBMISSION, addressees=()), _change(LETTER, calling="Gửi:"),
        _change(COMMITTEE, calling="Kính gởi"), _change(COMMITTEE, addressees=()),
        _change(SUBMISSION, calling="Gửi tới:"),
    ),
    "recipients": (
        _change(LETTER, label=""), _change(DECISION, label="Nơi gửi:"), _change(REPORT, label="Nơi nhận"),
        _change(NOTICE, swapped_foot=True), _change(COMMITTEE, label="NƠI NHẬN:"), _change(SUBMISSION, label=""),
    ),
    "file_copy": (
        _change(LETTER, recipients=("- Như trên;", "- UBND tỉnh.")),
        _change(DECISION, recipients=("- Lưu: VT, VP;", "- Như Điều 2.")),
        _change(REPORT, recipients=("- Như trên;", "- Lưu VT, CCTL.")),
        _change(NOTICE, recipients=("- Các ấp;", "- Lưu: VP.")),
        _change(COMMITTEE, recipients=("- Như trên;", "- Lưu hồ sơ.")),
        _change(SUBMISSION, recipients=("- Như trên.",)),
    ),
    "title": (
        _change(LETTER, authority=()), _change(DECISION, authority=("Giám đốc",)),
        _change(REPORT, authority=("T/L GIÁM ĐỐC", "CHÁNH VĂN PHÒNG")),
        _change(NOTICE, authority=("TM ỦY BAN NHÂN DÂN", "CHỦ TỊCH")),
        _change(COMMITTEE, authority=("TM. ỦY BAN NHÂN DÂN", "K/T CHỦ TỊCH", "PHÓ CHỦ TỊCH")),
        _change(SUBMISSION, authority=("Kt. Giám đốc", "Phó Giám đốc")),
    ),
    "signer": (
        _change(LETTER, signer=""), _change(DECISION, signer="TRẦN THỊ MINH HỌA"), _change(REPORT, signer="Khoa"),
        _change(NOTICE, signer="(Đã ký)"), _change(COMMITTEE, signer=""), _change(SUBMISSION, signer="ĐỖ QUỐC TRƯỜNG"),
    ),
    "academic_title": (
        _change(LETTER, signer="TS. Nguyễn Văn Thiện"), _change(DECISION, signer="ThS. Trần Thị Minh Họa"),
        _change(REPORT, signer="PGS.TS. Huỳnh Tấn Khoa"), _change(NOTICE, signer="Tiến sĩ Lâm Thị Bích Ngân"),
        _change(COMMITTEE, signer="GS. TS Lưu Bá Thiện"), _change(SUBMISSION, signer="Thạc sĩ Đỗ Quốc Trường"),
    ),
}  # fmt: skip

_PLACES = ("Long Xuyên", "Rạch Giá", "Châu Đốc", "Phú Quốc", "Hà Tiên", "Tân Châu")
_SIGNERS = (
    "Võ Hoài An",
    "Phan Thị Hồng Nhung",
    "Trần Gia Hải Nam",
    "Y Thông Êban",
    "Tôn Nữ Thị Ninh",
    "Lê Sơn",
)


def _sound(number: int) -> Sheet:
    """A sound document unlike the others: kinds, places, names, days, sizes and margins within what the law allows."""
    base = BASES[number % len(BASES)]
    day, month = number * 7 % 28 + 1, number * 5 % 12 + 1
    written = f"{day:02d} tháng {month:02d}" if month < 3 or number % 2 else f"{day:02d} tháng {month}"
    return replace(
        base, signer=_SIGNERS[number % len(_SIGNERS)],
        date=f"{_PLACES[number % len(_PLACES)]}, ngày {written} năm 2026",
        number=base.number.replace("Số: ", "Số: 1"),
        sizes={"body": (13, 13.5, 14)[number % 3], "motto": (13, 14)[number % 2]},
        margins=((20, 20, 30, 15), (25, 25, 35, 20), (22, 20, 33, 18))[number % 3],
    )  # fmt: skip


def cases() -> Iterator[Case]:
    """Every file of the corpus, in the order of their names."""
    for rule, sheets in sorted(BROKEN.items()):
        for place, sheet in enumerate(sheets, 1):
            yield Case(f"{rule}-{place}", sheet, (rule,), office=place > 4)
    for number in range(48):
        yield Case(f"sound-{number:02d}", _sound(number), (), office=number % 3 == 2)
