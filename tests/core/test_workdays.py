"""Working days are counted over any span, weekends and official holidays left out."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from eoffice.core.workdays import add_days, days_left, is_working_day


@given(st.dates(date(2024, 12, 1), date(2026, 3, 1)), st.integers(0, 120))
def test_the_days_left_are_those_on_which_offices_work(today: date, span: int) -> None:
    due = today + timedelta(days=span)
    worked = [is_working_day(today + timedelta(days=n)) for n in range(1, span + 1)]
    assert days_left(due, today) == sum(worked)
    assert days_left(today, due) == (min(-1, -sum(worked)) if span else 0)


def test_new_year_and_a_weekend_do_not_count() -> None:
    assert days_left(date(2026, 1, 5), date(2025, 12, 31)) == 2  # Friday and Monday
    assert add_days(date(2025, 12, 31), 2) == date(2026, 1, 5)
