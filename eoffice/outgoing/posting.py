"""The dispatch book of documents on paper: handed to the post or to a messenger, signed for, or come back.

Decree 30/2020, Article 18, and Appendix IV (the book of documents sent by post).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, joinedload, with_expression

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, NotFound, Overtaken
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc, whole
from eoffice.documents import queries as documents
from eoffice.documents.models import Channel
from eoffice.outgoing import queries
from eoffice.outgoing.models import Carrier, OutgoingDocument, Posting, PostingState, ReturnedPosting
from eoffice.outgoing.permissions import OUTGOING_POST
from eoffice.outgoing.workflow import PAPER, PaperMove

SENT = audit.action("outgoing.paper_sent", _l("Sent on paper"))
RECEIVED = audit.action("outgoing.paper_received", _l("Paper signed for"))
CAME_BACK = audit.action("outgoing.paper_came_back", _l("Paper came back"))
TAKEN_BACK = audit.action(
    "outgoing.paper_taken_back", _l("Step of the dispatch book taken back: noted by mistake")
)
CORRECTED = audit.action("outgoing.paper_corrected", _l("Dispatch book corrected"))

#: lines on one page of the book
LINES = 50
_LONGEST_NUMBER, _LONGEST_NOTE = 40, 200


class Tab(StrEnum):
    """Parts of the book."""

    SEND = "send"
    RECEIVE = "receive"
    DONE = "done"

    @property
    def states(self) -> Sequence[PostingState]:
        """Of its lines."""
        return _STATES[self]


_STATES = {
    Tab.SEND: (PostingState.WAITING, PostingState.CAME_BACK),
    Tab.RECEIVE: (PostingState.SENT,),
    Tab.DONE: (PostingState.RECEIVED,),
}


class NoCarrier(Invalid):
    """The dispatch book has a column for it."""

    message = _l("Choose whether it goes by post or by hand.")


class NothingTicked(Invalid):
    """Nothing was chosen."""

    message = _l("Tick at least one line.")


class DayOutside(Invalid):
    """A letter is neither sent before it exists nor tomorrow."""

    message = _l("%(name)s: the day lies between %(first)s and today.")


class NobodySigned(Invalid):
    """A receipt bears a name."""

    message = _l("%(name)s: write who signed for it.")


class NoReason(Invalid):
    """Whoever sends it again wants to know."""

    message = _l("%(name)s: write why it came back.")


class NoteTooLong(Invalid):
    """Nothing that was written is cut off."""

    message = _l("%(name)s: what is written beside it is too long, at most %(max)d characters.")


class NotSentYet(Conflict):
    """What is written when it leaves is not there to be corrected."""

    message = _l("%(name)s: it has not been sent yet. Write all of it when it leaves.")


class LineChanged(Overtaken):
    """Nobody writes the way of one letter over that of the next."""

    message = _l(
        "Somebody else has changed this line since this page was opened: it stands above as it is now. Compare it with "
        "what you typed, then send it again."
    )


class WhyCorrected(Invalid):
    """Whoever reads the book later asks."""

    message = _l("Write why the line is corrected.")


class WhyTakenBack(Invalid):
    """Whoever reads the book later asks."""

    message = _l("Write what the mistake was.")


class SameAsBefore(Invalid):
    """Nothing to keep in the log."""

    message = _l("All this stands there already.")


@dataclass(frozen=True)
class Line:
    """What is entered for one line of the book: number at the post, who signed, or why it came back."""

    posting_id: int
    note: str = ""


@dataclass(frozen=True)
class Correction:
    """What stands in a line that has left; the last two where somebody has signed for it, or it came back."""

    carrier: Carrier
    number: str
    sent_on: date
    settled_on: date | None = None
    #: who signed, or why it came back
    receipt: str = ""


def begin(session: Session, document: OutgoingDocument) -> None:
    """Put the recipients on paper of a document that is being issued into the book; the caller commits."""
    session.add_all(
        Posting(agency_id=document.agency_id, document_id=document.id, recipient_id=one.id)
        for one in documents.recipients(session, document)
        if one.channel is Channel.PAPER
    )


def of_document(session: Session, document: OutgoingDocument) -> Sequence[Posting]:
    """The lines of one document, in the order of its recipients."""
    query = sa.select(Posting).where(Posting.document_id == document.id)
    return session.scalars(query.order_by(Posting.id)).all()


def lines(session: Session, actor: Actor, tab: Tab, mark: str | None = None) -> Page[Posting]:
    """One page of a part of the book: what waits with the oldest first, what arrived with the newest.

    Raises Forbidden, NotFound for a mark that cannot be read.
    """
    require(actor, OUTGOING_POST)
    query = sa.select(Posting).where(Posting.agency_id.in_(actor.houses), Posting.state.in_(tab.states))
    # whether it still counts: the clerk sends nothing that was recalled or replaced without knowing
    document = joinedload(Posting.document)
    replaced = document.options(with_expression(OutgoingDocument.is_replaced, queries.is_replaced()))
    with_document = query.options(document, replaced)
    return page(session, with_document, (Posting.id,), mark, LINES, oldest_first=tab is not Tab.DONE)


def counts(session: Session, actor: Actor) -> Mapping[PostingState, int]:
    """How many lines wait for something. Raises Forbidden."""
    require(actor, OUTGOING_POST)
    waiting = (PostingState.WAITING, PostingState.SENT, PostingState.CAME_BACK)
    query = sa.select(Posting.state, sa.func.count()).where(
        Posting.agency_id.in_(actor.houses), Posting.state.in_(waiting)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(Posting.state))}


def send(session: Session, actor: Actor, chosen: Sequence[Line], carrier: Carrier, on: date) -> list[Posting]:
    """Note that papers left, and return their lines; each line's note is its number at the post.

    Raises NothingTicked, NotFound, Forbidden, InvalidTransition, DayOutside, NoteTooLong.
    """
    with transaction(session):
        held = _held(session, actor, chosen, PaperMove.SEND)
        for line, posting in held:
            issued = posting.document.issued_at
            assert issued is not None, "only issued documents have lines"
            _check_day(posting, on, clock.local(issued).date())
            _keep_returned(session, posting)
            posting.carrier, posting.sent_on = carrier, on
            posting.tracking = _noted(posting, line.note, _LONGEST_NUMBER)
            posting.settled_on, posting.receipt = None, ""
            posting.state = PostingState.SENT
            audit.record(
                session, actor, SENT, posting.document,
                to=posting.recipient.name, on=on, carrier=carrier, number=posting.tracking or None,
            )  # fmt: skip
    return [posting for _line, posting in held]


def sent_line(session: Session, actor: Actor, posting_id: int, *, held: bool = False) -> Posting:
    """A line of the actor's book that has left. Raises NotFound, Forbidden, NotSentYet."""
    lock = {"of": Posting} if held else None
    posting = session.get(Posting, posting_id, with_for_update=lock, populate_existing=held)
    if posting is None or posting.agency_id not in actor.houses:
        raise NotFound
    require(actor, OUTGOING_POST, posting)
    if posting.sent_on is None:
        raise NotSentYet(name=posting.recipient.name)
    return posting


def stands(posting: Posting) -> str:
    """What stands in a line, so that a form can say what it was opened on."""
    return "; ".join(_written({name: getattr(posting, name) for name in ("state", *_COLUMNS.values())}))


def _refuse_changed(posting: Posting, seen: str | None) -> None:
    if seen is not None and seen != stands(posting):
        raise LineChanged(field="seen")


def correct(
    session: Session, actor: Actor, posting_id: int, new: Correction, reason: str, *, seen: str | None = None
) -> Posting:
    """Write a line that has left anew; the log keeps what stood there before and why. What became of it stays.

    `seen`: what stood there when the correction began, None where nobody says. Raises NotFound, Forbidden, NotSentYet,
    LineChanged, DayOutside, NoteTooLong, NobodySigned, NoReason, SameAsBefore, WhyCorrected, TooLong.
    """
    with transaction(session):
        posting = sent_line(session, actor, posting_id, held=True)
        _refuse_changed(posting, seen)
        _check_correction(posting, new)
        why = whole(reason, _LONGEST_NOTE, "reason")
        after: dict[str, Any] = {
            "carrier": new.carrier,
            "number": _noted(posting, new.number, _LONGEST_NUMBER, "number"),
            "sent_on": new.sent_on,
        }
        if posting.settled_on is not None:
            receipt = _noted(posting, new.receipt, _LONGEST_NOTE, "receipt")
            after |= {"settled_on": new.settled_on, "receipt": receipt}
        changed = {name: value for name, value in after.items() if getattr(posting, _COLUMNS[name]) != value}
        if not changed:
            raise SameAsBefore(field="number")
        if not why:
            raise WhyCorrected(field="reason")
        before = {name: getattr(posting, _COLUMNS[name]) for name in changed}
        for name, value in changed.items():
            setattr(posting, _COLUMNS[name], value)
        audit.record(
            session, actor, CORRECTED, posting.document, to=posting.recipient.name, reason=why,
            before=_written(before), after=_written(changed),
        )  # fmt: skip
    return posting


def take_back(
    session: Session, actor: Actor, posting_id: int, reason: str, *, seen: str | None = None
) -> Posting:
    """Undo the last step of a line, which was noted by mistake; the log keeps what was written with it.

    `seen`: as in `correct`. Raises NotFound, Forbidden, InvalidTransition, LineChanged, WhyTakenBack, TooLong.
    """
    with transaction(session):
        ((_line, posting),) = _held(session, actor, [Line(posting_id)], PaperMove.TAKE_BACK)
        _refuse_changed(posting, seen)
        why = whole(reason, _LONGEST_NOTE, "mistake")
        if not why:
            raise WhyTakenBack(field="mistake")
        before = {name: getattr(posting, name) for name in _COLUMNS.values()}
        was, posting.state = posting.state, PAPER.step(posting.state, PaperMove.TAKE_BACK).target
        posting.settled_on, posting.receipt = None, ""
        if posting.state is PostingState.WAITING:
            posting.carrier, posting.sent_on, posting.tracking = None, None, ""
            _bring_returned(session, posting)
        audit.record(
            session, actor, TAKEN_BACK, posting.document, to=posting.recipient.name, reason=why,
            step=str(was), before=_written({name: value for name, value in before.items() if value}),
        )  # fmt: skip
    return posting


#: what is corrected, and the column it stands in
_COLUMNS = {
    "carrier": "carrier", "number": "tracking", "sent_on": "sent_on", "settled_on": "settled_on", "receipt": "receipt",
}  # fmt: skip


def _written(values: Mapping[str, object]) -> list[str]:
    """As the log shows them; days as people write them."""
    return [f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value) for value in values.values()]


def _check_correction(posting: Posting, new: Correction) -> None:
    issued = posting.document.issued_at
    assert issued is not None, "only issued documents have lines"
    _check_day(posting, new.sent_on, clock.local(issued).date(), "sent_on")
    if posting.settled_on is None:
        return
    if new.settled_on is None:
        raise DayOutside(name=posting.recipient.name, first=f"{new.sent_on:%d/%m/%Y}", field="settled_on")
    _check_day(posting, new.settled_on, new.sent_on, "settled_on")
    if not nfc(new.receipt):
        missing = NobodySigned if posting.state is PostingState.RECEIVED else NoReason
        raise missing(name=posting.recipient.name, field="receipt")


#: what is kept of a line that came back
_RETURNED = ("carrier", "sent_on", "tracking", "settled_on", "receipt")


def _keep_returned(session: Session, posting: Posting) -> None:
    """Keep the line of a posting that came back, before the next one is written over it."""
    if posting.state is not PostingState.CAME_BACK:
        return
    session.add(
        ReturnedPosting(posting_id=posting.id, **{name: getattr(posting, name) for name in _RETURNED})
    )


def _bring_returned(session: Session, posting: Posting) -> None:
    """What was sent again by mistake is what came back before."""
    query = sa.select(ReturnedPosting).where(ReturnedPosting.posting_id == posting.id)
    kept = session.scalars(query.order_by(ReturnedPosting.id.desc())).first()
    if kept is None:
        return
    for name in _RETURNED:
        setattr(posting, name, getattr(kept, name))
    posting.state = PostingState.CAME_BACK
    session.delete(kept)


def receive(session: Session, actor: Actor, chosen: Sequence[Line], on: date) -> list[Posting]:
    """Note who signed for papers, and return their lines. Raises as `send`, and NobodySigned."""
    with transaction(session):
        held = _held(session, actor, chosen, PaperMove.RECEIVE)
        for line, posting in held:
            if not nfc(line.note):
                raise NobodySigned(name=posting.recipient.name, field="lines")
            _settle(session, actor, posting, line, on, PostingState.RECEIVED)
    return [posting for _line, posting in held]


def come_back(session: Session, actor: Actor, chosen: Sequence[Line], on: date) -> list[Posting]:
    """Note papers that could not be delivered, with the reason; they can be sent again. Raises as `send`, NoReason."""
    with transaction(session):
        held = _held(session, actor, chosen, PaperMove.COME_BACK)
        for line, posting in held:
            if not nfc(line.note):
                raise NoReason(name=posting.recipient.name, field="lines")
            _settle(session, actor, posting, line, on, PostingState.CAME_BACK)
    return [posting for _line, posting in held]


def _settle(
    session: Session, actor: Actor, posting: Posting, line: Line, on: date, state: PostingState
) -> None:
    assert posting.sent_on is not None
    _check_day(posting, on, posting.sent_on)
    posting.state, posting.settled_on, posting.receipt = state, on, _noted(posting, line.note, _LONGEST_NOTE)
    action = RECEIVED if state is PostingState.RECEIVED else CAME_BACK
    audit.record(
        session, actor, action, posting.document, to=posting.recipient.name, on=on, note=posting.receipt
    )


def _noted(posting: Posting, text: str, limit: int, field: str = "lines") -> str:
    note = nfc(text)
    if len(note) > limit:
        raise NoteTooLong(name=posting.recipient.name, max=limit, field=field)
    return note


def _check_day(posting: Posting, on: date, first: date, field: str = "on") -> None:
    if not first <= on <= clock.today():
        raise DayOutside(name=posting.recipient.name, first=f"{first:%d/%m/%Y}", field=field)


def _held(
    session: Session, actor: Actor, chosen: Sequence[Line], move: PaperMove
) -> list[tuple[Line, Posting]]:
    """The lines chosen, locked, each of the actor's book and ready for the move."""
    if not chosen:
        raise NothingTicked(field="lines")
    query = sa.select(Posting).where(Posting.id.in_([line.posting_id for line in chosen]))
    found = {one.id: one for one in session.scalars(query.order_by(Posting.id).with_for_update(of=Posting))}
    pairs = []
    for line in chosen:
        posting = found.get(line.posting_id)
        if posting is None:
            raise NotFound
        require(actor, OUTGOING_POST, posting)
        PAPER.step(posting.state, move)
        pairs.append((line, posting))
    return pairs
