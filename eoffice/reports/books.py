"""The rows of registers as books, in a few statements whatever their length."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.visits import Visit, Visited
from eoffice.directions.models import Direction as Opinion
from eoffice.directions.models import Part, Task, TaskState
from eoffice.directory.models import Agency
from eoffice.documents.kinds import kind, padded
from eoffice.documents.models import (
    Document,
    DocumentLink,
    LinkKind,
    Recipient,
    Register,
    RegisterEntry,
)
from eoffice.documents.recipients import printed
from eoffice.dossiers.models import Dossier, DossierDocument
from eoffice.incoming.models import Envelope, EnvelopeSign, IncomingDocument
from eoffice.outgoing.models import Carrier, OutgoingDocument, Posting, PostingState, ReturnedPosting
from eoffice.outgoing.states import State
from eoffice.reports.columns import Form

Row = tuple[str, ...]

#: what is stamped on an envelope, as it stands there
_STAMPS = {
    EnvelopeSign.A: "A", EnvelopeSign.B: "B", EnvelopeSign.C: "C", EnvelopeSign.NAMED: "Chỉ người có tên mở",
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """What part of the registers a book shows."""

    form: Form
    agency_id: int
    first: date
    last: date
    #: None: every register of the form's direction
    register_id: int | None = None
    #: numbers of that register, both ends included
    numbers: tuple[int, int] | None = None


def rows(session: Session, span: Span, limit: int | None = None) -> list[Row]:
    """The lines of a book in the order of its numbers, at most `limit`."""
    if span.form is Form.INCOMING:
        return _incoming(session, _entries(session, span, limit))
    if span.form is Form.HANDLING:
        return _handling(session, _entries(session, span, limit))
    if span.form is Form.OUTGOING:
        return _outgoing(session, _issued(session, span, limit))
    if span.form is Form.ENVELOPES:
        return _envelopes(session, span, limit)
    if span.form is Form.KEPT:
        return _kept(session, span, limit)
    return _post(session, span, limit)


def _numbered(span: Span) -> sa.ColumnElement[bool]:
    conditions = [
        RegisterEntry.agency_id == span.agency_id,
        Register.direction == span.form.direction,
        RegisterEntry.dated_on.between(span.first, span.last),
    ]
    if span.register_id is not None:
        conditions.append(RegisterEntry.register_id == span.register_id)
    if span.numbers is not None:
        conditions.append(RegisterEntry.number.between(*span.numbers))
    return sa.and_(*conditions)


def _entries(session: Session, span: Span, limit: int | None) -> list[tuple[RegisterEntry, IncomingDocument]]:
    query = (
        sa.select(RegisterEntry, IncomingDocument)
        .join(Register, Register.id == RegisterEntry.register_id)
        .join(IncomingDocument, IncomingDocument.id == RegisterEntry.document_id)
        .where(_numbered(span))
        .order_by(RegisterEntry.register_id, RegisterEntry.number)
        .options(sa.orm.joinedload(IncomingDocument.submitted_to))
    )
    return [(entry, document) for entry, document in session.execute(query.limit(limit))]


def _issued(session: Session, span: Span, limit: int | None) -> list[tuple[RegisterEntry, OutgoingDocument]]:
    query = (
        sa.select(RegisterEntry, OutgoingDocument)
        .join(Register, Register.id == RegisterEntry.register_id)
        .join(OutgoingDocument, OutgoingDocument.id == RegisterEntry.document_id)
        .where(_numbered(span))
        .order_by(RegisterEntry.register_id, RegisterEntry.number)
        .options(sa.orm.joinedload(OutgoingDocument.unit))
    )
    return [(entry, document) for entry, document in session.execute(query.limit(limit))]


def _incoming(session: Session, pairs: Sequence[tuple[RegisterEntry, IncomingDocument]]) -> list[Row]:
    leads = _leads(session, [document.id for _entry, document in pairs])
    return [
        (
            _day(clock.local(document.arrived_at).date()), str(entry.number), document.issuer_name, document.code,
            _day(document.issued_on), _about(document), _receiver(document, leads),
            _day(clock.local(leads[document.id][1].given_at).date() if document.id in leads else None),
            _taken(leads, document), _note(entry, document),
        )
        for entry, document in pairs
    ]  # fmt: skip


def _handling(session: Session, pairs: Sequence[tuple[RegisterEntry, IncomingDocument]]) -> list[Row]:
    ids = [document.id for _entry, document in pairs]
    leads, replies = _leads(session, ids), _replies(session, ids)
    with force_locale("vi"):  # a form of the law, whatever language its reader prefers
        return [
            (
                str(entry.number),
                _origin(document),
                _receiver(document, leads), _day(document.due_on), str(document.state.word),
                "; ".join(replies.get(document.id, ())), _note(entry, document),
            )
            for entry, document in pairs
        ]  # fmt: skip


def _outgoing(session: Session, pairs: Sequence[tuple[RegisterEntry, OutgoingDocument]]) -> list[Row]:
    ids = [document.id for _entry, document in pairs]
    places, later = _recipients(session, ids), _later(session, ids)
    return [
        (
            f"{padded(entry.number)}/{document.code_notation}", _day(entry.dated_on), _about(document),
            document.signer_name, "; ".join(printed(places.get(document.id, ()))),
            f"VT, {document.unit.abbreviation}" if document.unit else "VT",
            str(len(places.get(document.id, ())) or ""),
            _day(clock.local(document.issued_at).date() if document.issued_at else None), "",
            "; ".join(filter(None, (_note(entry, document), _recalled(document), *later.get(document.id, ())))),
        )
        for entry, document in pairs
    ]  # fmt: skip


def _post(session: Session, span: Span, limit: int | None) -> list[Row]:
    """The dispatch book: what left in these days, also what came back and was sent again; and, for the post to sign,
    what was issued and is still here.
    """
    first, last = clock.day_start(span.first), clock.day_start(date.fromordinal(span.last.toordinal() + 1))
    by_hand = span.form is Form.HAND

    def left(table: type[Posting | ReturnedPosting]) -> sa.ColumnElement[bool]:
        carrier = Carrier.HAND if by_hand else Carrier.POST
        return sa.and_(table.sent_on.between(span.first, span.last), table.carrier == carrier)

    here = sa.and_(
        Posting.sent_on.is_(None), OutgoingDocument.issued_at >= first, OutgoingDocument.issued_at < last
    )
    query = (
        sa.select(Posting, OutgoingDocument)
        .join(OutgoingDocument, OutgoingDocument.id == Posting.document_id)
        .where(Posting.agency_id == span.agency_id)
    )
    now = query.where(left(Posting) if by_hand else sa.or_(left(Posting), here))
    before = query.add_columns(ReturnedPosting).join(
        ReturnedPosting, ReturnedPosting.posting_id == Posting.id
    )
    before = before.where(left(ReturnedPosting)).order_by(ReturnedPosting.sent_on, ReturnedPosting.id)
    lines = [(one, *rest) for *rest, one in session.execute(before.limit(limit))]
    current = session.execute(now.order_by(Posting.sent_on, Posting.id).limit(limit))
    lines += [(posting, posting, document) for posting, document in current]
    # the sort is stable: of one day what came back stands before what followed it
    lines.sort(key=lambda line: (line[0].sent_on or date.max, line[1].id))
    return [_posting(line, posting, document, by_hand) for line, posting, document in lines[:limit]]


def _posting(
    line: Posting | ReturnedPosting, posting: Posting, document: OutgoingDocument, by_hand: bool
) -> Row:
    back = isinstance(line, ReturnedPosting) or line.state is PostingState.CAME_BACK
    signed = isinstance(line, Posting) and line.state is PostingState.RECEIVED
    receipt = f"{line.receipt}, {_day(line.settled_on)}" if signed else ""
    notes = (line.tracking, f"Chuyển hoàn {_day(line.settled_on)}: {line.receipt}" if back else "")
    start = (_day(line.sent_on), document.code, posting.recipient.name)
    return (*start, *(() if by_hand else ("1",)), receipt, "; ".join(filter(None, notes)))


def _envelopes(session: Session, span: Span, limit: int | None) -> list[Row]:
    """What came sealed in these days, also to agencies that are merged into this one, each by its own numbers."""
    first, last = clock.day_start(span.first), clock.day_start(span.last + timedelta(days=1))
    query = (
        sa.select(Envelope, Agency)
        .join(Agency, Agency.id == Envelope.agency_id)
        .where(
            sa.or_(Agency.id == span.agency_id, Agency.kept_by_id == span.agency_id),
            Envelope.arrived_at >= first, Envelope.arrived_at < last,
        )
        .order_by(Agency.id != span.agency_id, Agency.id, Envelope.year, Envelope.number)
    )  # fmt: skip
    return [
        (
            f"{one.number}/{one.year}", _day(clock.local(one.arrived_at).date()), one.sender, one.code,
            _STAMPS[one.sign], one.to.label,
            f"{clock.local(one.received_at):%H:%M %d/%m/%Y}" if one.received_at else "", one.received_by,
            "; ".join(filter(None, (
                "" if agency.id == span.agency_id else f"Sổ của {agency.name}",
                "Niêm phong không còn nguyên" if one.intact is False else "",
                one.note,
            ))),
        )
        for one, agency in session.execute(query.limit(limit))
    ]  # fmt: skip


def _kept(session: Session, span: Span, limit: int | None) -> list[Row]:
    """Who opened which issued document on which day. What is on paper is lent and given back by hand: its columns are
    left to be written in."""
    first, last = clock.day_start(span.first), clock.day_start(span.last + timedelta(days=1))
    used = sa.and_(Visit.what == Visited.DOCUMENT, Visit.object_id == OutgoingDocument.id)
    day = sa.cast(sa.func.timezone(clock.TZ.key, Visit.at), sa.Date)
    query = (
        sa.select(day, Visit.who, OutgoingDocument.id)
        .join(OutgoingDocument, used)
        .where(
            Visit.agency_id == span.agency_id, Visit.at >= first, Visit.at < last,
            OutgoingDocument.agency_id == span.agency_id, Visit.at >= OutgoingDocument.issued_at,
        )
        .group_by(day, Visit.who, OutgoingDocument.id)
        .order_by(day, sa.func.min(Visit.id))
    )  # fmt: skip
    if span.register_id is not None:
        numbered = sa.select(RegisterEntry.document_id).where(RegisterEntry.register_id == span.register_id)
        query = query.where(OutgoingDocument.id.in_(numbered))
    found = session.execute(query.limit(limit)).all()
    ids = {document_id for _day_of, _who, document_id in found}
    documents = {
        one.id: one
        for one in session.scalars(sa.select(OutgoingDocument).where(OutgoingDocument.id.in_(ids)))
    }
    filed = _dossiers(session, ids)
    return [
        (
            _day(at), who, f"{documents[one].code} ngày {_day(documents[one].issued_on)}", _about(documents[one]),
            "; ".join(filed.get(one, ())), "", "", "", "Xem trên hệ thống",
        )
        for at, who, one in found
    ]  # fmt: skip


def _dossiers(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    """Notations of the dossiers each document is in."""
    query = (
        sa.select(DossierDocument.document_id, Dossier.notation)
        .join(Dossier, Dossier.id == DossierDocument.dossier_id)
        .where(DossierDocument.document_id.in_(ids))
        .order_by(Dossier.id)
    )
    found: dict[int, list[str]] = {}
    for document_id, notation in session.execute(query):
        found.setdefault(document_id, []).append(notation)
    return found


def _leads(session: Session, ids: Sequence[int]) -> dict[int, tuple[Task, Opinion]]:
    """By document: who leads by the leader's latest direction, and that direction."""
    query = (
        sa.select(Task, Opinion)
        .join(Opinion, Opinion.id == Task.direction_id)
        .where(
            Task.document_id.in_(ids), Task.part == Part.LEAD, Opinion.parent_task_id.is_(None),
            Task.state != TaskState.WITHDRAWN,
        )
        .order_by(Task.id)
    )  # fmt: skip
    return {task.document_id: (task, opinion) for task, opinion in session.execute(query)} if ids else {}


def _replies(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """By document: number and notation of what answers it."""
    query = (
        sa.select(DocumentLink.target_id, Document)
        .join(Document, Document.id == DocumentLink.source_id)
        .where(
            DocumentLink.target_id.in_(ids), DocumentLink.kind == LinkKind.REPLY, Document.code_number != ""
        )
        .order_by(DocumentLink.id)
    )
    found: dict[int, list[str]] = {}
    for target, reply in session.execute(query) if ids else ():
        found.setdefault(target, []).append(reply.code)
    return found


#: what an issued document is to an earlier one, as the book notes it beside that one
_LATER = {LinkKind.REPLACES: "Thay thế bằng", LinkKind.CORRECTS: "Đính chính bởi"}


def _later(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """By document: what was issued in its place or to correct it; of a correction that was recalled nothing counts."""
    newer = sa.orm.aliased(OutgoingDocument)
    query = sa.select(DocumentLink.target_id, DocumentLink.kind, newer).join(
        newer, newer.id == DocumentLink.source_id
    )
    query = query.where(
        DocumentLink.target_id.in_(ids), DocumentLink.kind.in_(_LATER), newer.state == State.ISSUED,
        sa.or_(DocumentLink.kind == LinkKind.REPLACES, newer.recalled_at.is_(None)),
    )  # fmt: skip
    found: dict[int, list[str]] = {}
    for target, kind_of, one in session.execute(query.order_by(DocumentLink.id)) if ids else ():
        found.setdefault(target, []).append(f"{_LATER[kind_of]} {one.code} ngày {_day(one.issued_on)}")
    return found


def _recalled(document: OutgoingDocument) -> str:
    return f"Thu hồi ngày {_day(clock.local(document.recalled_at).date())}" if document.recalled_at else ""


def _recipients(session: Session, ids: Sequence[int]) -> dict[int, list[Recipient]]:
    query = sa.select(Recipient).where(Recipient.document_id.in_(ids))
    found: dict[int, list[Recipient]] = {}
    for one in session.scalars(query.order_by(Recipient.document_id, Recipient.position)) if ids else ():
        found.setdefault(one.document_id, []).append(one)
    return found


def _receiver(document: IncomingDocument, leads: dict[int, tuple[Task, Opinion]]) -> str:
    if document.id in leads:
        return leads[document.id][0].label
    return document.submitted_to.label if document.submitted_to else ""


def _taken(leads: dict[int, tuple[Task, Opinion]], document: IncomingDocument) -> str:
    """Opening the document in the system is what signing for the paper was."""
    seen = leads[document.id][0].seen_at if document.id in leads else None
    return f"Nhận {clock.local(seen):%d/%m/%Y %H:%M}" if seen else ""


def _origin(document: Document) -> str:
    what = f"{kind(document.kind_code).name} số {document.code} ngày {_day(document.issued_on)}"
    return f"{what} của {document.issuer_name}"


def _about(document: Document) -> str:
    return f"{kind(document.kind_code).name}: {document.subject}" if document.kind_code else document.subject


def _note(entry: RegisterEntry, document: Document) -> str:
    remarks = entry.note.splitlines()
    if entry.voided_at is not None:
        return "; ".join((*remarks, f"Hủy số: {entry.void_reason}"))
    taken_over = f"Tiếp nhận từ {document.taken_over_from}" if document.taken_over_from else ""
    return "; ".join(filter(None, (taken_over, *remarks)))


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
