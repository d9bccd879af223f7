"""The demonstration's time-stamping authority in this process, by any clock."""

from collections.abc import Callable
from datetime import UTC, datetime

from signing.testing.pki import DemoPki
from signing.testing.responders import time_stamp
from signing.timestamps import HttpTimestamper


def _now() -> datetime:
    return datetime.now(UTC)


class LocalTimestamper(HttpTimestamper):
    """Answers without a network. `clock`: what it stamps, aware."""

    def __init__(self, pki: DemoPki, clock: Callable[[], datetime] = _now) -> None:
        super().__init__("in process")
        self._pki, self._clock = pki, clock

    def reply(self, request: bytes) -> bytes:
        """A granted reply."""
        return time_stamp(self._pki, request, at=self._clock())
