"""What the law and the province count is what happened, each agency's own, whatever the year holds."""

import io
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.settings import KEEPER
from eoffice.core import clock
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directions.models import Direction, Part, Task, TaskState
from eoffice.directory.models import Role
from eoffice.documents import registers
from eoffice.documents.closing import NewRegister
from eoffice.documents.models import (
    Channel,
    Document,
    DocumentLink,
    LinkKind,
    Recipient,
    Register,
    RegisterEntry,
)
from eoffice.documents.models import Direction as Way
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State as In
from eoffice.outgoing.states import State as Out
from eoffice.reports import figures, numbering, service
from eoffice.reports.figures import Day, Handled, Period
from tests.factories import House, Province, province
from tests.home.made import incoming, outgoing
from tests.incoming import steps
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres

#: a Monday; the year's last holiday is over
MONDAY = datetime(2026, 11, 16, 2, tzinfo=UTC)
WEEK = Period(date(2026, 11, 16), date(2026, 11, 22))


@pytest.fixture
def place(session: Session) -> Province:
    with clock.freeze(MONDAY):
        return province(session)


def _in(session: Session, house: House, number: int, state: In, **times: Any) -> None:
    """An incoming document with its direction; times are days after Monday."""
    came = MONDAY + timedelta(days=times.get("came", 0))
    entered = came + timedelta(days=times.get("entered", 0), hours=1)
    document = incoming(
        session, house, f"thư {number}", state, register_number=number, arrived_at=came, listed_at=came,
        registered_at=entered, source=times.get("source", Source.SCAN), due_on=times.get("due"),
    )  # fmt: skip
    if state not in (In.IN_PROGRESS, In.DONE):
        return
    leader, done = house.posts[Role.LEADER], times.get("done")
    with transaction(session):
        direction = Direction(
            agency_id=house.agency.id, document_id=document.id, by_assignment_id=leader.id, by_name="x",
            by_title="x", opinion="Làm", given_at=entered + timedelta(hours=2),
        )  # fmt: skip
        direction.tasks = [
            Task(
                agency_id=house.agency.id, document_id=document.id, part=Part.LEAD, unit=house.unit,
                due_on=times.get("due"), state=TaskState.DONE if done is not None else TaskState.WORKING,
                done_at=MONDAY + timedelta(days=done) if done is not None else None,
            )
        ]  # fmt: skip
        session.add(direction)


def _out(session: Session, house: House, *channels: Channel) -> None:
    document = outgoing(session, house, "đi", Out.ISSUED, issued_at=MONDAY + timedelta(hours=5))
    with transaction(session):
        session.add_all(
            Recipient(
                agency_id=house.agency.id,
                document_id=document.id,
                code=f"X{place}",
                name="x",
                channel=channel,
            )
            for place, channel in enumerate(channels)
        )


def _fill(session: Session, house: House) -> None:
    friday, thursday = date(2026, 11, 20), date(2026, 11, 19)
    _in(session, house, 1, In.DONE, due=friday, done=2, source=Source.AXIS)
    _in(session, house, 2, In.DONE, due=thursday, done=5, entered=1)
    _in(session, house, 3, In.IN_PROGRESS, due=thursday, entered=2)
    _in(session, house, 4, In.SUBMITTED)
    _in(session, house, 5, In.DONE, came=-7, done=0)
    _out(session, house, Channel.AXIS, Channel.AXIS)
    _out(session, house, Channel.AXIS, Channel.PAPER)
    _out(session, house)


def test_what_people_in_no_directory_get_is_no_exchange_between_agencies(
    session: Session, place: Province
) -> None:
    _out(session, place.a, Channel.AXIS)
    _out(session, place.a, Channel.AXIS, Channel.PAPER)
    _out(session, place.a, Channel.PAPER)
    with transaction(session):
        paper = sa.update(Recipient).where(Recipient.channel == Channel.PAPER)
        session.execute(paper.values(code="", name="Bà Trần Thị Út"))
    with clock.freeze(MONDAY + timedelta(days=5)):
        own = figures.by_agency(session, WEEK, [place.a.agency.id])[place.a.agency.id]
        assert (own.issued, own.sent, own.sent_on_axis, own.electronic) == (3, 2, 2, 100)


def test_requirement_12_each_figure_is_what_happened_in_the_period(session: Session, place: Province) -> None:
    _fill(session, place.a)
    _in(session, place.b, 1, In.DONE, done=1)
    with clock.freeze(MONDAY + timedelta(days=5)):
        found = figures.by_agency(session, WEEK, [place.a.agency.id, place.b.agency.id])
        own = found[place.a.agency.id]
        assert (own.arrived, own.registered, own.from_axis, own.registered_in_time) == (4, 4, 1, 3)
        assert own.handled == Handled(in_time=1, late=1, open=1, open_late=1)
        assert own.handled.share == 33
        assert (own.issued, own.sent, own.sent_on_axis, own.electronic) == (3, 2, 1, 50)
        assert float(own.to_direct or 0) == 2.0
        other = found[place.b.agency.id]
        assert (other.arrived, other.issued, other.electronic) == (1, 0, None)
        assert other.handled == Handled(in_time=1)


NOON, FRIDAY = time(12), date(2026, 11, 20)
#: hour of the deadline on Friday; when it was done (None: still open), local; what it counts as; hours to finish
BY_THE_HOUR = [
    (None, "11-20 23:59", "in_time", 110.0),
    (None, "11-21 00:01", "late", 110.0),
    (NOON, "11-20 11:59", "in_time", 98.0),
    (NOON, "11-20 12:01", "late", 98.0),
    (NOON, "11-19 23:00", "in_time", 85.0),
    (NOON, None, "open_late", None),
    (time(17), None, "open", None),
    (None, None, "open", None),
]


@pytest.mark.parametrize(("hour", "done", "counts", "hours"), BY_THE_HOUR)
def test_on_time_is_told_by_the_hour_where_the_deadline_has_one(
    session: Session, place: Province, hour: time | None, done: str | None, counts: str, hours: float | None
) -> None:
    state = In.IN_PROGRESS if done is None else In.DONE
    _in(session, place.a, 1, state, due=FRIDAY, done=None if done is None else 0)
    with transaction(session):
        session.execute(sa.update(Document).values(due_time=hour))
        moment = datetime.fromisoformat(f"2026-{done}").replace(tzinfo=clock.TZ) if done else None
        session.execute(sa.update(Task).values(due_time=hour, done_at=moment))
    with clock.freeze(datetime(2026, 11, 20, 15, tzinfo=clock.TZ)):
        own = figures.by_agency(session, WEEK, [place.a.agency.id])[place.a.agency.id]
        [line] = figures.by_unit(session, WEEK, place.a.agency.id)
    assert own.handled == line.handled == Handled(**{counts: 1})
    assert (own.to_register, own.to_direct) == (1, 2), (
        "from arrival to the register, from there to the leader"
    )
    assert own.to_finish == (None if hours is None else pytest.approx(hours, abs=0.2))


def test_a_second_direction_and_an_answer_without_one_are_counted_as_they_were(
    session: Session, place: Province
) -> None:
    _in(session, place.a, 1, In.IN_PROGRESS, due=FRIDAY)
    _in(session, place.a, 2, In.REGISTERED, due=FRIDAY)
    first = session.scalars(sa.select(Task)).one()
    other = session.scalars(sa.select(Document).where(Document.register_number == 2)).one()
    answer = outgoing(session, place.a, "trả lời", Out.ISSUED, issued_at=MONDAY + timedelta(days=5))
    with transaction(session):
        session.execute(sa.update(IncomingDocument).values(state=In.DONE))
        later = MONDAY + timedelta(days=3)
        again = Direction(
            agency_id=first.agency_id, document_id=first.document_id, by_name="x", by_title="x", opinion="Lại",
            by_assignment_id=place.a.posts[Role.LEADER].id, given_at=later,
        )  # fmt: skip
        again.tasks = [
            Task(agency_id=first.agency_id, document_id=first.document_id, part=Part.LEAD, unit=place.a.unit,
                 state=TaskState.DONE, done_at=later)
        ]  # fmt: skip
        session.add(again)
        first.state, first.done_at = TaskState.WITHDRAWN, later
        link = DocumentLink(
            agency_id=first.agency_id, source_id=answer.id, target_id=other.id, kind=LinkKind.REPLY
        )
        session.add(link)
    with clock.freeze(MONDAY + timedelta(days=6)):
        own = figures.by_agency(session, WEEK, [place.a.agency.id])[place.a.agency.id]
    assert own.to_direct == 2, "the leader's first word counts"
    assert own.handled == Handled(in_time=1, late=1), "who answers a day late is late, with a lead or without"


def test_units_people_kinds_and_months_are_counted_by_what_was_asked_of_them(
    session: Session, place: Province
) -> None:
    _fill(session, place.a)
    with clock.freeze(MONDAY + timedelta(days=5)):
        (unit,) = figures.by_unit(session, WEEK, place.a.agency.id)
        assert (unit.name, unit.handled) == (place.a.unit.name, Handled(1, 1, 0, 1))
        assert figures.by_person(session, WEEK, place.a.agency.id) == []
        (kind,) = figures.by_kind(session, WEEK, place.a.agency.id)
        assert (kind.name, kind.arrived, kind.issued) == ("Công văn", 4, 3)
        year = Period(date(2026, 10, 1), date(2026, 11, 30))
        days = figures.by_day(session, year, [place.a.agency.id])
        assert len(days) == 61
        assert max(one.on for one in days if one.came) <= WEEK.last
        assert figures.by_month(days) == [Day(date(2026, 10, 1), 0, 0), Day(date(2026, 11, 1), 5, 3)]


@pytest.mark.slow
def test_numbers_are_counted_by_register_with_those_made_void(
    app: Flask, session: Session, place: Province
) -> None:
    for _number in range(3):
        letter = steps.registered(session, place.a)
    entry = session.scalars(sa.select(RegisterEntry).where(RegisterEntry.document_id == letter.id)).one()
    with transaction(session):
        entry.voided_at, entry.void_reason = clock.now(), "nhầm"
    today = Period(clock.today(), clock.today())
    (line,) = numbering.by_register(session, today, place.a.agency.id)
    assert (line.first, line.last, line.given, line.void) == (1, 3, 3, 1)
    assert numbering.by_register(session, WEEK, place.a.agency.id) == []
    client = client_for(app, "a_leader")
    days = f"from={today.first:%d/%m/%Y}&to={today.last:%d/%m/%Y}"
    assert line.name in client.get(f"/reports?by=register&{days}").get_data(as_text=True)
    table = client.get(f"/reports?by=register&xlsx=1&{days}")
    sheet = load_workbook(io.BytesIO(table.data)).worksheets[0]
    assert list(sheet.iter_rows(min_row=2, values_only=True)) == [(line.name, 1, 3, 3, 1, 2, 0, 0)]


def test_a_register_taken_over_stands_there_with_the_last_number_of_the_system_before(
    app: Flask, session: Session, place: Province
) -> None:
    agency, chief = place.a.agency, place.a.chief
    decision = "Quyết định số 15/QĐ-SNNMT ngày 16/11/2026"
    with clock.freeze(MONDAY):
        own = {one.code: one for one in registers.registers(session, agency.id, 2026)}
        service.set_opening(session, chief, own["DEN"].id, 1234, decision)
        before = NewRegister(2025, Way.OUT, "CV", "Văn bản đi 2025", (), 987, decision)
        service.open_register(session, chief, before)
    (line,) = numbering.by_register(session, WEEK, agency.id)
    assert (line.code, line.first, line.last, line.given, line.share) == ("DEN", None, 1234, 0, None)
    (line,) = numbering.by_register(session, Period(date(2025, 1, 1), date(2025, 12, 31)), agency.id)
    assert (line.name, line.last) == ("Văn bản đi 2025", 987), "with its own year"
    days = "from=16/11/2026&to=22/11/2026"
    page = client_for(app, "a_leader").get(f"/reports?by=register&{days}").get_data(as_text=True)
    assert ">1234<" in page
    assert "None" not in page
    with clock.freeze(MONDAY + timedelta(days=1)):
        assert steps.registered(session, place.a).register_number == 1235
    (line,) = numbering.by_register(session, WEEK, agency.id)
    assert (line.first, line.last, line.given) == (1235, 1235, 1)
    monday, earlier = Period(MONDAY.date(), MONDAY.date()), Period(date(2026, 1, 1), date(2026, 11, 15))
    (line,) = numbering.by_register(session, monday, agency.id)
    assert (line.last, line.given) == (1234, 0)
    assert numbering.by_register(session, earlier, agency.id) == [], "nobody knows which number it had then"


def test_a_register_says_what_was_in_time_and_what_went_over_the_axis(
    app: Flask, session: Session, place: Province
) -> None:
    house, friday = place.a, MONDAY + timedelta(days=4)
    registers = {one.code: one for one in session.scalars(sa.select(Register).where(
        Register.agency_id == house.agency.id))}  # fmt: skip
    arrived = [  # when it came, when it was registered: Monday after a Friday is the next working day
        (friday - timedelta(days=7), MONDAY, Source.AXIS), (MONDAY, MONDAY + timedelta(days=2), Source.SCAN),
    ]  # fmt: skip
    made: list[tuple[str, Document]] = [
        ("DEN", incoming(session, house, "thư", In.REGISTERED, arrived_at=came, registered_at=entered, source=source))
        for came, entered, source in arrived
    ]  # fmt: skip
    made += [
        ("CV", outgoing(session, house, "đi", state, signed_at=MONDAY, issued_at=issued))
        for state, issued in (
            (Out.ISSUED, MONDAY),
            (Out.ISSUED, friday),
            (Out.SEALING, None),
            (Out.VOID, None),
        )
    ]
    with transaction(session):
        for place_no, (code, document) in enumerate(made):
            session.add(
                RegisterEntry(
                    agency_id=house.agency.id, register_id=registers[code].id, number=place_no + 1,
                    dated_on=MONDAY.date(), document_id=document.id, given_at=MONDAY, given_by="x",
                    voided_at=MONDAY if document is made[-1][1] else None,
                )
            )  # fmt: skip
        for _code, document in made[2:]:
            channel = Channel.PAPER if document is made[3][1] else Channel.AXIS
            session.add(
                Recipient(
                    agency_id=house.agency.id, document_id=document.id, code="X", name="x", channel=channel
                )
            )
    came, went = numbering.by_register(session, WEEK, house.agency.id)
    assert (came.given, came.in_time, came.late, came.exchanged, came.on_axis) == (2, 1, 1, 2, 1)
    assert (went.given, went.void, went.in_time, went.late) == (4, 1, 1, 1), "what is not issued is neither"
    assert (went.exchanged, went.electronic, came.electronic, went.share) == (2, 50, 50, 50)
    token = accounts.make_token(session, system_actor(), "a_leader", "test", ["*"])
    answer = app.test_client().get(
        "/api/v1/figures/registers?from=2026-11-16&to=2026-11-22",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert [(one["code"], one["electronic_share"]) for one in answer.get_json()] == [("DEN", 50), ("CV", 50)]
    page = client_for(app, "a_leader").get("/reports?by=register&pdf=1&from=16/11/2026&to=22/11/2026")
    assert page.data.startswith(b"%PDF")


@pytest.mark.slow
def test_the_page_the_spreadsheet_and_the_interface_say_the_same(
    app: Flask, session: Session, place: Province
) -> None:
    _fill(session, place.a)
    client = client_for(app, "a_leader")
    asked = "from=16/11/2026&to=22/11/2026"
    with clock.freeze(MONDAY + timedelta(days=5)):
        with counted() as statements:
            page = client.get(f"/reports?{asked}").get_data(as_text=True)
        assert len(statements) <= MOST
        assert "gửi hoàn toàn qua trục" in page
        assert client.get("/reports").status_code == 200, "the month so far when nothing is asked"
        for by in ("unit", "person", "kind"):
            assert client.get(f"/reports?by={by}&{asked}").status_code == 200
        sheet = load_workbook(io.BytesIO(client.get(f"/reports?{asked}&xlsx=1").data)).active
        told = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
        printed = client.get(f"/reports?by=kind&{asked}&pdf=1")
        assert (printed.mimetype, printed.data[:5]) == ("application/pdf", b"%PDF-")
        assert told["gửi hoàn toàn qua trục, trên số đã gửi (%)"] == 50
        assert client.get("/reports?from=16/11/2026&to=16/11/2028").status_code == 422
        assert client_for(app, "a_specialist").get("/reports").status_code == 403
        token = accounts.make_token(session, system_actor(), "a_leader", "bảng", ["*"])
        head = {"Authorization": f"Bearer {token}"}
        answer = client.get("/api/v1/figures?from=2026-11-16&to=2026-11-22", headers=head).get_json()
        assert (answer["electronic_share"], answer["overdue"], answer["hours_to_direct"]) == (50, 1, 2.0)


@pytest.mark.slow
def test_the_province_is_shown_to_its_keepers_people_alone_and_names_nobody(
    app: Flask, session: Session, place: Province
) -> None:
    _fill(session, place.a)
    assert client_for(app, "b_leader").get("/province").status_code == 403
    with override(**{KEEPER.name: place.b.agency.code}), clock.freeze(MONDAY + timedelta(days=5)):
        client = client_for(app, "b_leader")
        page = client.get("/province?from=16/11/2026&to=22/11/2026").get_data(as_text=True)
        assert place.a.agency.name in page
        assert "50 %" in page
        assert "thư 1" not in page
        rows = [re.findall(r">\s*(\d+)\s*</td>", row) for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)]
        numbers = [row for row in rows if row]
        assert int(numbers[-1][0]) == sum(int(row[0]) for row in numbers[:-1]) > 0, "all of them together"
        assert '<form class="panel"' in page
        wall = client.get("/province?wall=1").get_data(as_text=True)
        assert 'class="page wall"' in wall
        assert '<form class="panel"' not in wall
        kept = client.get("/province?from=01/01/2026&to=31/01/2026").get_data(as_text=True)
        assert "wall=1&amp;from=01/01/2026&amp;to=31/01/2026" in kept, "the period goes along"
        wrong = client.get("/province?wall=1&from=hom+nay")
        assert (wrong.status_code, 'name="from"' in wrong.get_data(as_text=True)) == (422, True), (
            "no empty page"
        )
        assert client.get("/province").status_code == 200
        assert client_for(app, "a_leader").get("/province").status_code == 403
