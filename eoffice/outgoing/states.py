"""How an outgoing document's states look: one table (design of the pages, states)."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from eoffice.core.states import Look, Shape, Tone


class State(StrEnum):
    """Where an outgoing document is."""

    DRAFT = "draft"
    APPROVAL = "approval"
    FORM_CHECK = "form_check"
    SIGNATURE = "signature"
    NUMBERING = "numbering"
    SEALING = "sealing"
    ISSUING = "issuing"
    ISSUED = "issued"
    SENT_BACK = "sent_back"
    VOID = "void"
    #: a copy that was asked for
    PERMISSION = "permission"
    REFUSED = "refused"
    #: a draft that nobody wants any more; its versions and what was said of them stay (Appendix VI, part III.5.a)
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
    State.DRAFT: Look(_l("Draft"), Shape.DASH, Tone.IDLE, _l("Being written, not submitted yet")),
    State.APPROVAL: Look(
        _l("Waiting for approval"),
        Shape.RING,
        Tone.WAIT,
        _l("Waiting for the head of the unit to approve the content"),
    ),
    State.FORM_CHECK: Look(
        _l("Waiting for the form check"), Shape.RING, Tone.WAIT, _l("Waiting for the form to be checked")
    ),
    State.SIGNATURE: Look(
        _l("Waiting for signature"), Shape.RING, Tone.WAIT, _l("Waiting for the leader's signature")
    ),
    State.NUMBERING: Look(
        _l("To be numbered"),
        Shape.RING,
        Tone.WAIT,
        _l("Signed; waiting for the clerk to give number and date"),
    ),
    State.SEALING: Look(
        _l("To be sealed"), Shape.RING, Tone.WAIT, _l("Numbered; waiting for the agency's digital signature")
    ),
    State.ISSUING: Look(
        _l("To be issued"), Shape.RING, Tone.WAIT, _l("Sealed; waiting for the clerk to send it")
    ),
    State.ISSUED: Look(_l("Issued"), Shape.TICK, Tone.OK, _l("The document is locked; nobody can change it")),
    State.SENT_BACK: Look(
        _l("Sent back"), Shape.TRIANGLE, Tone.WARN, _l("Sent back with a reason; the drafter mends it")
    ),
    State.VOID: Look(
        _l("Number void"),
        Shape.DASH,
        Tone.IDLE,
        _l("The number is not used again; the reason stands in the register"),
    ),
    State.PERMISSION: Look(
        _l("Permission asked"),
        Shape.RING,
        Tone.WAIT,
        _l("Waiting for the competent leader to allow the copy"),
    ),
    State.REFUSED: Look(
        _l("Not allowed"), Shape.DASH, Tone.IDLE, _l("The copy was not allowed; it got no number")
    ),
    State.DISCARDED: Look(
        _l("Given up"),
        Shape.DASH,
        Tone.IDLE,
        _l("The draft is not wanted any more; its drafter can take it up again"),
    ),
}

#: of an issued document: its recipients were asked to destroy it
RECALLED = Look(
    _l("Recalled"), Shape.DASH, Tone.WARN, _l("The recipients were asked to destroy it; it counts no more")
)

#: of an issued document: another one was issued in its place
REPLACED = Look(
    _l("Replaced"), Shape.DASH, Tone.WARN, _l("Another document was issued in its place; that one counts")
)

#: nothing more is to be done
CLOSED = (State.ISSUED, State.VOID, State.REFUSED, State.DISCARDED)
#: what still asks something of somebody
OPEN = tuple(state for state in State if state not in CLOSED)
#: until somebody has signed: remarks are written, answered and marked, and opinions that were asked for are given
UNSIGNED = (State.DRAFT, State.SENT_BACK, State.APPROVAL, State.FORM_CHECK, State.SIGNATURE)
