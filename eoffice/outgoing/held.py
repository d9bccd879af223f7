"""A document in the hands of whoever signs it in two steps: what he reads, and that the others wait."""

from sqlalchemy.orm import Session

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


def _name(document_id: int) -> str:
    return f"outgoing:{document_id}"
