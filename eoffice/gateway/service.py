"""Use cases of the exchange."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Invalid, InvalidTransition, Unavailable
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc
from eoffice.directory import queries as directory
from eoffice.documents import queries as documents
from eoffice.documents.models import Document
from eoffice.gateway import aside, axis, operations, queries
from eoffice.gateway.models import Dispatch, DispatchState, Hop
from eoffice.gateway.permissions import GATEWAY_RESEND
from exchange.errors import ExchangeError


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


def resend(session: Session, actor: Actor, document_id: int) -> Dispatch:
    """Try again what could not be sent, under the same id. Raises NotFound, Forbidden, InvalidTransition."""
    with transaction(session):
        document: Document = documents.one(session, actor, document_id)
        failed = queries.dispatch_of(session, document)
        require(actor, GATEWAY_RESEND, failed)
        if failed is None or failed.state != DispatchState.FAILED:
            raise InvalidTransition(state=Hop.ON_AXIS.word)
        failed.state, failed.next_try_at, failed.created_at = DispatchState.WAITING, clock.now(), clock.now()
        for delivery in failed.deliveries:
            delivery.hop, delivery.note = Hop.WAITING, ""
        audit.record(session, actor, operations.RESENT, document)
        operations.enqueue(session, failed, document.urgency)
    return failed


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
