"""Files on which the mark of a state secret was found after they were stored: closed until the officer has decided."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.documents import operations as documents
from eoffice.documents.models import DocumentFile
from eoffice.incoming import operations
from eoffice.incoming.permissions import ENVELOPE_KEEP
from eoffice.incoming.states import Doubt

#: shown at once
MOST = 50


class Decided(Overtaken):
    """Once is enough."""

    message = _l("It is decided already what becomes of this file. Reload the page.")


def _waiting(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(
        DocumentFile.agency_id == actor.agency_id,
        DocumentFile.sealed_at.is_not(None),
        DocumentFile.destroyed_at.is_(None),
    )


def listing(session: Session, actor: Actor) -> Sequence[DocumentFile]:
    """What waits in the actor's agency, the oldest first."""
    query = sa.select(DocumentFile).where(_waiting(actor)).order_by(DocumentFile.sealed_at, DocumentFile.id)
    return session.scalars(query.limit(MOST)).all()


def count(session: Session, actor: Actor) -> int:
    """How much waits; by an index that holds nothing else."""
    return session.scalar(sa.select(sa.func.count()).select_from(DocumentFile).where(_waiting(actor))) or 0


def decide(session: Session, actor: Actor, file_id: int, *, secret: bool) -> None:
    """Open a sealed file again, or destroy its bytes because it holds a secret. Raises Forbidden, NotFound, Decided."""
    with transaction(session):
        require(actor, ENVELOPE_KEEP)
        file = session.get(DocumentFile, file_id, with_for_update=True, populate_existing=True)
        if (
            file is None
            or file.agency_id != actor.agency_id
            or (file.sealed_at is None and file.cleared_by is None)
        ):
            raise NotFound
        if file.sealed_at is None or file.destroyed_at is not None:
            raise Decided
        if secret:
            documents.destroy_sealed(session, actor, file)
            return
        documents.unseal(session, actor, file)
        document = operations.by_id(session, file.document_id)
        others = document is not None and any(one.sealed_at for one in document.files if one.id != file.id)
        if document is not None and document.reason == Doubt.SECRET and not others:
            document.reason = ""
