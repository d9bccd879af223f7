"""The base of every form, and the fields and checks they share."""

import re
from datetime import date, datetime, time
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import DateField, Field
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import TextInput

from eoffice.core.errors import AppError, Invalid


class _Ours:
    """One sentence for whatever wtforms itself finds wrong: it has no Vietnamese."""

    def gettext(self, _text: str) -> str:
        return _("This cannot be used as it is. Enter it or choose it again.")

    def ngettext(self, _singular: str, _plural: str, _count: int) -> str:
        return self.gettext(_singular)


class Form(FlaskForm):
    """A form that speaks the person's language throughout."""

    class Meta(FlaskForm.Meta):
        """See wtforms."""

        def get_translations(self, _form: Any) -> _Ours:
            """What the library says, in our words."""
            return _Ours()


#: how days are typed: with slashes, without, or as a browser's own date field sends them
#: a year beyond is a slip of the hand
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
DAY_FORMATS = ("%d/%m/%Y", "%d%m%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d")


class DayField(DateField):
    """A day, typed as offices write it: 20/11/2026."""

    widget = TextInput()  # type: ignore[assignment]  # the stubs know of no other than DateInput

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        super().__init__(label, validators, format=list(DAY_FORMATS), **options)  # type: ignore[no-untyped-call]  # wtforms is not typed there

    def _value(self) -> str:
        # however it was typed: a day in an address comes from links as well
        return f"{self.data:%d/%m/%Y}" if self.data else " ".join(self.raw_data or ())

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day. Raises ValueError in the person's language."""
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            self.data = None
            return
        self.data = read_day(text)
        if self.data is None:
            raise ValueError(str(_l("Write the day as day/month/year, e.g. 20/11/2026.")))


class HourField(Field):
    """An hour of a day, typed as offices write it: 14:30 or 14h30."""

    widget = TextInput()

    def _value(self) -> str:
        return f"{self.data:%H:%M}" if self.data else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the hour. Raises ValueError in the person's language."""
        text = valuelist[0].strip() if valuelist else ""
        self.data = read_hour(text) if text else None
        if text and self.data is None:
            raise ValueError(str(_l("Write the hour as hours:minutes, e.g. 14:30.")))


def read_hour(text: str) -> time | None:
    """The hour a text names, None when it names none."""
    found = re.fullmatch(r"([01]?\d|2[0-3])(?:[:hg]([0-5]\d)?)?", text.strip().lower())
    return time(int(found[1]), int(found[2] or 0)) if found else None


def read_day(text: str) -> date | None:
    """The day a text names, None when it names none, or one that no paper of an office can bear."""
    for form in DAY_FORMATS:
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None
    return None


def needed() -> InputRequired:
    """A field without which the form cannot be saved."""
    return InputRequired(_l("This is needed. Fill it in."))


def at_most(limit: int) -> Length:
    """As long as the column (Decree 30/2020, Appendix VI, part II)."""
    length = Length(max=limit, message=_l("This is too long: at most %(max)d characters."))
    length.field_flags = {}  # a browser that knew it would cut off what is pasted, without a word
    return length


class Unreadable(Invalid):
    """What an address asks for cannot be read; an answer to something else would mislead."""

    message = _l("%(name)s: %(why)s")


class Asked(Form):
    """A question in an address, which changes nothing."""

    class Meta(Form.Meta):
        """See wtforms."""

        csrf = False

    def check(self) -> Self:
        """The form itself when it can be read, for who sees no form. Raises Unreadable at the first wrong field."""
        if not self.validate():  # type: ignore[no-untyped-call]  # wtforms is not typed there
            wrong = next(one for one in self if one.errors)
            raise Unreadable(name=wrong.label.text, why=wrong.errors[0], field=wrong.name)
        return self


class DaysAsked(Asked):
    """From one day to another: `from` and `to` in every address; an empty one asks for nothing."""

    first = DayField(_l("From"), [Optional()], name="from")
    last = DayField(_l("To"), [Optional()], name="to")

    @classmethod
    def of(cls, address: MultiDict[str, str], first: date | None = None, last: date | None = None) -> Self:
        """What an address asks for, `first` and `last` where it says nothing of a day."""
        days = {"from": first, "to": last}
        return cls(MultiDict([*address.items(multi=True), *(
            (name, f"{day:%d/%m/%Y}") for name, day in days.items() if day and name not in address
        )]))  # fmt: skip

    def validate_last(self, field: DayField) -> None:
        """Days in their order."""
        if self.first.data and field.data and field.data < self.first.data:
            raise ValidationError(str(_l("It lies before the first day. Correct one of the two.")))


def refused(form: FlaskForm, error: AppError) -> int:
    """Say a refusal at the field it names and return its status; one that names none of the form's is raised on."""
    if error.field is None or error.field not in form:
        raise error
    field = form[error.field]
    field.errors = [*field.errors, str(error)]
    return error.status
