"""Remarks on drafts for other systems."""

from dataclasses import dataclass
from datetime import datetime

from flask.typing import ResponseReturnValue

from eoffice.core.openapi import answer, body, documented
from eoffice.core.web import current_actor, db, needs
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.outgoing import queries, remarking
from eoffice.outgoing.api import bp
from eoffice.outgoing.models import Remark
from eoffice.outgoing.remarking import NewRemark


@dataclass(frozen=True)
class RemarkOut:
    """One remark; open while `done_at` is null."""

    id: int
    version_no: int
    page: int | None
    #: words of the draft it is about
    passage: str
    words: str
    written_by: str
    written_at: datetime
    answer: str
    answered_by: str
    answered_at: datetime | None
    done_at: datetime | None
    done_by: str


@dataclass(frozen=True)
class Answered:
    """What is answered."""

    answer: str


@dataclass(frozen=True)
class Settled:
    """Whether it is done now, or open again."""

    done: bool = True


@bp.get("/<int:document_id>/remarks")
@needs(DOCUMENT_READ)
@documented("Remarks on the versions of a draft, the newest version first", response=list[RemarkOut])
def remarks(document_id: int) -> ResponseReturnValue:
    """Open and done."""
    document = queries.one(db(), current_actor(), document_id)
    return answer([_out(one) for one in remarking.of_document(db(), document)])


@bp.post("/<int:document_id>/remarks")
@needs(DOCUMENT_READ)
@documented(
    "Write a remark on a version of a draft, the newest by default", request=NewRemark, response=RemarkOut
)
def add_remark(document_id: int) -> ResponseReturnValue:
    """Until it is signed."""
    return answer(_out(remarking.add(db(), current_actor(), document_id, body(NewRemark))), 201)


@bp.post("/remarks/<int:remark_id>/answer")
@needs(DOCUMENT_READ)
@documented("Answer a remark, as the drafter or the head of the unit", request=Answered, response=RemarkOut)
def answer_remark(remark_id: int) -> ResponseReturnValue:
    """Once."""
    return answer(_out(remarking.answer(db(), current_actor(), remark_id, body(Answered).answer)))


@bp.post("/remarks/<int:remark_id>/settle")
@needs(DOCUMENT_READ)
@documented("Mark a remark as done, or open it again", request=Settled, response=RemarkOut)
def settle_remark(remark_id: int) -> ResponseReturnValue:
    """By the drafter, or who wrote it."""
    return answer(_out(remarking.settle(db(), current_actor(), remark_id, done=body(Settled).done)))


def _out(one: Remark) -> RemarkOut:
    return RemarkOut(**{name: getattr(one, name) for name in RemarkOut.__dataclass_fields__})
