"""What the gateway tells the features above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eoffice.core.events import Event
from eoffice.gateway.contents import ArrivalContent


@dataclass(frozen=True)
class PacketsComing(Event):
    """Stored documents are about to be taken in; incoming looks at their files, outside any transaction."""

    #: by arrival
    contents: Mapping[int, ArrivalContent]
    #: what was seen, by arrival, for the event that follows
    seen: dict[int, object]


@dataclass(frozen=True)
class PacketsArrived(Event):
    """Documents arrived for our agencies; incoming makes their rows in the same transaction."""

    arrival_ids: Sequence[int]
    #: what was seen when they were coming
    seen: Mapping[int, object]


@dataclass(frozen=True)
class PacketAccepted(Event):
    """The axis has a packet of ours; `business` as in `Dispatch`."""

    document_id: int
    business: str


@dataclass(frozen=True)
class CopyDone(Event):
    """A recipient's office has finished with its copy of a document of ours (status 06), and what it says of it."""

    document_id: int
    recipient_code: str
    description: str


@dataclass(frozen=True)
class ChangeAsked(Event):
    """The sender wants a document of ours given back, destroyed or superseded; incoming acts on its row."""

    request_id: int


@dataclass(frozen=True)
class DocumentRecalled(Event):
    """Everybody who holds a document of ours was asked to destroy it."""

    document_id: int


@dataclass(frozen=True)
class SourceRecalled(Event):
    """What one of our documents is a certified copy of was recalled; outgoing stops a copy that is not issued."""

    copy_id: int
    reason: str
