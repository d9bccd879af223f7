"""A document in the hands of whoever signs it in two steps: what he reads, and that the others wait."""

from sqlalchemy.orm import Session

from eoffice.core.permissions import Actor
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State
from eoffice.signatures import awaited
from eoffice.signatures.awaited import About

#: states in which somebody signs
_SIGNED_IN = (State.SIGNATURE, State.SEALING)


def about(document: OutgoingDocument, *, signatures: int = 1) -> About:
    """What the person agrees to; `signatures`: how many the step takes."""
    return About(_name(document.id), f"{document.kind.name} {document.code}: {document.subject}", signatures)


def refuse_others(session: Session, document: OutgoingDocument) -> None:
    """No other step meanwhile. Raises BeingSigned."""
    if document.state in _SIGNED_IN:
        awaited.refuse_others(session, _name(document.id))


def take_over(session: Session, actor: Actor, document_id: int) -> None:
    """The actor begins anew what he left in the midst of it. Raises BeingSigned, when it is another's."""
    awaited.take_over(session, actor, _name(document_id))


def _name(document_id: int) -> str:
    return f"outgoing:{document_id}"
