"""What comes over the axis, and what its sender is told."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs, sandbox
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.events import publish
from eoffice.directions import service as directions
from eoffice.directory.models import Role
from eoffice.documents import asking
from eoffice.documents import operations as documents
from eoffice.documents import queries as found
from eoffice.documents.models import FileRole, LinkKind, Steering, Urgency
from eoffice.gateway.contents import ArrivalContent, ArrivedFile
from eoffice.gateway.events import PacketsArrived, PacketsComing
from eoffice.gateway.models import Arrival, Packet, Report
from eoffice.incoming import handlers, service
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import Doubt, State
from eoffice.signatures import checking
from eoffice.signatures.events import FileChecked
from eoffice.signatures.models import FileCheck
from tests.factories import House, province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf, secret_pdf
from tests.web import client_for


def arrive(
    session: Session, house: House, data: bytes | None = None, repeats: int | None = None, **changes: Any
) -> IncomingDocument:
    """A packet that the gateway has just stored; `repeats`: the earlier arrival of the same document."""
    blob = blobs().put_bytes(data or steps.pdf())
    fields: dict[str, Any] = {
        "sender_code": "H01.05", "sender_name": "Sở Tài chính", "code_number": "2751",
        "code_notation": "STC-QLNS", "issued_on": date(2026, 1, 5), "kind_name": "Công văn",
        "subject": "Về việc đối chiếu số liệu quyết toán", "signer_name": "Lưu Bá Thiện",
        "signer_title": "Phó Giám đốc", "urgency": 1, "due_on": None,
        "document_uid": "H01.05,2026-01-05,2751/STC-QLNS", "in_reply_to": (),
        "files": (ArrivedFile("cong van.pdf", "application/pdf", blob.sha256, blob.size),),
    }  # fmt: skip
    content = ArrivalContent(**fields | changes)
    with transaction(session):
        packet = Packet(
            hub_id=f"p{clock.now().timestamp()}", message_type="edoc", sender_code=content.sender_code,
            document_uid=content.document_uid,
            sha256=blob.sha256, size=blob.size, received_at=clock.now(), content=content.to_json(),
        )  # fmt: skip
        session.add(packet)
        session.flush()
        arrival = Arrival(
            agency_id=house.agency.id, packet_id=packet.id, sender_code=content.sender_code,
            sender_name=content.sender_name, addressed_code=house.agency.code,
            document_uid=content.document_uid, arrived_at=clock.now(), repeats_id=repeats,
        )  # fmt: skip
        session.add(arrival)
        session.flush()
        seen = dict[int, object]()
        publish(session, PacketsComing({arrival.id: content}, seen))
        publish(session, PacketsArrived([arrival.id], seen))
        publish(session, PacketsArrived([arrival.id], seen))  # told twice, made once
    return session.get_one(IncomingDocument, arrival.document_id)


def told(session: Session) -> dict[str, str]:
    """Codes and words that go back to the sender."""
    session.expire_all()
    return {report.code: report.description for report in session.scalars(sa.select(Report))}


def test_nobody_sends_under_anothers_name(session: Session) -> None:
    places = province(session)
    sent = {"sender_code": places.outside.code, "sender_name": "Sở Tài chính"}
    assert arrive(session, places.a, **sent).issuer_name == places.outside.name
    unknown = arrive(session, places.a, sender_code="Z99", sender_name="Cơ quan mới", document_uid="Z99,1")
    assert unknown.issuer_name == "Cơ quan mới"  # what the directory does not know is shown as sent


def test_an_arrival_becomes_one_waiting_document_with_its_files_and_fields(session: Session) -> None:
    house = province(session).a
    document = arrive(session, house)
    assert session.scalar(sa.select(sa.func.count()).select_from(IncomingDocument)) == 1
    assert (document.state, document.source, document.code) == (State.WAITING, Source.AXIS, "2751/STC-QLNS")
    assert (document.kind_code, document.urgency, document.page_count) == ("CV", Urgency.URGENT, 1)
    assert [(file.role, file.name) for file in document.files] == [(FileRole.ORIGINAL, "cong van.pdf")]


def test_the_words_of_what_arrived_are_read_after_its_verdict(session: Session) -> None:
    document = arrive(session, province(session).a, letter_pdf())
    assert session.scalars(sa.select(FileCheck.file_id)).all() == [document.files[0].id]

    def found(words: str) -> bool:
        asked = IncomingDocument.words.op("@@")(sa.func.to_tsquery("simple", words))
        return session.scalar(sa.select(IncomingDocument.id).where(asked)) == document.id

    assert found("doi & chieu & quyet & toan"), "by its subject at once"
    assert not found("ranh & man")
    jobs.work_off(session)
    assert found("ranh & man"), "by its page then"


def test_a_check_that_takes_long_keeps_no_document_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = sandbox.call

    def in_time(function: str, *args: Any, **options: Any) -> Any:
        if function.startswith(checking.__name__):
            raise sandbox.SandboxDied("time", function)
        return call(function, *args, **options)

    monkeypatch.setattr(sandbox, "call", in_time)
    document = arrive(session, province(session).a, letter_pdf())
    assert (document.state, document.page_count) == (State.WAITING, 1)
    assert session.scalars(sa.select(FileCheck.file_id)).all() == []
    assert jobs.pending(session, "signatures.check_file", file_id=document.files[0].id)


def test_a_page_with_the_mark_of_a_secret_is_not_taken_in(session: Session) -> None:
    document = arrive(session, province(session).a, secret_pdf())
    assert (document.state, document.reason, document.files) == (State.CHECK, Doubt.SECRET, [])


def test_the_deadline_of_a_task_for_this_agency_is_proposed_when_it_comes_before_the_documents_own(
    session: Session, app: Flask
) -> None:
    house, today = province(session).a, clock.today()
    ours, own, theirs = (today + timedelta(days=days) for days in (4, 8, 2))
    told = asking.told(
        [
            asking.Asked("Sở Tài chính", "Bố trí kinh phí", theirs),
            asking.Asked("Sở Nông nghiệp và Môi trường tỉnh An Giang", "Báo cáo vận hành cống", ours),
        ]
    )
    asks = {"steering": Steering.DIRECTS, "summary": told}
    document = arrive(session, house, due_on=own, **asks)
    assert document.due_on == ours
    page = client_for(app, "a_clerk").get(f"/incoming/{document.id}/register").get_data(as_text=True)
    assert f'value="{ours:%d/%m/%Y}"' in page
    without = arrive(session, house, due_on=None, document_uid="H01.05,2026-01-05,2752", **asks)
    assert without.due_on == ours
    words = arrive(session, house, due_on=own, document_uid="H01.05,2026-01-05,2753", summary=told)
    assert words.due_on == own, "it directs nobody"
    leader = house.posts[Role.LEADER].id
    service.register(session, house.clerk, document.id, steps.entry(due_on=ours, submit_to_id=leader))
    room = client_for(app, "a_leader").get(f"/work/direct/{document.id}").get_data(as_text=True)
    assert f'value="{ours:%d/%m/%Y}"' in room


def test_a_letter_of_correction_is_shown_with_what_it_corrects(session: Session, app: Flask) -> None:
    house = province(session).a
    wrong = arrive(session, house)
    changes = {
        "subject": "Đính chính Công văn số 2751/STC-QLNS",
        "document_uid": "H01.05,2026/01/06,2760/STC",
    }
    letter = arrive(session, house, in_reply_to=(wrong.document_uid,), code_number="2760", **changes)
    assert [one.id for one in found.linking(session, house.clerk, wrong, LinkKind.CORRECTS)] == [letter.id]
    clerk = client_for(app, "a_clerk")
    assert f"/incoming/{letter.id}" in clerk.get(f"/incoming/{wrong.id}").text
    # whoever registers, reads or directs the letter is led to what it corrects
    leader = house.posts[Role.LEADER].id
    for page in (f"/incoming/{letter.id}/register", f"/incoming/{letter.id}"):
        assert f"/incoming/{wrong.id}" in clerk.get(page).text
    service.register(session, house.clerk, letter.id, steps.entry(code_number="2760", submit_to_id=leader))
    assert f"/incoming/{wrong.id}" in client_for(app, "a_leader").get(f"/work/direct/{letter.id}").text


def test_a_file_that_cannot_be_read_waits_for_the_clerks_eye(session: Session) -> None:
    document = arrive(session, province(session).a, b"%PDF-1.7\ncut off")
    assert (document.state, document.reason) == (State.CHECK, Doubt.DAMAGED)
    assert len(document.files) == 1


def test_a_document_without_a_pdf_waits_for_the_clerks_eye(session: Session) -> None:
    house = province(session).a
    program = blobs().put_bytes(b"MZ, whatever its name")
    unread = ArrivedFile("cong van.pdf", "application/octet-stream", program.sha256, program.size)
    for files in ((), (unread,)):
        document = arrive(session, house, files=files)
        assert (document.state, document.reason) == (State.CHECK, Doubt.NO_PAGE)


def test_the_same_document_in_another_packet_is_shown_as_a_probable_repeat(session: Session) -> None:
    house = province(session).a
    first = arrive(session, house)
    came = session.scalars(sa.select(Arrival.id).where(Arrival.document_id == first.id)).one()
    again = arrive(session, house, repeats=came)
    assert (again.state, again.reason, first.state) == (State.CHECK, Doubt.REPEAT, State.WAITING)
    service.return_document(session, house.clerk, first.id, "Tệp không đọc được")
    assert arrive(session, house, repeats=came).state is State.WAITING  # it was asked for


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("valid", State.WAITING),
        ("unsigned", State.WAITING),
        ("invalid", State.CHECK),
        ("indeterminate", State.CHECK),
        ("unreadable", State.CHECK),
    ],
)
def test_requirement_08_the_verdict_on_a_file_decides_who_looks_first(
    session: Session, verdict: str, state: State
) -> None:
    document = arrive(session, province(session).a)
    for _ in range(2):  # checked again, nothing more happens
        with transaction(session):
            publish(session, FileChecked(document.files[0].id, verdict))
    assert document.state is state


@pytest.mark.slow
def test_requirement_16_the_sender_hears_of_registration_direction_work_and_end(session: Session) -> None:
    house = province(session).a
    document = arrive(session, house)
    entry = steps.entry(arrived_on=None, submit_to_id=house.posts[Role.LEADER].id)
    arrived_at = document.arrived_at
    service.register(session, house.clerk, document.id, entry)
    assert document.arrived_at == arrived_at
    assert told(session) == {"03": "Đã vào sổ văn bản đến số 1"}
    direction = directions.direct(session, house.leader, document.id, steps.to_unit(house))
    assert "04" in told(session)
    task = steps.assign(session, house, direction.tasks[0]).tasks[0]
    assert set(told(session)) == {"03", "04"}
    directions.open_document(session, house.specialist, document)
    assert set(told(session)) == {"03", "04", "05"}
    directions.finish(session, house.specialist, task.id, "Đã trả lời")
    assert set(told(session)) == {"03", "04", "05", "06"}


def test_requirement_09_the_sender_hears_why_it_comes_back(session: Session) -> None:
    house = province(session).a
    document = arrive(session, house)
    service.return_document(session, house.clerk, document.id, "Gửi nhầm nơi nhận")
    assert told(session) == {"02": "Gửi nhầm nơi nhận"}


def test_nobody_is_told_of_a_paper(session: Session) -> None:
    house = province(session).a
    steps.WAYS[State.DONE](session, house)
    assert told(session) == {}


def test_an_issued_reply_finishes_what_it_answers(session: Session) -> None:
    house = province(session).a
    document, task = steps.in_progress(session, house)
    waiting = steps.submitted(session, house)
    reply = steps.registered(session, house)  # any document of the agency may be linked
    with transaction(session):
        for target in (document, waiting):
            documents.link(session, house.specialist, reply, target, LinkKind.REPLY)
        handlers.answered(session, handlers.DocumentIssued(reply.id))
    assert document.state is State.DONE
    assert task.result.startswith("Đã trả lời bằng văn bản số")
    assert waiting.state is State.SUBMITTED  # nobody works on it yet: only linked


def test_an_arrival_that_answers_a_document_of_ours_is_linked_to_it(session: Session) -> None:
    house = province(session).a
    asked = steps.registered(session, house)
    with transaction(session):
        asked.document_uid = "H01.12,2026-01-02,12/SNNMT-KHTC"
    answer = arrive(session, house, in_reply_to=(asked.document_uid,))
    assert [one.id for one in found.linked(session, house.clerk, answer, LinkKind.REPLY)] == [asked.id]
    # the specialist was brought into neither of the two
    assert not found.linked(session, house.specialist, answer, LinkKind.REPLY)
    assert [one.id for one in found.linking(session, house.clerk, asked, LinkKind.REPLY)] == [answer.id]
    assert not found.linking(session, house.specialist, asked, LinkKind.REPLY)


def test_requirement_05_paper_and_electronic_documents_share_one_series(session: Session) -> None:
    house = province(session).a
    came = arrive(session, house)
    paper = steps.registered(session, house)
    fields = steps.entry(code_number="2751", issuer_name="Sở Tài chính", accept_duplicate=True)
    electronic = service.register(session, house.clerk, came.id, fields)
    assert (paper.source, electronic.source) == (Source.SCAN, Source.AXIS)
    assert (paper.register_number, electronic.register_number) == (1, 2)
