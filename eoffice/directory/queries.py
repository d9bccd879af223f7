"""Reads of the directory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from eoffice.core import clock
from eoffice.core.permissions import Actor
from eoffice.core.text import nfc, search_text
from eoffice.directory.models import Absence, Agency, Assignment, Delegation, Person, Role, Unit

_Columns = TypeVarTuple("_Columns")


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


def serving(session: Session, agency: Agency) -> Agency | None:
    """Who does its work today: itself, or a successor's successor; None when nobody has taken over."""
    seen: set[int] = set()
    while agency.valid_to is not None and agency.valid_to < clock.today():
        seen.add(agency.id)
        if agency.successor_id is None or agency.successor_id in seen:
            return None
        agency = session.get_one(Agency, agency.successor_id)
    return agency


def successors(session: Session, agency: Agency) -> list[Agency]:
    """Who does a closed agency's work today, the one that gets its mail first; empty when nobody has taken over."""
    return successors_of(session, [agency])[agency.id]


def successors_of(session: Session, closed: Collection[Agency]) -> dict[int, list[Agency]]:
    """The same for many, by their ids, in two statements."""
    named = agencies_by_code(session, {code for one in closed for code in one.successor_codes})
    first = {one.id: one.successor_id for one in closed}
    # held meanwhile, so that the session looks none of them up again
    chain = _succession(session, {*first.values(), *(one.id for one in named.values())} - {None})
    found = {}
    for one in closed:
        heads = [chain.get(first[one.id] or 0), *map(named.get, one.successor_codes)]
        served = [serving(session, head) for head in heads if head is not None]
        found[one.id] = [other for other in dict.fromkeys(served) if other is not None and other is not one]
    return found


def kept_elsewhere(session: Session, agency_id: int) -> list[tuple[Agency, Agency]]:
    """Divided agencies that an agency follows without what they finished, each with who keeps that."""
    own, keeper = aliased(Agency), aliased(Agency)
    query = (
        sa.select(Agency, keeper)
        .join(own, sa.and_(own.id == agency_id, own.code == sa.any_(Agency.successor_codes)))
        .join(keeper, keeper.id == Agency.kept_by_id)
        .where(Agency.kept_by_id != agency_id)
    )
    return [(closed, kept) for closed, kept in session.execute(query.order_by(Agency.sort_key))]


def _succession(session: Session, ids: Collection[int | None]) -> dict[int, Agency]:
    """These agencies and whoever has taken over from them, one after the other."""
    if not ids:
        return {}
    step = sa.select(Agency.id, Agency.successor_id).where(Agency.id.in_(ids)).cte("step", recursive=True)
    later = sa.select(Agency.id, Agency.successor_id).join(step, Agency.id == step.c.successor_id)
    every = sa.select(step.union(later).c.id)
    return {one.id: one for one in session.scalars(sa.select(Agency).where(Agency.id.in_(every)))}


def subordinates(
    session: Session, code: str, beginnings: Collection[str] = (), *, limit: int
) -> Sequence[Agency]:
    """Open agencies on the axis directly under the one with this code, whose names begin with one of `beginnings`.

    The axis says who is above whom; of agencies that work here, and where it says nothing, the code does: under
    H01 stand H01.05 and H01.12, under H01.12 stands H01.12.03 (Decision 20/2020, Article 3).
    """
    above = sa.select(Agency.id).where(Agency.code == code).scalar_subquery()
    by_code = sa.and_(
        Agency.code.startswith(f"{code}.", autoescape=True),
        sa.func.strpos(sa.func.substr(Agency.code, len(code) + 2), ".") == 0,
        Agency.parent_id.is_(None),
    )
    query = sa.select(Agency).where(_open(Agency), Agency.on_axis, sa.or_(Agency.parent_id == above, by_code))
    begins = [Agency.folded.startswith(search_text(one), autoescape=True) for one in beginnings]
    if begins:
        query = query.where(sa.or_(*begins))
    return session.scalars(query.order_by(*_in_order(Agency)).limit(limit)).all()


def follows(session: Session, before: str, after: str) -> bool:
    """Whether an agency called `after` has taken over from one called `before`, at once or one after the other."""
    seen: set[int] = set()
    waiting = list(session.scalars(sa.select(Agency).where(Agency.name == nfc(before))))
    while waiting:
        agency = waiting.pop()
        seen.add(agency.id)
        if agency.successor_id is None or agency.successor_id in seen:
            continue
        taken = session.get_one(Agency, agency.successor_id)
        if taken.name == nfc(after):
            return True
        waiting.append(taken)
    return False


def count_agencies(session: Session) -> tuple[int, int]:
    """How many agencies work here, and how many elsewhere."""
    query = sa.select(sa.func.count().filter(Agency.hosted), sa.func.count().filter(~Agency.hosted))
    here, elsewhere = session.execute(query.select_from(Agency)).one()
    return here, elsewhere


#: agencies looked through in the order of the list before the index of letter groups is asked
_FIRST = 2000
#: agencies of like names looked through for one that is called just so
_CALLED = 200


def search_agencies(
    session: Session, text: str, *, limit: int = 12, without: int | None = None
) -> Sequence[Agency]:
    """Type-ahead: every word typed is part of the folded name or code, one of one or two letters begins a word of
    it; closed agencies are left out.

    Hosted agencies come first. Common words fill the list within its first rows; for the others an index is asked:
    of letter groups when a word has three letters, else of beginnings, which costs ten times as much a row.
    """
    words = search_text(text).split()
    # Materialized, both times: the planner would else read the whole table, or walk it in its order, hoping for an
    # early match.
    near = _first()
    found = session.scalars(_matching(sa.select(near), near, words, without).limit(limit)).all()
    if len(found) == limit or max(map(len, words), default=0) < 2:
        return found
    ordered = Agency.id, Agency.hosted, Agency.sort_key
    hits = _matching(sa.select(*ordered), Agency, words, without).order_by(None)
    if max(map(len, words)) == 2:
        short = sa.cast([word for word in words if len(word) == 2], ARRAY(sa.Text))
        hits = hits.where(sa.func.agency_beginnings(Agency.folded).op("@>")(short))
    every = hits.cte("hits").prefix_with("MATERIALIZED")
    wanted = sa.select(every.c.id).order_by(*_in_order(every.c)).limit(limit)
    return session.scalars(sa.select(Agency).where(Agency.id.in_(wanted)).order_by(*_in_order(Agency))).all()


def agencies_called(session: Session, name: str) -> Sequence[Agency]:
    """Open agencies in whose folded names these words stand side by side; what looks for one of that name chooses."""
    words = search_text(name)
    if not words:
        return []
    found = sa.select(Agency).where(_open(Agency), Agency.folded.contains(words, autoescape=True))
    return session.scalars(found.limit(_CALLED)).all()


@cache
def _first() -> type[Agency]:
    """The head of the list, as a table of its own; made once, for making it costs more than asking."""
    rows = (
        sa.select(Agency).order_by(*_in_order(Agency)).limit(_FIRST).cte("first").prefix_with("MATERIALIZED")
    )
    return aliased(Agency, rows)


def _matching(
    query: sa.Select[*_Columns], agency: type[Agency], words: Collection[str], without: int | None
) -> sa.Select[*_Columns]:
    """Of `query`, the open agencies with all these words, in the order of every list."""
    query = query.where(_open(agency), *(_fits(agency, word) for word in words))
    return (query.where(agency.id != without) if without is not None else query).order_by(*_in_order(agency))


def _open(agency: type[Agency]) -> sa.ColumnElement[bool]:
    return sa.or_(agency.valid_to.is_(None), agency.valid_to >= clock.today())


def _in_order(agency: Any) -> tuple[sa.ColumnElement[Any], ...]:
    return agency.hosted.desc(), agency.sort_key.asc(), agency.id.asc()


def _fits(agency: type[Agency], word: str) -> sa.ColumnElement[bool]:
    if len(word) > 2:
        return agency.folded.contains(word, autoescape=True)
    return (sa.literal(" ") + agency.folded).contains(f" {word}", autoescape=True)


def current(on: date | None = None) -> sa.ColumnElement[bool]:
    """Posts that hold on a day."""
    day = on or clock.today()
    return sa.and_(
        Assignment.valid_from <= day, sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day)
    )


def assignments_of(session: Session, person_id: int, *, to_come: bool = False) -> Sequence[Assignment]:
    """A person's present posts, with their agencies: rights ask for them, and the frame of every page.

    `to_come`: also those that begin later.
    """
    held = (
        sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= clock.today()) if to_come else current()
    )
    query = sa.select(Assignment).where(Assignment.person_id == person_id, held)
    query = query.options(joinedload(Assignment.agency, innerjoin=True).undefer(Agency.keeps_for))
    return session.scalars(query.order_by(Assignment.id)).all()


def posts(session: Session, agency_id: int, *roles: Role, unit_id: int | None = None) -> Sequence[Assignment]:
    """Present posts of an agency, of these roles and this unit when given, leaders first."""
    query = sa.select(Assignment).join(Person).where(Assignment.agency_id == agency_id, current())
    if roles:
        query = query.where(Assignment.role.in_(roles))
    if unit_id is not None:
        query = query.where(Assignment.unit_id == unit_id)
    return session.scalars(query.order_by(Assignment.position, Person.sort_key)).all()


def hold_agencies(session: Session) -> None:
    """Let nobody else enter agencies until the caller commits: the axis's directory may bring one at the moment at
    which somebody here enters it."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock(7307)"))


def present(session: Session, post_ids: Sequence[int]) -> set[int]:
    """Which of these posts hold today."""
    return set(session.scalars(sa.select(Assignment.id).where(Assignment.id.in_(post_ids), current())))


def roll(session: Session, agency_id: int) -> Sequence[Assignment]:
    """Posts of an agency that hold or are to come, by unit, leaders first."""
    open_ones = sa.or_(Assignment.valid_to.is_(None), Assignment.valid_to >= clock.today())
    query = sa.select(Assignment).join(Person).outerjoin(Unit, Unit.id == Assignment.unit_id)
    order = (Unit.position.asc().nulls_first(), Assignment.position, Person.sort_key, Assignment.id)
    return session.scalars(query.where(Assignment.agency_id == agency_id, open_ones).order_by(*order)).all()


def signers(session: Session, agency_id: int) -> Sequence[Assignment]:
    """Posts that sign for the agency (Decree 30/2020, Article 13)."""
    return [post for post in posts(session, agency_id) if post.authority]


def could_sign(session: Session, agency_id: int) -> Sequence[Assignment]:
    """Those posts, and the heads of units, who sign once somebody lends them that (TL., TUQ.)."""
    heads = (Role.UNIT_HEAD, Role.CHIEF_OF_OFFICE)
    return [post for post in posts(session, agency_id) if post.authority or post.role in heads]


def delegations(session: Session, agency_id: int) -> Sequence[Delegation]:
    """Every delegation of an agency, the latest to end first."""
    query = sa.select(Delegation).where(Delegation.agency_id == agency_id)
    return session.scalars(query.order_by(Delegation.ends_at.desc(), Delegation.id.desc())).all()


def absences_today(session: Session, post_ids: Collection[int]) -> Sequence[Absence]:
    """The absences of these posts that hold today."""
    today = clock.today()
    query = sa.select(Absence).where(Absence.post_id.in_(post_ids), Absence.ended_at.is_(None))
    query = query.where(Absence.starts_on <= today, Absence.ends_on >= today)
    return session.scalars(query.order_by(Absence.id)).all()


def absences(session: Session, agency_id: int) -> Sequence[Absence]:
    """Absences of an agency that hold or are to come, the next to begin first."""
    query = sa.select(Absence).where(Absence.agency_id == agency_id, Absence.ended_at.is_(None))
    query = query.where(Absence.ends_on >= clock.today())
    return session.scalars(query.order_by(Absence.starts_on, Absence.id)).all()


def acts_under(actor: Actor) -> sa.ColumnElement[bool]:
    """Posts whose work is the actor's today: his own in this agency, and those he stands in for."""
    own = sa.and_(Assignment.person_id == actor.person_id, Assignment.agency_id == actor.agency_id)
    return sa.or_(own, Assignment.id.in_(actor.stands_in_for)) if actor.stands_in_for else own


def of_posts(
    column: sa.ColumnElement[Any] | InstrumentedAttribute[Any], actor: Actor
) -> sa.ColumnElement[bool]:
    """Whether it names a post whose work is the actor's today: as an array, which is read once and then looked up in
    the column's index, also beside an OR."""
    posts = sa.select(Assignment.id).where(acts_under(actor))
    return column == sa.any_(sa.func.array(posts.scalar_subquery()))


@dataclass(frozen=True)
class SignsAs:
    """A post that signs, and the lines above its signature; in another's stead: under which delegation."""

    id: int
    label: str
    authority: str
    delegation: Delegation | None = None

    @property
    def mark(self) -> str:
        """What names it in a form, see `signer_of`."""
        return f"{self.id}-{self.delegation.id}" if self.delegation else str(self.id)

    @property
    def choice(self) -> str:
        """As a form offers it: who, in which form, and on what that stands where it is lent."""
        said = f"{self.label} ({' - '.join(self.authority.splitlines())})"
        if self.delegation is None:
            return said
        last = clock.local(self.delegation.ends_at - timedelta(minutes=1))
        return f"{said}, {self.delegation.basis}, {_('until %(day)s', day=f'{last:%d/%m/%Y}')}"


def signer_of(mark: str) -> tuple[int, int | None]:
    """Post and delegation that a form names; 0 for what is none."""
    post, _dash, lent = mark.partition("-")
    return int(post) if post.isdecimal() else 0, int(lent) if lent.isdecimal() else None


def may_sign(session: Session, agency_id: int) -> list[SignsAs]:
    """Who signs for the agency today: in his own right, and under each delegation that holds now."""
    own = [SignsAs(post.id, post.label, post.authority) for post in signers(session, agency_id)]
    now = clock.now()
    lent = [
        SignsAs(one.to_id, one.to.label, one.authority, one)
        for one in delegations(session, agency_id)
        if one.starts_at <= now < one.ends
    ]
    return own + lent


def units(session: Session, agency_id: int, *, closed: bool = False) -> Sequence[Unit]:
    """The units of an agency in its own order; closed ones, last, where they are asked for."""
    query = sa.select(Unit).where(Unit.agency_id == agency_id)
    if not closed:
        query = query.where(Unit.closed_at.is_(None))
    return session.scalars(query.order_by(Unit.closed_at.is_not(None), Unit.position, Unit.id)).all()


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
