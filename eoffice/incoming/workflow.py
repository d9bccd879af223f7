"""States of an incoming document, in one table (Decree 30/2020, Articles 20 to 24)."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.states import Look, Shape, Tone
from eoffice.core.workflow import Machine, Rule
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_GIVE, DIRECTION_WORK
from eoffice.incoming.permissions import INCOMING_REGISTER, INCOMING_RETURN, INCOMING_SUBMIT


class State(StrEnum):
    """Where an incoming document is."""

    WAITING = "waiting"
    CHECK = "check"
    REGISTERED = "registered"
    SUBMITTED = "submitted"
    FORWARDED = "forwarded"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    RETURNED = "returned"

    @property
    def look(self) -> Look:
        """Word, shape, colour and sentence, the same everywhere."""
        return LOOKS[self]

    @property
    def word(self) -> LazyString:
        """The one word for it."""
        return LOOKS[self].word


LOOKS: dict[State, Look] = {
    State.WAITING: Look(
        _l("To be registered"), Shape.RING, Tone.WAIT, _l("Waiting for the clerk to check and register it")
    ),
    State.CHECK: Look(
        _l("To be checked"), Shape.TRIANGLE, Tone.WARN,
        _l("The clerk has to look at signature or sender before registering it"),
    ),
    State.REGISTERED: Look(
        _l("To be submitted"), Shape.RING, Tone.WAIT, _l("Registered; waiting for the clerk to submit it to a leader")
    ),
    State.SUBMITTED: Look(_l("To be directed"), Shape.RING, Tone.WAIT, _l("Waiting for the leader's direction")),
    State.FORWARDED: Look(
        _l("To be assigned"), Shape.RING, Tone.WAIT, _l("Waiting for the head of the unit to name who works on it")
    ),
    State.IN_PROGRESS: Look(_l("In progress"), Shape.HALF, Tone.RUN, _l("The person named is working on it")),
    State.DONE: Look(_l("Completed"), Shape.TICK, Tone.OK, _l("Done, or answered by a document")),
    State.RETURNED: Look(_l("Returned"), Shape.DASH, Tone.IDLE, _l("Returned to the sender with a reason")),
}  # fmt: skip


class Move(StrEnum):
    """What can be done with it."""

    FLAG = "flag"
    REGISTER = "register"
    RETURN = "return"
    SUBMIT = "submit"
    DIRECT = "direct"
    ASSIGN = "assign"
    FINISH = "finish"


MACHINE: Machine[State, Move] = Machine(
    (State.WAITING,),
    {
        (State.WAITING, Move.FLAG): Rule(State.CHECK, INCOMING_REGISTER),
        (State.WAITING, Move.REGISTER): Rule(State.REGISTERED, INCOMING_REGISTER),
        (State.CHECK, Move.REGISTER): Rule(State.REGISTERED, INCOMING_REGISTER),
        (State.WAITING, Move.RETURN): Rule(State.RETURNED, INCOMING_RETURN, needs_note=True),
        (State.CHECK, Move.RETURN): Rule(State.RETURNED, INCOMING_RETURN, needs_note=True),
        (State.REGISTERED, Move.SUBMIT): Rule(State.SUBMITTED, INCOMING_SUBMIT),
        (State.SUBMITTED, Move.SUBMIT): Rule(State.SUBMITTED, INCOMING_SUBMIT),
        (State.SUBMITTED, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        (State.FORWARDED, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        (State.FORWARDED, Move.ASSIGN): Rule(State.IN_PROGRESS, DIRECTION_ASSIGN),
        (State.FORWARDED, Move.FINISH): Rule(State.DONE, DIRECTION_WORK),
        (State.IN_PROGRESS, Move.FINISH): Rule(State.DONE, DIRECTION_WORK),
    },
)
