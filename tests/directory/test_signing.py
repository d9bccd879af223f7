"""Who stands above a signature, and in whose right (Decree 30/2020, Article 13 and Appendix I, II.7)."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError
from eoffice.core.permissions import system_actor
from eoffice.demo.province import PLACES
from eoffice.directory import operations, signing
from eoffice.directory.models import Assignment, Role
from tests.factories import province


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


@pytest.mark.postgres
def test_article_13_an_agency_has_one_head_at_a_time(session: Session) -> None:
    house = province(session).a
    head, today = house.posts[Role.LEADER], clock.today()
    person = operations.add_person(session, system_actor(), "Người Ba")

    def second(lines: str = head.authority, title: str = head.title, since: date = today) -> Assignment:
        return operations.assign(
            session,
            system_actor(),
            person,
            house.agency,
            Role.LEADER,
            title,
            authority=lines,
            valid_from=since,
        )

    with transaction(session):
        with pytest.raises(operations.TwoHeads, match=head.person.full_name):
            second()
        deputy = second("KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", "Phó Giám đốc")
        signs_not = second("")
        with pytest.raises(operations.TwoHeads):
            operations.change_authority(session, system_actor(), signs_not, head.authority)
    with transaction(session):
        head.valid_to = today
    with transaction(session):
        with pytest.raises(operations.TwoHeads):
            second()
        assert second(since=today + timedelta(days=1)).authority == head.authority
        assert deputy.authority
