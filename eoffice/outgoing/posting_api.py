"""The dispatch book for other systems, such as the post's own: what waits, what left, who signed, what came back."""

from dataclasses import dataclass
from datetime import date

from flask import request
from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented, one_of
from eoffice.core.web import current_actor, db, needs
from eoffice.outgoing import posting
from eoffice.outgoing.api import bp
from eoffice.outgoing.models import Carrier, Posting, PostingState
from eoffice.outgoing.permissions import OUTGOING_POST
from eoffice.outgoing.posting import Line, Tab


@dataclass(frozen=True)
class PostingLine:
    """One recipient on paper of an issued document, and how far the paper has come."""

    id: int
    document_id: int
    code_number: str
    code_notation: str
    subject: str
    recipient: str
    state: PostingState
    carrier: Carrier | None
    sent_on: date | None
    #: number of the item at the post
    tracking: str
    #: day of the receipt, or on which it came back
    settled_on: date | None
    #: who signed for it, or why it came back
    receipt: str
    #: what stands in the line now, for who takes its last step back
    stands: str


@dataclass(frozen=True)
class PostingPage:
    """Some lines, those that wait with the oldest first, and the mark of the next page."""

    lines: list[PostingLine]
    next: str | None


@dataclass(frozen=True)
class Noted:
    """What is written beside one line."""

    id: int
    note: str = ""


@dataclass(frozen=True)
class Step:
    """What became of lines on a day."""

    on: date
    lines: list[Noted]

    def chosen(self) -> list[Line]:
        """For the use case; of a line named twice the last word holds."""
        return [Line(number, note) for number, note in {one.id: one.note for one in self.lines}.items()]


@dataclass(frozen=True)
class Mistake:
    """Why a step is taken back, and `stands` of the line as it was read: of a line that went on nothing is taken."""

    reason: str
    stands: str


@dataclass(frozen=True)
class Sending(Step):
    """Papers that left; a line's note is its number at the post."""

    carrier: Carrier = Carrier.POST


@bp.get("/posting")
@needs(OUTGOING_POST)
@documented(
    "Lines of the dispatch book of documents on paper",
    response=PostingPage,
    query={
        "tab": "send (waits, or came back), receive (left, no receipt yet), done; send without it",
        "mark": "`next` of the page before",
    },
)
def dispatch_lines() -> ResponseReturnValue:
    """One page of a part of the book."""
    page = posting.lines(db(), current_actor(), one_of(Tab, Tab.SEND), request.args.get("mark"))
    return answer(PostingPage([_plain(one) for one in page.rows], page.next))


@bp.post("/posting/send")
@needs(OUTGOING_POST)
@documented("Note that papers left, by post or by hand", request=Sending, response=list[PostingLine])
def send_papers() -> ResponseReturnValue:
    """Take the step."""
    sent = body(Sending)
    return _written(posting.send(db(), current_actor(), sent.chosen(), sent.carrier, sent.on))


@bp.post("/posting/receive")
@needs(OUTGOING_POST)
@documented("Note who signed for papers: each line's note", request=Step, response=list[PostingLine])
def receive_papers() -> ResponseReturnValue:
    """Take the step."""
    sent = body(Step)
    return _written(posting.receive(db(), current_actor(), sent.chosen(), sent.on))


@bp.post("/posting/come_back")
@needs(OUTGOING_POST)
@documented("Note papers that came back, and why: each line's note", request=Step, response=list[PostingLine])
def papers_came_back() -> ResponseReturnValue:
    """Take the step."""
    sent = body(Step)
    return _written(posting.come_back(db(), current_actor(), sent.chosen(), sent.on))


@bp.post("/posting/<int:posting_id>/take_back")
@needs(OUTGOING_POST)
@documented("Undo the last step of a line: it was noted by mistake", request=Mistake, response=PostingLine)
def take_back_step(posting_id: int) -> ResponseReturnValue:
    """Take the step."""
    sent = body(Mistake)
    line = posting.take_back(db(), current_actor(), posting_id, sent.reason, seen=sent.stands)
    return answer(_plain(line))


def _written(lines: list[Posting]) -> ResponseReturnValue:
    return answer([_plain(one) for one in lines])


def _plain(one: Posting) -> PostingLine:
    document = one.document
    return PostingLine(
        one.id, one.document_id, document.code_number, document.code_notation, document.subject,
        one.recipient.name, one.state, one.carrier, one.sent_on, one.tracking, one.settled_on, one.receipt,
        posting.stands(one),
    )  # fmt: skip
