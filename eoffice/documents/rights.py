"""Changes of who may read, before those who are competent: seen, and confirmed by somebody else than who made them."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.accounts import permissions as accounts
from eoffice.core import access, audit, clock
from eoffice.core.access import AccessChange
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Forbidden
from eoffice.core.permissions import Actor, require
from eoffice.directory import queries as directory
from eoffice.directory.models import Role
from eoffice.documents.permissions import ACCESS_CONFIRM

CONFIRMED = audit.action("documents.access_confirmed", _l("Change of who may read confirmed"))


class OwnChange(Forbidden):
    """Two pairs of eyes, where there are two."""

    message = _l("You made this change yourself. %(name)s has to confirm it.")


class ConfirmedAlready(Conflict):
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
        others = other_confirmers(session, actor)
        if others and any(is_own(actor, one) for one in found):
            raise OwnChange(name=others[0])
        access.confirmed(actor, found)
        for one in found:
            audit.record(session, actor, CONFIRMED, one.entry, change=one.entry.action)
    return len(found)


def is_own(actor: Actor, change: AccessChange) -> bool:
    """Whether the actor made it."""
    return actor.user_id is not None and change.entry.user_id == actor.user_id


def other_confirmers(session: Session, actor: Actor) -> list[str]:
    """Who else of the agency is competent today."""
    roles = [role for role in Role if ACCESS_CONFIRM in accounts.of(role)]
    posts = directory.posts(session, actor.agency_id or 0, *roles)
    return list(dict.fromkeys(post.label for post in posts if post.person_id != actor.person_id))


def _confirmed_by(session: Session, actor: Actor, entry_ids: Sequence[int]) -> Conflict:
    done = access.latest(session, actor, entry_ids)
    if done is None or done.confirmed_at is None:
        return Conflict()
    return ConfirmedAlready(name=done.confirmed_by, time=f"{clock.local(done.confirmed_at):%H:%M %d/%m/%Y}")
