"""What documents ask of units and other agencies: who may ask, who reports, who accepts."""

import re
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Forbidden, Invalid, InvalidTransition, NotFound
from eoffice.core.events import publish
from eoffice.core.permissions import system_actor
from eoffice.directions import service as directions
from eoffice.directory.models import Merger, Role
from eoffice.directory.takers import Takers
from eoffice.documents import asking
from eoffice.documents import operations as documents
from eoffice.documents import queries as reading
from eoffice.documents.events import DocumentIssued, DocumentLeaves
from eoffice.documents.models import Steering
from eoffice.gateway.events import CopyDone
from eoffice.incoming import correcting
from eoffice.incoming import service as incoming
from eoffice.missions import operations, queries, service, succession, urging
from eoffice.missions.models import Mission, State
from eoffice.missions.operations import NewMission, NothingGoesOut, RemindedToday
from eoffice.missions.queries import Tab
from eoffice.missions.succession import CannotGive
from eoffice.missions.workflow import MACHINE, Move
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as Outgoing
from tests.factories import Province, province
from tests.home.made import outgoing
from tests.incoming import steps
from tests.incoming.test_axis import arrive
from tests.incoming.test_wanted_back import ask
from tests.web import MOST, client_for, counted

pytestmark = pytest.mark.postgres
WEEK = timedelta(days=7)


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def conclusion(session: Session, place: Province, state: Outgoing = Outgoing.DRAFT) -> OutgoingDocument:
    """A notice of A about what a meeting concluded, to B and to the agency outside."""
    number = {"code_number": "215", "issued_on": clock.today(), "document_uid": "H01.12,2026/11/20,215/TB"}
    made = outgoing(session, place.a, "Thông báo kết luận cuộc họp", kind_code="TB", state=state, **number)
    with transaction(session):
        documents.set_recipients(session, made, [place.b.agency, place.outside])
        documents.give_access(session, place.a.specialist, made, unit_ids=[place.a.unit.id], warned=False)
    return made


def asked(place: Province, to: str = "", **changes: Any) -> NewMission:
    fields: dict[str, Any] = {
        "content": "Rà soát hiện trạng kênh Ba Hồ", "to": to or f"a:{place.b.agency.code}",
        "due_on": clock.today() + WEEK,
    }  # fmt: skip
    return NewMission(**fields | changes)


def issue(session: Session, document: OutgoingDocument) -> None:
    with transaction(session):
        publish(session, DocumentLeaves(document.id))
        document.state = Outgoing.ISSUED
        session.flush()
        publish(session, DocumentIssued(document.id))


def test_what_a_draft_asks_is_asked_from_its_issue_on_and_units_may_read_it_then(
    session: Session, place: Province
) -> None:
    document = conclusion(session, place)
    theirs = service.give(session, place.a.specialist, document.id, asked(place))
    office = service.give(session, place.a.specialist, document.id, asked(place, f"u:{place.a.office.id}"))
    assert (theirs.state, office.state) == (State.PLANNED, State.PLANNED)
    assert queries.listing(session, place.a.leader, Tab.OPEN).rows == []
    issue(session, document)
    assert (document.steering, document.due_on) == (Steering.DIRECTS, clock.today() + WEEK)
    assert (theirs.state, office.state) == (State.OPEN, State.OPEN)
    chief = place.a.chief
    assert [one.id for one in queries.listing(session, chief, Tab.MINE).rows] == [office.id]
    assert reading.one(session, chief, document.id) is not None
    assert queries.counts(session, place.a.leader)[Tab.OPEN] == 2
    assert queries.listing(session, place.b.leader, Tab.OPEN).rows == [], "another agency's"


def test_a_document_that_asks_nothing_of_others_any_more_is_no_directive(
    session: Session, place: Province
) -> None:
    document = conclusion(session, place)
    only = service.give(session, place.a.specialist, document.id, asked(place))
    service.take(session, place.a.specialist, only.id, Move.WITHDRAW)
    issue(session, document)
    assert (document.steering, document.due_on) == (Steering.NONE, None)


def test_who_is_no_recipient_any_more_is_asked_nothing_and_the_first_day_is_told(
    session: Session, place: Province
) -> None:
    document = conclusion(session, place)
    later = service.give(
        session, place.a.specialist, document.id, asked(place, due_on=clock.today() + 3 * WEEK)
    )
    sooner = service.give(session, place.a.specialist, document.id, asked(place))
    gone = service.give(session, place.a.specialist, document.id, asked(place, f"a:{place.outside.code}"))
    with transaction(session):
        documents.set_recipients(session, document, [place.b.agency])
    issue(session, document)
    assert (later.state, sooner.state, gone.state) == (State.OPEN, State.OPEN, State.WITHDRAWN)
    assert document.due_on == clock.today() + WEEK


def test_a_unit_reports_and_who_gave_the_task_accepts_or_asks_again(
    session: Session, place: Province
) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    mission = service.give(session, place.a.leader, document.id, asked(place, f"u:{place.a.unit.id}"))
    with pytest.raises(Forbidden):
        service.take(session, place.a.specialist, mission.id, Move.REPORT, "Đã rà soát")
    with pytest.raises(Invalid):
        service.take(session, place.a.head, mission.id, Move.REPORT, " ")
    service.take(session, place.a.head, mission.id, Move.REPORT, "Đã rà soát xong 12 điểm")
    assert (mission.state, mission.report) == (State.REPORTED, "Đã rà soát xong 12 điểm")
    with pytest.raises(Invalid):
        service.take(session, place.a.leader, mission.id, Move.ASK_AGAIN)
    service.take(session, place.a.leader, mission.id, Move.ASK_AGAIN, "Bổ sung 3 điểm còn lại")
    assert (mission.state, mission.note) == (State.OPEN, "Bổ sung 3 điểm còn lại")
    service.take(session, place.a.head, mission.id, Move.REPORT, "Đã đủ 15 điểm")
    service.take(session, place.a.leader, mission.id, Move.ACCEPT)
    assert mission.state is State.DONE
    logged = {entry.action for entry in audit.history(session, document)}
    assert logged >= {operations.GIVEN, operations.REPORTED, operations.ASKED_AGAIN, operations.ACCEPTED}


def test_the_end_at_the_other_agency_and_its_letter_are_its_report(session: Session, place: Province) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    code = place.b.agency.code
    first = service.give(session, place.a.leader, document.id, asked(place))
    with transaction(session):
        publish(session, CopyDone(document.id, code, "Đã hoàn thành rà soát"))
        publish(session, CopyDone(document.id, code, "Đã hoàn thành rà soát"))  # told twice
    assert (first.state, first.report) == (State.REPORTED, "Đã hoàn thành rà soát")
    second = service.give(session, place.a.leader, document.id, asked(place, content="Báo cáo kinh phí"))
    outside = service.give(session, place.a.leader, document.id, asked(place, f"a:{place.outside.code}"))
    letter = arrive(session, place.a, in_reply_to=(document.document_uid,))
    assert second.state is State.OPEN, "nobody has looked at the letter yet"
    entry = steps.entry(
        code_number="2751", code_notation="STC-QLNS", issuer_name=place.b.agency.name, arrived_on=None,
        issuer_code=place.b.agency.code,
    )  # fmt: skip
    incoming.register(session, place.a.clerk, letter.id, entry)
    session.expire_all()
    assert (second.state, second.report) == (State.REPORTED, "Báo cáo bằng văn bản số 2751/STC-QLNS")
    assert outside.state is State.OPEN, "not its letter"
    told = queries.progress(session, place.a.leader, [second, outside])
    assert [one.id for one in told[second.id].replies] == [letter.id]
    assert not told[outside.id].replies
    correcting.strike(session, place.a.clerk, letter.id, "Nhầm văn bản")
    session.expire_all()
    assert (second.state, second.report, second.reported_at) == (State.OPEN, "", None), "it reported nothing"
    assert first.state is State.REPORTED, "by other means"
    incoming.register(session, place.a.clerk, letter.id, entry)
    session.expire_all()
    assert second.state is State.REPORTED


@pytest.mark.parametrize("what", ["number", "issuer", "recall"])
def test_what_a_letter_reported_counts_as_long_as_the_letter(
    session: Session, place: Province, what: str
) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    mission = service.give(session, place.a.leader, document.id, asked(place))
    letter = arrive(session, place.a, in_reply_to=(document.document_uid,))
    entry = steps.entry(
        code_number="2751", code_notation="STC-QLNS", issuer_name=place.b.agency.name, arrived_on=None,
        issuer_code=place.b.agency.code, accept_duplicate=True,
    )  # fmt: skip
    incoming.register(session, place.a.clerk, letter.id, entry)
    if what == "number":
        correcting.correct(session, place.a.clerk, letter.id, replace(entry, code_number="2715"), "Ghi nhầm")
        session.expire_all()
        assert mission.report.endswith("2715/STC-QLNS")
        correcting.strike(session, place.a.clerk, letter.id, "Nhầm văn bản")
    elif what == "issuer":
        other = replace(entry, issuer_name="Ủy ban nhân dân xã khác", issuer_code="")
        correcting.correct(session, place.a.clerk, letter.id, other, "Ghi nhầm nơi gửi")
    else:
        ask(session, letter)
        incoming.answer_sender(session, place.a.clerk, letter.id, agree=True, note="Đồng ý")
    session.expire_all()
    assert (mission.state, mission.report) == (State.OPEN, "")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": "  "}, "content"),
        ({"content": "x" * 1001}, "content"),
        ({"due_on": None}, "due_on"),
        ({"due_on": clock.today() - timedelta(days=1)}, "due_on"),
        ({"to": ""}, "to"),
        ({"to": "a:H99.99"}, "to"),
        ({"to": "u:999999"}, "to"),
        ({"to": "u:ba"}, "to"),
    ],
)
def test_a_task_without_what_who_or_when_is_refused(
    session: Session, place: Province, changes: dict[str, Any], field: str
) -> None:
    document = conclusion(session, place)
    with pytest.raises(AppError) as refused:
        service.give(session, place.a.specialist, document.id, NewMission(**vars(asked(place)) | changes))
    assert refused.value.field == field


def test_who_does_not_answer_for_the_document_gives_no_task(session: Session, place: Province) -> None:
    document = conclusion(session, place)
    with pytest.raises(NotFound):
        service.give(session, place.b.leader, document.id, asked(place))
    with pytest.raises(Forbidden):
        service.give(session, place.a.clerk, document.id, asked(place))
    with pytest.raises(NothingGoesOut):
        service.give(session, place.a.leader, conclusion(session, place, Outgoing.VOID).id, asked(place))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", [move for move in Move if move is not Move.BEGIN])
def test_every_pair_of_state_and_step_is_as_the_table_says(
    session: Session, place: Province, state: State, step: Move
) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    mission = service.give(session, place.a.leader, document.id, asked(place, f"u:{place.a.unit.id}"))
    with transaction(session):
        mission.state = state
    who = place.a.head if step is Move.REPORT else place.a.leader
    rule = MACHINE.rules.get((state, step))
    if rule is None:
        with pytest.raises(InvalidTransition):
            service.take(session, who, mission.id, step, "một lý do")
    else:
        assert service.take(session, who, mission.id, step, "một lý do").state is rule.target


def test_a_unit_is_pressed_once_a_day(session: Session, place: Province) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    mission = service.give(session, place.a.leader, document.id, asked(place, f"u:{place.a.unit.id}"))
    service.remind(session, place.a.leader, mission.id)
    with pytest.raises(RemindedToday):
        service.remind(session, place.a.leader, mission.id)


@pytest.mark.slow
def test_a_letter_that_presses_names_who_owes_what(session: Session, place: Province) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    service.give(session, place.a.leader, document.id, asked(place))
    service.give(session, place.a.leader, document.id, asked(place, content="Bố trí kinh phí."))
    settled = service.give(session, place.a.leader, document.id, asked(place, f"a:{place.outside.code}"))
    service.take(session, place.a.leader, settled.id, Move.ACCEPT, "Đã báo qua điện thoại")
    letter = urging.draft(session, place.a.specialist, document.id)
    assert [one.code for one in reading.recipients(session, letter)] == [place.b.agency.code]
    assert "Đôn đốc" in letter.subject
    body = letter.content["body"]
    assert "Rà soát hiện trạng kênh Ba Hồ" in body
    assert "Bố trí kinh phí (hạn" in body
    assert place.outside.name not in body


@pytest.mark.slow
def test_pages_lists_and_the_desk_show_it_to_those_whose_it_is(
    session: Session, place: Province, app: Flask
) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    leader, head = client_for(app, "a_leader"), client_for(app, "a_unit_head")
    page = f"/outgoing/{document.id}/missions"
    due = f"{clock.today() + WEEK:%d/%m/%Y}"
    wrong = leader.post(page, data={"content": "", "to": f"u:{place.a.unit.id}", "due_on": due})
    assert wrong.status_code == 422
    data = {"content": "Rà soát kênh", "to": f"u:{place.a.unit.id}", "due_on": due}
    assert leader.post(page, data=data).status_code == 303
    session.expire_all()
    mission = session.query(Mission).one()
    assert "Rà soát kênh" in leader.get(page).get_data(as_text=True)
    assert "Rà soát kênh" in head.get("/work/missions").get_data(as_text=True)
    assert "Rà soát kênh" in head.get(f"{page}/part", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "(không bắt buộc)" not in head.get(page).text, "the report is needed"
    assert "/work/missions?tab=mine" in head.get("/").get_data(as_text=True)
    refused = head.post(f"/missions/{mission.id}/report", data={"note": ""})
    assert refused.status_code == 422
    assert head.post(f"/missions/{mission.id}/report", data={"note": "Đã xong"}).status_code == 303
    assert head.post(f"/missions/{mission.id}/accept").status_code == 403
    assert "(bắt buộc khi yêu cầu làm tiếp hoặc thôi giao)" in leader.get(page).text
    assert leader.post(f"/missions/{mission.id}/accept").status_code == 303
    assert leader.post(f"/missions/{mission.id}/accept").status_code == 409
    assert client_for(app, "b_leader").get(page).status_code == 404
    assert client_for(app, "b_leader").post(f"/missions/{mission.id}/accept").status_code == 404


def test_what_another_agency_asks_stands_in_the_list_of_whoever_it_is_for_until_it_is_done(
    session: Session, place: Province, app: Flask
) -> None:
    house, due = place.b, clock.today() + WEEK
    words = asking.told([asking.Asked(house.agency.name, "Báo cáo vận hành cống", due)])
    document = arrive(
        session, house, sender_code="H01.12", sender_name=place.a.agency.name, steering=Steering.DIRECTS,
        summary=words,
    )  # fmt: skip
    leader, head, outsider = (client_for(app, f"b_{one}") for one in ("leader", "unit_head", "archivist"))
    with counted() as sent:
        page = leader.get("/work/missions/received").get_data(as_text=True)
    assert len(sent) <= MOST, sent
    assert "Báo cáo vận hành cống" in page
    assert f"/incoming/{document.id}" in page
    assert "Chưa chỉ đạo" in page
    for client in (head, outsider):
        assert "Báo cáo vận hành" not in client.get("/work/missions/received").get_data(as_text=True)
    post = house.posts[Role.LEADER].id
    entry = steps.entry(due_on=due, submit_to_id=post)
    incoming.register(session, house.clerk, document.id, entry)
    given = directions.direct(session, house.leader, document.id, steps.to_unit(house))
    page = head.get("/work/missions/received").get_data(as_text=True)
    assert "Báo cáo vận hành cống" in page
    assert house.unit.name in page
    assert "/work/missions/received" in head.get("/work/missions").get_data(as_text=True)
    working = directions.assign(
        session, house.head, given.tasks[0].id, house.posts[Role.SPECIALIST].id, None, "Đồng chí làm"
    ).tasks[0]
    page = client_for(app, "b_specialist").get(f"/incoming/{document.id}").get_data(as_text=True)
    assert "hãy gửi công văn riêng" in page, "no status asks for more time"
    directions.finish(session, house.specialist, working.id, "Đã báo cáo")
    assert "Báo cáo vận hành" not in leader.get("/work/missions/received").get_data(as_text=True)


def test_all_that_other_agencies_ask_is_shown_page_by_page_what_is_due_first_on_top(
    session: Session, place: Province, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    days = [(None, None), (9, None), (3, time(16)), (None, None), (3, time(9, 30)), (3, None)]
    for number, (days_left, hour) in enumerate(days):
        words = asking.told([asking.Asked(place.b.agency.name, f"Việc số {number}", clock.today() + WEEK)])
        document = arrive(
            session, place.b, sender_code="H01.12", sender_name=place.a.agency.name, steering=Steering.DIRECTS,
            summary=words,
        )  # fmt: skip
        document.due_on = days_left and clock.today() + timedelta(days=days_left)
        document.due_time = hour
    session.commit()
    client, seen, pages = client_for(app, "b_leader"), "", 0
    address: str | None = client.get("/work/missions").location
    while address:
        page = client.get(address).get_data(as_text=True)
        seen, pages = seen + page, pages + 1
        older = re.search(r'href="(/work/missions/received\?mark=a[^"]+)"', page)
        address = older.group(1) if older else None
    assert pages == 3
    assert re.findall(r'title="Việc số (\d)"', seen) == ["4", "2", "5", "1", "0", "3"]


def test_other_systems_read_what_other_agencies_ask(session: Session, place: Province, app: Flask) -> None:
    words = asking.told([asking.Asked(place.b.agency.name, "Báo cáo vận hành cống", clock.today() + WEEK)])
    document = arrive(
        session, place.b, sender_code="H01.12", sender_name=place.a.agency.name, steering=Steering.DIRECTS,
        summary=words,
    )  # fmt: skip
    program = app.test_client()
    token = accounts.make_token(session, system_actor(), "b_leader", "test", ["*"])
    program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answer = program.get("/api/v1/missions/received").get_json()
    (row,) = answer["received"]
    assert (row["document_id"], row["content"], row["lead"], row["wanted_back"]) == (
        document.id, "Báo cáo vận hành cống", "", False,
    )  # fmt: skip
    assert answer["next"] is None


def test_the_same_is_asked_of_one_and_the_same_once(session: Session, place: Province) -> None:
    document = conclusion(session, place)
    first = service.give(session, place.a.specialist, document.id, asked(place))
    with pytest.raises(operations.AskedAlready) as refused:
        service.give(session, place.a.specialist, document.id, asked(place))
    assert place.b.agency.name in str(refused.value)
    service.give(session, place.a.specialist, document.id, asked(place, f"u:{place.a.office.id}"))
    service.give(session, place.a.specialist, document.id, asked(place, content="Việc khác"))
    service.take(session, place.a.specialist, first.id, Move.WITHDRAW)
    service.give(session, place.a.specialist, document.id, asked(place))


def test_other_systems_give_and_settle_tasks(session: Session, place: Province, app: Flask) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    leader = app.test_client()
    token = accounts.make_token(session, system_actor(), "a_leader", "test", ["*"])
    leader.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    asked_for = {
        "content": "Rà soát", "due_on": f"{clock.today() + WEEK}", "recipient_code": place.b.agency.code,
    }  # fmt: skip
    made = leader.post(f"/api/v1/outgoing/{document.id}/missions", json=asked_for)
    assert made.status_code == 201
    number = made.get_json()["id"]
    assert [one["id"] for one in leader.get("/api/v1/missions").get_json()["missions"]] == [number]
    whole = leader.get(f"/api/v1/outgoing/{document.id}/missions").get_json()
    assert whole["missions"][0]["label"] == place.b.agency.name
    both = asked_for | {"content": "Cả hai", "unit_id": place.a.unit.id}
    neither = {"content": "Không ai", "due_on": f"{clock.today() + WEEK}"}
    for wrong in (both, neither):
        assert leader.post(f"/api/v1/outgoing/{document.id}/missions", json=wrong).status_code == 422
    done = leader.post(f"/api/v1/missions/{number}", json={"step": "accept", "note": "Đã báo cáo"})
    assert done.get_json()["state"] == "done"
    assert leader.post(f"/api/v1/missions/{number}", json={"step": "accept"}).status_code == 409
    token = accounts.make_token(session, system_actor(), "b_leader", "test", ["*"])
    leader.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert leader.post(f"/api/v1/missions/{number}", json={"step": "accept"}).status_code == 404


def test_who_leaves_hands_what_he_gave_to_the_successor(session: Session, place: Province) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    mine = service.give(session, place.a.specialist, document.id, asked(place))
    done = service.give(session, place.a.specialist, document.id, asked(place, content="Đã xong"))
    service.take(session, place.a.leader, done.id, Move.ACCEPT, "Đã báo qua điện thoại")
    leaving, to = (place.a.posts[role] for role in (Role.SPECIALIST, Role.SECRETARY))
    with transaction(session):
        succession.hand_on(session, place.a.admin, leaving, to)
    assert (mine.given_by_id, done.given_by_id) == (to.id, leaving.id)
    with transaction(session), pytest.raises(CannotGive):
        succession.hand_on(session, place.a.admin, to, place.a.posts[Role.ARCHIVIST])
    service.take(session, place.a.secretary, mine.id, Move.ACCEPT, "Đã báo qua điện thoại")
    assert mine.state is State.DONE


def test_a_merged_agencys_unfinished_tasks_go_to_who_follows(session: Session, place: Province) -> None:
    document = conclusion(session, place, Outgoing.ISSUED)
    unit = service.give(session, place.a.leader, document.id, asked(place, f"u:{place.a.unit.id}"))
    with transaction(session):
        merger = Merger(
            agency_id=place.a.agency.id, to_id=place.b.agency.id, on=clock.today() + timedelta(days=1),
            legal_basis="QĐ", planned_at=clock.now(), planned_by="x",
        )  # fmt: skip
        session.add(merger)
        session.flush()
        moved = succession.move(
            session, place.a.admin, place.a.agency, place.b.agency, Takers(session, merger)
        )
    assert moved == 1
    assert (unit.agency_id, unit.unit_id) == (place.b.agency.id, place.b.unit.id)
    assert unit.given_by_id == place.b.posts[Role.LEADER].id


def test_nothing_is_asked_of_another_agency_that_whoever_approves_and_signs_has_not_seen(
    session: Session, place: Province
) -> None:
    """Article 11.2: what is changed after approval goes back to who approved it."""
    document = conclusion(session, place)
    kept = service.give(session, place.a.specialist, document.id, asked(place))
    for state in (
        Outgoing.APPROVAL,
        Outgoing.SIGNATURE,
        Outgoing.NUMBERING,
        Outgoing.SEALING,
        Outgoing.ISSUING,
    ):
        with transaction(session):
            document.state = state
        with pytest.raises(operations.ApprovedWithout):
            service.give(session, place.a.specialist, document.id, asked(place, content="Thêm sau"))
        with pytest.raises(operations.ApprovedWithout):
            service.take(session, place.a.specialist, kept.id, Move.WITHDRAW, "Thôi")
    service.give(session, place.a.specialist, document.id, asked(place, f"u:{place.a.office.id}"))
    with transaction(session):
        document.state = Outgoing.SENT_BACK
    more = service.give(session, place.a.specialist, document.id, asked(place, content="Bổ sung"))
    with transaction(session):
        document.state = Outgoing.DISCARDED
    service.take(session, place.a.specialist, more.id, Move.WITHDRAW, "Dự thảo bỏ rồi")
    assert more.state is State.WITHDRAWN
    with transaction(session):
        document.state = Outgoing.SENT_BACK
    issue(session, document)
    service.give(session, place.a.specialist, document.id, asked(place, content="Theo dõi thêm"))
