"""Deadlines as people say them."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from eoffice.core.workdays import days_left

#: working days from which on a deadline is shown as near
_SOON = 2


def words(due: date | None) -> tuple[str, str]:
    """The words for a deadline and their tone: "", "soon" or "late"; both empty without one."""
    if due is None:
        return "", ""
    left, day = days_left(due), f"{due:%d/%m/%Y}"
    if left < 0:
        text = ngettext("%(num)s day late (%(date)s)", "%(num)s days late (%(date)s)", -left, date=day)
        return text, "late"
    if left == 0:
        return _("today (%(date)s)", date=day), "late"
    text = ngettext("%(num)s day left (%(date)s)", "%(num)s days left (%(date)s)", left, date=day)
    return text, "soon" if left <= _SOON else ""
