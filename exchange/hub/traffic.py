"""Counts what systems do, in memory for a few seconds, then in one statement for all processes together."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from eoffice.core.clock import now
from exchange.hub.ledger import Ledger
from exchange.hub.models import ALWAYS

#: upper bounds of the waits that are told apart, in seconds; one more class has no bound
BOUNDS: tuple[float, ...] = tuple(0.05 * float(2**step) for step in range(17))


@dataclass
class Count:
    """Figures of one system in one minute."""

    calls: int = 0
    refused: int = 0
    packets: int = 0
    bytes: int = 0
    waits: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


class Traffic:
    """The counters of one process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._counts: dict[tuple[datetime, str], Count] = defaultdict(Count)

    def called(self, system_id: str, *, refused: bool = False) -> None:
        """A call with a good signature."""
        with self._lock:
            count = self._now(system_id)
            count.calls += 1
            count.refused += refused

    def taken(self, system_id: str, size: int) -> None:
        """A message of `size` bytes was taken in from the system."""
        with self._lock:
            count = self._now(system_id)
            count.packets += 1
            count.bytes += size

    def confirmed(self, sender_id: str, seconds: float) -> None:
        """A message of the system was confirmed by its receiver after so long on the axis."""
        step = next((index for index, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._lock:
            self._now(sender_id).waits[step] += 1

    def write_down(self) -> None:
        """Add what was counted since to the database; called every few seconds."""
        with self._lock:
            counted, self._counts = self._counts, defaultdict(Count)
        whole: dict[str, Count] = defaultdict(Count)
        for (_, system_id), count in counted.items():
            _add(whole[system_id], count)
        rows = [*counted.items(), *(((ALWAYS, system_id), count) for system_id, count in whole.items())]
        if rows:
            self._ledger.counted(
                [
                    {"minute": minute, "system_id": system_id} | vars(count)
                    for (minute, system_id), count in rows
                ]
            )

    def _now(self, system_id: str) -> Count:
        return self._counts[now().replace(second=0, microsecond=0), system_id]


def _add(whole: Count, part: Count) -> None:
    whole.calls += part.calls
    whole.refused += part.refused
    whole.packets += part.packets
    whole.bytes += part.bytes
    whole.waits = [one + other for one, other in zip(whole.waits, part.waits, strict=True)]


def quantile(waits: Sequence[int], share: float) -> float | None:
    """Seconds within which that share (0 to 1) of messages were confirmed, as an upper bound; None without any."""
    wanted, seen = sum(waits) * share, 0
    for bound, number in zip((*BOUNDS, float("inf")), waits, strict=True):
        seen += number
        if number and seen >= wanted:
            return bound
    return None
