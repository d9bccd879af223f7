"""What directions tell the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event
from eoffice.core.permissions import Actor


@dataclass(frozen=True)
class DirectionGiven(Event):
    """A leader has directed a document."""

    document_id: int
    direction_id: int
    actor: Actor


@dataclass(frozen=True)
class WorkBegun(Event):
    """The person who leads was named, by the leader or the head of the unit."""

    document_id: int
    task_id: int
    actor: Actor


@dataclass(frozen=True)
class WorkOpened(Event):
    """The person who leads has opened the document for the first time."""

    document_id: int
    task_id: int
    actor: Actor


@dataclass(frozen=True)
class WorkReopened(Event):
    """What the lead of a leader's direction had reported as done is asked for again."""

    document_id: int
    task_id: int
    actor: Actor


@dataclass(frozen=True)
class WorkFinished(Event):
    """The lead of a leader's direction is done."""

    document_id: int
    task_id: int
    actor: Actor
