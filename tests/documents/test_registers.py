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
from eoffice.documents import registers
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
from eoffice.documents import registers
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


def test_the_two_agencies_number_apart(session: Session) -> None:
    place = province(session)
    document = session.get_one(IncomingDocument, _incoming(session, place, 1)[0])
    with transaction(session):
        registers.give_number(session, place.a.clerk, document, clock.today())
    assert registers.next_number(session, place.a.agency.id, Direction.IN, "CV") == 2
    assert registers.next_number(session, place.b.agency.id, Direction.IN, "CV") == 1
