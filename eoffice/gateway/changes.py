"""Taking back, recall, update, replacement: asked by the sender, answered by the recipient (rules of Article 18.4).

At the sender nothing of the document changes, it is frozen since its issue; what is asked and answered stands
beside each copy. At the recipient an open request waits for incoming, which acts on the document itself.
"""

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events
from eoffice.core.errors import Conflict
from eoffice.core.permissions import Actor, system_actor
from eoffice.documents.models import Document
from eoffice.gateway import copies, messages, operations, queries
from eoffice.gateway.events import ChangeAsked, SourceRecalled
from eoffice.gateway.messages import Said
from eoffice.gateway.models import Answer, Arrival, Asked, Delivery, Dispatch, Hop, Request


class WantedBack(Conflict):
    """The sender wants it back or destroyed: whoever works on it now works for nothing (rules of Article 18.4)."""

    message = _l(
        "The sender asks for this document back. The clerk decides that first; until then nobody is charged with it "
        "and it goes to nobody."
    )


ASKED = audit.action("gateway.change_asked", _l("Asked of the recipient"))
ASKED_OF_US = audit.action("gateway.asked_of_us", _l("Sender asks"))
ANSWERED = audit.action("gateway.change_answered", _l("Recipient answered"))
SOURCE_RECALLED = audit.action("gateway.source_recalled", _l("What it is a copy of was recalled"))
ANSWER_GIVEN = audit.action("gateway.answer_given", _l("Answer given to the sender"))

#: statuses that answer a request (QCVN 102:2016); some systems answer a recall as if it were a document
_ANSWERS = {"15": Answer.AGREED, "16": Answer.REFUSED}
_ANSWERS_TO_RECALL = {"03": Answer.AGREED, "02": Answer.REFUSED}


def ask_back(session: Session, actor: Actor, document: Document, copy: Delivery, reason: str) -> Request:
    """Ask one recipient to give its copy back: status 13."""
    made = _ask(session, actor, document, copy, Asked.TAKE_BACK, reason)
    said = Said("13", reason, clock.now(), actor.name)
    message = messages.status_to_holder(session, copy, said)
    report = operations.NewReport(said, message, made.agency_id, request_id=made.id)
    operations.put_reports(session, [report], said.at)
    return made


def recall(session: Session, actor: Actor, document: Document, reason: str) -> Dispatch | None:
    """Tell everybody who holds a copy and was not told yet to destroy it: one packet of business kind 1. None when
    nobody does."""
    held = [
        copy
        for copy in queries.deliveries_of(session, document)
        if copy.hop not in queries.OUT_OF_REACH and not _recalled(copy)
    ]
    if not held:
        return None
    earlier = sa.select(sa.func.count()).where(
        Dispatch.document_id == document.id, Dispatch.business == "recall"
    )
    message = messages.recall(session, document, held, reason, clock.now())
    made = operations.put_out(
        session, document, message, business="recall", reason=reason, round=1 + (session.scalar(earlier) or 0)
    )
    for copy in held:
        close(session, copy)
        _ask(session, actor, document, copy, Asked.RECALL, reason, made)
    return made


def recall_copies(session: Session, actor: Actor, document: Document, reason: str) -> None:
    """Recall the certified copies of a document, and copies of those: they must not outlive it.

    What of them went on paper can only be asked back by hand; each copy's log says that its source is gone.
    """
    for copy in queries.certified(session, document):
        audit.record(session, actor, SOURCE_RECALLED, copy, source=document.code, reason=reason)
        operations.call_off(session, copy, reason)
        recall(session, actor, copy, reason)
        events.publish(session, SourceRecalled(copy.id, reason))
        recall_copies(session, actor, copy, reason)


def _recalled(copy: Delivery) -> bool:
    return any(asked.kind is Asked.RECALL and asked.answer is Answer.OPEN for asked in copy.requests)


def replace(session: Session, actor: Actor, document: Document, sent: Dispatch) -> None:
    """A packet with a document that replaces others asks each recipient to put the new one in the old one's place."""
    for copy in queries.superseded(session, document, [made.recipient_code for made in sent.deliveries]):
        if all(asked.answer is not Answer.OPEN for asked in copy.requests):
            old = session.get_one(Document, copy.document_id)
            _ask(session, actor, old, copy, Asked.REPLACE, document.code, sent)


def close(session: Session, copy: Delivery) -> None:
    """A recall overtakes whatever was asked of this copy before."""
    for asked in copy.requests:
        if asked.answer is Answer.OPEN:
            asked.answer, asked.answered_at = Answer.REFUSED, clock.now()
            asked.note = "Thay bằng yêu cầu thu hồi"
    session.flush()


def _ask(
    session: Session, actor: Actor, document: Document, copy: Delivery, kind: Asked, reason: str,
    dispatch: Dispatch | None = None,
) -> Request:  # fmt: skip
    made = Request(
        agency_id=copy.agency_id, kind=kind, delivery_id=copy.id, dispatch_id=dispatch.id if dispatch else None,
        reason=reason, asked_at=clock.now(), asked_by=actor.name,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(session, actor, ASKED, document, recipient=copy.recipient_name, kind=kind, reason=reason)
    return made


def answered(session: Session, copy: Delivery, code: str, note: str, at: datetime) -> bool:
    """A recipient's status as the answer to what was asked of its copy; False when it answers nothing."""
    if code not in _ANSWERS and code not in _ANSWERS_TO_RECALL:
        return False
    query = sa.select(Request).where(Request.delivery_id == copy.id, Request.answer == Answer.OPEN)
    asked = session.scalar(query.with_for_update())
    answer = _ANSWERS.get(code)
    if asked is not None and asked.kind is Asked.RECALL and copy.registered_at is not None:
        answer = answer or _ANSWERS_TO_RECALL.get(code)
    if asked is None or answer is None:
        return False
    asked.answer, asked.answered_at, asked.note = answer, at, note
    if answer is Answer.AGREED and asked.kind.withdraws:
        copies.end(copy, Hop.WITHDRAWN, note)
    document = session.get_one(Document, copy.document_id)
    audit.record(
        session, system_actor(copy.agency_id), ANSWERED, document,
        recipient=copy.recipient_name, kind=asked.kind, answer=answer, reason=note,
    )  # fmt: skip
    return True


def asked_of_us(
    session: Session, arrival: Arrival, kind: Asked, reason: str, packet_id: int, at: datetime
) -> None:
    """The sender of an arrival asks something of it; asked again before the answer it is nothing new."""
    waiting = sa.select(Request.id).where(
        Request.arrival_id == arrival.id, Request.kind == kind, Request.answer == Answer.OPEN
    )
    if session.scalar(waiting.limit(1)) is not None:
        return
    values = {
        "agency_id": arrival.agency_id, "kind": kind, "arrival_id": arrival.id, "packet_id": packet_id,
        "reason": reason, "asked_at": at, "asked_by": "", "answer": Answer.OPEN, "answered_by": "", "note": "",
    }  # fmt: skip
    made = session.scalar(insert(Request).values(values).on_conflict_do_nothing().returning(Request.id))
    if made is None:
        return
    request = session.get_one(Request, made)
    if arrival.document_id is None:
        answer(
            session,
            system_actor(arrival.agency_id),
            request,
            Answer.AGREED,
            "Không có văn bản này tại đơn vị",
        )
        return
    document = session.get_one(Document, arrival.document_id)
    audit.record(session, system_actor(arrival.agency_id), ASKED_OF_US, document, kind=kind, reason=reason)
    events.publish(session, ChangeAsked(made))


def refuse_wanted(session: Session, document: Document, field: str | None = None) -> None:
    """Let nobody be given a document that its sender wants back. Raises WantedBack, at this field."""
    if queries.wanted_back(session, [document.id]):
        raise WantedBack(field=field)


def answer(session: Session, actor: Actor, request: Request, given: Answer, note: str) -> None:
    """Answer the sender: 15 or 16 with the words the clerk wrote."""
    request.answer, request.answered_at = given, clock.now()
    request.answered_by, request.note = actor.name, note
    arrival = session.get_one(Arrival, request.arrival_id)
    said = Said("15" if given is Answer.AGREED else "16", note, clock.now(), actor.name)
    message = operations.about_arrival(session, arrival, said)
    report = operations.NewReport(said, message, arrival.agency_id, arrival.id, request.id)
    operations.put_reports(session, [report], said.at)
    if arrival.document_id is not None:
        document = session.get_one(Document, arrival.document_id)
        audit.record(session, actor, ANSWER_GIVEN, document, kind=request.kind, answer=given, reason=note)
