"""Sealed envelopes are entered from outside and handed over; what lies in them is nowhere (Articles 21.1 and 22.4)."""

import html
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound, TooLong
from eoffice.core.events import publish
from eoffice.core.permissions import system_actor
from eoffice.directory import absences
from eoffice.directory.absences import NewAbsence
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents.events import SecretFound
from eoffice.incoming import envelopes, sealed, succession
from eoffice.incoming.envelopes import NewEnvelope
from eoffice.incoming.models import Envelope, EnvelopeSign
from eoffice.reports import books
from eoffice.reports import service as reports
from eoffice.reports.books import Span
from eoffice.reports.columns import Form
from tests.factories import House, province
from tests.incoming import steps
from tests.web import MOST, client_for, counted


@pytest.mark.slow
def test_an_envelope_is_entered_unopened_and_taken_over_once_by_whom_it_is_for(
    session: Session, app: Flask
) -> None:
    place = province(session)
    house = place.a
    clerk, chief, leader = (client_for(app, f"a_{one}") for one in ("clerk", "chief_of_office", "leader"))
    typed = {"sign": "A", "sender": "Công an tỉnh", "code": "12/CAT", "to_id": house.posts[Role.LEADER].id}
    assert chief.post("/incoming/envelopes", data=typed).status_code == 403
    refused = clerk.post("/incoming/envelopes", data=typed | {"sender": ""})
    assert refused.status_code == 422
    assert 'value="12/CAT"' in refused.get_data(as_text=True)
    assert "maxlength" not in refused.get_data(as_text=True), "a browser cuts off without a word"
    long = clerk.post("/incoming/envelopes", data=typed | {"sender": "Công an " * 26})
    assert (long.status_code, "Dài quá: nhiều nhất 200 ký tự." in long.get_data(as_text=True)) == (422, True)
    with pytest.raises(TooLong):
        envelopes.enter(session, house.clerk, NewEnvelope(EnvelopeSign.NAMED, "x" * 201, "", typed["to_id"]))
    for data in (typed, typed | {"sign": "named"}):
        assert clerk.post("/incoming/envelopes", data=data).status_code == 303
    first, named = session.scalars(sa.select(Envelope).order_by(Envelope.id)).all()
    assert (first.number, named.number) == (1, 2)
    assert "Nhận từ văn thư" in leader.get("/").get_data(as_text=True)
    with counted() as sent:
        page = clerk.get("/incoming/envelopes").get_data(as_text=True)
    assert len(sent) <= MOST
    assert "Công an tỉnh" in page
    assert "/receive" not in page, "the clerk hands over and does not take"
    for stranger in (house.head, place.b.clerk, place.b.chief):
        assert envelopes.listing(session, stranger).rows == []
        with pytest.raises(NotFound):
            envelopes.receive(session, stranger, first.id, intact=True)
    assert (
        client_for(app, "b_clerk").get("/incoming/envelopes").get_data(as_text=True).count("Công an tỉnh")
        == 0
    )
    assert chief.post(f"/incoming/envelopes/{named.id}/receive").status_code == 403, (
        "the leader alone opens it"
    )
    assert chief.post(f"/incoming/envelopes/{first.id}/receive").status_code == 303, "the officer for secrets"
    late = leader.post(f"/incoming/envelopes/{first.id}/receive")
    assert late.status_code == 409
    assert house.chief.name in late.get_data(as_text=True)
    assert leader.post(f"/incoming/envelopes/{named.id}/receive", data={"broken": 1}).status_code == 303
    assert "Niêm phong không còn nguyên" in clerk.get("/incoming/envelopes").get_data(as_text=True)
    session.expire_all()
    assert (first.intact, named.intact) == (True, False)
    today = clock.today()
    span = Span(Form.ENVELOPES, house.agency.id, today, today)
    printed = books.rows(session, span)
    assert printed[0][:6] == (
        f"1/{today.year}", f"{today:%d/%m/%Y}", "Công an tỉnh", "12/CAT", "A", house.posts[Role.LEADER].label,
    )  # fmt: skip
    assert [row[-1] for row in printed] == ["", "Niêm phong không còn nguyên"]
    [link] = re.findall(r'href="(/registers/print[^"]+form=envelopes[^"]*|/registers/print\?[^"]+)"', page)
    asked = html.unescape(link)
    assert "Công an tỉnh" in clerk.get(asked).get_data(as_text=True)
    assert clerk.get(asked.replace("/print?", "/print.xlsx?")).data.startswith(b"PK")
    assert leader.get(asked).status_code == 422, "he sees every document, and not whom secrets come from"
    with pytest.raises(Forbidden):
        reports.lines(session, house.leader, span, 9)


def test_there_is_no_place_for_what_lies_in_an_envelope() -> None:
    assert {column.name for column in Envelope.__table__.columns} == {
        "id", "agency_id", "year", "number", "sign", "sender", "code", "arrived_at", "entered_by", "to_id",
        "received_at", "received_by", "intact", "voided_at", "note",
    }  # fmt: skip
    assert set(envelopes.NewEnvelope.__dataclass_fields__) == {"sign", "sender", "code", "to_id"}
    assert [one.value for one in EnvelopeSign] == ["A", "B", "C", "named"]


def _entered(
    session: Session, house: House, sign: EnvelopeSign, role: Role, sender: str = "Công an tỉnh"
) -> Envelope:
    new = NewEnvelope(sign, sender, "12/CAT", house.posts[role].id)
    return envelopes.enter(session, house.clerk, new)


def test_a_line_entered_wrongly_is_corrected_with_a_reason_that_stands_in_the_register(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    envelope = _entered(session, house, EnvelopeSign.A, Role.SPECIALIST)
    clerk, leader = client_for(app, "a_clerk"), client_for(app, "a_leader")
    address = f"/incoming/envelopes/{envelope.id}"
    typed = {"sign": "B", "sender": "Công an tỉnh", "code": "12/CAT", "to_id": house.posts[Role.LEADER].id}
    assert address in clerk.get("/incoming/envelopes").get_data(as_text=True)
    assert 'value="12/CAT"' in clerk.get(address).get_data(as_text=True)
    assert leader.get(address).status_code == 403
    unsaid = clerk.post(address, data=typed | {"reason": ""})
    assert unsaid.status_code == 422
    same = clerk.post(address, data={
        "sign": "A", "sender": "Công an tỉnh", "code": "12/CAT", "to_id": envelope.to_id, "reason": "Nhầm người nhận",
    })  # fmt: skip
    assert (same.status_code, "Chưa có gì thay đổi" in same.get_data(as_text=True)) == (422, True)
    assert clerk.post(address, data=typed | {"reason": "Ghi nhầm người nhận"}).status_code == 303
    session.expire_all()
    before = house.posts[Role.SPECIALIST].label
    assert (envelope.number, envelope.sign, envelope.to_id) == (
        1,
        EnvelopeSign.B,
        house.posts[Role.LEADER].id,
    )
    register = clerk.get("/incoming/envelopes").get_data(as_text=True)
    for words in ("Ghi nhầm người nhận", f"người nhận trước ghi: {before}", "dấu trên bì trước ghi: A"):
        assert words in html.unescape(register)
    entry = audit.history(session, envelope)[0]
    assert (entry.action, entry.details["reason"]) == (envelopes.CORRECTED, "Ghi nhầm người nhận")
    assert envelopes.listing(session, house.specialist).rows == [], "it is not his any more"
    assert leader.post(f"{address}/receive").status_code == 303
    assert clerk.post(address, data=typed | {"sender": "Sở Y tế", "reason": "Nhầm"}).status_code == 409
    assert address + '"' not in clerk.get("/incoming/envelopes").get_data(as_text=True)


def test_a_line_entered_twice_is_made_void_and_stays_under_its_number(session: Session, app: Flask) -> None:
    house = province(session).a
    envelope = _entered(session, house, EnvelopeSign.C, Role.LEADER)
    with pytest.raises(envelopes.EnteredAlready):  # the same form once more
        _entered(session, house, EnvelopeSign.C, Role.LEADER)
    with clock.freeze(clock.now() + timedelta(minutes=2)):
        twice = _entered(session, house, EnvelopeSign.C, Role.LEADER)
    clerk, leader = client_for(app, "a_clerk"), client_for(app, "a_leader")
    address = f"/incoming/envelopes/{twice.id}"
    assert clerk.post(f"{address}/void", data={"void_reason": " "}).status_code == 422
    assert leader.post(f"{address}/void", data={"void_reason": "Ghi hai lần"}).status_code == 403
    assert clerk.post(f"{address}/void", data={"void_reason": "Ghi hai lần"}).status_code == 303
    assert clerk.post(f"{address}/void", data={"void_reason": "Ghi hai lần"}).status_code == 409
    page = clerk.get("/incoming/envelopes").get_data(as_text=True)
    assert "Đã hủy dòng" in page
    assert "Ghi hai lần" in page
    assert leader.post(f"{address}/receive").status_code == 409
    assert envelopes.count_waiting(session, house.leader) == 1
    assert [one.id for one in succession.envelopes_of(session, house.posts[Role.LEADER])] == [envelope.id]
    session.expire_all()
    assert audit.history(session, twice)[0].details["reason"] == "Ghi hai lần"
    with clock.freeze(clock.now() + timedelta(minutes=4)):
        assert _entered(session, house, EnvelopeSign.C, Role.LEADER).number == 3
    today = clock.today()
    printed = books.rows(session, Span(Form.ENVELOPES, house.agency.id, today, today))
    assert [row[0] for row in printed] == [f"{number}/{today.year}" for number in (1, 2, 3)]
    assert printed[1][-1].endswith("Ghi hai lần")


def test_a_secret_goes_into_the_hands_of_no_administrator(session: Session, app: Flask) -> None:
    house = province(session).a
    for sign in (EnvelopeSign.A, EnvelopeSign.B, EnvelopeSign.C):
        with pytest.raises(envelopes.NotForSecrets):
            _entered(session, house, sign, Role.ADMINISTRATOR)
        session.rollback()
    assert _entered(session, house, EnvelopeSign.NAMED, Role.ADMINISTRATOR).number == 1
    page = client_for(app, "a_clerk").get("/incoming/envelopes").get_data(as_text=True)
    every, named = page.split('label="Chỉ nhận bì đích danh"')
    admin = f'value="{house.posts[Role.ADMINISTRATOR].id}"'
    assert (admin in every, admin in named) == (False, True)


def test_who_stands_in_for_the_addressee_takes_an_envelope_over_but_none_for_him_alone(
    session: Session, app: Flask
) -> None:
    house = province(session).a
    usual, named = (
        _entered(session, house, sign, Role.UNIT_HEAD) for sign in (EnvelopeSign.C, EnvelopeSign.NAMED)
    )
    specialist, days = client_for(app, "a_specialist"), clock.today()
    assert specialist.post(f"/incoming/envelopes/{usual.id}/receive").status_code == 404
    head, stand_in = house.posts[Role.UNIT_HEAD], house.posts[Role.SPECIALIST]
    absences.record(session, house.head, NewAbsence(head.id, stand_in.id, days, days, "Đi công tác"))
    page = specialist.get("/incoming/envelopes").get_data(as_text=True)
    assert f"/incoming/envelopes/{usual.id}/receive" in page
    assert f"/incoming/envelopes/{named.id}/receive" not in page
    assert specialist.post(f"/incoming/envelopes/{named.id}/receive").status_code == 404
    assert "Nhận từ văn thư" in specialist.get("/").get_data(as_text=True)
    assert specialist.post(f"/incoming/envelopes/{usual.id}/receive").status_code == 303
    session.expire_all()
    assert usual.received_by == f"{stand_in.person.full_name}, Chuyên viên (thay {head.person.full_name})"
    assert named.received_at is None


@pytest.mark.slow
def test_of_a_sealed_file_the_officer_decides_whether_it_is_opened_again_or_destroyed(
    session: Session, app: Flask
) -> None:
    place = province(session)
    house = place.a
    papers = [steps.received(session, house) for _number in range(2)]
    with transaction(session):
        for paper in papers:
            documents.seal(session, system_actor(house.agency.id), paper.files[0])
            publish(session, SecretFound(paper.files[0].id))
    clerk, chief = client_for(app, "a_clerk"), client_for(app, "a_chief_of_office")
    no_secret, secret = (paper.files[0] for paper in papers)
    assert clerk.get(f"/files/{no_secret.id}").status_code == 404
    assert clerk.post(f"/incoming/sealed/{no_secret.id}").status_code == 403
    with pytest.raises(NotFound):
        sealed.decide(session, place.b.chief, secret.id, secret=True)
    assert "Tệp bị niêm phong" in chief.get("/").get_data(as_text=True)
    assert chief.post(f"/incoming/sealed/{no_secret.id}").status_code == 303
    assert chief.post(f"/incoming/sealed/{secret.id}", data={"destroy": 1}).status_code == 303
    late = chief.post(f"/incoming/sealed/{secret.id}")
    assert late.status_code == 409
    session.expire_all()
    assert clerk.get(f"/files/{no_secret.id}").status_code == 200
    assert clerk.get(f"/files/{secret.id}").status_code in (404, 410)
    assert (papers[0].reason, no_secret.cleared_by, secret.is_open) == ("", house.chief.name, False)
