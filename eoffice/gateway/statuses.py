"""A status that came: what a recipient reports of our copy, or the sender asks of his."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import run
from eoffice.documents.models import Direction, Document
from eoffice.gateway import changes, copies, queries
from eoffice.gateway.copies import Reported
from eoffice.gateway.models import Arrival, Asked, Delivery
from exchange.model import StatusCode, StatusMessage


def content_of(message: StatusMessage) -> dict[str, Any]:
    """What a status says, as kept with its packet."""
    return {
        "status_code": message.status_code,
        "description": message.description,
        "at": message.timestamp.isoformat() if message.timestamp else None,
        "staff": message.staff.name if message.staff else "",
    }


def take(session: Session, came: Sequence[tuple[int, StatusMessage]]) -> set[int]:
    """Note what the statuses in new packets say, in their order; the packets that are about no document of ours."""
    reports = {packet: said for packet, said in came if said.status_code != StatusCode.TAKE_BACK}
    found = _copies(session, reports)
    unknown, reported = set[int](), list[Reported]()
    for packet_id, message in came:
        if message.status_code == StatusCode.TAKE_BACK:
            known = _take_back(session, packet_id, message)
        elif known := packet_id in found:
            reported += _report(session, *found[packet_id], message)
        if not known:
            unknown.add(packet_id)
    copies.tell(session, reported)
    return unknown


def _take_back(session: Session, packet_id: int, message: StatusMessage) -> bool:
    arrival = _arrival(session, message)
    if arrival is not None:
        at = message.timestamp or clock.now()
        changes.asked_of_us(session, arrival, Asked.TAKE_BACK, message.description, packet_id, at)
    return arrival is not None


def _report(session: Session, copy: Delivery, direction: Direction, message: StatusMessage) -> list[Reported]:
    """What is still to be told of it; the answer to a question of ours is told already."""
    at = message.timestamp or clock.now()
    if changes.answered(session, copy, message.status_code, message.description, at):
        return []
    kind = Document.class_of(direction)
    return [copies.take_status(copy, kind, message.status_code, message.description, at)]


# A document may have gone to the same recipient twice: from its issuer, and from who passed it on. The status is about
# the copy of whom it names, else about the newest.
_BY_ID: LiteralString = """
SELECT said.packet, copy.id, copy.direction
FROM jsonb_to_recordset(%(said)s::jsonb) AS said(packet int, uid text, "from" jsonb, "to" jsonb)
CROSS JOIN LATERAL (
    SELECT delivery.id, document.direction
    FROM document JOIN delivery ON delivery.document_id = document.id JOIN agency ON agency.id = delivery.agency_id
    WHERE lower(document.document_uid) = lower(said.uid) AND said.uid <> '' AND said."from" ? delivery.recipient_code
    ORDER BY said."to" ? agency.code OR said."to" ? COALESCE(agency.old_code, agency.code) DESC, delivery.id DESC
    LIMIT 1
) AS copy
"""
#: ids are spelt in many ways; number, date and issuer are not
_BY_CODE: LiteralString = """
SELECT said.packet, copy.id, copy.direction
FROM jsonb_to_recordset(%(said)s::jsonb)
    AS said(packet int, number text, notation text, day date, "from" jsonb, "to" jsonb)
CROSS JOIN LATERAL (
    SELECT delivery.id, document.direction
    FROM agency JOIN document ON document.agency_id = agency.id JOIN delivery ON delivery.document_id = document.id
    WHERE agency.hosted AND document.code_number = said.number AND document.code_notation = said.notation
      AND document.issued_on = said.day AND said."to" ? document.issuer_code
      AND said."from" ? delivery.recipient_code
    ORDER BY said."to" ? agency.code OR said."to" ? COALESCE(agency.old_code, agency.code) DESC, delivery.id DESC
    LIMIT 1
) AS copy
"""


def _copies(session: Session, messages: Mapping[int, StatusMessage]) -> dict[int, tuple[Delivery, Direction]]:
    """The copies of ours that recipients speak of, by the packets; held, in the order of their ids: another status may
    come at the same moment."""
    if not messages:
        return {}
    names = {code for one in messages.values() for code in (one.sender.organ_id, one.response_for.organ_id)}
    codes = queries.codes_of(session, names)
    said = [_said(packet, message, codes) for packet, message in messages.items()]
    found = _asked(session, _BY_ID, said)
    found |= _asked(session, _BY_CODE, [one for one in said if one["packet"] not in found])
    query = sa.select(Delivery).where(Delivery.id.in_([copy for copy, _ in found.values()]))
    query = query.order_by(Delivery.id).with_for_update().execution_options(populate_existing=True)
    held = {copy.id: copy for copy in session.scalars(query)}
    return {packet: (held[copy], direction) for packet, (copy, direction) in found.items()}


def _said(packet_id: int, message: StatusMessage, codes: Mapping[str, Collection[str]]) -> dict[str, Any]:
    target = message.response_for
    number, _, notation = target.code.partition("/")
    return {
        "packet": packet_id, "uid": target.document_id, "number": number, "notation": notation,
        "day": target.promulgated_on.isoformat() if target.promulgated_on else None,
        "from": sorted(codes[message.sender.organ_id]), "to": sorted(codes[target.organ_id]),
    }  # fmt: skip


def _asked(
    session: Session, question: LiteralString, said: Sequence[Mapping[str, Any]]
) -> dict[int, tuple[int, Direction]]:
    if not said:
        return {}
    rows = run(session, question, {"said": json.dumps(said, ensure_ascii=False)})
    return {row.packet: (row.id, Direction(row.direction)) for row in rows}


_TAKEN_BACK: LiteralString = """
SELECT arrival.id FROM packet JOIN arrival ON arrival.packet_id = packet.id
WHERE packet.message_type = 'edoc' AND packet.business <> 'recall' AND arrival.agency_id = ANY(%(agencies)s)
  AND packet.sender_code = ANY(%(senders)s) AND lower(packet.document_uid) = lower(%(uid)s)
ORDER BY arrival.id DESC LIMIT 1
"""
#: by number and date as the packet's own header has them
_TAKEN_BACK_BY_CODE: LiteralString = """
SELECT arrival.id FROM packet JOIN arrival ON arrival.packet_id = packet.id
WHERE packet.message_type = 'edoc' AND packet.business <> 'recall' AND arrival.agency_id = ANY(%(agencies)s)
  AND packet.sender_code = ANY(%(senders)s) AND packet.content ->> 'code_number' = %(number)s
  AND packet.content ->> 'code_notation' = %(notation)s AND packet.content ->> 'issued_on' = %(day)s
ORDER BY arrival.id DESC LIMIT 1
"""


def _arrival(session: Session, message: StatusMessage) -> Arrival | None:
    """The newest copy at one of our agencies that its sender speaks of: by the document's id, else by its number and
    date."""
    target = message.response_for
    agencies = queries.hosted_under(session, queries.codes(session, target.organ_id))
    number, _, notation = target.code.partition("/")
    asked = {
        "agencies": [agency.id for agency in agencies],
        "senders": list(queries.codes(session, message.sender.organ_id)),
        "uid": target.document_id, "number": number, "notation": notation,
        "day": target.promulgated_on.isoformat() if target.promulgated_on else None,
    }  # fmt: skip
    found = run(session, _TAKEN_BACK, asked) if target.document_id else []
    found = found or run(session, _TAKEN_BACK_BY_CODE, asked)
    return session.get_one(Arrival, found[0].id) if found else None
