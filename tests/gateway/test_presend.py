"""What would fail is said before a document is sent, and mended with one click where it can be."""

import html
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.errors import InvalidTransition
from eoffice.core.permissions import system_actor
from eoffice.directory import operations as directory
from eoffice.directory.models import Agency
from eoffice.documents import operations as documents
from eoffice.documents import recipients
from eoffice.documents.models import Channel, DocumentFile, FileRole, Recipient
from eoffice.documents.operations import Inspected
from eoffice.documents.recipients import DividedRecipient
from eoffice.gateway import operations, presend, service
from eoffice.gateway.models import Dispatch
from eoffice.gateway.presend import Repair, plain_name
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State
from eoffice.signatures.models import FileCheck, KeyPurpose, SigningKey
from tests.factories import Province, province
from tests.home.made import outgoing
from tests.web import client_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def place(session: Session) -> Province:
    return province(session)


def _ready(session: Session, place: Province, *attachments: str) -> OutgoingDocument:
    """Sealed, numbered, addressed to agency B; only the clerk's last step is missing."""
    house, today = place.a, clock.today()
    document = outgoing(
        session, house, "Về việc đối chiếu số liệu", State.ISSUING, code_number="125", issued_on=today,
        issuer_code=house.agency.code, document_uid=f"{house.agency.code},{today:%Y/%m/%d},125/SNNMT-KHTC",
        signer_name="Đỗ Quốc An", signer_title="Giám đốc",
    )  # fmt: skip
    names = [("125-SNNMT-KHTC.pdf", FileRole.ISSUED), *((name, FileRole.ATTACHMENT) for name in attachments)]
    with transaction(session):
        documents.set_recipients(session, document, [place.b.agency])
        for name, role in names:
            stored = blobs().put_bytes(f"%PDF-1.4 {name}".encode())
            kind = "application/pdf" if name.endswith(".pdf") else "application/octet-stream"
            file = Inspected(stored.sha256, stored.size, name, kind, 1, [(595, 842)])
            documents.add_file(session, house.clerk, document, file, role)
    return document


def _said(app: Flask, session: Session, place: Province, document: OutgoingDocument) -> list[presend.Finding]:
    with app.test_request_context():
        return presend.check(session, place.a.clerk, document)


def test_a_document_in_order_needs_no_word(app: Flask, session: Session, place: Province) -> None:
    assert _said(app, session, place, _ready(session, place)) == []


def test_an_unknown_and_a_closed_recipient_are_named_and_go_on_paper_with_one_click(
    app: Flask, session: Session, place: Province
) -> None:
    document = _ready(session, place)
    with transaction(session):
        session.get_one(Agency, place.b.agency.id).valid_to = clock.today() - timedelta(days=1)
        session.add(
            Recipient(
                agency_id=document.agency_id, document_id=document.id, code="H01.77", name="Sở Không có"
            )
        )
    clerk = client_for(app, "a_clerk")
    checks = f"/outgoing/{document.id}/checks"
    assert checks in clerk.get(f"/outgoing/{document.id}").get_data(as_text=True)
    page = clerk.get(checks).get_data(as_text=True)
    assert "Sở Không có (H01.77) không có trên trục liên thông" in page
    assert "Sở Tài chính đã ngừng hoạt động" in page
    for finding in _said(app, session, place, document):
        assert (finding.fails, finding.repair) == (True, Repair.PAPER)
        data = {"repair": finding.repair.value, "target": finding.target_id}
        for _click in range(2):  # a second click changes nothing more
            assert clerk.post(f"/outgoing/{document.id}/repair", data=data).status_code == 303
    session.expire_all()
    assert set(session.scalars(sa.select(Recipient.channel))) == {Channel.PAPER}
    assert _said(app, session, place, document) == []


def test_a_closed_recipient_is_replaced_by_its_successor_with_one_click(
    app: Flask, session: Session, place: Province
) -> None:
    document = _ready(session, place)
    with transaction(session):
        closed = session.get_one(Agency, place.b.agency.id)
        closed.valid_to, closed.legal_basis = clock.today() - timedelta(days=1), "Nghị quyết 202/2025/QH15"
        closed.successor_id = place.outside.id
    (finding,) = _said(app, session, place, document)
    assert finding.repair is Repair.SUCCESSOR
    assert f"Cơ quan kế thừa là {place.outside.name}" in finding.sentence
    assert "Nghị quyết 202/2025/QH15" in finding.sentence
    service.repair(session, place.a.clerk, document.id, Repair.SUCCESSOR, finding.target_id)
    service.repair(session, place.a.clerk, document.id, Repair.SUCCESSOR, finding.target_id)
    session.expire_all()
    assert [one.code for one in session.scalars(sa.select(Recipient))] == [place.outside.code]
    assert _said(app, session, place, document) == []


def test_a_closed_recipient_with_several_successors_leaves_the_choice(
    app: Flask, session: Session, place: Province
) -> None:
    document = _ready(session, place)
    with transaction(session):
        closed = session.get_one(Agency, place.b.agency.id)
        third = directory.save_agency(session, system_actor(), "H01.901", "Ban Quản lý khu kinh tế")
        closed.successor_id, closed.successor_codes = place.outside.id, [place.outside.code, third.code]
        closed.valid_to = clock.today()
    (finding,) = _said(app, session, place, document)
    assert not finding.fails, "told before the day"
    with transaction(session):
        closed.valid_to = clock.today() - timedelta(days=1)
    (finding,) = _said(app, session, place, document)
    assert [code for code, _name in finding.choices] == [place.outside.code, third.code]
    with pytest.raises(DividedRecipient) as refused:
        recipients.find(session, [place.outside.code, closed.code])
    assert [value for value, _name in refused.value.instead] == [f"1|{place.outside.code}", "1|H01.901"]
    form = MultiDict({"recipient1": place.outside.name, "recipient2": closed.name, "instead": "1|H01.901"})
    assert recipients.rows(form)[1] == ("H01.901", "")
    page = html.unescape(
        client_for(app, "a_clerk").get(f"/outgoing/{document.id}/checks").get_data(as_text=True)
    )
    assert "Gửi đến Ban Quản lý khu kinh tế" in page
    service.repair(session, place.a.clerk, document.id, Repair.SUCCESSOR, finding.target_id, "H01.901")
    session.expire_all()
    assert [one.code for one in session.scalars(sa.select(Recipient))] == ["H01.901"]


def test_a_file_name_others_cannot_store_is_made_plain(app: Flask, session: Session, place: Province) -> None:
    document = _ready(
        session, place, "Phụ lục số 1 (kèm theo) về kinh phí hỗ trợ khắc phục sạt lở năm 2026.pdf"
    )
    (finding,) = _said(app, session, place, document)
    assert (finding.fails, finding.repair) == (False, Repair.RENAME)
    service.repair(session, place.a.clerk, document.id, Repair.RENAME, finding.target_id)
    name = session.get_one(DocumentFile, finding.target_id).name
    assert name == "Phu-luc-so-1-kem-theo-ve-kinh-phi-ho-tro-khac.pdf"
    assert _said(app, session, place, document) == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Đường đi.xlsx", "Duong-di.xlsx"),
        ("…", "tep"),
        ("a.b", "a.b"),
        ("x" * 80 + ".pdf", "x" * 46 + ".pdf"),
    ],
)
def test_a_plain_name_keeps_what_it_can(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert plain_name(plain) == plain


def test_size_missing_field_signature_and_certificate_are_told(
    app: Flask, session: Session, place: Province
) -> None:
    document = _ready(session, place, "bang-tinh.xlsx", "phu-luc.pdf")
    pdf = next(file for file in document.files if file.name == "phu-luc.pdf")
    with transaction(session):
        document.subject = ""
        session.add(FileCheck(file_id=pdf.id, agency_id=pdf.agency_id, verdict="unsigned", report={},
                              checked_at=clock.now()))  # fmt: skip
        session.add(
            SigningKey(
                agency_id=document.agency_id, purpose=KeyPurpose.AGENCY, pkcs12=b"x", certificate=b"x", chain=[],
                subject="CN=Sở",
                issuer="CN=CA", fingerprint="0" * 64, not_before=clock.now() - timedelta(days=700),
                not_after=clock.now() + timedelta(days=10),
            )
        )  # fmt: skip
    with override(EOFFICE_PACKET_LIMIT_MB=0):
        said = [finding.sentence for finding in _said(app, session, place, document)]
    for words in ("Thiếu trích yếu", "trục liên thông nhận tối đa 0 MB", "“bang-tinh.xlsx” chưa ký số",
                  "“phu-luc.pdf” chưa ký số", "Chứng thư số của cơ quan hết hạn"):  # fmt: skip
        assert any(words in one for one in said), (words, said)


def test_what_is_in_the_outbox_is_repaired_no_more(session: Session, place: Province) -> None:
    document = _ready(session, place)
    with transaction(session):
        operations.dispatch(session, place.a.clerk, document)
    target = session.scalars(sa.select(Recipient.id)).one()
    with pytest.raises(InvalidTransition):
        service.repair(session, place.a.clerk, document.id, Repair.PAPER, target)


def test_a_packet_is_tried_until_the_documents_own_deadline(session: Session, place: Province) -> None:
    document, now = _ready(session, place), clock.now()
    sent = Dispatch(created_at=now, document=document)
    assert operations.deadline(sent) == now + timedelta(days=7)
    document.due_on = clock.today() + timedelta(days=2)
    assert operations.deadline(sent) == clock.day_start(clock.today() + timedelta(days=3))
    document.due_on = clock.today() - timedelta(days=2)
    assert operations.deadline(sent) == now + timedelta(days=1), "a day at least"
    session.rollback()


def test_tries_come_later_and_later_and_never_all_at_once() -> None:
    tries = [[operations.delay(attempt).total_seconds() for _ in range(50)] for attempt in range(1, 8)]
    for attempt, seconds in enumerate(tries, 1):
        usual = min(60, 2**attempt)
        assert 0.75 * usual <= min(seconds) < max(seconds) <= 1.25 * usual
