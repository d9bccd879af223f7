"""Reads of the gateway."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from eoffice.core.errors import NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.directory.models import Agency
from eoffice.documents.models import Document, DocumentLink, LinkKind
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import (
    Answer,
    Arrival,
    Delivery,
    Dispatch,
    DispatchState,
    Hop,
    Packet,
    Report,
    Request,
    Unreadable,
)
from eoffice.gateway.permissions import GATEWAY_FOLLOW, GATEWAY_UNREADABLE, unreadable_to

#: ids of arrived documents whose sender asks something that nobody has answered
ASKED_DOCUMENTS = (
    sa.select(Arrival.document_id)
    .join(Request, Request.arrival_id == Arrival.id)
    .where(Request.answer == Answer.OPEN, Arrival.document_id.is_not(None))
)
#: copies that nobody can give back, destroy or replace: not there yet, or not there any more
OUT_OF_REACH = (Hop.WAITING, Hop.REFUSED, Hop.WITHDRAWN, Hop.UNREADABLE, Hop.FAILED)
#: a person has to decide what becomes of such a copy, the worst first
TROUBLE = (Hop.FAILED, Hop.UNREADABLE, Hop.REFUSED)


def arrival_content(session: Session, arrival: Arrival) -> ArrivalContent:
    """What an arrived packet says."""
    return ArrivalContent.from_json(session.get_one(Packet, arrival.packet_id).content)


def coming(session: Session, arrival_ids: Collection[int]) -> dict[int, ArrivalContent]:
    """What the packets of those of these arrivals say that will be documents and are none yet."""
    query = (
        sa.select(Arrival.id, Packet.content)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(Arrival.id.in_(arrival_ids), Arrival.taken_in_at.is_(None), Packet.business != "recall")
    )
    return {row.id: ArrivalContent.from_json(row.content) for row in session.execute(query)}


def undelivered(session: Session, arrival_ids: Collection[int]) -> Sequence[Arrival]:
    """Those of these arrivals that have no document yet, in their order."""
    query = sa.select(Arrival).where(Arrival.id.in_(arrival_ids), Arrival.document_id.is_(None))
    return session.scalars(query.order_by(Arrival.id)).all()


def arrival_of(session: Session, document: Document) -> Arrival | None:
    """How a document came over the axis, with what its sender was told and asked; both are few."""
    query = sa.select(Arrival).where(Arrival.document_id == document.id)
    return (
        session.scalars(query.options(joinedload(Arrival.reports), joinedload(Arrival.requests)))
        .unique()
        .first()
    )


def deliveries_of(session: Session, document: Document) -> Sequence[Delivery]:
    """Every recipient's newest copy of an issued document: trouble first, then in the order of the list."""
    trouble = sa.case(
        {hop: place for place, hop in enumerate(TROUBLE)}, value=Delivery.hop, else_=len(TROUBLE)
    )
    newest = sa.select(sa.func.max(Delivery.id)).where(Delivery.document_id == document.id)
    query = sa.select(Delivery).where(Delivery.id.in_(newest.group_by(Delivery.recipient_code)))
    with_requests = query.options(joinedload(Delivery.requests)).order_by(trouble, Delivery.id)
    return session.scalars(with_requests).unique().all()


def held_copies(session: Session, document: Document) -> Sequence[Delivery]:
    """As `deliveries_of`, held until the use case ends: a status may come at the same moment."""
    rows = sa.select(Delivery).where(Delivery.document_id == document.id).order_by(Delivery.id)
    session.scalars(rows.with_for_update().execution_options(populate_existing=True)).all()
    return deliveries_of(session, document)


def dispatch_of(session: Session, document: Document) -> Dispatch | None:
    """The newest packet with an issued document itself."""
    query = sa.select(Dispatch).where(Dispatch.document_id == document.id, Dispatch.business != "recall")
    return session.scalars(query.order_by(Dispatch.id.desc())).first()


def superseded(session: Session, document: Document, at: Collection[str]) -> Sequence[Delivery]:
    """Copies of the documents this one replaces that lie at these recipients: each one's newest, if still held."""
    of_ours = sa.select(DocumentLink.target_id).where(
        DocumentLink.source_id == document.id, DocumentLink.kind == LinkKind.REPLACES
    )
    newest = sa.select(sa.func.max(Delivery.id)).where(
        Delivery.document_id.in_(of_ours), Delivery.recipient_code.in_(at)
    )
    query = sa.select(Delivery).where(
        Delivery.id.in_(newest.group_by(Delivery.document_id, Delivery.recipient_code)),
        Delivery.hop.not_in(OUT_OF_REACH),
    )
    return session.scalars(query.options(joinedload(Delivery.requests)).order_by(Delivery.id)).unique().all()


def certified(session: Session, document: Document) -> Sequence[Document]:
    """The certified copies of a document."""
    link = sa.and_(DocumentLink.source_id == Document.id, DocumentLink.kind == LinkKind.COPIES)
    query = sa.select(Document).join(DocumentLink, link).where(DocumentLink.target_id == document.id)
    return session.scalars(query.order_by(Document.id)).all()


def recall_of(session: Session, document: Document) -> Dispatch | None:
    """The packet that recalls an issued document."""
    query = sa.select(Dispatch).where(Dispatch.document_id == document.id, Dispatch.business == "recall")
    return session.scalars(query.order_by(Dispatch.id.desc())).first()


def trouble(
    session: Session, agency_id: int, fetched_before: datetime, *, limit: int = 20
) -> Sequence[Delivery]:
    """Copies of an agency that need a person: refused, failed, or on the axis since before that moment."""
    stuck = sa.and_(Delivery.hop == Hop.ON_AXIS, Delivery.on_axis_at < fetched_before)
    query = sa.select(Delivery).where(
        Delivery.agency_id == agency_id, sa.or_(Delivery.hop.in_(TROUBLE), stuck)
    )
    return session.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def in_outbox(session: Session) -> tuple[int, datetime | None]:
    """How many packets and statuses wait for the axis, and since when the oldest does."""
    postings = sa.union_all(
        sa.select(Dispatch.created_at.label("since")).where(Dispatch.state == DispatchState.WAITING),
        sa.select(Report.at.label("since")).where(Report.state == DispatchState.WAITING),
    ).subquery()
    found = session.execute(sa.select(sa.func.count(), sa.func.min(postings.c.since))).one()
    return found[0], found[1]


def stored(
    session: Session, before: datetime, *, since: datetime | None = None, limit: int = 1000
) -> Sequence[int]:
    """Arrivals stored before that moment that nobody has taken in, oldest first."""
    query = sa.select(Arrival.id).where(Arrival.taken_in_at.is_(None), Arrival.arrived_at < before)
    if since is not None:
        query = query.where(Arrival.arrived_at >= since)
    return session.scalars(query.order_by(Arrival.arrived_at).limit(limit)).all()


def not_taken_in(session: Session) -> tuple[int, datetime | None]:
    """How many arrivals are stored but before nobody's eyes yet, and since when the oldest is."""
    query = sa.select(sa.func.count(), sa.func.min(Arrival.arrived_at)).where(Arrival.taken_in_at.is_(None))
    found = session.execute(query).one()
    return found[0], found[1]


def up_to(session: Session, report: Report) -> Sequence[int]:
    """What the sender of an arrival still has to be told before a report and with it, in the order of events."""
    if report.arrival_id is None:
        return [report.id]
    query = sa.select(Report.id).where(
        Report.arrival_id == report.arrival_id,
        Report.state == DispatchState.WAITING,
        Report.id <= report.id,
    )
    return session.scalars(query.order_by(Report.id)).all()


def unreadable(session: Session, actor: Actor, *, settled: bool, mark: str | None = None) -> Page[Unreadable]:
    """Packets put aside that the actor may know of, newest first."""
    query = sa.select(Unreadable).where(unreadable_to(actor), Unreadable.settled_at.is_not(None) == settled)
    shown = query.options(joinedload(Unreadable.packet), joinedload(Unreadable.agency))
    return page(session, shown, [Unreadable.id], mark, 50)


def count_unreadable(session: Session, actor: Actor) -> int:
    """How many of them wait for a person."""
    query = sa.select(sa.func.count()).select_from(Unreadable)
    return session.scalar(query.where(unreadable_to(actor), Unreadable.settled_at.is_(None))) or 0


def one_unreadable(session: Session, actor: Actor, unreadable_id: int) -> Unreadable:
    """One packet put aside. Raises NotFound, Forbidden."""
    found = session.get(Unreadable, unreadable_id)
    if found is None:
        raise NotFound
    require(actor, GATEWAY_UNREADABLE, found)
    return found


def codes(session: Session, code: str) -> set[str]:
    """New and old code of an agency: senders use either."""
    return codes_of(session, [code])[code]


def codes_of(session: Session, named: Collection[str]) -> dict[str, set[str]]:
    """The same of several agencies, by the code each was named by."""
    query = sa.select(Agency.code, Agency.old_code)
    pairs = session.execute(query.where(sa.or_(Agency.code.in_(named), Agency.old_code.in_(named)))).all()
    return {
        code: {code}.union(*({new, old or new} for new, old in pairs if code in (new, old))) for code in named
    }


def hosted_under(session: Session, named: Collection[str]) -> Sequence[Agency]:
    """Agencies of ours with one of these codes, new or old."""
    query = sa.select(Agency).where(Agency.hosted, sa.or_(Agency.code.in_(named), Agency.old_code.in_(named)))
    return session.scalars(query.order_by(Agency.id)).all()


def requests_of(session: Session, document: Document) -> Sequence[Request]:
    """Everything the sender of an arrived document asked of it, oldest first."""
    query = sa.select(Request).join(Arrival, Request.arrival_id == Arrival.id)
    return session.scalars(query.where(Arrival.document_id == document.id).order_by(Request.id)).all()


def open_requests(session: Session, document: Document) -> list[Request]:
    """What the sender of an arrived document asks and nobody has answered yet."""
    return [one for one in requests_of(session, document) if one.answer is Answer.OPEN]


def open_requests_of(session: Session, document_ids: Collection[int]) -> dict[int, list[Request]]:
    """The same of several documents at once, by their ids; one query."""
    query = (
        sa.select(Arrival.document_id, Request)
        .join(Request, Request.arrival_id == Arrival.id)
        .where(Request.answer == Answer.OPEN, Arrival.document_id.in_(document_ids))
        .order_by(Request.id)
    )
    found: dict[int, list[Request]] = {}
    for document_id, asked in session.execute(query) if document_ids else ():
        if document_id is not None:
            found.setdefault(document_id, []).append(asked)
    return found


def wanted_back(session: Session, document_ids: Collection[int]) -> set[int]:
    """Which of these their sender wants back or destroyed, and nobody has answered; one query."""
    asked = open_requests_of(session, document_ids)
    return {one for one, requests in asked.items() if any(request.kind.withdraws for request in requests)}


def copy_of(session: Session, actor: Actor, document: Document, delivery_id: int) -> Delivery:
    """One recipient's copy of a document the actor knows of. Raises NotFound, Forbidden."""
    found = session.get(Delivery, delivery_id)
    if found is None or found.document_id != document.id:
        raise NotFound
    require(actor, GATEWAY_FOLLOW, found)
    return found


def statuses_of(session: Session, copy: Delivery, document: Document) -> Sequence[Packet]:
    """Every status a recipient sent about its copy, in the order in which they came."""
    query = sa.select(Packet).where(
        Packet.message_type == "status",
        sa.func.lower(Packet.document_uid) == document.document_uid.lower(),
        Packet.sender_code.in_(codes(session, copy.recipient_code)),
        Packet.error == "",
    )
    return session.scalars(query.order_by(Packet.id)).all()
