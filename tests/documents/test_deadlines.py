"""Deadlines in words: working days are counted, and a day off is no “today”."""

from datetime import UTC, date, datetime

from flask import Flask

from eoffice.core import clock
from eoffice.documents import deadlines


def test_a_deadline_on_a_day_off_is_not_called_today(app: Flask) -> None:
    saturday = date(2026, 11, 28)
    with clock.freeze(datetime(2026, 11, 27, 2, tzinfo=UTC)), app.test_request_context():
        assert deadlines.words(date(2026, 11, 27)) == ("hôm nay (27/11/2026)", "late")
        assert deadlines.words(saturday) == ("trước ngày làm việc tới (28/11/2026)", "soon")
        assert deadlines.words(date(2026, 11, 30))[0] == "còn 1 ngày (30/11/2026)"
