"""Shape of what people enter about directions; truth is the service's business."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from eoffice.core.forms import DayField, Form, HourField, at_most, needed
from eoffice.directions.helps import NewGroup
from eoffice.directions.models import OPEN, Direction, Part
from eoffice.directions.operations import DueInThePast, Named, NewDirection
from eoffice.directory.models import Assignment
from eoffice.documents import deadlines

Choices = Sequence[tuple[str, str]]


class _Marks(SelectMultipleField):
    """Units and people by their marks; the service knows who may be named."""

    def pre_validate(self, _form: Any) -> None:
        """Refuse marks that are no marks at all."""
        if any(mark[:1] not in ("u", "p") or not mark[1:].isdecimal() for mark in self.data or ()):
            raise ValidationError(
                str(_l("One of those named holds no post here today. Choose again from the list."))
            )


class NamingForm(Form):
    """Who is named with which part; the choices are groups of units and people."""

    lead = SelectField(_l("Lead"), [Optional()], validate_choice=False)
    coordinating = _Marks(_l("Coordinating"), validate_choice=False)
    inform = _Marks(_l("For information"), validate_choice=False)

    def offer(self, working: Mapping[str, Choices], reading: Mapping[str, Choices]) -> None:
        """Say who can be named: units and people by their marks, under their headings."""
        self.lead.choices = {"": [("", _l("Choose…"))], **working}
        self.coordinating.choices = dict(working)
        self.inform.choices = dict(reading)

    def fill(self, group: NewGroup) -> None:
        """Name everybody of a group."""
        self.lead.data = group.lead
        self.coordinating.data, self.inform.data = list(group.coordinating), list(group.inform)


class GroupForm(NamingForm):
    """A circulation group to keep."""

    name = StringField(_l("Name of the group"), [needed(), at_most(100)])
    shared = BooleanField(_l("Everybody in the agency may use it"))

    def to_group(self) -> NewGroup:
        """What is kept."""
        return NewGroup(
            self.name.data or "", self.lead.data or "", tuple(self.coordinating.data or ()),
            tuple(self.inform.data or ()), bool(self.shared.data),
        )  # fmt: skip


class PhraseForm(Form):
    """A phrase to keep."""

    text = StringField(_l("New phrase"), [needed(), at_most(200)])


class DirectionForm(NamingForm):
    """A leader's direction."""

    opinion = TextAreaField(_l("Direction"), [needed(), at_most(2000)])
    lead = SelectField(_l("Lead"), [needed()], validate_choice=False)
    due_on = DayField(_l("Deadline"), [Optional()])
    due_time = HourField(_l("Hour"), [Optional()])
    coordinating_due_on = DayField(_l("Deadline of those who coordinate"), [Optional()])

    def validate_due_on(self, field: DayField) -> None:
        """Said together with what else is wrong, not after it. Raises ValidationError."""
        if field.data and deadlines.passed(field.data, self.due_time.data):
            hour = f"{self.due_time.data:%H:%M} " if self.due_time.data else ""
            raise ValidationError(str(DueInThePast(date=f"{hour}{field.data:%d/%m/%Y}")))

    def validate_coordinating_due_on(self, field: DayField) -> None:
        """As above."""
        if field.data and deadlines.passed(field.data, None):
            raise ValidationError(str(DueInThePast(date=f"{field.data:%d/%m/%Y}")))

    def fill_from(self, direction: Direction) -> None:
        """Name again whom the direction that holds now charges, by their own deadlines."""
        open_ones = [task for task in direction.tasks if task.state in OPEN]
        for task in open_ones:
            mark = Named(task.unit_id, task.assignment_id).mark
            if task.part is Part.LEAD:
                self.lead.data = mark
                if task.due_on and not deadlines.passed(task.due_on, task.due_time):
                    self.due_on.data, self.due_time.data = task.due_on, task.due_time
        coordinating = [task for task in open_ones if task.part is Part.COORDINATE]
        self.coordinating.data = [Named(task.unit_id, task.assignment_id).mark for task in coordinating]
        # left empty, each keeps his own
        days = {(task.due_on, task.due_time) for task in coordinating}
        if len(days) == 1 and days != {(self.due_on.data, self.due_time.data)}:
            [(day, hour)] = days
            if day is not None and hour is None and not deadlines.passed(day, None):
                self.coordinating_due_on.data = day

    def to_new(self) -> NewDirection:
        """What was decided. Raises NotHere."""
        return NewDirection(
            opinion=self.opinion.data or "",
            lead=Named.read(self.lead.data) if self.lead.data else None,
            coordinating=tuple(
                replace(Named.read(mark), due_on=self.coordinating_due_on.data)
                for mark in self.coordinating.data or ()
            ),
            inform=tuple(Named.read(mark) for mark in self.inform.data or ()),
            due_on=self.due_on.data,
            due_time=self.due_time.data,
        )


class PreparationForm(DirectionForm):
    """A direction typed for a leader: for him to confirm, or as he wrote it on the paper."""

    leader_id = SelectField(_l("Leader who wrote it"), coerce=int, default=0, validate_choice=False)
    scan = FileField(_l("Scan of the handwriting"))


class AssignForm(Form):
    """The head of a unit names who works on its task."""

    assignment_id = SelectField(_l("Who does it"), [needed()], coerce=int)
    coordinating = SelectMultipleField(_l("Coordinating"), coerce=int)
    opinion = TextAreaField(_l("What is to be done"), [needed(), at_most(2000)])
    due_on = DayField(_l("Deadline"), [Optional()])
    due_time = HourField(_l("Hour"), [Optional()])

    def offer(self, posts: Sequence[Assignment]) -> None:
        """Say who works in the unit."""
        self.assignment_id.choices = [(post.id, post.choice) for post in posts]
        self.coordinating.choices = [(post.id, post.choice) for post in posts]


class MoreTimeForm(Form):
    """The one named asks for a later deadline."""

    wanted_on = DayField(_l("More time until"), [needed()])
    wanted_reason = TextAreaField(_l("Why more time is needed"), [needed(), at_most(500)])


class DeadlineForm(Form):
    """Who gave the task sets another day, earlier or later."""

    new_due_on = DayField(_l("New deadline"), [needed()])
    new_due_time = HourField(_l("Hour"), [Optional()])
    due_why = StringField(_l("Why"), [Optional(), at_most(500)])


class ProgressForm(Form):
    """The one named says how far it has come."""

    progress = TextAreaField(_l("How far it has come"), [needed(), at_most(500)])


class AgainForm(Form):
    """Who gave the task asks for more than was done."""

    again_reason = TextAreaField(_l("What is still to be done"), [needed(), at_most(500)])


class TimeAnswerForm(Form):
    """Who gave the task grants it or not."""

    until = DayField(_l("More time until"), [Optional()])
    time_note = TextAreaField(_l("Words to the one who asks"), [Optional(), at_most(500)])


class FinishForm(Form):
    """The one named reports the result."""

    result = TextAreaField(_l("Result"), [needed(), at_most(2000)])
