"""A document packet at our agencies: one arrival at each, 01 at once, and what it asks of an earlier document."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Agency
from eoffice.gateway import aside, changes, operations, queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.events import PacketArrived
from eoffice.gateway.models import Arrival, Asked, Packet

#: business kinds that act on an earlier document
_ASKS = {"recall": Asked.RECALL, "update": Asked.UPDATE, "replace": Asked.REPLACE}


#: code and name a closed agency's successor was addressed by, by the successor's own code
Inherited = Mapping[str, tuple[str, str]]


def take(
    session: Session, packet: Packet, content: ArrivalContent, written: set[str], inherited: Inherited
) -> bool:
    """Let a new packet arrive at every agency of ours it names; False when it names none.

    `written`: the codes in its own header, which may be old ones.
    """
    _one_at_a_time(session, content)
    local = queries.hosted_under(session, packet.addressed)
    for agency in local:
        addressed = inherited.get(agency.code) or (_written(agency, written), "")
        _arrive(session, packet, content, agency, addressed)
    if local:
        aside.mend(session, packet)
    return bool(local)


def _one_at_a_time(session: Session, content: ArrivalContent) -> None:
    """Two packets with one document wait for each other: the second has to see that it is a repeat."""
    key = f"{content.sender_code}\n{content.document_uid}"
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))


def _written(agency: Agency, codes: set[str]) -> str:
    """The agency's code as the sender wrote it; the axis itself names the current one."""
    old = agency.old_code
    return old if old is not None and old in codes and agency.code not in codes else agency.code


def _arrive(
    session: Session, packet: Packet, content: ArrivalContent, agency: Agency, addressed: tuple[str, str]
) -> None:
    """One arrival at one agency; 01 goes back in the same transaction, before anybody has looked at it."""
    earlier = session.scalar(
        sa.select(Arrival.id)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == agency.id,
            Arrival.sender_code == content.sender_code,
            Arrival.document_uid == content.document_uid,
            Packet.business == packet.business,
        )
        .order_by(Arrival.id.desc())
        .limit(1)
    )
    arrival = Arrival(
        agency_id=agency.id, packet_id=packet.id, sender_code=content.sender_code, sender_name=content.sender_name,
        addressed_code=addressed[0], addressed_name=addressed[1][:200],
        document_uid=content.document_uid, arrived_at=clock.now(), repeats_id=earlier,
    )  # fmt: skip
    session.add(arrival)
    session.flush()
    operations.report_arrival(session, arrival, "01", "Phần mềm đã nhận, văn thư chưa xử lý")
    _act(session, packet, content, arrival)
    audit.record(
        session, system_actor(agency.id), operations.ARRIVED, arrival,
        sender=content.sender_name, document=content.document_uid, axis_id=packet.hub_id,
    )  # fmt: skip


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
    query = (
        sa.select(Packet)
        .join(Arrival, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code == arrival.sender_code,
            Packet.business == "recall",
            Packet.content["targets"].contains([arrival.document_uid]),
        )
        .limit(1)
    )
    recall = session.scalar(query) if arrival.document_uid else None
    if recall is not None:
        reason = ArrivalContent.from_json(recall.content).reason
        changes.asked_of_us(session, arrival, Asked.RECALL, reason, recall, arrival.arrived_at)
