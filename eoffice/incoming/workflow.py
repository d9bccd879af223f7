"""Moves of an incoming document, in one table (Decree 30/2020, Articles 20 to 24)."""

from enum import StrEnum

from eoffice.core.workflow import Machine, Rule
from eoffice.directions.permissions import DIRECTION_ASSIGN, DIRECTION_EXTEND, DIRECTION_GIVE, DIRECTION_WORK
from eoffice.incoming.permissions import INCOMING_PASS_ON, INCOMING_REGISTER, INCOMING_RETURN, INCOMING_SUBMIT
from eoffice.incoming.states import State


class Move(StrEnum):
    """What can be done with it."""

    FLAG = "flag"
    REGISTER = "register"
    RETURN = "return"
    #: only what was scanned here: what the axis brought has a sender who waits for an answer
    DISCARD = "discard"
    SUBMIT = "submit"
    DIRECT = "direct"
    ASSIGN = "assign"
    FINISH = "finish"
    #: who gave the work asks for more than was done
    REOPEN = "reopen"
    #: what was entered wrongly goes back to the clerk; the number stays used
    STRIKE = "strike"
    #: to units and people for information, to other agencies with its own bytes
    PASS_ON = "pass_on"  # noqa: S105 - a verb, not a password
    #: at the sender's wish, whatever became of it here
    WITHDRAW = "withdraw"


MACHINE: Machine[State, Move] = Machine(
    (State.WAITING,),
    {
        (State.WAITING, Move.FLAG): Rule(State.CHECK, INCOMING_REGISTER),
        (State.WAITING, Move.REGISTER): Rule(State.REGISTERED, INCOMING_REGISTER),
        (State.CHECK, Move.REGISTER): Rule(State.REGISTERED, INCOMING_REGISTER),
        (State.WAITING, Move.RETURN): Rule(State.RETURNED, INCOMING_RETURN, needs_note=True),
        (State.CHECK, Move.RETURN): Rule(State.RETURNED, INCOMING_RETURN, needs_note=True),
        (State.WAITING, Move.DISCARD): Rule(State.DISCARDED, INCOMING_REGISTER, needs_note=True),
        (State.CHECK, Move.DISCARD): Rule(State.DISCARDED, INCOMING_REGISTER, needs_note=True),
        (State.REGISTERED, Move.SUBMIT): Rule(State.SUBMITTED, INCOMING_SUBMIT),
        (State.SUBMITTED, Move.SUBMIT): Rule(State.SUBMITTED, INCOMING_SUBMIT),
        (State.SUBMITTED, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        (State.FORWARDED, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        # a later direction takes the place of the earlier one, also while work is under way or after it
        (State.IN_PROGRESS, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        (State.DONE, Move.DIRECT): Rule(State.FORWARDED, DIRECTION_GIVE),
        (State.FORWARDED, Move.ASSIGN): Rule(State.IN_PROGRESS, DIRECTION_ASSIGN),
        (State.IN_PROGRESS, Move.ASSIGN): Rule(State.IN_PROGRESS, DIRECTION_ASSIGN),
        (State.DONE, Move.REOPEN): Rule(State.IN_PROGRESS, DIRECTION_EXTEND),
        # before anybody was charged with it
        (State.REGISTERED, Move.STRIKE): Rule(State.CHECK, INCOMING_REGISTER, needs_note=True),
        (State.SUBMITTED, Move.STRIKE): Rule(State.CHECK, INCOMING_REGISTER, needs_note=True),
        (State.FORWARDED, Move.FINISH): Rule(State.DONE, DIRECTION_WORK),
        (State.IN_PROGRESS, Move.FINISH): Rule(State.DONE, DIRECTION_WORK),
        **{
            (state, Move.PASS_ON): Rule(state, INCOMING_PASS_ON)
            for state in (
                State.REGISTERED,
                State.SUBMITTED,
                State.FORWARDED,
                State.IN_PROGRESS,
                State.DONE,
            )
        },
        **{
            (state, Move.WITHDRAW): Rule(State.WITHDRAWN, INCOMING_RETURN)
            for state in State
            if state not in (State.RETURNED, State.WITHDRAWN)
        },
    },
)
