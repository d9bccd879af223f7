"""Use cases of the exchange."""

from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import InvalidTransition
from eoffice.core.permissions import Actor, require
from eoffice.documents import queries as documents
from eoffice.documents.models import Document
from eoffice.gateway import operations, queries
from eoffice.gateway.models import Dispatch, DispatchState, Hop
from eoffice.gateway.permissions import GATEWAY_RESEND


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
