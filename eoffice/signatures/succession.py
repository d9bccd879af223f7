"""What becomes of verdicts on files when their agency is merged; the caller's use case commits."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.directory.models import Agency
from eoffice.documents.models import DocumentFile
from eoffice.signatures.models import ArchiveCopy, FileCheck


def move(session: Session, ids: Sequence[int], to: Agency) -> None:
    """Put the verdicts on the files of documents under another agency."""
    files = sa.select(DocumentFile.id).where(DocumentFile.document_id.in_(ids)).scalar_subquery()
    for table in (FileCheck, ArchiveCopy):
        session.execute(sa.update(table).where(table.file_id.in_(files)).values(agency_id=to.id))
