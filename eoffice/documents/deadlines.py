"""Deadlines as people say them: the end of a working day or, where the matter is urgent, an hour of it."""

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from eoffice.core import clock
from eoffice.core.workdays import days_left

#: working days from which on a deadline is shown as near
_SOON = 2


#: day and hour at which a statement is asked, whenever it was made
_DAY = sa.bindparam("this_day", callable_=lambda: at_this_moment()["this_day"], type_=sa.Date)
_HOUR = sa.bindparam("this_hour", callable_=lambda: at_this_moment()["this_hour"], type_=sa.Time)


def at_this_moment() -> dict[str, Any]:
    """The values of `over` for a statement that was put into words before."""
    now = clock.local(clock.now())
    return {"this_day": now.date(), "this_hour": now.time()}


def over(day: Any, hour: Any) -> sa.ColumnElement[bool]:
    """Whether a deadline in these columns has passed; NULL without one."""
    passed: sa.ColumnElement[bool] = sa.or_(day < _DAY, sa.and_(day == _DAY, hour < _HOUR))
    return passed


def missed(moment: Any, day: Any, hour: Any) -> sa.ColumnElement[bool]:
    """Whether what happened at a moment came after a deadline, both in columns; NULL without one of them."""
    local = sa.func.timezone(clock.TZ.key, moment)
    on, at = sa.cast(local, sa.Date), sa.cast(local, sa.Time)
    came_late: sa.ColumnElement[bool] = sa.or_(on > day, sa.and_(on == day, at > hour))
    return came_late


def passed(day: date, hour: time | None) -> bool:
    """The same of values."""
    today = clock.today()
    return day < today or (day == today and hour is not None and hour < clock.local(clock.now()).time())


def words(due: date | None, hour: time | None = None) -> tuple[str, str]:
    """The words for a deadline and their tone: "", "soon" or "late"; both empty without one."""
    if due is None:
        return "", ""
    left, day = days_left(due), f"{due:%d/%m/%Y}"
    if hour is not None:
        day = f"{hour:%H:%M} {day}"
        if due == clock.today():
            return _today(datetime.combine(due, hour, clock.TZ), day)
    if left < 0:
        text = ngettext("%(num)s day late (%(date)s)", "%(num)s days late (%(date)s)", -left, date=day)
        return text, "late"
    if left == 0:
        if due == clock.today():
            return _("today (%(date)s)", date=day), "late"
        return _("before the next working day (%(date)s)", date=day), "soon"
    text = ngettext("%(num)s day left (%(date)s)", "%(num)s days left (%(date)s)", left, date=day)
    return text, "soon" if left <= _SOON else ""


def calendar_words(due: date | None) -> tuple[str, str]:
    """The same for a duty that the law counts in days of the calendar, such as handing a dossier over."""
    if due is None:
        return "", ""
    left, day = (due - clock.today()).days, f"{due:%d/%m/%Y}"
    if left < 0:
        text = ngettext(
            "%(num)s calendar day late (%(date)s)", "%(num)s calendar days late (%(date)s)", -left, date=day
        )
        return text, "late"
    if left == 0:
        return _("today (%(date)s)", date=day), "late"
    text = ngettext(
        "%(num)s calendar day left (%(date)s)", "%(num)s calendar days left (%(date)s)", left, date=day
    )
    return text, "soon" if left <= _SOON else ""


def _today(moment: datetime, shown: str) -> tuple[str, str]:
    """By the hour, begun ones counted: what is due in ten minutes is due within the hour."""
    minutes = (moment - clock.now()).total_seconds() / 60
    hours = max(1, -int(-abs(minutes) // 60))
    if minutes < 0:
        return ngettext(
            "%(num)s hour late (%(date)s)", "%(num)s hours late (%(date)s)", hours, date=shown
        ), "late"
    return ngettext(
        "within %(num)s hour (%(date)s)", "within %(num)s hours (%(date)s)", hours, date=shown
    ), "late"
