"""From the leader's signature to the issue."""

import io
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session

from eoffice.core import clock, config, jobs
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session, transaction
from eoffice.core.errors import AppError, Conflict, TooLong
from eoffice.directory.models import Role
from eoffice.documents import operations as writes
from eoffice.documents import pages, registers
from eoffice.documents import queries as documents
from eoffice.documents.models import FileRole, RegisterEntry
from eoffice.gateway.models import Delivery, Dispatch
from eoffice.outgoing import issuing, operations, service, superseding
from eoffice.outgoing.drafting import Upload
from eoffice.outgoing.models import Frozen, OutgoingDocument
from eoffice.outgoing.workflow import Move, State
from eoffice.signatures import checking, errors, queries
from eoffice.signatures import operations as signing
from eoffice.signatures.models import KeyPurpose
from eoffice.signatures.settings import TSA_URL
from signing.report import Verdict
from tests.factories import PIN, Province
from tests.outgoing.drafts import bring, draft, newest, path, take, upload
from tests.signatures.keys import pki

pytestmark = pytest.mark.usefixtures("keys")


@pytest.mark.slow
def test_requirement_24_leader_number_and_seal_make_a_chain_that_every_verifier_accepts(
    session: Session, place: Province
) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = path(newest(session, document, FileRole.ISSUED))
    report = checking.check(issued)
    assert report.verdict is Verdict.VALID, report.all_findings
    assert [one.role.value for one in report.signatures if one.role] == ["leader", "number", "seal"]
    told = subprocess.run(
        ["pdfsig", "-nocert", str(issued)], capture_output=True, text=True, check=False
    ).stdout
    assert told.count("Signature is Valid") == 3


def test_openssl_accepts_the_leaders_signature(session: Session, place: Province, tmp_path) -> None:  # type: ignore[no-untyped-def]
    document = bring(session, place.a, draft(session, place), State.NUMBERING)
    data = path(newest(session, document, FileRole.SIGNED)).read_bytes()
    start = data.rindex(b"/ByteRange [") + len(b"/ByteRange [")
    a, b, c, d = map(int, data[start : data.index(b"]", start)].split())
    (tmp_path / "signed").write_bytes(data[a : a + b] + data[c : c + d])
    raw = bytes.fromhex(data[a + b : c].strip(b"<>").decode())
    (tmp_path / "cms").write_bytes(raw)
    (tmp_path / "root.pem").write_bytes((pki().trust_folder / "root.pem").read_bytes())
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-in", "cms",
         "-content", "signed", "-CAfile", "root.pem", "-out", "/dev/null"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_the_leader_signed_is_the_beginning_of_what_is_issued(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    signed = path(newest(session, document, FileRole.SIGNED)).read_bytes()
    assert path(newest(session, document, FileRole.ISSUED)).read_bytes().startswith(signed)


@pytest.mark.slow
def test_number_and_date_of_an_issued_document_are_found_and_seen(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    before, after = (path(newest(session, document, role)) for role in (FileRole.SIGNED, FileRole.ISSUED))
    text = pages.page_text(after)[0].text
    assert f"Số: {document.code}" in text
    assert document.issued_on is not None
    assert f"An Giang, ngày {document.issued_on:%d} tháng" in text
    x0, y0, x1, y1 = document.number_box or []
    plain, drawn = (
        Image.open(io.BytesIO(pages.render_page(one, 1, 900))).convert("L") for one in (before, after)
    )
    scale = 900 / 595.28
    line = tuple(round(side * scale) for side in (x0, 841.89 - y1 + 6, x1, 841.89 - y0 - 3))
    assert plain.crop(line).getextrema()[0] > 200  # blank before
    assert drawn.crop(line).getextrema()[0] < 60  # ink after


@pytest.mark.slow
def test_the_search_finds_the_number_of_an_issued_document(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    jobs.work_off(session)
    found = session.scalar(
        sa.text("SELECT words @@ to_tsquery('simple', 'snnmt & khtc & giong') FROM document WHERE id = :id"),
        {"id": document.id},
    )
    assert found


@pytest.mark.slow
def test_issuing_names_the_document_and_puts_it_into_the_outbox(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    assert document.code == "01/SNNMT-KHTC"
    assert document.document_uid == f"H01.12,{clock.today():%Y/%m/%d},01/SNNMT-KHTC"
    assert session.scalar(sa.select(Dispatch.document_id)) == document.id
    codes = session.scalars(sa.select(Delivery.recipient_code)).all()
    assert sorted(codes) == [place.b.agency.code, place.outside.code]


@pytest.mark.slow
def test_an_issued_document_cannot_be_changed_by_any_code_path(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    document.subject = "Nội dung khác"
    with pytest.raises(Frozen):
        session.flush()
    session.rollback()
    document = session.get_one(OutgoingDocument, document.id, populate_existing=True)
    document.unit = place.a.office
    with pytest.raises(Frozen):
        session.flush()
    session.rollback()
    document = session.get_one(OutgoingDocument, document.id, populate_existing=True)
    document.state = State.DRAFT
    with pytest.raises(Frozen):
        session.flush()
    session.rollback()


def test_two_clerks_at_once_give_one_number(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.NUMBERING)
    outcomes: list[object] = []

    def number() -> None:
        with new_session() as own:
            try:
                outcomes.append(issuing.give_number(own, place.a.clerk, document.id).code_number)
            except Exception as error:
                outcomes.append(type(error).__mro__)

    clerks = [threading.Thread(target=number) for _ in range(4)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert outcomes.count("01") == 1
    assert all(Conflict in o or AppError in o for o in outcomes if isinstance(o, tuple))
    assert session.scalar(sa.select(sa.func.count()).select_from(RegisterEntry)) == 1


@pytest.mark.slow
def test_sealing_again_after_a_failure_uses_the_same_number(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SEALING)
    with config.override(**{TSA_URL.name: "http://127.0.0.1:9/tsa"}), pytest.raises(errors.TimestampDown):
        issuing.seal(session, place.a.clerk, document.id, PIN)
    assert documents.latest_file(session, document, FileRole.NUMBERED, FileRole.ISSUED) is None
    issuing.seal(session, place.a.clerk, document.id, PIN)
    assert (document.state, document.code_number) == (State.ISSUING, "01")


def test_a_dead_time_stamping_service_changes_nothing(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    with config.override(**{TSA_URL.name: "http://127.0.0.1:9/tsa"}), pytest.raises(errors.TimestampDown):
        issuing.sign(session, place.a.leader, document.id, PIN)
    session.expire_all()
    assert document.state == State.SIGNATURE
    assert documents.latest_file(session, document, FileRole.SIGNED) is None


def test_a_wrong_pin_signs_nothing_and_is_never_written_down(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    with pytest.raises(errors.WrongPin) as told:
        issuing.sign(session, place.a.leader, document.id, "wrong-secret-pin")
    assert told.value.params["left"] == 4
    assert documents.latest_file(session, document, FileRole.SIGNED) is None
    for entry in session.scalars(sa.select(AuditEntry)):
        assert "wrong-secret-pin" not in str(entry.details)


@pytest.mark.slow
def test_five_wrong_pins_lock_the_key_for_a_while(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    for _ in range(4):
        with pytest.raises(errors.WrongPin):
            issuing.sign(session, place.a.leader, document.id, "654321")
    with pytest.raises(errors.KeyLocked):
        issuing.sign(session, place.a.leader, document.id, "654321")
    with pytest.raises(errors.KeyLocked):
        issuing.sign(session, place.a.leader, document.id, PIN)
    with clock.freeze(clock.now() + timedelta(minutes=31)):
        assert issuing.sign(session, place.a.leader, document.id, PIN).state == State.NUMBERING


def test_an_expired_certificate_signs_nothing(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    with clock.freeze(clock.now() + timedelta(days=6 * 365)), pytest.raises(errors.KeyExpired):
        issuing.sign(session, place.a.leader, document.id, PIN)
    assert document.state == State.SIGNATURE


def test_a_leader_without_key_is_told_whom_to_ask(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    key = queries.key_of(session, place.a.leader, KeyPurpose.PERSON)
    assert key is not None
    key.active = False
    session.commit()
    with pytest.raises(errors.NoKey):
        issuing.sign(session, place.a.leader, document.id, PIN)


@pytest.mark.slow
def test_requirement_22_a_separate_attachment_is_signed_with_number_and_time(
    session: Session, place: Province
) -> None:
    document = draft(session, place)
    page = path(newest(session, document, FileRole.DRAFT)).read_bytes()
    service.attach(session, place.a.specialist, document.id, Upload(io.BytesIO(page), "phu-luc.pdf"))
    bring(session, place.a, document, State.ISSUED)
    attachment = newest(session, document, FileRole.ATTACHMENT)
    assert f"Số: {document.code}; {clock.today():%d/%m/%Y};" in pages.page_text(path(attachment))[0].text
    assert checking.check(path(attachment)).verdict is Verdict.VALID
    assert newest(session, document, FileRole.SOURCE).name == "phu-luc.pdf"
    assert len(documents.files(session, document, FileRole.ATTACHMENT)) == 1


@pytest.mark.slow
def test_a_void_number_stays_with_its_reason_and_is_not_used_again(session: Session, place: Province) -> None:
    first = bring(session, place.a, draft(session, place), State.SEALING)
    issuing.void_number(session, place.a.clerk, first.id, "Ký nhầm bản cũ")
    second = bring(session, place.a, draft(session, place), State.SEALING)
    assert second.code_number == "02"
    entry = session.scalars(sa.select(RegisterEntry).order_by(RegisterEntry.number)).first()
    assert entry is not None
    assert (entry.number, entry.void_reason) == (1, "Ký nhầm bản cũ")
    with pytest.raises(registers.VoidNeedsReason):
        issuing.void_number(session, place.a.clerk, second.id, " ")
    with pytest.raises(TooLong):
        issuing.void_number(session, place.a.clerk, second.id, "x" * 1001)
    third = bring(session, place.a, draft(session, place), State.NUMBERING)
    with pytest.raises(TooLong):
        service.send_back(session, place.a.clerk, third.id, "x" * 1001)


@pytest.mark.slow
def test_the_verdict_on_what_was_made_is_kept_and_told(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUING)
    jobs.work_off(session)
    issued = newest(session, document, FileRole.ISSUED)
    check = queries.checks(session, [issued])[issued.id]
    assert check.verdict == "valid"
    assert (
        checking.read(check.report).signatures[0].signer.name == place.a.posts[Role.LEADER].person.full_name
    )  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_byte_changed_after_the_issue_is_found(session: Session, place: Province) -> None:
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = newest(session, document, FileRole.ISSUED)
    assert blobs().check(issued.sha256)
    data = bytearray(path(issued).read_bytes())
    data[2000] ^= 1
    changed = blobs().put_bytes(bytes(data))
    assert checking.check(blobs().path(changed.sha256)).verdict in (Verdict.INVALID, Verdict.UNREADABLE)


@pytest.mark.slow
def test_number_and_day_go_into_the_blanks_of_the_drafters_own_page(
    session: Session, place: Province, page_with_blanks: Callable[[str], bytes]
) -> None:
    document = upload(session, place, page_with_blanks("SNNMT-KHTC"))
    bring(session, place.a, document, State.ISSUED)
    issued = path(newest(session, document, FileRole.ISSUED))
    words = sorted((w for w in pages.page_text(issued)[0].words if w.box.y0 > 680), key=lambda w: w.box.x0)
    row = [w.text for w in words if abs(w.box.y0 - next(x for x in words if x.text == "Số:").box.y0) < 4]
    day = clock.today()
    assert row == [
        "Số:",
        "01",
        "/SNNMT-KHTC",
        "An",
        "Giang,",
        "ngày",
        f"{day:%d}",
        "tháng",
        f"{day.month}",
        "năm",
        "2026",
    ]
    assert checking.check(issued).verdict is Verdict.VALID


def test_a_printed_notation_that_is_not_the_registers_is_refused(
    session: Session, place: Province, page_with_blanks: Callable[[str], bytes]
) -> None:
    with pytest.raises(operations.NotationDiffers):
        upload(session, place, page_with_blanks("SNNMT-TTBVTV"))


@pytest.mark.slow
def test_no_transaction_stays_open_while_a_signature_is_made(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    open_then: list[bool] = []
    really = signing.sign

    def watched(*args: Any) -> Any:
        open_then.append(session.in_transaction())
        return really(*args)

    monkeypatch.setattr(signing, "sign", watched)
    issuing.sign(session, place.a.leader, document.id, PIN)
    issuing.give_number(session, place.a.clerk, document.id)
    issuing.seal(session, place.a.clerk, document.id, PIN)
    assert open_then == [False, False, False]


@pytest.mark.slow
def test_what_was_destroyed_is_neither_sealed_nor_issued(session: Session, place: Province) -> None:
    """A row of a destroyed file is refused even while its bytes wait to be erased."""
    numbered, sealed = (
        bring(session, place.a, draft(session, place), state) for state in (State.SEALING, State.ISSUING)
    )
    with transaction(session):
        for document in (numbered, sealed):
            writes.destroy_files(session, place.a.archivist, document, "Quyết định 9")
    with pytest.raises(issuing.Gone):
        issuing.seal(session, place.a.clerk, numbered.id, PIN)
    with pytest.raises(issuing.Gone):
        issuing.issue(session, place.a.clerk, sealed.id)
    assert issuing.void_number(session, place.a.clerk, numbered.id, "Tệp đã hủy").state is State.VOID


@pytest.mark.slow
def test_what_a_draft_replaces_must_still_stand_when_it_is_signed_numbered_and_issued(
    session: Session, place: Province
) -> None:
    old = bring(session, place.a, draft(session, place), State.ISSUED)
    first, second, third = (draft(session, place, replaces_id=old.id) for _number in range(3))
    bring(session, place.a, second, State.ISSUING)
    bring(session, place.a, third, State.SIGNATURE)
    bring(session, place.a, first, State.ISSUED)
    with pytest.raises(superseding.Replaced):
        take(session, place.a, second.id, Move.ISSUE)
    with pytest.raises(superseding.Replaced):
        take(session, place.a, third.id, Move.SIGN)
    with transaction(session):
        first.recalled_at = old.recalled_at = clock.now()
    with pytest.raises(superseding.Recalled):
        take(session, place.a, third.id, Move.SIGN)
    take(session, place.a, second.id, Move.VOID)
