"""Threads that carry packets between the database and the axis, each a loop that nothing ends but `stop`."""

import threading
from abc import ABC, abstractmethod

import structlog

from eoffice.gateway import axis, operations
from exchange.client import AxisClient
from exchange.errors import Unavailable

log = structlog.get_logger(__name__)

#: seconds between two looks when nobody rings
LOOK = 2.0


class Lane(ABC):
    """One loop in a thread of its own: `step` is called again and again, slower after failures."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: set by whoever has something to do for this lane
        self.woken = threading.Event()
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin; returns at once."""
        threading.Thread(target=self._run, name=self.name, daemon=True).start()

    def stop(self) -> None:
        """Ask it to end; a call under way is left to the end of the process."""
        self._stop.set()
        self.woken.set()

    @abstractmethod
    def step(self, client: AxisClient | None) -> None:
        """What is done again and again; waits by itself while there is nothing to do. Raises Unavailable.

        `client`: None while no axis is set.
        """

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self.step(axis.client())
                failures = 0
            except Exception as trouble:
                if self._stop.is_set():
                    return  # the pool is closed under it
                # what was away is used again soon after it is back
                failures = min(failures + 1, 3)
                pause = operations.delay(failures).total_seconds()
                if isinstance(trouble, Unavailable):
                    pause = trouble.retry_after or pause
                    log.warning("axis unavailable", lane=self.name, pause=pause, error=trouble.en)
                else:
                    log.exception("lane failed", lane=self.name)
                self._stop.wait(pause)
