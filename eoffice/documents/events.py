"""What documents tell the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event
from eoffice.documents.models import LinkKind


@dataclass(frozen=True)
class SecretFound(Event):
    """The mark of a state secret was recognised on a stored file, which is sealed now."""

    file_id: int


@dataclass(frozen=True)
class DocumentIssued(Event):
    """An outgoing document was issued: the gateway puts it into the outbox, a reply finishes its incoming one."""

    document_id: int


@dataclass(frozen=True)
class DocumentsLinked(Event):
    """One document refers to another of the agency: a letter that came answers what was issued."""

    source_id: int
    target_id: int
    kind: LinkKind
