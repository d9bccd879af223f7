"""Taking back, recall, update and replacement act on the documents at both ends (Decree 30/2020, Article 18.4)."""

import html
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.directions import service as directions
from eoffice.directory.models import Role
from eoffice.documents import operations
from eoffice.documents.models import Document, DocumentFile, DocumentLink, LinkKind
from eoffice.dossiers import queries as dossiers
from eoffice.dossiers.models import DossierDocument
from eoffice.dossiers.states import Fate
from eoffice.gateway import queries, service
from eoffice.gateway.models import Answer, Asked, Delivery, Dispatch, Hop, Packet, Request
from eoffice.incoming import operations as incoming_writes
from eoffice.incoming import service as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.states import State
from eoffice.outgoing import copying, superseding
from eoffice.outgoing import service as outgoing_service
from eoffice.outgoing.states import State as Out
from exchange.client import AxisClient
from exchange.model import (
    Business,
    BusinessKind,
    Changes,
    DocumentMessage,
    Message,
    MessageKind,
    Organization,
    Replacement,
    ResponseFor,
    StatusMessage,
)
from exchange.parse import parse, read_header
from exchange.testing import HubProcess, attachment, packet, send
from exchange.testing import document as edoc
from exchange.vxp import Delivery as Transport
from tests.exchanging import exchange, follow
from tests.factories import House, Province, province
from tests.gateway.test_gateway import issue
from tests.home.made import outgoing
from tests.incoming import steps
from tests.incoming.letters import letter_pdf
from tests.outgoing import drafts
from tests.web import client_for

#: each starts from a document sent over a real axis
pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.usefixtures("no_checks")]
MINISTRY = Organization("G09", "Bộ Nội vụ")


@pytest.fixture
def place(session: Session, hub: HubProcess) -> Province:
    return province(session)


def _came(session: Session, house: House) -> IncomingDocument:
    session.expire_all()
    query = sa.select(IncomingDocument).where(Document.agency_id == house.agency.id)
    return session.scalars(query.order_by(Document.id)).all()[-1]


def _files(session: Session, document: Document) -> Sequence[DocumentFile]:
    """Files that still hold something."""
    kept = sa.select(DocumentFile).where(DocumentFile.document_id == document.id)
    return session.scalars(kept.where(DocumentFile.destroyed_at.is_(None))).all()


def _register(session: Session, house: House, document: IncomingDocument) -> None:
    entry = NewIncoming(
        document.code_number, document.code_notation, document.issued_on, document.issuer_name, "CV",
        document.subject or "Không rõ", submit_to_id=house.posts[Role.LEADER].id,
    )  # fmt: skip
    incoming.register(session, house.clerk, document.id, entry)


#: the axis of these tests remembers every packet for ever: each document has a number of its own
_NUMBERS = count(500)


def _from_ministry(folder: Path, number: int | None = None, **fields: Any) -> DocumentMessage:
    number = next(_NUMBERS) if number is None else number
    folder.mkdir(exist_ok=True)
    to = [Organization("H01.12", "Sở Nông nghiệp và Môi trường")]
    letter = attachment(folder, f"{number}.pdf", letter_pdf())
    return edoc(number, sender=MINISTRY, recipients=to, attachments=[letter], **fields)


def _send(theirs: AxisClient, message: Message) -> None:
    send(theirs, packet(message), "G09", message.kind)


def _statuses(theirs: AxisClient) -> list[StatusMessage]:
    found = []
    for offered in theirs.received(MessageKind.STATUS):
        with theirs.open(offered.doc_id) as stream:
            message = read_header(stream).message
        assert isinstance(message, StatusMessage)
        found.append(message)
        theirs.confirm(offered.doc_id, Transport.DONE)
    return found


def _copy_at_b(session: Session, document: Document) -> Delivery:
    session.expire_all()
    return next(d for d in queries.deliveries_of(session, document) if d.recipient_code == "H01.05")


def test_what_nobody_registered_goes_back_at_once_and_both_ends_know(
    session: Session, place: Province
) -> None:
    document = issue(session, place, 200)
    exchange(session)
    copy = _copy_at_b(session, document)
    service.take_back(session, place.a.clerk, document.id, copy.id, "Gửi nhầm nơi nhận")
    exchange(session)
    arrived = _came(session, place.b)
    assert arrived.state is State.WITHDRAWN
    assert arrived.reason == "Gửi nhầm nơi nhận"
    assert arrived.subject == incoming_writes.TOMBSTONE
    assert arrived.code == document.code, "the register and the course of the recall still name it"
    assert not _files(session, arrived)
    copy = _copy_at_b(session, document)
    assert copy.hop is Hop.WITHDRAWN
    assert copy.requests[0].answer is Answer.AGREED


def test_a_registered_copy_is_given_back_only_when_its_clerk_agrees(
    app: Flask, session: Session, place: Province
) -> None:
    document = issue(session, place, 201)
    exchange(session)
    arrived = _came(session, place.b)
    _register(session, place.b, arrived)
    copy = _copy_at_b(session, document)
    service.take_back(session, place.a.clerk, document.id, copy.id, "Gửi nhầm")
    with pytest.raises(service.AskedAlready):
        service.take_back(session, place.a.clerk, document.id, copy.id, "Gửi nhầm")
    session.rollback()
    exchange(session)
    assert _came(session, place.b).state is State.SUBMITTED, "nothing happens by itself"
    clerk = client_for(app, "b_clerk")
    assert "Nơi gửi yêu cầu" in clerk.get("/").get_data(as_text=True)
    assert f"/incoming/{arrived.id}" in clerk.get("/incoming?tab=asked").get_data(as_text=True)
    assert "Lấy lại văn bản" in clerk.get(f"/incoming/{arrived.id}").get_data(as_text=True)
    answer = f"/incoming/{arrived.id}/answer"
    assert clerk.post(answer, data={"note": "", "refuse": "1"}).status_code == 422
    assert clerk.post(answer, data={"note": "Đang xử lý", "refuse": "1"}).status_code == 303
    exchange(session)
    copy = _copy_at_b(session, document)
    assert (copy.hop, copy.requests[0].answer) == (Hop.REGISTERED, Answer.REFUSED)
    assert copy.requests[0].note == "Đang xử lý"
    # after a refusal he may ask again, and this time they agree
    service.take_back(session, place.a.clerk, document.id, copy.id, "Đề nghị xem xét lại")
    exchange(session)
    certified = outgoing(session, place.b, "Sao y", Out.SEALING, kind_code="SY", register_number=7)
    with transaction(session):
        operations.link(session, place.b.clerk, certified, arrived, LinkKind.COPIES)
    assert f"bản sao của văn bản này cũng bị thu hồi: {certified.code}" in html.unescape(
        clerk.get(f"/incoming/{arrived.id}").get_data(as_text=True)
    )
    assert clerk.post(answer, data={"note": ""}).status_code == 303
    session.expire_all()
    assert certified.state is Out.VOID, "a copy of what is gone goes no further"
    assert clerk.post(answer, data={"note": ""}).status_code == 409
    exchange(session)
    copy = _copy_at_b(session, document)
    assert (copy.hop, copy.requests[1].answer) == (Hop.WITHDRAWN, Answer.AGREED)
    arrived = _came(session, place.b)
    assert (arrived.state, arrived.register_number) == (State.WITHDRAWN, 1), "the number stays used"


def test_a_recall_reaches_everybody_and_leaves_no_choice(
    app: Flask, session: Session, place: Province, theirs: AxisClient
) -> None:
    document = issue(session, place, 202)
    exchange(session)
    arrived = _came(session, place.b)
    _register(session, place.b, arrived)
    client = client_for(app, "a_clerk")
    path = f"/outgoing/{document.id}/recall"
    assert client.post(path, data={"copy": "all", "reason": " "}).status_code == 422
    unchosen = client.post(path, data={"copy": "", "reason": "Ban hành sai thẩm quyền"})
    assert (unchosen.status_code, "Hãy chọn một nơi nhận" in unchosen.get_data(as_text=True)) == (422, True)
    assert client_for(app, "a_specialist").post(path, data={"reason": "x"}).status_code == 403
    assert client.post(path, data={"copy": "all", "reason": "Ban hành sai thẩm quyền"}).status_code == 303
    assert "Đã thu hồi lúc" in client.get(f"/outgoing/{document.id}").get_data(as_text=True)
    exchange(session)
    with pytest.raises(incoming.MustWithdraw):
        incoming.answer_sender(session, place.b.clerk, arrived.id, agree=False, note="Không đồng ý")
    session.rollback()
    incoming.answer_sender(session, place.b.clerk, arrived.id, agree=True, note="")
    exchange(session)
    assert _came(session, place.b).state is State.WITHDRAWN
    assert _copy_at_b(session, document).hop is Hop.WITHDRAWN
    placed = [DossierDocument(document_id=one.id) for one in (document, arrived)]
    said = {document.id: Fate.RECALLED, arrived.id: Fate.WITHDRAWN}
    assert dossiers.fates(session, placed) == said, "lists of contents on both sides say so"
    with pytest.raises(service.Recalled):
        service.resend(session, place.a.clerk, document.id)
    session.rollback()
    # the ministry's system gets one packet that says what is recalled and from whom
    sha256 = session.scalars(sa.select(Dispatch.packet_sha256).where(Dispatch.business == "recall")).one()
    assert sha256 is not None
    with blobs().open(sha256) as stream:
        message = read_header(stream).message
    assert isinstance(message, DocumentMessage)
    assert message.business == Business(BusinessKind.RECALL, "Ban hành sai thẩm quyền", document.document_uid)
    assert {one.organ_id for one in message.response_for} == {"H01.05", "G09"}
    assert message.attachments == ()


def test_a_recall_that_overtakes_its_document_still_withdraws_it(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    original = _from_ministry(tmp_path)
    recall = replace(
        original, attachments=(), business=Business(BusinessKind.RECALL, "Nhầm", original.document_id)
    )
    _send(theirs, recall)
    exchange(session)
    assert [one.status_code for one in _statuses(theirs)] == ["01", "15"], (
        "nothing to destroy, and it is told"
    )
    _send(theirs, original)
    exchange(session)
    assert _came(session, place.a).state is State.WITHDRAWN
    assert not _files(session, _came(session, place.a))


def test_the_foreign_systems_request_comes_as_a_status_and_is_answered_by_one(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    target = ResponseFor("H01.12", original.code.full, original.document_id, original.promulgated_on)
    _send(theirs, StatusMessage(MINISTRY, target, "13", clock.now(), "Gửi nhầm"))
    exchange(session)
    assert _came(session, place.a).state is State.WITHDRAWN
    told = _statuses(theirs)
    assert [one.status_code for one in told] == ["01", "15"]
    assert {one.response_for.document_id for one in told} == {original.document_id}


@pytest.mark.parametrize("kind", [BusinessKind.UPDATE, BusinessKind.REPLACE])
def test_another_packet_takes_the_place_of_what_is_not_registered(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path, kind: BusinessKind
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    first = _came(session, place.a)
    number = int(original.code.number) if kind is BusinessKind.UPDATE else None
    business = Business(kind, "Sửa", original.document_id, changes=Changes()) if kind is BusinessKind.UPDATE else (
        Business(kind, "Thay", replaces=(Replacement(original.document_id, ("H01.12",)),))
    )  # fmt: skip
    _send(theirs, _from_ministry(tmp_path / "second", number, business=business))
    exchange(session)
    second = _came(session, place.a)
    assert second.id != first.id
    assert session.get_one(IncomingDocument, first.id).state is State.WITHDRAWN
    assert second.state is State.WAITING
    link = session.scalars(sa.select(DocumentLink)).one()
    assert (link.source_id, link.target_id, link.kind) == (second.id, first.id, LinkKind.REPLACES)
    assert "15" in [one.status_code for one in _statuses(theirs)]


def test_a_registered_document_stays_when_another_replaces_it_and_the_clerk_answers(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    first = _came(session, place.a)
    _register(session, place.a, first)
    business = Business(BusinessKind.REPLACE, "Thay", replaces=(Replacement(original.document_id),))
    _send(theirs, _from_ministry(tmp_path / "second", business=business))
    exchange(session)
    clerk = client_for(app, "a_clerk")
    page = clerk.get(f"/incoming/{first.id}").get_data(as_text=True)
    assert "Văn bản đến thay" in page
    assert (
        clerk.post(f"/incoming/{first.id}/answer", data={"note": "Đã nhận bản thay thế"}).status_code == 303
    )
    session.expire_all()
    assert session.get_one(IncomingDocument, first.id).state is State.SUBMITTED
    exchange(session)
    assert _statuses(theirs)[-1].status_code == "15"


def test_our_replacement_asks_those_who_hold_the_old_document_and_hears_their_answer(
    app: Flask, session: Session, place: Province, theirs: AxisClient
) -> None:
    old = issue(session, place, next(_NUMBERS))
    exchange(session)
    first = _came(session, place.b)
    _register(session, place.b, first)
    theirs.confirm(theirs.received()[0].doc_id, Transport.DONE)
    new = issue(session, place, next(_NUMBERS), replaces=old)
    exchange(session)
    with theirs.open(theirs.received()[0].doc_id) as stream:
        message = read_header(stream).message
    assert isinstance(message, DocumentMessage)
    assert message.business.kind is BusinessKind.REPLACE
    assert message.business.replaces == (Replacement(old.document_uid, ("H01.05", "G09")),)
    asked = _copy_at_b(session, old).requests[-1]
    assert (asked.kind, asked.reason, asked.answer) == (Asked.REPLACE, new.code, Answer.OPEN)
    clerk = client_for(app, "b_clerk")
    assert clerk.post(f"/incoming/{first.id}/answer", data={"note": "Đã thay"}).status_code == 303
    exchange(session)
    asked = _copy_at_b(session, old).requests[-1]
    assert (asked.answer, asked.note) == (Answer.AGREED, "Đã thay")
    page = client_for(app, "a_clerk").get(f"/outgoing/{old.id}").get_data(as_text=True)
    assert "Được thay thế bằng" in page
    assert new.code in page


def test_what_was_recalled_says_so_wherever_it_is_listed_and_counts_no_more(
    app: Flask, session: Session, place: Province
) -> None:
    document = issue(session, place, next(_NUMBERS))
    exchange(session)
    service.recall(session, place.a.clerk, document.id, "Ban hành nhầm")
    session.expire_all()
    clerk, specialist = client_for(app, "a_clerk"), client_for(app, "a_specialist")
    for address in ("/outgoing?tab=issued", f"/outgoing/{document.id}", "/search?q=&direction=out"):
        assert "Đã thu hồi" in clerk.get(address).get_data(as_text=True), address
    page = specialist.get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert "Soạn văn bản thay thế" not in page
    with pytest.raises(copying.SourceGone):
        copying.source(session, place.a.clerk, document.id)
    for refused in (outgoing_service.replaceable, outgoing_service.correctable):
        with pytest.raises(superseding.Recalled):
            refused(session, place.a.clerk, document.id)


def test_only_what_was_issued_takes_the_place_of_a_document_and_once(
    app: Flask, session: Session, place: Province
) -> None:
    old = issue(session, place, next(_NUMBERS))
    address, clerk = f"/outgoing/{old.id}", client_for(app, "a_clerk")
    with transaction(session):
        operations.give_access(session, place.a.clerk, old, person_ids=[place.a.specialist.person_id or 0])
    draft = drafts.draft(session, place, replaces_id=old.id)
    assert "Được thay thế bằng" not in clerk.get(address).get_data(as_text=True), "it may never be issued"
    assert outgoing_service.replaceable(session, place.a.clerk, old.id) == old
    with pytest.raises(outgoing_service.ReplacesAndCorrects):
        drafts.draft(session, place, replaces_id=old.id, corrects_id=old.id)
    with transaction(session):
        draft.state, draft.code_number, draft.issued_on = Out.ISSUED, "9", clock.today()
        draft.issued_at = clock.now()
    assert "Được thay thế bằng" in clerk.get(address).get_data(as_text=True)
    with pytest.raises(superseding.Replaced):
        outgoing_service.replaceable(session, place.a.clerk, old.id)


def test_work_on_a_withdrawn_document_ends(session: Session, place: Province) -> None:
    document = issue(session, place, 203)
    exchange(session)
    arrived = _came(session, place.b)
    _register(session, place.b, arrived)
    direction = directions.direct(session, place.b.leader, arrived.id, steps.to_unit(place.b))
    task = direction.tasks[0]
    service.recall(session, place.a.clerk, document.id, "Ban hành nhầm")
    exchange(session)
    incoming.answer_sender(session, place.b.clerk, arrived.id, agree=True, note="")
    session.refresh(task)
    assert task.state == "withdrawn"


def test_an_unreadable_copy_is_shown_to_the_sender_and_goes_again_to_that_recipient_alone(
    app: Flask, session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    document = issue(session, place, 204)
    exchange(session)
    offered = theirs.received(MessageKind.DOCUMENT)[-1]
    with theirs.open(offered.doc_id) as stream:
        stream.read()
    theirs.confirm(offered.doc_id, Transport.FAIL, description="Tệp đính kèm thứ 1 bị hỏng")
    follow(session)
    session.expire_all()
    copy = next(d for d in queries.deliveries_of(session, document) if d.recipient_code == "G09")
    assert (copy.hop, copy.note) == (Hop.UNREADABLE, "Tep dinh kem thu 1 bi hong")
    page = client_for(app, "a_clerk").get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert "Phần mềm nơi nhận không đọc được" in page
    service.resend(session, place.a.clerk, document.id)
    exchange(session)
    again = [one for one in theirs.received(MessageKind.DOCUMENT) if one.doc_id != offered.doc_id]
    with theirs.open(again[-1].doc_id) as stream:
        message = parse(stream, tmp_path).message
    assert isinstance(message, DocumentMessage)
    assert [one.organ_id for one in message.recipients] == ["G09"]
    assert message.document_id == document.document_uid


def test_the_same_request_again_asks_nothing_new(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    _register(session, place.a, _came(session, place.a))
    target = ResponseFor("H01.12", original.code.full, original.document_id, original.promulgated_on)
    for minutes in (0, 1):  # another packet, so the axis delivers both
        at = clock.now() + timedelta(minutes=minutes)
        _send(theirs, StatusMessage(MINISTRY, target, "13", at, "Gửi nhầm"))
        exchange(session)
    assert session.scalar(sa.select(sa.func.count()).where(Packet.message_type == "status")) == 2
    assert session.scalars(sa.select(Request.kind)).all() == [Asked.TAKE_BACK]


@pytest.mark.parametrize(("code", "asked"), [("", 1), ("9", 0)])
def test_a_document_is_asked_back_by_its_number_where_its_id_is_spelt_otherwise(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path, code: str, asked: int
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    _register(session, place.a, _came(session, place.a))
    target = ResponseFor("H01.12", code + original.code.full, "G09-1", original.promulgated_on)
    _send(theirs, StatusMessage(MINISTRY, target, "13", clock.now(), "Gửi nhầm"))
    exchange(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(Request)) == asked


def test_a_recall_after_a_request_is_answered_together_with_it(
    session: Session, place: Province, theirs: AxisClient, tmp_path: Path
) -> None:
    original = _from_ministry(tmp_path)
    _send(theirs, original)
    exchange(session)
    document = _came(session, place.a)
    _register(session, place.a, document)
    target = ResponseFor("H01.12", original.code.full, original.document_id, original.promulgated_on)
    _send(theirs, StatusMessage(MINISTRY, target, "13", clock.now(), "Gửi nhầm"))
    exchange(session)
    business = Business(BusinessKind.RECALL, "Ban hành nhầm", original.document_id)
    _send(theirs, replace(original, attachments=(), business=business))
    exchange(session)
    incoming.answer_sender(session, place.a.clerk, document.id, agree=True, note="Đã hủy")
    answers = session.scalars(sa.select(Request.answer)).all()
    assert answers == [Answer.AGREED, Answer.AGREED]
