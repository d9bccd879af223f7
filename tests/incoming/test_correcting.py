"""What was entered wrongly in the register is corrected or made void, and the register keeps what stood there."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Forbidden, InvalidTransition, NotFound
from eoffice.core.events import publish
from eoffice.core.permissions import system_actor
from eoffice.directions import queries as directions
from eoffice.directions.operations import Named
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents import registers
from eoffice.documents.events import SecretFound
from eoffice.documents.models import Direction, LinkKind, RegisterEntry
from eoffice.gateway import changes
from eoffice.gateway.models import Asked, Report
from eoffice.incoming import correcting, passing, sealed, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import Missing
from eoffice.incoming.passing import Onward
from eoffice.incoming.states import Doubt, State
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.states import State as Stage
from eoffice.reports import books
from tests.factories import House, Province, province
from tests.incoming import steps
from tests.incoming.test_axis import arrive
from tests.incoming.test_wanted_back import ask
from tests.web import client_for

WHY = "Ghi nhầm số"


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def line(session: Session, document: IncomingDocument) -> RegisterEntry:
    """Of the register, void or not."""
    query = sa.select(RegisterEntry).where(RegisterEntry.document_id == document.id)
    return session.scalars(query.order_by(RegisterEntry.id.desc())).first()  # type: ignore[return-value]


def close(session: Session, house: House, document: IncomingDocument) -> None:
    """Bind the register the document stands in."""
    with transaction(session):
        line(session, document).register.closed_at = clock.now()


def test_the_clerk_corrects_a_line_and_register_and_history_keep_what_stood_there(
    session: Session, place: Province
) -> None:
    house = place.a
    document = steps.registered(session, house, code_number="abc")
    number = document.register_number
    correcting.correct(session, house.clerk, document.id, steps.entry(subject="Về việc khác"), WHY)
    assert (document.code_number, document.subject, document.register_number) == (
        "86", "Về việc khác", number,
    )  # fmt: skip
    note = line(session, document).note
    assert note.startswith(f"Sửa {clock.today():%d/%m/%Y}, {house.clerk.name}: {WHY}\n")
    assert "trước ghi số, ký hiệu: abc/TTr-UBND" in note
    [found] = queries_by_words(session, house, "khac")
    assert found == document.id, "it is found by its new words"


def queries_by_words(session: Session, house: House, words: str) -> list[int]:
    """Documents found by these folded words."""
    from eoffice.search import queries as search  # the feature above, as people find it
    from eoffice.search.query import Question

    return [row.id for row in search.find(session, house.clerk, Question(text=words)).rows]


def test_the_printed_register_says_what_was_corrected(session: Session, place: Province) -> None:
    document = steps.registered(session, place.a, code_number="abc")
    correcting.correct(session, place.a.clerk, document.id, steps.entry(), WHY)
    assert WHY in books._note(line(session, document), document)
    correcting.strike(session, place.a.clerk, document.id, "Gửi nhầm cơ quan")
    told = books._note(line(session, document), document)
    assert WHY in told
    assert told.endswith("Hủy số: Gửi nhầm cơ quan")


@pytest.mark.parametrize(
    ("changes", "why", "problem"),
    [
        ({}, WHY, correcting.NothingChanged),
        ({"code_number": "87"}, " ", correcting.WhyCorrected),
        ({"subject": " "}, WHY, Missing),
    ],
)
def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(
    session: Session, place: Province, changes: dict[str, object], why: str, problem: type[AppError]
) -> None:
    document = steps.registered(session, place.a)
    with pytest.raises(problem):
        correcting.correct(session, place.a.clerk, document.id, steps.entry(**changes), why)
    session.refresh(document)
    assert (document.code_number, line(session, document).note) == ("86", "")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLERK])
def test_only_the_clerk_corrects_and_strikes_out(session: Session, place: Province, role: Role) -> None:
    document, actor = steps.registered(session, place.a), place.a.actors[role]
    for deed in (
        lambda: correcting.correct(session, actor, document.id, steps.entry(code_number="9"), WHY),
        lambda: correcting.strike(session, actor, document.id, WHY),
    ):
        with pytest.raises((Forbidden, NotFound)):
            deed()
    with pytest.raises(NotFound):
        correcting.strike(session, place.b.clerk, document.id, WHY)


def test_what_stands_in_a_closed_register_stays(session: Session, place: Province) -> None:
    document = steps.registered(session, place.a)
    close(session, place.a, document)
    for deed in (
        lambda: correcting.correct(session, place.a.clerk, document.id, steps.entry(code_number="9"), WHY),
        lambda: correcting.strike(session, place.a.clerk, document.id, WHY),
    ):
        with pytest.raises(registers.RegisterClosed):
            deed()


def test_a_kind_with_its_own_register_is_registered_there_anew(session: Session, place: Province) -> None:
    house = place.a
    document = steps.registered(session, house)
    with transaction(session):
        registers.open_register(
            session, house.leader, house.agency.id, clock.today().year, Direction.IN, "DON", "Đơn, thư",
            kind_codes=["DON"],
        )  # fmt: skip
    with pytest.raises(correcting.OtherRegister) as refused:
        correcting.correct(session, house.clerk, document.id, steps.entry(kind_code="DON"), WHY)
    assert refused.value.field == "kind_code"
    assert "Đơn, thư" in str(refused.value)


def open_for(session: Session, house: House, code: str, name: str) -> None:
    """A register of incoming documents of one kind, by the head's decision."""
    with transaction(session):
        registers.open_register(
            session, house.leader, house.agency.id, clock.today().year, Direction.IN, code, name, kind_codes=[code]
        )  # fmt: skip


def test_a_line_that_stood_before_its_kind_had_a_register_is_corrected_where_it_stands(
    session: Session, place: Province
) -> None:
    document = steps.registered(session, place.a)
    open_for(session, place.a, document.kind_code, "Tờ trình")
    correcting.correct(session, place.a.clerk, document.id, steps.entry(subject="Về việc khác"), WHY)
    assert document.subject == "Về việc khác"


def test_a_number_of_one_kinds_register_is_kept_for_no_other_kind(session: Session, place: Province) -> None:
    open_for(session, place.a, "DON", "Đơn, thư")
    document = steps.registered(session, place.a, kind_code="DON")
    with pytest.raises(correcting.OtherRegister):
        correcting.correct(session, place.a.clerk, document.id, steps.entry(), WHY)


def test_nothing_is_corrected_to_have_come_after_it_was_registered(session: Session, place: Province) -> None:
    document = steps.registered(session, place.a)
    with transaction(session):
        line(session, document).dated_on = clock.today() - timedelta(days=1)
    with pytest.raises(correcting.ArrivedAfterEntry) as refused:
        correcting.correct(session, place.a.clerk, document.id, steps.entry(arrived_on=clock.today()), WHY)
    assert refused.value.field == "arrived_on"


def test_what_its_sender_wants_back_is_answered_before_the_line_is_touched(
    session: Session, place: Province
) -> None:
    house = place.a
    document = arrive(session, house)
    service.register(session, house.clerk, document.id, steps.entry())
    ask(session, document, Asked.RECALL)
    with pytest.raises(changes.WantedBack):
        correcting.strike(session, house.clerk, document.id, WHY)
    with pytest.raises(changes.WantedBack):
        correcting.correct(session, house.clerk, document.id, steps.entry(code_number="9"), WHY)
    assert document.state is State.REGISTERED


def test_what_a_certified_copy_was_asked_of_keeps_its_number(session: Session, place: Province) -> None:
    document = steps.registered(session, place.a)
    copy = OutgoingDocument(
        agency_id=place.a.agency.id, kind_code="SY", subject="Sao y", state=Stage.PERMISSION,
        draft_source=DraftSource.UPLOAD, content={}, created_at=clock.now(), listed_at=clock.now(),
        drafter_id=place.a.posts[Role.CLERK].id, signer_id=place.a.posts[Role.LEADER].id, authority="GIÁM ĐỐC",
        issuer_name="Sở", signer_name="", signer_title="",
    )  # fmt: skip
    with transaction(session):
        session.add(copy)
        session.flush()
        documents.link(session, place.a.clerk, copy, document, LinkKind.COPIES)
    with pytest.raises(correcting.Copied):
        correcting.strike(session, place.a.clerk, document.id, WHY)
    with transaction(session):
        copy.state = Stage.REFUSED
    correcting.strike(session, place.a.clerk, document.id, WHY)


def test_of_what_was_registered_the_bytes_stay_though_the_scan_is_discarded(
    session: Session, place: Province
) -> None:
    document = steps.registered(session, place.a)
    correcting.strike(session, place.a.clerk, document.id, "Quét hai lần")
    service.discard(session, place.a.clerk, document.id, "Quét hai lần")
    assert document.state is State.DISCARDED
    assert all(file.destroyed_at is None for file in document.files)


def test_a_recall_takes_from_the_register_what_stood_there_before_it_was_corrected(
    session: Session, place: Province
) -> None:
    document = arrive(session, place.a)
    service.register(session, place.a.clerk, document.id, steps.entry(subject="Về việc cũ"))
    correcting.correct(session, place.a.clerk, document.id, steps.entry(accept_duplicate=True), WHY)
    assert "Về việc cũ" in line(session, document).note
    ask(session, document, Asked.RECALL)
    service.answer_sender(session, place.a.clerk, document.id, agree=True, note="Đồng ý")
    told = line(session, document).note
    assert WHY in told
    assert "Về việc cũ" not in told


def test_the_deadline_of_what_was_directed_is_the_leaders(session: Session, place: Province) -> None:
    document, task = steps.forwarded(session, place.a)
    due = task.due_on
    later = steps.entry(code_number="87", due_on=clock.today() + timedelta(days=99))
    correcting.correct(session, place.a.clerk, document.id, later, WHY)
    assert (document.code_number, document.due_on) == ("87", due)


def test_a_struck_registration_leaves_its_number_used_and_the_document_is_registered_anew(
    session: Session, place: Province
) -> None:
    house = place.a
    document = steps.submitted(session, house)
    first = document.register_number
    correcting.strike(session, house.clerk, document.id, "Vào nhầm văn bản")
    assert (document.state, document.reason, document.register_number) == (State.CHECK, Doubt.STRUCK, None)
    assert document.submitted_to_id is None
    assert line(session, document).void_reason == "Vào nhầm văn bản"
    again = service.register(session, house.clerk, document.id, steps.entry(accept_duplicate=True))
    assert again.register_number == (first or 0) + 1


def test_what_was_struck_out_goes_back_to_its_sender_or_is_registered_anew_without_a_word_that_answers_a_recall(
    session: Session, place: Province
) -> None:
    house = place.a
    entry = steps.entry(accept_duplicate=True)
    for again in (True, False):
        document = arrive(session, house)
        service.register(session, house.clerk, document.id, entry)
        correcting.strike(session, house.clerk, document.id, "Vào nhầm sổ")
        if again:
            service.register(session, house.clerk, document.id, entry)
        else:
            service.return_document(session, house.clerk, document.id, "Gửi nhầm cơ quan")
        query = sa.select(Report).where(Report.arrival.has(document_id=document.id)).order_by(Report.id)
        told = [(one.code, one.description) for one in session.scalars(query)]
        assert [code for code, _ in told].count("03") == 1, "a second one would agree to a recall on its way"
        assert (told[-1] == ("02", "Gửi nhầm cơ quan")) is not again


def test_what_others_have_by_its_number_is_not_struck_out(session: Session, place: Province) -> None:
    house = place.a
    document = arrive(session, house)
    service.register(session, house.clerk, document.id, steps.entry(accept_duplicate=True))
    passing.pass_on(session, house.clerk, document.id, Onward(agencies=[place.outside.code]))
    with pytest.raises(correcting.PassedOn):
        correcting.strike(session, house.clerk, document.id, WHY)
    directed, _task = steps.forwarded(session, house)
    with pytest.raises(InvalidTransition):
        correcting.strike(session, house.clerk, directed.id, WHY)


def test_a_paper_with_the_mark_of_a_secret_is_registered_only_after_the_officer_has_cleared_it(
    session: Session, place: Province, app: Flask
) -> None:
    house = place.a
    document = steps.received(session, house)
    with transaction(session):
        documents.seal(session, system_actor(house.agency.id), document.files[0])
        document.state, document.reason = State.CHECK, Doubt.SECRET
    with pytest.raises(service.SecretNotEntered):
        service.register(session, house.clerk, document.id, steps.entry())
    clerk = client_for(app, "a_clerk")
    assert f"/incoming/{document.id}/register" not in clerk.get(f"/incoming/{document.id}").text
    sealed.decide(session, house.chief, document.files[0].id, secret=False)
    service.register(session, house.clerk, document.id, steps.entry())
    assert document.state is State.REGISTERED


def test_a_paper_that_waits_for_another_reason_is_held_by_the_mark_of_a_secret_too(
    session: Session, place: Province
) -> None:
    house = place.a
    document = steps.registered(session, house)
    correcting.strike(session, house.clerk, document.id, "Vào nhầm sổ")
    with transaction(session):
        documents.seal(session, system_actor(house.agency.id), document.files[0])
        publish(session, SecretFound(document.files[0].id))
    with pytest.raises(service.SecretNotEntered):
        service.register(session, house.clerk, document.id, steps.entry(accept_duplicate=True))


def test_why_a_paper_waits_is_said_beside_the_mark_of_a_secret_and_after_it_was_cleared(
    session: Session, place: Province, app: Flask
) -> None:
    house = place.a
    document = steps.WAYS[State.CHECK](session, house)
    with transaction(session):
        documents.seal(session, system_actor(house.agency.id), document.files[0])
        publish(session, SecretFound(document.files[0].id))
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}").text
    assert "Chữ ký không chứng minh được tệp này." in page
    assert "Hãy chuyển cho người làm công tác bảo vệ bí mật nhà nước xác định" in page
    sealed.decide(session, house.chief, document.files[0].id, secret=False)
    assert (document.state, document.reason) == (State.CHECK, Doubt.SIGNATURE)


def test_who_was_to_read_what_is_struck_out_is_asked_no_more(session: Session, place: Province) -> None:
    house = place.a
    document = steps.registered(session, house)
    passing.pass_on(session, house.clerk, document.id, Onward(named=(Named(unit_id=house.unit.id),)))
    assert directions.to_read(session, house.head) != []
    correcting.strike(session, house.clerk, document.id, "Vào nhầm văn bản")
    assert directions.to_read(session, house.head) == []


def test_the_page_says_what_becomes_of_the_file_of_what_has_stood_in_the_register(
    session: Session, place: Province, app: Flask
) -> None:
    document = steps.registered(session, place.a)
    correcting.strike(session, place.a.clerk, document.id, "Quét hai lần")
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}").text
    assert "Tệp bị xóa" not in page
    assert "tệp được giữ lại" in page


def test_the_pages_correct_and_strike_out(session: Session, place: Province, app: Flask) -> None:
    document = steps.registered(session, place.a, code_number="abc")
    clerk, page = client_for(app, "a_clerk"), f"/incoming/{document.id}"
    assert f"{page}/correct" in clerk.get(page).text
    form = clerk.get(f"{page}/correct").text
    assert 'value="abc"' in form
    entry = steps.entry()
    typed = {
        "code_number": entry.code_number, "code_notation": entry.code_notation, "kind_code": entry.kind_code,
        "issued_on": f"{entry.issued_on:%d/%m/%Y}", "issuer_name": entry.issuer_name, "subject": entry.subject,
        "arrived_on": f"{clock.today():%d/%m/%Y}", "urgency": "0", "due_on": f"{entry.due_on:%d/%m/%Y}",
        "signer_name": entry.signer_name, "signer_title": entry.signer_title,
    }  # fmt: skip
    refused = clerk.post(f"{page}/correct", data=typed)
    assert refused.status_code == 422
    assert 'value="86"' in refused.text, "what was typed stays"
    assert clerk.post(f"{page}/correct", data=typed | {"reason": WHY}).status_code == 303
    assert "abc/TTr-UBND → 86/TTr-UBND" in clerk.get(page).text
    assert clerk.post(f"{page}/strike", data={"strike_reason": "Gửi nhầm"}).status_code == 303
    shown = clerk.get(page).text
    assert "đã bị hủy số" in shown
    assert clerk.get(f"{page}/correct").status_code == 409
    leader = client_for(app, "a_leader")
    assert leader.get(f"{page}/correct").status_code == 403
    session.expire_all()
    assert document.state is State.CHECK
