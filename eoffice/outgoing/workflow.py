"""The moves of an outgoing document, one table (Decree 30/2020, Articles 10 to 18)."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l

from eoffice.core.errors import InvalidTransition
from eoffice.core.workflow import Machine, Rule
from eoffice.outgoing.models import PostingState
from eoffice.outgoing.permissions import (
    OUTGOING_APPROVE,
    OUTGOING_CHECK,
    OUTGOING_COPY,
    OUTGOING_DRAFT,
    OUTGOING_ISSUE,
    OUTGOING_NUMBER,
    OUTGOING_POST,
    OUTGOING_SEAL,
    OUTGOING_SIGN,
)
from eoffice.outgoing.states import State

__all__ = ["MACHINE", "Move", "State"]


class Move(StrEnum):
    """What can be done with it."""

    REVISE = "revise"
    SUBMIT = "submit"
    APPROVE = "approve"
    CHECK = "check"
    #: ask colleagues for their opinion
    CONSULT = "consult"
    SEND_BACK = "send_back"
    #: undo one's own step while nobody has taken the next one
    TAKE_BACK = "take_back"
    SIGN = "sign"
    NUMBER = "number"
    #: move the place of the number line
    PLACE = "place"
    #: put the signature elsewhere than it was found
    PLACE_SIGNATURE = "place_signature"
    SEAL = "seal"
    ISSUE = "issue"
    VOID = "void"
    #: let a copy be made, or not (Decree 30/2020, Article 27)
    ALLOW = "allow"
    REFUSE = "refuse"
    #: give a draft up
    DISCARD = "discard"


#: how a copy begins, for its log; no move of the table, for nothing goes before
ASK = "ask"


class PaperMove(StrEnum):
    """What happens to a document on paper."""

    SEND = "send"
    RECEIVE = "receive"
    COME_BACK = "come_back"
    #: the step before was noted by mistake
    TAKE_BACK = "take_back"


class LineElsewhere(InvalidTransition):
    """The step exists but not in this state of a line of the dispatch book."""

    message = _l(
        "This line of the dispatch book is “%(state)s” now, so this step is not possible. Reload the page."
    )


PAPER: Machine[PostingState, PaperMove] = Machine(
    (PostingState.WAITING,),
    {
        (PostingState.WAITING, PaperMove.SEND): Rule(PostingState.SENT, OUTGOING_POST),
        (PostingState.CAME_BACK, PaperMove.SEND): Rule(PostingState.SENT, OUTGOING_POST),
        (PostingState.SENT, PaperMove.RECEIVE): Rule(PostingState.RECEIVED, OUTGOING_POST),
        (PostingState.SENT, PaperMove.COME_BACK): Rule(
            PostingState.CAME_BACK, OUTGOING_POST, needs_note=True
        ),
        (PostingState.RECEIVED, PaperMove.TAKE_BACK): Rule(PostingState.SENT, OUTGOING_POST, needs_note=True),
        (PostingState.CAME_BACK, PaperMove.TAKE_BACK): Rule(
            PostingState.SENT, OUTGOING_POST, needs_note=True
        ),
        (PostingState.SENT, PaperMove.TAKE_BACK): Rule(PostingState.WAITING, OUTGOING_POST, needs_note=True),
    },
    LineElsewhere,
)

MACHINE: Machine[State, Move] = Machine(
    (State.DRAFT, State.PERMISSION),
    {
        (State.PERMISSION, Move.ALLOW): Rule(State.SEALING, OUTGOING_SIGN),
        # nothing was made of it: whoever asked asks no more
        (State.PERMISSION, Move.TAKE_BACK): Rule(State.DISCARDED, OUTGOING_COPY),
        (State.PERMISSION, Move.REFUSE): Rule(State.REFUSED, OUTGOING_SIGN, needs_note=True),
        (State.DRAFT, Move.REVISE): Rule(State.DRAFT, OUTGOING_DRAFT),
        (State.SENT_BACK, Move.REVISE): Rule(State.SENT_BACK, OUTGOING_DRAFT),
        (State.DRAFT, Move.CONSULT): Rule(State.DRAFT, OUTGOING_DRAFT),
        (State.SENT_BACK, Move.CONSULT): Rule(State.SENT_BACK, OUTGOING_DRAFT),
        (State.APPROVAL, Move.CONSULT): Rule(State.APPROVAL, OUTGOING_APPROVE),
        (State.DRAFT, Move.SUBMIT): Rule(State.APPROVAL, OUTGOING_DRAFT),
        (State.SENT_BACK, Move.SUBMIT): Rule(State.APPROVAL, OUTGOING_DRAFT),
        (State.DRAFT, Move.DISCARD): Rule(State.DISCARDED, OUTGOING_DRAFT, needs_note=True),
        (State.SENT_BACK, Move.DISCARD): Rule(State.DISCARDED, OUTGOING_DRAFT, needs_note=True),
        (State.DISCARDED, Move.TAKE_BACK): Rule(State.DRAFT, OUTGOING_DRAFT),
        (State.APPROVAL, Move.TAKE_BACK): Rule(State.DRAFT, OUTGOING_DRAFT),
        (State.FORM_CHECK, Move.TAKE_BACK): Rule(State.APPROVAL, OUTGOING_APPROVE),
        (State.SIGNATURE, Move.TAKE_BACK): Rule(State.FORM_CHECK, OUTGOING_CHECK),
        (State.NUMBERING, Move.TAKE_BACK): Rule(State.SIGNATURE, OUTGOING_SIGN),
        (State.APPROVAL, Move.APPROVE): Rule(State.FORM_CHECK, OUTGOING_APPROVE),
        (State.APPROVAL, Move.SEND_BACK): Rule(State.SENT_BACK, OUTGOING_APPROVE, needs_note=True),
        (State.FORM_CHECK, Move.CHECK): Rule(State.SIGNATURE, OUTGOING_CHECK),
        (State.FORM_CHECK, Move.SEND_BACK): Rule(State.SENT_BACK, OUTGOING_CHECK, needs_note=True),
        (State.SIGNATURE, Move.SIGN): Rule(State.NUMBERING, OUTGOING_SIGN),
        (State.SIGNATURE, Move.PLACE_SIGNATURE): Rule(State.SIGNATURE, OUTGOING_SIGN),
        (State.SIGNATURE, Move.SEND_BACK): Rule(State.SENT_BACK, OUTGOING_SIGN, needs_note=True),
        # signed, but the clerk sees what nobody saw before: no number is lost yet
        (State.NUMBERING, Move.SEND_BACK): Rule(State.SENT_BACK, OUTGOING_NUMBER, needs_note=True),
        (State.NUMBERING, Move.NUMBER): Rule(State.SEALING, OUTGOING_NUMBER),
        (State.NUMBERING, Move.PLACE): Rule(State.NUMBERING, OUTGOING_NUMBER),
        (State.SEALING, Move.PLACE): Rule(State.SEALING, OUTGOING_NUMBER),
        (State.SEALING, Move.SEAL): Rule(State.ISSUING, OUTGOING_SEAL),
        (State.SEALING, Move.VOID): Rule(State.VOID, OUTGOING_NUMBER, needs_note=True),
        (State.ISSUING, Move.VOID): Rule(State.VOID, OUTGOING_NUMBER, needs_note=True),
        (State.ISSUING, Move.ISSUE): Rule(State.ISSUED, OUTGOING_ISSUE),
    },
)
