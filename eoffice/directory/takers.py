"""Who follows whom when an agency is merged: as was decided, else by person and by the unit's name."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.errors import AppError, Conflict
from eoffice.core.text import fold
from eoffice.directory import queries
from eoffice.directory.models import Agency, Assignment, Merger, Role, Unit

Row = TypeVar("Row", Assignment, Unit)


class NobodyFollows(Conflict):
    """Open work belongs to somebody."""

    message = _l("Nobody takes over from %(name)s. Choose who does, in the table below.")


class Takers:
    """Posts and units of the agency that ends, each with the one that follows."""

    def __init__(self, session: Session, merger: Merger) -> None:
        self._session = session
        every = sa.select(Assignment).where(Assignment.agency_id == merger.agency_id)
        old = session.scalars(every.order_by(Assignment.id)).all()
        first_day = max(merger.on, clock.today())
        self.new_posts = [
            one for to in merger.to_ids for one in queries.roll(session, to) if one.valid_from <= first_day
        ]
        self.new_units = [one for to in merger.to_ids for one in queries.units(session, to)]
        by_person = {one.person_id: one for one in reversed(self.new_posts)}
        self._posts = {one.id: by_person[one.person_id] for one in old if one.person_id in by_person}
        self._posts |= _decided(merger.posts, self.new_posts)
        by_name = {fold(one.name): one for one in reversed(self.new_units)}
        self._units = {
            one.id: by_name[fold(one.name)]
            for one in queries.units(session, merger.agency_id, closed=True)
            if fold(one.name) in by_name
        }
        self._units |= _decided(merger.units, self.new_units)
        self._everywhere = self
        #: what could not be handed on, each thing once
        self.problems: list[AppError] = []

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Note what prevents one thing from being handed on, and let the next be tried: one rehearsal names all of it.

        Whoever carries a merger out keeps nothing where there is any problem.
        """
        try:
            yield
        except AppError as error:
            if str(error) not in map(str, self.problems):  # who is missing may be missing for several of them
                self.problems.append(error)

    def within(self, agency: Agency) -> "Takers":
        """Only who follows in one of the agencies: a document lies in one."""
        found = copy(self)
        found.new_posts = [one for one in self.new_posts if one.agency_id == agency.id]
        found.new_units = [one for one in self.new_units if one.agency_id == agency.id]
        found._posts = {old: one for old, one in self._posts.items() if one.agency_id == agency.id}
        found._units = {old: one for old, one in self._units.items() if one.agency_id == agency.id}
        return found

    def home(self, *, post_id: int | None = None, unit_id: int | None = None) -> int | None:
        """The agency in which a post or a unit is followed; None when nobody follows."""
        found = self._posts.get(post_id or 0) or self._units.get(unit_id or 0)
        return found.agency_id if found is not None else None

    def elsewhere(self, *, post_id: int | None = None, unit_id: int | None = None) -> bool:
        """Whether it is followed, but in another agency than this."""
        here = self.home(post_id=post_id, unit_id=unit_id)
        return here is None and self._everywhere.home(post_id=post_id, unit_id=unit_id) is not None

    def follower(self, post_id: int) -> Assignment | None:
        """Who takes over from a post, None when nobody does."""
        return self._posts.get(post_id)

    def following_unit(self, unit_id: int) -> Unit | None:
        """Which unit takes over from a unit, None when none does."""
        return self._units.get(unit_id)

    def post(self, post_id: int) -> Assignment:
        """Who takes over from a post. Raises NobodyFollows."""
        found = self._posts.get(post_id)
        if found is None:
            raise NobodyFollows(name=self._session.get_one(Assignment, post_id).label)
        return found

    def leader(self, post_id: int) -> Assignment:
        """The leader who follows one, else the first of them. Raises NobodyFollows."""
        found = self._posts.get(post_id)
        if found is not None and found.role is Role.LEADER:
            return found
        first = next((one for one in self.new_posts if one.role is Role.LEADER), None)
        return first if first is not None else self.post(post_id)

    def unit(self, unit_id: int) -> int:
        """Which unit takes over. Raises NobodyFollows."""
        found = self._units.get(unit_id)
        if found is None:
            raise NobodyFollows(name=self._session.get_one(Unit, unit_id).name)
        return found.id

    @property
    def unit_ids(self) -> dict[int, int]:
        """By unit the one that follows, where there is one."""
        return {old: new.id for old, new in self._units.items()}


def _decided(chosen: Mapping[str, int], present: Sequence[Row]) -> dict[int, Row]:
    known = {one.id: one for one in present}
    return {int(old): known[new] for old, new in chosen.items() if new in known}
