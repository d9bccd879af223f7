"""Time: stored in UTC, read by people in Asia/Ho_Chi_Minh, the zone of every legal deadline here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

TZ = ZoneInfo("Asia/Ho_Chi_Minh")

_frozen: list[datetime] = []


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _frozen[-1] if _frozen else datetime.now(UTC)


def today() -> date:
    """The legal day: a year turns at midnight in Asia/Ho_Chi_Minh, not in UTC."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """The same moment as people here read it. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a moment without zone has no meaning here")
    return moment.astimezone(TZ)


def day_start(day: date) -> datetime:
    """The first moment of a legal day, in UTC."""
    return datetime.combine(day, time.min, TZ).astimezone(UTC)


@contextmanager
def freeze(moment: datetime) -> Iterator[None]:
    """Hold the clock in a test."""
    _frozen.append(moment.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.pop()
