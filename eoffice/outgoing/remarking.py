"""Remarks on a draft: whoever may read it writes one, the drafter answers it or says that it is done.

A remark is no opinion that was asked for and no step of the document's way: a draft with open remarks may be
submitted and signed, and whoever decides sees how many are open. The signature closes them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, allowed, require
from eoffice.core.text import fold, whole, written
from eoffice.documents import queries as documents
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import comparing, queries
from eoffice.outgoing.drafting import Missing
from eoffice.outgoing.models import OutgoingDocument, Remark
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import UNSIGNED

MADE = audit.action("outgoing.remark_made", _l("Remark written"))
ANSWERED = audit.action("outgoing.remark_answered", _l("Remark answered"))
DONE = audit.action("outgoing.remark_done", _l("Remark marked as done"))
OPENED = audit.action("outgoing.remark_opened", _l("Remark opened again"))

#: longest remark or answer, and longest passage, in characters
LONGEST, PASSAGE = 4000, 1000


class Closed(Conflict):
    """What was signed is what it is."""

    message = _l(
        "This is signed, or was never a draft: remarks are closed. Ask whoever signs to send it back."
    )


class NoVersion(Invalid):
    """A remark is on a version that exists."""

    message = _l("There is no such version of the draft. Reload the page and choose one.")


class NoPage(Invalid):
    """Nor on a page beyond the last."""

    message = _l("This version has pages 1 to %(last)s.")


class NotInText(Invalid):
    """A quotation nobody can find helps nobody."""

    message = _l(
        "These words do not stand in version %(number)s. Copy them from the page, or leave the field empty."
    )


class AnsweredAlready(Overtaken):
    """Said is said."""

    message = _l("This remark has its answer already. Reload the page.")


class SettledAlready(Overtaken):
    """Somebody else was faster, or the page is old."""

    message = _l("This remark was marked meanwhile. Reload the page.")


@dataclass(frozen=True)
class NewRemark:
    """What somebody says of a draft."""

    words: str
    #: None: the newest version
    version_no: int | None = None
    page: int | None = None
    #: words of the draft it is about
    passage: str = ""


def add(session: Session, actor: Actor, document_id: int, new: NewRemark) -> Remark:
    """Write a remark on a version of a draft.

    Raises NotFound, Forbidden, Closed, Missing, TooLong, NoVersion, NoPage, NotInText.
    """
    words, passage = written(new.words, LONGEST, "remark"), whole(new.passage, PASSAGE, "passage")
    if not words:
        raise Missing(what=str(_l("remark")), field="remark")
    with transaction(session):
        document = _open(session, actor, document_id)
        file = _version(session, document, new.version_no)
        if new.page is not None and not 1 <= new.page <= file.page_count:
            raise NoPage(last=file.page_count, field="page")
        _refuse_other_words(session, file, passage)
        made = Remark(
            agency_id=document.agency_id, document_id=document.id, version_no=file.version_no, page=new.page,
            passage=passage, words=words, person_id=actor.person_id, written_by=_name(actor),
            written_at=clock.now(),
        )  # fmt: skip
        session.add(made)
        audit.record(
            session, actor, MADE, document, version=file.version_no, page=new.page, passage=passage or None,
            note=made.words,
        )  # fmt: skip
    return made


def answer(session: Session, actor: Actor, remark_id: int, words: str) -> Remark:
    """Answer a remark, as the drafter or his head. Raises NotFound, Forbidden, Closed, Missing, AnsweredAlready."""
    words = written(words, LONGEST, "answer")
    if not words:
        raise Missing(what=str(_l("answer")), field="answer")
    with transaction(session):
        remark, document = _found(session, actor, remark_id)
        require(actor, OUTGOING_DRAFT, document)
        if remark.answer:
            raise AnsweredAlready(field="answer")
        remark.answer, remark.answered_by, remark.answered_at = words, _name(actor), clock.now()
        audit.record(session, actor, ANSWERED, document, note=words)
    return remark


def settle(session: Session, actor: Actor, remark_id: int, *, done: bool) -> Remark:
    """Mark a remark as done, or open it again, as the drafter or who wrote it.

    Raises NotFound, Forbidden, Closed, SettledAlready.
    """
    with transaction(session):
        remark, document = _found(session, actor, remark_id)
        if not may_settle(actor, document, remark):
            raise Forbidden
        if (remark.done_at is not None) is done:
            raise SettledAlready
        remark.done_at, remark.done_by = (clock.now(), _name(actor)) if done else (None, "")
        audit.record(session, actor, DONE if done else OPENED, document, note=remark.words)
    return remark


def may_settle(actor: Actor, document: OutgoingDocument, remark: Remark) -> bool:
    """Who wrote it, and who writes the draft."""
    return remark.person_id == actor.person_id or allowed(actor, OUTGOING_DRAFT, document)


def of_document(session: Session, document: OutgoingDocument) -> Sequence[Remark]:
    """Every remark on a document the actor may know of, the newest version first."""
    query = sa.select(Remark).where(Remark.document_id == document.id)
    return session.scalars(query.order_by(Remark.version_no.desc(), Remark.id)).all()


def _open(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """The document, nobody signing it at the same time. Raises NotFound, Forbidden, Closed."""
    document = queries.one(session, actor, document_id)
    session.refresh(document, with_for_update=True)
    require(actor, DOCUMENT_READ, document)
    if document.state not in UNSIGNED:
        raise Closed
    return document


def _found(session: Session, actor: Actor, remark_id: int) -> tuple[Remark, OutgoingDocument]:
    remark = session.get(Remark, remark_id)
    if remark is None:
        raise NotFound
    document = _open(session, actor, remark.document_id)
    session.refresh(remark)
    return remark, document


def _version(session: Session, document: OutgoingDocument, number: int | None) -> DocumentFile:
    drafts = {file.version_no: file for file in documents.files(session, document, FileRole.DRAFT)}
    file = drafts.get(max(drafts, default=0) if number is None else number)
    if file is None:
        raise NoVersion(field="version")
    return file


def _refuse_other_words(session: Session, file: DocumentFile, passage: str) -> None:
    """A scan has no words to look through."""
    text = comparing.words_of(session, file) if passage else ""
    if text and not stands_in(passage, text):
        raise NotInText(number=file.version_no, field="passage")


def stands_in(passage: str, text: str) -> bool:
    """Whether these words stand in a text, however lines are broken there."""
    return " ".join(fold(passage).split()) in " ".join(fold(text).split())


def _name(actor: Actor) -> str:
    return ", ".join(part for part in (actor.name, actor.title) if part)
