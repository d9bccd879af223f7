"""Who could read a document on a day, and why: answered from dated facts, without its content.

The facts are posts with their days, the rights of roles, and the access list with the moment of each entry; the
rule is `documents.permissions.may_know`, said once more for a day of the past. A test replays histories and compares.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
from eoffice.directory import roles
from eoffice.directory.models import Absence, Assignment, Merger
from eoffice.directory.queries import current
from eoffice.documents.models import Document, DocumentAccess, DocumentMove
from eoffice.documents.permissions import DOCUMENT_READ, DOCUMENT_READ_ALL

ASKED = audit.action("admin.access_asked", _l("Asked who could read a document"))
#: documents offered when a number fits several
MOST = 20


@dataclass(frozen=True)
class Reader:
    """Somebody who could read it on the day."""

    name: str
    #: the posts held that day, in which agency
    posts: str
    agency: str
    reasons: tuple[str, ...]


def find(session: Session, actor: Actor, number: str) -> Sequence[Document]:
    """Documents of one's agency, or of one merged into it, by number and notation, or by register number; the newest
    first. Raises Forbidden.
    """
    require(actor, ADMIN_ACCESS)
    plain = number.strip()
    code, _slash, notation = plain.partition("/")
    # a number below ten stands on paper with a zero before it or without
    numbers = {code, code.zfill(2), code.lstrip("0")} if code.isascii() and code.isdecimal() else {code}
    fits = sa.and_(Document.code_number.in_(numbers), Document.code_notation == notation)
    if plain.isascii() and plain.isdecimal() and len(plain) < 10:
        fits = sa.or_(fits, Document.register_number == int(plain))
    query = sa.select(Document).where(Document.agency_id.in_(actor.houses), fits)
    return session.scalars(query.order_by(Document.listed_at.desc(), Document.id.desc()).limit(MOST)).all()


def readers(session: Session, actor: Actor, document_id: int, day: date) -> list[Reader]:
    """Everybody who could read the document at some moment of that day, by name; asking is noted in the log.

    Raises Forbidden, NotFound.
    """
    with transaction(session):
        require(actor, ADMIN_ACCESS)
        document = session.get(Document, document_id)
        if document is None or document.agency_id not in actor.houses:
            raise NotFound
        found = _readers(session, document, day)
        audit.record(session, actor, ASKED, document, day=day)
    return found


def _readers(session: Session, document: Document, day: date) -> list[Reader]:
    ended = clock.day_start(day + timedelta(days=1))
    if document.created_at >= ended:
        return []
    #: by agency and person: nobody acts in two agencies at once
    held: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    houses = _houses(session, document, day)
    for post in session.scalars(sa.select(Assignment).where(_holding(houses, day))):
        held[post.agency_id, post.person_id].append(post)
    away = _absences(session, houses, day)
    asked = {post.id: post for own in held.values() for post in own} | {one.post_id: one.post for one in away}
    rights = _rights(session, list(asked.values()), day)
    query = sa.select(DocumentAccess).where(
        DocumentAccess.document_id == document.id, DocumentAccess.given_at < ended
    )
    given = session.scalars(query).all()
    found = [
        Reader(own[0].person.full_name, "; ".join(post.title for post in own), own[0].agency.name, reasons)
        for own in held.values()
        if (
            reasons := tuple(
                dict.fromkeys([*_reasons(own, given, rights), *_standing_in(own, away, given, rights)])
            )
        )
    ]
    sort_keys = {own[0].person.full_name: own[0].person.sort_key for own in held.values()}
    return sorted(found, key=lambda one: sort_keys[one.name])


#: what each role allowed that a post had at some moment of the day, the roles by their names
Rights = Mapping[int, Mapping[str, frozenset[str]]]


def _rights(session: Session, posts: Sequence[Assignment], day: date) -> Rights:
    """By post. One that had an own role for a part of the day had its standard role for the rest."""
    begun, ended = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    own = roles.held_between(session, [post.id for post in posts], begun, ended)
    found = dict[int, dict[str, frozenset[str]]]()
    for post in posts:
        mine = found[post.id] = defaultdict(frozenset)
        for one in own.get(post.id, ()):
            mine[one.name] |= one.rights
        if sum((one.until - one.since for one in own.get(post.id, ())), timedelta()) < ended - begun:
            mine[str(post.role.word)] |= accounts.standard(post.role)
    return found


def _houses(session: Session, document: Document, day: date) -> set[int]:
    """The agencies whose people it was for at some moment of the day: where it lay, and who kept that agency's."""
    begun, ended = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    moves = sa.select(DocumentMove).where(DocumentMove.document_id == document.id).order_by(DocumentMove.id)
    lay = [(move.agency_id, move.at) for move in session.scalars(moves)] + [(document.agency_id, ended)]
    found, since = set[int](), document.created_at
    for agency_id, until in lay:
        for house, first, last in _kept(session, agency_id, since, until):
            if first < min(last, ended) and last > begun:
                found.add(house)
        since = until
    return found


def _kept(
    session: Session, agency_id: int, since: datetime, until: datetime
) -> Iterable[tuple[int, datetime, datetime]]:
    """Whose people could read what lay in an agency between two moments: its own and, once it was merged, those of the
    agency that keeps it, one after the other; each from when to when.
    """
    merged = sa.select(Merger.to_id, Merger.done_at).where(Merger.done_at.is_not(None))
    while (keeper := session.execute(merged.where(Merger.agency_id == agency_id)).one_or_none()) is not None:
        yield agency_id, since, min(until, keeper.done_at)
        agency_id, since = keeper.to_id, max(since, keeper.done_at)
    yield agency_id, since, until


def _holding(houses: Collection[int], day: date) -> sa.ColumnElement[bool]:
    """Posts in these agencies that held on the day; on that of a merger those too that ended by it with the day before:
    until the moment at which it was carried out they acted.
    """
    begun, ended = clock.day_start(day), clock.day_start(day + timedelta(days=1))
    merged = sa.select(Merger.agency_id).where(Merger.done_at >= begun, Merger.done_at < ended)
    until_then = sa.and_(Assignment.agency_id.in_(merged), current(day - timedelta(days=1)))
    return sa.and_(Assignment.agency_id.in_(houses), sa.or_(current(day), until_then))


def _absences(session: Session, houses: Collection[int], day: date) -> Sequence[Absence]:
    begun = clock.day_start(day)
    query = sa.select(Absence).where(
        Absence.agency_id.in_(houses), Absence.starts_on <= day, Absence.ends_on >= day,
        sa.or_(Absence.ended_at.is_(None), Absence.ended_at >= begun),
    )  # fmt: skip
    return session.scalars(query).all()


def _standing_in(
    own: Sequence[Assignment], away: Sequence[Absence], given: Sequence[DocumentAccess], rights: Rights
) -> Iterable[str]:
    """What the holder of these posts could read for those who were away."""
    mine = {post.id for post in own}
    absences = [one for one in away if one.stand_in_id in mine]
    having = _all(rights, *own)
    for one in absences:
        lent = accounts.may_be_lent(_all(rights, one.post))
        by_name = any(entry.person_id == one.post.person_id for entry in given)
        if DOCUMENT_READ_ALL in lent or (by_name and DOCUMENT_READ in having | lent):
            yield _("Standing in for %(name)s", name=one.post.label)


def _all(rights: Rights, *posts: Assignment) -> frozenset[str]:
    """Whatever these posts allowed that day."""
    return frozenset[str]().union(*(one for post in posts for one in rights[post.id].values()))


def _reasons(own: Sequence[Assignment], given: Sequence[DocumentAccess], rights: Rights) -> Iterable[str]:
    """Why the holder of these posts could read it; nothing when not."""
    for post in own:
        for role, allowed in rights[post.id].items():
            if DOCUMENT_READ_ALL in allowed:
                yield _("As %(role)s: reads every document of the agency", role=role.lower())
    if DOCUMENT_READ not in _all(rights, *own):
        return
    for entry in given:
        since = f"{clock.local(entry.given_at):%H:%M %d/%m/%Y}"
        if entry.person_id == own[0].person_id:
            yield _("Brought in by name at %(time)s", time=since)
        units = (post.unit for post in own if post.unit is not None and post.unit_id == entry.unit_id)
        for unit in units:
            yield _("In the unit “%(unit)s”, brought in at %(time)s", unit=unit.name, time=since)
