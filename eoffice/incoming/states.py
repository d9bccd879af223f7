"""How an incoming document's states look: one table."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.states import Look, Shape, Tone


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
    WITHDRAWN = "withdrawn"
    #: a scan that should not have been taken in, thrown away before it was registered
    DISCARDED = "discarded"

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
    State.WITHDRAWN: Look(
        _l("Withdrawn"), Shape.DASH, Tone.IDLE, _l("Withdrawn by its sender; its files are destroyed")
    ),
    State.DISCARDED: Look(
        _l("Discarded"), Shape.DASH, Tone.IDLE, _l("Scanned by mistake and thrown away")
    ),
}  # fmt: skip

#: what still asks something of somebody
OPEN = tuple(
    state for state in State if state not in (State.DONE, State.RETURNED, State.WITHDRAWN, State.DISCARDED)
)


class Doubt(StrEnum):
    """Why the clerk has to look before registering; kept in `reason` while the state is CHECK."""

    SIGNATURE = "signature"
    DAMAGED = "damaged"
    #: nothing among the files is a PDF, so there is no page to register from
    NO_PAGE = "no-page"
    #: the same sender, document and business in an earlier packet (it may have been sent twice)
    REPEAT = "repeat"
    SECRET = "state-secret"  # noqa: S105 - a word of the law, not a password
    #: it was registered, and the number made void
    STRUCK = "struck"

    @property
    def sentence(self) -> LazyString:
        """What to do about it."""
        return _DOUBTS[self]


_DOUBTS = {
    Doubt.SIGNATURE: _l(
        "A signature does not prove this file. Ask the sender, or return the document with the reason."
    ),
    Doubt.DAMAGED: _l("A file of this document cannot be read. Return it and ask for it again."),
    Doubt.NO_PAGE: _l("No PDF came with this document. Look at its files, or return it and ask for the PDF."),
    Doubt.REPEAT: _l(
        "The same document came from this sender before. Compare the two, and return this one if nothing is new."
    ),
    Doubt.SECRET: _l(
        "Page 1 carries the mark of a state secret, so its files were not taken in. "
        "Return the document and tell your officer for state secrets."
    ),
    Doubt.STRUCK: _l(
        "Its registration was struck out. Register it anew, or return it; the history says why."
    ),
}
