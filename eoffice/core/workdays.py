"""Working days in Viet Nam: weekends and official holidays are not counted (Labour Code 2019, Article 112)."""

from datetime import date, timedelta
from functools import lru_cache

from eoffice.core import clock


@lru_cache(maxsize=16)
def _holidays(year: int) -> frozenset[date]:
    import holidays  # 9 MB that a program which only carries packets never needs

    return frozenset(holidays.country_holidays("VN", years=year))


def is_working_day(day: date) -> bool:
    """Whether offices work on this day."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def days_left(due: date, today: date | None = None) -> int:
    """Working days from today to the last day: 0 on that day, negative once it is over."""
    start = today or clock.today()
    if due < start:
        return min(-1, -_between(due, start))
    return _between(start, due)


@lru_cache(maxsize=1024)
def _between(first: date, last: date) -> int:
    """Working days after `first`, up to and with `last`; a list asks this of every row, of deadlines years ago too."""
    free = sum(
        first < day <= last and day.weekday() < 5
        for year in range(first.year, last.year + 1)
        for day in _holidays(year)
    )
    return _weekdays(last) - _weekdays(first) - free


def _weekdays(day: date) -> int:
    """Mondays to Fridays from the first of the calendar, a Monday, up to and with this day."""
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * 5 + min(rest, 5)


def add_days(start: date, working_days: int) -> date:
    """The day so many working days after `start`."""
    day = start
    while working_days > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            working_days -= 1
    return day
