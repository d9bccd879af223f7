"""Drafts that come as files: what is taken, what is refused, and where they are signed."""

import io
import zipfile

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.audit import AuditEntry
from eoffice.core.errors import Invalid
from eoffice.directory.models import Role
from eoffice.documents import convert, intake, pages
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.outgoing import issuing
from eoffice.outgoing.workflow import State
from tests.factories import PIN, Province
from tests.outgoing.drafts import bring, draft, newest, path, upload


@pytest.mark.slow
@pytest.mark.usefixtures("keys")
def test_an_uploaded_page_is_signed_and_numbered_in_its_places(session: Session, place: Province) -> None:
    page = path(newest(session, draft(session, place), FileRole.DRAFT)).read_bytes()
    document = upload(session, place, page)
    assert document.signature_place
    bring(session, place.a, document, State.ISSUED)
    issued = newest(session, document, FileRole.ISSUED)
    assert "Số: 01/SNNMT-KHTC" in pages.page_text(path(issued))[0].text


@pytest.mark.usefixtures("keys")
def test_a_page_without_the_signers_name_is_refused_when_it_is_to_be_signed(
    session: Session, place: Province
) -> None:
    page = path(newest(session, draft(session, place), FileRole.DRAFT)).read_bytes()
    person = place.a.posts[Role.LEADER].person
    person.full_name = "Một Tên Khác"
    session.commit()
    document = upload(session, place, page)
    bring(session, place.a, document, State.SIGNATURE)
    with pytest.raises(issuing.NoPlaceForSignature):
        issuing.sign(session, place.a.leader, document.id, PIN)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", intake.EmptyFile),
        (b"plain text", intake.NotPdf),
        (b"%PDF-1.7\n1 0 obj\n<<", intake.BrokenPdf),
    ],
)
def test_a_file_that_is_no_sound_pdf_is_refused_and_not_stored(
    session: Session, place: Province, data: bytes, problem: type[Invalid]
) -> None:
    with pytest.raises(problem):
        upload(session, place, data)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(DocumentFile)) == 0


def test_a_word_file_without_libreoffice_says_what_to_do(
    session: Session, place: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as word:
        word.writestr("[Content_Types].xml", "<Types/>")
        word.writestr("word/document.xml", "<document/>")
    with pytest.raises(convert.OfficeMissing):
        upload(session, place, buffer.getvalue(), "du-thao.docx")


def test_a_state_secret_is_refused_and_only_the_fact_is_kept(
    session: Session, place: Province, secret_page: bytes
) -> None:
    with pytest.raises(intake.StateSecret):
        upload(session, place, secret_page)
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(DocumentFile)) == 0
    assert session.scalar(sa.select(AuditEntry.id).where(AuditEntry.action == "documents.secret_refused"))
