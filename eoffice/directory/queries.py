"""Reads of the directory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.text import search_text
from eoffice.directory.models import Agency, Assignment, Delegation, Person, Role, Unit


def agency(session: Session, agency_id: int) -> Agency:
    """An agency that is known to exist."""
    return session.get_one(Agency, agency_id)


def agency_by_code(session: Session, code: str) -> Agency | None:
    """Find an agency by its new code or its old one; both may stand on the wire."""
    wanted = code.strip()
    return session.scalar(sa.select(Agency).where(sa.or_(Agency.code == wanted, Agency.old_code == wanted)))


def hosted(session: Session) -> Sequence[Agency]:
    """The agencies that work in this installation."""
    return session.scalars(sa.select(Agency).where(Agency.hosted).order_by(Agency.code)).all()


#: agencies looked through in the order of the list before the index of letter groups is asked
_FIRST = 2000


def search_agencies(
    session: Session, text: str, *, limit: int = 12, without: int | None = None
) -> Sequence[Agency]:
    """Type-ahead: every word typed is part of the folded name or code; closed agencies are left out.

    Hosted agencies come first. Common words fill the list within its first rows; for the others the index
    of letter groups is asked, which needs a word of three letters: with less, the person types on.
    """
    words = search_text(text).split()
    fits = [Agency.folded.contains(word, autoescape=True) for word in words]
    fits.append(sa.or_(Agency.valid_to.is_(None), Agency.valid_to >= clock.today()))
    if without is not None:
        fits.append(Agency.id != without)
    order = (Agency.hosted.desc(), Agency.sort_key, Agency.id)
    first = sa.select(Agency.id).order_by(*order).limit(_FIRST).subquery()
    near = sa.select(Agency).join(first, first.c.id == Agency.id).where(*fits).order_by(*order).limit(limit)
    found = session.scalars(near).all()
    if len(found) == limit or max(map(len, words), default=0) < 3:
        return found
    # Materialized: the planner would else walk the whole list in its order, hoping for an early match.
    hits = sa.select(Agency.id).where(*fits).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    everywhere = sa.select(Agency).join(hits, hits.c.id == Agency.id)
    return session.scalars(everywhere.order_by(*order).limit(limit)).all()


def current(on: date | None = None) -> sa.ColumnElement[bool]:
    """Posts that hold on a day."""
    day = on or clock.today()
    return sa.and_(
        Assignment.valid_from <= day, sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day)
    )


def assignments_of(session: Session, person_id: int) -> Sequence[Assignment]:
    """A person's present posts."""
    query = sa.select(Assignment).where(Assignment.person_id == person_id, current())
    return session.scalars(query.order_by(Assignment.id)).all()


def posts(session: Session, agency_id: int, *roles: Role, unit_id: int | None = None) -> Sequence[Assignment]:
    """Present posts of an agency, of these roles and this unit when given, leaders first."""
    query = sa.select(Assignment).join(Person).where(Assignment.agency_id == agency_id, current())
    if roles:
        query = query.where(Assignment.role.in_(roles))
    if unit_id is not None:
        query = query.where(Assignment.unit_id == unit_id)
    return session.scalars(query.order_by(Assignment.position, Person.sort_key)).all()


def signers(session: Session, agency_id: int) -> Sequence[Assignment]:
    """Posts that sign for the agency (Decree 30/2020, Article 13)."""
    return [post for post in posts(session, agency_id) if post.authority]


def delegations(session: Session, agency_id: int) -> Sequence[Delegation]:
    """Every delegation of an agency, the latest to end first."""
    query = sa.select(Delegation).where(Delegation.agency_id == agency_id)
    return session.scalars(query.order_by(Delegation.ends_at.desc(), Delegation.id.desc())).all()


def delegation_for(session: Session, post: Assignment, kind_code: str) -> Delegation | None:
    """Under what a post may sign a document of this kind now, the one that ends last."""
    query = sa.select(Delegation).where(Delegation.to_id == post.id).order_by(Delegation.ends_at.desc())
    return next((one for one in session.scalars(query) if one.holds(clock.now(), kind_code)), None)


@dataclass(frozen=True)
class SignsAs:
    """A post that signs, and the lines above its signature."""

    id: int
    label: str
    authority: str


def may_sign(session: Session, agency_id: int) -> list[SignsAs]:
    """Who signs for the agency today: in his own right, or in another's stead."""
    own = [SignsAs(post.id, post.label, post.authority) for post in signers(session, agency_id)]
    now, known = clock.now(), {one.id for one in own}
    lent = [
        SignsAs(one.to_id, one.to.label, one.authority)
        for one in delegations(session, agency_id)
        if one.to_id not in known and one.starts_at <= now < (one.revoked_at or one.ends_at)
    ]
    return own + lent


def units(session: Session, agency_id: int) -> Sequence[Unit]:
    """The units of an agency in its own order."""
    return session.scalars(
        sa.select(Unit).where(Unit.agency_id == agency_id).order_by(Unit.position, Unit.id)
    ).all()


def head_of(session: Session, unit_id: int) -> Assignment | None:
    """Who leads a unit at present."""
    roles = (Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE)
    query = sa.select(Assignment).where(Assignment.unit_id == unit_id, Assignment.role.in_(roles), current())
    return session.scalars(query.order_by(Assignment.position, Assignment.id)).first()


def agencies_by_code(session: Session, codes: Collection[str]) -> dict[str, Agency]:
    """Agencies by new or old code, whichever of the two was asked for."""
    query = sa.select(Agency).where(sa.or_(Agency.code.in_(codes), Agency.old_code.in_(codes)))
    found: dict[str, Agency] = {}
    for agency in session.scalars(query):
        found |= {
            code: agency for code in (agency.old_code, agency.code) if code is not None and code in codes
        }
    return found
