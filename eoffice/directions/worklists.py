"""The lists of "my work": each feature adds its own, one bar of tabs shows those that are the actor's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.core.permissions import Actor, Permission

Counts = Callable[[Session, Actor], dict[str, int]]


@dataclass(frozen=True)
class Worklist:
    """What waits for a person: a word, the page that shows it, and who has such work at all."""

    #: name in the feature's counts
    key: str
    label: LazyString
    endpoint: str
    permission: Permission
    #: None: the page itself tells, and a statement on every other page would cost more than the number is worth
    counts: Counts | None
    #: order on the bar
    place: int


_lists: list[Worklist] = []


def worklist(
    key: str, label: LazyString, endpoint: str, permission: Permission, counts: Counts | None, place: int
) -> None:
    """Declare a list; `counts` may answer for several lists at once."""
    _lists.append(Worklist(key, label, endpoint, permission, counts, place))


def worklists(
    session: Session, actor: Actor, known: Mapping[str, int] | None = None
) -> list[tuple[Worklist, int | None]]:
    """The actor's lists with how much waits in each that is counted; every count function is asked once.

    `known`: counts by key that the page has already and need not be asked for.
    """
    own = sorted((one for one in _lists if actor.can(one.permission)), key=lambda one: one.place)
    found = dict(known or {})
    for counts in dict.fromkeys(one.counts for one in own if one.counts and one.key not in found):
        found |= counts(session, actor)
    return [(one, found.get(one.key, 0 if one.counts else None)) for one in own]
