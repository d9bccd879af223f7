"""What becomes of verdicts on files when their agency is merged; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.directory.models import Agency
from eoffice.documents.models import DocumentFile
from eoffice.signatures.models import ArchiveCopy, FileCheck


def move(session: Session, ids: Sequence[int], to: Agency) -> None:
    """Put the verdicts on the files of documents, and their archive copies, under another agency."""
    files = sa.select(DocumentFile.id).where(DocumentFile.document_id.in_(ids)).scalar_subquery()
    for about in (FileCheck.file_id, ArchiveCopy.source_id):
        session.execute(sa.update(about.class_).where(about.in_(files)).values(agency_id=to.id))
