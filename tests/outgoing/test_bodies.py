"""Councils, committees and task forces of an agency issue and number under their own name (Appendix I, II.3.a)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, NotFound
from eoffice.core.permissions import Actor
from eoffice.directory.models import AdvisoryBody, Merger
from eoffice.directory.takers import Takers
from eoffice.documents import bodies, formcheck, registers
from eoffice.documents.bodies import NewBody
from eoffice.documents.closing import KindTaken, NewRegister
from eoffice.documents.fields import guess_fields
from eoffice.documents.models import Direction, FileRole
from eoffice.documents.pages import page_text
from eoffice.outgoing import operations, service, succession
from eoffice.outgoing.drafting import Missing, decided_by
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State
from eoffice.reports import queries as reports
from eoffice.reports import service as books
from tests.factories import Province
from tests.outgoing import drafts
from tests.web import client_for

pytestmark = pytest.mark.postgres

NAME = "Ban Chỉ đạo phòng, chống thiên tai"
DECISION = "Quyết định số 20/QĐ-SNNMT ngày 05/01/2026"
TITLE = "TM. Ban Chỉ đạo\nTrưởng ban"


def _body(session: Session, place: Province, **changes: str) -> AdvisoryBody:
    fields = {"name": NAME, "abbreviation": "BCĐPCTT", "decision": DECISION}
    return bodies.add(session, place.a.chief, NewBody(**fields | changes))


def _draft(session: Session, place: Province, body: AdvisoryBody, **changes: Any) -> OutgoingDocument:
    return drafts.draft(session, place, **{"body_id": body.id, "body_title": TITLE} | changes)


def _number(session: Session, actor: Actor, document: OutgoingDocument, day: date | None = None) -> int:
    with transaction(session):
        operations.give_number(session, actor, document, day or clock.today())
    assert document.register_number is not None
    return document.register_number


@pytest.mark.slow
def test_requirement_04_an_advisory_body_numbers_its_documents_in_a_series_of_its_own(
    session: Session, place: Province
) -> None:
    body = _body(session, place)
    own = drafts.draft(session, place)
    theirs = [_draft(session, place, body) for _ in range(2)]
    clerk = place.a.clerk
    assert _number(session, clerk, own) == 1
    assert [_number(session, clerk, one) for one in theirs] == [1, 2]
    assert _number(session, clerk, drafts.draft(session, place)) == 2
    assert [one.code for one in theirs] == ["01/BCĐPCTT-KHTC", "02/BCĐPCTT-KHTC"]
    year = clock.today().year
    lines = {line.register.code: line.register for line in reports.lines(session, place.a.chief, year)}
    assert (lines["TV-BCDPCTT"].name, lines["TV-BCDPCTT"].last_number) == (f"{NAME} {year}", 2)


def test_named_kinds_of_the_agency_do_not_draw_a_bodys_documents_into_their_register(
    session: Session, place: Province
) -> None:
    body = _body(session, place)
    decision = _draft(session, place, body, kind_code="QD", recipients=())
    _number(session, place.a.clerk, drafts.draft(session, place, kind_code="QD", recipients=()))
    assert _number(session, place.a.clerk, decision) == 1
    assert decision.code == "01/QĐ-BCĐPCTT"


def test_the_series_of_a_body_starts_again_with_the_year(session: Session, place: Province) -> None:
    body = _body(session, place)
    first, second = (_draft(session, place, body) for _ in range(2))
    _number(session, place.a.clerk, first)
    turn = clock.day_start(date(clock.today().year + 1, 1, 1)) + timedelta(hours=8)
    with clock.freeze(turn):
        assert _number(session, place.a.clerk, second) == 1


def test_the_head_may_split_a_bodys_series_or_begin_it_after_a_number(
    session: Session, place: Province
) -> None:
    body, year = _body(session, place), clock.today().year
    new = NewRegister(year, Direction.OUT, "BCD", "Sổ Ban Chỉ đạo", (), 40, DECISION, body.id)
    books.open_register(session, place.a.chief, new)
    assert _number(session, place.a.clerk, _draft(session, place, body)) == 41
    with pytest.raises(KindTaken):
        books.open_register(session, place.a.chief, NewRegister(**vars(new) | {"code": "BCD2"}))
    with pytest.raises(bodies.WrongBody):
        incoming = {"code": "BCD3", "direction": Direction.IN}
        books.open_register(session, place.a.chief, NewRegister(**vars(new) | incoming))
    agencys = registers.register_for(session, place.a.agency.id, Direction.OUT, "CV", year)
    assert agencys.body_id is None


def test_the_page_names_the_body_under_its_agency_and_the_signers_title_in_it(
    session: Session, place: Province
) -> None:
    body = _body(session, place)
    document = _draft(session, place, body)
    (page,) = page_text(drafts.path(drafts.newest(session, document, FileRole.DRAFT)))
    words = " ".join(" ".join(line.text for line in page.lines).split())
    assert place.a.agency.name.upper() in words
    assert place.a.agency.parent_name not in words
    assert words.index(place.a.agency.name.upper()) < words.index(NAME.upper())
    assert "TM. BAN CHỈ ĐẠO TRƯỞNG BAN" in words
    assert (document.issuer_name, document.issuer_code) == (NAME, place.a.agency.code)
    assert document.authority == "TM. BAN CHỈ ĐẠO\nTRƯỞNG BAN"


@pytest.mark.parametrize(
    "name",
    [NAME, "Hội đồng Thi đua", "Tổ công tác Đề án 06", "Tiểu ban Nội dung", "Đoàn kiểm tra liên ngành 389"],
)
def test_the_form_check_finds_nothing_wrong_with_a_bodys_page_and_who_gets_it_reads_whose_it_is(
    session: Session, place: Province, name: str
) -> None:
    body = _body(session, place, name=name, abbreviation="X1")
    page = drafts.path(drafts.newest(session, _draft(session, place, body), FileRole.DRAFT))
    assert formcheck.lacks(page) == []
    issuer = guess_fields(page_text(page)).issuer
    assert issuer is not None
    assert issuer.value.lower() == name.lower()


def test_a_draft_of_a_body_goes_on_in_the_name_of_the_agency_that_follows(
    session: Session, place: Province
) -> None:
    document = _draft(session, place, _body(session, place))
    merger = Merger(
        agency_id=place.a.agency.id, to_id=place.b.agency.id, on=clock.today(), legal_basis="x",
        planned_at=clock.now(), planned_by="x", posts={
            str(place.a.posts[role].id): place.b.posts[role].id for role in place.a.posts
        },
    )  # fmt: skip
    with transaction(session):
        session.add(merger)
        session.flush()
        takers = Takers(session, merger)
        succession.move(session, place.b.admin, place.a.agency, place.b.agency, takers)
    assert (document.body_id, document.issuer_name) == (None, place.b.agency.name)


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_document_of_a_body_goes_the_whole_way_under_the_agencys_seal(
    session: Session, place: Province
) -> None:
    body = _body(session, place)
    document = drafts.bring(session, place.a, _draft(session, place, body), State.ISSUED)
    assert document.code == "01/BCĐPCTT-KHTC"
    assert document.document_uid.startswith(f"{place.a.agency.code},")


def test_a_draft_changes_into_the_agencys_own_and_back(session: Session, place: Province) -> None:
    body = _body(session, place)
    document = _draft(session, place, body)
    who = place.a.specialist
    service.revise(session, who, document.id, drafts.fields(place), drafts.TEXT)
    assert (document.body, document.issuer_name) == (None, place.a.agency.name)
    assert (document.code_notation, document.authority) == ("SNNMT-KHTC", "GIÁM ĐỐC")
    again = drafts.fields(place, body_id=body.id, body_title=TITLE)
    service.revise(session, who, document.id, again, drafts.TEXT)
    assert (document.body, document.code_notation) == (body, "BCĐPCTT-KHTC")


def test_the_page_needs_the_signers_title_in_the_body(session: Session, place: Province) -> None:
    with pytest.raises(Missing) as refused:
        _draft(session, place, _body(session, place), body_title=" ")
    assert refused.value.field == "body_title"


def test_nothing_is_drafted_for_a_body_of_others_or_one_that_has_ended(
    session: Session, place: Province
) -> None:
    body = _body(session, place)
    under_way = _draft(session, place, body)
    other = bodies.add(session, place.b.chief, NewBody("Hội đồng thẩm định giá", "HĐTĐG", DECISION))
    with pytest.raises(bodies.WrongBody):
        _draft(session, place, other)
    with pytest.raises(NotFound):
        bodies.end(session, place.b.chief, body.id)
    bodies.end(session, place.a.chief, body.id)
    with pytest.raises(bodies.WrongBody):
        _draft(session, place, body)
    with pytest.raises(bodies.EndedAlready):
        bodies.end(session, place.a.chief, body.id)
    assert _number(session, place.a.clerk, under_way) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": " "}, bodies.NeedsName),
        ({"abbreviation": ""}, bodies.WrongAbbreviation),
        ({"abbreviation": "BCĐ 389"}, bodies.WrongAbbreviation),
        ({"abbreviation": "BCĐ-389"}, bodies.WrongAbbreviation),
        ({"abbreviation": "SNNMT"}, bodies.AbbreviationTaken),
        ({"abbreviation": "HĐTĐ"}, bodies.AbbreviationTaken),
        ({"decision": ""}, bodies.NeedsDecision),
    ],
)
def test_a_body_that_could_not_be_told_apart_is_refused(
    session: Session, place: Province, changes: dict[str, str], error: type[Exception]
) -> None:
    ended = _body(session, place, name="Hội đồng thi đua", abbreviation="HDTD")
    bodies.end(session, place.a.chief, ended.id)
    with pytest.raises(error):
        _body(session, place, **changes)


def test_only_who_opens_registers_sets_a_body_up(session: Session, place: Province) -> None:
    with pytest.raises(Forbidden):
        bodies.add(session, place.a.specialist, NewBody(NAME, "BCĐPCTT", DECISION))


@pytest.mark.parametrize(
    ("authority", "name", "decides"),
    [
        (["TM. HỘI ĐỒNG", "CHỦ TỊCH"], "Hội đồng thi đua", "HỘI ĐỒNG THI ĐUA"),
        (["TRƯỞNG BAN"], "Ban Chỉ đạo 389", "TRƯỞNG BAN CHỈ ĐẠO 389"),
        (["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "Hội đồng thi đua", "CHỦ TỊCH HỘI ĐỒNG THI ĐUA"),
        (["TỔ TRƯỞNG"], "Tổ công tác 06", "TỔ TRƯỞNG TỔ CÔNG TÁC 06"),
    ],
)
def test_a_decision_of_a_body_says_whose_it_is(authority: Sequence[str], name: str, decides: str) -> None:
    assert decided_by(AdvisoryBody(name=name), "\n".join(authority)) == decides


@pytest.mark.slow
def test_a_chief_of_office_enters_a_body_and_a_drafter_finds_it_in_the_form(
    app: Flask, session: Session, place: Province
) -> None:
    chief, drafter = client_for(app, "a_chief_of_office"), client_for(app, "a_specialist")
    assert "body_id" not in drafter.get("/outgoing/new").text
    sent = chief.post(
        "/registers/bodies", data={"name": NAME, "abbreviation": "BCĐPCTT", "decision": DECISION}
    )
    assert sent.status_code == 303
    assert NAME in chief.get("/registers/bodies").text
    assert NAME in chief.get("/registers/new").text
    form = drafter.get("/outgoing/new").text
    assert NAME in form
    assert "body_title" in form
    (body,) = bodies.every(session, place.a.agency.id)
    document = _draft(session, place, body)
    assert "TM. BAN CHỈ ĐẠO" in drafter.get(f"/outgoing/{document.id}/edit").text
    assert "Ban hành dưới danh nghĩa" in drafter.get(f"/outgoing/{document.id}").text
    assert chief.post(f"/registers/bodies/{body.id}/end").status_code == 303
    refused = chief.post("/registers/bodies", data={"name": "", "abbreviation": "X", "decision": ""})
    assert refused.status_code == 422
