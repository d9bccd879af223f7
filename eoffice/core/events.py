"""What must flow upward: typed events, handled at once in the publisher's transaction."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Event:
    """Something happened in a lower feature that a higher one may care about."""


E = TypeVar("E", bound=Event)
Handler = Callable[[Session, Any], None]
SUBSCRIBERS: dict[type[Event], list[Handler]] = defaultdict(list)


def subscribe(kind: type[E]) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
    """Register a handler; it runs inside the publisher's transaction and may refuse by raising."""

    def register(handler: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
        SUBSCRIBERS[kind].append(handler)
        return handler

    return register


def publish(session: Session, event: Event) -> None:
    """Call every subscriber of this kind of event, in the order of registration."""
    for handler in SUBSCRIBERS[type(event)]:
        handler(session, event)
