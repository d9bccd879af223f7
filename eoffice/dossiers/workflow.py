"""Moves of a dossier, in one table (Decree 30/2020, Articles 29 to 31)."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import InvalidTransition
from eoffice.core.workflow import Machine, Rule
from eoffice.dossiers.permissions import DOSSIER_ARCHIVE, DOSSIER_WORK
from eoffice.dossiers.states import State


class Move(StrEnum):
    """What can be done with it."""

    START = "start"
    #: put a document in, take one out, change title or retention
    FILE = "file"
    CLOSE = "close"
    REOPEN = "reopen"
    HAND_OVER = "hand_over"
    ACCEPT = "accept"
    RETURN = "return"
    DESTROY = "destroy"


class Elsewhere(InvalidTransition):
    """The step exists but not in this state of the dossier."""

    message = _l("The dossier is “%(state)s” now, so this step is not possible. Reload the page.")


MACHINE: Machine[State, Move] = Machine(
    (State.PLANNED, State.OPEN),
    {
        (State.PLANNED, Move.START): Rule(State.OPEN, DOSSIER_WORK),
        (State.OPEN, Move.FILE): Rule(State.OPEN, DOSSIER_WORK),
        (State.OPEN, Move.CLOSE): Rule(State.CLOSED, DOSSIER_WORK),
        (State.CLOSED, Move.REOPEN): Rule(State.OPEN, DOSSIER_WORK, needs_note=True),
        (State.RETURNED, Move.REOPEN): Rule(State.OPEN, DOSSIER_WORK, needs_note=True),
        (State.CLOSED, Move.HAND_OVER): Rule(State.HANDED_OVER, DOSSIER_WORK),
        (State.RETURNED, Move.HAND_OVER): Rule(State.HANDED_OVER, DOSSIER_WORK),
        (State.HANDED_OVER, Move.ACCEPT): Rule(State.ARCHIVED, DOSSIER_ARCHIVE),
        (State.HANDED_OVER, Move.RETURN): Rule(State.RETURNED, DOSSIER_ARCHIVE, needs_note=True),
        (State.ARCHIVED, Move.DESTROY): Rule(State.DESTROYED, DOSSIER_ARCHIVE),
    },
    Elsewhere,
)
