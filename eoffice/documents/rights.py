"""Changes of who may read, before those who are competent: confirmed by somebody who neither made nor gains by them."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import access, audit, clock
from eoffice.core.access import AccessChange
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden, Overtaken
from eoffice.core.permissions import Actor, require
from eoffice.directory import queries as directory
from eoffice.directory.models import Assignment
from eoffice.documents.permissions import ACCESS_CONFIRM

CONFIRMED = audit.action("documents.access_confirmed", _l("Change of who may read confirmed"))


class OwnChange(Forbidden):
    """Other eyes than those concerned, where there are any."""

    message = _l("You made this change or gain by it. %(name)s has to confirm it.")


class ConfirmedAlready(Overtaken):
    """Somebody was faster."""

    message = _l("%(name)s confirmed this at %(time)s. Reload the page.")


def confirm(session: Session, actor: Actor, entry_ids: Sequence[int]) -> int:
    """Confirm changes of the actor's agency by their entries in the log; returns how many.

    Those that somebody else confirmed meanwhile stay his. Raises Forbidden, OwnChange, ConfirmedAlready.
    """
    with transaction(session):
        require(actor, ACCESS_CONFIRM)
        found = access.held(session, actor, entry_ids)
        if not found:
            raise _confirmed_by(session, actor, entry_ids)
        competent = confirmers(session, actor)
        for one in found:
            if better := instead_of(actor, one, competent):
                raise OwnChange(name=better)
        access.confirmed(actor, found)
        for one in found:
            audit.record(session, actor, CONFIRMED, one.entry, change=one.entry.action)
    return len(found)


def confirmers(session: Session, actor: Actor) -> Sequence[Assignment]:
    """Who of the actor's agency is competent today."""
    return [
        post for post in directory.posts(session, actor.agency_id or 0) if ACCESS_CONFIRM in accounts.of(post)
    ]


def instead_of(actor: Actor, change: AccessChange, competent: Sequence[Assignment]) -> str:
    """Who of the competent confirms a change instead of the actor; empty when nobody is less concerned than he is.

    Where all are concerned it must not wait for ever: then who made it goes before who gains by it.
    """

    def concern(person_id: int | None) -> int:
        return (
            2 if person_id in change.gained_by else int(person_id is not None and person_id == change.made_by)
        )

    least = min(competent, key=lambda post: concern(post.person_id), default=None)
    return least.label if least is not None and concern(least.person_id) < concern(actor.person_id) else ""


def _confirmed_by(session: Session, actor: Actor, entry_ids: Sequence[int]) -> Conflict:
    done = access.latest(session, actor, entry_ids)
    if done is None or done.confirmed_at is None:
        return Conflict()
    return ConfirmedAlready(name=done.confirmed_by, time=f"{clock.local(done.confirmed_at):%H:%M %d/%m/%Y}")
