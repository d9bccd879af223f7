"""Signing and storing; whatever is signed holds no transaction and no lock."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import LiteralString

import sqlalchemy as sa
import structlog
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, jobs
from eoffice.core.blobs import Blob, blobs
from eoffice.core.config import settings
from eoffice.core.db import run
from eoffice.core.events import publish
from eoffice.core.permissions import system_actor
from eoffice.documents import intake
from eoffice.documents.models import Document, DocumentFile
from eoffice.documents.operations import Inspected
from eoffice.documents.reading import Structure
from eoffice.signatures import checking, errors, levels, trust
from eoffice.signatures.events import FileChecked
from eoffice.signatures.marks import Mark
from eoffice.signatures.models import ArchiveCopy, FileCheck
from eoffice.signatures.settings import TSA_SECONDS, TSA_URL
from signing.errors import SigningError, WrongPassphrase
from signing.keys import Key
from signing.report import Report
from signing.sign import sign_pdf
from signing.timestamps import HttpTimestamper
from signing.twostep import Prepared, complete_pdf, prepare_pdf

log = structlog.get_logger(__name__)

#: bytes up to which the signatures of a file are looked at while it is taken in
_SMALL = 4 << 20

FILE_CHECKED = audit.action("signatures.file_checked", _l("Signatures of a file checked"))


class Caution(StrEnum):
    """What whoever signs must be told, though the signature was made."""

    #: Circular 15/2025/TT-BKHCN, Article 5: known not to be revoked, or the signer is warned
    REVOCATION_UNCHECKED = "revocation_unchecked"
    #: a damaged or hybrid file
    WRITTEN_ANEW = "written_anew"

    @property
    def sentence(self) -> LazyString:
        """For the signer."""
        return _CAUTIONS[self]


_CAUTIONS = {
    Caution.REVOCATION_UNCHECKED: _l(
        "It is signed, but it could not be checked whether the certificate is revoked. Tell the administrator."
    ),
    Caution.WRITTEN_ANEW: _l(
        "The file was not written as the standard demands, so it was written anew before it was signed. Look "
        "through it once more."
    ),
}


@dataclass(frozen=True)
class Signed:
    """What signing made."""

    blob: Blob
    cautions: tuple[Caution, ...]


def sign(key: Key, source_sha256: str, mark: Mark, agency_id: int) -> Signed:
    """Append one signature to a stored PDF and store the result; the source stays as it is.

    At the level of the agency, see `levels`. Raises what `errors.readable` answers, NoTrust.
    """
    level, stamper, believed = levels.to_sign_at(agency_id), timestamper(), trust.store()
    with blobs().open(source_sha256) as source, tempfile.TemporaryFile(prefix="eoffice-sign-") as target:
        with refusals(key.info.name):
            made = sign_pdf(
                source, target, key, field=mark.field, placement=mark.placement, appearance=mark.appearance,
                level=level, timestamper=stamper, trust=believed, at=clock.now(),
            )  # fmt: skip
        told = cautions(revocation_checked=made.revocation_checked, normalised=made.normalised)
        for caution in told:
            log.warning("signed with a caution", caution=caution.value, signer=key.info.name)
        target.seek(0)
        return Signed(blobs().put(target), told)


def prepare(key: Key, source_sha256: str, mark: Mark, agency_id: int) -> tuple[str, bytes, Prepared]:
    """The same up to the value: hash of stored bytes, what follows them in the prepared document, and what to sign."""
    level, believed = levels.to_sign_at(agency_id), trust.store()
    with blobs().open(source_sha256) as source, tempfile.TemporaryFile(prefix="eoffice-sign-") as target:
        with refusals(key.info.name):
            prepared = prepare_pdf(
                source, target, key, field=mark.field, placement=mark.placement, appearance=mark.appearance,
                level=level, trust=believed, at=clock.now(),
            )  # fmt: skip
        if prepared.normalised:
            target.seek(0)
            return blobs().put(target).sha256, b"", prepared
        target.seek(source.seek(0, os.SEEK_END))
        return source_sha256, target.read(), prepared


def complete(key: Key, base_sha256: str, tail: bytes, prepared: Prepared, value: bytes) -> Blob:
    """Store what was prepared with `value` in its room. Raises what `errors.readable` answers, NoTrust."""
    believed = trust.store()
    with blobs().open(base_sha256) as base, tempfile.TemporaryFile(prefix="eoffice-sign-") as target:
        shutil.copyfileobj(base, target)
        target.write(tail)
        with refusals(key.info.name):
            complete_pdf(
                target, prepared, key, value, timestamper=timestamper(), trust=believed, at=clock.now()
            )
        target.seek(0)
        return blobs().put(target)


def timestamper() -> HttpTimestamper | None:
    """The time-stamping authority that is set."""
    url = settings().get(TSA_URL)
    return HttpTimestamper(url, timeout=settings().get(TSA_SECONDS)) if url else None


def cautions(*, revocation_checked: bool, normalised: bool) -> tuple[Caution, ...]:
    """What a signature gives reason to tell."""
    told = {Caution.REVOCATION_UNCHECKED: not revocation_checked, Caution.WRITTEN_ANEW: normalised}
    return tuple(caution for caution, holds in told.items() if holds)


@contextmanager
def refusals(owner: str) -> Iterator[None]:
    """Turn the library's errors into answers for the person who signs; a wrong PIN is left to who counts them."""
    try:
        yield
    except WrongPassphrase:
        raise
    except SigningError as error:
        raise errors.readable(error, owner) from error


@dataclass(frozen=True)
class Verified(Inspected):
    """A file whose signatures were looked at while it was taken in."""

    report: Report = field(kw_only=True)


def look_at(blob: Blob, name: str, believed: trust.Asking) -> Inspected:
    """What the gate and the check find in a stored PDF that came from elsewhere, in one visit to the sandbox where it
    is small; its words are read later. Raises what `intake.inspect_pdf` raises."""
    seen: list[Report | None] = []

    def read(path: Path) -> Structure | None:
        structure, report = checking.with_structure(path, believed)
        seen.append(report)
        return structure

    path = blobs().path(blob.sha256)
    facts = intake.inspect_pdf(
        path, limit=max(blob.size, 1), words=False, read=read if blob.size <= _SMALL else None
    )
    taken = Inspected.passed(blob, name, facts)
    if seen and (report := seen[0]) is not None:
        return Verified(**vars(taken), report=report)
    return at_the_gate(taken, believed)


def at_the_gate(taken: Inspected, believed: trust.Asking = trust.store) -> Inspected:
    """What was taken in, with the verdict where that takes a moment only: a signature takes less than reading a page.

    A large file, and one that takes longer than thought, is left to a job. `believed`: who is believed, for one who
    looks at many files and asks that once.
    """
    if taken.signed is None or taken.size > _SMALL:
        return taken
    report = checking.at_once(blobs().path(taken.sha256), believed, signed=taken.signed)
    return Verified(**vars(taken), report=report) if report is not None else taken


def have_checked(session: Session, *files: tuple[DocumentFile, Inspected | None]) -> None:
    """See that stored PDFs, taken in as these, have their verdicts: by a job where nobody has looked yet."""
    keep_verdicts(session, [(file, taken.report) for file, taken in files if isinstance(taken, Verified)])
    for file, taken in files:
        if not isinstance(taken, Verified):
            jobs.enqueue(session, "signatures.check_file", file_id=file.id)


_KEEP: LiteralString = """
INSERT INTO file_check (file_id, agency_id, verdict, report, checked_at)
SELECT file_id, agency_id, verdict, report, %(at)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS c(file_id int, agency_id int, verdict text, report jsonb)
ON CONFLICT (file_id) DO UPDATE
SET agency_id = excluded.agency_id, verdict = excluded.verdict, report = excluded.report,
    checked_at = excluded.checked_at
"""


def keep_verdicts(session: Session, found: Sequence[tuple[DocumentFile, Report]]) -> None:
    """Keep the newest verdict on each file, of which the log keeps all, and tell the features above."""
    if not found:
        return
    rows = [
        {
            "file_id": file.id,
            "agency_id": file.agency_id,
            "verdict": report.verdict.value,
            "report": checking.write(report),
        }
        for file, report in found
    ]
    run(session, _KEEP, {"rows": json.dumps(rows, ensure_ascii=False), "at": clock.now()})
    logged = [
        audit.About(DocumentFile, file.id, file.agency_id, {
            "verdict": report.verdict.value, "document": file.document_id,
            "findings": [finding.code.value for finding in report.all_findings],
        })
        for file, report in found
    ]  # fmt: skip
    audit.record_all(session, system_actor(), FILE_CHECKED, logged)
    for file, report in found:
        publish(session, FileChecked(file.id, report.verdict.value))


def forget(session: Session, document: Document) -> None:
    """Drop what was found about a document's files, which are to be destroyed; the log keeps each verdict."""
    files = sa.select(DocumentFile.id).where(DocumentFile.document_id == document.id)
    session.execute(sa.delete(FileCheck).where(FileCheck.file_id.in_(files)))
    session.execute(sa.delete(ArchiveCopy).where(ArchiveCopy.source_id.in_(files)))
