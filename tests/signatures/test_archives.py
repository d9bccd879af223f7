"""What is issued stays provable: an archive copy that is stamped again before its stamp ends."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.admin import signing
from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.errors import Conflict
from eoffice.core.permissions import system_actor
from eoffice.core.states import Tone
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.outgoing.workflow import State
from eoffice.signatures import archives, jobs, levels, operations, succession, trust
from eoffice.signatures.models import ArchiveCopy
from signing.report import Report, Verdict
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.factories import Province, province
from tests.outgoing.drafts import bring, draft
from tests.signatures.keys import equip, pki
from tests.web import client_for


@pytest.fixture
def place(session: Session) -> Province:
    """Agency A can sign."""
    made = province(session)
    equip(session, made.a)
    return made


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DemoPki]:
    """A time-stamping authority by the application's clock, without a network between."""
    made = pki()
    old = {name: (made.folder / name).read_bytes() for name in ("tsa.pem", "tsa.key")}
    monkeypatch.setattr(operations, "timestamper", lambda: LocalTimestamper(made, clock.now))
    monkeypatch.setattr(
        trust,
        "store",
        lambda: made.trust.with_revocation(crls=[made.crl(at=clock.now()), made.root_crl(at=clock.now())]),
    )
    yield made
    for name, data in old.items():
        (made.folder / name).write_bytes(data)


def judged(file: DocumentFile, at: datetime) -> Report:
    """By the root alone, as somebody would who has nothing else left."""
    return verify_pdf(
        io.BytesIO(blobs().path(file.sha256).read_bytes()), TrustStore((pki().root.der,)), at=at,
        require_revocation=True,
    )  # fmt: skip


@pytest.mark.slow
def test_an_issued_document_is_archived_and_stamped_again_in_time(
    session: Session, place: Province, authority: DemoPki, app: Flask
) -> None:
    session.merge(levels.SigningLevel(agency_id=place.a.agency.id, level=Level.B_LTA))
    session.commit()
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = documents.latest_file(session, document, FileRole.ISSUED)
    assert issued is not None
    jobs.archive(session, issued.id)
    jobs.archive(session, issued.id)
    (first,) = documents.files(session, document, FileRole.ARCHIVE)
    assert {one.level for one in judged(first, clock.now()).signatures} == {Level.B_LTA}
    copy = session.get_one(ArchiveCopy, issued.id)
    assert copy.good_until is not None
    session.rollback()

    jobs.check_file(session, first.id)
    page = client_for(app, "a_clerk").get(f"/outgoing/{document.id}").get_data(as_text=True)
    assert f"{clock.local(copy.good_until):%d/%m/%Y}" in page

    end = copy.good_until
    session.rollback()
    with clock.freeze(end - timedelta(days=100)):
        assert archives.renew_due(session) == 0
    with clock.freeze(end - timedelta(days=30)):
        assert archives.renew_due(session) == 1
        jobs.archive(
            session, issued.id
        )  # the authority has no later certificate yet: this proves nothing more
        assert documents.files(session, document, FileRole.ARCHIVE) == [first]
        assert archives.counts(session, place.a.agency.id) == archives.Counts(1, 1, 1, end)
        session.rollback()
        assert archives.renew_due(session) == 0
    with clock.freeze(end - timedelta(days=29)):
        authority.renew_tsa(clock.now() - timedelta(days=1))
        assert archives.renew_due(session) == 1
        jobs.archive(session, issued.id)
        session.expire_all()
        assert archives.counts(session, place.a.agency.id) == archives.Counts(1, 0, 0, copy.good_until)
    session.rollback()
    second = documents.latest_file(session, document, FileRole.ARCHIVE)
    assert second is not None
    assert blobs().path(second.sha256).read_bytes().startswith(blobs().path(first.sha256).read_bytes())
    late = end + timedelta(days=365)
    assert judged(first, late).verdict is Verdict.INDETERMINATE
    assert judged(second, late).verdict is Verdict.VALID


@pytest.mark.slow
def test_what_cannot_be_archived_keeps_the_reason_and_is_tried_again(
    session: Session, place: Province, authority: DemoPki, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    session.merge(levels.SigningLevel(agency_id=place.a.agency.id, level=Level.B_LTA))
    session.commit()
    document = bring(session, place.a, draft(session, place), State.ISSUED)
    issued = documents.latest_file(session, document, FileRole.ISSUED)
    assert issued is not None
    with monkeypatch.context() as away:
        away.setattr(operations, "timestamper", lambda: None)
        jobs.archive(session, issued.id)
    found = archives.counts(session, place.a.agency.id)
    session.rollback()
    assert (found.kept, found.due, found.failed) == (0, 1, 1)
    page = client_for(app, "a_administrator").get("/admin/signing").get_data(as_text=True)
    assert "1 bản chưa lưu trữ được" in page
    assert archives.renew_due(session) == 1
    stored = blobs().path(issued.sha256)
    lost = stored.rename(stored.with_suffix(".lost"))
    jobs.archive(session, issued.id)
    assert archives.counts(session, place.a.agency.id).failed == 1
    with app.test_request_context():
        said = signing.archive_copies(session)
    assert (said.tone, issued.sha256 in said.sentence) == (Tone.WARN, True)
    session.rollback()
    lost.rename(stored)
    jobs.archive(session, issued.id)
    assert archives.counts(session, place.a.agency.id).failed == 0


def test_what_nobody_signed_is_not_tried_again_by_the_hour(
    session: Session, place: Province, authority: DemoPki
) -> None:
    document = bring(session, place.a, draft(session, place), State.SIGNATURE)
    unsigned = documents.latest_file(session, document, FileRole.DRAFT)
    assert unsigned is not None
    session.add(ArchiveCopy(source_id=unsigned.id, agency_id=place.a.agency.id))
    session.commit()
    assert archives.renew_due(session) == 1
    jobs.archive(session, unsigned.id)
    assert archives.counts(session, place.a.agency.id) == archives.Counts(0, 1, 1, None)
    session.rollback()
    with clock.freeze(clock.now() + timedelta(days=3)):
        assert archives.renew_due(session) == 0
    # whoever follows the agency looks after it too, though nothing is made yet
    succession.move(session, [document.id], place.b.agency)
    session.commit()
    assert archives.counts(session, place.b.agency.id).failed == 1


def test_an_agency_without_a_time_stamp_service_signs_at_the_first_level_only(
    session: Session, place: Province, app: Flask
) -> None:
    with pytest.raises(levels.NeedsTimestamps):
        levels.choose(session, system_actor(), place.a.agency, Level.B_LTA)
    assert issubclass(levels.NeedsTimestamps, Conflict)
    admin = client_for(app, "a_administrator")
    assert admin.post("/admin/signing", data={"level": "b-lta"}).status_code == 409
    assert admin.post("/admin/signing", data={"level": "b-b"}).status_code == 303
    assert admin.post("/admin/signing", data={"level": "b-x"}).status_code == 404
    assert levels.of(session, place.a.agency.id) is Level.B_B
