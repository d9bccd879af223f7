"""Shape of what the clerk enters; truth is the service's business."""

from collections.abc import Sequence
from typing import Any, Self

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from eoffice.core import clock
from eoffice.core.forms import DayField, DaysAsked, Form, HourField, at_most, needed
from eoffice.directory.models import Assignment, Role, Unit
from eoffice.documents.fields import FieldGuess
from eoffice.documents.kinds import EVERY
from eoffice.documents.layout.letter import Urgency as PageUrgency
from eoffice.documents.models import Urgency
from eoffice.incoming.envelopes import NewEnvelope
from eoffice.incoming.models import EnvelopeSign, IncomingDocument
from eoffice.incoming.operations import LENGTHS, NewIncoming
from eoffice.incoming.queries import Filter, Tab

_STAMPS = {
    PageUrgency.URGENT: Urgency.URGENT,
    PageUrgency.VERY_URGENT: Urgency.VERY_URGENT,
    PageUrgency.EXPRESS: Urgency.FLASH,
}


class FilterForm(DaysAsked):
    """What narrows a list; its tab stands above it."""

    first = DayField(_l("Arrived from"), [Optional()], name="from", description=_l("day/month/year"))
    last = DayField(_l("Arrived until"), [Optional()], name="to")
    issuer = StringField(_l("Issuing agency"), [at_most(LENGTHS["issuer_name"])])
    urgency = SelectField(_l("Urgency"), default="")
    unit = SelectField(_l("Unit"), default="")

    def offer(self, units: Sequence[Unit]) -> None:
        """Fill the lists."""
        every = [("", _l("All"))]
        self.urgency.choices = every + [(str(int(level)), level.word) for level in Urgency]
        self.unit.choices = every + [(str(unit.id), unit.name) for unit in units]

    def to_filter(self, tab: Tab) -> Filter:
        """What was asked of this tab; valid forms only."""
        return Filter(
            tab=tab, arrived_from=self.first.data, arrived_to=self.last.data,
            issuer=(self.issuer.data or "").strip(),
            urgency=Urgency(int(self.urgency.data)) if self.urgency.data else None,
            unit_id=int(self.unit.data) if self.unit.data else None,
        )  # fmt: skip


class RegisterForm(Form):
    """The register's columns, in the order of the page."""

    code_number = StringField(_l("Number"), [at_most(LENGTHS["code_number"])])
    code_notation = StringField(_l("Notation"), [at_most(LENGTHS["code_notation"])])
    issued_on = DayField(_l("Document's date"), [Optional()])
    issuer_name = StringField(_l("Issuing agency"), [needed(), at_most(LENGTHS["issuer_name"])])
    #: code of the agency chosen from the list
    issuer_name_id = HiddenField()
    kind_code = SelectField(_l("Kind of document"), [needed()])
    urgency = SelectField(_l("Urgency"), coerce=int)
    arrived_on = DayField(_l("Arrival date"), [needed()])
    subject = TextAreaField(_l("Subject"), [needed(), at_most(LENGTHS["subject"])])
    signer_name = StringField(_l("Signer's name"), [at_most(LENGTHS["signer_name"])])
    signer_title = StringField(_l("Signer's title"), [at_most(LENGTHS["signer_title"])])
    due_on = DayField(_l("Deadline"), [Optional()])
    due_time = HourField(_l("Hour"), [Optional()])
    submit_to_id = SelectField(_l("Submit to"), coerce=int)
    accept_duplicate = BooleanField(_l("Register all the same"))

    def offer(self, leaders: list[Assignment]) -> None:
        """Fill the lists."""
        self.kind_code.choices = [("", "")] + [(kind.code, kind.name) for kind in EVERY.values()]
        self.urgency.choices = [(int(level), level.word) for level in Urgency]
        later = [(0, _l("Later"))]
        self.submit_to_id.choices = later + [(post.id, post.choice) for post in leaders]

    @classmethod
    def of(cls, document: IncomingDocument, guess: FieldGuess, issuer: tuple[str, str] = ("", "")) -> Self:
        """The form with what the axis said, or what stands clearly on the page; the rest is left empty.

        `issuer`: name and code of the one agency of the directory that the page names, both empty for none.
        """
        known = {
            name: getattr(document, name) or None
            for name in ("code_number", "code_notation", "issued_on", "issuer_name", "kind_code", "subject",
                         "signer_name", "signer_title", "due_on")
        }  # fmt: skip
        read: dict[str, Any] = {
            "code_number": guess.number, "code_notation": guess.notation, "issued_on": guess.issued_on,
            "issuer_name": guess.issuer, "kind_code": guess.kind, "subject": guess.subject,
            "signer_name": guess.signer_name, "signer_title": guess.signer_title, "due_on": guess.due_on,
        }  # fmt: skip
        values = {name: known[name] or (one.value if one else None) for name, one in read.items()}
        name, code = issuer if not document.issuer_name else ("", "")
        values["issuer_name"] = name or values["issuer_name"]
        urgency = document.urgency
        if guess.urgency is not None and not urgency:
            urgency = _STAMPS.get(guess.urgency.value, urgency)
        return cls(
            data=values
            | {
                "issuer_name_id": document.issuer_code or code,
                "urgency": int(urgency),
                "arrived_on": clock.local(document.arrived_at).date(),
                "submit_to_id": 0,
                "due_time": document.due_time,
            }
        )

    def to_new(self) -> NewIncoming:
        """What was entered."""
        return NewIncoming(
            code_number=(self.code_number.data or "").strip(),
            code_notation=(self.code_notation.data or "").strip(),
            issued_on=self.issued_on.data,
            issuer_name=self.issuer_name.data or "",
            issuer_code=self.issuer_name_id.data or "",
            kind_code=self.kind_code.data or "",
            urgency=Urgency(self.urgency.data),
            arrived_on=self.arrived_on.data,
            subject=self.subject.data or "",
            signer_name=self.signer_name.data or "",
            signer_title=self.signer_title.data or "",
            due_on=self.due_on.data,
            due_time=self.due_time.data,
            submit_to_id=self.submit_to_id.data or None,
            accept_duplicate=self.accept_duplicate.data,
        )


class EntryCorrectionForm(RegisterForm):
    """The same columns, put right."""

    reason = StringField(_l("Why it is corrected"), [needed(), at_most(200)])


class StrikeForm(Form):
    """A line that should not be there."""

    strike_reason = TextAreaField(_l("Why the number is void"), [needed(), at_most(200)])


class EnvelopeForm(Form):
    """The outside of a sealed envelope; there is no field for what lies in it."""

    sign = SelectField(_l("Stamped on it"), [needed()])
    sender = StringField(_l("Sender"), [needed(), at_most(200)])
    code = StringField(_l("Number and notation outside"), [at_most(60)])
    to_id = SelectField(_l("Handed to"), [needed()], coerce=int)

    def offer(self, posts: Sequence[Assignment]) -> None:
        """Fill the lists."""
        self.sign.choices = [(one.value, one.word) for one in EnvelopeSign]
        keepers = [(post.id, post.label) for post in posts if post.role is Role.ADMINISTRATOR]
        others = [(post.id, post.label) for post in posts if post.role is not Role.ADMINISTRATOR]
        self.to_id.choices = {
            _l("Of every envelope"): others, _l("Only what nobody else may open"): keepers,
        }  # fmt: skip

    def to_new(self) -> NewEnvelope:
        """What was entered."""
        return NewEnvelope(
            EnvelopeSign(self.sign.data), self.sender.data or "", self.code.data or "", self.to_id.data or 0
        )


class CorrectionForm(EnvelopeForm):
    """The same, put right."""

    reason = StringField(_l("Why it is corrected"), [needed(), at_most(200)])


class VoidForm(Form):
    """A line that should not be there."""

    void_reason = StringField(_l("Why it is void"), [needed(), at_most(200)])


class ReturnForm(Form):
    """Back to the sender."""

    reason = TextAreaField(_l("Reason"), [needed(), at_most(500)])


class AnswerForm(Form):
    """To what the sender asks of a registered document."""

    note = TextAreaField(_l("Words to the sender"), [at_most(500)])


class DiscardForm(Form):
    """A scan that should not have been taken in."""

    discard_reason = TextAreaField(_l("Why it is discarded"), [needed(), at_most(500)])


class SubmitForm(Form):
    """To a leader."""

    submit_to_id = SelectField(_l("Submit to"), [needed()], coerce=int)

    def offer(self, leaders: list[Assignment]) -> None:
        """Fill the list."""
        self.submit_to_id.choices = [(post.id, post.choice) for post in leaders]
