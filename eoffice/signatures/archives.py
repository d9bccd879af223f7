"""Archive copies of what was issued: with all that proves the signatures, and a time stamp over it that is followed by
the next before the certificate of its authority ends (ETSI EN 319 142-1 §5.5)."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, jobs
from eoffice.core.blobs import Blob, BlobMissing, blobs
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.documents import operations as documents
from eoffice.documents import queries as reads
from eoffice.documents.models import Document, DocumentFile, FileRole
from eoffice.documents.operations import Inspected
from eoffice.signatures import levels, operations, trust
from eoffice.signatures.models import ArchiveCopy
from eoffice.signatures.settings import ARCHIVE_RENEW_DAYS
from signing.archive import ArchiveStamp, archive_pdf
from signing.errors import EncryptedPdf, SigningError, SigningForbidden, TimestampUnavailable, UnreadablePdf
from signing.sign import Level

log = structlog.get_logger(__name__)

ARCHIVED = audit.action("signatures.archived", _l("Archive copy made or stamped again"))


class NothingGained(SigningError):
    """The authority's certificate ends no later than the one of the last stamp. `end`: when it does."""

    def __init__(self, authority: str, end: datetime) -> None:
        super().__init__(f"a new time stamp of {authority} would prove nothing after {end:%Y-%m-%d} either")
        self.end = end


#: how long what cannot succeed soon is left alone: the file stays as it is, though the program may learn to read it
_PAUSES: dict[type[Exception], timedelta] = {
    NothingGained: timedelta(days=1),
    **dict.fromkeys((SigningForbidden, UnreadablePdf, EncryptedPdf), timedelta(days=30)),
}


@dataclass(frozen=True)
class Counts:
    """How an agency's archive copies stand."""

    kept: int
    #: to be stamped again within the days of the setting
    due: int
    #: not made, or not stamped again, for the reason that stands in the row
    failed: int
    #: the first that ends
    first_end: datetime | None


def begin(session: Session, document: Document) -> None:
    """In the issuing transaction: where the agency wants it, each signed file is archived by a job."""
    if levels.of(session, document.agency_id) is not Level.B_LTA:
        return
    for file in reads.files(session, document, FileRole.ISSUED, FileRole.ATTACHMENT):
        if file.is_pdf:
            session.add(ArchiveCopy(source_id=file.id, agency_id=document.agency_id))
            jobs.enqueue(session, "signatures.archive", source_id=file.id)


def archive(session: Session, source_id: int) -> None:
    """Make the copy, or stamp it again when that is due; a repeat does nothing.

    What cannot be archived keeps the reason and is tried again by `renew_due`.
    """
    with transaction(session):  # the stamp takes a second: this one is over before
        copy = session.get(ArchiveCopy, source_id, populate_existing=True)
        if copy is None or not _due(copy):
            return
        source = session.get_one(DocumentFile, copy.file_id or source_id)
        good_until = copy.good_until
    try:
        blob, stamp = _stamped(source, good_until)
    except (SigningError, trust.NoTrust, BlobMissing) as error:
        log.warning("not archived", source=source_id, error=str(error))
        _note(session, source_id, error)
        return
    _store(session, source_id, source, blob, stamp)


def renew_due(session: Session) -> int:
    """Enqueue what has no copy yet or whose time stamp ends soon; returns how many."""
    with transaction(session):
        found = session.scalars(sa.select(ArchiveCopy.source_id).where(_is_due())).all()
        for source_id in found:
            jobs.enqueue(session, "signatures.archive", source_id=source_id, _once=f"archive-{source_id}")
    return len(found)


def counts(session: Session, agency_id: int | None = None) -> Counts:
    """For the page of an agency's administrator; without `agency_id` those of all."""
    query = sa.select(
        sa.func.count(ArchiveCopy.file_id),
        sa.func.count().filter(_ends_soon()),
        sa.func.count().filter(ArchiveCopy.problem != ""),
        sa.func.min(ArchiveCopy.good_until),
    )
    if agency_id is not None:
        query = query.where(ArchiveCopy.agency_id == agency_id)
    return Counts(*session.execute(query).one())


def last_problem(session: Session) -> str:
    """Why the newest of those that failed did, in English as the library says it."""
    query = sa.select(ArchiveCopy.problem).where(ArchiveCopy.problem != "")
    return session.scalar(query.order_by(ArchiveCopy.source_id.desc()).limit(1)) or ""


def _soon() -> datetime:
    return clock.now() + timedelta(days=settings().get(ARCHIVE_RENEW_DAYS))


def _ends_soon() -> sa.ColumnElement[bool]:
    return sa.or_(ArchiveCopy.good_until.is_(None), ArchiveCopy.good_until < _soon())


def _is_due() -> sa.ColumnElement[bool]:
    return _ends_soon() & sa.or_(ArchiveCopy.retry_at.is_(None), ArchiveCopy.retry_at <= clock.now())


def _due(copy: ArchiveCopy) -> bool:
    waits = copy.retry_at is not None and copy.retry_at > clock.now()
    return not waits and (copy.good_until is None or copy.good_until < _soon())


def _stamped(source: DocumentFile, good_until: datetime | None) -> tuple[Blob, ArchiveStamp]:
    """The archived bytes. `good_until`: of the last stamp. Raises NothingGained, SigningError, NoTrust."""
    stamper = operations.timestamper()
    if stamper is None:
        raise TimestampUnavailable("", "no time stamp service is set")
    with blobs().open(source.sha256) as plain, tempfile.TemporaryFile(prefix="eoffice-archive-") as target:
        stamp = archive_pdf(plain, target, stamper, trust.store(), at=clock.now())
        if good_until is not None and stamp.good_until <= good_until:
            raise NothingGained(stamp.authority.name, stamp.good_until)
        target.seek(0)
        return blobs().put(target), stamp


def _store(session: Session, source_id: int, source: DocumentFile, blob: Blob, stamp: ArchiveStamp) -> None:
    with transaction(session):
        copy = session.get(ArchiveCopy, source_id, with_for_update=True, populate_existing=True)
        if copy is None or not _due(copy):
            return  # destroyed, or archived by another worker meanwhile
        document = session.get_one(Document, source.document_id)
        actor = system_actor(source.agency_id)
        made = Inspected(
            blob.sha256, blob.size, source.name, source.media_type, source.page_count,
            [(float(w), float(h)) for w, h in source.page_sizes],
        )  # fmt: skip
        file = documents.add_file(
            session, actor, document, made, FileRole.ARCHIVE, version_no=source.version_no + 1
        )
        copy.file_id, copy.authority = file.id, stamp.authority.name
        copy.problem, copy.retry_at = "", None
        copy.stamped_at, copy.good_until = stamp.stamped_at, stamp.good_until
        audit.record(
            session, actor, ARCHIVED, document, file=file.name, sha256=file.sha256,
            authority=copy.authority, good_until=copy.good_until,
        )  # fmt: skip
        operations.have_checked(session, (file, None))


def _note(session: Session, source_id: int, error: Exception) -> None:
    """Keep the reason. An authority that has no later certificate has none for the other copies either: they wait
    with this one, so that it is asked for one stamp a day."""
    pause = _PAUSES.get(type(error))
    problem = f"the stored file is lost: {error}" if isinstance(error, BlobMissing) else str(error)
    concerned = ArchiveCopy.source_id == source_id
    if isinstance(error, NothingGained):
        concerned |= _is_due() & (ArchiveCopy.good_until >= error.end)
    with transaction(session):
        session.execute(
            sa.update(ArchiveCopy)
            .where(concerned)
            .values(problem=problem or type(error).__name__, retry_at=clock.now() + pause if pause else None)
        )
