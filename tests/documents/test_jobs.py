"""What is read after the upload."""

from pathlib import Path

import pikepdf
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.documents import jobs, operations
from eoffice.documents.models import Document, FileRole, PageText
from eoffice.documents.operations import Inspected
from tests.factories import province
from tests.incoming import steps

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
