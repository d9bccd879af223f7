"""Text of long documents and of scans is read after the upload, so that saving never waits for it; housekeeping."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
import structlog
from pypdfium2 import PdfiumError
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs, sandbox, visits
from eoffice.core.blobs import GRACE, blobs
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.events import publish
from eoffice.core.jobs import Queue, job, periodic
from eoffice.core.permissions import system_actor
from eoffice.documents import intake, ocr, operations, pages, recognised
from eoffice.documents.events import SecretFound
from eoffice.documents.models import Document, DocumentFile, PageText
from eoffice.documents.settings import OCR_PAGES, TEXT_PAGES

log = structlog.get_logger(__name__)


@job("documents.read_text", Queue.INTERACTIVE, attempts=3)
def read_text(session: Session, file_id: int) -> None:
    """Read the words of a file, signature appearances included, and index its document; a file that
    cannot be read has none."""
    _read_texts(session, [file_id], patient=False)


@job("documents.read_texts", Queue.READING, attempts=3)
def read_texts(session: Session, file_ids: list[int]) -> None:
    """As `read_text`, of what came together, while others may use the processors first."""
    try:
        _read_texts(session, file_ids, patient=True)
    except Exception:
        if len(file_ids) == 1:
            raise
        # the others must not wait until the one that is to blame succeeds
        log.exception("texts not read together", files=file_ids)
        with transaction(session):
            for file_id in file_ids:
                jobs.enqueue(session, "documents.read_texts", file_ids=[file_id])


def _read_texts(session: Session, file_ids: Sequence[int], *, patient: bool) -> None:
    with transaction(session):  # reading takes seconds: this one is over before
        files = operations.readable(session, file_ids)
    found = {file.id: _words(file, patient=patient) for file in files}
    with transaction(session):
        # what was destroyed or sealed meanwhile gets no words back
        kept = operations.readable(session, found, locked=True)
        operations.keep_texts(session, [(file, found[file.id]) for file in kept])


def _words(file: DocumentFile, *, patient: bool) -> list[str]:
    try:
        return pages.page_words(blobs().path(file.sha256), limit=settings().get(TEXT_PAGES), patient=patient)
    except (PdfiumError, sandbox.SandboxDied) as error:
        if patient and isinstance(error, sandbox.SandboxDied) and error.reason == "time":
            return _words(file, patient=False)  # the file may be quick and the machine busy
        # What came over the axis may be locked or broken: its fields are found all the same, no job has failed.
        log.warning("no text", file_id=file.id, error=str(error))
        return []


@job("documents.recognise", Queue.HEAVY, attempts=2)
def recognise(session: Session, file_id: int) -> None:
    """Recognise the words of a scan, for search and as proposals to the clerk; one that bears the mark of a state
    secret is sealed instead."""
    with transaction(session):  # recognising takes minutes: this one is over before
        file = session.get(DocumentFile, file_id)
    if file is None or not file.is_pdf:
        return
    path = blobs().path(file.sha256)
    try:
        bare = pages.page_text(path, limit=settings().get(OCR_PAGES))
        found = [ocr.recognise(path, page) for page in bare]
    except (ocr.NotRecognised, PdfiumError, sandbox.SandboxDied) as error:
        log.warning("not recognised", file_id=file_id, error=str(error))
        return
    with transaction(session):
        if file.cleared_by is None and intake.find_secret_mark(found) is not None:
            operations.seal(session, system_actor(file.agency_id), file)
            publish(session, SecretFound(file.id))
            return
        session.execute(sa.delete(PageText).where(PageText.file_id == file.id))
        session.add_all(recognised.row(file, page) for page in found)
        operations.index(session, session.get_one(Document, file.document_id))


@job("documents.erase", Queue.HEAVY, attempts=3)
def erase(session: Session, sha256: str) -> None:
    """Erase bytes that were destroyed by decision, unless a file of any agency still needs them.

    Bytes stored again within a day wait for another day: somebody may be about to name them in a row.
    """
    with transaction(session):
        alive = sa.select(DocumentFile.id).where(
            DocumentFile.sha256 == sha256, DocumentFile.destroyed_at.is_(None)
        )
        if session.scalar(alive.limit(1)) is not None:
            return
        if not blobs().erase(sha256):
            jobs.enqueue(session, "documents.erase", _at=clock.now() + timedelta(days=1), sha256=sha256)


@periodic("documents.sweep", seconds=3600, queue=Queue.HEAVY)
def sweep(_session: Session) -> None:
    """Delete uploads and packets that killed processes left half read, and what nobody came back for in a day."""
    blobs().sweep()
    blobs().shelf.sweep(GRACE)


@periodic("documents.add_up_visits", seconds=3600, queue=Queue.HEAVY)
def add_up_visits(session: Session) -> None:
    """Add up who looked at what on days that are over, and let go of what is kept long enough."""
    with transaction(session):
        visits.sum_up(session)
