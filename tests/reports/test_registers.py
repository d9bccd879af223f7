"""Registers as an office keeps them: opened by decision, taken over in mid-year, printed, closed, signed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.core import clock, jobs
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import Forbidden, NotFound, TooLong
from eoffice.core.permissions import system_actor
from eoffice.documents import closing, registers
from eoffice.documents.closing import NewRegister
from eoffice.documents.models import Direction, Register, RegisterEntry
from eoffice.documents.pages import page_text
from eoffice.outgoing import issuing, operations
from eoffice.outgoing.states import State as OutgoingState
from eoffice.reports import binding, queries, service
from eoffice.signatures import checking
from eoffice.signatures.errors import WrongPin
from signing.report import Verdict
from tests.factories import PIN, Province, province
from tests.incoming import steps as incoming
from tests.locks import somebody_waits
from tests.outgoing import drafts
from tests.signatures.keys import equip
from tests.web import client_for

DECISION = "Quyết định số 15/QĐ-SNNMT ngày 02/01/2026"


@pytest.fixture
def place(session: Session) -> Province:
    """Two agencies with registers."""
    return province(session)


def _register(session: Session, place: Province, code: str = "DEN") -> Register:
    query = sa.select(Register).where(Register.agency_id == place.a.agency.id, Register.code == code)
    return session.scalars(query).one()


# Opening numbers


def test_a_change_over_in_mid_year_goes_on_after_the_number_the_head_decided(
    session: Session, place: Province
) -> None:
    register = _register(session, place)
    service.set_opening(session, place.a.chief, register.id, 1234, DECISION)
    document = incoming.registered(session, place.a)
    assert (document.register_number, register.decision) == (1235, DECISION)
    with pytest.raises(closing.NumbersGiven):
        service.set_opening(session, place.a.chief, register.id, 2000, DECISION)


def test_no_opening_number_without_the_heads_decision(session: Session, place: Province) -> None:
    register = _register(session, place)
    with pytest.raises(closing.NeedsDecision):
        service.set_opening(session, place.a.chief, register.id, 5, "  ")
    with pytest.raises(Forbidden):
        service.set_opening(session, place.a.clerk, register.id, 5, DECISION)
    with pytest.raises(NotFound):
        service.set_opening(session, place.b.chief, register.id, 5, DECISION)


def _new(**changes: object) -> NewRegister:
    fields: dict[str, object] = {
        "year": clock.today().year, "direction": Direction.OUT, "code": "SY", "name": "Bản sao",
        "kind_codes": ("BC",), "decision": DECISION,
    }  # fmt: skip
    return NewRegister(**fields | changes)  # type: ignore[arg-type]  # named by the test


def test_the_head_opens_a_register_for_one_kind_and_it_numbers_that_kind(
    session: Session, place: Province
) -> None:
    made = service.open_register(session, place.a.chief, _new(code="bc", opening_number=7))
    chosen = registers.register_for(session, place.a.agency.id, Direction.OUT, "BC", made.year)
    assert (chosen.id, chosen.code, chosen.last_number) == (made.id, "BC", 7)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "SỔ 1"}, closing.WrongCode),
        ({"code": "CV"}, closing.CodeTaken),
        ({"kind_codes": ("CV",)}, closing.KindTaken),
        ({"kind_codes": ()}, closing.KindTaken),
        ({"decision": ""}, closing.NeedsDecision),
        ({"opening_number": -1}, closing.WrongOpening),
    ],
)
def test_a_register_that_contradicts_another_is_refused(
    session: Session, place: Province, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        service.open_register(session, place.a.chief, _new(**changes))


def test_who_is_refused_for_a_closed_register_is_told_of_no_deed_that_has_nothing_to_do_with_it(
    session: Session, place: Province, app: Flask
) -> None:
    house = place.a
    equip(session, house)
    letter = drafts.bring(session, house, drafts.draft(session, place), OutgoingState.NUMBERING)
    with transaction(session):
        letters = registers.register_for(session, house.agency.id, Direction.OUT, "CV", clock.today().year)
        closing.close(session, house.chief, letters, "Quyết định 9/QĐ-SNNMT")
    refused = client_for(app, "a_clerk").post(f"/outgoing/{letter.id}/number")
    assert refused.status_code == 409
    assert "đã đóng" in refused.text
    assert "Chưa thực hiện" in refused.text
    assert f"{house.leader.name}, " not in refused.text.partition("Chưa thực hiện")[2][:600]


def test_a_register_of_incoming_documents_of_a_kind_hides_no_number_of_outgoing_ones(
    session: Session, place: Province
) -> None:
    house = place.a
    equip(session, house)
    report = drafts.bring(session, house, drafts.draft(session, place, kind_code="BC"), OutgoingState.SEALING)
    others = registers.register_for(session, house.agency.id, Direction.OUT, "BC", clock.today().year)
    assert report.register_number == others.last_number == 1
    with transaction(session):
        closing.close(session, house.chief, others, "Quyết định 9/QĐ-SNNMT")
    service.open_register(
        session, house.chief, _new(code="BCDEN", direction=Direction.IN, kind_codes=("BC",))
    )
    with pytest.raises(closing.GivenElsewhere):
        service.open_register(session, house.chief, _new(code="MOI"))


def test_article_15_no_number_with_its_notation_is_given_twice_in_a_year(
    session: Session, place: Province
) -> None:
    house, year = place.a, clock.today().year
    equip(session, house)
    letter = drafts.bring(session, house, drafts.draft(session, place), OutgoingState.SEALING)
    letters = registers.register_for(session, house.agency.id, Direction.OUT, "CV", year)
    issuing.void_number(session, house.clerk, letter.id, "Cấp nhầm")
    with transaction(session):
        closing.close(session, house.chief, letters, "Quyết định 9/QĐ-SNNMT")
    waiting = drafts.bring(session, house, drafts.draft(session, place), OutgoingState.NUMBERING)
    with pytest.raises(registers.RegisterClosed):  # not from the register for all other kinds
        issuing.give_number(session, house.clerk, waiting.id)
    with pytest.raises(closing.GivenElsewhere, match="Công văn"):
        service.open_register(session, house.chief, _new(code="CV2", kind_codes=("CV",)))
    made = service.open_register(session, house.chief, _new(code="CV2", kind_codes=("CV",), opening_number=1))
    with pytest.raises(closing.GivenElsewhere):
        service.set_opening(session, house.chief, made.id, 0, DECISION)
    issuing.give_number(session, house.clerk, waiting.id)
    assert waiting.code_number == "02"


def test_article_15_a_register_for_all_others_begins_at_01_whatever_kinds_with_their_own_were_given(
    session: Session, place: Province
) -> None:
    house = place.a
    equip(session, house)
    letter = drafts.bring(session, house, drafts.draft(session, place), OutgoingState.SEALING)
    issuing.void_number(session, house.clerk, letter.id, "Cấp nhầm")
    with transaction(session):
        for code in ("CV", "KHAC"):
            closing.close(session, house.chief, _register(session, place, code), "Quyết định 9/QĐ-SNNMT")
    made = service.open_register(session, house.chief, _new(code="KHAC2", kind_codes=()))
    report = drafts.bring(
        session, house, drafts.draft(session, place, kind_code="BC"), OutgoingState.NUMBERING
    )
    assert issuing.give_number(session, house.clerk, report.id).code_number == "01"
    assert made.last_number == 1


def test_article_15_a_number_that_another_document_bears_is_not_given(
    session: Session, place: Province
) -> None:
    house = place.a
    equip(session, house)
    drafts.bring(session, house, drafts.draft(session, place), OutgoingState.SEALING)
    waiting = drafts.bring(session, house, drafts.draft(session, place), OutgoingState.NUMBERING)
    with transaction(session):  # as two series of one notation would, which an older program opened
        session.execute(sa.update(Register).where(Register.code == "CV").values(last_number=0))
        session.execute(sa.text("UPDATE register_entry SET number = 900 + number"))
    with pytest.raises(operations.NumberTaken):
        issuing.give_number(session, house.clerk, waiting.id)
    session.expire_all()
    assert (waiting.state, waiting.register_number) == (OutgoingState.NUMBERING, None)


def test_article_15_no_number_is_given_twice_while_the_head_opens_a_register(
    session: Session, place: Province, worker_database: str
) -> None:
    house = place.a
    equip(session, house)
    letter = drafts.draft(session, place, kind_code="BC")
    document = drafts.bring(session, house, letter, OutgoingState.NUMBERING)

    def open_one() -> Register:
        with new_session(worker_database) as other:
            return service.open_register(other, house.chief, _new())

    with ThreadPoolExecutor(1) as head, transaction(session):
        operations.give_number(session, house.clerk, document, clock.today())
        opened = head.submit(open_one)
        somebody_waits(session)
        session.commit()
        with pytest.raises(closing.GivenElsewhere):
            opened.result(timeout=10)


def test_a_number_given_while_the_head_opens_a_register_is_one_of_that_register(
    session: Session, place: Province, worker_database: str
) -> None:
    house = place.a
    equip(session, house)
    letter = drafts.draft(session, place, kind_code="BC")
    document_id = drafts.bring(session, house, letter, OutgoingState.NUMBERING).id

    def number() -> str:
        with new_session(worker_database) as other:
            return issuing.give_number(other, house.clerk, document_id).code_number

    with ThreadPoolExecutor(1) as clerk, transaction(session):
        closing.open_one(session, house.chief, house.agency.id, _new(opening_number=40))
        session.flush()
        given = clerk.submit(number)
        somebody_waits(session)
        session.commit()
        assert given.result(timeout=10) == "41"


# Closing


def _closed(session: Session, place: Province) -> Register:
    one = _register(session, place)
    return service.close(session, place.a.clerk, one.id, one.last_number, DECISION)


def test_nobody_closes_a_register_at_a_number_he_has_not_seen(session: Session, place: Province) -> None:
    incoming.registered(session, place.a)
    register = _register(session, place)
    seen = register.last_number
    incoming.registered(session, place.a)  # meanwhile, at another desk
    with pytest.raises(service.AnotherLastNumber) as refused:
        service.close(session, place.a.clerk, register.id, seen, DECISION)
    assert refused.value.field == "last_number"
    session.refresh(register)
    assert register.closed_at is None


@pytest.mark.slow
def test_a_book_whose_making_failed_says_so_and_is_set_again(
    app: Flask, session: Session, place: Province
) -> None:
    equip(session, place.a)  # what waits is worked off, checks of files too
    incoming.registered(session, place.a)
    register = _closed(session, place)
    clerk, address = client_for(app, "a_clerk"), f"/registers/{register.id}"
    assert "Đang lập trang sổ" in clerk.get(address).get_data(as_text=True)
    assert clerk.post(f"{address}/binding").status_code == 409
    failed = sa.text("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'reports.bind'")
    with transaction(session):
        session.execute(failed)
    page = clerk.get(address).get_data(as_text=True)
    assert "Chưa lập được trang sổ" in page
    assert "Đang lập trang sổ" not in page
    assert clerk.get(f"{address}/binding").headers["HX-Refresh"] == "true"
    assert client_for(app, "a_specialist").post(f"{address}/binding").status_code == 403
    assert clerk.post(f"{address}/binding").status_code == 303
    jobs.work_off(session)
    assert queries.binding_of(session, register) is queries.Binding.DONE
    assert clerk.post(f"{address}/binding").status_code == 409, "it is there"


def test_a_year_that_is_not_over_is_closed_by_decision_only(session: Session, place: Province) -> None:
    register = _register(session, place)
    with pytest.raises(closing.NeedsDecision):
        service.close(session, place.a.clerk, register.id, 0)
    with pytest.raises(Forbidden):
        service.close(session, place.a.chief, register.id, 0, DECISION)
    with pytest.raises(TooLong):
        service.close(session, place.a.clerk, register.id, 0, "x" * 301)
    register.decision, ending = "a" * 300, "b" * 300
    service.close(session, place.a.clerk, register.id, 0, ending)
    assert register.decision == f"{'a' * 300}; {ending}"
    with pytest.raises(registers.RegisterClosed):
        incoming.registered(session, place.a)
    with pytest.raises(registers.RegisterClosed):
        service.close(session, place.a.clerk, register.id, 0, DECISION)


@pytest.mark.slow
def test_a_register_with_documents_under_way_is_not_closed(session: Session, place: Province) -> None:
    equip(session, place.a)
    drafts.bring(session, place.a, drafts.draft(session, place), drafts.State.SEALING)
    register = _register(session, place, "CV")
    with pytest.raises(service.Unfinished):
        service.close(session, place.a.clerk, register.id, register.last_number, DECISION)


def test_the_proof_finds_a_missing_and_a_back_dated_number(session: Session, place: Province) -> None:
    for _n in range(4):
        incoming.registered(session, place.a)
    register = _register(session, place)
    assert closing.gaps(session, register).sound
    with transaction(session):
        session.execute(sa.delete(RegisterEntry).where(RegisterEntry.number == 2))
        session.execute(
            sa.update(RegisterEntry).where(RegisterEntry.number == 4).values(dated_on=date(2026, 1, 1))
        )
    found = closing.gaps(session, register)
    assert (found.missing, found.back_dated, found.given) == ((2,), (4,), 3)


@pytest.mark.slow
def test_a_closed_register_becomes_a_signed_book_that_says_nothing_is_missing(
    session: Session, place: Province
) -> None:
    equip(session, place.a)
    incoming.registered(session, place.a)
    void = incoming.registered(session, place.a)
    with transaction(session):
        registers.void_number(session, place.a.clerk, void, "Vào sổ hai lần")
    register = _closed(session, place)
    with pytest.raises(service.NotBound):
        service.sign_books(session, place.a.clerk, register.id, PIN)
    jobs.work_off(session)
    jobs.run(session, "reports.bind", register_id=register.id)  # again: nothing more is made
    with pytest.raises(WrongPin):
        service.sign_books(session, place.a.clerk, register.id, "000000")
    (book,) = service.sign_books(session, place.a.clerk, register.id, PIN)
    assert book.signed_sha256 is not None
    path = blobs().path(book.signed_sha256)
    report = checking.check(path)
    assert (report.verdict, len(report.signatures)) == (Verdict.VALID, 1)
    words = " ".join(" ".join(page.text.split()) for page in page_text(path, limit=5))
    assert "Các số hủy: số 2 (Vào sổ hai lần)." in words
    assert "Dãy số liên tục, không thiếu số nào." in words
    assert blobs().read(book.signed_sha256).startswith(blobs().read(book.sha256))


@pytest.mark.slow
def test_a_long_register_fills_several_volumes(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    equip(session, place.a)  # what waits is worked off, checks of files too
    monkeypatch.setattr(binding, "VOLUME", 2)
    for _n in range(3):
        incoming.registered(session, place.a)
    register = _closed(session, place)
    jobs.work_off(session)
    made = queries.books(session, register)
    assert [(one.first_number, one.last_number) for one in made] == [(1, 2), (3, 3)]


# Pages


@pytest.mark.slow
def test_the_pages_lead_from_the_list_to_the_signed_book(
    app: Flask, session: Session, place: Province
) -> None:
    equip(session, place.a)
    incoming.registered(session, place.a)
    register = _register(session, place)
    clerk = client_for(app, "a_clerk")
    assert "Sổ văn bản" in clerk.get("/registers").get_data(as_text=True)
    refused = clerk.post(f"/registers/{register.id}/close", data={"last_number": "1"})
    assert refused.status_code == 422
    assert "Ghi số và ngày quyết định" in refused.get_data(as_text=True)
    assert (
        clerk.post(
            f"/registers/{register.id}/close", data={"decision": DECISION, "last_number": "7"}
        ).status_code
        == 409
    )
    ending = {"decision": DECISION, "last_number": "1"}
    assert clerk.post(f"/registers/{register.id}/close", data=ending).status_code == 303
    assert "HX-Refresh" not in clerk.get(f"/registers/{register.id}/binding").headers
    jobs.work_off(session)
    assert clerk.get(f"/registers/{register.id}/binding").headers["HX-Refresh"] == "true"
    assert clerk.post(f"/registers/{register.id}/sign", data={"pin": "000000"}).status_code == 422
    assert clerk.post(f"/registers/{register.id}/sign", data={"pin": PIN}).status_code == 303
    book = queries.books(session, register)[0]
    got = clerk.get(f"/registers/books/{book.id}.pdf")
    assert (got.mimetype, got.data[:5]) == ("application/pdf", b"%PDF-")
    assert client_for(app, "b_clerk").get(f"/registers/books/{book.id}.pdf").status_code == 404


def test_the_chief_of_office_opens_a_register_on_its_page(
    app: Flask, session: Session, place: Province
) -> None:
    chief = client_for(app, "a_chief_of_office")
    entry = {
        "name": "Báo cáo", "code": "BC", "direction": "out", "year": str(clock.today().year),
        "kind_codes": ["BC"], "opening_number": "12", "decision": DECISION,
    }  # fmt: skip
    assert chief.get("/registers/new").status_code == 200
    assert chief.post("/registers/new", data=entry | {"code": "CV"}).status_code == 409
    assert chief.post("/registers/new", data=entry).status_code == 303
    made = _register(session, place, "BC")
    page = chief.get(f"/registers/{made.id}").get_data(as_text=True)
    assert "Chuyển hệ thống giữa năm" in page
    assert (
        chief.post(
            f"/registers/{made.id}/opening", data={"opening_number": "40", "decision": DECISION}
        ).status_code
        == 303
    )
    session.refresh(made)
    assert made.last_number == 40


@pytest.mark.slow
def test_a_program_reads_the_registers_and_their_proof(app: Flask, session: Session, place: Province) -> None:
    document = incoming.registered(session, place.a)
    token = accounts.make_token(session, system_actor(), "a_clerk", "báo cáo", ["*"])
    client, sent = app.test_client(), {"Authorization": f"Bearer {token}"}
    found = {one["code"]: one for one in client.get("/api/v1/registers", headers=sent).get_json()}
    assert (found["DEN"]["last_number"], found["DEN"]["closed"]) == (1, False)
    base = f"/api/v1/registers/{found['DEN']['id']}"
    assert client.get(f"{base}/proof", headers=sent).get_json()["missing"] == []
    assert client.get(f"{base}/lines", headers=sent).get_json()["rows"][0][2] == document.issuer_name
