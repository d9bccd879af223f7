"""What was done meanwhile, told to whoever comes second, be it by himself in another window: who, when, what.

A feature says which argument of an address names an object of its, under which type its entries stand in the log,
how a deed reads and which deeds change nothing for others; core names no feature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.audit import AuditEntry
from eoffice.core.permissions import Actor

#: what happened longer ago was there to be seen when the page was opened
_RECENT = timedelta(hours=12)


def _described(entry: AuditEntry) -> str:
    return str(audit.DECLARED.get(audit.Action(entry.action), entry.action))


@dataclass(frozen=True)
class _About:
    types: tuple[str, ...]
    words: Callable[[AuditEntry], str]
    find: Callable[[Session, int], int | None]
    harmless: tuple[str, ...]


_ABOUT: dict[str, _About] = {}


def about(
    argument: str,
    *types: str,
    words: Callable[[AuditEntry], str] = _described,
    find: Callable[[Session, int], int | None] = lambda _session, number: number,
    harmless: tuple[str, ...] = (),
) -> None:
    """Say that `argument` of an address leads, by `find`, to an object of one of these types."""
    _ABOUT[argument] = _About(types, words, find, harmless)


def sentence(session: Session, actor: Actor, arguments: Mapping[str, Any]) -> str:
    """The latest deed on what an address names; empty when there is none of late."""
    for name, value in arguments.items():
        known = _ABOUT.get(name)
        number = known.find(session, value) if known and isinstance(value, int) else None
        if known is None or number is None:
            continue
        entry = session.scalars(
            sa.select(AuditEntry)
            .where(
                AuditEntry.object_type.in_(known.types), AuditEntry.object_id == number,
                AuditEntry.agency_id.in_(actor.houses), AuditEntry.action.not_in(known.harmless),
                AuditEntry.at > clock.now() - _RECENT,
            )
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).first()  # fmt: skip
        if entry is not None:
            at, what = f"{clock.local(entry.at):%H:%M %d/%m/%Y}", known.words(entry)
            return _("%(who)s, %(at)s: %(what)s.", who=entry.actor, at=at, what=what)
    return ""
