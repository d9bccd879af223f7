"""Use cases of the exchange."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, InvalidTransition, NotFound, Overtaken, Unavailable
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.documents import queries as documents
from eoffice.documents.models import Document
from eoffice.gateway import aside, axis, changes, operations, presend, queries
from eoffice.gateway.events import DocumentRecalled
from eoffice.gateway.models import Answer, Delivery, Dispatch, DispatchState, Hop
from eoffice.gateway.permissions import GATEWAY_RECALL, GATEWAY_RESEND
from eoffice.gateway.presend import Repair
from exchange.errors import ExchangeError
from exchange.model import MessageKind


class AxisAway(Unavailable):
    """The axis did not do what was asked."""

    message = _l("The axis does not answer as expected: %(reason)s. Check its address and the shared secret.")


def announce(session: Session, actor: Actor) -> int:
    """Tell the axis which agencies this system serves; returns how many. Raises Unavailable of core.errors."""
    require(actor, GATEWAY_RESEND)
    client = axis.client()
    if client is None:
        return 0
    agencies = directory.hosted(session)
    try:
        for agency in agencies:
            mail = agency.email or f"{agency.code.lower()}@example.invalid"
            client.register_agency(agency.code, agency.name, mail=mail, old_code=agency.old_code or "")
    except ExchangeError as error:
        raise AxisAway(reason=error.vi) from error
    return len(agencies)


class OutOfReach(Conflict):
    """There is no copy to give back."""

    message = _l("This recipient holds no copy that could be given back. Reload the page.")


class AskedAlready(Overtaken):
    """One thing at a time."""

    message = _l("The recipient was asked already and has not answered yet.")


class Recalled(Overtaken):
    """What was recalled goes nowhere."""

    message = _l("The document was recalled; it is not sent again.")


class NotSentYet(Conflict):
    """The packet may leave at any moment."""

    message = _l(
        "The axis has not taken the document yet. Recall it once it has, or see why it could not be sent."
    )


class ChooseWhom(Invalid):
    """Nobody is preset for something that destroys."""

    message = _l("Choose a recipient, or all of them.")


class NeedsReason(Invalid):
    """The other side reads it."""

    message = _l("Say why; the recipient reads it.")


def resend(session: Session, actor: Actor, document_id: int) -> Dispatch:
    """Try again what could not be sent, under the same id, and send again to whoever could not read or returned it.

    Raises NotFound, Forbidden, InvalidTransition, Recalled.
    """
    with transaction(session):
        document: Document = documents.one(session, actor, document_id)
        failed = queries.dispatch_of(session, document)
        require(actor, GATEWAY_RESEND, failed)
        if queries.recall_of(session, document) is not None:
            raise Recalled
        if failed is not None and failed.state == DispatchState.FAILED:
            _replay(session, failed)
        else:
            copies = queries.deliveries_of(session, document)
            again = [copy for copy in copies if copy.hop in (Hop.UNREADABLE, Hop.REFUSED)]
            if not again:
                raise InvalidTransition(state=Hop.ON_AXIS.word)
            failed = operations.dispatch_again(session, actor, document, again)
            changes.replace(session, actor, document, failed)
        audit.record(session, actor, operations.RESENT, document)
    return failed


def _replay(session: Session, failed: Dispatch) -> None:
    """The same packet under the same id: the axis recognises what it may have after all."""
    failed.state, failed.next_try_at, failed.created_at = DispatchState.WAITING, clock.now(), clock.now()
    for delivery in failed.deliveries:
        if delivery.hop is Hop.FAILED:
            delivery.hop, delivery.note = Hop.WAITING, ""
    operations.announce(session, MessageKind.DOCUMENT)


def repair(
    session: Session, actor: Actor, document_id: int, what: Repair, target_id: int, code: str = ""
) -> None:
    """Mend what would fail, before the document is sent. Raises NotFound, Forbidden, InvalidTransition."""
    require(actor, GATEWAY_RESEND)
    with transaction(session):
        document = documents.one(session, actor, document_id)
        if queries.dispatch_of(session, document) is not None:
            raise InvalidTransition(state=Hop.WAITING.word)
        presend.repair(session, actor, document, what, target_id, code)


def take_back(session: Session, actor: Actor, document_id: int, delivery_id: int, reason: str) -> None:
    """Ask one recipient to give its copy back. Raises NotFound, Forbidden, NeedsReason, OutOfReach, AskedAlready."""
    with transaction(session):
        document, copies = _held(session, actor, document_id, reason)
        copy = next((copy for copy in copies if copy.id == delivery_id), None)
        if copy is None:
            raise NotFound
        if copy.hop in queries.OUT_OF_REACH or copy.hop is Hop.DONE:
            raise OutOfReach
        if any(asked.answer is Answer.OPEN for asked in copy.requests):
            raise AskedAlready
        changes.ask_back(session, actor, document, copy, reason.strip())


#: asked of instead of one copy's id
EVERYBODY = "all"


def call_back(session: Session, actor: Actor, document_id: int, whom: str, reason: str) -> None:
    """What a form asks: of EVERYBODY to destroy the document, of one, by the id of its copy, to give it back.

    Raises ChooseWhom, and what `recall` and `take_back` raise.
    """
    if whom == EVERYBODY:
        recall(session, actor, document_id, reason)
    elif whom.isascii() and whom.isdecimal():
        take_back(session, actor, document_id, int(whom), reason)
    else:
        raise ChooseWhom(field="copy")


def recall(session: Session, actor: Actor, document_id: int, reason: str) -> None:
    """Tell every recipient to destroy an issued document (Decree 30/2020, Article 18.4 and Appendix VI, I-III.8).

    Its certified copies are recalled along. The document itself stays as it was issued; the recall stands beside it.
    Raises NotFound, Forbidden, NeedsReason, NotSentYet, Recalled, OutOfReach.
    """
    with transaction(session):
        document, copies = _held(session, actor, document_id, reason)
        if queries.recall_of(session, document) is not None:
            raise Recalled
        if any(copy.hop is Hop.WAITING for copy in copies):
            raise NotSentYet
        if changes.recall(session, actor, document, reason.strip()) is None:
            raise OutOfReach
        events.publish(session, DocumentRecalled(document.id))
        changes.recall_copies(session, actor, document, reason.strip())


def _held(
    session: Session, actor: Actor, document_id: int, reason: str
) -> tuple[Document, Sequence[Delivery]]:
    document = documents.one(session, actor, document_id)
    sent = queries.dispatch_of(session, document)
    require(actor, GATEWAY_RECALL, sent)
    if sent is None:
        raise NotFound
    if not reason.strip():
        raise NeedsReason(field="reason")
    return document, queries.held_copies(session, document)


class Settled(InvalidTransition):
    """It is over already."""

    message = _l("This packet was settled already. Reload the page to see by whom.")


class NeedsNote(Invalid):
    """Who looks at it next year wants to know."""

    message = _l("Write what was done about it, for example whom you called and what was agreed.")


def settle(session: Session, actor: Actor, unreadable_id: int, note: str) -> None:
    """Say that nothing is left to do about an unreadable packet. Raises NotFound, Forbidden, NeedsNote, Settled."""
    with transaction(session):
        found = queries.one_unreadable(session, actor, unreadable_id)
        session.refresh(found, with_for_update=True)
        if not note.strip():
            raise NeedsNote(field="note")
        if found.settled_at is not None:
            raise Settled
        aside.settle(session, actor, found, nfc(note)[:1000])
