"""Use cases of files: they leave the system, and the log says so."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, visits
from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.errors import NotFound
from eoffice.core.permissions import Actor
from eoffice.core.visits import Visited
from eoffice.directory import queries as directory
from eoffice.documents import queries
from eoffice.documents.layout import prints
from eoffice.documents.models import Document, DocumentFile

DOWNLOADED = audit.action("documents.downloaded", _l("File taken out"))
PRINTED = audit.action("documents.printed", _l("Printed"))


def seen(session: Session, actor: Actor, document: Document) -> int:
    """Note that the actor, who knows of it, looks at a document; returns how often that was done by now."""
    with transaction(session):
        return visits.note(session, actor, Visited.DOCUMENT, document.agency_id, document.id)


def take_out(session: Session, actor: Actor, file_id: int) -> DocumentFile:
    """A file to keep elsewhere. Raises NotFound, Destroyed."""
    with transaction(session):
        file = queries.readable_file(session, actor, file_id)
        audit.record(session, actor, DOWNLOADED, file.document, file=file.name)
    return file


def print_out(session: Session, actor: Actor, file_id: int) -> tuple[DocumentFile, bytes]:
    """A PDF to print, with who printed it, where and when under each page. Raises NotFound, Destroyed."""
    with transaction(session):
        file = queries.readable_file(session, actor, file_id)
        if not file.is_pdf:
            raise NotFound
        agency = directory.agency(session, file.agency_id)
        audit.record(session, actor, PRINTED, file.document, file=file.name)
    moment = clock.local(clock.now())
    words = f"In từ hệ thống quản lý văn bản của {agency.name}; {actor.name}; {moment:%H:%M:%S %d/%m/%Y}"
    return file, prints.marked(blobs().path(file.sha256), words)
