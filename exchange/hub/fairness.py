"""Who is served next: urgent calls first, then every system in turn, however many calls one of them makes.

A process does a handful of calls at the same time; the others stand in line, each system in a line of its own.
A call that waits for its client, or for news, gives its turn away meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class Overloaded(Exception):
    """The system calls too often; `seconds`: when it may come again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"come again in {seconds:.1f} s")
        self.seconds = seconds


@dataclass
class _Line:
    """Calls of one system: those that work, and those that wait, each on a lock that opens when its turn comes."""

    working: int = 0
    waiting: deque[threading.Lock] = field(default_factory=deque)


class Gate:
    """`places`: calls at work at a time; `share`: of one system; `longest`: calls of one that may stand in line."""

    def __init__(self, places: int = 8, share: int = 6, longest: int = 64) -> None:
        self._free = places
        self._share = share
        self._longest = longest
        self._lock = threading.Lock()
        #: by urgency, each in the order in which systems have their turn
        self._lines: tuple[dict[str, _Line], dict[str, _Line]] = (defaultdict(_Line), defaultdict(_Line))

    @contextmanager
    def turn(self, system_id: str, *, urgent: bool = False) -> Iterator[Turn]:
        """Work when it is one's turn. Raises Overloaded when too many of this system wait already."""
        held = Turn(self, system_id, urgent)
        held.take()
        try:
            yield held
        finally:
            held.give()

    def enter(self, system_id: str, urgent: bool, *, again: bool) -> None:
        """Take a place, in line if need be; one that had a place already is never sent away."""
        with self._lock:
            line = self._lines[urgent][system_id]
            if self._free and not line.waiting and line.working < self._share:
                self._free -= 1
                line.working += 1
                return
            if len(line.waiting) >= self._longest and not again:
                raise Overloaded(1)
            called = threading.Lock()
            called.acquire()
            line.waiting.append(called)
        called.acquire()

    def leave(self, system_id: str, urgent: bool) -> None:
        """Give a place up to whoever is next."""
        with self._lock:
            self._free += 1
            self._lines[urgent][system_id].working -= 1
            for lines in (self._lines[True], self._lines[False]):
                for name in list(lines):
                    line = lines[name]
                    if line.waiting and self._free and line.working < self._share:
                        self._free -= 1
                        line.working += 1
                        line.waiting.popleft().release()
                        lines[name] = lines.pop(name)  # its next turn comes after all others
                    elif not line.waiting and not line.working:
                        del lines[name]


class Turn:
    """A place at the gate."""

    def __init__(self, gate: Gate, system_id: str, urgent: bool) -> None:
        self._gate = gate
        self._system_id = system_id
        self._urgent = urgent
        self._again = False

    def take(self) -> None:
        """Wait for it."""
        self._gate.enter(self._system_id, self._urgent, again=self._again)
        self._again = True

    def give(self) -> None:
        """Let the next one work."""
        self._gate.leave(self._system_id, self._urgent)

    @contextmanager
    def away(self) -> Iterator[None]:
        """While something is waited for that takes its own time."""
        self.give()
        try:
            yield
        finally:
            self.take()


@dataclass
class _Bucket:
    level: float
    filled: float


class Quotas:
    """Calls a second of each system, on the average; two seconds' worth may come at once.

    Urgent calls have a reserve beside it, a quarter as large. `processes` that serve together share a quota.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.processes = 1
        self._clock = clock
        self._buckets: dict[tuple[str, bool], _Bucket] = {}
        self._lock = threading.Lock()

    def spend(self, system_id: str, quota: int, *, urgent: bool, calls: int = 1) -> None:
        """Count a call, or one that does the work of several. Raises Overloaded when the quota is used up; 0: there is
        none."""
        if not quota:
            return
        rate = quota / self.processes
        with self._lock:
            left = self._left(system_id, rate, False)
            if left.level < 1 and urgent:
                left = self._left(system_id, rate / 4, True)
            if left.level < 1:
                raise Overloaded((1 - left.level) / rate)
            left.level -= calls

    def _left(self, system_id: str, rate: float, reserve: bool) -> _Bucket:
        now, most = self._clock(), max(2 * rate, 1)
        bucket = self._buckets.setdefault((system_id, reserve), _Bucket(most, now))
        bucket.level = min(most, bucket.level + (now - bucket.filled) * rate)
        bucket.filled = now
        return bucket
