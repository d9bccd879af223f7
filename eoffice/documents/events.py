"""What documents tell the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event


@dataclass(frozen=True)
class SecretFound(Event):
    """The mark of a state secret was recognised on a stored file, which is sealed now."""

    file_id: int


@dataclass(frozen=True)
class RegisterEnded(Event):
    """A register was closed: its book says what its lines say now, whatever becomes of the documents."""

    register_id: int


@dataclass(frozen=True)
class DocumentIssued(Event):
    """An outgoing document was issued: the gateway puts it into the outbox, a reply finishes its incoming one."""

    document_id: int


@dataclass(frozen=True)
class DocumentLeaves(Event):
    """An outgoing document is about to be issued: the last moment at which its row may say more."""

    document_id: int
