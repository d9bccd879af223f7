"""What takes the place of an issued document, or corrects it: asked when a draft begins, and again at each step that
binds, since what it names may be recalled or replaced meanwhile (Decree 30/2020, Article 18).
"""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.errors import Overtaken
from eoffice.documents.models import Document, DocumentLink, LinkKind
from eoffice.gateway import changes
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State


class Recalled(Overtaken):
    """It counts no more, and stays as it was issued."""

    message = _l(
        "%(code)s was recalled, so it is neither corrected nor replaced. Draft a new document instead."
    )


class Replaced(Overtaken):
    """One document takes the place of another."""

    message = _l("%(code)s was replaced by %(by)s already. Correct or replace that one.")


def refuse(session: Session, document: OutgoingDocument, *, besides: OutgoingDocument | None = None) -> None:
    """Raises Recalled or Replaced where a document counts no more; `besides`: the one that takes its place."""
    if document.recalled_at is not None:
        raise Recalled(code=document.code)
    newer = (
        sa.select(OutgoingDocument)
        .join(DocumentLink, DocumentLink.source_id == OutgoingDocument.id)
        .where(
            DocumentLink.target_id == document.id, DocumentLink.kind == LinkKind.REPLACES,
            OutgoingDocument.state == State.ISSUED, OutgoingDocument.recalled_at.is_(None),
        )
    )  # fmt: skip
    found = [one for one in session.scalars(newer) if one is not besides]
    if found:
        raise Replaced(code=document.code, by=found[0].code)


def refuse_late(session: Session, draft: OutgoingDocument) -> None:
    """Raises the same for what a draft replaces or corrects. Held, so that of two at once the second sees the first."""
    named = (
        sa.select(OutgoingDocument)
        .join(DocumentLink, DocumentLink.target_id == OutgoingDocument.id)
        .where(
            DocumentLink.source_id == draft.id, DocumentLink.kind.in_((LinkKind.REPLACES, LinkKind.CORRECTS))
        )
        .order_by(OutgoingDocument.id)
        .with_for_update(of=OutgoingDocument.__table__)
        .execution_options(populate_existing=True)
    )
    for target in session.scalars(named).all():
        refuse(session, target, besides=draft)


def refuse_wanted(session: Session, copy: OutgoingDocument) -> None:
    """Raises WantedBack while the sender of what it is a copy of wants that back: it goes to nobody (Article 18.4)."""
    named = sa.select(Document).join(DocumentLink, DocumentLink.target_id == Document.id)
    copied = named.where(DocumentLink.source_id == copy.id, DocumentLink.kind == LinkKind.COPIES)
    for original in session.scalars(copied):
        changes.refuse_wanted(session, original)
