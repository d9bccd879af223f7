"""Reads of outgoing documents."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, with_expression
from sqlalchemy.sql.base import ExecutableOption

from eoffice.core import paging
from eoffice.core.errors import NotFound
from eoffice.core.paging import Page
from eoffice.core.permissions import Actor
from eoffice.directions.models import Part, Task, TaskState
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment, Role
from eoffice.documents import deadlines
from eoffice.documents.models import (
    Direction,
    Document,
    DocumentFile,
    DocumentLink,
    FileRole,
    LinkKind,
    Urgency,
)
from eoffice.documents.permissions import of_agency, visible_to
from eoffice.outgoing.models import Consultation, OutgoingDocument, Remark
from eoffice.outgoing.permissions import (
    OUTGOING_APPROVE,
    OUTGOING_CHECK,
    OUTGOING_DRAFT,
    OUTGOING_ISSUE,
    OUTGOING_NUMBER,
    OUTGOING_SEAL,
    OUTGOING_SIGN,
    may,
)
from eoffice.outgoing.states import CLOSED, OPEN, UNSIGNED, State
from eoffice.outgoing.workflow import MACHINE, Move
from eoffice.signatures.models import FileCheck

#: rows of one page of a list
PAGE_SIZE = 50


#: urgent and overdue ones that stand above the first page of a list
PRESSING_SIZE = 20


class Tab(StrEnum):
    """Parts of the list."""

    MINE = "mine"
    DRAFT = "draft"
    CHECK = "check"
    SIGN = "sign"
    CLERK = "clerk"
    ISSUED = "issued"
    ALL = "all"


_STATES: dict[Tab, tuple[State, ...]] = {
    Tab.DRAFT: (State.DRAFT, State.SENT_BACK),
    Tab.CHECK: (State.APPROVAL, State.FORM_CHECK, State.PERMISSION),
    Tab.SIGN: (State.SIGNATURE,),
    Tab.CLERK: (State.NUMBERING, State.SEALING, State.ISSUING),
    Tab.ISSUED: (State.ISSUED,),
}


def one(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """An outgoing document the actor may know of. Raises NotFound."""
    return _known(session, actor, sa.select(OutgoingDocument).where(OutgoingDocument.id == document_id))


def made_by(session: Session, actor: Actor, form_key: str) -> OutgoingDocument | None:
    """The draft that the same form made when it was sent before; of two at once the second waits here for the first."""
    if not form_key:
        return None
    lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(form_key, 0))
    session.execute(sa.select(lock))
    query = sa.select(OutgoingDocument).where(
        OutgoingDocument.form_key == form_key, OutgoingDocument.drafter_id == actor.assignment_id
    )
    return session.scalar(query)


def opened(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """The same with its people, for a page; a row read so cannot be locked later. Raises NotFound."""
    people = (OutgoingDocument.drafter, OutgoingDocument.signer, OutgoingDocument.unit)
    query = sa.select(OutgoingDocument).where(OutgoingDocument.id == document_id)
    still = with_expression(OutgoingDocument.open_remarks, _open_remarks())
    return _known(session, actor, query.options(*(joinedload(one) for one in people), still, *shown()))


def _open_remarks() -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).select_from(Remark)
    return counted.where(
        Remark.document_id == OutgoingDocument.id, Remark.done_at.is_(None)
    ).scalar_subquery()


def remarked(actor: Actor) -> sa.ColumnElement[bool]:
    """Drafts with remarks of others that are not done, as a condition."""
    of_others = sa.or_(Remark.person_id.is_(None), Remark.person_id != actor.person_id)
    still = sa.exists().where(Remark.document_id == OutgoingDocument.id, Remark.done_at.is_(None), of_others)
    return sa.and_(OutgoingDocument.state.in_(UNSIGNED), still)


def _known(session: Session, actor: Actor, query: sa.Select[OutgoingDocument]) -> OutgoingDocument:
    # the rule as a condition: pages that show much have no statement to spare for it
    found = session.scalar(query.where(visible_to(actor, OutgoingDocument)))
    if found is None:
        raise NotFound
    return found


@cache
def answer_by() -> tuple[sa.ScalarSelect[Any], sa.ScalarSelect[Any]]:
    """Day and hour until which what a draft answers must be answered; NULL where it answers nothing.

    The deadline of the task that its drafter or unit has with that document comes before the document's own. Made once:
    the desk's counts ask for it several times on every page, and making it costs more than asking.
    """
    draft, answered = OutgoingDocument.__table__.c, Document.__table__.alias("answered")
    task, link = Task.__table__.alias("own_task"), DocumentLink.__table__
    own = sa.and_(
        task.c.document_id == answered.c.id, task.c.due_on.is_not(None), task.c.part != Part.INFORM,
        task.c.state.in_((TaskState.NEW, TaskState.SEEN, TaskState.WORKING)),
        sa.or_(task.c.assignment_id == draft.drafter_id, task.c.unit_id == draft.unit_id),
    )  # fmt: skip
    on, at = (
        sa.case((task.c.due_on.is_not(None), task.c[name]), else_=answered.c[name])
        for name in ("due_on", "due_time")
    )
    rows = (
        sa.select(on, at)
        .select_from(link.join(answered, answered.c.id == link.c.target_id).outerjoin(task, own))
        .where(link.c.source_id == draft.id, link.c.kind == LinkKind.REPLY, on.is_not(None))
        .order_by(task.c.due_on.is_(None), on, at.nulls_last())
        .limit(1)
        .correlate(OutgoingDocument.__table__)
    )
    return tuple(rows.with_only_columns(one).scalar_subquery() for one in (on, at))  # type: ignore[return-value]  # two


def shown() -> list[ExecutableOption]:
    """What is read with the rows of pages and lists: until when, and whether it was replaced."""
    on, at = answer_by()
    return [
        with_expression(OutgoingDocument.answer_on, on),
        with_expression(OutgoingDocument.answer_at, at),
        with_expression(OutgoingDocument.is_replaced, is_replaced()),
    ]


@cache
def is_replaced() -> sa.ColumnElement[bool]:
    """Whether a document that counts was issued in its place."""
    link, newer = DocumentLink.__table__, OutgoingDocument.__table__.alias("newer")
    old = OutgoingDocument.__table__
    return (
        sa.exists()
        .where(
            link.c.target_id == old.c.id, link.c.kind == LinkKind.REPLACES, newer.c.id == link.c.source_id,
            newer.c.state == State.ISSUED, newer.c.recalled_at.is_(None), old.c.state == State.ISSUED,
        )
        .correlate(old)
    )  # fmt: skip


def _by_deadline() -> list[sa.ColumnElement[Any]]:
    on, at = answer_by()
    return [sa.func.coalesce(on, Document.due_on).asc().nulls_last(), at.asc().nulls_last()]


def moves(actor: Actor, document: OutgoingDocument) -> set[Move]:
    """The steps this person can take now; whether he may know of the document was asked before."""
    open_now = MACHINE.moves(document.state)
    return {
        move
        for move, rule in open_now.items()
        if actor.can(rule.permission) and may(actor, rule.permission, document)
    }


def with_checks(
    session: Session, document: OutgoingDocument
) -> Sequence[tuple[DocumentFile, FileCheck | None]]:
    """Each file of a document with what checking its signatures found, newest first."""
    query = sa.select(DocumentFile, FileCheck).outerjoin(FileCheck, FileCheck.file_id == DocumentFile.id)
    found = session.execute(
        query.where(DocumentFile.document_id == document.id).order_by(DocumentFile.id.desc())
    )
    return [(file, check) for file, check in found]


def visible(actor: Actor) -> sa.Select[OutgoingDocument]:
    """Every outgoing document the actor may know of."""
    return sa.select(OutgoingDocument).where(own(actor))


def own(actor: Actor, *, by: type[Document] = OutgoingDocument) -> sa.ColumnElement[bool]:
    """The same as a condition, found `by` their state or, as Document, by day; the agency stands in both tables, for
    the index of each."""
    agency = of_agency(actor, OutgoingDocument)
    return sa.and_(visible_to(actor, by), agency, Document.direction == Direction.OUT)


def waits_for(actor: Actor) -> sa.ColumnElement[bool]:
    """Whose step is the actor's: the same questions as the object rule asks, as SQL."""
    of_person = sa.select(Assignment.id).where(Assignment.person_id == actor.person_id)
    mine = OutgoingDocument.drafter_id.in_(of_person)
    rows: list[sa.ColumnElement[bool]] = []
    if actor.can(OUTGOING_DRAFT):
        rows.append(sa.and_(OutgoingDocument.state.in_(_STATES[Tab.DRAFT]), mine))
    if actor.can(OUTGOING_APPROVE):
        rows.append(_to_approve(actor))
    if actor.can(OUTGOING_SIGN):
        rows.append(
            sa.and_(
                OutgoingDocument.state.in_((State.SIGNATURE, State.PERMISSION)),
                OutgoingDocument.signer_id.in_(of_person),
            )
        )
    for wanted, state in (
        (OUTGOING_CHECK, State.FORM_CHECK),
        (OUTGOING_NUMBER, State.NUMBERING),
        (OUTGOING_SEAL, State.SEALING),
        (OUTGOING_ISSUE, State.ISSUING),
    ):
        if actor.can(wanted):
            rows.append(OutgoingDocument.state == state)
    return sa.or_(*rows) if rows else sa.false()


def _to_approve(actor: Actor) -> sa.ColumnElement[bool]:
    if not actor.headed_unit_ids:
        return sa.false()
    return sa.and_(
        OutgoingDocument.state == State.APPROVAL, OutgoingDocument.unit_id.in_(actor.headed_unit_ids)
    )


def asked_of(actor: Actor) -> sa.ColumnElement[bool]:
    """Rows of Consultation joined with their document: questions the actor is to answer now."""
    mine = sa.select(Assignment.id).where(
        Assignment.person_id == actor.person_id, Assignment.agency_id == actor.agency_id
    )
    earlier = aliased(Consultation)
    blocked = sa.exists().where(
        earlier.document_id == Consultation.document_id, earlier.series == Consultation.series,
        earlier.turn < Consultation.turn, _is_open(earlier),
    )  # fmt: skip
    taken = OutgoingDocument.state.in_(UNSIGNED)
    return sa.and_(Consultation.asked_id.in_(mine), _is_open(Consultation), taken, sa.not_(blocked))


def _is_open(row: type[Consultation]) -> sa.ColumnElement[bool]:
    return sa.and_(row.answered_at.is_(None), row.withdrawn_at.is_(None))


def _in_tab(actor: Actor, tab: Tab) -> sa.ColumnElement[bool]:
    if tab == Tab.MINE:
        return waits_for(actor)
    return OutgoingDocument.state.in_(_STATES[tab]) if tab in _STATES else sa.true()


def page_of(
    session: Session, actor: Actor, tab: Tab, mark: str | None, *, without: Collection[int] = ()
) -> Page[OutgoingDocument]:
    """One page of a tab, newest first; `without`: ids of what stands above it.

    Raises NotFound for a mark that cannot be read.
    """
    by = OutgoingDocument if tab in _STATES and tab is not Tab.ISSUED else Document
    query = _listed(actor, tab, by)
    if without:
        query = query.where(Document.id.not_in(without))
    return paging.page(session, query, (Document.listed_at, Document.id), mark, PAGE_SIZE)


def pressing(session: Session, actor: Actor, tab: Tab) -> Sequence[OutgoingDocument]:
    """The urgent and the overdue ones of a tab, as in the lists of incoming documents; nothing presses once issued."""
    if tab is Tab.ISSUED:
        return []
    on, at = answer_by()
    over = deadlines.over(sa.func.coalesce(on, Document.due_on), at)
    query = _listed(actor, tab, OutgoingDocument).where(
        OutgoingDocument.state.in_(OPEN), sa.or_(Document.urgency > Urgency.NORMAL, over)
    )
    order = (Document.urgency.desc(), *_by_deadline(), Document.listed_at.desc(), Document.id.desc())
    return session.scalars(query.order_by(*order).limit(PRESSING_SIZE)).all()


def _listed(actor: Actor, tab: Tab, by: type[Document]) -> sa.Select[OutgoingDocument]:
    people = joinedload(OutgoingDocument.unit), joinedload(OutgoingDocument.drafter)
    query = sa.select(OutgoingDocument).where(own(actor, by=by), _in_tab(actor, tab))
    return query.options(*people, *shown())


def counts(session: Session, actor: Actor) -> dict[Tab, int]:
    """Rows in every tab but the two that grow for ever, in one query."""
    wanted = [tab for tab in Tab if tab not in (Tab.ISSUED, Tab.ALL)]
    columns = [sa.func.count().filter(_in_tab(actor, tab)) for tab in wanted]
    open_ones = OutgoingDocument.state.in_(OPEN)
    query = sa.select(*columns).select_from(OutgoingDocument).where(own(actor), open_ones)
    return dict(zip(wanted, session.execute(query).one(), strict=True))


def to_sign(
    session: Session, actor: Actor, limit: int = 100, *, among: Collection[int] | None = None
) -> Sequence[OutgoingDocument]:
    """What waits for the actor's signature, `among` the named ones: urgent first, then by deadline and age."""
    of_person = sa.select(Assignment.id).where(Assignment.person_id == actor.person_id)
    query = visible(actor).where(
        OutgoingDocument.state == State.SIGNATURE, OutgoingDocument.signer_id.in_(of_person)
    )
    if among is not None:
        query = query.where(OutgoingDocument.id.in_(among))
    return _queue(session, query, limit)


def newest_drafts(session: Session, documents: Sequence[OutgoingDocument]) -> dict[int, DocumentFile]:
    """The draft each document is signed from, by document."""
    ids = [one.id for one in documents]
    query = sa.select(DocumentFile).where(
        DocumentFile.document_id.in_(ids), DocumentFile.role == FileRole.DRAFT
    )
    # the last of a document stays in the dictionary
    return {file.document_id: file for file in session.scalars(query.order_by(DocumentFile.id))}


def to_approve(session: Session, actor: Actor, limit: int = 100) -> Sequence[OutgoingDocument]:
    """Drafts of the actor's units that wait for his approval."""
    return _queue(session, visible(actor).where(_to_approve(actor)), limit)


def _queue(session: Session, query: sa.Select[OutgoingDocument], limit: int) -> Sequence[OutgoingDocument]:
    order = (Document.urgency.desc(), *_by_deadline(), Document.id)
    query = query.options(joinedload(OutgoingDocument.unit), *shown()).order_by(*order).limit(limit)
    return session.scalars(query).all()


@dataclass(frozen=True)
class NextActor:
    """Who acts next; no name when whoever holds the duty may."""

    name: str | None
    state: State


def next_actor(session: Session, document: OutgoingDocument) -> NextActor | None:
    """Who has to act now; None once nobody has."""
    state = document.state
    if state in _STATES[Tab.DRAFT]:
        return NextActor(document.drafter.label, state)
    if state == State.APPROVAL:
        head = directory.head_of(session, document.unit_id) if document.unit_id else None
        return NextActor(head.label if head else None, state)
    if state in (State.SIGNATURE, State.PERMISSION):
        return NextActor(document.signer.label, state)
    if state in CLOSED:
        return None
    roles = (Role.CHIEF_OF_OFFICE, Role.CLERK) if state == State.FORM_CHECK else (Role.CLERK,)
    posts = directory.posts(session, document.agency_id, *roles)
    return NextActor(" / ".join(post.label for post in posts[:3]) or None, state)


def issued_of(others: Iterable[Document]) -> list[OutgoingDocument]:
    """Those that went out and still count: a draft may change, or never be issued."""
    ours = (one for one in others if isinstance(one, OutgoingDocument))
    return [one for one in ours if one.state is State.ISSUED and one.recalled_at is None]


def begun_of(others: Iterable[Document]) -> list[OutgoingDocument]:
    """Those still on their way, so that nobody begins the same twice."""
    return [one for one in others if isinstance(one, OutgoingDocument) and one.state in OPEN]


def open_answers(session: Session, document_id: int) -> Sequence[OutgoingDocument]:
    """What is on its way in answer to a document."""
    query = (
        sa.select(OutgoingDocument)
        .join(DocumentLink, DocumentLink.source_id == OutgoingDocument.id)
        .where(
            DocumentLink.target_id == document_id, DocumentLink.kind == LinkKind.REPLY,
            OutgoingDocument.state.in_(OPEN),
        )
    )  # fmt: skip
    return session.scalars(query.order_by(OutgoingDocument.id)).all()


def drafted_instead(
    session: Session, actor: Actor, document: OutgoingDocument, besides: OutgoingDocument | None = None
) -> tuple[list[OutgoingDocument], bool]:
    """What is on its way to take a document's place, but for `besides`: what the actor may know of, and whether there
    is any at all, so that nobody begins the same twice."""
    query = (
        sa.select(OutgoingDocument, visible_to(actor, OutgoingDocument))
        .join(DocumentLink, DocumentLink.source_id == OutgoingDocument.id)
        .where(
            DocumentLink.target_id == document.id, DocumentLink.kind == LinkKind.REPLACES,
            OutgoingDocument.state.in_(OPEN), OutgoingDocument.id != (besides.id if besides else 0),
        )
        .order_by(OutgoingDocument.id)
    )  # fmt: skip
    found = session.execute(query).all()
    return [one for one, known in found if known], bool(found)
