"""Reads of dossiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, joinedload, with_polymorphic

from eoffice.core import clock
from eoffice.core.errors import NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, Permission
from eoffice.directory.models import Assignment
from eoffice.documents import permissions as documents
from eoffice.documents.models import (
    Direction,
    Document,
    DocumentFile,
    DocumentLink,
    FileRole,
    LinkKind,
    RegisterEntry,
)
from eoffice.dossiers.models import (
    HAND_OVER_DAYS,
    Destruction,
    DestructionItem,
    DestructionState,
    Dossier,
    DossierDocument,
    DossierHeading,
    DossierPlan,
    HandOver,
    LegalHold,
)
from eoffice.dossiers.permissions import (
    DOSSIER_APPROVE,
    DOSSIER_ARCHIVE,
    DOSSIER_CERTIFY,
    DOSSIER_WORK,
    may,
    may_know,
    visible_to,
)
from eoffice.dossiers.states import Fate, State
from eoffice.dossiers.workflow import MACHINE, Move
from eoffice.gateway.models import Answer, Arrival, Asked, Request

PAGE_SIZE = 50
#: days before the last day from which a dossier counts as due (Appendix VI, I-III.5.b)
REMIND_DAYS = 30


class Tab(StrEnum):
    """Parts of the list."""

    MINE = "mine"
    OPEN = "open"
    DUE = "due"
    ARCHIVE = "archive"
    ARCHIVED = "archived"
    ALL = "all"

    @property
    def word(self) -> LazyString:
        """The word on the tab."""
        return _WORDS[self]


_WORDS = {
    Tab.MINE: _l("My dossiers"), Tab.OPEN: _l("Collecting"), Tab.DUE: _l("Due for hand-over"),
    Tab.ARCHIVE: _l("At the archive's check"), Tab.ARCHIVED: _l("Archived"), Tab.ALL: _l("All"),
}  # fmt: skip
_STATES = {
    Tab.OPEN: (State.PLANNED, State.OPEN),
    Tab.ARCHIVE: (State.HANDED_OVER,),
    Tab.ARCHIVED: (State.ARCHIVED, State.DESTROYED),
}


def in_tab(actor: Actor, tab: Tab) -> sa.ColumnElement[bool]:
    """The dossiers of a tab."""
    if tab is Tab.MINE:
        mine = sa.select(Assignment.id).where(Assignment.person_id == actor.person_id)
        left = Dossier.state.in_((State.PLANNED, State.OPEN, State.CLOSED, State.RETURNED))
        return sa.and_(Dossier.creator_id.in_(mine), left)
    if tab is Tab.DUE:
        return due(clock.today())
    return Dossier.state.in_(_STATES[tab]) if tab in _STATES else sa.true()


def due(today: date) -> sa.ColumnElement[bool]:
    """Ended, still with its unit, and to be handed over within thirty days; or returned, to be mended at once."""
    soon = Dossier.end_on <= today - timedelta(days=HAND_OVER_DAYS - REMIND_DAYS)
    return sa.or_(Dossier.state == State.RETURNED, sa.and_(Dossier.state == State.CLOSED, soon))


def listing(
    session: Session, actor: Actor, tab: Tab, words: str = "", mark: str | None = None
) -> Page[Dossier]:
    """One page of a list, the newest first; `words` are looked for in notation and title."""
    query = sa.select(Dossier).where(visible_to(actor), in_tab(actor, tab))
    for word in words.split():
        found = sa.or_(
            Dossier.title.icontains(word, autoescape=True), Dossier.notation.icontains(word, autoescape=True)
        )
        query = query.where(found)
    return page(session, query, (Dossier.year, Dossier.id), mark, PAGE_SIZE)


def counts(session: Session, actor: Actor) -> dict[Tab, int]:
    """How many dossiers wait on the tabs that ask something of somebody: one query."""
    tabs = (Tab.MINE, Tab.DUE, Tab.ARCHIVE)
    columns = [sa.func.count().filter(in_tab(actor, tab)) for tab in tabs]
    row = session.execute(sa.select(*columns).select_from(Dossier).where(visible_to(actor))).one()
    return dict(zip(tabs, row, strict=True))


class Waits(StrEnum):
    """Steps of the archive that wait for whoever may take them."""

    RETURNED = "returned"
    ACCEPT = "accept"
    APPROVE = "approve"
    DECIDE = "decide"
    CARRY_OUT = "carry_out"
    CERTIFY = "certify"


def waiting(session: Session, actor: Actor) -> dict[Waits, int]:
    """How much of each waits for this person; one query, none for who may take none of them."""
    mine = sa.select(Assignment.id).where(Assignment.person_id == actor.person_id)
    stands = Destruction.dropped_at.is_(None)
    unsigned = sa.and_(Destruction.state == DestructionState.DONE, Destruction.signed_at.is_(None))
    steps: dict[Waits, tuple[Permission, type[Dossier | DossierPlan | Destruction], sa.ColumnElement[bool]]] = {
        Waits.RETURNED: (
            DOSSIER_WORK, Dossier, sa.and_(Dossier.state == State.RETURNED, Dossier.creator_id.in_(mine))
        ),
        Waits.ACCEPT: (DOSSIER_ARCHIVE, Dossier, Dossier.state == State.HANDED_OVER),
        Waits.APPROVE: (DOSSIER_APPROVE, DossierPlan, _to_approve()),
        Waits.DECIDE: (DOSSIER_APPROVE, Destruction, sa.and_(stands, Destruction.state == DestructionState.PROPOSED)),
        Waits.CARRY_OUT: (
            DOSSIER_ARCHIVE, Destruction, sa.and_(stands, Destruction.state == DestructionState.DECIDED)
        ),
        Waits.CERTIFY: (DOSSIER_CERTIFY, Destruction, unsigned),
    }  # fmt: skip
    columns = [
        sa.select(sa.func.count()).select_from(model).where(model.agency_id == actor.agency_id, holds)
        .scalar_subquery().label(step.value)
        for step, (permission, model, holds) in steps.items()
        if actor.can(permission)
    ]  # fmt: skip
    if not columns:
        return {}
    found = session.execute(sa.select(*columns)).one()._mapping
    return {Waits(step): count for step, count in found.items() if count}


def _to_approve() -> sa.ColumnElement[bool]:
    """Lists that something stands on and nobody has approved; of what is all with the archive, as it comes along from
    another system, nobody asks for it."""
    headings = sa.exists().where(DossierHeading.plan_id == DossierPlan.id)
    # joined, not nested: a select within a select within this one would lose sight of the plan
    inside = (
        sa.select(Dossier.id)
        .join(DossierHeading, Dossier.heading_id == DossierHeading.id)
        .where(DossierHeading.plan_id == DossierPlan.id)
        .correlate(DossierPlan)
    )
    worked_on = inside.where(Dossier.archived_at.is_(None)).exists()
    return sa.and_(DossierPlan.approved_at.is_(None), headings, sa.or_(worked_on, ~inside.exists()))


def year_to_approve(session: Session, agency_id: int) -> int | None:
    """The earliest year whose list waits for approval."""
    query = sa.select(sa.func.min(DossierPlan.year)).where(DossierPlan.agency_id == agency_id)
    return session.scalar(query.where(_to_approve()))


def one(session: Session, actor: Actor, dossier_id: int) -> Dossier:
    """A dossier the actor may know of. Raises NotFound."""
    dossier = session.get(Dossier, dossier_id)
    if dossier is None or not may_know(actor, documents.DOCUMENT_READ, dossier):
        raise NotFound
    return dossier


def moves(actor: Actor, dossier: Dossier) -> set[Move]:
    """What the actor, who knows of it, can do with it now."""
    return {
        move
        for move, rule in MACHINE.moves(dossier.state).items()
        if actor.can(rule.permission) and may(actor, rule.permission, dossier)
    }


@dataclass(frozen=True)
class Contents:
    """What lies in a dossier, as far as the actor may know of it."""

    rows: Sequence[DossierDocument]
    #: documents in it that are not the actor's to see
    hidden: int
    pages: int


def contents(session: Session, actor: Actor, dossier: Dossier) -> Contents:
    """The documents of a dossier in their order: two queries, whatever their number."""
    inside = sa.select(DossierDocument).where(DossierDocument.dossier_id == dossier.id)
    query = inside.join(Document, Document.id == DossierDocument.document_id)
    rows = session.scalars(query.where(documents.visible_to(actor)).order_by(DossierDocument.ordinal)).all()
    total = session.scalar(sa.select(sa.func.count()).select_from(inside.subquery())) or 0
    return Contents(rows, total - len(rows), sum(row.document.page_count for row in rows))


def everything(session: Session, dossier: Dossier) -> Sequence[DossierDocument]:
    """All documents of a dossier, for the program itself."""
    query = sa.select(DossierDocument).where(DossierDocument.dossier_id == dossier.id)
    return session.scalars(query.order_by(DossierDocument.ordinal)).all()


def unfinished(session: Session, dossier: Dossier) -> list[DossierDocument]:
    """The documents of a dossier whose business is not over: drafts, what is not issued, what is still worked on."""
    rows = everything(session, dossier)
    # the row of its direction with each, or the state would be asked for one by one
    whole = with_polymorphic(Document, [Document.class_of(one) for one in Direction])
    inside = sa.select(whole).join(DossierDocument, DossierDocument.document_id == whole.id)
    inside = inside.where(DossierDocument.dossier_id == dossier.id)
    session.scalars(inside.execution_options(populate_existing=True)).all()
    return [row for row in rows if not row.document.is_over]


def fates(session: Session, rows: Sequence[DossierDocument]) -> Mapping[int, Fate]:
    """By document: what became of those that count no more; one query."""
    ids = [row.document_id for row in rows]
    withdrawn = sa.and_(
        Request.answer == Answer.AGREED, Request.kind.in_([one for one in Asked if one.withdraws])
    )
    # outgoing documents stand above this feature: their columns are asked, their code is not
    ours = Document.class_of(Direction.OUT).__table__.c
    ways = (
        (Fate.VOID, sa.select(Document.id).join(RegisterEntry, RegisterEntry.document_id == Document.id).where(
            RegisterEntry.voided_at.is_not(None), Document.register_number.is_(None), Document.id.in_(ids))),
        (Fate.WITHDRAWN, sa.select(Arrival.document_id).join(Request, Request.arrival_id == Arrival.id).where(
            withdrawn, Arrival.document_id.in_(ids))),
        (Fate.RECALLED, sa.select(ours.id).where(ours.recalled_at.is_not(None), ours.id.in_(ids))),
        (Fate.DISCARDED, sa.select(ours.id).where(ours.state == "discarded", ours.id.in_(ids))),
        (Fate.REPLACED, sa.select(DocumentLink.target_id).join(Document, Document.id == DocumentLink.source_id)
            .outerjoin(ours.id.table, ours.id == DocumentLink.source_id).where(
            DocumentLink.kind == LinkKind.REPLACES, DocumentLink.target_id.in_(ids),
            # by what was registered here, or went out and still counts: a draft replaces nothing yet
            sa.or_(sa.and_(Document.direction == Direction.IN, Document.register_number.is_not(None)),
                   sa.and_(ours.issued_at.is_not(None), ours.recalled_at.is_(None))))),
    )  # fmt: skip
    found = session.execute(
        sa.union(*(query.add_columns(sa.literal(fate.value)) for fate, query in ways))
    ).all()
    weight = list(Fate)
    return {one: Fate(fate) for one, fate in sorted(found, key=lambda row: -weight.index(Fate(row[1])))}


#: what is taken out of a document: what was issued or arrived, what goes with it, and who decided on it by hand
_TAKEN_OUT = (FileRole.ORIGINAL, FileRole.ISSUED, FileRole.ATTACHMENT, FileRole.DIRECTION)


def files(session: Session, rows: Sequence[DossierDocument]) -> dict[int, list[DocumentFile]]:
    """By document: the files that go along when a dossier is taken out; one query."""
    wanted = DocumentFile.document_id.in_([row.document_id for row in rows])
    query = sa.select(DocumentFile).where(
        wanted, DocumentFile.destroyed_at.is_(None), DocumentFile.sealed_at.is_(None)
    )
    found: dict[int, list[DocumentFile]] = {row.document_id: [] for row in rows}
    for file in session.scalars(query.where(DocumentFile.role.in_(_TAKEN_OUT)).order_by(DocumentFile.id)):
        found[file.document_id].append(file)
    return found


def holding(session: Session, actor: Actor, document: Document) -> Sequence[Dossier]:
    """The dossiers a document lies in, of those the actor may know of."""
    query = sa.select(Dossier).join(DossierDocument, DossierDocument.dossier_id == Dossier.id)
    return session.scalars(
        query.where(DossierDocument.document_id == document.id, visible_to(actor)).order_by(Dossier.id)
    ).all()


def keeping(session: Session, document: Document, *, on_hold: bool) -> Dossier | None:
    """A dossier with the archive or, when `on_hold`, on hold, that a document lies in."""
    there = Dossier.state.in_((State.HANDED_OVER, State.ARCHIVED, State.DESTROYED))
    kept = sa.or_(there, held()) if on_hold else there
    query = sa.select(Dossier).join(DossierDocument, DossierDocument.dossier_id == Dossier.id)
    return session.scalars(
        query.where(DossierDocument.document_id == document.id, kept).order_by(Dossier.id)
    ).first()


def same_open(session: Session, heading_id: int, creator_id: int, title: str) -> Dossier | None:
    """The open dossier of this title that somebody has under a heading already."""
    query = sa.select(Dossier).where(
        Dossier.heading_id == heading_id, Dossier.creator_id == creator_id, Dossier.state == State.OPEN
    )
    return session.scalars(query.where(Dossier.title == title).order_by(Dossier.id)).first()


def to_file_into(session: Session, actor: Actor) -> Sequence[Dossier]:
    """The open dossiers the actor may put documents into, newest first."""
    query = sa.select(Dossier).where(visible_to(actor), Dossier.state == State.OPEN)
    found = session.scalars(query.order_by(Dossier.id.desc()).limit(200))
    return [dossier for dossier in found if may(actor, DOSSIER_WORK, dossier)]


def plan(session: Session, agency_id: int, year: int) -> DossierPlan | None:
    """The list of a year with its headings."""
    query = sa.select(DossierPlan).where(DossierPlan.agency_id == agency_id, DossierPlan.year == year)
    return session.scalar(
        query.options(joinedload(DossierPlan.headings)).execution_options(populate_existing=True)
    )


def plan_years(session: Session, agency_id: int) -> Sequence[int]:
    """The years that have a list, and this one, newest first."""
    query = sa.select(DossierPlan.year).where(DossierPlan.agency_id == agency_id)
    return sorted({*session.scalars(query), clock.today().year}, reverse=True)


def planned(session: Session, plan: DossierPlan) -> dict[int, list[Dossier]]:
    """The dossiers of a list by heading, in the order of their numbers."""
    query = sa.select(Dossier).join(DossierHeading, DossierHeading.id == Dossier.heading_id)
    found: dict[int, list[Dossier]] = {}
    for dossier in session.scalars(query.where(DossierHeading.plan_id == plan.id).order_by(Dossier.notation)):
        found.setdefault(dossier.heading_id, []).append(dossier)
    return found


def known_of(session: Session, actor: Actor, plan: DossierPlan) -> set[int]:
    """Ids of the dossiers of a list that the actor may open: the list itself is everybody's."""
    query = sa.select(Dossier.id).join(DossierHeading, DossierHeading.id == Dossier.heading_id)
    return set(session.scalars(query.where(DossierHeading.plan_id == plan.id, visible_to(actor))))


def headings(session: Session, agency_id: int, year: int) -> Sequence[DossierHeading]:
    """The headings under which a dossier of a year can be opened."""
    query = sa.select(DossierHeading).join(DossierPlan, DossierPlan.id == DossierHeading.plan_id)
    return session.scalars(
        query.where(DossierPlan.agency_id == agency_id, DossierPlan.year == year).order_by(
            DossierHeading.position, DossierHeading.id
        )
    ).all()


def totals(session: Session, dossier_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Documents and pages by dossier: one query."""
    query = (
        sa.select(DossierDocument.dossier_id, sa.func.count(), sa.func.sum(Document.page_count))
        .join(Document, Document.id == DossierDocument.document_id)
        .where(DossierDocument.dossier_id.in_(dossier_ids))
        .group_by(DossierDocument.dossier_id)
    )
    return {one: (count, pages) for one, count, pages in session.execute(query)}


def hand_over(session: Session, actor: Actor, hand_over_id: int) -> HandOver:
    """A hand-over of the actor's agency. Raises NotFound."""
    found = session.get(HandOver, hand_over_id)
    if found is None or found.agency_id != actor.agency_id:
        raise NotFound
    return found


def holds(session: Session, dossier: Dossier) -> Sequence[LegalHold]:
    """Every hold on a dossier, the newest first."""
    query = sa.select(LegalHold).where(LegalHold.dossier_id == dossier.id)
    return session.scalars(query.order_by(LegalHold.id.desc())).all()


def held() -> sa.ColumnElement[bool]:
    """Dossiers that a hold protects now."""
    return Dossier.id.in_(sa.select(LegalHold.dossier_id).where(LegalHold.lifted_at.is_(None)))


def hold_on(session: Session, document: Document) -> tuple[str, str] | None:
    """Notation of a dossier that a document lies in and a hold protects now, and why; None where there is none. Its
    dossiers stay held until the use case ends, so that no hold is placed while what it should protect is destroyed."""
    lies_in = DossierDocument.dossier_id == Dossier.id
    dossiers = (
        sa.select(Dossier.id).join(DossierDocument, lies_in).where(DossierDocument.document_id == document.id)
    )
    session.execute(dossiers.order_by(Dossier.id).with_for_update(of=Dossier))
    query = (
        sa.select(Dossier.notation, LegalHold.reason)
        .join(LegalHold, LegalHold.dossier_id == Dossier.id)
        .join(DossierDocument, DossierDocument.dossier_id == Dossier.id)
        .where(DossierDocument.document_id == document.id, LegalHold.lifted_at.is_(None))
    )
    found = session.execute(query.order_by(LegalHold.id).limit(1)).first()
    return (found.notation, found.reason) if found else None


def expired(session: Session, agency_id: int, today: date) -> list[Dossier]:
    """Archived dossiers whose time is over, that no hold protects and no list proposes yet."""
    listed = (
        sa.select(DestructionItem.dossier_id)
        .join(Destruction, Destruction.id == DestructionItem.destruction_id)
        .where(Destruction.dropped_at.is_(None))
    )
    query = sa.select(Dossier).where(
        Dossier.agency_id == agency_id, Dossier.state == State.ARCHIVED, ~held(), Dossier.id.not_in(listed)
    )
    found = session.scalars(query.order_by(Dossier.year, Dossier.notation))
    return [one for one in found if one.keep_until is not None and one.keep_until < today]


def destructions(session: Session, agency_id: int) -> Sequence[Destruction]:
    """The lists of destruction of an agency, newest first."""
    query = sa.select(Destruction).where(Destruction.agency_id == agency_id)
    return session.scalars(query.order_by(Destruction.id.desc())).all()


def held_in(session: Session, made: Destruction) -> dict[int, str]:
    """Why dossiers of a list are on hold now, by dossier."""
    # the separator bears the order, as PostgreSQL writes it
    apart: aggregate_order_by[str] = aggregate_order_by(sa.literal_column("'; '"), LegalHold.id)
    reasons = sa.func.string_agg(LegalHold.reason, apart)
    query = sa.select(LegalHold.dossier_id, reasons.label("reasons")).where(
        LegalHold.dossier_id.in_([item.dossier_id for item in made.items]), LegalHold.lifted_at.is_(None)
    )
    return {row.dossier_id: row.reasons for row in session.execute(query.group_by(LegalHold.dossier_id))}


def destruction(session: Session, actor: Actor, destruction_id: int) -> Destruction:
    """A list of destruction of the actor's agency. Raises NotFound."""
    found = session.get(Destruction, destruction_id)
    if found is None or found.agency_id != actor.agency_id:
        raise NotFound
    return found
