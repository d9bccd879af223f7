"""Drafts: their versions, who may do what with them, and what bad input gets."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import AppError, Forbidden, InvalidTransition, NotFound
from eoffice.core.permissions import Actor, allowed, system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Role
from eoffice.documents import pages, recipients
from eoffice.documents import queries as documents
from eoffice.documents.layout.typesetting import MissingGlyph
from eoffice.documents.models import Channel, FileRole, Urgency
from eoffice.outgoing import choosing, drafting, issuing, operations, presenting, queries, service
from eoffice.outgoing.drafting import Text, TooManyOutside
from eoffice.outgoing.forms import Typed
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.queries import Tab
from eoffice.outgoing.workflow import MACHINE, Move, State
from tests.factories import PIN, House, Province
from tests.outgoing.drafts import BODY, TEXT, WAYS, bring, draft, fields, newest, path, take
from tests.web import client_for


def test_a_draft_is_set_to_the_official_layout_and_waits_for_its_drafter(
    session: Session, place: Province
) -> None:
    document = draft(session, place)
    assert (document.state, document.code) == (State.DRAFT, "…/SNNMT-KHTC")
    text = pages.page_text(path(newest(session, document, FileRole.DRAFT)))[0].text
    for words in (
        "SỞ NÔNG NGHIỆP",
        "Kính gửi: Sở Tài chính",
        "V/v hướng dẫn lịch",
        "GIÁM ĐỐC",
        "- Lưu: VT, KHTC.",
    ):
        assert words in text
    assert document.number_box
    assert document.signature_place
    assert [r.code for r in documents.recipients(session, document)] == ["H01.05", "H01.900"]


def test_a_decision_says_who_decides(session: Session, place: Province) -> None:
    document = service.draft_from_template(
        session,
        place.a.specialist,
        fields(place, kind_code="QD", subject="Về việc thành lập Đoàn kiểm tra", recipients=()),
        Text(
            body="Điều 1. Thành lập Đoàn kiểm tra.\nĐiều 2. Đoàn làm việc từ ngày 23 tháng 11.",
            bases=("Căn cứ Luật Thủy lợi",),
        ),
    )
    assert document.code == "…/QĐ-SNNMT"
    text = pages.page_text(path(newest(session, document, FileRole.DRAFT)))[0].text
    assert "GIÁM ĐỐC SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG" in text
    assert "QUYẾT ĐỊNH:" in text


def test_requirement_17_every_version_is_kept(session: Session, place: Province) -> None:
    document = draft(session, place)
    service.revise(session, place.a.specialist, document.id, fields(place, subject="Nội dung mới"), TEXT)
    versions = documents.files(session, document, FileRole.DRAFT)
    assert [file.version_no for file in versions] == [1, 2]
    assert versions[0].sha256 != versions[1].sha256
    assert document.subject == "Nội dung mới"
    bring(session, place.a, document, State.SIGNATURE)
    assert document.approved_by.startswith(place.a.posts[Role.UNIT_HEAD].person.full_name)
    assert document.form_checked_by
    assert document.approved_at is not None
    assert document.form_checked_at is not None
    assert document.approved_at <= document.form_checked_at
    assert [file.version_no for file in documents.files(session, document, FileRole.DRAFT)] == [1, 2]


def test_what_was_approved_counts_no_more_once_it_is_sent_back(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    service.send_back(session, place.a.leader, document.id, "Bổ sung căn cứ")
    assert document.state == State.SENT_BACK
    assert document.approved_at is None
    assert document.form_checked_at is None
    assert "Bổ sung căn cứ" in document.reason
    said = presenting.opinions(audit.history(session, document))
    assert [words for _when, _who, words in said] == ["Bổ sung căn cứ"]
    with pytest.raises(operations.NoteTooShort):
        bring(session, place.a, document, State.APPROVAL)
        service.send_back(session, place.a.head, document.id, " ")


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_a_step_is_taken_back_until_the_next_person_has_acted(session: Session, place: Province) -> None:
    house = place.a
    document = bring(session, house, draft(session, place), State.NUMBERING)
    steps = (
        (house.leader, State.SIGNATURE, "signed_at"),
        (house.chief, State.FORM_CHECK, "form_checked_at"),
        (house.head, State.APPROVAL, "approved_at"),
        (house.specialist, State.DRAFT, "approved_at"),
    )
    for who, back_to, mark in steps:
        service.take_back(session, who, document.id)
        assert document.state == back_to
        assert getattr(document, mark) is None
    bring(session, house, document, State.SEALING)  # and the whole way goes on from there
    for actor in (house.leader, house.clerk):
        with pytest.raises(InvalidTransition):
            service.take_back(session, actor, document.id)


def test_nobody_takes_anothers_step_back(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.FORM_CHECK)
    for actor in (place.a.specialist, place.a.chief, place.a.leader):  # theirs before, or afterwards
        with pytest.raises(InvalidTransition):
            service.take_back(session, actor, document.id)
    with pytest.raises(Forbidden):
        service.take_back(session, place.a.actors[Role.SECRETARY], document.id)
    with pytest.raises(NotFound):
        service.take_back(session, place.b.head, document.id)


def test_requirement_18_a_signature_needs_both_checks_on_record(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    document.form_checked_at = None
    session.commit()
    with pytest.raises(issuing.NotChecked):
        issuing.sign(session, place.a.leader, document.id, PIN)


def test_only_the_head_of_the_drafting_unit_approves(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.APPROVAL)
    with pytest.raises(Forbidden):  # head of another unit of the same agency
        service.approve(session, place.a.chief, document.id)
    with pytest.raises(Forbidden):
        service.approve(session, place.a.specialist, document.id)
    service.approve(session, place.a.head, document.id)
    assert document.approved_by == f"{place.a.head.name}, Trưởng phòng"


def _force(session: Session, document: OutgoingDocument, state: State) -> None:
    """Put the row into a state, past model and workflow."""
    statement = sa.text("UPDATE outgoing_document SET state = :state WHERE id = :id")
    session.execute(statement, {"state": state.value, "id": document.id})
    session.commit()
    session.expire_all()


@pytest.mark.parametrize("state", State)
def test_every_step_that_is_not_in_the_table_is_refused(
    session: Session, place: Province, state: State
) -> None:
    document = draft(session, place)
    _force(session, document, state)
    for step in (step for step in Move if (state, step) not in MACHINE.rules and step is not Move.REVISE):
        with pytest.raises(InvalidTransition):
            take(session, place.a, document.id, step)
    if (state, Move.REVISE) not in MACHINE.rules:
        with pytest.raises(InvalidTransition):
            service.revise(session, place.a.specialist, document.id, fields(place), TEXT)
    session.expire_all()
    assert document.state == state


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_the_table_leads_from_the_draft_to_the_issue(session: Session, place: Province) -> None:
    assert {rule.target for rule in MACHINE.rules.values()} | set(MACHINE.initial) == set(State)
    document = draft(session, place)
    for state, steps in WAYS.items():
        if steps:
            assert take(session, place.a, document.id, steps[-1]).state == state


def _everybody(house: House) -> list[Actor]:
    return list(house.actors.values())


@pytest.mark.slow
@pytest.mark.parametrize("state", [state for state in State if MACHINE.moves(state)])
def test_each_step_is_refused_to_everyone_whose_it_is_not(
    session: Session, place: Province, state: State
) -> None:
    document = draft(session, place)
    _force(session, document, state)
    for step, rule in MACHINE.moves(state).items():
        if step in (Move.REVISE, Move.PLACE):
            continue
        elsewhere = {other.permission for (_at, its), other in MACHINE.rules.items() if its is step}
        for actor in _everybody(place.a):
            if not allowed(actor, rule.permission, document):
                not_now = any(allowed(actor, other, document) for other in elsewhere)
                with pytest.raises(InvalidTransition if not_now else (Forbidden, NotFound)):
                    take(session, place.a, document.id, step, actor)
        for actor in _everybody(place.b):
            with pytest.raises(NotFound):
                take(session, place.a, document.id, step, actor)


def test_who_may_know_of_a_draft(session: Session, place: Province) -> None:
    document = draft(session, place)
    listed = {
        actor.title for actor in [*_everybody(place.a), *_everybody(place.b)]
        if session.scalar(queries.visible(actor).where(OutgoingDocument.id == document.id))
    }  # fmt: skip
    assert listed == {
        "Văn thư",
        "Giám đốc",
        "Thư ký Giám đốc",
        "Chánh Văn phòng",
        "Trưởng phòng",
        "Chuyên viên",
    }
    for actor in _everybody(place.b):
        with pytest.raises(NotFound):
            queries.one(session, actor, document.id)
    with pytest.raises(NotFound):
        queries.one(session, place.a.archivist, document.id)


@pytest.mark.parametrize("state", [s for s in State if MACHINE.moves(s) and s is not State.DISCARDED])
def test_the_list_of_ones_own_work_and_the_rule_say_the_same(
    session: Session, place: Province, state: State
) -> None:
    document = draft(session, place)
    _force(session, document, state)
    steps = [
        rule.permission
        for step, rule in MACHINE.moves(state).items()
        if step is not Move.TAKE_BACK
        if step not in (Move.SEND_BACK, Move.VOID, Move.DISCARD)
    ]
    for actor in _everybody(place.a):
        mine = session.scalar(
            sa.select(OutgoingDocument.id).where(queries.waits_for(actor), OutgoingDocument.id == document.id)
        )
        may = any(allowed(actor, wanted, document) for wanted in steps)
        if steps[0] == OUTGOING_DRAFT:  # the head may help, the work is the drafter's
            may = may and document.drafter.person_id == actor.person_id
        assert (mine is not None) == may, (actor.title, state)
        assert queries.counts(session, actor)[Tab.MINE] == int(may)


def test_queues_hold_what_waits_for_the_person(session: Session, place: Province) -> None:
    first, second = draft(session, place), draft(session, place, urgency=Urgency.FLASH)
    for document in (first, second):
        bring(session, place.a, document, State.SIGNATURE)
    third = bring(session, place.a, draft(session, place), State.APPROVAL)
    assert [d.id for d in queries.to_sign(session, place.a.leader)] == [second.id, first.id]
    assert [d.id for d in queries.to_approve(session, place.a.head)] == [third.id]
    assert not queries.to_sign(session, place.b.leader)
    assert not queries.to_approve(session, place.b.head)


@pytest.mark.parametrize(
    ("changes", "problem", "field"),
    [
        ({"subject": " "}, drafting.Missing, "subject"),
        ({"subject": "x" * 501}, drafting.SubjectTooLong, "subject"),
        ({"kind_code": "KHAC"}, drafting.WrongKind, "kind_code"),
        ({"recipients": ("Sở Không Có",)}, recipients.UnknownRecipient, "recipients"),
        ({"recipients": ()}, drafting.Missing, "recipients"),
        ({"recipients": ("H01.12",)}, AppError, "recipients"),
        ({"signer_id": 999_999}, choosing.WrongSigner, "signer_id"),
        ({"unit_id": 1}, choosing.WrongUnit, "unit_id"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_stored(
    session: Session, place: Province, changes, problem, field
) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(problem) as told:
        draft(session, place, **changes)
    assert told.value.field == field
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingDocument)) == 0


def test_more_text_than_a_person_writes_is_refused_before_it_is_set() -> None:
    drafting.Text("x " * 140_000).check()
    with pytest.raises(drafting.TextTooLong):
        drafting.Text("Nội dung", bases=("x " * 160_000,)).check()


def test_requirement_43_a_recipient_is_found_by_code_or_name_and_a_closed_one_refused(
    session: Session, place: Province
) -> None:
    document = draft(session, place, recipients=("Sở Tài chính",))
    assert [r.code for r in documents.recipients(session, document)] == ["H01.05"]
    place.b.agency.valid_to = date(2026, 1, 1)
    session.commit()
    with pytest.raises(recipients.ClosedRecipient):
        draft(session, place, recipients=("H01.05",))


def test_a_name_that_several_agencies_have_sends_nothing_to_the_wrong_one(
    session: Session, place: Province
) -> None:
    with transaction(session):
        directory.save_agency(session, system_actor(), "H10.05", "Sở Tài chính", on_axis=True)
    with pytest.raises(recipients.AmbiguousRecipient, match=r"H01\.05, H10\.05"):
        draft(session, place, recipients=("Sở Tài chính",))
    document = draft(session, place, recipients=("H10.05",))
    assert [r.code for r in documents.recipients(session, document)] == ["H10.05"]


def test_a_signer_of_another_agency_is_refused(session: Session, place: Province) -> None:
    with pytest.raises(choosing.WrongSigner):
        draft(session, place, signer_id=place.b.posts[Role.LEADER].id)


def test_a_character_that_cannot_be_printed_is_named(session: Session, place: Province) -> None:
    with pytest.raises(MissingGlyph):
        service.draft_from_template(session, place.a.specialist, fields(place), Text(body="Vui 😀"))


def test_who_does_not_draft_cannot_begin(session: Session, place: Province) -> None:
    with pytest.raises(Forbidden):
        service.draft_from_template(session, place.a.clerk, fields(place), TEXT)


def test_nobody_is_asked_to_answer_before_today(session: Session, place: Province) -> None:
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(drafting.DayPassed):
        draft(session, place, due_on=yesterday)
    document = draft(session, place, due_on=clock.today())
    with pytest.raises(drafting.DayPassed):
        service.revise(session, place.a.specialist, document.id, fields(place, due_on=yesterday), TEXT)


def test_a_day_that_passed_while_it_was_drafted_does_not_stop_the_drafter(
    session: Session, place: Province
) -> None:
    document = draft(session, place)
    with transaction(session):
        document.due_on = clock.today() - timedelta(days=1)
    service.revise(session, place.a.specialist, document.id, fields(place, due_on=document.due_on), TEXT)


def test_only_an_incoming_document_is_answered(session: Session, place: Province) -> None:
    document = draft(session, place)
    with pytest.raises(service.NotIncoming):
        draft(session, place, reply_to_id=document.id)


def test_a_letter_goes_to_a_citizen_and_a_company_that_are_in_no_directory(
    session: Session, place: Province
) -> None:
    outside = ("Ông Nguyễn Văn Tám, ấp Vĩnh Lợi", "Công ty TNHH Sáu Lúa")
    document = draft(session, place, recipients=(), outside=outside)
    sent = list(documents.recipients(session, document))
    assert [(one.name, one.code, one.channel) for one in sent] == [
        (name, "", Channel.PAPER) for name in outside
    ]
    typed = Typed.of(document, sent)
    assert typed.outside.splitlines() == list(outside)
    assert typed.to.rows == []
    kept = service.revise(session, place.a.specialist, document.id, fields(place, outside=outside[:1]), None)
    assert [one.name for one in documents.recipients(session, kept) if not one.code] == [outside[0]]
    with pytest.raises(TooManyOutside):
        draft(session, place, outside=("x" * 201,))


@pytest.mark.slow
def test_a_form_with_a_name_outside_is_a_draft_and_its_page_names_the_place(
    session: Session, place: Province, app: Flask
) -> None:
    client = client_for(app, "a_specialist")
    data = {
        "kind_code": "CV", "subject": "Trả lời đơn", "signer_id": str(place.a.posts[Role.LEADER].id),
        "body": BODY, "outside": "Ông Nguyễn Văn Tám\n\nÔng Nguyễn Văn Tám",
    }  # fmt: skip
    form = client.get("/outgoing/new").get_data(as_text=True)
    first = form.partition('id="recipient1"')[2].partition(">")[0]
    assert first, "the field is there"
    assert " required" not in first, "a browser would send nothing"
    made = client.post("/outgoing/new", data=data)
    assert made.status_code == 303, made.get_data(as_text=True)
    page = client.get(made.location.replace("/edit", "")).get_data(as_text=True)
    assert page.count("Ông Nguyễn Văn Tám") >= 1


def test_each_step_is_taken_back_by_whoever_took_it_alone(
    session: Session, place: Province, app: Flask
) -> None:
    house, document = place.a, draft(session, place)
    bring(session, house, document, State.APPROVAL)
    with pytest.raises(service.NotYourStep):  # the head sends it back, with a reason
        service.take_back(session, house.head, document.id)
    assert "take_back" not in client_for(app, "a_unit_head").get(f"/outgoing/{document.id}").text
    service.take_back(session, house.specialist, document.id)
    bring(session, house, document, State.SIGNATURE)
    other = house.clerk if document.form_checked_by.startswith(house.chief.name) else house.chief
    with pytest.raises(service.NotYourStep):
        service.take_back(session, other, document.id)


def test_a_draft_that_is_not_wanted_is_given_up_and_can_be_taken_up_again(
    session: Session, place: Province
) -> None:
    house, document = place.a, draft(session, place)
    with pytest.raises(operations.NoteTooShort):
        service.discard(session, house.specialist, document.id, " ")
    with pytest.raises(Forbidden):
        service.discard(session, house.chief, document.id, "Không cần")
    assert document.id in [one.id for one in queries.page_of(session, house.specialist, Tab.MINE, None).rows]
    service.discard(session, house.specialist, document.id, "Đã có văn bản khác")
    assert (document.state, document.is_over) == (State.DISCARDED, True)
    assert document.id not in [
        one.id for one in queries.page_of(session, house.specialist, Tab.MINE, None).rows
    ]
    assert queries.next_actor(session, document) is None
    with pytest.raises(service.NotYourStep):
        service.take_back(session, house.head, document.id)
    service.take_back(session, house.specialist, document.id)
    assert document.state is State.DRAFT


def test_a_document_is_replaced_by_one_of_its_own_form(session: Session, place: Province) -> None:
    """Article 18.3."""
    old = draft(session, place)
    with transaction(session):
        old.state, old.code_number = State.ISSUED, "7"
    decision = fields(place, kind_code="QD", replaces_id=old.id)
    with pytest.raises(service.OtherForm) as refused:
        service.draft_from_template(session, place.a.specialist, decision, TEXT)
    assert refused.value.field == "kind_code"
    new = service.draft_from_template(session, place.a.specialist, fields(place, replaces_id=old.id), TEXT)
    with pytest.raises(service.OtherForm):
        service.revise(session, place.a.specialist, new.id, fields(place, kind_code="QD"), TEXT)
