"""Who lives in the demonstration province: every person is invented, agency codes follow Decision 20/2020/QĐ-TTg."""

from dataclasses import dataclass

from eoffice.directory.models import Role

#: the same for every demonstration account and key; printed at the terminal
PASSWORD = "AnGiang-2026-demo"  # noqa: S105 - printed for everybody who tries
PIN = "123456"

#: the code of this installation's system on the axis
SYSTEM = "H01"


@dataclass(frozen=True)
class Someone:
    """One person and post."""

    name: str
    role: Role
    title: str
    #: abbreviation of the unit, empty for the leaders
    unit: str = ""
    #: lines above the signature, separated by |
    authority: str = ""


@dataclass(frozen=True)
class Place:
    """One agency of the province."""

    code: str
    old_code: str
    name: str
    abbreviation: str
    parent: str
    place: str
    #: beginning of its user names
    mark: str
    units: tuple[tuple[str, str], ...]
    people: tuple[Someone, ...]
    collective: bool = False


_OFFICE = ("VP", "Văn phòng")

PLACES = (
    Place(
        "H01.01", "000.00.01.H01", "Văn phòng Ủy ban nhân dân tỉnh An Giang", "VPUBND", "ỦY BAN NHÂN DÂN TỈNH AN GIANG",
        "An Giang", "vpub",
        (("HCTC", "Phòng Hành chính - Tổ chức"), ("KTN", "Phòng Kinh tế ngành")),
        (
            Someone("Trần Thị Mỹ Duyên", Role.CLERK, "Văn thư", "HCTC"),
            Someone("Lê Hoàng Phúc", Role.LEADER, "Chánh Văn phòng", "", "CHÁNH VĂN PHÒNG"),
            Someone("Nguyễn Minh Khôi", Role.SECRETARY, "Thư ký", "HCTC"),
            Someone("Phạm Văn Toàn", Role.CHIEF_OF_OFFICE, "Trưởng phòng Hành chính - Tổ chức", "HCTC"),
            Someone("Đặng Thị Kim Loan", Role.UNIT_HEAD, "Trưởng phòng Kinh tế ngành", "KTN"),
            Someone("Bùi Quốc Việt", Role.SPECIALIST, "Chuyên viên", "KTN"),
            Someone("Mai Thị Hạnh", Role.ARCHIVIST, "Lưu trữ viên", "HCTC"),
            Someone("Cao Minh Đức", Role.ADMINISTRATOR, "Quản trị hệ thống", "HCTC"),
        ),
    ),
    Place(
        "H01.12", "000.00.12.H01", "Sở Nông nghiệp và Môi trường", "SNNMT", "UBND TỈNH AN GIANG", "An Giang", "snnmt",
        (_OFFICE, ("CCTL", "Chi cục Thủy lợi"), ("KHTC", "Phòng Kế hoạch - Tài chính")),
        (
            Someone("Lâm Thị Bích Ngân", Role.CLERK, "Văn thư", "VP"),
            Someone("Đỗ Quốc Trường", Role.LEADER, "Giám đốc", "", "GIÁM ĐỐC"),
            Someone("Phan Thị Hồng Nhạn", Role.LEADER, "Phó Giám đốc", "", "KT. GIÁM ĐỐC|PHÓ GIÁM ĐỐC"),
            Someone("Trương Mỹ Linh", Role.SECRETARY, "Thư ký Giám đốc", "VP"),
            Someone("Huỳnh Tấn Khoa", Role.CHIEF_OF_OFFICE, "Chánh Văn phòng", "VP"),
            Someone("Võ Hoài An", Role.UNIT_HEAD, "Chi cục trưởng", "CCTL"),
            Someone("Nguyễn Thị Thanh Trúc", Role.SPECIALIST, "Chuyên viên", "CCTL"),
            Someone("Trần Gia Phúc", Role.UNIT_HEAD, "Trưởng phòng", "KHTC"),
            Someone("Lý Thị Cẩm Tú", Role.ARCHIVIST, "Lưu trữ viên", "VP"),
            Someone("Dương Hải Nam", Role.ADMINISTRATOR, "Quản trị hệ thống", "VP"),
        ),
    ),
    Place(
        "H01.05", "000.00.05.H01", "Sở Tài chính", "STC", "UBND TỈNH AN GIANG", "An Giang", "stc",
        (_OFFICE, ("QLNS", "Phòng Quản lý ngân sách")),
        (
            Someone("Ngô Thị Thùy Dung", Role.CLERK, "Văn thư", "VP"),
            Someone("Hồ Văn Thạnh", Role.LEADER, "Giám đốc", "", "GIÁM ĐỐC"),
            Someone("Châu Ngọc Ánh", Role.SECRETARY, "Thư ký Giám đốc", "VP"),
            Someone("Tạ Minh Quân", Role.CHIEF_OF_OFFICE, "Chánh Văn phòng", "VP"),
            Someone("Đinh Thị Phương Thảo", Role.UNIT_HEAD, "Trưởng phòng", "QLNS"),
            Someone("Vương Đình Huy", Role.SPECIALIST, "Chuyên viên", "QLNS"),
            Someone("La Thị Ngọc Yến", Role.ARCHIVIST, "Lưu trữ viên", "VP"),
            Someone("Quách Tuấn Kiệt", Role.ADMINISTRATOR, "Quản trị hệ thống", "VP"),
        ),
    ),
    Place(
        "H01.187", "000.87.00.H01", "Ủy ban nhân dân xã Vĩnh Hòa Hưng", "UBND", "", "Vĩnh Hòa Hưng", "vhh",
        (_OFFICE, ("KT", "Phòng Kinh tế")),
        (
            Someone("Thị Mỹ Nương", Role.CLERK, "Văn thư", "VP"),
            Someone("Danh Hoàng Phước", Role.LEADER, "Chủ tịch", "", "TM. ỦY BAN NHÂN DÂN|CHỦ TỊCH"),
            Someone("Kim Sa Rinh", Role.SECRETARY, "Thư ký Chủ tịch", "VP"),
            Someone("Lưu Văn Bảy", Role.CHIEF_OF_OFFICE, "Chánh Văn phòng", "VP"),
            Someone("Tiêu Thị Sáu", Role.UNIT_HEAD, "Trưởng phòng", "KT"),
            Someone("Giang Minh Chánh", Role.SPECIALIST, "Chuyên viên", "KT"),
            Someone("Thạch Thị Lan", Role.ARCHIVIST, "Lưu trữ viên", "VP"),
            Someone("Âu Dương Tín", Role.ADMINISTRATOR, "Quản trị hệ thống", "VP"),
        ),
        collective=True,
    ),
)  # fmt: skip

#: agencies elsewhere: code, old code, name, abbreviation; the first is played by the second system
OUTSIDE = (
    ("G09", "000.00.00.G09", "Bộ Nội vụ", "BNV"),
    ("H01.08", "000.00.08.H01", "Sở Y tế tỉnh An Giang", "SYT"),
    ("H01.15", "000.00.15.H01", "Sở Xây dựng tỉnh An Giang", "SXD"),
    ("H20", "000.00.00.H20", "Ủy ban nhân dân tỉnh Đồng Tháp", "UBND"),
    ("H13", "000.00.00.H13", "Ủy ban nhân dân thành phố Cần Thơ", "UBND"),
)
OUTSIDE_SYSTEM = "G09"

#: of the province that was merged into this one: code, old code, name, who has taken over
MERGED = ("H33.12", "000.00.12.H33", "Sở Nông nghiệp và Môi trường tỉnh Kiên Giang", "H01.12")
MERGED_ON, MERGED_BY = "2025-07-01", "Nghị quyết số 202/2025/QH15 ngày 12/6/2025 của Quốc hội"


def username(place: Place, person: Someone) -> str:
    """`unit_name`, without accents: snnmt_bichngan."""
    from eoffice.core.text import fold

    return f"{place.mark}_{''.join(fold(person.name).split()[-2:])}"
