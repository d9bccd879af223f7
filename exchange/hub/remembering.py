"""What is asked at every call and hardly ever changes, kept for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

#: so many names are kept at most; a caller who invents more only makes the axis look them up
_MOST = 20_000


class Remembered(Generic[Key, Value]):
    """Answers of `ask`, used again for `seconds`. What was not found is asked anew: it may exist the next moment."""

    def __init__(self, ask: Callable[[Collection[Key]], Mapping[Key, Value]], seconds: float = 1.0) -> None:
        self._ask = ask
        self._seconds = seconds
        self._known: dict[Key, tuple[float, Value]] = {}

    def __call__(self, keys: Collection[Key]) -> dict[Key, Value]:
        """The values of those that exist."""
        now = time.monotonic()
        found = {key: self._known[key] for key in keys if key in self._known}
        fresh = {key: value for key, (until, value) in found.items() if until > now}
        if missing := [key for key in keys if key not in fresh]:
            asked = self._ask(missing)
            if len(self._known) > _MOST:
                self._known.clear()
            self._known.update({key: (now + self._seconds, value) for key, value in asked.items()})
            fresh.update(asked)
        return fresh

    def forget(self) -> None:
        """After a change made here."""
        self._known.clear()
