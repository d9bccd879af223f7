"""A document packet at our agencies: one arrival at each, 01 at once, and what it asks of an earlier document."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events, jobs
from eoffice.core.jobs import Queue
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Agency
from eoffice.documents.models import Urgency
from eoffice.gateway import aside, changes, operations, queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.events import PacketArrived
from eoffice.gateway.models import Arrival, Asked, Packet, Report
from exchange.model import MessageKind

#: what 01 says
STORED = "Phần mềm đã nhận, văn thư chưa xử lý"
#: business kinds that act on an earlier document
_ASKS = {"recall": Asked.RECALL, "update": Asked.UPDATE, "replace": Asked.REPLACE}


@dataclass(frozen=True)
class Arrived:
    """A new packet with a document."""

    packet: Packet
    content: ArrivalContent
    #: codes in its own header, which may be old ones
    written: frozenset[str]
    #: codes the axis gave it to us for; another axis hands over one packet for each
    given: frozenset[str]
    #: code and name a closed agency's successor was addressed by, by the successor's own code
    inherited: Mapping[str, tuple[str, str]]


def store(session: Session, arrived: Sequence[Arrived]) -> list[Packet]:
    """Let packets arrive at every agency of ours they name, and say so to their senders; those that name none.

    01 is written before anybody has looked: it says that the system has the bytes (QCVN 102:2016).
    """
    if not arrived:
        return []
    ours = queries.hosted_under(session, {code for one in arrived for code in one.packet.addressed})
    at, made, nobody = clock.now(), list[Arrival](), list[Packet]()
    urgent: set[int] = set()
    for one in arrived:
        named = _among(ours, one.given) or _among(ours, one.packet.addressed)
        made += _arrivals(session, one, named, at)
        if not named:
            nobody.append(one.packet)
        elif one.content.urgency > Urgency.NORMAL:
            urgent.add(one.packet.id)
    session.add_all(made)
    session.flush()
    for arrival in made:
        session.add(
            Report(arrival=arrival, agency_id=arrival.agency_id, **operations.new_report("01", STORED))
        )
        audit.record(
            session, system_actor(arrival.agency_id), operations.ARRIVED, arrival,
            sender=arrival.sender_name, document=arrival.document_uid, axis_id=arrival.packet.hub_id,
        )  # fmt: skip
    if made:
        operations.announce(session, MessageKind.STATUS)
    hurried = [arrival.id for arrival in made if arrival.packet_id in urgent]
    enqueue(session, hurried, Queue.URGENT)
    enqueue(session, [arrival.id for arrival in made if arrival.packet_id not in urgent], Queue.EXCHANGE)
    return nobody


def _among(agencies: Sequence[Agency], codes: Collection[str]) -> list[Agency]:
    return [agency for agency in agencies if not {agency.code, agency.old_code}.isdisjoint(codes)]


def enqueue(session: Session, arrival_ids: Sequence[int], queue: Queue, *, once: bool = False) -> None:
    """Have a worker give stored arrivals to the features above; `once`: unless that was asked for already."""
    mark = f"take_in:{arrival_ids}" if once else None
    if arrival_ids:
        jobs.enqueue(session, "gateway.take_in", _queue=queue, _once=mark, arrival_ids=list(arrival_ids))


def _arrivals(session: Session, one: Arrived, named: Sequence[Agency], at: datetime) -> list[Arrival]:
    """One at each agency; what names a merged one, whatever the axis knows of that, is its keeper's."""
    own = {agency.id: _arrival(one, agency, at) for agency in named if agency.kept_by_id is None}
    for merged in named:
        if merged.kept_by_id is not None and merged.kept_by_id not in own:
            keeper = session.get_one(Agency, merged.kept_by_id)
            own[keeper.id] = _arrival(one, keeper, at, (_addressed(merged, one.written), merged.name))
    return list(own.values())


def _arrival(one: Arrived, agency: Agency, at: datetime, was: tuple[str, str] | None = None) -> Arrival:
    """`was`: code and name it was addressed by, when those are a merged agency's."""
    code, name = was or one.inherited.get(agency.code) or (_addressed(agency, one.written), "")
    return Arrival(
        agency_id=agency.id, packet=one.packet, sender_code=one.content.sender_code,
        sender_name=one.content.sender_name, addressed_code=code, addressed_name=name[:200],
        document_uid=one.content.document_uid, arrived_at=at,
    )  # fmt: skip


def _addressed(agency: Agency, codes: Collection[str]) -> str:
    """The agency's code as the sender wrote it; the axis itself names the current one."""
    old = agency.old_code
    return old if old is not None and old in codes and agency.code not in codes else agency.code


def take_in(session: Session, arrival_id: int) -> None:
    """Give one stored arrival to the features above, once."""
    arrival = session.get(Arrival, arrival_id, with_for_update=True, populate_existing=True)
    if arrival is None or arrival.taken_in_at is not None:
        return
    packet = session.get_one(Packet, arrival.packet_id)
    content = ArrivalContent.from_json(packet.content)
    _one_at_a_time(session, content)
    arrival.repeats_id = _earlier(session, arrival, packet)
    # set before the features look: what asks for a change of this document must find it from now on
    arrival.taken_in_at = clock.now()
    session.flush()
    aside.mend(session, packet)
    _act(session, packet, content, arrival)


def _one_at_a_time(session: Session, content: ArrivalContent) -> None:
    """Packets about one document wait for each other: a repeat has to be seen as one, a recall to find its target."""
    about = {content.document_uid.lower(), *(uid.lower() for uid in content.targets)}
    sender = min(queries.codes(session, content.sender_code))  # one name for an agency with two codes
    for uid in sorted(about):
        key = f"{sender}\n{uid}"
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))


def _earlier(session: Session, arrival: Arrival, packet: Packet) -> int | None:
    """The same document in another packet that was taken in before this one."""
    query = (
        sa.select(Arrival.id)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code == arrival.sender_code,
            Arrival.document_uid == arrival.document_uid,
            Arrival.taken_in_at.is_not(None),
            Arrival.id != arrival.id,
            Packet.business == packet.business,
        )
    )
    return session.scalar(query.order_by(Arrival.id.desc()).limit(1))


def _act(session: Session, packet: Packet, content: ArrivalContent, arrival: Arrival) -> None:
    """A new document is handed to incoming; what the packet asks of an earlier one is asked there."""
    kind = _ASKS.get(packet.business)
    if kind is not Asked.RECALL:
        events.publish(session, PacketArrived(arrival.id))
    if kind is None:
        _recalled_before(session, arrival)
        return
    # a recall of what never came is about nothing, and its sender hears so
    for target in _targets(session, arrival, content) or ([arrival] if kind is Asked.RECALL else []):
        if (
            target.taken_in_at is not None
        ):  # one that is only stored finds the recall itself when its turn comes
            changes.asked_of_us(session, target, kind, content.reason, packet, arrival.arrived_at)


def _targets(session: Session, arrival: Arrival, content: ArrivalContent) -> list[Arrival]:
    """Copies at this agency of the documents the packet names, none of its own."""
    query = (
        sa.select(Arrival)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code.in_(queries.codes(session, arrival.sender_code)),
            sa.func.lower(Arrival.document_uid).in_([uid.lower() for uid in content.targets]),
            Arrival.id != arrival.id,
            Packet.business != "recall",
        )
    )
    return list(session.scalars(query.order_by(Arrival.id)))


def _recalled_before(session: Session, arrival: Arrival) -> None:
    """Packets overtake one another: a document may arrive after its own recall."""
    wanted = json.dumps(arrival.document_uid.lower(), ensure_ascii=False)
    query = (
        sa.select(Packet)
        .join(Arrival, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code.in_(queries.codes(session, arrival.sender_code)),
            Packet.business == "recall",
            sa.func.lower(Packet.content["targets"].astext).contains(wanted, autoescape=True),
        )
        .limit(1)
    )
    recall = session.scalar(query) if arrival.document_uid else None
    if recall is not None:
        reason = ArrivalContent.from_json(recall.content).reason
        changes.asked_of_us(session, arrival, Asked.RECALL, reason, recall, arrival.arrived_at)
