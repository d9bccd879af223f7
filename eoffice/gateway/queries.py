"""Reads of the gateway."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from eoffice.core.errors import NotFound
from eoffice.core.paging import Page, page
from eoffice.core.permissions import Actor, require
from eoffice.directory.models import Agency
from eoffice.documents.models import Document
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.models import Arrival, Delivery, Dispatch, DispatchState, Hop, Packet, Report, Unreadable
from eoffice.gateway.permissions import GATEWAY_UNREADABLE, unreadable_to


def arrival_content(session: Session, arrival: Arrival) -> ArrivalContent:
    """What an arrived packet says."""
    return ArrivalContent.from_json(session.get_one(Packet, arrival.packet_id).content)


def reports_of(session: Session, document: Document) -> Sequence[Report]:
    """What the sender of a document was told, oldest first."""
    query = sa.select(Report).join(Arrival, Report.arrival_id == Arrival.id)
    return session.scalars(query.where(Arrival.document_id == document.id).order_by(Report.id)).all()


def deliveries_of(session: Session, document: Document) -> Sequence[Delivery]:
    """Every recipient's copy of an issued document: trouble first, then by name."""
    trouble = sa.case((Delivery.hop == Hop.FAILED, 0), (Delivery.hop == Hop.REFUSED, 1), else_=2)
    query = sa.select(Delivery).where(Delivery.document_id == document.id)
    return session.scalars(query.order_by(trouble, Delivery.id)).all()


def dispatch_of(session: Session, document: Document) -> Dispatch | None:
    """The outbox row of an issued document."""
    return session.scalars(
        sa.select(Dispatch).where(Dispatch.document_id == document.id).order_by(Dispatch.id.desc())
    ).first()


def trouble(
    session: Session, agency_id: int, fetched_before: datetime, *, limit: int = 20
) -> Sequence[Delivery]:
    """Copies of an agency that need a person: refused, failed, or on the axis since before that moment."""
    stuck = sa.and_(Delivery.hop == Hop.ON_AXIS, Delivery.on_axis_at < fetched_before)
    query = sa.select(Delivery).where(
        Delivery.agency_id == agency_id, sa.or_(Delivery.hop.in_([Hop.FAILED, Hop.REFUSED]), stuck)
    )
    return session.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def waiting(session: Session, due_before: datetime, *, limit: int = 1000) -> Sequence[Dispatch]:
    """What lies in the outbox and should have been tried before that moment, the longest due first."""
    query = sa.select(Dispatch).where(
        Dispatch.state == DispatchState.WAITING, Dispatch.next_try_at < due_before
    )
    return session.scalars(query.order_by(Dispatch.next_try_at).limit(limit)).all()


def waiting_reports(session: Session) -> Sequence[Report]:
    """Statuses that have not gone back yet, oldest first."""
    query = sa.select(Report).where(Report.state == DispatchState.WAITING).order_by(Report.id)
    return session.scalars(query).all()


def addressed_code(session: Session, report: Report) -> str:
    """The code a report goes back under: the one its sender wrote, old or new, since it may know no other."""
    return session.get_one(Arrival, report.arrival_id).addressed_code


def code_of(session: Session, agency_id: int) -> str:
    """The code an agency sends under."""
    return session.get_one(Agency, agency_id).code


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
