"""Who stands above a signature, and in whose right (Decree 30/2020, Article 13 and Appendix I, II.7)."""

import pytest

from eoffice.core.errors import AppError
from eoffice.demo.province import PLACES
from eoffice.directory import signing
from eoffice.directory.models import Role


@pytest.mark.parametrize(
    ("role", "title", "lines"),
    [
        (Role.LEADER, "Giám đốc", ""),
        (Role.LEADER, "Giám đốc", "GIÁM ĐỐC"),
        (Role.LEADER, "Giám đốc Sở", "GIÁM ĐỐC"),
        (Role.LEADER, "Chủ tịch", "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH"),
        (Role.LEADER, "Phó Chủ tịch", "TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH"),
        (Role.LEADER, "Phó Giám đốc", "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC"),
        (Role.LEADER, "Quyền Giám đốc", "Q. GIÁM ĐỐC"),
        (Role.LEADER, "Chánh Văn phòng", "TL. CHỦ TỊCH\nCHÁNH VĂN PHÒNG"),
        (Role.CHIEF_OF_OFFICE, "Chánh Văn phòng", "TL. GIÁM ĐỐC\nCHÁNH VĂN PHÒNG"),
        (Role.UNIT_HEAD, "Phó Trưởng phòng", "TL. GIÁM ĐỐC\nKT. TRƯỞNG PHÒNG\nPHÓ TRƯỞNG PHÒNG"),
        (Role.UNIT_HEAD, "Chi cục trưởng", "TUQ. GIÁM ĐỐC\nCHI CỤC TRƯỞNG"),
        (Role.SPECIALIST, "Chuyên viên", ""),
    ],
)
def test_decree_30_every_way_of_signing_can_be_entered(role: Role, title: str, lines: str) -> None:
    assert signing.authority(role, title, lines) == lines


@pytest.mark.parametrize(
    ("role", "title", "lines", "refusal"),
    [
        (Role.LEADER, "Giám đốc", "XX. ???", signing.WrongSigningLine),
        (Role.LEADER, "Giám đốc", "Giám đốc", signing.WrongSigningLine),
        (Role.LEADER, "Phó Giám đốc", "GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", signing.WrongSigningLine),
        (Role.LEADER, "Giám đốc", "KT.", signing.WrongSigningLine),
        (Role.LEADER, "Phó Giám đốc", "GIÁM ĐỐC", signing.NotTheOwnTitle),
        (Role.LEADER, "Phó Giám đốc", "KT. GIÁM ĐỐC", signing.NotTheOwnTitle),
        (Role.LEADER, "Phó Giám đốc", "PHÓ GIÁM ĐỐC", signing.NotByRole),
        (Role.LEADER, "Phó Chủ tịch", "TM. ỦY BAN NHÂN DÂN\nPHÓ CHỦ TỊCH", signing.NotByRole),
        (Role.UNIT_HEAD, "Trưởng phòng", "TRƯỞNG PHÒNG", signing.NotByRole),
        (Role.UNIT_HEAD, "Trưởng phòng", "KT. GIÁM ĐỐC\nTRƯỞNG PHÒNG", signing.NotByRole),
        *((role, "Chuyên viên", "TL. GIÁM ĐỐC\nCHUYÊN VIÊN", signing.SignsUnderDelegation) for role in (
            Role.SPECIALIST, Role.CLERK, Role.SECRETARY, Role.ARCHIVIST, Role.ADMINISTRATOR,
        )),
    ],
)  # fmt: skip
def test_article_13_nobody_signs_in_a_right_he_has_not_got(
    role: Role, title: str, lines: str, refusal: type[AppError]
) -> None:
    with pytest.raises(refusal):
        signing.authority(role, title, lines)


def test_the_demonstration_signs_as_the_decree_says() -> None:
    for someone in (one for place in PLACES for one in place.people):
        lines = someone.authority.replace("|", "\n")
        assert signing.authority(someone.role, someone.title, lines) == lines, someone
