"""The axis's directory in ours: by versions, so that what did not change is not sent, whatever its size."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.permissions import system_actor
from eoffice.directory import following
from eoffice.directory.following import Outside, Ties
from eoffice.directory.models import Merger
from eoffice.gateway.models import Followed
from exchange.answers import DirectoryEntry
from exchange.client import AxisClient
from exchange.errors import Refused

FOLLOWED = audit.action("gateway.directory_followed", _l("Directory of the axis taken over"))

TOLD = audit.action("gateway.merger_told", _l("Axis told of a merger or its withdrawal"))
REFUSED = audit.action("gateway.merger_refused", _l("Axis did not take a merger or its withdrawal"))

#: agencies in one answer and one transaction
_PAGE = 5000


def follow(session: Session, client: AxisClient) -> int:
    """Take over what changed in the axis's directory since the last time; how many agencies are new or other.

    Killed in the middle it begins again where the last whole round ended. Raises Unavailable, Refused.
    """
    with transaction(session):
        after = session.scalar(sa.select(Followed.version).where(Followed.axis == client.endpoint)) or 0
    newest, changed, ties = after, 0, list[Ties]()
    while True:
        entries = client.synchronize_units(newest, _PAGE)
        latest = max((entry.version for entry in entries), default=newest)
        if entries and (latest > newest or not newest):
            with transaction(session):
                changed += following.enter(session, [_outside(entry) for entry in entries if _usable(entry)])
            ties += [_ties(entry) for entry in entries]
        # an axis that knows no versions sends everything every time
        if len(entries) < _PAGE or latest <= newest:
            break
        newest = latest
    if ties:
        _note(session, client.endpoint, max(latest, newest), changed, ties)
    return changed


def _note(session: Session, axis: str, version: int, changed: int, ties: Sequence[Ties]) -> None:
    with transaction(session):
        following.tie(session, ties)
        mark = session.get(Followed, axis, with_for_update=True) or Followed(axis=axis)
        mark.version, mark.asked_at = version, clock.now()
        session.add(mark)
        if changed:
            audit.record(session, system_actor(), FOLLOWED, mark, changed=changed, version=version)


def tell(session: Session, client: AxisClient, merger_id: int) -> None:
    """Say at the axis how a merger stands: planned or carried out, or withdrawn. Repeating it is harmless.

    An axis that refuses, for instance because it knows no such operation, must be told by its operator: the merger
    keeps why. Raises Unavailable.
    """
    merger = session.get_one(Merger, merger_id)
    agency, refusal = merger.agency, ""
    try:
        if merger.withdrawn_at is None:
            client.close_agency(agency.code, merger.on, agency.successor_codes, merger.legal_basis)
        else:
            client.reopen_agency(agency.code)
    except Refused as refused:
        refusal = refused.vi
    with transaction(session):
        merger = session.get_one(Merger, merger_id, with_for_update={"of": Merger})
        merger.axis_told_at, merger.axis_refusal = None if refusal else clock.now(), refusal
        action = REFUSED if refusal else TOLD
        audit.record(session, system_actor(), action, agency, on=merger.on, reason=refusal or None)


def _usable(entry: DirectoryEntry) -> bool:
    return bool(entry.name) and 0 < len(entry.code) <= 35 and len(entry.old_code) <= 35


def _outside(entry: DirectoryEntry) -> Outside:
    closed = date.fromisoformat(entry.closed_on) if entry.closed_on else None
    return Outside(
        entry.code, entry.name, entry.old_code, entry.mail[:100], not (entry.deleted or entry.locked),
        closed - timedelta(days=1) if closed else None, entry.legal_basis,
    )  # fmt: skip


def _ties(entry: DirectoryEntry) -> Ties:
    return Ties(entry.code, entry.parent_code[:35], entry.successors)
