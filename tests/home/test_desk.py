"""The desk: what waits for each role, nothing of another agency, in few statements."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.directions.models import Direction, Part, Task
from eoffice.directory.models import Role
from eoffice.documents.models import Document, Urgency
from eoffice.documents.permissions import visible_to
from eoffice.gateway.models import Delivery, Dispatch, Hop
from eoffice.home import deeds, queries
from eoffice.incoming.states import State as In
from eoffice.outgoing import operations
from eoffice.outgoing.states import State as Out
from eoffice.outgoing.workflow import Move
from tests.factories import House, Province, province
from tests.home.made import bring_in, incoming, outgoing
from tests.incoming import steps
from tests.web import client_for, counted

pytestmark = pytest.mark.postgres


def _task(session: Session, house: House, document: Document, **whom: object) -> Task:
    with transaction(session):
        leader = house.posts[Role.LEADER]
        direction = Direction(
            agency_id=house.agency.id, document_id=document.id, by_assignment_id=leader.id,
            by_name=leader.person.full_name, by_title=leader.title, opinion="Xử lý", given_at=clock.now(),
        )  # fmt: skip
        session.add(direction)
        session.flush()
        task = Task(
            agency_id=house.agency.id,
            document_id=document.id,
            direction_id=direction.id,
            part=Part.LEAD,
            **whom,
        )
        session.add(task)
    return task


def _fill(session: Session, house: House) -> None:
    """One document for every deed of every role."""
    leader = house.posts[Role.LEADER]
    incoming(session, house, "chờ đăng ký", urgency=Urgency.FLASH)
    incoming(session, house, "cần kiểm tra", In.CHECK)
    incoming(session, house, "chờ trình", In.REGISTERED)
    incoming(session, house, "chờ chỉ đạo", In.SUBMITTED, submitted_to_id=leader.id)
    late = incoming(session, house, "quá hạn", In.FORWARDED, due_on=clock.today() - timedelta(days=7))
    _task(session, house, late, unit_id=house.unit.id)
    bring_in(session, late, unit_id=house.unit.id)
    working = incoming(session, house, "đang làm", In.IN_PROGRESS)
    _task(session, house, working, assignment_id=house.posts[Role.SPECIALIST].id)
    bring_in(session, working, person_id=house.posts[Role.SPECIALIST].person_id)
    for state in Out:
        made = outgoing(session, house, f"đi {state.value}", state)
        bring_in(session, made, unit_id=house.unit.id)


@pytest.fixture
def place(session: Session) -> Province:
    found = province(session)
    _fill(session, found.a)
    _fill(session, found.b)
    return found


def _counts(session: Session, actor: Actor) -> dict[str, int]:
    return {one.deed.key: one.count for one in queries.waiting(session, actor, deeds.of(actor)) if one.count}


def test_each_role_sees_its_own_work_counted(session: Session, place: Province) -> None:
    a = place.a
    assert _counts(session, a.clerk) == {
        "register": 1, "check": 1, "submit": 1, "form": 1, "number": 1, "seal": 1, "issue": 1,
    }  # fmt: skip
    assert _counts(session, a.leader) == {"direct": 1, "sign": 1, "allow": 1}
    assert _counts(session, a.head) == {"assign": 1, "approve": 1}
    assert _counts(session, a.specialist) == {"work": 1, "write": 2}
    assert _counts(session, a.secretary) == {}
    assert _counts(session, a.admin) == {}
    assert _counts(session, a.archivist) == {}


def test_whoever_watches_sees_what_is_late_and_what_waits_for_the_leader(
    session: Session, place: Province
) -> None:
    watched = queries.waiting(session, place.a.secretary, deeds.watched_by(place.a.secretary))
    assert {one.deed.key: one.count for one in watched} == {
        "awaits_direction": 1,
        "awaits_signature": 1,
        "late": 1,
    }
    assert [deed.key for deed in deeds.watched_by(place.a.clerk)] == ["late"]
    assert deeds.watched_by(place.a.specialist) == []


@pytest.mark.slow
def test_nothing_of_another_agency_and_nothing_out_of_sight_is_counted(
    session: Session, place: Province
) -> None:
    for actor in (*place.a.actors.values(), *place.b.actors.values()):
        seen = set(session.scalars(sa.select(Document.id).where(visible_to(actor))))
        for deed in (*deeds.DEEDS, *deeds.WATCHED, deeds.LATE):
            listed = {row.id for row in session.execute(deed.documents(actor))}
            assert listed <= seen, (actor.title, deed.key)


def test_two_leaders_do_not_share_their_inboxes(session: Session, place: Province) -> None:
    incoming(session, place.a, "cho người khác", In.SUBMITTED, submitted_to_id=place.b.posts[Role.LEADER].id)
    assert _counts(session, place.a.leader)["direct"] == 1
    assert _counts(session, place.b.leader)["direct"] == 1


def test_requirement_11_urgent_work_stands_first_then_the_oldest(session: Session, place: Province) -> None:
    with clock.freeze(clock.now() - timedelta(days=2)):
        incoming(session, place.a, "cũ nhất")
    rows = queries.work(session, place.a.clerk, deeds.of(place.a.clerk), today_only=True, limit=20)
    assert [row.document.subject for row in rows][:2] == ["chờ đăng ký", "cũ nhất"]


def test_a_task_is_due_today_only_when_its_day_has_come_or_it_is_urgent(
    session: Session, place: Province
) -> None:
    own = deeds.of(place.a.specialist)
    assert queries.work(session, place.a.specialist, own, today_only=True, limit=20) == []
    session.execute(sa.update(Task).values(due_on=clock.today()))
    session.commit()
    due = queries.work(session, place.a.specialist, own, today_only=True, limit=20)
    assert [row.deed.key for row in due] == ["work"]


def test_whom_to_name_for_a_task_is_decided_on_the_day_it_comes(session: Session, place: Province) -> None:
    session.execute(sa.update(Task).values(due_on=clock.today() + timedelta(days=5)))
    session.commit()
    first = queries.work(session, place.a.head, deeds.of(place.a.head), today_only=True, limit=20)
    assert "assign" in [row.deed.key for row in first]


@pytest.mark.slow
def test_the_desk_says_it_in_words(app: Flask, session: Session, place: Province) -> None:
    page = client_for(app, "a_clerk").get("/").get_data(as_text=True)
    assert "Bàn làm việc" in page
    assert "1 hỏa tốc" in page
    assert re.search(r"Vào sổ", page)
    assert re.search(r"Văn bản đến \d{4}</th>", page)
    specialist = client_for(app, "a_specialist").get("/").get_data(as_text=True)
    assert "Việc của tôi, theo hạn" in specialist
    assert "đang làm" in specialist
    assert "Số trong năm" not in specialist


def test_an_administrator_has_the_health_of_the_house_instead(
    app: Flask, session: Session, place: Province
) -> None:
    client = client_for(app, "a_administrator")
    assert client.get("/").location == "/admin/health"
    page = client.get("/admin/health").get_data(as_text=True)
    assert "chờ đăng ký" not in page


def test_copies_that_need_a_person_are_shown_until_decided(
    app: Flask, session: Session, place: Province
) -> None:
    sent = outgoing(session, place.a, "đã gửi", Out.ISSUED, code_number="1482")
    with transaction(session):
        dispatch = Dispatch(
            agency_id=place.a.agency.id, document_id=sent.id, message_id="m-1", next_try_at=clock.now(),
            created_at=clock.now(), sender_code="H01.12", message={},
        )  # fmt: skip
        session.add(dispatch)
        session.flush()
        long_ago = clock.now() - timedelta(hours=25)
        for number, hop in enumerate((Hop.REFUSED, Hop.FAILED, Hop.ON_AXIS, Hop.REGISTERED)):
            session.add(
                Delivery(
                    agency_id=place.a.agency.id, dispatch_id=dispatch.id, document_id=sent.id, hop=hop,
                    recipient_code=f"H{number}", recipient_name=f"Nơi nhận {number}", on_axis_at=long_ago,
                )
            )  # fmt: skip
    page = client_for(app, "a_clerk").get("/").get_data(as_text=True)
    assert [int(n) for n in re.findall(r'title="Nơi nhận (\d)"', page)] == [1, 0, 2]
    assert "đã chờ 1 ngày" in page
    assert "Nơi nhận" not in client_for(app, "b_clerk").get("/").get_data(as_text=True).replace(
        ">Nơi nhận<", ""
    )


def test_changes_since_yesterday_are_those_one_may_see(session: Session, place: Province) -> None:
    told = audit.action("incoming.told_in_test", audit.DECLARED[audit.Action("documents.number_given")])
    try:
        hidden, shown = (incoming(session, place.a, subject) for subject in ("kín", "mở"))
        bring_in(session, shown, unit_id=place.a.unit.id)
        other = incoming(session, place.b, "khác")
        with transaction(session):
            for document, house in ((hidden, place.a), (shown, place.a), (other, place.b)):
                audit.record(session, house.clerk, told, document)
            with clock.freeze(clock.now() - timedelta(days=3)):
                audit.record(session, place.a.clerk, told, shown)

        def seen(actor: Actor) -> list[str]:
            return [change.document.subject for change in queries.changes(session, actor, ["incoming"])]

        assert seen(place.a.clerk) == ["mở", "kín"]
        assert seen(place.a.specialist) == ["mở"]
        assert seen(place.b.clerk) == ["khác"]
    finally:
        del audit.DECLARED[told]


def test_the_desk_names_the_step_that_was_taken_and_how_much_waits(
    app: Flask, session: Session, place: Province
) -> None:
    signed = outgoing(session, place.a, "Báo cáo quý", Out.NUMBERING)
    incoming(session, place.a, "quá hạn", In.REGISTERED, due_on=clock.today() - timedelta(days=2))
    with transaction(session):
        audit.record(session, place.a.leader, operations.MOVED, signed, step=Move.SIGN)
    page = client_for(app, "a_clerk").get("/").get_data(as_text=True)
    assert "ký số · " in page
    assert "thực hiện một bước" not in page
    assert re.search(r"Có 9 việc đang chờ bạn\.\s+Trong đó 1 việc quá hạn\.", page)


@pytest.mark.slow
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_a_desk_takes_at_most_twelve_statements_whatever_waits(
    app: Flask, session: Session, place: Province, role: Role
) -> None:
    client = client_for(app, f"a_{role}")
    for _ in range(3):
        _fill(session, place.a)
    with counted() as sent:
        assert client.get("/").status_code == 200
    assert len(sent) <= 12, "\n".join(sent)


def test_a_part_of_a_page_costs_no_frame(app: Flask, session: Session, place: Province) -> None:
    client = client_for(app, "a_clerk")
    with counted() as sent:
        assert client.get("/directory/suggest?q=tai", headers={"HX-Request": "true"}).status_code == 200
    assert len(sent) <= 4, "\n".join(sent)


def test_the_desk_of_an_empty_agency_says_so(app: Flask, session: Session) -> None:
    province(session)
    with clock.freeze(datetime(2026, 11, 20, 2, tzinfo=UTC)):
        page = client_for(app, "a_leader").get("/").get_data(as_text=True)
    assert "Không có việc phải làm ngay" in page
    assert "Thứ Sáu, 20/11/2026" in page


def test_what_falls_due_during_the_day_is_counted_as_late_from_then_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = province(session).a
    today = clock.day_start(clock.today())
    incoming(
        session, house, "trước 11 giờ", In.SUBMITTED, submitted_to_id=house.posts[Role.LEADER].id,
        due_on=clock.today(), due_time=time(11),
    )  # fmt: skip
    for hour, late in ((9, 0), (12, 1)):
        monkeypatch.setattr(clock, "now", lambda hour=hour: today + timedelta(hours=hour))
        (direct,) = [
            one for one in queries.waiting(session, house.leader, deeds.of(house.leader)) if one.count
        ]
        assert (direct.deed.key, direct.overdue) == ("direct", late)


def test_the_count_beside_ones_own_work_is_that_of_its_pages(session: Session) -> None:
    house = province(session).a
    steps.received(session, house)
    steps.submitted(session, house, accept_duplicate=True)

    def own(actor: Actor) -> int:
        return queries.own(queries.waiting(session, actor, deeds.of(actor)))

    assert own(house.clerk) == 0, "what is to be registered stands beside the incoming documents"
    assert own(house.leader) == 1
