"""What incoming tells the features above."""

from dataclasses import dataclass

from eoffice.core.events import Event


@dataclass(frozen=True)
class IncomingRegistered(Event):
    """A clerk has looked at a document and entered it in the register."""

    document_id: int


@dataclass(frozen=True)
class IncomingCorrected(Event):
    """What stands in the register was corrected."""

    document_id: int


@dataclass(frozen=True)
class IncomingVoid(Event):
    """Its registration was struck out, or it is destroyed at its sender's wish: what was taken from it counts no
    more."""

    document_id: int
