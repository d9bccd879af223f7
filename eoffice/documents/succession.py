"""What becomes of open documents when their agency is merged; the caller's use case commits."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.permissions import Actor
from eoffice.directory.models import Agency
from eoffice.documents import operations
from eoffice.documents.models import (
    Document,
    DocumentAccess,
    DocumentFile,
    DocumentLink,
    PageText,
    Recipient,
)

MOVED = audit.action("documents.moved", _l("Moved to the agency that follows"))


def move(session: Session, actor: Actor, ids: Sequence[int], to: Agency, units: Mapping[int, int]) -> None:
    """Put documents and all that hangs on them under another agency; numbers, names and bytes stay as they are.

    `units`: by unit of theirs the one of the other agency that sees what it saw.
    """
    if not ids:
        return
    session.flush()
    moved = {"agency_id": to.id}
    files = sa.select(DocumentFile.id).where(DocumentFile.document_id.in_(ids)).scalar_subquery()
    session.execute(sa.update(PageText).where(PageText.file_id.in_(files)).values(moved))
    for table, column in (
        (DocumentFile, DocumentFile.document_id), (Recipient, Recipient.document_id),
        (DocumentLink, DocumentLink.source_id), (DocumentAccess, DocumentAccess.document_id),
    ):  # fmt: skip
        session.execute(sa.update(table).where(column.in_(ids)).values(moved))
    # past the version counter: nobody edited anything
    row = Document.__table__
    session.execute(sa.update(row).where(row.c.id.in_(ids)).values(moved))  # type: ignore[arg-type]  # a table
    session.expire_all()
    for document in session.scalars(sa.select(Document).where(Document.id.in_(ids)).order_by(Document.id)):
        seen = sa.select(DocumentAccess.unit_id).where(DocumentAccess.document_id == document.id)
        followers = [units[one] for one in session.scalars(seen) if one is not None and one in units]
        operations.give_access(session, actor, document, unit_ids=followers, warned=False)
        audit.record(session, actor, MOVED, document, agency=to.name)
