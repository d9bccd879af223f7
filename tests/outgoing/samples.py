"""One page of each of the 29 kinds, as a drafter fills its model."""

from eoffice.directory.models import Agency, Assignment, Person, Unit
from eoffice.documents.layout.letter import Letter
from eoffice.outgoing.drafting import DECIDED, Fields, Text, letter

WHEN = "08 giờ 00, ngày 25 tháng 11 năm 2026"
_PARTY = {
    "party": "Trường Đại học An Giang",
    "party_address": "Số 18 Ung Văn Khiêm, phường Long Xuyên, tỉnh An Giang",
    "party_signer": "Phạm Thị Thu Hà",
    "party_title": "Hiệu trưởng",
}
#: what each model asks
BLANKS: dict[str, dict[str, str]] = {
    "CD": {},
    "GM": {
        "event": "Hội nghị triển khai vụ Đông Xuân 2026 - 2027",
        "presiding": "Ông Đỗ Quốc Trường, Giám đốc Sở",
        "time": WHEN,
        "place": "Hội trường A, số 10 Lý Tự Trọng, phường Rạch Giá",
    },
    "GGT": {
        "bearer": "Nguyễn Thanh Trúc",
        "bearer_title": "Chuyên viên",
        "valid_until": "31 tháng 12 năm 2026",
    },
    "BB": {
        "begun": WHEN,
        "place": "Phòng họp số 2",
        "attending": "Ông Trần Văn Bảy, Chi cục trưởng Chi cục Thủy lợi\nBà Lê Hoài An, Trưởng phòng",
        "secretary": "Nguyễn Thanh Trúc",
        "secretary_title": "Chuyên viên",
        "ended": "11 giờ 30, ngày 25 tháng 11 năm 2026",
    },
    "GNP": {
        "person": "Nguyễn Thanh Trúc",
        "person_title": "Chuyên viên Chi cục Thủy lợi",
        "asked_on": "20/11/2026",
        "days": "05 ngày",
        "first_day": "30/11/2026",
        "last_day": "04/12/2026",
        "place": "tỉnh Đồng Tháp",
        "reason": "thăm gia đình",
        "counted_as": "nghỉ hằng năm 2026",
    },
    "PG": {"items": "Báo cáo số 45/BC-SNNMT\nPhụ lục số liệu"},
    "PC": {"items": "Đơn đề nghị của ông Trần Văn Tám, ấp Vĩnh Lợi"},
    "THC": {"heading": "Thư khen"},
    **dict.fromkeys(("HDG", "BGN", "BTT"), _PARTY),
}
#: kinds whose page has no text but what the blanks say
WITHOUT_TEXT = frozenset({"GGT", "GNP", "PG", "PC"})
ADDRESSEES = ("Các Sở, ban, ngành tỉnh", "Ủy ban nhân dân các xã, phường, đặc khu")
BODY = (
    "Theo bản tin dự báo, ranh mặn 4 g/lít trên sông Cái Lớn có khả năng vào sâu từ 45 km đến 50 km.\n"
    "1. Các đơn vị rà soát lịch vận hành cống; báo cáo kết quả trước ngày 24 tháng 11 năm 2026.\n"
    "2. Sở Tài chính cân đối nguồn dự phòng ngân sách tỉnh./."
)


def text(code: str) -> Text:
    """What a drafter writes for a kind."""
    addressed = code in {"CV", "TTR", "BC", "CD", "GM", "GGT", "PG", "PC", "PB"}
    return Text(
        body="" if code in WITHOUT_TEXT else BODY,
        addressees=ADDRESSEES if addressed else (),
        bases=("Căn cứ Luật Thủy lợi ngày 19 tháng 6 năm 2017",) if code in DECIDED | {"HDG"} else (),
        blanks=BLANKS.get(code, {}),
    )


def sample(code: str, written: Text | None = None) -> Letter:
    """The page of a kind, as a deputy director signs it."""
    agency = Agency(name="Sở Nông nghiệp và Môi trường", parent_name="UBND tỉnh An Giang", collective=False)
    signer = Assignment(title="Phó Giám đốc", person=Person(full_name="Lưu Bá Thiện"))
    fields = Fields(code, "Về việc ứng phó xâm nhập mặn trên địa bàn tỉnh vụ Đông Xuân 2026 - 2027", 1)
    page = written or text(code)
    unit = Unit(name="Chi cục Thủy lợi", abbreviation="CCTL")
    return letter(fields, page, agency, unit, signer, "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", ("Sở Tài chính",))
