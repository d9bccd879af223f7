"""What a person keeps to direct faster: phrases of one's own, and groups of those who are named together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import fold, whole
from eoffice.directions.models import DirectingHelp
from eoffice.directions.operations import NamedTwice
from eoffice.documents.permissions import DOCUMENT_READ

#: phrases and groups one person may keep: more are no help
MOST = 30


class TooMany(Invalid):
    """A list nobody reads."""

    message = _l("You keep %(most)s already. Remove one first.")


class GroupNamed(Invalid):
    """Two buttons of one name: nobody knows which is which."""

    message = _l("There is a group “%(name)s” already. Give this one another name, or remove that one first.")


class EmptyGroup(Invalid):
    """A group names somebody."""

    message = _l("Choose at least one unit or person for the group.")


@dataclass(frozen=True)
class NewGroup:
    """Who is named together, by marks of units and posts."""

    name: str
    lead: str = ""
    coordinating: tuple[str, ...] = ()
    inform: tuple[str, ...] = ()
    #: everybody in the agency may use it
    shared: bool = False


def kept(session: Session, actor: Actor) -> Sequence[DirectingHelp]:
    """One's own phrases and groups, and the groups that others of the agency share, by name."""
    own = DirectingHelp.person_id == actor.person_id
    query = sa.select(DirectingHelp).where(
        DirectingHelp.agency_id == actor.agency_id, sa.or_(own, DirectingHelp.shared)
    )
    return session.scalars(query.order_by(DirectingHelp.name, DirectingHelp.id)).all()


def _refuse_too_many(session: Session, actor: Actor) -> None:
    if sum(one.person_id == actor.person_id for one in kept(session, actor)) >= MOST:
        raise TooMany(most=MOST, field="name")


def add_phrase(session: Session, actor: Actor, text: str) -> DirectingHelp:
    """Keep a phrase. Raises Forbidden, TooMany."""
    with transaction(session):
        require(actor, DOCUMENT_READ)
        _refuse_too_many(session, actor)
        made = DirectingHelp(
            agency_id=actor.agency_id, person_id=actor.person_id, text=whole(text, 200, "text")
        )
        session.add(made)
    return made


def save_group(session: Session, actor: Actor, new: NewGroup) -> DirectingHelp:
    """Keep a group. Raises Forbidden, EmptyGroup, NamedTwice, TooMany, GroupNamed."""
    marks = [mark for mark in (new.lead, *new.coordinating, *new.inform) if mark]
    if not marks:
        raise EmptyGroup(field="lead")
    if len(set(marks)) < len(marks):
        raise NamedTwice(name=new.name, field="coordinating")
    with transaction(session):
        require(actor, DOCUMENT_READ)
        _refuse_too_many(session, actor)
        name = whole(new.name, 100, "name")
        if any(fold(one.name) == fold(name) for one in kept(session, actor)):
            raise GroupNamed(name=name, field="name")
        made = DirectingHelp(
            agency_id=actor.agency_id, person_id=actor.person_id, name=name, lead=new.lead,
            coordinating=list(new.coordinating), inform=list(new.inform), shared=new.shared,
        )  # fmt: skip
        session.add(made)
    return made


def remove(session: Session, actor: Actor, help_id: int) -> None:
    """Throw one's own phrase or group away. Raises NotFound, Forbidden."""
    with transaction(session):
        found = session.get(DirectingHelp, help_id)
        if found is None or found.agency_id != actor.agency_id:
            raise NotFound
        if found.person_id != actor.person_id:
            raise Forbidden
        session.delete(found)


def present(group: DirectingHelp, marks: set[str]) -> tuple[NewGroup, int]:
    """The group with those who can still be named, and how many cannot any more.

    After a reorganisation a group loses whom it named; it says so instead of failing.
    """
    whole = NewGroup(group.name, group.lead, tuple(group.coordinating), tuple(group.inform))
    kept = replace(
        whole,
        lead=whole.lead if whole.lead in marks else "",
        coordinating=tuple(mark for mark in whole.coordinating if mark in marks),
        inform=tuple(mark for mark in whole.inform if mark in marks),
    )
    lost = len(whole.coordinating) + len(whole.inform) - len(kept.coordinating) - len(kept.inform)
    return kept, lost + (whole.lead != kept.lead)
