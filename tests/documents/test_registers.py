"""A number is issued once per register and year, without a gap, and a void one stays."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.db import transaction
from eoffice.documents import closing, registers
from eoffice.documents.models import Direction, Register, RegisterEntry
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.workflow import State
from tests.factories import Province, province

pytestmark = pytest.mark.postgres


def _incoming(session: Session, place: Province, count: int) -> list[int]:
    with transaction(session):
        made = [
            IncomingDocument(
                agency_id=place.a.agency.id, kind_code="CV", issuer_name="Sở Nội vụ", subject=f"Thử {n}",
                source=Source.SCAN, state=State.WAITING, arrived_at=clock.now(), created_at=clock.now(),
                listed_at=clock.now(),
            )
            for n in range(count)
        ]  # fmt: skip
        session.add_all(made)
    return [document.id for document in made]


ISSUER = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from eoffice.app import load
load()
from eoffice.core.db import new_session, transaction
from eoffice.core import clock
from eoffice.core.permissions import system_actor
from eoffice.documents import closing, registers
from eoffice.documents.models import Document

def give(document_id):
    session = new_session()
    with transaction(session):
        registers.give_number(session, system_actor(), session.get_one(Document, document_id), clock.today())
    session.close()

with ThreadPoolExecutor(20) as pool:
    list(pool.map(give, map(int, sys.argv[1:])))
"""


@pytest.mark.slow
def test_requirement_06_200_issuers_over_two_processes_leave_no_gap_and_no_double(session: Session) -> None:
    place = province(session)
    ids = _incoming(session, place, 200)
    runs = [
        subprocess.Popen([sys.executable, "-c", ISSUER, *map(str, part)], stderr=subprocess.PIPE, text=True)
        for part in (ids[::2], ids[1::2])
    ]
    for run in runs:
        _, errors = run.communicate(timeout=90)
        assert run.returncode == 0, errors[-2000:]
    numbers = session.scalars(sa.select(RegisterEntry.number).order_by(RegisterEntry.number)).all()
    assert list(numbers) == list(range(1, 201))


def test_a_number_that_was_rolled_back_is_given_to_the_next(session: Session) -> None:
    place = province(session)
    first, second = _incoming(session, place, 2)
    with pytest.raises(RuntimeError, match="cut"), transaction(session):
        registers.give_number(session, place.a.clerk, session.get_one(IncomingDocument, first), clock.today())
        raise RuntimeError("cut")
    with transaction(session):
        entry = registers.give_number(
            session, place.a.clerk, session.get_one(IncomingDocument, second), clock.today()
        )
    assert entry.number == 1


def test_a_void_number_stays_with_its_reason_and_is_not_given_again(session: Session) -> None:
    place = province(session)
    first, second = (session.get_one(IncomingDocument, i) for i in _incoming(session, place, 2))
    with transaction(session):
        registers.give_number(session, place.a.clerk, first, clock.today())
    with pytest.raises(registers.VoidNeedsReason), transaction(session):
        registers.void_number(session, place.a.clerk, first, " ")
    with transaction(session):
        registers.void_number(session, place.a.clerk, first, "Vào sổ nhầm")
        entry = registers.give_number(session, place.a.clerk, second, clock.today())
    assert entry.number == 2
    assert session.scalars(sa.select(RegisterEntry.void_reason).order_by(RegisterEntry.number)).all() == [
        "Vào sổ nhầm",
        "",
    ]


def test_a_series_starts_at_its_opening_number(session: Session) -> None:
    place = province(session)
    register = session.scalars(
        sa.select(Register).where(Register.agency_id == place.a.agency.id, Register.direction == Direction.IN)
    ).one()
    with transaction(session):
        register.opening_number = register.last_number = 1234
    (document_id,) = _incoming(session, place, 1)
    with transaction(session):
        entry = registers.give_number(
            session, place.a.clerk, session.get_one(IncomingDocument, document_id), clock.today()
        )
    assert entry.number == 1235


def test_no_number_bears_an_earlier_date_than_the_one_before(session: Session) -> None:
    place = province(session)
    first, second = (session.get_one(IncomingDocument, i) for i in _incoming(session, place, 2))
    today = clock.today()
    with transaction(session):
        registers.give_number(session, place.a.clerk, first, today)
    with pytest.raises(registers.BackDated), transaction(session):
        registers.give_number(session, place.a.clerk, second, date(today.year, 1, 1))


def test_requirement_03_the_year_turns_at_midnight_here_and_the_series_starts_again(session: Session) -> None:
    place = province(session)
    document = session.get_one(IncomingDocument, _incoming(session, place, 1)[0])
    turn = datetime(clock.today().year, 12, 31, 17, 0, tzinfo=UTC)  # 00:00 on 1 January, Asia/Ho_Chi_Minh
    with clock.freeze(turn), transaction(session):
        entry = registers.give_number(session, place.a.clerk, document, clock.today())
    assert (entry.number, entry.register.year) == (1, turn.year + 1)
    opened = session.scalars(
        sa.select(AuditEntry)
        .where(AuditEntry.action == registers.REGISTER_OPENED)
        .order_by(AuditEntry.id.desc())
    ).first()
    assert opened is not None
    assert (opened.details["year"], opened.agency_id) == (turn.year + 1, place.a.agency.id)


def _next_year(session: Session, place: Province, *kind_codes: str) -> list[str]:
    """Short names of the registers that number these kinds next year, asked in this order."""
    year, agency = clock.today().year + 1, place.a.agency.id
    return [registers.register_for(session, agency, Direction.OUT, kind, year).code for kind in kind_codes]


def test_article_15_in_a_new_year_each_kind_has_its_series_whichever_is_numbered_first(
    session: Session,
) -> None:
    place = province(session)
    assert _next_year(session, place, "BC", "QD", "CV", "BC") == ["KHAC", "QD", "CV", "KHAC"]


def test_a_register_the_head_closed_within_its_year_is_not_opened_in_the_next(session: Session) -> None:
    place = province(session)
    query = sa.select(Register).where(Register.agency_id == place.a.agency.id, Register.code == "QD")
    with transaction(session):
        closing.close(session, place.a.chief, session.scalars(query).one(), "Quyết định 9/QĐ-SNNMT")
    assert _next_year(session, place, "QD", "CV", "QD") == ["KHAC", "CV", "KHAC"]


def test_a_register_bound_after_its_year_is_opened_again_in_the_next(session: Session) -> None:
    place = province(session)
    query = sa.select(Register).where(Register.agency_id == place.a.agency.id, Register.code == "QD")
    january = datetime(clock.today().year + 1, 1, 5, tzinfo=UTC)
    with clock.freeze(january), transaction(session):
        closing.close(session, place.a.chief, session.scalars(query).one(), "")
    assert _next_year(session, place, "BC", "QD") == ["KHAC", "QD"]


def test_a_kind_that_a_new_register_names_is_left_out_of_the_one_it_had(session: Session) -> None:
    place = province(session)
    year = clock.today().year + 1
    with transaction(session):
        registers.open_register(
            session, place.a.chief, place.a.agency.id, year - 1, Direction.OUT, "TTBC", "Tờ trình, báo cáo",
            ("TTR", "BC"),
        )  # fmt: skip
        registers.open_register(
            session, place.a.chief, place.a.agency.id, year, Direction.OUT, "BC", "Báo cáo", ("BC",)
        )
        session.flush()
        assert _next_year(session, place, "TTR", "BC") == ["TTBC", "BC"]


def test_a_kind_numbered_among_all_others_stays_there_until_the_year_is_over(session: Session) -> None:
    place = province(session)
    turn = datetime(clock.today().year, 12, 31, 17, 0, tzinfo=UTC)
    (number,) = _incoming(session, place, 1)
    with transaction(session):
        registers.open_register(
            session, place.a.chief, place.a.agency.id, turn.year, Direction.IN, "DCV", "Công văn đến", ("CV",)
        )
        registers.open_register(
            session, place.a.chief, place.a.agency.id, turn.year + 1, Direction.IN, "DEN", "Văn bản đến"
        )
        session.flush()
        began = session.scalars(sa.select(Register).where(Register.year == turn.year + 1)).one()
        document = session.get_one(IncomingDocument, number)
        session.add(
            RegisterEntry(
                agency_id=document.agency_id, register_id=began.id, number=1, dated_on=turn.date(),
                document_id=number, given_at=turn, given_by="",
            )
        )  # fmt: skip
        session.flush()
        again = registers.register_for(session, document.agency_id, Direction.IN, "CV", turn.year + 1)
    assert again.code == "DEN"


def test_the_two_agencies_number_apart(session: Session) -> None:
    place = province(session)
    document = session.get_one(IncomingDocument, _incoming(session, place, 1)[0])
    with transaction(session):
        registers.give_number(session, place.a.clerk, document, clock.today())
    assert registers.next_number(session, place.a.agency.id, Direction.IN, "CV") == 2
    assert registers.next_number(session, place.b.agency.id, Direction.IN, "CV") == 1
