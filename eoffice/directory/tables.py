"""The tables by which people and agencies are taken in: their columns, and what the words in them mean."""

import re
from datetime import date

from flask_babel import lazy_gettext as _l

from eoffice.core import clock
from eoffice.core.errors import Invalid
from eoffice.core.forms import read_day
from eoffice.core.tables import Column
from eoffice.core.text import fold
from eoffice.directory.models import Role

_ROLES = {
    "van thu": Role.CLERK,
    "lanh dao": Role.LEADER,
    "thu ky lanh dao": Role.SECRETARY,
    "thu ky": Role.SECRETARY,
    "chanh van phong": Role.CHIEF_OF_OFFICE,
    "truong phong": Role.UNIT_HEAD,
    "truong don vi": Role.UNIT_HEAD,
    "chuyen vien": Role.SPECIALIST,
    "luu tru vien": Role.ARCHIVIST,
    "luu tru": Role.ARCHIVIST,
    "quan tri": Role.ADMINISTRATOR,
}
#: as a table names a role, the same in every language
ROLE_NAMES = (
    "Văn thư", "Lãnh đạo", "Thư ký", "Chánh văn phòng", "Trưởng phòng", "Chuyên viên", "Lưu trữ", "Quản trị",
)  # fmt: skip
_YES, _NO = frozenset({"co", "x", "1", "yes"}), frozenset({"khong", "0", "no"})
_CODE = re.compile(r"[A-Z0-9]+(\.[A-Z0-9]+)*")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9_.-]{2,59}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class UnknownRole(Invalid):
    """Rights go by the role, so it must be one of them."""

    message = _l("There is no role “%(role)s”. Write one of: %(known)s.")


class NotADay(Invalid):
    """A day that cannot be read."""

    message = _l("“%(text)s” is no day. Write it as day/month/year, e.g. 20/11/2026.")


class NotYesOrNo(Invalid):
    """A column that says yes or no."""

    message = _l("“%(text)s” means neither yes nor no here. Write “%(yes)s” or “%(no)s”.")


class WrongCode(Invalid):
    """Codes of agencies (Decision 20/2020/QĐ-TTg)."""

    message = _l(
        "“%(text)s” is no agency code. Write capital letters and digits in groups with dots: H01.12."
    )


class WrongUsername(Invalid):
    """What an account can be called."""

    message = _l(
        "“%(text)s” cannot be a user name. Use 3 to 60 small letters without accents, digits, “_”, “.” or “-”."
    )


class WrongEmail(Invalid):
    """Somebody at some place."""

    message = _l("“%(text)s” is no e-mail address. Write it as in ten@coquan.gov.vn.")


def role(text: str) -> Role:
    """The role a word names. Raises UnknownRole."""
    found = _ROLES.get(fold(text))
    if found is None:
        raise UnknownRole(role=text, known=", ".join(ROLE_NAMES))
    return found


def day(text: str) -> date | None:
    """The day, None when nothing is written. Raises NotADay."""
    if not text:
        return None
    found = read_day(text)
    if found is None:
        raise NotADay(text=text)
    return found


def day_or_today(text: str) -> date:
    """The day, today when nothing is written. Raises NotADay."""
    return day(text) or clock.today()


def yes(text: str, otherwise: bool = False) -> bool:
    """Yes or no. Raises NotYesOrNo."""
    word = fold(text)
    if word and word not in _YES | _NO:
        raise NotYesOrNo(text=text, yes="Có", no="Không")
    return word in _YES if word else otherwise


def code(text: str) -> str:
    """An agency's code. Raises WrongCode."""
    if not _CODE.fullmatch(text):
        raise WrongCode(text=text)
    return text


def username(text: str) -> str:
    """A user name. Raises WrongUsername."""
    if not _USERNAME.fullmatch(text):
        raise WrongUsername(text=text)
    return text


def email(text: str) -> str:
    """An address of electronic mail. Raises WrongEmail."""
    if not _EMAIL.fullmatch(text):
        raise WrongEmail(text=text)
    return text


def authority(text: str) -> str:
    """Lines above a signature, one a line: "TM. ỦY BAN NHÂN DÂN | CHỦ TỊCH"."""
    return "\n".join(line.strip() for line in text.split("|") if line.strip())


#: one row for each post of a person
PEOPLE = (
    Column("name", "Họ và tên", needed=True, longest=100),
    Column("username", "Tên đăng nhập", needed=True, longest=60, width=20, means=username),
    Column("email", "Thư điện tử", longest=100, means=email),
    Column("unit", "Đơn vị"),
    Column("unit_code", "Ký hiệu đơn vị", longest=30, width=14),
    Column("role", "Vai trò", needed=True, longest=30, width=16, means=role),
    Column("title", "Chức vụ", needed=True, longest=100),
    Column("authority", "Quyền hạn ký", width=30, lines=True),
    Column("since", "Từ ngày", longest=10, width=12, means=day),
)
PEOPLE_EXAMPLE = (
    ("Nguyễn Văn Ví Dụ", "snnmt_vidu", "vidu@coquan.gov.vn", "Phòng Kế hoạch - Tài chính", "KHTC", "Chuyên viên",
     "Chuyên viên chính", "", "01/01/2026"),
    ("Trần Thị Minh Họa", "snnmt_minhhoa", "", "", "", "Lãnh đạo", "Phó Giám đốc", "KT. GIÁM ĐỐC | PHÓ GIÁM ĐỐC", ""),
)  # fmt: skip

#: agencies outside this installation
AGENCIES = (
    Column("code", "Mã định danh", needed=True, longest=35, width=18, means=code),
    Column("old_code", "Mã cũ", longest=35, width=18, means=code),
    Column("name", "Tên cơ quan", needed=True, width=44),
    Column("short_name", "Tên ngắn"),
    Column("abbreviation", "Tên viết tắt", longest=30, width=14),
    Column("parent_name", "Cơ quan chủ quản", width=34),
    Column("address", "Địa chỉ", longest=250, width=34),
    Column("email", "Thư điện tử", longest=100, means=email),
    Column("telephone", "Điện thoại", longest=20, width=16),
    Column("on_axis", "Trên trục", longest=5, width=10, means=yes),
    Column("valid_from", "Từ ngày", longest=10, width=12, means=day),
    Column("valid_to", "Đến ngày", longest=10, width=12, means=day),
)
AGENCIES_EXAMPLE = (
    ("H01.98", "000.00.98.H01", "Chi cục Ví dụ tỉnh An Giang", "Chi cục Ví dụ", "CCVD", "Sở Ví dụ",
     "01 đường Ví Dụ, An Giang", "vanthu@vidu.gov.vn", "0296 3000 000", "Có", "01/07/2025", ""),
)  # fmt: skip
