"""Reads of documents, files and recipients."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import AppError, NotFound
from eoffice.core.permissions import Actor
from eoffice.core.text import search_text
from eoffice.directory import names
from eoffice.documents.models import (
    Direction,
    Document,
    DocumentFile,
    DocumentLink,
    FileRole,
    LinkKind,
    Recipient,
)
from eoffice.documents.permissions import DOCUMENT_READ, may_know, visible_to

#: likely duplicates that are shown
_ALIKE = 5


class Destroyed(AppError):
    """Its retention is over and the head decided, or it should never have been taken in."""

    status = 410
    message = _l("This file was destroyed on %(day)s. The history of the document says why.")


def one(session: Session, actor: Actor, document_id: int) -> Document:
    """A document the actor may know of, incoming or outgoing. Raises NotFound."""
    document = session.get(Document, document_id)
    if document is None or not may_know(actor, DOCUMENT_READ, document):
        raise NotFound
    return document


def file(session: Session, actor: Actor, file_id: int) -> DocumentFile:
    """A file of a document the actor may know of. Raises NotFound."""
    found = session.get(DocumentFile, file_id)
    if found is None or found.sealed_at is not None:
        raise NotFound
    one(session, actor, found.document_id)
    return found


def readable_file(session: Session, actor: Actor, file_id: int) -> DocumentFile:
    """As `file`, when its bytes are there. Raises NotFound, Destroyed."""
    found = file(session, actor, file_id)
    if found.destroyed_at is not None:
        raise Destroyed(day=f"{clock.local(found.destroyed_at):%d/%m/%Y}")
    return found


def files(session: Session, document: Document, *roles: FileRole) -> Sequence[DocumentFile]:
    """The files of a document, oldest first, of these roles when given."""
    query = sa.select(DocumentFile).where(DocumentFile.document_id == document.id)
    if roles:
        query = query.where(DocumentFile.role.in_(roles))
    return session.scalars(query.order_by(DocumentFile.id)).all()


def files_by_document(
    session: Session, document_ids: Collection[int], *roles: FileRole
) -> Mapping[int, Sequence[DocumentFile]]:
    """The files of several documents at once, oldest first."""
    query = sa.select(DocumentFile).where(
        DocumentFile.document_id.in_(document_ids), DocumentFile.role.in_(roles)
    )
    found: dict[int, list[DocumentFile]] = defaultdict(list)
    for file in session.scalars(query.order_by(DocumentFile.id)):
        found[file.document_id].append(file)
    return found


def links_by_document(
    session: Session, document_ids: Collection[int]
) -> Mapping[int, Sequence[tuple[LinkKind, Document]]]:
    """What several documents refer to at once, for the system itself; both ends are of one agency."""
    query = (
        sa.select(DocumentLink.source_id, DocumentLink.kind, Document)
        .join(Document, DocumentLink.target_id == Document.id)
        .where(DocumentLink.source_id.in_(document_ids), Document.agency_id == DocumentLink.agency_id)
    )
    found: dict[int, list[tuple[LinkKind, Document]]] = defaultdict(list)
    for source_id, kind, target in session.execute(query.order_by(DocumentLink.id)):
        found[source_id].append((kind, target))
    return found


def latest_file(session: Session, document: Document, *roles: FileRole) -> DocumentFile | None:
    """The newest file of these roles."""
    found = files(session, document, *roles)
    return found[-1] if found else None


def recipients(session: Session, document: Document) -> Sequence[Recipient]:
    """Where a document goes, in the order of its list."""
    query = sa.select(Recipient).where(Recipient.document_id == document.id)
    return session.scalars(query.order_by(Recipient.position, Recipient.id)).all()


@dataclass(frozen=True)
class Letter:
    """What tells one letter from another, as it is about to be registered."""

    number: str
    notation: str
    issuer_name: str
    issuer_code: str
    issued_on: date | None


def duplicates(session: Session, document: Document, letter: Letter) -> Sequence[Document]:
    """Other incoming documents of the agency that are likely the same (Appendix VI, I-III.1.h), at most five.

    First those registered with the very bytes of its original, then those with number, notation and issuer of the
    letter: those of its year before those of another, whose numbers began anew; the latest first.
    """
    others = sa.select(Document).where(
        Document.agency_id == document.agency_id,
        Document.direction == Direction.IN,
        Document.id != document.id,
    )
    original = DocumentFile.role == FileRole.ORIGINAL
    bytes_here = sa.select(DocumentFile.sha256).where(DocumentFile.document_id == document.id, original)
    holding = sa.select(DocumentFile.document_id).where(DocumentFile.sha256.in_(bytes_here), original)
    copies = others.where(Document.id.in_(holding), Document.register_number.is_not(None))
    latest = Document.id.desc()
    found = list(session.scalars(copies.order_by(latest).limit(_ALIKE)))
    if letter.number:
        same = others.where(
            Document.code_number == letter.number,
            sa.func.lower(Document.code_notation) == letter.notation.lower(),
        )
        named = [one for one in session.scalars(same.order_by(latest)) if _same_issuer(one, letter)]
        year = letter.issued_on.year if letter.issued_on else None
        found += sorted(named, key=lambda one: one.issued_on is None or one.issued_on.year != year)
    return list(dict.fromkeys(found))[:_ALIKE]


def _same_issuer(document: Document, letter: Letter) -> bool:
    if document.issuer_code and letter.issuer_code:
        return document.issuer_code == letter.issuer_code
    one, other = search_text(document.issuer_name), search_text(letter.issuer_name)
    return one == other or names.bare(one) == other or one == names.bare(other)


def linked(session: Session, actor: Actor, document: Document, kind: LinkKind) -> Sequence[Document]:
    """Documents this one refers to, of those the actor may know of."""
    query = visible(actor).join(DocumentLink, DocumentLink.target_id == Document.id)
    return session.scalars(
        query.where(DocumentLink.source_id == document.id, DocumentLink.kind == kind)
    ).all()


def linking(session: Session, actor: Actor, document: Document, kind: LinkKind) -> Sequence[Document]:
    """Documents that refer to this one, of those the actor may know of."""
    query = visible(actor).join(DocumentLink, DocumentLink.source_id == Document.id)
    return session.scalars(
        query.where(DocumentLink.target_id == document.id, DocumentLink.kind == kind)
    ).all()


#: by kind, and whether the document refers to them (True) or they to it (False)
Related = Mapping[tuple[LinkKind, bool], list[Document]]


def related(session: Session, actor: Actor, document: Document) -> Related:
    """All that it refers to (True) and that refers to it (False), by kind, of those the actor may know of."""
    forth = DocumentLink.source_id == document.id
    other = sa.case((forth, DocumentLink.target_id), else_=DocumentLink.source_id)
    query = (
        visible(actor)
        .add_columns(DocumentLink.kind, forth)
        .join(DocumentLink, other == Document.id)
        .where(sa.or_(forth, DocumentLink.target_id == document.id))
    )
    found: dict[tuple[LinkKind, bool], list[Document]] = defaultdict(list)
    for one, kind, outward in session.execute(query.order_by(Document.id)):
        found[kind, outward].append(one)
    return found


def visible(actor: Actor) -> sa.Select[Document]:
    """Every document the actor may know of."""
    return sa.select(Document).where(visible_to(actor))
