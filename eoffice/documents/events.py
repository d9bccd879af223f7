"""What documents tell the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event


@dataclass(frozen=True)
class DocumentIssued(Event):
    """An outgoing document was issued: the gateway puts it into the outbox, a reply finishes its incoming one."""

    document_id: int
