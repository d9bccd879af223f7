"""What is read after the upload."""

from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core import jobs as queue
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session, transaction
from eoffice.documents import jobs, operations, pages
from eoffice.documents.models import Document, DocumentFile, FileRole, PageText
from eoffice.documents.operations import Inspected, NewFile
from tests.factories import province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf

pytestmark = pytest.mark.postgres


def test_a_locked_or_broken_file_has_no_text_and_its_document_is_found_by_its_fields(
    session: Session, tmp_path: Path
) -> None:
    house = province(session).a
    document = steps.registered(session, house)
    locked = tmp_path / "locked.pdf"
    with pikepdf.open(blobs().path(document.files[0].sha256)) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user="x", owner="y"))
    for data in (locked.read_bytes(), b"%PDF-1.7\ncut off"):
        blob = blobs().put_bytes(data)
        with transaction(session):
            file = operations.add_file(
                session, house.clerk, document, Inspected(blob.sha256, blob.size, "a.pdf", "application/pdf", 0, []),
                FileRole.ORIGINAL,
            )  # fmt: skip
        jobs.read_text(session, file.id)
        assert session.scalars(sa.select(PageText).where(PageText.file_id == file.id)).all() == []
        asked = Document.words.op("@@")(sa.func.to_tsquery("simple", "sat & lo"))
        assert session.scalars(sa.select(Document.id).where(asked)).all() == [document.id]


def unread(session: Session, *, count: int = 1) -> list[DocumentFile]:
    """Files of documents that were registered, their words not read yet."""
    house, made = province(session).a, list[DocumentFile]()
    for number in range(count):
        document = steps.registered(session, house, code_number=str(2751 + number))
        with transaction(session):
            blob = blobs().put_bytes(letter_pdf())
            inspected = Inspected(blob.sha256, blob.size, "a.pdf", "application/pdf", 1, [(595, 842)])
            made += operations.add_files(
                session, house.clerk, [NewFile(document, inspected, FileRole.ORIGINAL)], read_later=True
            )
            session.execute(sa.delete(PageText))
    return made


def test_what_came_together_is_read_together_and_found_by_its_words(session: Session) -> None:
    files = unread(session, count=2)
    jobs.read_texts(session, [file.id for file in files])
    assert {row.file_id for row in session.scalars(sa.select(PageText))} == {file.id for file in files}
    asked = Document.words.op("@@")(sa.func.to_tsquery("simple", "ranh & man"))
    found = session.scalars(sa.select(Document.id).where(asked)).all()
    assert set(found) == {file.document_id for file in files}


@pytest.mark.parametrize("gone", ["destroyed_at", "sealed_at"])
def test_a_file_that_was_destroyed_or_sealed_meanwhile_gets_no_words_back(
    session: Session, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    first, second = unread(session, count=2)

    def read(*_arguments: object, **_options: object) -> list[str]:
        with new_session() as other, transaction(other):
            setattr(other.get_one(DocumentFile, first.id), gone, clock.now())
        return ["chữ"]

    monkeypatch.setattr(pages, "page_words", read)
    jobs.read_texts(session, [first.id, second.id])
    assert [row.file_id for row in session.scalars(sa.select(PageText))] == [second.id]


def test_one_that_cannot_be_kept_holds_up_no_other(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = unread(session, count=2)
    refused = "\0"  # by the database
    monkeypatch.setattr(jobs, "_words", lambda file, patient: [refused if file.id == first.id else "chữ"])
    jobs.read_texts(session, [first.id, second.id])
    asked = queue.asked(session, "documents.read_texts")
    assert {"file_ids": [second.id]} in asked
    jobs.read_texts(session, [second.id])
    assert [row.file_id for row in session.scalars(sa.select(PageText))] == [second.id]
    with pytest.raises(sa.exc.StatementError):
        jobs.read_texts(session, [first.id])
