"""The form of a new mission."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField

from eoffice.core.forms import DayField, Form, at_most, needed
from eoffice.missions.operations import LONGEST, NewMission


class MissionForm(Form):
    """What, who, by when."""

    content = TextAreaField(_l("What has to be done"), [needed(), at_most(LONGEST)])
    to = SelectField(_l("Who has to do it"), [needed()])
    due_on = DayField(_l("Last day"), [needed()])

    def offer(self, choices: list[tuple[str, str]]) -> None:
        """Whom it may name."""
        self.to.choices = [("", ""), *choices]

    def to_new(self) -> NewMission:
        """What the use case takes."""
        return NewMission(self.content.data or "", self.to.data or "", self.due_on.data)
