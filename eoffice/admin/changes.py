"""Changes of who may read that wait for a competent person, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from eoffice.core import access, audit, clock
from eoffice.core.access import AccessChange
from eoffice.core.audit import AuditEntry
from eoffice.core.permissions import Actor, described
from eoffice.directory.models import Role
from eoffice.documents import rights
from eoffice.documents.models import Document
from eoffice.documents.queries import visible
from eoffice.dossiers.models import Dossier
from eoffice.dossiers.permissions import visible_to as visible_dossiers
from eoffice.dossiers.states import Rights

#: shown, and confirmed, at once
PAGE_SIZE = 50
_OF_DOCUMENTS = ("Document", "IncomingDocument", "OutgoingDocument")
#: what an entry names, in the order of a sentence
_NAMED = ("person", "post", "title", "role", "stand_in", "to", "named", "user", "label", "dossiers", "rights")
#: permissions, in words
_RIGHTS = ("added", "removed")


@dataclass(frozen=True)
class Line:
    """One change."""

    entry_id: int
    at: datetime
    who: str
    what: str
    told: str
    #: the document or dossier it concerns; None for people and posts
    of: Document | Dossier | None
    #: who confirms it, when whoever looks at it made it or gains by it; empty: he may
    instead: str


@dataclass(frozen=True)
class Waiting:
    """The first page of what waits, and how much there is."""

    lines: Sequence[Line]
    count: int


def waiting(session: Session, actor: Actor) -> Waiting:
    """What waits in the actor's agency, the oldest first: five statements, whatever their number."""
    found, competent = access.waiting(session, actor, PAGE_SIZE), rights.confirmers(session, actor)
    documents = _documents(session, actor, _ids(found, *_OF_DOCUMENTS))
    dossiers = _dossiers(session, actor, _ids(found, "Dossier"))
    lines = []
    for one in found:
        entry = one.entry
        of = (
            documents
            if entry.object_type in _OF_DOCUMENTS
            else dossiers
            if entry.object_type == "Dossier"
            else {}
        )
        instead = rights.instead_of(actor, one, competent)
        what = str(audit.DECLARED.get(audit.Action(entry.action), entry.action))
        lines.append(
            Line(
                one.entry_id, entry.at, entry.actor, what, told(entry), of.get(entry.object_id or 0), instead
            )
        )
    return Waiting(lines, access.count(session, actor))


def _ids(found: Sequence[AccessChange], *types: str) -> set[int]:
    return {one.entry.object_id for one in found if one.entry.object_type in types and one.entry.object_id}


def _documents(session: Session, actor: Actor, ids: set[int]) -> Mapping[int, Document | Dossier]:
    query = visible(actor).where(Document.id.in_(ids))
    return {one.id: one for one in session.scalars(query)} if ids else {}


def _dossiers(session: Session, actor: Actor, ids: set[int]) -> Mapping[int, Document | Dossier]:
    query = sa.select(Dossier).where(visible_dossiers(actor), Dossier.id.in_(ids))
    return {one.id: one for one in session.scalars(query)} if ids else {}


def told(entry: AuditEntry) -> str:
    """What the entry says beside its deed: names, roles and days."""
    return "; ".join(part for part in _parts(entry) if part)


def _parts(entry: AuditEntry) -> Iterator[str]:
    details = entry.details
    if isinstance(after := details.get("after"), dict) and "rights" in after:
        yield f"{Rights(details['before']['rights']).word} → {Rights(after['rights']).word}"
    for key in _NAMED:
        value = details.get(key)
        if key == "role" and value in set(Role):
            yield str(Role(value).word)
        elif value:
            yield ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    for key, word in zip(_RIGHTS, (_("now also"), _("no more")), strict=True):
        if rights := details.get(key):
            yield f"{word}: {', '.join(map(described, rights))}"
    for key, word in _day_words().items():
        if value := details.get(key):
            yield f"{word} {_day(value)}"


def _day_words() -> dict[str, str]:
    return {"starts": _("from"), "ends": _("until"), "last_day": _("last day")}


def _day(value: str) -> str:
    if "T" in value:
        return f"{clock.local(datetime.fromisoformat(value)):%H:%M %d/%m/%Y}"
    return f"{date.fromisoformat(value):%d/%m/%Y}"
