"""Who could read a document on a day, and why: answered from dated facts, without its content.

The facts are posts with their days, the rights of roles, and the access list with the moment of each entry; the
rule is `documents.permissions.may_know`, said once more for a day of the past. A test replays histories and compares.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.admin.permissions import ADMIN_ACCESS
from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import NotFound
from eoffice.core.permissions import Actor, require
from eoffice.directory.models import Absence, Assignment
from eoffice.directory.queries import current
from eoffice.documents.models import Document, DocumentAccess
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL

ASKED = audit.action("admin.access_asked", _l("Asked who could read a document"))
#: documents offered when a number fits several
MOST = 20


@dataclass(frozen=True)
class Reader:
    """Somebody who could read it on the day."""

    name: str
    #: the posts held that day
    posts: str
    reasons: tuple[str, ...]


def find(session: Session, actor: Actor, number: str) -> Sequence[Document]:
    """Documents of one's agency by number and notation, or by register number; the newest first. Raises Forbidden."""
    require(actor, ADMIN_ACCESS)
    plain = number.strip()
    code, _slash, notation = plain.partition("/")
    # a number below ten stands on paper with a zero before it or without
    numbers = {code, code.zfill(2), code.lstrip("0")} if code.isascii() and code.isdecimal() else {code}
    fits = sa.and_(Document.code_number.in_(numbers), Document.code_notation == notation)
    if plain.isascii() and plain.isdecimal() and len(plain) < 10:
        fits = sa.or_(fits, Document.register_number == int(plain))
    query = sa.select(Document).where(Document.agency_id == actor.agency_id, fits)
    return session.scalars(query.order_by(Document.listed_at.desc(), Document.id.desc()).limit(MOST)).all()


def readers(session: Session, actor: Actor, document_id: int, day: date) -> list[Reader]:
    """Everybody who could read the document at some moment of that day, by name; asking is noted in the log.

    Raises Forbidden, NotFound.
    """
    with transaction(session):
        require(actor, ADMIN_ACCESS)
        document = session.get(Document, document_id)
        if document is None or document.agency_id != actor.agency_id:
            raise NotFound
        found = _readers(session, document, day)
        audit.record(session, actor, ASKED, document, day=day)
    return found


def _readers(session: Session, document: Document, day: date) -> list[Reader]:
    ended = clock.day_start(day + timedelta(days=1))
    if document.created_at >= ended:
        return []
    held: dict[int, list[Assignment]] = defaultdict(list)
    posts = sa.select(Assignment).where(Assignment.agency_id == document.agency_id, current(day))
    for post in session.scalars(posts):
        held[post.person_id].append(post)
    away = _absences(session, document.agency_id, day)
    query = sa.select(DocumentAccess).where(
        DocumentAccess.document_id == document.id, DocumentAccess.given_at < ended
    )
    given = session.scalars(query).all()
    found = [
        Reader(own[0].person.full_name, "; ".join(post.title for post in own), reasons)
        for own in held.values()
        if (reasons := tuple(dict.fromkeys([*_reasons(own, given), *_standing_in(own, away, given)])))
    ]
    sort_keys = {own[0].person.full_name: own[0].person.sort_key for own in held.values()}
    return sorted(found, key=lambda one: sort_keys[one.name])


def _absences(session: Session, agency_id: int, day: date) -> Sequence[Absence]:
    begun = clock.day_start(day)
    query = sa.select(Absence).where(
        Absence.agency_id == agency_id, Absence.starts_on <= day, Absence.ends_on >= day,
        sa.or_(Absence.ended_at.is_(None), Absence.ended_at >= begun),
    )  # fmt: skip
    return session.scalars(query).all()


def _standing_in(
    own: Sequence[Assignment], away: Sequence[Absence], given: Sequence[DocumentAccess]
) -> Iterable[str]:
    """What the holder of these posts could read for those who were away."""
    mine = {post.id for post in own}
    absences = [one for one in away if one.stand_in_id in mine]
    rights = {right for post in own for right in accounts.of(post.role)}
    for one in absences:
        lent = accounts.lent(one.post)
        by_name = any(entry.person_id == one.post.person_id for entry in given)
        if DOCUMENT_READ_ALL in lent or (by_name and DOCUMENT_READ in rights | lent):
            yield _("Standing in for %(name)s", name=one.post.label)


def _reasons(own: Sequence[Assignment], given: Sequence[DocumentAccess]) -> Iterable[str]:
    """Why the holder of these posts could read it; nothing when not."""
    rights = {post: accounts.of(post.role) for post in own}
    for post in own:
        if DOCUMENT_READ_ALL in rights[post]:
            yield _("As %(role)s: reads every document of the agency", role=str(post.role.word).lower())
    if not any(DOCUMENT_READ in one for one in rights.values()):
        return
    for entry in given:
        since = f"{clock.local(entry.given_at):%H:%M %d/%m/%Y}"
        if entry.person_id == own[0].person_id:
            yield _("Brought in by name at %(time)s", time=since)
        units = (post.unit for post in own if post.unit is not None and post.unit_id == entry.unit_id)
        for unit in units:
            yield _("In the unit “%(unit)s”, brought in at %(time)s", unit=unit.name, time=since)
