"""Shape of what is asked about registers; truth is the service's business."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Self, cast

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional, ValidationError

from eoffice.core import clock
from eoffice.core.forms import Asked, DayField, DaysAsked, Form, at_most, needed
from eoffice.directory.models import AdvisoryBody
from eoffice.documents.bodies import NewBody
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
    body_id = SelectField(_l("Whose documents"), coerce=int, default=0)
    opening_number = IntegerField(_l("Last number given before"), [Optional()], default=0)
    decision = StringField(_l("Head's decision"), [needed(), at_most(250)])

    def offer(self, bodies: Sequence[AdvisoryBody]) -> Self:
        """Fill the list of those whose documents may have a series of their own."""
        there = [(one.id, one.name) for one in bodies if one.ended_at is None]
        self.body_id.choices = [(0, _l("The agency's own")), *there]
        return self

    def to_new(self) -> NewRegister:
        """What was entered."""
        return NewRegister(
            year=self.year.data or clock.today().year, direction=Direction(self.direction.data),
            code=self.code.data or "", name=self.name.data or "", kind_codes=tuple(self.kind_codes.data or ()),
            opening_number=self.opening_number.data or 0, decision=self.decision.data or "",
            body_id=self.body_id.data or None,
        )  # fmt: skip


class BodyForm(Form):
    """A council, committee or task force that issues under its own name."""

    name = StringField(_l("Name of the body"), [needed(), at_most(200)])
    abbreviation = StringField(_l("Abbreviation in its notation"), [needed(), at_most(15)])
    decision = StringField(_l("Decision that set it up"), [needed(), at_most(300)])

    def to_new(self) -> NewBody:
        """What was entered."""
        return NewBody(self.name.data or "", self.abbreviation.data or "", self.decision.data or "")


class OpeningForm(Form):
    """The number a series goes on from."""

    opening_number = IntegerField(_l("Last number given before"), [needed()])
    decision = StringField(_l("Head's decision"), [needed(), at_most(250)])


class CloseForm(Form):
    """The end of a series."""

    last_number = IntegerField(_l("Its last number"), [needed()])
    decision = StringField(_l("Head's decision"), [Optional(), at_most(250)])


class SignForm(Form):
    """The agency's key."""

    pin = PasswordField(_l("PIN of the agency's key"), [at_most(64)])


class PeriodForm(DaysAsked):
    """From one day to another; the month so far when nothing is asked."""

    first = DayField(_l("From"), [needed()], name="from")
    last = DayField(_l("To"), [needed()], name="to")

    @classmethod
    def asked(cls, address: MultiDict[str, str]) -> Self:
        """What the address asks for."""
        today = clock.today()
        return cls.of(address, today.replace(day=1), today)

    def validate_last(self, field: DayField) -> None:
        """A year at most: a count never reads all there ever was."""
        super().validate_last(field)
        if self.first.data and field.data and field.data > self.first.data + timedelta(days=366):
            raise ValidationError(str(_l("Give a last day at most a year after the first.")))

    def to_period(self) -> Period:
        """What was asked for."""
        assert self.first.data is not None
        assert self.last.data is not None
        return Period(self.first.data, self.last.data)


class YearAsked(Asked):
    """A year; this one when nothing is asked."""

    year = IntegerField(_l("Year"), [Optional(), NumberRange(1900, 9999)])


class PrintForm(DaysAsked):
    """A part of the registers."""

    form = SelectField(_l("Kind of register"), default=BookForm.INCOMING)
    register_id = SelectField(_l("Which register"), coerce=int, default=0)
    first = DayField(_l("From"), [needed()], name="from")
    last = DayField(_l("To"), [needed()], name="to")

    def offer(self, registers: list[Register], *, envelopes: bool) -> None:
        """Fill the lists; `envelopes`: the register of sealed ones may be seen."""
        kinds = [one for one in BookForm if envelopes or one is not BookForm.ENVELOPES]
        self.form.choices = [SelectChoice(one.value, cast("str", one.word)) for one in kinds]
        # most names say their year
        known = [
            (one.id, one.name if str(one.year) in one.name else f"{one.name} ({one.year})")
            for one in registers
        ]
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
