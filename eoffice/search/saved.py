"""Searches kept under a name."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import whole
from eoffice.search.models import SavedSearch
from eoffice.search.permissions import SEARCH_USE

#: searches one person may keep
MOST = 30


class NamelessSearch(Invalid):
    """Found again by its name."""

    message = _l("Give the search a name.")


class EmptySearch(Invalid):
    """It would find nothing."""

    message = _l("Search for something first, then keep it.")


class TooManySearches(Invalid):
    """A list nobody reads."""

    message = _l("You keep %(most)s searches already. Remove one first.")


def kept(session: Session, actor: Actor) -> Sequence[SavedSearch]:
    """One's own searches, by name."""
    own = (SavedSearch.agency_id == actor.agency_id, SavedSearch.person_id == actor.person_id)
    return session.scalars(
        sa.select(SavedSearch).where(*own).order_by(SavedSearch.name, SavedSearch.id)
    ).all()


def keep(session: Session, actor: Actor, name: str, fields: Mapping[str, str]) -> SavedSearch:
    """Keep a search; the same name again changes it.

    Raises Forbidden, TooLong, NamelessSearch, EmptySearch, TooManySearches.
    """
    title = whole(name, 100, "name")
    if not title:
        raise NamelessSearch(field="name")
    if not fields:
        raise EmptySearch(field="name")
    with transaction(session):
        require(actor, SEARCH_USE)
        own = kept(session, actor)
        found = next((one for one in own if one.name == title), None)
        if found is None:
            if len(own) >= MOST:
                raise TooManySearches(most=MOST, field="name")
            found = SavedSearch(agency_id=actor.agency_id, person_id=actor.person_id, name=title)
            session.add(found)
        found.fields = dict(fields)
    return found


def remove(session: Session, actor: Actor, search_id: int) -> None:
    """Throw one's own search away. Raises NotFound: nobody knows of another's."""
    with transaction(session):
        found = session.get(SavedSearch, search_id)
        if found is None or (found.agency_id, found.person_id) != (actor.agency_id, actor.person_id):
            raise NotFound
        session.delete(found)
