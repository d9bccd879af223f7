"""How far each recipient's copy has come: proven steps, in their order."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit
from eoffice.core.db import run
from eoffice.core.events import publish
from eoffice.core.permissions import system_actor
from eoffice.documents.models import Document
from eoffice.gateway.events import CopyDone
from eoffice.gateway.models import Delivery, Hop

STATUS_TAKEN = audit.action("gateway.status_taken", _l("Recipient reported"))

#: hops in order; a later one is never undone by an earlier one that comes late
ORDER = {hop: place for place, hop in enumerate(Hop)}

#: status code on the wire, the hop it proves and the column of its time (QCVN 102:2016)
STATUSES: Mapping[str, tuple[Hop, str]] = {
    "01": (Hop.ARRIVED, "arrived_at"),
    "02": (Hop.REFUSED, "refused_at"),
    "03": (Hop.REGISTERED, "registered_at"),
    "04": (Hop.ASSIGNED, "assigned_at"),
    "05": (Hop.PROCESSING, "processing_at"),
    "06": (Hop.DONE, "done_at"),
}

# Rows are held in the order of their ids by everybody who holds several, or two would wait for each other.
_ON_AXIS: LiteralString = """
WITH held AS MATERIALIZED (
    SELECT id, hop AS was FROM delivery WHERE dispatch_id = ANY(%(dispatches)s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE delivery AS c SET on_axis_at = COALESCE(on_axis_at, %(at)s),
    hop = CASE WHEN was = ANY(%(before)s) THEN %(hop)s ELSE hop END
FROM held WHERE c.id = held.id
"""
_FETCHED: LiteralString = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS t(id int, at timestamptz, receipt jsonb)
)
UPDATE delivery AS c SET receipt = COALESCE(told.receipt, c.receipt), fetched_at = COALESCE(fetched_at, told.at),
    hop = CASE WHEN told.at IS NOT NULL AND hop = ANY(%(before)s) THEN %(hop)s ELSE hop END
FROM told WHERE c.id = told.id
"""
_UNREADABLE: LiteralString = """
UPDATE delivery AS c SET hop = 'unreadable', note = COALESCE(NULLIF(why, ''), note)
FROM unnest(%(ids)s::int[], %(why)s::text[]) AS told(id, why)
WHERE c.id = told.id AND hop IN ('on_axis', 'fetched')
"""


def before(hop: Hop) -> list[str]:
    """The hops that one leads on from."""
    return [was.value for was in Hop if _leads_on(was, hop)]


def on_axis(session: Session, dispatch_ids: Collection[int], at: datetime) -> None:
    """Note that the axis has all copies of these packets."""
    given = {
        "dispatches": list(dispatch_ids),
        "at": at,
        "before": before(Hop.ON_AXIS),
        "hop": Hop.ON_AXIS.value,
    }
    run(session, _ON_AXIS, given)


def fetched(session: Session, told: Mapping[int, tuple[datetime | None, dict[str, Any] | None]]) -> None:
    """Note when held copies were fetched, and the axis's word for it, by their ids; what is None changes nothing."""
    rows = [
        {"id": copy, "at": at.isoformat() if at else None, "receipt": receipt}
        for copy, (at, receipt) in told.items()
    ]
    given = {"rows": json.dumps(rows), "before": before(Hop.FETCHED), "hop": Hop.FETCHED.value}
    run(session, _FETCHED, given)


def unreadable(session: Session, why: Mapping[int, str]) -> None:
    """Note held copies that nobody could read there, by their ids, with what the other side says."""
    run(session, _UNREADABLE, {"ids": list(why), "why": list(why.values())})


def advance(delivery: Delivery, hop: Hop, column: str, at: datetime) -> bool:
    """Note a proven step. The same step again, or an earlier one that comes late, moves nothing back."""
    if getattr(delivery, column) is None:
        setattr(delivery, column, at)
    if not _leads_on(delivery.hop, hop):
        return False
    delivery.hop = hop
    return True


def _leads_on(now: Hop, hop: Hop) -> bool:
    match now:
        case Hop.REFUSED | Hop.DONE | Hop.WITHDRAWN:
            return False
        case Hop.FAILED:  # the axis has it after all
            return True
        case Hop.UNREADABLE:  # unless its people could read it after all
            return ORDER[hop] >= ORDER[Hop.ARRIVED]
        case _:
            return ORDER[hop] > ORDER[now]


def end(delivery: Delivery, hop: Hop, note: str) -> None:
    """The copy goes no further."""
    delivery.hop, delivery.note = hop, note or delivery.note


@dataclass(frozen=True)
class Reported:
    """What a recipient said of its copy."""

    copy: Delivery
    #: of the document
    kind: type[Document]
    code: str
    description: str
    #: whether it brought the copy further
    moved: bool


def take_status(
    delivery: Delivery, kind: type[Document], code: str, description: str, at: datetime
) -> Reported:
    """Note what a recipient reports of its copy of a document of that kind; an unknown code moves nothing. The caller
    has it told."""
    known = STATUSES.get(code)
    moved = known is not None and advance(delivery, *known, at)
    if moved or delivery.last_status_at is None or at >= delivery.last_status_at:
        delivery.last_status_at, delivery.note = at, description or delivery.note
    return Reported(delivery, kind, code, description, moved)


def tell(session: Session, reported: Sequence[Reported]) -> None:
    """Write what was reported into the log, and tell the features above what is done."""
    about = [
        audit.About(
            one.kind, one.copy.document_id, one.copy.agency_id,
            {"recipient": one.copy.recipient_name, "code": one.code, "description": one.description},
        )
        for one in reported
    ]  # fmt: skip
    if about:
        audit.record_all(session, system_actor(), STATUS_TAKEN, about)
    for one in reported:
        if one.moved and STATUSES[one.code][0] is Hop.DONE:
            publish(session, CopyDone(one.copy.document_id, one.copy.recipient_code, one.description))


def held(session: Session, dispatch_ids: Collection[int]) -> dict[int, list[Delivery]]:
    """Copies of packets as they are now, held until the use case ends: a status may come at the same moment."""
    query = sa.select(Delivery).where(Delivery.dispatch_id.in_(dispatch_ids)).order_by(Delivery.id)
    found: dict[int, list[Delivery]] = {}
    for copy in session.scalars(query.with_for_update().execution_options(populate_existing=True)):
        found.setdefault(copy.dispatch_id, []).append(copy)
    return found
