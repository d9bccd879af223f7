"""Reads of missions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session, joinedload, undefer

from eoffice.core import clock
from eoffice.core.errors import NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.directions.queries import leading_each
from eoffice.directory import queries as directory
from eoffice.documents import asking
from eoffice.documents.models import Document, DocumentLink, LinkKind, Steering
from eoffice.documents.permissions import DOCUMENT_READ, visible_to
from eoffice.gateway import queries as gateway
from eoffice.gateway.models import Delivery
from eoffice.incoming import queries as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import OPEN as UNFINISHED
from eoffice.missions.models import CLOSED, Mission, State
from eoffice.missions.permissions import MISSION_GIVE, may
from eoffice.missions.workflow import MACHINE, Move
from eoffice.outgoing.models import OutgoingDocument

PAGE_SIZE = 40


class Tab(StrEnum):
    """Lists that people ask for."""

    #: what one's own unit has to do
    MINE = "mine"
    OPEN = "open"
    OVERDUE = "overdue"
    REPORTED = "reported"
    DONE = "done"

    @property
    def word(self) -> LazyString:
        """The word on the tab."""
        return _WORDS[self]


_WORDS = {
    Tab.MINE: _l("For my unit"),
    Tab.OPEN: _l("Being done"),
    Tab.OVERDUE: _l("Overdue"),
    Tab.REPORTED: _l("Reported, to be accepted"),
    Tab.DONE: _l("Finished"),
}


def in_tab(actor: Actor, tab: Tab) -> sa.ColumnElement[bool]:
    """The missions of a tab."""
    match tab:
        case Tab.MINE:
            return sa.and_(Mission.state == State.OPEN, Mission.unit_id.in_(actor.unit_ids))
        case Tab.OPEN:
            return Mission.state == State.OPEN
        case Tab.OVERDUE:
            return sa.and_(Mission.state == State.OPEN, Mission.due_on < clock.today())
        case Tab.REPORTED:
            return Mission.state == State.REPORTED
        case Tab.DONE:
            return Mission.state.in_(CLOSED)


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(Mission.agency_id.in_(actor.houses), visible_to(actor))


def listing(session: Session, actor: Actor, tab: Tab, mark: str | None = None) -> Page[Mission]:
    """One page of a list: what is due first on top, of what is finished the latest. Raises NotFound for a mark that
    cannot be read."""
    query = sa.select(Mission).join(Document, Document.id == Mission.document_id)
    query = query.where(_own(actor), in_tab(actor, tab)).options(joinedload(Mission.document))
    keys = (Mission.due_on, Mission.id)
    return page(session, query, keys, mark, PAGE_SIZE, oldest_first=tab is not Tab.DONE)


def _received(actor: Actor) -> sa.ColumnElement[bool]:
    """What other agencies' documents ask of this one and is not finished here."""
    asks = sa.and_(IncomingDocument.state.in_(UNFINISHED), Document.steering == Steering.DIRECTS)
    return sa.and_(incoming.own(actor), asks)


@dataclass(frozen=True)
class Received:
    """What a document of another agency asks of this one."""

    document: IncomingDocument
    #: who leads it here; empty: nobody was directed yet
    lead: str
    #: its sender asks for it back
    wanted_back: bool
    #: the words that are meant for this agency, or the subject
    content: str


def received(session: Session, actor: Actor, mark: str | None = None) -> Page[Received]:
    """One page of what other agencies ask of this one, what is due first on top. Raises NotFound for a mark that cannot
    be read."""
    query = sa.select(IncomingDocument).where(_received(actor)).options(undefer(IncomingDocument.due_by))
    keys = (IncomingDocument.due_by, Document.id)
    found = page(session, query, keys, mark, PAGE_SIZE, oldest_first=True)
    ids = [one.id for one in found.rows]
    leads, wanted_back = leading_each(session, ids), gateway.wanted_back(session, ids)
    agency = directory.agency(session, actor.agency_id or 0)
    called = (agency.name, agency.short_name)
    rows = [
        Received(
            one, leads.get(one.id, ""), one.id in wanted_back,
            "; ".join(task.content for task in asking.of_agency(one.summary, called)) or one.subject,
        )
        for one in found.rows
    ]  # fmt: skip
    return Page(rows, found.next, found.previous)


def count_received(session: Session, actor: Actor) -> int:
    """How many there are."""
    found = sa.select(sa.func.count()).select_from(IncomingDocument).where(_received(actor))
    return session.scalar(found) or 0


def counts(session: Session, actor: Actor) -> dict[Tab, int]:
    """How many are on each list but the one that grows for ever, in one statement."""
    wanted = [tab for tab in Tab if tab is not Tab.DONE]
    columns = [sa.func.count().filter(in_tab(actor, tab)) for tab in wanted]
    query = sa.select(*columns).select_from(Mission).join(Document, Document.id == Mission.document_id)
    row = session.execute(query.where(_own(actor), Mission.state.in_((State.OPEN, State.REPORTED)))).one()
    return dict(zip(wanted, row, strict=True))


def document(session: Session, actor: Actor, document_id: int) -> OutgoingDocument:
    """The document that missions come from. Raises NotFound."""
    found = session.get(OutgoingDocument, document_id)
    if found is None:
        raise NotFound
    require(actor, DOCUMENT_READ, found)
    return found


def of_document(session: Session, source: Document) -> Sequence[Mission]:
    """All that a document asks, what is due first on top."""
    query = sa.select(Mission).where(Mission.document_id == source.id)
    return session.scalars(query.order_by(Mission.due_on, Mission.id)).all()


def locked(session: Session, mission_id: int) -> Mission:
    """A mission, held, and its document before it, as where one is given: two steps on them never cross. Raises
    NotFound."""
    whose = sa.select(Mission.document_id).where(Mission.id == mission_id).scalar_subquery()
    session.execute(sa.select(Document.id).where(Document.id == whose).with_for_update())
    query = sa.select(Mission).where(Mission.id == mission_id).with_for_update(of=Mission)
    mission = session.scalar(query.execution_options(populate_existing=True))
    if mission is None:
        raise NotFound
    return mission


def moves(actor: Actor, mission: Mission) -> set[Move]:
    """What the actor, who knows of it, can do with it now."""
    return {
        move
        for move, rule in MACHINE.moves(mission.state).items()
        if move is not Move.BEGIN and actor.can(rule.permission) and may(actor, rule.permission, mission)
    }


def may_remind(actor: Actor, mission: Mission) -> bool:
    """Whether the actor may press for it now: only a unit is pressed, another agency is asked by a letter."""
    asked = mission.unit_id is not None and mission.state is State.OPEN
    return asked and actor.can(MISSION_GIVE) and may(actor, MISSION_GIVE, mission)


@dataclass(frozen=True)
class Progress:
    """How far an agency has come with what it was asked, as the axis and its letters tell."""

    delivery: Delivery | None
    #: what came from it in answer to the document
    replies: Sequence[IncomingDocument]


def progress(session: Session, actor: Actor, missions: Sequence[Mission]) -> dict[int, Progress]:
    """Of the missions of other agencies, by their ids; two statements whatever their number."""
    elsewhere = [one for one in missions if one.recipient_code]
    if not elsewhere:
        return {}
    sources, codes = {one.document_id for one in elsewhere}, {one.recipient_code for one in elsewhere}
    copies = {
        (one.document_id, one.recipient_code): one  # the newest stays
        for one in session.scalars(
            sa.select(Delivery)
            .where(Delivery.document_id.in_(sources), Delivery.recipient_code.in_(codes))
            .order_by(Delivery.id)
        )
    }
    came = session.execute(
        sa.select(DocumentLink.target_id, IncomingDocument)
        .join(IncomingDocument, IncomingDocument.id == DocumentLink.source_id)
        .where(DocumentLink.target_id.in_(sources), DocumentLink.kind == LinkKind.REPLY, visible_to(actor))
        .order_by(IncomingDocument.id)
    ).all()
    return {
        one.id: Progress(
            copies.get((one.document_id, one.recipient_code)),
            [
                reply
                for target, reply in came
                if target == one.document_id and reply.issuer_code == one.recipient_code
            ],
        )
        for one in elsewhere
    }


def reported_by(session: Session, letter: Document) -> Sequence[Mission]:
    """What a letter reports and nobody has accepted yet; held."""
    query = sa.select(Mission).where(Mission.letter_id == letter.id, Mission.state == State.REPORTED)
    return session.scalars(query.order_by(Mission.id).with_for_update(of=Mission)).all()


def open_for(session: Session, document_id: int, code: str) -> Sequence[Mission]:
    """What a document still asks of an agency, by any of its codes; held."""
    query = sa.select(Mission).where(
        Mission.document_id == document_id,
        Mission.state == State.OPEN,
        Mission.recipient_code.in_(gateway.codes(session, code)),
    )
    return session.scalars(query.order_by(Mission.id).with_for_update(of=Mission)).all()
