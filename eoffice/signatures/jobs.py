"""Signatures are checked after a file is stored, so that storing never waits for it."""

from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.db import transaction
from eoffice.core.jobs import Queue, job, periodic
from eoffice.documents.models import DocumentFile
from eoffice.signatures import archives, awaited, checking, opened, operations, trust


@job("signatures.check_file", Queue.INTERACTIVE, attempts=3)
def check_file(session: Session, file_id: int) -> None:
    """Check a stored PDF, keep the verdict, tell the features above; a repeat checks again."""
    with transaction(session):  # the check takes a second: this one is over before
        file = session.get(DocumentFile, file_id)
    if file is None or not file.is_pdf:
        return
    report = checking.check(blobs().path(file.sha256))
    with transaction(session):
        operations.keep_verdicts(session, [(file, report)])


@periodic("signatures.fetch_revocation", seconds=300)
def fetch_revocation(session: Session) -> None:
    """Keep the lists of revoked certificates fresh (Circular 15/2025/TT-BKHCN, Article 5)."""
    trust.fetch_revocation(session)


@periodic("signatures.close_keys", seconds=300)
def close_keys(session: Session) -> None:
    """Delete the keys whose time is over; without their owners' cookies they are worth nothing anyway."""
    opened.close_expired(session)


@job("signatures.archive", Queue.INTERACTIVE, attempts=3)
def archive(session: Session, source_id: int) -> None:
    """Make or renew the archive copy of an issued file."""
    archives.archive(session, source_id)


@periodic("signatures.renew_archives", seconds=3600)
def renew_archives(session: Session) -> None:
    """Stamp again what ends soon, and try again what could not be archived."""
    archives.renew_due(session)


@periodic("signatures.forget_awaited", seconds=300)
def forget_awaited(session: Session) -> None:
    """Delete what somebody began to sign in two steps and never went on with."""
    awaited.forget_expired(session)
