"""Shape of what is asked about registers; truth is the service's business."""

from datetime import timedelta
from typing import cast

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from eoffice.core import clock
from eoffice.core.forms import DayField, Form, at_most, needed
from eoffice.documents.closing import NewRegister
from eoffice.documents.kinds import EVERY
from eoffice.documents.models import Direction, Register
from eoffice.reports.books import Span
from eoffice.reports.columns import Form as BookForm
from eoffice.reports.figures import Period

_DIRECTIONS = {Direction.IN: _l("Incoming documents"), Direction.OUT: _l("Outgoing documents")}


class OpenForm(Form):
    """A new register."""

    name = StringField(_l("Name of the register"), [needed(), at_most(200)])
    code = StringField(_l("Short name"), [needed(), at_most(20)])
    direction = SelectField(
        _l("Numbers"),
        choices=[SelectChoice(one.value, cast("str", word)) for one, word in _DIRECTIONS.items()],
    )
    year = IntegerField(_l("Year"), [needed()])
    kind_codes = SelectMultipleField(
        _l("Kinds numbered here"), [Optional()],
        choices=[SelectChoice(kind.code, kind.name) for kind in EVERY.values()],
    )  # fmt: skip
    opening_number = IntegerField(_l("Last number given before"), [Optional()], default=0)
    decision = StringField(_l("Head's decision"), [needed(), at_most(250)])

    def to_new(self) -> NewRegister:
        """What was entered."""
        return NewRegister(
            year=self.year.data or clock.today().year, direction=Direction(self.direction.data),
            code=self.code.data or "", name=self.name.data or "", kind_codes=tuple(self.kind_codes.data or ()),
            opening_number=self.opening_number.data or 0, decision=self.decision.data or "",
        )  # fmt: skip


class OpeningForm(Form):
    """The number a series goes on from."""

    opening_number = IntegerField(_l("Last number given before"), [needed()])
    decision = StringField(_l("Head's decision"), [needed(), at_most(250)])


class CloseForm(Form):
    """The end of a series."""

    decision = StringField(_l("Head's decision"), [Optional(), at_most(250)])


class SignForm(Form):
    """The agency's key."""

    pin = PasswordField(_l("PIN of the agency's key"), [at_most(64)])


class PeriodForm(Form):
    """From one day to another; the month so far when nothing is asked."""

    class Meta(Form.Meta):
        """A question in an address, which changes nothing."""

        csrf = False

    first = DayField(_l("From"), [needed()])
    last = DayField(_l("To"), [needed()])

    @classmethod
    def asked(cls, address: MultiDict[str, str]) -> "PeriodForm":
        """What the address asks for."""
        today = clock.today()
        month = MultiDict({"first": f"{today.replace(day=1):%d/%m/%Y}", "last": f"{today:%d/%m/%Y}"})
        return cls(address if "first" in address else month)

    def validate_last(self, field: DayField) -> None:
        """A year at most: a count never reads all there ever was."""
        if self.first.data is None or field.data is None:
            return
        if not self.first.data <= field.data <= self.first.data + timedelta(days=366):
            raise ValidationError(str(_l("Give a last day after the first, at most a year later.")))

    def to_period(self) -> Period:
        """What was asked for."""
        assert self.first.data is not None
        assert self.last.data is not None
        return Period(self.first.data, self.last.data)


class PrintForm(Form):
    """A part of the registers."""

    class Meta(Form.Meta):
        """A question in an address, which changes nothing."""

        csrf = False

    form = SelectField(
        _l("Kind of register"),
        choices=[SelectChoice(one.value, cast("str", one.word)) for one in BookForm],
        default=BookForm.INCOMING,
    )
    register_id = SelectField(_l("Which register"), coerce=int, default=0)
    first = DayField(_l("From"), [needed()])
    last = DayField(_l("To"), [needed()])

    def offer(self, registers: list[Register]) -> None:
        """Fill the list."""
        known = [(one.id, one.name) for one in registers]
        self.register_id.choices = [(0, _l("All registers")), *known]

    def to_span(self, agency_id: int) -> Span:
        """What was asked for."""
        assert self.first.data is not None
        assert self.last.data is not None
        return Span(
            BookForm(self.form.data),
            agency_id,
            self.first.data,
            self.last.data,
            self.register_id.data or None,
        )
