"""The table of steps."""

from enum import StrEnum

from eoffice.core.workflow import Machine, Rule
from eoffice.missions.models import State
from eoffice.missions.permissions import MISSION_GIVE, MISSION_WORK


class Move(StrEnum):
    """What people do with a mission."""

    REPORT = "report"
    ACCEPT = "accept"
    ASK_AGAIN = "ask_again"
    WITHDRAW = "withdraw"
    #: not theirs: the issue of the document does it
    BEGIN = "begin"


MACHINE: Machine[State, Move] = Machine(
    (State.PLANNED, State.OPEN),
    {
        (State.PLANNED, Move.BEGIN): Rule(State.OPEN, MISSION_GIVE),
        (State.PLANNED, Move.WITHDRAW): Rule(State.WITHDRAWN, MISSION_GIVE),
        (State.OPEN, Move.REPORT): Rule(State.REPORTED, MISSION_WORK, needs_note=True),
        # told by telephone or on paper
        (State.OPEN, Move.ACCEPT): Rule(State.DONE, MISSION_GIVE, needs_note=True),
        (State.OPEN, Move.WITHDRAW): Rule(State.WITHDRAWN, MISSION_GIVE, needs_note=True),
        (State.REPORTED, Move.ACCEPT): Rule(State.DONE, MISSION_GIVE),
        (State.REPORTED, Move.ASK_AGAIN): Rule(State.OPEN, MISSION_GIVE, needs_note=True),
        (State.REPORTED, Move.WITHDRAW): Rule(State.WITHDRAWN, MISSION_GIVE, needs_note=True),
    },
)
