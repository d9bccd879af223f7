"""Dates, ages and conditions as people say them."""

from datetime import date, datetime

from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.gateway.models import Delivery, Hop
from eoffice.home.queries import Series


def age(since: datetime) -> str:
    """How long ago, in the largest whole unit; "" for less than a minute."""
    minutes = int((clock.now() - since).total_seconds() // 60)
    if minutes < 1:
        return ""
    if minutes < 60:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    if minutes < 24 * 60:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s day", "%(num)s days", minutes // (24 * 60))


def hour(moment: datetime) -> str:
    """The hour of the day here."""
    return f"{clock.local(moment):%H:%M}"


def trouble_of(delivery: Delivery) -> tuple[str, str, str]:
    """Word, shape and colour of a copy that needs a person."""
    if delivery.hop is Hop.ON_AXIS and delivery.on_axis_at is not None:
        return _("Not fetched for %(age)s", age=age(delivery.on_axis_at)), "triangle", "warn"
    return str(delivery.hop.word), "octagon", "bad"


def last_number(series: Series, today: date) -> str:
    """The last number of a register with the hour it was given, or the day."""
    if series.last_given_at is None:
        return str(series.register.last_number or "-")
    at = clock.local(series.last_given_at)
    when = f"{at:%H:%M}" if at.date() == today else f"{at:%d/%m/%Y}"
    return f"{series.register.last_number} ({when})"


def day_in_full(day: date) -> str:
    """The day with its name: "Thứ Sáu, 20/11/2026"."""
    return format_date(day, "EEEE, dd/MM/yyyy")
