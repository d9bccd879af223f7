"""Who stands above a signature, and in whose right (Decree 30/2020, Article 13 and Appendix I, II.7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import AppError
from eoffice.core.permissions import system_actor
from eoffice.demo.province import PLACES
from eoffice.directory import operations, service, signing
from eoffice.directory.models import Agency, Assignment, Role, SigningForm
from eoffice.directory.service import NewDelegation
from tests.factories import province
from tests.locks import somebody_waits


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


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("title", "lines"),
    [("Quyền Giám đốc", "Q. GIÁM ĐỐC"), ("Giám đốc Sở", "GIÁM ĐỐC SỞ"), ("Giám đốc", "GIÁM ĐỐC")],
)
def test_article_13_nobody_else_is_head_or_acts_as_head_whatever_the_line_says(
    session: Session, title: str, lines: str
) -> None:
    house = province(session).a
    person = operations.add_person(session, system_actor(), "Người Ba")
    with transaction(session), pytest.raises(operations.TwoHeads, match="GIÁM ĐỐC"):
        operations.assign(session, system_actor(), person, house.agency, Role.LEADER, title, authority=lines)


@pytest.mark.postgres
def test_there_is_no_head_beside_an_acting_one_but_one_of_each_collective_body(session: Session) -> None:
    house = province(session).a
    today = clock.today()
    acting, council = (
        operations.add_person(session, system_actor(), name) for name in ("Người Ba", "Người Tư")
    )
    with transaction(session):
        house.posts[Role.LEADER].valid_to = today - timedelta(days=1)
        session.flush()
        operations.assign(
            session,
            system_actor(),
            acting,
            house.agency,
            Role.LEADER,
            "Quyền Giám đốc",
            authority="Q. GIÁM ĐỐC",
        )
        operations.assign(
            session, system_actor(), council, house.agency, Role.LEADER, "Chủ tịch Hội đồng",
            authority="TM. HỘI ĐỒNG\nCHỦ TỊCH",
        )  # fmt: skip
        with pytest.raises(operations.TwoHeads, match="Người Ba"):
            operations.assign(
                session, system_actor(), council, house.agency, Role.LEADER, "Giám đốc", authority="GIÁM ĐỐC"
            )


@pytest.mark.postgres
def test_article_13_who_comes_into_post_as_head_ends_the_acting_head(session: Session) -> None:
    house = province(session).a
    head, today = house.posts[Role.LEADER], clock.today()
    deputy, new = (operations.add_person(session, system_actor(), name) for name in ("Người Ba", "Người Tư"))
    with transaction(session):
        head.valid_to = today
        second = operations.assign(
            session, system_actor(), deputy, house.agency, Role.LEADER, "Phó Giám đốc",
            authority="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC",
        )  # fmt: skip
    tomorrow, start = clock.day_start(today + timedelta(days=1)), today + timedelta(days=10)
    wanted = NewDelegation(
        second.id, SigningForm.Q, tomorrow, tomorrow + timedelta(days=90), "Quyết định số 7/QĐ-UBND"
    )
    lent = service.delegate(session, house.leader, wanted)
    with transaction(session):
        operations.assign(
            session, system_actor(), new, house.agency, Role.LEADER, "Giám đốc", authority="GIÁM ĐỐC", valid_from=start
        )  # fmt: skip
    assert lent.ends == clock.day_start(start)
    with pytest.raises(operations.TwoHeads, match="Người Tư"):
        service.delegate(session, house.leader, wanted)


@pytest.mark.postgres
def test_article_13_two_heads_given_their_posts_at_once_are_one(
    session: Session, worker_database: str
) -> None:
    house = province(session).a
    with transaction(session):
        house.posts[Role.LEADER].valid_to = clock.today() - timedelta(days=1)

    def come(into: Session, name: str) -> None:
        person = operations.add_person(into, system_actor(), name)
        agency = into.get_one(Agency, house.agency.id)
        operations.assign(into, system_actor(), person, agency, Role.LEADER, "Giám đốc", authority="GIÁM ĐỐC")

    def second() -> None:
        with new_session(worker_database) as other, transaction(other):
            come(other, "Người Tư")

    with ThreadPoolExecutor(1) as administrator, transaction(session):
        come(session, "Người Ba")
        session.flush()
        given = administrator.submit(second)
        somebody_waits(session)
        session.commit()
        with pytest.raises(operations.TwoHeads, match="Người Ba"):
            given.result(timeout=10)


@pytest.mark.postgres
def test_a_deputy_of_many_years_acts_as_head_from_the_day_after_the_last_one(session: Session) -> None:
    house = province(session).a
    today = clock.today()
    person = operations.add_person(session, system_actor(), "Người Ba")
    with transaction(session):
        deputy = operations.assign(
            session, system_actor(), person, house.agency, Role.LEADER, "Phó Giám đốc",
            authority="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", valid_from=date(2020, 1, 1),
        )  # fmt: skip
        with pytest.raises(operations.TwoHeads):
            operations.change_authority(session, system_actor(), deputy, "Q. GIÁM ĐỐC")
        house.posts[Role.LEADER].valid_to = today - timedelta(days=1)
        session.flush()
        operations.change_authority(session, system_actor(), deputy, "Q. GIÁM ĐỐC")
