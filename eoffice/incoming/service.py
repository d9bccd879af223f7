"""Use cases of incoming documents, one transaction each (Decree 30/2020, Articles 20 to 23)."""

from collections.abc import Sequence
from typing import BinaryIO

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, Overtaken
from eoffice.core.events import publish
from eoffice.core.permissions import Actor, require
from eoffice.directory import queries as directory
from eoffice.documents import operations as documents
from eoffice.documents import registers
from eoffice.documents.intake import StateSecret
from eoffice.documents.models import FileRole
from eoffice.documents.operations import Inspected
from eoffice.dossiers import queries as dossiers
from eoffice.gateway import changes
from eoffice.gateway import queries as gateway
from eoffice.gateway.models import Answer, Asked
from eoffice.incoming import operations
from eoffice.incoming.events import IncomingRegistered
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.permissions import INCOMING_REGISTER, INCOMING_RETURN
from eoffice.incoming.states import State
from eoffice.incoming.workflow import MACHINE, Move
from eoffice.signatures import operations as signatures


class NeedsReason(Invalid):
    """Who gets it back wants to know why (Decision 28/2018, Article 9)."""

    message = _l("Say why the document goes back; the sender reads it.")


class NothingAsked(Overtaken):
    """Somebody answered already, or the sender asked nothing."""

    message = _l("The sender asks nothing of this document now. Reload the page.")


class OnHold(Conflict):
    """What a hold protects is destroyed for nobody."""

    message = _l(
        "It lies in the dossier %(notation)s, which is on hold: %(reason)s. Ask the archivist first; the sender's "
        "request waits until the hold is lifted."
    )


class MustWithdraw(Conflict):
    """A recall leaves the recipient no choice (Decree 30/2020, Article 18.4)."""

    message = _l("The sender has recalled this document: the law obliges you to destroy it and to report so.")


class NotAScan(Conflict):
    """Somebody sent it and waits for an answer."""

    message = _l("This document came from another agency. Return it with a reason instead.")


class NoScan(Invalid):
    """Nothing was chosen."""

    message = _l("Choose the scanned PDF first.")


class SecretNotEntered(Conflict):
    """Secrets have a register of their own, on no network (Law 117/2025; Decree 30/2020, Article 16.3)."""

    message = _l(
        "Page 1 bears the mark of a state secret, so it does not go into this register. Hand it to the officer for "
        "state secrets, who says whether the mark is one; then register it here, or return it."
    )


class LookFirst(Conflict):
    """A doubtful paper is not registered unseen."""

    message = _l("The signature on this file is not confirmed. Take it in, look at it, then register it.")


def take_in(
    session: Session, actor: Actor, stream: BinaryIO, name: str, *, must_be_pdf: bool = True
) -> Inspected:
    """Check an upload and store its bytes; of a state secret nothing is stored but the fact.

    Raises what the gate refuses with, see `intake.inspect_pdf`.
    """
    try:
        return signatures.at_the_gate(documents.take_in(stream, name, must_be_pdf=must_be_pdf))
    except StateSecret:
        with transaction(session):
            agency = directory.agency(session, actor.agency_id or 0)
            audit.record(session, actor, documents.SECRET_REFUSED, agency)
        raise


def receive_scan(
    session: Session, actor: Actor, upload: Inspected, attachments: Sequence[Inspected] = ()
) -> IncomingDocument:
    """Take in a scanned paper; it waits to be registered. Raises Forbidden."""
    with transaction(session):
        return _take_in(session, actor, upload, attachments)


def register(session: Session, actor: Actor, document_id: int, entry: NewIncoming) -> IncomingDocument:
    """Enter a document in the register: số đến is given now, the sender is told, a leader may get it at once.

    Raises NotFound, AlreadyNumbered, InvalidTransition, Forbidden, SecretNotEntered, NoRegister, ProbableDuplicate and
    what `operations.check` raises.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        if document.register_number is not None:
            raise registers.AlreadyNumbered(number=document.register_number)
        require(actor, MACHINE.step(document.state, Move.REGISTER).permission, document)
        if document.bears_secret:
            raise SecretNotEntered
        _register(session, actor, document, entry)
    return document


def register_scan(
    session: Session, actor: Actor, entry: NewIncoming, upload: Inspected,
    attachments: Sequence[Inspected] = (),
) -> IncomingDocument:  # fmt: skip
    """Take in a scanned paper and register it in one go. Raises what `register` raises, and LookFirst."""
    with transaction(session):
        document = _take_in(session, actor, upload, attachments, indexed=True)
        if document.state is State.CHECK:
            raise LookFirst
        _register(session, actor, document, entry)
    return document


def return_document(session: Session, actor: Actor, document_id: int, reason: str) -> IncomingDocument:
    """Give a document back to its sender. Raises NotFound, InvalidTransition, Forbidden, NeedsReason."""
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        require(actor, MACHINE.step(document.state, Move.RETURN).permission, document)
        if not reason.strip():
            raise NeedsReason(field="reason")
        document.reason = reason.strip()
        operations.move(session, actor, document, Move.RETURN, reason=document.reason)
        operations.report(session, actor, document, "02", document.reason)
    return document


def answer_sender(
    session: Session, actor: Actor, document_id: int, *, agree: bool, note: str
) -> IncomingDocument:
    """Answer what the sender asks of a registered document; agreeing to give it back destroys it here.

    Raises NotFound, Forbidden, NothingAsked, MustWithdraw, NeedsReason, OnHold.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        require(actor, INCOMING_RETURN, document)
        asked = gateway.open_requests(session, document)
        if not asked:
            raise NothingAsked
        if not agree and any(one.kind is Asked.RECALL for one in asked):
            raise MustWithdraw
        if not agree and not note.strip():
            raise NeedsReason(field="note")
        if agree and any(one.kind.withdraws for one in asked):
            _refuse_held(session, document)
            operations.withdraw(session, actor, document, asked[-1].reason)
        given = Answer.AGREED if agree else Answer.REFUSED
        for one in asked:
            changes.answer(session, actor, one, given, note.strip() or "Đồng ý")
    return document


def _refuse_held(session: Session, document: IncomingDocument) -> None:
    """Raises OnHold: whoever placed the hold needs what the sender wants destroyed (Appendix VI, part IV)."""
    if (hold := dossiers.hold_on(session, document)) is not None:
        raise OnHold(notation=hold[0], reason=hold[1])


def discard(session: Session, actor: Actor, document_id: int, reason: str) -> IncomingDocument:
    """Throw a scan away that should not have been taken in: its bytes go, the fact stays. Of one that has stood in the
    register the bytes stay too: its void number refers to them, a leader or a dossier may have had it.

    Raises NotFound, InvalidTransition, Forbidden, NeedsReason, NotAScan.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        require(actor, MACHINE.step(document.state, Move.DISCARD).permission, document)
        if document.source is Source.AXIS:
            raise NotAScan
        if not reason.strip():
            raise NeedsReason(field="reason")
        document.reason = reason.strip()
        operations.move(session, actor, document, Move.DISCARD, reason=document.reason)
        if not registers.has_stood(session, document):
            signatures.forget(session, document)
            documents.destroy_files(session, actor, document, document.reason)
    return document


def submit(session: Session, actor: Actor, document_id: int, leader_id: int) -> IncomingDocument:
    """Submit a registered document to a leader, or to another one.

    Raises NotFound, InvalidTransition, Forbidden, NoSuchLeader.
    """
    with transaction(session):
        document = operations.locked(session, actor, document_id)
        require(actor, MACHINE.step(document.state, Move.SUBMIT).permission, document)
        operations.submit(session, actor, document, leader_id)
    return document


def _take_in(
    session: Session,
    actor: Actor,
    upload: Inspected,
    attachments: Sequence[Inspected],
    *,
    indexed: bool = False,
) -> IncomingDocument:
    require(actor, INCOMING_REGISTER)
    assert actor.agency_id is not None
    # the scanner's name for it tells papers apart until they are registered
    document = operations.receive(
        session, actor, actor.agency_id, Source.SCAN, clock.now(), summary=upload.name[:500]
    )
    operations.add_file(session, actor, document, upload, FileRole.ORIGINAL, indexed=indexed)
    for attachment in attachments:
        operations.add_file(session, actor, document, attachment, FileRole.ATTACHMENT)
    return document


def _register(session: Session, actor: Actor, document: IncomingDocument, entry: NewIncoming) -> None:
    operations.enter(session, document, entry)
    if document.source is Source.SCAN:
        document.summary = ""  # it has a subject now
    session.flush()
    given = registers.give_number(session, actor, document, clock.today())
    document.registered_at, document.reason = given.given_at, ""
    operations.move(session, actor, document, Move.REGISTER, number=given.number)
    # the text goes to another agency's system: Vietnamese, whatever language the clerk reads
    operations.report(session, actor, document, "03", f"Đã vào sổ văn bản đến số {given.number}")
    if entry.submit_to_id is not None:
        operations.submit(session, actor, document, entry.submit_to_id)
    documents.index(session, document)
    publish(session, IncomingRegistered(document.id))
