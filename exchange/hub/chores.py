"""What a process of the axis does besides answering: each chore in a thread of its own, again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """`work` is idempotent and safe beside the same chore of other processes. `seconds`: pause between two runs."""

    name: str
    work: Callable[[], object]
    seconds: float


class Chores:
    """Runs chores until stopped; one that fails is tried again after its pause."""

    def __init__(self, chores: list[Chore]) -> None:
        self._chores = chores
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, chore: Chore) -> None:
        """One more, before they start."""
        self._chores.append(chore)

    def start(self) -> None:
        """Begin; returns at once."""
        for chore in self._chores:
            thread = threading.Thread(target=self._run, args=(chore,), name=chore.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End each chore after the run it is in."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _run(self, chore: Chore) -> None:
        while True:
            try:
                chore.work()
            except (DBAPIError, psycopg.OperationalError, PoolTimeout) as error:
                _log.warning("%s: the database is away: %s", chore.name, str(error).partition("\n")[0])
            except Exception:  # noqa: BLE001 - the next run may succeed; a thread that died would be noticed by nobody
                _log.exception("%s failed", chore.name)
            if self._stop.wait(chore.seconds):
                return
