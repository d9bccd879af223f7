"""Use cases of outgoing documents: draft, approve, check, send back (Decree 30/2020, Articles 10 to 12).

Signing, numbering, sealing and issuing are in `issuing`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Invalid, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.directory import queries as directory
from eoffice.documents import operations as documents
from eoffice.documents.intake import StateSecret
from eoffice.documents.kinds import OFFICIAL_LETTER
from eoffice.documents.models import Direction, Document, FileRole, LinkKind, Steering
from eoffice.documents.queries import linked
from eoffice.documents.queries import one as one_document
from eoffice.outgoing import choosing, consulting, held, operations, queries, superseding
from eoffice.outgoing.drafting import Fields, Page, Text, Upload
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.permissions import OUTGOING_DRAFT
from eoffice.outgoing.states import State
from eoffice.outgoing.workflow import MACHINE, Move


class OldHead(Conflict):
    """Moved by a merger: its page names an agency that is no more, and who signed for it (Appendix I, II.1)."""

    message = _l(
        "The page still bears the letterhead and signature of the agency that was. Revise the draft for “%(agency)s” "
        "first, then submit it."
    )


class NotIncoming(Invalid):
    """An answer answers what came in."""

    message = _l("Only an incoming document is answered. Open the one you mean, then choose “Draft a reply”.")


class NotIssued(Invalid):
    """Only what has left the agency can be replaced; a draft is changed."""

    message = _l("Only a document that was issued is replaced. Open it, then choose “Draft a replacement”.")


class ReplacesAndCorrects(Invalid):
    """Article 18.3: the content is replaced by a document of its kind, form and procedure corrected by a letter."""

    message = _l(
        "A document either replaces another or corrects it. Begin again from one of the two buttons."
    )


class NotToCorrect(Invalid):
    """A draft is changed."""

    message = _l("Only a document that was issued is corrected. Open it, then choose “Draft a correction”.")


class NoLetter(Invalid):
    """Article 18.3: form and procedure are corrected by a công văn, the content by a document of its kind."""

    message = _l(
        "A correction is a công văn (Decree 30/2020, Article 18.3). Choose that kind; what is wrong in the content is "
        "put right by a replacement."
    )


class OtherForm(Invalid):
    """Article 18.3: content is changed or replaced by a document of equal form."""

    message = _l(
        "%(code)s is replaced by a document of its own form (Decree 30/2020, Article 18.3). Choose %(kind)s."
    )


class SavedElsewhere(Overtaken):
    """Two people, or one in two windows, change the same draft: the second would undo the first, unseen."""

    message = _l(
        "The draft was saved elsewhere after you opened it, so yours was not saved. It still stands below: "
        "look at what was saved, then save again if yours is to replace it."
    )


class FileMissing(Invalid):
    """No file was chosen."""

    message = _l("Choose a PDF or Word file first.")


def draft_from_template(session: Session, actor: Actor, fields: Fields, text: Text) -> OutgoingDocument:
    """Begin a draft from the official template.

    Raises Forbidden, Missing, SubjectTooLong, WrongKind, WrongSigner, UnknownRecipient, MissingGlyph,
    WordTooLong, TextTooLong.
    """
    return _draft(session, actor, fields, text)


def draft_from_upload(session: Session, actor: Actor, fields: Fields, upload: Upload) -> OutgoingDocument:
    """Begin a draft from a PDF or Word file. Raises as `draft_from_template`, and what `intake`, `convert` refuse."""
    return _draft(session, actor, fields, upload)


def _draft(session: Session, actor: Actor, fields: Fields, page: Page) -> OutgoingDocument:
    require(actor, OUTGOING_DRAFT)
    fields.check()
    fields.check_day(clock.today())
    with transaction(session):  # the page takes a moment: this one is over before
        chosen = choosing.choose(session, actor, fields)
        referred = _referred(session, actor, fields)
    with secrets_noted(session, actor):
        prepared = operations.prepare(page, fields, chosen)
    with transaction(session):
        if (sent_before := queries.made_by(session, actor, fields.form_key)) is not None:
            return sent_before
        document = operations.begin(session, actor, chosen, fields)
        documents.set_recipients(
            session, document, chosen.recipients, lines=chosen.lines, outside=chosen.outside
        )
        operations.put_page(session, actor, document, page, prepared)
        for kind, other in referred:
            documents.link(session, actor, document, other, kind)
            if kind is LinkKind.REPLY and other.steering is Steering.DIRECTS:
                document.steering = Steering.REPORTS
        documents.index(session, document)
    return document


def _referred(session: Session, actor: Actor, fields: Fields) -> list[tuple[LinkKind, Document]]:
    """What a draft refers to, and how."""
    if fields.corrects_id is not None:
        if fields.replaces_id is not None:
            raise ReplacesAndCorrects(field="corrects")
        _refuse_other_kinds(fields)
    if fields.replaces_id is not None:
        _refuse_other_form(replaceable(session, actor, fields.replaces_id), fields)
    ways: tuple[tuple[LinkKind, int | None, Callable[[Session, Actor, int], Document]], ...] = (
        (LinkKind.REPLY, fields.reply_to_id, answerable),
        (LinkKind.REPLACES, fields.replaces_id, replaceable),
        (LinkKind.CORRECTS, fields.corrects_id, correctable),
    )
    return [(kind, find(session, actor, named)) for kind, named, find in ways if named is not None]


def _refuse_other_kinds(fields: Fields) -> None:
    if fields.kind_code != OFFICIAL_LETTER.code:
        raise NoLetter(field="kind_code")


def _refuse_other_form(replaced: Document, fields: Fields) -> None:
    if fields.kind_code != replaced.kind_code:
        raise OtherForm(code=replaced.code, kind=replaced.kind.name, field="kind_code")


def answerable(session: Session, actor: Actor, document_id: int) -> Document:
    """The document that is to be answered. Raises NotFound, NotIncoming."""
    document = one_document(session, actor, document_id)
    if document.direction is not Direction.IN:
        raise NotIncoming(field="reply_to")
    return document


def replaceable(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """The document that another one shall take the place of. Raises NotFound, NotIssued, Recalled, Replaced."""
    document = queries.one(session, actor, document_id)
    if document.state is not State.ISSUED:
        raise NotIssued(field="replaces")
    return _standing(session, document)


def correctable(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """The document whose form a letter shall put right. Raises NotFound, NotToCorrect, Recalled, Replaced."""
    document = queries.one(session, actor, document_id)
    if document.state is not State.ISSUED:
        raise NotToCorrect(field="corrects")
    return _standing(session, document)


def _standing(session: Session, document: OutgoingDocument) -> OutgoingDocument:
    superseding.refuse(session, document)
    return document


def revise(
    session: Session,
    actor: Actor,
    document_id: int,
    fields: Fields,
    page: Page | None,
    *,
    seen: int | None = None,
) -> OutgoingDocument:
    """Change a draft; a new page is a new version, None keeps the one there is (of an upload).

    `seen`: the revision the change began from, None where nobody says. Raises as the drafting functions, NotFound,
    InvalidTransition, SavedElsewhere.
    """
    fields.check()
    with transaction(session):  # as in `_draft`
        document = _unrevised(session, actor, document_id, seen)
        if document.due_on != fields.due_on:
            fields.check_day(clock.today())
        for replaced in linked(session, actor, document, LinkKind.REPLACES):
            _refuse_other_form(replaced, fields)
        if linked(session, actor, document, LinkKind.CORRECTS):
            _refuse_other_kinds(fields)
        chosen = choosing.choose(session, actor, fields)
    with secrets_noted(session, actor):
        prepared = operations.prepare(page, fields, chosen) if page is not None else None
    with transaction(session):
        document = _unrevised(session, actor, document_id, seen)
        document.revision += 1
        operations.fill(document, chosen, fields)
        if chosen.unit is not None:
            documents.give_access(session, actor, document, unit_ids=[chosen.unit.id])
        documents.set_recipients(
            session, document, chosen.recipients, lines=chosen.lines, outside=chosen.outside
        )
        if page is not None and prepared is not None:
            operations.put_page(session, actor, document, page, prepared)
        audit.record(session, actor, operations.REVISED, document, subject=document.subject)
        documents.index(session, document)
    return document


def _unrevised(session: Session, actor: Actor, document_id: int, seen: int | None) -> OutgoingDocument:
    """The draft, held, when it still is what the change began from."""
    document = _allowed(session, actor, document_id, Move.REVISE)
    session.refresh(document, with_for_update=True)
    if seen is not None and document.revision != seen:
        raise SavedElsewhere
    return document


def attach(session: Session, actor: Actor, document_id: int, upload: Upload) -> OutgoingDocument:
    """Add an attachment in a file of its own; it is signed when the document is sealed (Appendix I, part II)."""
    with transaction(session):  # as in `_draft`
        _allowed(session, actor, document_id, Move.REVISE)
    with secrets_noted(session, actor):
        file, _word = operations.take_file(upload)
    with transaction(session):
        document = _allowed(session, actor, document_id, Move.REVISE)
        documents.add_file(session, actor, document, file, FileRole.ATTACHMENT)
        audit.record(session, actor, operations.ATTACHED, document, file=file.name, sha256=file.sha256)
    return document


def detach(session: Session, actor: Actor, document_id: int, file_id: int) -> OutgoingDocument:
    """Take an attachment away from a draft."""
    with transaction(session):
        document = _allowed(session, actor, document_id, Move.REVISE)
        operations.remove_attachment(session, actor, document, file_id)
    return document


class NotYourStep(Forbidden):
    """The right of remorse is that of whoever took the step."""

    message = _l(
        "%(name)s took this step and alone takes it back. Whoever acts next can send the document back with a reason."
    )


def submit(session: Session, actor: Actor, document_id: int, note: str = "") -> OutgoingDocument:
    """Hand a draft to the head of its unit. Raises DelegationOver where its signer signs in nobody's stead any more."""
    return _step(session, actor, document_id, Move.SUBMIT, note)


def approve(session: Session, actor: Actor, document_id: int, note: str = "") -> OutgoingDocument:
    """Answer for the content, as head of the drafting unit (Article 12.1)."""
    return _step(session, actor, document_id, Move.APPROVE, note)


def check_form(session: Session, actor: Actor, document_id: int, note: str = "") -> OutgoingDocument:
    """Answer for form and procedure (Article 12.2)."""
    return _step(session, actor, document_id, Move.CHECK, note)


def send_back(session: Session, actor: Actor, document_id: int, reason: str) -> OutgoingDocument:
    """Give it back to the drafter with a reason; what was approved counts no more (Article 11.2)."""
    return _step(session, actor, document_id, Move.SEND_BACK, reason)


def discard(session: Session, actor: Actor, document_id: int, reason: str) -> OutgoingDocument:
    """Give a draft up; nobody's opinion on it is waited for any more. Raises as `send_back`."""
    return _step(session, actor, document_id, Move.DISCARD, reason)


def take_back(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """Undo one's own last step while nobody has taken the next one; versions and signatures made stay.

    Raises NotYourStep.
    """
    return _step(session, actor, document_id, Move.TAKE_BACK, "")


def _step(session: Session, actor: Actor, document_id: int, step: Move, note: str) -> OutgoingDocument:
    with transaction(session):
        document = _allowed(session, actor, document_id, step)
        rule = MACHINE.step(document.state, step)
        whole(note, operations.LONGEST_NOTE, "note")
        if rule.needs_note and len(note.strip()) < 3:
            raise operations.NoteTooShort(field="note")
        if step == Move.SUBMIT:
            if not document.authority:
                raise OldHead(agency=document.issuer_name)
            choosing.refuse_ended(document)  # whoever can choose another signer hears it first
        if step == Move.TAKE_BACK:
            _refuse_anothers(session, actor, document)
            _unmark(document)
        else:
            _mark(document, actor, step, note)
        operations.move(session, actor, document, rule.target, step, note)
        if step is Move.DISCARD:
            consulting.close(session, actor, document)
        if rule.target is State.SIGNATURE:
            operations.open_to_signer(session, actor, document)
    return document


def _refuse_anothers(session: Session, actor: Actor, document: OutgoingDocument) -> None:
    """Raises NotYourStep: whoever sees it otherwise sends the document back, with a reason."""
    last = operations.last_step(session, document)
    if last is None or last.user_id != actor.user_id:
        raise NotYourStep(name=last.actor if last else "?")


def _mark(document: OutgoingDocument, actor: Actor, step: Move, note: str) -> None:
    """Who answers for what."""
    name = ", ".join(part for part in (actor.name, actor.title) if part)
    if step == Move.APPROVE:
        document.approved_at, document.approved_by = clock.now(), name
    elif step == Move.CHECK:
        document.form_checked_at, document.form_checked_by = clock.now(), name
    elif step == Move.SEND_BACK:
        document.reason = f"{name}: {note.strip()}"
        operations.disapprove(document)
    elif step == Move.DISCARD:
        document.reason = f"{name}: {note.strip()}"
    elif step == Move.SUBMIT:
        document.reason = ""


def _unmark(document: OutgoingDocument) -> None:
    """What the last step put down counts no more."""
    if document.state is State.FORM_CHECK:
        document.approved_at, document.approved_by = None, ""
    elif document.state is State.SIGNATURE:
        document.form_checked_at, document.form_checked_by = None, ""
    elif document.state is State.NUMBERING:
        document.signed_at = None
    elif document.state is State.DISCARDED:
        document.reason = ""


def _allowed(session: Session, actor: Actor, document_id: int, step: Move) -> OutgoingDocument:
    """The document, when the step is possible now and the actor's. Raises NotFound, InvalidTransition, Forbidden."""
    document = queries.one(session, actor, document_id)
    MACHINE.step_of(actor, document.state, step, document)
    held.refuse_others(session, document)
    return document


@contextmanager
def secrets_noted(session: Session, actor: Actor) -> Iterator[None]:
    """Nothing of a state secret is stored but the fact that one was refused."""
    try:
        yield
    except StateSecret:
        with transaction(session):
            agency = directory.agency(session, actor.agency_id or 0)
            audit.record(session, actor, documents.SECRET_REFUSED, agency)
        raise
