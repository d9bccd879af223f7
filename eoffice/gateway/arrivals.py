"""A document packet at our agencies: one arrival at each, 01 at once, and what it asks of an earlier document."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, events, jobs
from eoffice.core.db import run
from eoffice.core.jobs import Queue
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Agency
from eoffice.documents.models import Urgency
from eoffice.gateway import aside, changes, messages, operations, queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.events import PacketArrived
from eoffice.gateway.messages import Said
from eoffice.gateway.models import Arrival, Asked, Packet
from exchange.model import StatusMessage

#: what 01 says
STORED = "Phần mềm đã nhận, văn thư chưa xử lý"
#: business kinds that act on an earlier document
_ASKS = {"recall": Asked.RECALL, "update": Asked.UPDATE, "replace": Asked.REPLACE}


@dataclass(frozen=True)
class Arrived:
    """A new packet with a document."""

    packet_id: int
    hub_id: str
    #: codes it is addressed to, as far as axis and header tell
    addressed: Sequence[str]
    content: ArrivalContent
    #: codes in its own header, which may be old ones
    written: frozenset[str]
    #: codes the axis gave it to us for; another axis hands over one packet for each
    given: frozenset[str]
    #: code and name a closed agency's successor was addressed by, by the successor's own code
    inherited: Mapping[str, tuple[str, str]]


_INSERT: LiteralString = """
INSERT INTO arrival (agency_id, packet_id, sender_code, sender_name, addressed_code, addressed_name, document_uid,
    arrived_at)
SELECT agency_id, packet_id, sender_code, sender_name, addressed_code, addressed_name, document_uid, %(at)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS a(agency_id int, packet_id int, sender_code text, sender_name text,
    addressed_code text, addressed_name text, document_uid text)
RETURNING id, agency_id, packet_id
"""


def store(session: Session, arrived: Sequence[Arrived]) -> list[Arrived]:
    """Let packets arrive at every agency of ours they name, and say so to their senders; those that name none.

    01 is written before anybody has looked: it says that the system has the bytes (QCVN 102:2016).
    """
    if not arrived:
        return []
    ours = queries.hosted_under(session, {code for one in arrived for code in one.addressed})
    at, made, nobody = clock.now(), dict[tuple[int, int], _New](), list[Arrived]()
    for one in arrived:
        named = _among(ours, one.given) or _among(ours, one.addressed)
        made |= {(new.agency.id, one.packet_id): new for new in _arrivals(session, one, named)}
        if not named:
            nobody.append(one)
    if made:
        rows = json.dumps([new.columns() for new in made.values()], ensure_ascii=False)
        ids = {
            (row.agency_id, row.packet_id): row.id for row in run(session, _INSERT, {"rows": rows, "at": at})
        }
        _announce(session, {ids[key]: new for key, new in made.items()}, at)
    return nobody


def _announce(session: Session, made: Mapping[int, "_New"], at: datetime) -> None:
    """Say that they are stored: to their senders, in the log, and to the features above."""
    said = Said("01", STORED, at)
    reports = [
        operations.NewReport(said, new.status(said), new.agency.id, arrival_id)
        for arrival_id, new in made.items()
    ]
    operations.put_reports(session, reports, at)
    logged = [
        audit.About(Arrival, arrival_id, new.agency.id, new.logged()) for arrival_id, new in made.items()
    ]
    audit.record_all(session, system_actor(), operations.ARRIVED, logged)
    urgent = {key for key, new in made.items() if new.arrived.content.urgency > Urgency.NORMAL}
    enqueue(session, sorted(urgent), Queue.URGENT)
    enqueue(session, [arrival_id for arrival_id in made if arrival_id not in urgent], Queue.EXCHANGE)


def _among(agencies: Sequence[Agency], codes: Collection[str]) -> list[Agency]:
    return [agency for agency in agencies if not {agency.code, agency.old_code}.isdisjoint(codes)]


def enqueue(session: Session, arrival_ids: Sequence[int], queue: Queue, *, once: bool = False) -> None:
    """Have a worker give stored arrivals to the features above; `once`: unless that was asked for already."""
    mark = f"take_in:{arrival_ids}" if once else None
    if arrival_ids:
        jobs.enqueue(session, "gateway.take_in", _queue=queue, _once=mark, arrival_ids=list(arrival_ids))


def _arrivals(session: Session, one: Arrived, named: Sequence[Agency]) -> list["_New"]:
    """One at each agency; what names a merged one, whatever the axis knows of that, is its keeper's."""
    own = {agency.id: _arrival(one, agency) for agency in named if agency.kept_by_id is None}
    for merged in named:
        if merged.kept_by_id is not None and merged.kept_by_id not in own:
            keeper = session.get_one(Agency, merged.kept_by_id)
            own[keeper.id] = _arrival(one, keeper, (_addressed(merged, one.written), merged.name))
    return list(own.values())


@dataclass(frozen=True)
class _New:
    """An arrival that is about to be written."""

    arrived: Arrived
    agency: Agency
    addressed_code: str
    addressed_name: str

    def status(self, said: Said) -> StatusMessage:
        """What its sender is told."""
        about = messages.arrived(self.arrived.content, self.arrived.content.sender_code)
        return messages.status(self.agency, self.addressed_code, about, said)

    def columns(self) -> dict[str, object]:
        """What its row holds."""
        content = self.arrived.content
        return {
            "agency_id": self.agency.id, "packet_id": self.arrived.packet_id, "sender_code": content.sender_code,
            "sender_name": content.sender_name, "addressed_code": self.addressed_code,
            "addressed_name": self.addressed_name[:200], "document_uid": content.document_uid,
        }  # fmt: skip

    def logged(self) -> dict[str, object]:
        """What the log says of it."""
        content = self.arrived.content
        return {
            "sender": content.sender_name,
            "document": content.document_uid,
            "axis_id": self.arrived.hub_id,
        }


def _arrival(one: Arrived, agency: Agency, was: tuple[str, str] | None = None) -> _New:
    """`was`: code and name it was addressed by, when those are a merged agency's."""
    code, name = was or one.inherited.get(agency.code) or (_addressed(agency, one.written), "")
    return _New(one, agency, code, name)


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
    names = queries.codes(session, arrival.sender_code)
    _one_at_a_time(session, content, names)
    arrival.repeats_id = _earlier(session, arrival, packet)
    # set before the features look: what asks for a change of this document must find it from now on
    arrival.taken_in_at = clock.now()
    session.flush()
    aside.mend(session, packet)
    _act(session, packet, content, arrival, names)


def _one_at_a_time(session: Session, content: ArrivalContent, names: Collection[str]) -> None:
    """Packets about one document wait for each other: a repeat has to be seen as one, a recall to find its target."""
    about = {content.document_uid.lower(), *(uid.lower() for uid in content.targets)}
    sender = min(names)  # one name for an agency with two codes
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


def _act(
    session: Session, packet: Packet, content: ArrivalContent, arrival: Arrival, names: Collection[str]
) -> None:
    """A new document is handed to incoming; what the packet asks of an earlier one is asked there.

    `names`: the sender's codes.
    """
    kind = _ASKS.get(packet.business)
    if kind is not Asked.RECALL:
        events.publish(session, PacketArrived(arrival.id))
    if kind is None:
        _recalled_before(session, arrival, names)
        return
    # a recall of what never came is about nothing, and its sender hears so
    for target in _targets(session, arrival, content, names) or ([arrival] if kind is Asked.RECALL else []):
        if (
            target.taken_in_at is not None
        ):  # one that is only stored finds the recall itself when its turn comes
            changes.asked_of_us(session, target, kind, content.reason, packet.id, arrival.arrived_at)


def _targets(
    session: Session, arrival: Arrival, content: ArrivalContent, names: Collection[str]
) -> list[Arrival]:
    """Copies at this agency of the documents the packet names, none of its own."""
    query = (
        sa.select(Arrival)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code.in_(names),
            sa.func.lower(Arrival.document_uid).in_([uid.lower() for uid in content.targets]),
            Arrival.id != arrival.id,
            Packet.business != "recall",
        )
    )
    return list(session.scalars(query.order_by(Arrival.id)))


def _recalled_before(session: Session, arrival: Arrival, names: Collection[str]) -> None:
    """Packets overtake one another: a document may arrive after its own recall."""
    wanted = json.dumps(arrival.document_uid.lower(), ensure_ascii=False)
    query = (
        sa.select(Packet)
        .join(Arrival, Arrival.packet_id == Packet.id)
        .where(
            Arrival.agency_id == arrival.agency_id,
            Arrival.sender_code.in_(names),
            Packet.business == "recall",
            sa.func.lower(Packet.content["targets"].astext).contains(wanted, autoescape=True),
        )
        .limit(1)
    )
    recall = session.scalar(query) if arrival.document_uid else None
    if recall is not None:
        reason = ArrivalContent.from_json(recall.content).reason
        changes.asked_of_us(session, arrival, Asked.RECALL, reason, recall.id, arrival.arrived_at)
