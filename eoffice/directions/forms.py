"""Shape of what people enter about directions; truth is the service's business."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import TextInput

from eoffice.core.errors import AppError
from eoffice.core.forms import Form
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory.models import Assignment

#: how days are typed: with slashes, without, or as a browser's own date field sends them
DAY_FORMATS = ("%d/%m/%Y", "%d%m%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d")


class DayField(DateField):
    """A day, typed as offices write it: 20/11/2026."""

    widget = TextInput()  # type: ignore[assignment]  # the stubs know of no other than DateInput

    def __init__(self, label: Any = None, validators: Any = None, **options: Any) -> None:
        super().__init__(label, validators, format=list(DAY_FORMATS), **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day. Raises ValueError in the person's language."""
        text = valuelist[0].strip() if valuelist else ""
        if not text:
            self.data = None
            return
        self.data = read_day(text)
        if self.data is None:
            raise ValueError(str(_l("Write the day as day/month/year, e.g. 20/11/2026.")))


def read_day(text: str) -> date | None:
    """The day a text names, None when it names none."""
    for form in DAY_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def needed() -> InputRequired:
    """A field without which the form cannot be saved."""
    return InputRequired(_l("This is needed. Fill it in."))


def at_most(limit: int) -> Length:
    """As long as the column (Decree 30/2020, Appendix VI, part II)."""
    return Length(max=limit, message=_l("This is too long: at most %(max)d characters."))


def refused(form: FlaskForm, error: AppError) -> int:
    """Say a refusal at the field it names and return its status; one that names none of the form's is raised on."""
    if error.field is None or error.field not in form:
        raise error
    field = form[error.field]
    field.errors = [*field.errors, str(error)]
    return error.status


Choices = Sequence[tuple[str, str]]


class _Marks(SelectMultipleField):
    """Units and people by their marks; the service knows who may be named."""

    def pre_validate(self, _form: Any) -> None:
        """Refuse marks that are no marks at all."""
        if any(mark[:1] not in ("u", "p") or not mark[1:].isdecimal() for mark in self.data or ()):
            raise ValidationError(
                str(_l("One of those named holds no post here today. Choose again from the list."))
            )


class DirectionForm(Form):
    """A leader's direction; the choices are groups of units and people."""

    opinion = TextAreaField(_l("Direction"), [needed(), at_most(2000)])
    lead = SelectField(_l("Lead"), [needed()], validate_choice=False)
    coordinating = _Marks(_l("Coordinating"), validate_choice=False)
    inform = _Marks(_l("For information"), validate_choice=False)
    due_on = DayField(_l("Deadline"), [Optional()])

    def offer(self, working: Mapping[str, Choices], reading: Mapping[str, Choices]) -> None:
        """Say who can be named: units and people by their marks, under their headings."""
        self.lead.choices = {"": [("", _l("Choose…"))], **working}
        self.coordinating.choices = dict(working)
        self.inform.choices = dict(reading)

    def to_new(self) -> NewDirection:
        """What was decided. Raises NotHere."""
        return NewDirection(
            opinion=self.opinion.data or "",
            lead=Named.read(self.lead.data) if self.lead.data else None,
            coordinating=tuple(Named.read(mark) for mark in self.coordinating.data or ()),
            inform=tuple(Named.read(mark) for mark in self.inform.data or ()),
            due_on=self.due_on.data,
        )


class AssignForm(Form):
    """The head of a unit names who works on its task."""

    assignment_id = SelectField(_l("Who does it"), [needed()], coerce=int)
    coordinating = SelectMultipleField(_l("Coordinating"), coerce=int)
    opinion = TextAreaField(_l("What is to be done"), [needed(), at_most(2000)])
    due_on = DayField(_l("Deadline"), [Optional()])

    def offer(self, posts: Sequence[Assignment]) -> None:
        """Say who works in the unit."""
        self.assignment_id.choices = [(post.id, post.label) for post in posts]
        self.coordinating.choices = [(post.id, post.label) for post in posts]


class FinishForm(Form):
    """The one named reports the result."""

    result = TextAreaField(_l("Result"), [needed(), at_most(2000)])
