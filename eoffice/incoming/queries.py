"""Reads of incoming documents."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor
from eoffice.directions.models import Task
from eoffice.directory.models import Assignment
from eoffice.directory.queries import acts_under
from eoffice.documents import deadlines
from eoffice.documents.models import (
    Direction,
    Document,
    DocumentFile,
    DocumentLink,
    FileRole,
    LinkKind,
    Urgency,
)  # fmt: skip
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL, may_know, of_agency, visible_to
from eoffice.gateway import queries as gateway
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.permissions import may
from eoffice.incoming.states import OPEN, State
from eoffice.incoming.workflow import MACHINE, Move
from eoffice.signatures.models import FileCheck

PAGE_SIZE = 40
#: urgent and overdue ones that stand above the first page of a list
PRESSING_SIZE = 20
#: documents of a leader's queue shown at once
QUEUE_SIZE = 50
#: open documents whose ids are carried from one statement to the next
_FEW = 2000
#: a filtered list is counted up to here; beyond it the exact figure helps nobody
COUNT_LIMIT = 1000


class Tab(StrEnum):
    """Lists that people ask for, in the order of the work."""

    OPEN = "open"
    ASKED = "asked"
    REGISTER = "register"
    SUBMIT = "submit"
    DIRECT = "direct"
    PROGRESS = "progress"
    OVERDUE = "overdue"
    DONE = "done"

    @property
    def word(self) -> LazyString:
        """The word on the tab."""
        return _TAB_WORDS[self]


_TAB_WORDS = {
    Tab.OPEN: _l("Open"),
    Tab.ASKED: _l("Sender asks"),
    Tab.REGISTER: _l("To be registered"),
    Tab.SUBMIT: _l("To be submitted"),
    Tab.DIRECT: _l("To be directed"),
    Tab.PROGRESS: _l("In progress"),
    Tab.OVERDUE: _l("Overdue"),
    Tab.DONE: _l("Finished"),
}
_TAB_STATES = {
    Tab.OPEN: OPEN,
    Tab.ASKED: (*OPEN, State.DONE),
    Tab.REGISTER: (State.WAITING, State.CHECK),
    Tab.SUBMIT: (State.REGISTERED,),
    Tab.DIRECT: (State.SUBMITTED,),
    Tab.PROGRESS: (State.FORWARDED, State.IN_PROGRESS),
    Tab.OVERDUE: OPEN,
    Tab.DONE: (State.DONE, State.RETURNED, State.WITHDRAWN, State.DISCARDED),
}


@dataclass(frozen=True)
class Filter:
    """What the address of a list asks for."""

    tab: Tab = Tab.OPEN
    arrived_from: date | None = None
    arrived_to: date | None = None
    issuer: str = ""
    urgency: Urgency | None = None
    unit_id: int | None = None

    @property
    def narrowed(self) -> bool:
        """Whether it asks for less than its whole tab."""
        return self != Filter(self.tab)


def one(session: Session, actor: Actor, document_id: int) -> IncomingDocument:
    """An incoming document the actor may know of, in one query. Raises NotFound."""
    document = session.get(IncomingDocument, document_id)
    if document is None or not may_know(actor, DOCUMENT_READ, document):
        raise NotFound
    return document


def files(session: Session, document: IncomingDocument) -> list[tuple[DocumentFile, FileCheck | None]]:
    """Its files, oldest first, each with what checking its signatures found."""
    query = sa.select(DocumentFile, FileCheck).outerjoin(FileCheck, FileCheck.file_id == DocumentFile.id)
    found = session.execute(query.where(DocumentFile.document_id == document.id).order_by(DocumentFile.id))
    return [(file, check) for file, check in found]


def original(
    found: Iterable[tuple[DocumentFile, FileCheck | None]],
) -> tuple[DocumentFile | None, FileCheck | None]:
    """Of a document's files the one it is, as long as it is kept."""
    kept = (pair for pair in found if pair[0].role is FileRole.ORIGINAL and pair[0].is_open)
    return next(kept, (None, None))


def is_gone(files: Iterable[DocumentFile]) -> bool:
    """Whether nothing is left of what came: whoever got it passed on could read nothing."""
    return all(file.destroyed_at is not None for file in files if file.role is FileRole.ORIGINAL)


#: steps that give it to somebody: none is taken while its sender wants it back
_GIVES = (Move.SUBMIT, Move.DIRECT, Move.PASS_ON)


def moves(actor: Actor, document: IncomingDocument, *, wanted_back: bool = False) -> set[Move]:
    """What the actor, who knows of it, can do with it now; `wanted_back`: its sender asks for it."""
    return {
        move
        for move, rule in MACHINE.moves(document.state).items()
        if move is not Move.FLAG
        and not (wanted_back and move in _GIVES)
        and (move is not Move.DISCARD or document.source is not Source.AXIS)
        and (move is not Move.REGISTER or not document.bears_secret)
        and actor.can(rule.permission)
        and may(actor, rule.permission, document)
    }


def in_tab(tab: Tab) -> sa.ColumnElement[bool]:
    """The documents of a tab."""
    states = IncomingDocument.state.in_(_TAB_STATES[tab])
    match tab:
        case Tab.OVERDUE:
            return sa.and_(states, deadlines.over(Document.due_on, Document.due_time))
        case Tab.ASKED:
            return sa.and_(states, asked())
        case _:
            return states


def asked() -> sa.ColumnElement[bool]:
    """Documents that their sender wants back, destroyed or superseded, and nobody has answered."""
    return Document.id.in_(gateway.ASKED_DOCUMENTS)


def own(
    actor: Actor, *, by: type[Document] = IncomingDocument, among: sa.Select[int] | None = None
) -> sa.ColumnElement[bool]:
    """The incoming documents the actor may know of, found `by` their state or, as Document, by day, or `among` a few;
    the agency stands in both tables, for the index of each."""
    agency = of_agency(actor, IncomingDocument)
    return sa.and_(visible_to(actor, by, among), agency, Document.direction == Direction.IN)


def matching(actor: Actor, wanted: Filter, among: str | None = None) -> sa.ColumnElement[bool]:
    """The documents a list shows this actor; `among`: ids of the open ones he may know of, where they were found."""
    if among is not None and wanted.tab not in (Tab.DONE, Tab.ASKED):
        known = IncomingDocument.id == sa.any_(sa.cast(sa.literal(among, sa.Text), ARRAY(sa.Integer)))
    else:
        known = own(actor, by=Document if wanted.tab is Tab.DONE else IncomingDocument)
    conditions = [known, in_tab(wanted.tab)]
    if wanted.arrived_from:
        conditions.append(Document.listed_at >= clock.day_start(wanted.arrived_from))
    if wanted.arrived_to:
        conditions.append(Document.listed_at < clock.day_start(wanted.arrived_to + timedelta(days=1)))
    if wanted.issuer:
        conditions.append(Document.issuer_name.icontains(wanted.issuer, autoescape=True))
    if wanted.urgency is not None:
        conditions.append(Document.urgency == wanted.urgency)
    if wanted.unit_id is not None:
        named = sa.select(Task.document_id).where(Task.unit_id == wanted.unit_id)
        conditions.append(Document.id.in_(named))
    return sa.and_(*conditions)


def listing(
    session: Session, actor: Actor, wanted: Filter, mark: str | None = None, size: int = PAGE_SIZE, *,
    without: Collection[int] = (), among: str | None = None,
) -> Page[IncomingDocument]:  # fmt: skip
    """One page of a list, the newest arrival first; `without`: ids of what stands above it, `among`: see `matching`."""
    query = sa.select(IncomingDocument).where(matching(actor, wanted, among))
    if without:
        query = query.where(Document.id.not_in(without))
    return page(session, query, (Document.listed_at, Document.id), mark, size)


def pressing(
    session: Session, actor: Actor, wanted: Filter, among: str | None = None
) -> Sequence[IncomingDocument]:
    """The urgent and the overdue ones of a list (Decree 30/2020, Article 4.2.c): by level, then by day and hour of the
    deadline, the newest first among equals; nothing presses once it is done.

    Found among the open documents of the agency, as the counts of the tabs are.
    """
    if wanted.tab is Tab.DONE:
        return []
    presses = sa.or_(Document.urgency > Urgency.NORMAL, deadlines.over(Document.due_on, Document.due_time))
    deadline = (Document.due_on.asc().nulls_last(), Document.due_time.asc().nulls_last())
    order = (Document.urgency.desc(), *deadline, Document.listed_at.desc(), Document.id.desc())
    query = sa.select(IncomingDocument).where(matching(actor, wanted, among), presses)
    return session.scalars(query.order_by(*order).limit(PRESSING_SIZE)).all()


def total(session: Session, actor: Actor, wanted: Filter, among: str | None = None) -> int:
    """How many a filtered list holds, at most COUNT_LIMIT + 1."""
    found = sa.select(IncomingDocument.id).where(matching(actor, wanted, among)).limit(COUNT_LIMIT + 1)
    return session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


@dataclass(frozen=True)
class Day:
    """How many documents of a list arrived on one day."""

    documents: int
    unregistered: int


def next_to_register(session: Session, actor: Actor) -> IncomingDocument | None:
    """What the clerk registers next: urgent first, then what has waited longest."""
    query = sa.select(IncomingDocument).where(own(actor), IncomingDocument.state == State.WAITING)
    return session.scalars(query.order_by(Document.urgency.desc(), Document.listed_at, Document.id)).first()


def days(
    session: Session, actor: Actor, wanted: Filter, rows: Sequence[IncomingDocument], *,
    without: Collection[int] = (), among: str | None = None,
) -> dict[date, Day]:  # fmt: skip
    """The arrival days of these rows with the number of documents the whole list has on each; see `listing`."""
    if not rows:
        return {}
    shown = [clock.local(row.listed_at).date() for row in rows]
    day = sa.cast(sa.func.timezone(clock.TZ.key, Document.listed_at), sa.Date)
    unregistered = sa.func.count().filter(Document.register_number.is_(None))
    query = (
        sa.select(day, sa.func.count(), unregistered)
        .select_from(IncomingDocument)
        .where(
            matching(actor, wanted, among),
            Document.listed_at >= clock.day_start(min(shown)),
            Document.listed_at < clock.day_start(max(shown) + timedelta(days=1)),
            Document.id.not_in(without) if without else sa.true(),
        )
        .group_by(day)
    )
    return {when: Day(count, waiting) for when, count, waiting in session.execute(query)}


@dataclass(frozen=True)
class Overview:
    """What the actor sees of the open documents of his agency."""

    #: on each tab, and `mine`: submitted to him
    counts: dict[str, int]
    #: their ids as the server writes an array, for the lists that follow, which hand thousands back to it unread;
    #: None when they are many, or need no looking for
    ids: str | None


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many open documents the actor sees on each tab, and `mine`: submitted to him; one query."""
    return overview(session, actor).counts


def overview(session: Session, actor: Actor) -> Overview:
    """Counts and ids at once: who reads only what he was brought into is looked up in the access list for each open
    document of the agency, which is worth doing once a page."""
    counted = [tab for tab in Tab if tab not in (Tab.DONE, Tab.ASKED)]
    columns = [sa.func.count().filter(in_tab(tab)).label(tab.value) for tab in counted]
    mine = sa.func.count().filter(_submitted_to(actor)).label("mine")
    asking = sa.select(sa.func.count()).select_from(IncomingDocument).where(own(actor), in_tab(Tab.ASKED))
    few = sa.case((sa.func.count() <= _FEW, sa.cast(sa.func.array_agg(IncomingDocument.id), sa.Text)))
    ids = (sa.null() if actor.can(DOCUMENT_READ_ALL) else few).label("ids")
    extending = IncomingDocument.__table__.c
    opened = sa.select(extending.id).where(
        extending.agency_id == actor.agency_id, extending.state.in_(_TAB_STATES[Tab.OPEN])
    )
    query = sa.select(*columns, mine, asking.scalar_subquery().label(Tab.ASKED.value), ids)
    row = session.execute(
        query.select_from(IncomingDocument).where(own(actor, among=opened), in_tab(Tab.OPEN))
    ).one()
    found = dict(row._mapping)
    return Overview(ids=found.pop("ids"), counts=found)


def _submitted_to(actor: Actor) -> sa.ColumnElement[bool]:
    posts = sa.select(Assignment.id).where(acts_under(actor))
    return sa.and_(IncomingDocument.state == State.SUBMITTED, IncomingDocument.submitted_to_id.in_(posts))


def _for_ones_leader(actor: Actor) -> sa.ColumnElement[bool]:
    """What waits for the word of the leader a secretary assists, or of any."""
    leader = sa.select(Assignment.assists_id).where(Assignment.id == actor.assignment_id).scalar_subquery()
    mine = sa.or_(leader.is_(None), IncomingDocument.submitted_to_id == leader)
    return sa.and_(IncomingDocument.state == State.SUBMITTED, mine)


def count_to_prepare(session: Session, actor: Actor) -> dict[str, int]:
    """How much waits for the word of one's leader and has no direction prepared: `prepare`."""
    bare = (own(actor), _for_ones_leader(actor), IncomingDocument.prepared.is_(None))
    return {
        "prepare": session.scalar(sa.select(sa.func.count()).select_from(IncomingDocument).where(*bare)) or 0
    }


@dataclass(frozen=True)
class Queue:
    """What waits for a word, urgent first, then by arrival; and the one that is open."""

    waiting: Sequence[IncomingDocument]
    open: IncomingDocument | None
    #: by document: the earlier one that it replaces or corrects, by the kind of link
    older: Mapping[int, Mapping[str, int]]


def to_direct(session: Session, actor: Actor, limit: int = 50) -> Sequence[IncomingDocument]:
    """What was submitted to this leader and waits for his word: urgent first, then by arrival."""
    return queue(session, actor, limit=limit).waiting[:limit]


def queue(
    session: Session,
    actor: Actor,
    document_id: int | None = None,
    *,
    preparing: bool = False,
    limit: int = QUEUE_SIZE,
) -> Queue:
    """A leader's queue, or for `preparing` that of a secretary's leader, and one document, in one statement: the
    first when none is named. Raises NotFound when the actor may not know of the one named.
    """
    mine = (_for_ones_leader(actor) if preparing else _submitted_to(actor)).label("mine")
    wanted = sa.or_(mine, IncomingDocument.id == document_id)
    query = sa.select(IncomingDocument, mine, _older()).where(own(actor), wanted)
    named_first = sa.case((IncomingDocument.id == document_id, 0), else_=1)
    order = (named_first, Document.urgency.desc(), Document.listed_at, Document.id)
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    waiting = [document for document, is_mine, _links in rows if is_mine]
    older = {document.id: links or {} for document, _mine, links in rows}
    waiting.sort(key=lambda one: (-one.urgency, one.listed_at, one.id))
    if document_id is None:
        return Queue(waiting, waiting[0] if waiting else None, older)
    found = next((document for document, _mine, _links in rows if document.id == document_id), None)
    if found is None:
        raise NotFound
    return Queue(waiting, found, older)


def _older() -> sa.ScalarSelect[dict[str, int]]:
    """Of each document the earlier one that it replaces or corrects, by the kind of link."""
    query = sa.select(sa.func.jsonb_object_agg(DocumentLink.kind, DocumentLink.target_id, type_=JSONB))
    kinds = (LinkKind.REPLACES, LinkKind.CORRECTS)
    query = query.where(DocumentLink.source_id == IncomingDocument.id, DocumentLink.kind.in_(kinds))
    return query.correlate(IncomingDocument).scalar_subquery()
