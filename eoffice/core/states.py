"""How a state looks: one shape, one word, one colour, one sentence, from one table, everywhere."""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel.speaklater import LazyString


class Shape(StrEnum):
    """Carries the meaning without colour."""

    RING = "ring"
    HALF = "half"
    TICK = "tick"
    TRIANGLE = "triangle"
    OCTAGON = "octagon"
    DASH = "dash"


class Tone(StrEnum):
    """Colour class of a state."""

    WAIT = "wait"
    RUN = "run"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True)
class Look:
    """What people see of a state."""

    word: LazyString
    shape: Shape
    tone: Tone
    sentence: LazyString
