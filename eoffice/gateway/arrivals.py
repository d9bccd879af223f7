"""A document packet at our agencies: one arrival at each, 01 at once, and what it asks of an earlier document."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from eoffice.core import audit, clock, events, jobs
from eoffice.core.db import run
from eoffice.core.jobs import Queue
from eoffice.core.permissions import system_actor
from eoffice.directory.models import Agency
from eoffice.documents.models import Urgency
from eoffice.gateway import aside, changes, messages, operations, queries
from eoffice.gateway.contents import ArrivalContent
from eoffice.gateway.events import PacketsArrived
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


def enqueue(session: Session, arrival_ids: Sequence[int], queue: Queue) -> None:
    """Have a worker give stored arrivals to the features above."""
    if arrival_ids:
        jobs.enqueue(session, "gateway.take_in", _queue=queue, arrival_ids=list(arrival_ids))


def enqueue_each(session: Session, arrival_ids: Collection[int]) -> None:
    """Have those of them that are still to be taken in tried one by one, the urgent ones before the others."""
    query = (
        sa.select(Arrival.id, Packet.content["urgency"].as_integer().label("urgency"))
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(Arrival.id.in_(arrival_ids), Arrival.taken_in_at.is_(None))
    )
    for row in session.execute(query.order_by(Arrival.id)).all():
        enqueue(session, [row.id], Queue.URGENT if row.urgency > Urgency.NORMAL else Queue.EXCHANGE)


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


@dataclass(frozen=True)
class _Coming:
    """A stored arrival that is about to be given to the features above."""

    arrival: Arrival
    packet: Packet
    content: ArrivalContent
    #: its sender's codes
    names: Collection[str]


def take_in(session: Session, arrival_ids: Collection[int], seen: Mapping[int, object]) -> None:
    """Give stored arrivals to the features above, each once; what somebody else is taking in is left to him.

    `seen`: what was seen of their files, by `PacketsComing`.
    """
    query = (
        sa.select(Arrival, Packet)
        .join(Packet, Arrival.packet_id == Packet.id)
        .where(Arrival.id.in_(arrival_ids), Arrival.taken_in_at.is_(None))
        .order_by(Arrival.id)
        .with_for_update(of=Arrival, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).all()
    names = queries.codes_of(session, {arrival.sender_code for arrival, _ in found})
    coming = [
        _Coming(arrival, packet, ArrivalContent.from_json(packet.content), names[arrival.sender_code])
        for arrival, packet in found
    ]
    _one_at_a_time(session, coming)
    # before the features look: what asks for a change of this document must find it from now on
    _mark(session, coming)
    aside.mend(session, [one.packet for one in coming])
    made = [one.arrival.id for one in coming if _ASKS.get(one.packet.business) is not Asked.RECALL]
    if made:
        events.publish(session, PacketsArrived(made, seen))
    _ask_for_recalled(session, coming)
    for one in coming:
        _act(session, one)


def _one_at_a_time(session: Session, coming: Sequence[_Coming]) -> None:
    """Packets about one document wait for each other: a repeat has to be seen as one, a recall to find its target."""
    about = {
        f"{min(one.names)}\n{uid.lower()}"  # one name for an agency with two codes
        for one in coming
        for uid in (one.content.document_uid, *one.content.targets)
    }
    if about:
        run(session, _LOCK, {"about": sorted(about)})


#: in one order, or two would wait for each other
_LOCK: LiteralString = """
SELECT pg_advisory_xact_lock(key) FROM (
    SELECT DISTINCT hashtextextended(about, 0) AS key FROM unnest(%(about)s::text[]) AS about ORDER BY key
) AS keys
"""


#: As taken in, and which arrival each repeats: the same document in another packet that was taken in before it. From
#: the packet by its document's id to the arrivals, one index after the other: were the server free to choose, it would,
#: before it knows how large the tables are, look through all that the agency ever got.
_MARK: LiteralString = """
UPDATE arrival SET taken_in_at = %(now)s, repeats_id = (
    SELECT before.id FROM (SELECT document_uid, business FROM packet WHERE id = arrival.packet_id OFFSET 0) AS packet
    CROSS JOIN LATERAL (
        SELECT id FROM packet AS sent
        WHERE lower(sent.document_uid) = lower(packet.document_uid) AND sent.business = packet.business OFFSET 0
    ) AS sent
    CROSS JOIN LATERAL (
        SELECT id, agency_id, sender_code, taken_in_at FROM arrival AS before
        WHERE before.packet_id = sent.id OFFSET 0
    ) AS before
    WHERE before.agency_id = arrival.agency_id AND before.sender_code = arrival.sender_code
      AND before.id <> arrival.id
      AND (before.id = ANY(%(ids)s) AND before.id < arrival.id
           OR before.id <> ALL(%(ids)s) AND before.taken_in_at IS NOT NULL)
    ORDER BY before.id DESC LIMIT 1)
WHERE id = ANY(%(ids)s) RETURNING id, repeats_id
"""


def _mark(session: Session, coming: Sequence[_Coming]) -> None:
    now = clock.now()
    rows = run(session, _MARK, {"ids": [one.arrival.id for one in coming], "now": now})
    repeats = {row.id: row.repeats_id for row in rows}
    for one in coming:
        set_committed_value(one.arrival, "taken_in_at", now)
        set_committed_value(one.arrival, "repeats_id", repeats[one.arrival.id])


def _act(session: Session, one: _Coming) -> None:
    """What a packet asks of earlier documents is asked there."""
    arrival, kind = one.arrival, _ASKS.get(one.packet.business)
    if kind is None:
        return
    # a recall of what never came is about nothing, and its sender hears so
    targets = _targets(session, arrival, one.content, one.names)
    for target in targets or ([arrival] if kind is Asked.RECALL else []):
        if (
            target.taken_in_at is not None
        ):  # one that is only stored finds the recall itself when its turn comes
            changes.asked_of_us(session, target, kind, one.content.reason, one.packet.id, arrival.arrived_at)


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
            sa.func.lower(Packet.document_uid).in_([sa.func.lower(uid) for uid in content.targets if uid]),
            Arrival.id != arrival.id,
            Packet.business != "recall",
        )
    )
    return list(session.scalars(query.order_by(Arrival.id)))


_RECALLS: LiteralString = """
SELECT came.id, recall.id AS packet_id, recall.content ->> 'reason' AS reason
FROM jsonb_to_recordset(%(came)s::jsonb) AS came(id int, agency_id int, names text[], uid text)
CROSS JOIN LATERAL (
    SELECT packet.id, packet.content FROM packet JOIN arrival ON arrival.packet_id = packet.id
    WHERE packet.business = 'recall' AND packet.sender_code = ANY(came.names) AND arrival.agency_id = came.agency_id
      AND lower(packet.content ->> 'targets')::jsonb ? lower(came.uid)
    LIMIT 1
) AS recall
"""


def _ask_for_recalled(session: Session, coming: Sequence[_Coming]) -> None:
    """Packets overtake one another: a document may arrive after its own recall."""
    new = {
        one.arrival.id: one.arrival
        for one in coming
        if one.packet.business not in _ASKS and one.arrival.document_uid
    }
    came = [
        {
            "id": one.arrival.id,
            "agency_id": one.arrival.agency_id,
            "names": sorted(one.names),
            "uid": one.arrival.document_uid,
        }
        for one in coming
        if one.arrival.id in new
    ]
    if not came:
        return
    for row in run(session, _RECALLS, {"came": json.dumps(came, ensure_ascii=False)}):
        arrival = new[row.id]
        changes.asked_of_us(session, arrival, Asked.RECALL, row.reason, row.packet_id, arrival.arrived_at)
