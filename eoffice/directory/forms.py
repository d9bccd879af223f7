"""Shape of what is entered about people; truth is the service's business."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import Optional

from eoffice.core import clock
from eoffice.core.forms import DayField, Form, at_most, needed
from eoffice.directory.absences import NewAbsence
from eoffice.directory.models import Assignment, SigningForm
from eoffice.directory.service import NewDelegation


class AbsenceForm(Form):
    """Who is away, from when to when, and who stands in."""

    post_id = SelectField(_l("Who is away"), [needed()], coerce=int)
    stand_in_id = SelectField(_l("Who stands in"), [needed()], coerce=int)
    starts_on = DayField(_l("First day"), [needed()])
    ends_on = DayField(_l("Last day"), [needed()])
    reason = StringField(_l("Reason"), [Optional(), at_most(300)])

    def offer(self, absent: Sequence[Assignment], posts: Sequence[Assignment]) -> None:
        """Fill the lists: for whom one may record it, and who can stand in for the one that is chosen."""
        self.post_id.choices = [(post.id, post.label) for post in absent]
        self.stand_in_id.choices = [(post.id, post.choice) for post in posts]

    def to_new(self) -> NewAbsence:
        """What was entered."""
        assert self.starts_on.data is not None
        assert self.ends_on.data is not None
        return NewAbsence(
            self.post_id.data,
            self.stand_in_id.data,
            self.starts_on.data,
            self.ends_on.data,
            self.reason.data or "",
        )


class DelegationForm(Form):
    """Who signs in one's stead, how, for what, from when to when."""

    to_id = SelectField(_l("Who signs"), [needed()], coerce=int)
    form = SelectField(_l("In which form"))
    kind_codes = SelectMultipleField(_l("Kinds of documents"), [Optional()])
    starts_on = DayField(_l("From the beginning of"), [needed()])
    ends_on = DayField(_l("To the end of"), [needed()])
    basis = StringField(_l("Legal basis"), [needed(), at_most(300)])

    def offer(self, posts: Sequence[Assignment], kinds: Mapping[str, str]) -> None:
        """Fill the lists; `kinds`: names by code."""
        self.to_id.choices = [(post.id, post.label) for post in posts]
        self.form.choices = [(one.value, one.word) for one in SigningForm]
        self.kind_codes.choices = list(kinds.items())

    def to_new(self) -> NewDelegation:
        """What was decided; the last day counts whole."""
        assert self.starts_on.data is not None
        assert self.ends_on.data is not None
        return NewDelegation(
            to_id=self.to_id.data, form=SigningForm(self.form.data), kind_codes=tuple(self.kind_codes.data or ()),
            starts_at=clock.day_start(self.starts_on.data),
            ends_at=clock.day_start(self.ends_on.data + timedelta(days=1)), basis=self.basis.data or "",
        )  # fmt: skip
