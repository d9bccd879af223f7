"""Fields that read what people type."""

from datetime import time

import pytest

from eoffice.core.forms import read_hour


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        ("14:30", time(14, 30)),
        ("8h", time(8)),
        ("14h05", time(14, 5)),
        ("9", time(9)),
        ("23g59", time(23, 59)),
    ],
)
def test_an_hour_is_read_as_offices_write_it(typed: str, hour: time) -> None:
    assert read_hour(typed) == hour


@pytest.mark.parametrize("typed", ["24:00", "14:60", "14:5", "chiều", "-1", "1430"])
def test_what_is_no_hour_is_refused(typed: str) -> None:
    assert read_hour(typed) is None
