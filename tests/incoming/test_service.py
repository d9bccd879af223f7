"""Registering, submitting and returning, and what each refuses."""

import io
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, jobs
from eoffice.core.config import override
from eoffice.core.db import new_session
from eoffice.core.errors import AppError, Conflict, Forbidden, Invalid, InvalidTransition, NotFound, TooLong
from eoffice.directions import service as directions
from eoffice.directions.models import Task
from eoffice.directions.operations import Named
from eoffice.directory.models import Agency, Role
from eoffice.documents import operations as documents
from eoffice.documents.models import Direction, RegisterEntry
from eoffice.documents.registers import AlreadyNumbered, next_number
from eoffice.incoming import correcting, operations, passing, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import ProbableDuplicate
from eoffice.incoming.passing import Onward
from eoffice.incoming.states import Doubt, State
from eoffice.incoming.workflow import MACHINE, Move
from eoffice.signatures import operations as signatures
from eoffice.signatures.models import FileCheck
from eoffice.signatures.settings import TRUST_DIR
from signing.report import Report, Verdict
from tests.factories import House, province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf


@pytest.mark.slow
def test_a_scan_waits_until_the_clerk_registers_it_and_gets_its_number_then(session: Session) -> None:
    house = province(session).a
    document = steps.received(session, house)
    assert (document.state, document.register_number) == (State.WAITING, None)
    promised = next_number(session, house.agency.id, Direction.IN, "TTR")
    service.register(session, house.clerk, document.id, steps.entry())
    assert (document.state, document.register_number) == (State.REGISTERED, promised)
    assert document.code == "86/TTr-UBND"
    assert {entry.action for entry in audit.history(session, document)} >= {
        operations.RECEIVED,
        operations.REGISTERED,
    }


def test_upload_and_registration_in_one_go_leave_nothing_behind_on_an_error(session: Session) -> None:
    house = province(session).a
    with pytest.raises(Invalid):
        service.register_scan(session, house.clerk, steps.entry(subject=" "), steps.scan())
    assert session.scalar(sa.select(sa.func.count()).select_from(IncomingDocument)) == 0
    document = service.register_scan(
        session, house.clerk, steps.entry(), steps.scan(), [steps.scan("phu luc.pdf")]
    )
    assert document.register_number == 1
    assert len(document.files) == 2


def test_a_scan_that_nobody_signed_has_its_verdict_as_soon_as_it_is_stored(session: Session) -> None:
    house = province(session).a
    upload = service.take_in(session, house.clerk, io.BytesIO(steps.pdf()), "khong ky.pdf")
    file = service.receive_scan(session, house.clerk, upload).files[0]
    assert session.get_one(FileCheck, file.id).verdict == "unsigned"
    assert not jobs.pending(session, "signatures.check_file", file_id=file.id)
    later = service.receive_scan(session, house.clerk, steps.scan()).files[0]
    assert session.get(FileCheck, later.id) is None
    assert jobs.pending(session, "signatures.check_file", file_id=later.id)


def test_a_large_file_is_left_to_a_job_and_one_that_nobody_can_judge_yet(
    session: Session, tmp_path: Path
) -> None:
    taken = documents.take_in(io.BytesIO(steps.pdf()), "lon.pdf")
    assert signatures.at_the_gate(replace(taken, size=5 << 20)) == replace(taken, size=5 << 20)
    with override(**{TRUST_DIR.name: str(tmp_path)}):
        assert signatures.at_the_gate(replace(taken, signed=True)) == replace(taken, signed=True), (
            "no trusted root"
        )


def test_a_scan_whose_signature_is_doubtful_is_not_registered_unseen(session: Session) -> None:
    house = province(session).a
    doubtful = signatures.Verified(**vars(steps.scan()), report=Report(Verdict.INVALID))
    with pytest.raises(service.LookFirst):
        service.register_scan(session, house.clerk, steps.entry(), doubtful)
    waiting = service.receive_scan(session, house.clerk, doubtful)
    assert (waiting.state, waiting.reason) == (State.CHECK, Doubt.SIGNATURE)
    service.register(session, house.clerk, waiting.id, steps.entry())
    assert waiting.state is State.REGISTERED


def test_choosing_a_leader_submits_at_once(session: Session) -> None:
    house = province(session).a
    document = steps.submitted(session, house)
    assert document.state is State.SUBMITTED
    assert document.submitted_to_id == house.posts[Role.LEADER].id


def test_only_a_leader_of_the_agency_gets_documents_submitted(session: Session) -> None:
    places = province(session)
    document = steps.registered(session, places.a)
    for wrong in (places.a.posts[Role.SPECIALIST].id, places.b.posts[Role.LEADER].id, 0):
        with pytest.raises(operations.NoSuchLeader) as refused:
            service.submit(session, places.a.clerk, document.id, wrong)
        assert refused.value.field == "submit_to_id"


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"code_number": ""}, "code_number", operations.Missing),
        ({"code_notation": " "}, "code_notation", operations.Missing),
        ({"issued_on": None}, "issued_on", operations.Missing),
        ({"issuer_name": ""}, "issuer_name", operations.Missing),
        ({"subject": ""}, "subject", operations.Missing),
        ({"kind_code": ""}, "kind_code", operations.Missing),
        ({"kind_code": "XYZ"}, "kind_code", operations.UnknownKind),
        ({"subject": "a" * 501}, "subject", TooLong),
        ({"code_number": "1" * 12}, "code_number", TooLong),
        ({"issued_on": 1}, "issued_on", operations.IssuedInFuture),
        ({"arrived_on": 1}, "arrived_on", operations.ArrivedInFuture),
        ({"issued_on": -1, "arrived_on": -2}, "arrived_on", operations.ArrivedBeforeIssue),
        ({"due_on": -1}, "due_on", operations.DueBeforeArrival),
    ],
)
def test_what_is_missing_or_contradictory_is_said_at_its_field_and_no_number_is_used(
    session: Session, changes: dict[str, Any], field: str, error: type[Invalid]
) -> None:
    house = province(session).a
    document = steps.received(session, house)
    days = {
        key: clock.today() + timedelta(days=value) if isinstance(value, int) else value
        for key, value in changes.items()
    }
    with pytest.raises(error) as refused:
        service.register(session, house.clerk, document.id, steps.entry(**days))
    assert refused.value.field == field
    assert document.register_number is None
    assert next_number(session, house.agency.id, Direction.IN, "TTR") == 1


def test_a_citizens_letter_needs_no_number(session: Session) -> None:
    house = province(session).a
    letter = steps.entry(kind_code="DON", code_number="", code_notation="", issued_on=None)
    document = service.register_scan(session, house.clerk, letter, steps.scan())
    assert document.register_number == 1


def test_requirement_07_a_likely_duplicate_is_shown_and_registered_only_when_confirmed(
    session: Session,
) -> None:
    places = province(session)
    first = steps.registered(session, places.a)
    second = steps.received(session, places.a)
    same = steps.entry(code_notation="ttr-ubnd", issuer_name="ủy ban nhân dân xã vĩnh hòa hưng")
    with pytest.raises(ProbableDuplicate) as refused:
        service.register(session, places.a.clerk, second.id, same)
    assert [one.id for one in refused.value.documents] == [first.id]
    assert second.register_number is None
    service.register(session, places.a.clerk, second.id, replace(same, accept_duplicate=True))
    assert second.register_number == 2
    # whatever was read from it, the same file is the same letter; of another year's series the number began anew
    third = steps.received(session, places.a)
    old = replace(same, code_number="900", issued_on=same.issued_on.replace(year=same.issued_on.year - 1))
    with pytest.raises(ProbableDuplicate) as refused:
        service.register(session, places.a.clerk, third.id, replace(old, issuer_name="Sở Xây dựng"))
    assert [one.id for one in refused.value.documents] == [second.id, first.id]
    # the other agency's register is no business of this one
    other = steps.received(session, places.b)
    assert service.register(session, places.b.clerk, other.id, steps.entry()).register_number == 1


def test_the_issuer_is_spelt_and_coded_by_the_directory(session: Session) -> None:
    places = province(session)
    document = steps.registered(session, places.a, issuer_name="so tai chinh", issuer_code="")
    assert (document.issuer_name, document.issuer_code) == ("Sở Tài chính", "H01.05")
    named = {"name": "Sở Xây dựng tỉnh An Giang", "short_name": "Sở Xây dựng tỉnh An Giang"}
    session.add(Agency(code="H01.15", sort_key="", folded="so xay dung tinh an giang", **named))
    earlier = steps.received(session, places.a)
    earlier.code_number, earlier.code_notation, earlier.issuer_name = "86", "TTr-UBND", "Sở Xây dựng"
    session.commit()
    with pytest.raises(ProbableDuplicate) as refused:
        other = documents.take_in(io.BytesIO(letter_pdf()), "khác.pdf")
        entry = steps.entry(issuer_name="SỞ XÂY DỰNG")
        service.register_scan(session, places.a.clerk, entry, other)
    assert [one.id for one in refused.value.documents] == [earlier.id], "named short then, in full now"
    short = steps.registered(session, places.a, issuer_name="Sở Xây dựng", issuer_code="")
    assert (short.issuer_name, short.issuer_code) == ("Sở Xây dựng tỉnh An Giang", "H01.15")
    other = steps.registered(session, places.a, issuer_name="Hợp tác xã Tân Hội Đông", issuer_code="H01.05")
    assert (other.issuer_name, other.issuer_code) == ("Hợp tác xã Tân Hội Đông", "")


def test_two_clerks_registering_the_same_document_give_it_one_number(
    session: Session, worker_database: str
) -> None:
    house = province(session).a
    document = steps.received(session, house)
    start, outcomes = threading.Barrier(2), []

    def clerk() -> None:
        with new_session(worker_database) as own:
            start.wait()
            try:
                service.register(own, house.clerk, document.id, steps.entry())
                outcomes.append("registered")
            except Conflict as error:
                outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=clerk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [AlreadyNumbered.__name__, "registered"]
    assert session.scalar(sa.select(sa.func.count()).select_from(RegisterEntry)) == 1


def test_a_return_needs_a_reason(session: Session) -> None:
    house = province(session).a
    document = steps.received(session, house)
    with pytest.raises(service.NeedsReason):
        service.return_document(session, house.clerk, document.id, "  ")
    assert document.state is State.WAITING
    service.return_document(session, house.clerk, document.id, "Gửi nhầm nơi nhận")
    assert (document.state, document.reason) == (State.RETURNED, "Gửi nhầm nơi nhận")


def test_a_bad_signature_sends_the_document_to_the_clerks_eye(session: Session) -> None:
    document = steps.WAYS[State.CHECK](session, province(session).a)
    assert (document.state, document.reason) == (State.CHECK, Doubt.SIGNATURE)


def _try(session: Session, house: House, document: IncomingDocument, move: Move) -> None:
    """Make the move as the right person would."""
    match move:
        case Move.FLAG:
            operations.move(session, house.clerk, document, Move.FLAG)
        case Move.REGISTER:
            service.register(session, house.clerk, document.id, steps.entry(accept_duplicate=True))
        case Move.RETURN:
            service.return_document(session, house.clerk, document.id, "Gửi nhầm")
        case Move.DISCARD:
            service.discard(session, house.clerk, document.id, "Nhầm")
        case Move.SUBMIT:
            service.submit(session, house.clerk, document.id, house.posts[Role.LEADER].id)
        case Move.DIRECT:
            elsewhere = steps.to_unit(house, lead=Named(unit_id=house.office.id))
            directions.direct(session, house.leader, document.id, elsewhere)
        case Move.PASS_ON:
            passing.pass_on(session, house.clerk, document.id, Onward([Named(unit_id=house.unit.id)]))
        case Move.WITHDRAW:
            operations.withdraw(session, house.clerk, document, "Ban hành nhầm")
        case Move.STRIKE:
            correcting.strike(session, house.clerk, document.id, "Ghi nhầm sổ")
        case Move.ASSIGN | Move.FINISH | Move.REOPEN:
            _try_on_task(session, house, document, move)


def _try_on_task(session: Session, house: House, document: IncomingDocument, move: Move) -> None:
    tasks = sa.select(Task).where(Task.document_id == document.id).order_by(Task.id)
    task = session.scalars(tasks).first()
    if task is None:
        raise InvalidTransition(state=document.state)  # nobody was named: nothing to press
    if move is Move.ASSIGN:
        steps.assign(session, house, task)
    elif move is Move.REOPEN:
        directions.reopen(session, house.leader, task.id, "Còn thiếu phụ lục")
    else:
        directions.finish(session, house.head, task.id, "Đã xong")


@pytest.mark.slow
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_every_move_from_every_state(session: Session, state: State, move: Move) -> None:
    house = province(session).a
    document = steps.WAYS[state](session, house)
    assert document.state is state
    rule = MACHINE.rules.get((state, move))
    if rule is not None:
        _try(session, house, document, move)
        assert document.state is rule.target
        return
    entries = len(audit.history(session, document))
    with pytest.raises(AppError) as refused:
        _try(session, house, document, move)
    session.rollback()
    session.refresh(document)
    assert refused.value.status == 409
    assert document.state is state
    assert len(audit.history(session, document)) == entries


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLERK])
def test_only_clerks_take_in_register_and_return(session: Session, role: Role) -> None:
    places = province(session)
    document = steps.received(session, places.a)
    known = role in (Role.LEADER, Role.SECRETARY, Role.CHIEF_OF_OFFICE)
    actor = places.a.actors[role]
    with pytest.raises(Forbidden if known else NotFound):
        service.register(session, actor, document.id, steps.entry())
    with pytest.raises(Forbidden if known else NotFound):
        service.return_document(session, actor, document.id, "Không rõ")
    with pytest.raises(Forbidden):
        service.receive_scan(session, actor, steps.scan())


@pytest.mark.parametrize("role", Role)
def test_nobody_of_another_agency_may_even_know_of_it(session: Session, role: Role) -> None:
    places = province(session)
    document, task = steps.forwarded(session, places.a)
    stranger = places.b.actors[role]
    for attempt in (
        lambda: service.register(session, stranger, document.id, steps.entry()),
        lambda: service.return_document(session, stranger, document.id, "x"),
        lambda: service.submit(session, stranger, document.id, places.b.posts[Role.LEADER].id),
        lambda: directions.direct(session, stranger, document.id, steps.to_unit(places.b)),
        lambda: directions.assign(session, stranger, task.id, 1, None, "x"),
        lambda: directions.open_task(session, stranger, task.id),
        lambda: directions.finish(session, stranger, task.id, "x"),
    ):
        with pytest.raises(NotFound):
            attempt()
