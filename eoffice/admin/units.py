"""The units of an agency: called otherwise, closed when they are empty, opened again."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, NotFound, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.core.text import fold, whole
from eoffice.directions import succession as directions
from eoffice.directory import operations, queries
from eoffice.directory.models import Unit
from eoffice.directory.permissions import DIRECTORY_MANAGE
from eoffice.dossiers import succession as dossiers
from eoffice.missions import succession as missions
from eoffice.outgoing import succession as outgoing


class BothNeeded(Invalid):
    """Lists show the name, documents bear the notation."""

    message = _l("A unit has a name and a notation. Fill in both.")


class UnitOtherwiseCalled(Conflict):
    """Two units of nearly one name are one unit and a slip of the hand."""

    message = _l(
        "The unit “%(name)s” stands here with the notation “%(code)s”. Write both as they stand, or choose another "
        "name and another notation for a new unit."
    )


class PostsThere(Conflict):
    """People work somewhere."""

    message = _l(
        "%(count)s posts hold in this unit or are to come, the first %(who)s. End them or move the people first."
    )


class OpenAlready(Overtaken):
    """Nothing was closed."""

    message = _l("This unit is open; there is nothing to open again. Reload the page.")


class WorkThere(Conflict):
    """Open work belongs to somebody."""

    message = _l(
        "Still open in this unit: %(tasks)s tasks, %(drafts)s drafts, %(missions)s tasks of documents, %(dossiers)s "
        "dossiers. Finish them or pass them on first."
    )


def unit_of(session: Session, actor: Actor, unit_id: int) -> Unit:
    """A unit of one's agency. Raises NotFound, Forbidden."""
    unit = session.get(Unit, unit_id)
    if unit is None or unit.agency_id != actor.agency_id:
        raise NotFound
    require(actor, DIRECTORY_MANAGE, unit)
    return unit


def rename(session: Session, actor: Actor, unit_id: int, name: str, abbreviation: str) -> None:
    """Call a unit otherwise from now on; what was issued keeps what stands on it.

    Raises NotFound, Forbidden, BothNeeded, TooLong, UnitOtherwiseCalled, WrongAbbreviation.
    """
    with transaction(session):
        unit = unit_of(session, actor, unit_id)
        name, abbreviation = whole(name, 200, "name"), whole(abbreviation, 30, "abbreviation")
        if not name or not abbreviation:
            raise BothNeeded(field="abbreviation" if name else "name")
        for other in queries.units(session, unit.agency_id, closed=True):
            if other is unit:
                continue
            # a closed one gives its name free, never its notation: documents bear it
            if fold(other.abbreviation) == fold(abbreviation):
                raise UnitOtherwiseCalled(name=other.name, code=other.abbreviation, field="abbreviation")
            if other.closed_at is None and fold(other.name) == fold(name):
                raise UnitOtherwiseCalled(name=other.name, code=other.abbreviation, field="name")
        operations.rename_unit(session, actor, unit, name, abbreviation)


def close(session: Session, actor: Actor, unit_id: int) -> None:
    """Offer a unit no more. Raises NotFound, Forbidden, PostsThere, WorkThere."""
    with transaction(session):
        unit = unit_of(session, actor, unit_id)
        session.refresh(unit, with_for_update=True)
        posts = [one for one in queries.roll(session, unit.agency_id) if one.unit_id == unit.id]
        if posts:
            raise PostsThere(count=len(posts), who=posts[0].label)
        left = {
            "tasks": directions.open_in(session, unit), "drafts": outgoing.open_in(session, unit),
            "missions": missions.open_in(session, unit), "dossiers": dossiers.open_in(session, unit),
        }  # fmt: skip
        if any(left.values()):
            raise WorkThere(**left)
        if unit.closed_at is None:
            operations.close_unit(session, actor, unit)


def reopen(session: Session, actor: Actor, unit_id: int) -> None:
    """Offer it again. Raises NotFound, Forbidden, OpenAlready, UnitOtherwiseCalled."""
    with transaction(session):
        unit = unit_of(session, actor, unit_id)
        if unit.closed_at is None:
            raise OpenAlready
        for other in queries.units(session, unit.agency_id):
            if other is not unit and fold(other.name) == fold(unit.name):
                raise UnitOtherwiseCalled(name=other.name, code=other.abbreviation)
        operations.reopen_unit(session, actor, unit)
