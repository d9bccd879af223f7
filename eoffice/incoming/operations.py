"""Writes of incoming documents; the caller's use case commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.errors import Conflict, Invalid, NotFound, TooLong
from eoffice.core.events import publish
from eoffice.core.permissions import Actor
from eoffice.core.text import fold, nfc
from eoffice.core.workflow import Rule
from eoffice.directions import operations as directions
from eoffice.directions.operations import HourOfNoDay
from eoffice.directory import names
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents import kinds, registers
from eoffice.documents import operations as documents
from eoffice.documents import queries as found
from eoffice.documents.models import Direction, Document, DocumentFile, FileRole, Urgency
from eoffice.documents.operations import Inspected, NewFile
from eoffice.gateway import changes
from eoffice.gateway import operations as gateway
from eoffice.incoming.events import IncomingVoid
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State
from eoffice.incoming.workflow import MACHINE, Move
from eoffice.signatures import operations as signatures

RECEIVED = audit.action("incoming.received", _l("Document received"))
FLAGGED = audit.action("incoming.flagged", _l("Put aside for a closer look"))
REGISTERED = audit.action("incoming.registered", _l("Registered"))
RETURNED = audit.action("incoming.returned", _l("Returned to the sender"))
DISCARDED = audit.action("incoming.discarded", _l("Scan discarded before registration"))
SUBMITTED = audit.action("incoming.submitted", _l("Submitted to a leader"))
FORWARDED = audit.action("incoming.forwarded", _l("Passed on for work"))
BEGUN = audit.action("incoming.begun", _l("Work begun"))
DONE = audit.action("incoming.done", _l("Document completed"))
REOPENED = audit.action("incoming.reopened", _l("Completed document opened again"))
STRUCK = audit.action("incoming.struck", _l("Registration struck out: the number is void"))
PASSED_ON = audit.action("incoming.passed_on", _l("Passed on"))
WITHDRAWN = audit.action("incoming.withdrawn", _l("Withdrawn at the sender's wish"))

_ACTIONS = {
    Move.FLAG: FLAGGED,
    Move.REGISTER: REGISTERED,
    Move.RETURN: RETURNED,
    Move.DISCARD: DISCARDED,
    Move.SUBMIT: SUBMITTED,
    Move.DIRECT: FORWARDED,
    Move.ASSIGN: BEGUN,
    Move.FINISH: DONE,
    Move.REOPEN: REOPENED,
    Move.STRIKE: STRUCK,
    Move.PASS_ON: PASSED_ON,
    Move.WITHDRAW: WITHDRAWN,
}

#: what stands in the register where a document was withdrawn; the law's text, never translated
TOMBSTONE = "(Văn bản đã được nơi gửi thu hồi)"

#: lengths of the columns (Decree 30/2020, Appendix VI, part II)
LENGTHS = {
    "code_number": 11, "code_notation": 30, "issuer_name": 200, "issuer_code": 35, "subject": 500,
    "signer_name": 100, "signer_title": 100,
}  # fmt: skip
#: letters of citizens and other papers bear no number of an office
_WITHOUT_CODE = {"DON", "THC", kinds.OTHER.code}


class Missing(Invalid):
    """A column of the statutory register stays empty."""

    message = _l("The register needs this. Fill it in.")


class UnknownKind(Invalid):
    """No such kind of document."""

    message = _l("Choose the kind of document from the list.")


class IssuedInFuture(Invalid):
    """A paper cannot bear a later day than today."""

    message = _l("The document's date %(date)s has not come yet. Look at the page again.")


class ArrivedInFuture(Invalid):
    """Nothing arrives tomorrow."""

    message = _l("The arrival date %(date)s has not come yet. Give today or an earlier day.")


class ArrivedBeforeIssue(Invalid):
    """It cannot arrive before it was written."""

    message = _l("The arrival date lies before the document's date %(date)s. Correct one of the two.")


class DueBeforeArrival(Invalid):
    """The deadline was over on arrival."""

    message = _l("The deadline lies before the arrival date %(date)s. Correct it, or leave it empty.")


class NoSuchLeader(Invalid):
    """Documents are submitted to leaders who hold a post today."""

    message = _l("Choose a leader of your agency from the list.")


class ProbableDuplicate(Conflict):
    """The same file, or the same number, notation and issuer, stand in the register (Appendix VI, I-III.1.h)."""

    message = _l(
        "A document with the same file, or the same number, notation and issuer, is here already. "
        "Look at it; tick “Register all the same” if this is another one."
    )

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        super().__init__(field="accept_duplicate")


@dataclass(frozen=True)
class NewIncoming:
    """What the clerk enters (Decree 30/2020, Appendix VI, part II, fields 3 to 18)."""

    code_number: str
    code_notation: str
    issued_on: date | None
    issuer_name: str
    kind_code: str
    subject: str
    #: None: today, or the day the axis brought it
    arrived_on: date | None = None
    issuer_code: str = ""
    urgency: Urgency = Urgency.NORMAL
    signer_name: str = ""
    signer_title: str = ""
    due_on: date | None = None
    #: hour of that day; None: its end
    due_time: time | None = None
    #: post of the leader it is submitted to at once
    submit_to_id: int | None = None
    #: the clerk has seen the likely duplicate
    accept_duplicate: bool = False


def check(entry: NewIncoming) -> None:
    """Refuse what is missing or contradictory. Raises the errors above, each naming its field."""
    for name, limit in LENGTHS.items():
        if len(getattr(entry, name)) > limit:
            raise TooLong(max=limit, field=name)
    if not entry.kind_code:
        raise Missing(field="kind_code")
    if entry.kind_code not in kinds.EVERY:
        raise UnknownKind(field="kind_code")
    needed = ["issuer_name", "subject"]
    if entry.kind_code not in _WITHOUT_CODE:
        needed = ["code_number", "code_notation", "issued_on", *needed]
    for name in needed:
        value = getattr(entry, name)
        if not (value.strip() if isinstance(value, str) else value):
            raise Missing(field=name)
    _check_days(entry, clock.today())


def _check_days(entry: NewIncoming, today: date) -> None:
    arrived = entry.arrived_on or today
    if entry.issued_on is not None and entry.issued_on > today:
        raise IssuedInFuture(date=f"{entry.issued_on:%d/%m/%Y}", field="issued_on")
    if arrived > today:
        raise ArrivedInFuture(date=f"{arrived:%d/%m/%Y}", field="arrived_on")
    if entry.issued_on is not None and arrived < entry.issued_on:
        raise ArrivedBeforeIssue(date=f"{entry.issued_on:%d/%m/%Y}", field="arrived_on")
    if entry.due_on is not None and entry.due_on < arrived:
        raise DueBeforeArrival(date=f"{arrived:%d/%m/%Y}", field="due_on")
    if entry.due_on is None and entry.due_time is not None:
        raise HourOfNoDay(field="due_on")


@dataclass(frozen=True)
class Coming:
    """A document that has come; `fields` are what is known of it already."""

    agency_id: int
    arrived_at: datetime
    fields: Mapping[str, Any]
    #: what is written on each page, where it is to be found by it from now on; None: it is indexed later
    pages: Sequence[str] | None = None


def receive(
    session: Session, actor: Actor, agency_id: int, source: Source, arrived_at: datetime, **fields: Any
) -> IncomingDocument:
    """Make the row of a document that has come."""
    return receive_all(session, actor, source, [Coming(agency_id, arrived_at, fields)])[0]


def receive_all(
    session: Session, actor: Actor, source: Source, coming: Sequence[Coming]
) -> list[IncomingDocument]:
    """Make the rows of documents that have come."""
    documents_made = [_row(source, one) for one in coming]
    session.add_all(documents_made)
    session.flush()
    logged = [
        audit.About(IncomingDocument, made.id, made.agency_id, {"source": source}) for made in documents_made
    ]
    audit.record_all(session, actor, RECEIVED, logged)
    return documents_made


def _row(source: Source, one: Coming) -> IncomingDocument:
    known = {"kind_code": "", "issuer_name": "", "subject": "", **one.fields}
    document = IncomingDocument(
        agency_id=one.agency_id, direction=Direction.IN, source=source, state=State.WAITING, reason="",
        arrived_at=one.arrived_at, listed_at=one.arrived_at, created_at=clock.now(), **known,
    )  # fmt: skip
    if one.pages is not None:
        document.words = documents.words(document, one.pages)
    return document


def add_file(
    session: Session,
    actor: Actor,
    document: IncomingDocument,
    inspected: Inspected,
    role: FileRole,
    *,
    indexed: bool = False,
) -> DocumentFile:
    """Give it a file, as `add_files` does."""
    return add_files(session, actor, [NewFile(document, inspected, role)], indexed=indexed)[0]


def add_files(
    session: Session,
    actor: Actor,
    new: Sequence[NewFile],
    *,
    indexed: bool = False,
    read_later: bool = False,
) -> list[DocumentFile]:
    """Give documents files, which are never changed, and have their signatures checked.

    `indexed`, `read_later`: as in `documents`.
    """
    files = documents.add_files(session, actor, new, indexed=indexed, read_later=read_later)
    made = list(zip(new, files, strict=True))
    for one, file in made:
        if file.role is FileRole.ORIGINAL:
            one.document.page_count = file.page_count
    signatures.have_checked(session, *((file, one.inspected) for one, file in made if file.is_pdf))
    return files


def enter(session: Session, document: IncomingDocument, entry: NewIncoming) -> None:
    """Write what the clerk entered. Raises what `check` raises, and ProbableDuplicate."""
    check(entry)
    name, code = issuer(session, entry.issuer_name, entry.issuer_code)
    if not entry.accept_duplicate:
        refuse_duplicate(session, document, entry, name, code)
    document.code_number, document.code_notation = nfc(entry.code_number), nfc(entry.code_notation)
    document.issued_on, document.kind_code = entry.issued_on, entry.kind_code
    document.issuer_name, document.issuer_code = name, code
    document.subject, document.urgency, document.due_on = nfc(entry.subject), entry.urgency, entry.due_on
    document.due_time = entry.due_time
    document.signer_name, document.signer_title = nfc(entry.signer_name), nfc(entry.signer_title)
    # what the axis brought has its moment already, to the second
    if document.source is not Source.AXIS and entry.arrived_on not in (
        None,
        clock.local(document.arrived_at).date(),
    ):
        document.arrived_at = document.listed_at = clock.day_start(entry.arrived_on)


def refuse_duplicate(
    session: Session, document: IncomingDocument, entry: NewIncoming, name: str, code: str
) -> None:
    """Raise ProbableDuplicate when the register holds the same file, or the same number, notation and issuer."""
    letter = found.Letter(nfc(entry.code_number), nfc(entry.code_notation), name, code, entry.issued_on)
    same = found.duplicates(session, document, letter)
    if same:
        raise ProbableDuplicate(same)


def issuer(session: Session, name: str, code: str) -> tuple[str, str]:
    """The issuer as the directory spells it, with its code; a name the directory lacks stays as typed.

    A letterhead says "Sở Xây dựng": without its province a name is enough where exactly one agency fits.
    """
    typed = nfc(name)
    chosen = directory.agency_by_code(session, code) if code.strip() else None
    if chosen is not None and fold(typed) in (fold(chosen.name), fold(chosen.short_name)):
        return chosen.name, chosen.code
    called = directory.agencies_called(session, typed)
    for key in (fold, names.bare):
        same = [one for one in called if key(typed) in (key(one.name), key(one.short_name))]
        if same:
            return (same[0].name, same[0].code) if len(same) == 1 else (typed, "")
    return typed, ""


def move(
    session: Session, actor: Actor, document: IncomingDocument, step: Move, **details: Any
) -> Rule[State]:
    """Go one step by the table and log it. Raises InvalidTransition; rights are the caller's business."""
    rule = MACHINE.step(document.state, step)
    before, document.state = document.state, rule.target
    audit.record(session, actor, _ACTIONS[step], document, before=before, after=rule.target, **details)
    return rule


def submit(session: Session, actor: Actor, document: IncomingDocument, leader_id: int) -> None:
    """Put it before a leader. Raises NoSuchLeader, InvalidTransition, WantedBack."""
    changes.refuse_wanted(session, document, "submit_to_id")
    leaders = directory.posts(session, document.agency_id, Role.LEADER)
    leader = next((post for post in leaders if post.id == leader_id), None)
    if leader is None:
        raise NoSuchLeader(field="submit_to_id")
    document.submitted_to_id = leader.id
    move(session, actor, document, Move.SUBMIT, leader=leader.label)


def withdraw(session: Session, actor: Actor, document: IncomingDocument, reason: str) -> None:
    """Destroy the document and what describes it; number, issuer and the course of the recall stay (Article 18.4).

    Nobody is asked for work on it any more, and whoever it was passed on to is told to destroy it too.
    Raises InvalidTransition.
    """
    move(session, actor, document, Move.WITHDRAW, reason=reason)
    for tasks in (directions.open_tasks(session, document), directions.unread(session, document)):
        directions.withdraw(session, actor, tasks)
    recall_onward(session, actor, document, reason)
    changes.recall_copies(session, actor, document, reason)
    signatures.forget(session, document)
    registers.forget_remarks(session, document)
    document.reason, document.subject = reason, TOMBSTONE
    document.signer_name = document.signer_title = ""
    document.page_count = 0
    documents.destroy_files(session, actor, document, reason)
    publish(session, IncomingVoid(document.id))


def recall_onward(session: Session, actor: Actor, document: IncomingDocument, reason: str) -> None:
    """Tell whoever it was passed on to that its sender recalled it; who was told already is not told again."""
    if document.passed_on:
        gateway.call_off(session, document, reason)
        changes.recall(session, actor, document, reason)


def report(session: Session, actor: Actor, document: IncomingDocument, code: str, text: str) -> None:
    """Tell the sender over the axis, once for each code; a paper has nobody to tell."""
    if document.source is Source.AXIS:
        gateway.report(session, document, code, text, actor.name)


def locked(session: Session, actor: Actor, document_id: int) -> IncomingDocument:
    """The document, held until the use case ends: two steps on it never cross. Raises NotFound."""
    document = found.one(session, actor, document_id)
    if not isinstance(document, IncomingDocument):
        raise NotFound
    session.refresh(document, with_for_update=True)
    return document


def by_id(session: Session, document_id: int) -> IncomingDocument | None:
    """The document an event names, held; None when it is no incoming one."""
    query = sa.select(IncomingDocument).where(IncomingDocument.id == document_id)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))
