"""Writes that incoming and outgoing share; the caller's use case commits."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, LiteralString

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock, jobs
from eoffice.core.blobs import CHUNK, Blob, blobs
from eoffice.core.config import settings
from eoffice.core.db import run
from eoffice.core.errors import Invalid
from eoffice.core.permissions import Actor
from eoffice.core.text import search_text
from eoffice.directory.models import Agency
from eoffice.documents import intake, ocr, readers
from eoffice.documents.models import (
    Channel,
    Document,
    DocumentAccess,
    DocumentFile,
    DocumentLink,
    FileRole,
    LinkKind,
    PageText,
    Recipient,
)
from eoffice.documents.permissions import ACCESS_CONFIRM
from eoffice.documents.settings import UPLOAD_LIMIT_MB

FILE_ADDED = audit.action("documents.file_added", _l("File added"))
ACCESS_GIVEN = audit.action("documents.access_given", _l("Unit or person brought in"))
LINKED = audit.action("documents.linked", _l("Documents linked"))
SECRET_REFUSED = audit.action(
    "documents.secret_refused", _l("File with a state secret mark refused, not stored")
)
SECRET_SEALED = audit.action(
    "documents.secret_sealed", _l("File with a state secret mark sealed, words erased")
)
SECRET_CLEARED = audit.action(
    "documents.secret_cleared", _l("Sealed file opened again: no state secret on it")
)
SECRET_DESTROYED = audit.action("documents.secret_destroyed", _l("Sealed file destroyed: a state secret"))
FILES_DESTROYED = audit.action("documents.files_destroyed", _l("Files of a document destroyed"))


class SelfAddressed(Invalid):
    """An agency does not send to itself."""

    message = _l("Take your own agency off the list of recipients.")


@dataclass(frozen=True)
class Inspected:
    """A file that passed the gate: stored bytes and what was found in them."""

    sha256: str
    size: int
    name: str
    media_type: str
    page_count: int
    page_sizes: list[tuple[float, float]]
    #: what is written on each page, as far as that was read already
    text: list[str] | None = None
    #: whether it bears signatures, where that is known
    signed: bool | None = None

    @classmethod
    def passed(cls, blob: Blob, name: str, facts: intake.PdfFacts) -> "Inspected":
        """A stored PDF that the gate has let through."""
        return cls(
            blob.sha256, blob.size, name, intake.PDF, facts.pages, facts.page_sizes, facts.text, facts.signed
        )

    @classmethod
    def of(cls, file: DocumentFile) -> "Inspected":
        """The same bytes again, for another document."""
        sizes = [(float(width), float(height)) for width, height in file.page_sizes]
        return cls(file.sha256, file.size, file.name, file.media_type, file.page_count, sizes)


def upload_limit() -> int:
    """Largest file in bytes."""
    return settings().get(UPLOAD_LIMIT_MB) * 1024 * 1024


def take_in(stream: BinaryIO, name: str, *, must_be_pdf: bool = True) -> Inspected:
    """Check a foreign file and store its bytes. Raises what `intake` refuses with; then nothing is stored."""
    with _spooled(stream) as path:
        media_type, facts = _pass(path, must_be_pdf)
        with path.open("rb") as file:
            blob = blobs().put(file)
    kept = intake.pdf_name(name) if media_type == intake.PDF else intake.safe_name(name)
    if facts is None:
        return Inspected(blob.sha256, blob.size, kept, media_type, 0, [])
    return Inspected.passed(blob, kept, facts)


def look_at(stream: BinaryIO, *, must_be_pdf: bool = True) -> None:
    """Check a foreign file as `take_in` does, and store nothing. Raises what `intake` refuses with."""
    with _spooled(stream) as path:
        _pass(path, must_be_pdf)


@contextmanager
def _spooled(stream: BinaryIO) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(dir=blobs().spool) as spool:
        size = 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > upload_limit():
                raise intake.TooLarge(limit=settings().get(UPLOAD_LIMIT_MB))
            spool.write(chunk)
        spool.flush()
        yield Path(spool.name)


def _pass(path: Path, must_be_pdf: bool) -> tuple[str, intake.PdfFacts | None]:
    """Media type, and of a PDF what it is made of."""
    media_type = intake.sniff(path)
    if media_type == intake.PROGRAM:
        raise intake.ProgramFile
    if not must_be_pdf and media_type != intake.PDF:
        return media_type, None
    return media_type, intake.inspect_pdf(path, limit=upload_limit())


@dataclass(frozen=True)
class NewFile:
    """A file for a document."""

    document: Document
    inspected: Inspected
    role: FileRole
    version_no: int = 0


def add_file(
    session: Session,
    actor: Actor,
    document: Document,
    inspected: Inspected,
    role: FileRole,
    *,
    version_no: int = 0,
    indexed: bool = False,
) -> DocumentFile:
    """Give a document a file, as `add_files` does."""
    return add_files(session, actor, [NewFile(document, inspected, role, version_no)], indexed=indexed)[0]


def add_files(
    session: Session,
    actor: Actor,
    new: Sequence[NewFile],
    *,
    indexed: bool = False,
    read_later: bool = False,
) -> list[DocumentFile]:
    """Give documents files; the text of one is read by a job unless it was read while it was taken in, but for an
    archive copy, which shows what is there already. `indexed`: the caller indexes the documents himself, after more
    changes. `read_later`: one job reads them all, after what others wait for.
    """
    files = [_file(actor, one) for one in new]
    session.add_all(files)
    session.flush()
    logged = [
        audit.About(
            type(one.document), one.document.id, one.document.agency_id,
            {"file": file.name, "role": file.role, "sha256": file.sha256},
        )
        for one, file in zip(new, files, strict=True)
    ]  # fmt: skip
    audit.record_all(session, actor, FILE_ADDED, logged)
    unread = list[int]()
    for one, file in zip(new, files, strict=True):
        if not file.is_pdf or file.role is FileRole.ARCHIVE:
            continue
        if one.inspected.text is None:
            unread.append(file.id)
        else:
            _put_text(session, file, one.inspected.text)
            if not indexed:
                index(session, one.document)
    if unread and read_later:
        jobs.enqueue(session, "documents.read_texts", file_ids=unread)
    else:
        for file_id in unread:
            jobs.enqueue(session, "documents.read_text", file_id=file_id)
    return files


def _file(actor: Actor, new: NewFile) -> DocumentFile:
    inspected = new.inspected
    return DocumentFile(
        agency_id=new.document.agency_id, document_id=new.document.id, role=new.role, version_no=new.version_no,
        name=inspected.name, media_type=inspected.media_type, size=inspected.size, sha256=inspected.sha256,
        page_count=inspected.page_count, page_sizes=[list(size) for size in inspected.page_sizes],
        created_at=clock.now(), created_by=actor.name,
    )  # fmt: skip


def readable(session: Session, file_ids: Iterable[int], *, locked: bool = False) -> Sequence[DocumentFile]:
    """Those of the files whose words may be kept: neither destroyed nor sealed. `locked`: it stays so until the caller
    commits; whoever destroys or seals holds the document before its files, so these are held in the same order."""
    query = sa.select(DocumentFile).where(
        DocumentFile.id.in_(list(file_ids)),
        DocumentFile.destroyed_at.is_(None),
        DocumentFile.sealed_at.is_(None),
    )
    query = query.order_by(DocumentFile.id).execution_options(populate_existing=True)
    if locked:
        named = sa.select(DocumentFile.document_id).where(DocumentFile.id.in_(list(file_ids)))
        held = sa.select(Document.id).where(Document.id.in_(named)).order_by(Document.id)
        session.execute(held.with_for_update(key_share=True)).all()
        query = query.with_for_update(key_share=True)
    return session.scalars(query).all()


def keep_texts(session: Session, found: Sequence[tuple[DocumentFile, Sequence[str]]]) -> None:
    """Keep what is written on each page of files, and index their documents; a paper that came without words is
    recognised by a job."""
    session.execute(sa.delete(PageText).where(PageText.file_id.in_([file.id for file, _pages in found])))
    for file, pages in found:
        _put_text(session, file, pages)
    index_all(session, [file.document for file, _pages in found])


def _put_text(session: Session, file: DocumentFile, pages: Sequence[str]) -> None:
    session.add_all(
        PageText(file_id=file.id, page=number, agency_id=file.agency_id, text=text)
        for number, text in enumerate(pages, 1)
    )
    if pages and not any(pages) and file.role is FileRole.ORIGINAL and ocr.available():
        jobs.enqueue(session, "documents.recognise", file_id=file.id)


#: what is written in the newest file of each document that is the document itself
_WRITTEN: LiteralString = """
SELECT newest.document_id AS id, page.text FROM (
    SELECT document_id, max(id) AS id FROM document_file
    WHERE document_id = ANY(%(ids)s) AND role <> ALL(%(beside)s) GROUP BY document_id
) AS newest JOIN page_text AS page ON page.file_id = newest.id ORDER BY newest.id, page.page
"""
_BESIDE = [FileRole.ATTACHMENT, FileRole.SOURCE, FileRole.ARCHIVE, FileRole.DIRECTION]
#: past the version counter: nobody edited anything
_INDEX: LiteralString = """
UPDATE document SET words = to_tsvector('simple', found.words)
FROM jsonb_to_recordset(%(rows)s::jsonb) AS found(id int, words text) WHERE document.id = found.id
"""


def index(session: Session, document: Document) -> None:
    """Fold the fields and the page text of a document into its search column."""
    index_all(session, [document])


def index_all(session: Session, documents: Iterable[Document]) -> None:
    """As `index`, of many at once."""
    session.flush()
    wanted = {document.id: document for document in documents}
    asked = {"ids": list(wanted), "beside": [role.value for role in _BESIDE]}
    pages: dict[int, list[str]] = {number: [] for number in wanted}
    for row in run(session, _WRITTEN, asked):
        pages[row.id].append(row.text)
    rows = [{"id": number, "words": words(one, pages[number])} for number, one in wanted.items()]
    run(session, _INDEX, {"rows": json.dumps(rows, ensure_ascii=False)})


def words(document: Document, pages: Iterable[str]) -> str:
    """What the search column of a document is made of. For one that is about to be written for the first time; `index`
    writes a row, and its place in every index of the table, anew."""
    fields = (
        document.code,
        document.code_notation,
        document.subject,
        document.issuer_name,
        document.signer_name,
    )
    # tsvector holds at most 1 MB of words
    return search_text(*fields, *pages)[:600_000]


def give_access(
    session: Session,
    actor: Actor,
    document: Document,
    *,
    unit_ids: Iterable[int] = (),
    person_ids: Iterable[int] = (),
    warned: bool = True,
) -> None:
    """Bring units and people in; those already in stay.

    Whoever may confirm such a change decides it with his deed; anybody else's waits for a confirmation when it lets
    somebody read who could not before. `warned=False`: the document begins with it, or the change is warned of as a
    whole (dossiers handed over, an agency merged).
    """
    units, people = sorted(set(unit_ids)), sorted(set(person_ids))
    rows = [{"unit_id": unit, "person_id": None} for unit in units]
    rows += [{"unit_id": None, "person_id": person} for person in people]
    if not rows:
        return
    session.flush()
    common = {"agency_id": document.agency_id, "document_id": document.id, "given_at": clock.now()}
    made = insert(DocumentAccess).values([common | row for row in rows]).on_conflict_do_nothing()
    added = session.execute(made.returning(DocumentAccess.unit_id, DocumentAccess.person_id)).all()
    if not added:
        return
    new_units = [unit for unit, _person in added if unit is not None]
    new_people = [one for _unit, one in added if one is not None]
    names, opened = readers.added(session, document, new_units, new_people)
    entry = audit.record(session, actor, ACCESS_GIVEN, document, units=units, people=people, named=names)
    if warned and opened and not actor.can(ACCESS_CONFIRM):
        access.warn(session, actor, entry, gained_by=new_people)


def set_recipients(
    session: Session, document: Document, agencies: Sequence[Agency], *, on_paper: bool = False,
    lines: Mapping[int, str] = MappingProxyType({}), outside: Sequence[str] = (),
) -> None:  # fmt: skip
    """Replace the list of recipients; `on_paper`: whatever the axis reaches; `lines`: what names those of a group on
    the page, by id; `outside`: names of who is in no directory and gets it on paper. Raises SelfAddressed."""
    if any(agency.id == document.agency_id for agency in agencies):
        raise SelfAddressed(field="recipients")
    session.execute(sa.delete(Recipient).where(Recipient.document_id == document.id))
    session.add_all(
        Recipient(
            agency_id=document.agency_id, document_id=document.id, code=agency.code, name=agency.name,
            channel=Channel.AXIS if agency.on_axis and not on_paper else Channel.PAPER, position=place,
            line=lines.get(agency.id, ""),
        )
        for place, agency in enumerate({agency.id: agency for agency in agencies}.values())
    )  # fmt: skip
    session.add_all(
        Recipient(
            agency_id=document.agency_id, document_id=document.id, code="", name=name, channel=Channel.PAPER,
            position=len(agencies) + place,
        )
        for place, name in enumerate(outside)
    )  # fmt: skip
    session.flush()


def seal(session: Session, actor: Actor, file: DocumentFile) -> None:
    """Close a file to everybody: the mark of a state secret was found on it. Its words are erased, its bytes stay
    until the officer for state secrets has decided."""
    session.execute(sa.delete(PageText).where(PageText.file_id == file.id))
    file.sealed_at = clock.now()
    audit.record(session, actor, SECRET_SEALED, file.document, file=file.name, sha256=file.sha256)
    index(session, file.document)


def unseal(session: Session, actor: Actor, file: DocumentFile) -> None:
    """Open a sealed file again: the officer for secrets found that the mark is none. Its words are read again."""
    file.sealed_at, file.cleared_by = None, actor.name
    jobs.enqueue(session, "documents.read_text", file_id=file.id)
    audit.record(session, actor, SECRET_CLEARED, file.document, file=file.name, sha256=file.sha256)


def destroy_sealed(session: Session, actor: Actor, file: DocumentFile) -> None:
    """Give up the bytes of a sealed file for good: they should never have been here."""
    file.destroyed_at = clock.now()
    jobs.enqueue(session, "documents.erase", sha256=file.sha256)
    audit.record(session, actor, SECRET_DESTROYED, file.document, file=file.name, sha256=file.sha256)


def destroy_files(session: Session, actor: Actor, document: Document, reason: str) -> list[DocumentFile]:
    """Give up the bytes and the words of a document for good; what it was stays in the registers.

    Returns the files given up. Their bytes are erased by a job, once no other row names them.
    """
    found = [
        file
        for file in session.scalars(
            sa.select(DocumentFile).where(DocumentFile.document_id == document.id).order_by(DocumentFile.id)
        )
        if file.destroyed_at is None
    ]
    if not found:  # recalled twice, as by two letters: it is gone already
        return []
    ids = [file.id for file in found]
    session.execute(sa.delete(PageText).where(PageText.file_id.in_(ids)))
    for file in found:
        file.destroyed_at = clock.now()
        jobs.enqueue(session, "documents.erase", sha256=file.sha256)
    audit.record(
        session, actor, FILES_DESTROYED, document,
        reason=reason, files=[f"{file.name} {file.sha256}" for file in found],
    )  # fmt: skip
    index(session, document)
    return found


def link(session: Session, actor: Actor, source: Document, target: Document, kind: LinkKind) -> None:
    """Say what one document is to another."""
    session.flush()
    values = {"agency_id": source.agency_id, "source_id": source.id, "target_id": target.id, "kind": kind}
    session.execute(insert(DocumentLink).values(values).on_conflict_do_nothing())
    audit.record(session, actor, LINKED, source, target=target.id, kind=kind)
