"""Shape of what is entered about dossiers; truth is the service's business."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from eoffice.core.forms import DayField, Form, at_most, needed
from eoffice.directory.models import Assignment, Unit
from eoffice.dossiers.models import Dossier, DossierHeading
from eoffice.dossiers.operations import NewDossier
from eoffice.dossiers.states import Retention, Rights


class _Facts(Form):
    """What every form about a dossier's data holds."""

    title = StringField(_l("Title"), [needed(), at_most(500)])
    retention = SelectField(_l("Kept for"), default=Retention.YEARS_10)
    other_years = IntegerField(_l("Years, if another number"), [Optional()])
    rights = SelectField(_l("Use"), default=Rights.CONDITIONAL)
    description = StringField(_l("Note"), [Optional(), at_most(500)])

    def fill_lists(self) -> None:
        """Fill the lists of the law."""
        self.retention.choices = [(one.value, one.word) for one in Retention]
        self.rights.choices = [(one.value, one.word) for one in Rights]


class DossierForm(_Facts):
    """A new dossier, on the list or opened at once."""

    heading_id = SelectField(_l("Heading of the list"), [needed()], coerce=int)
    creator_id = SelectField(_l("In charge"), coerce=int, default=0)

    def offer(self, headings: Sequence[DossierHeading], posts: Sequence[Assignment] = ()) -> None:
        """Say under which heading and who may be in charge."""
        self.fill_lists()
        self.heading_id.choices = [(one.id, f"{one.abbreviation} - {one.title}") for one in headings]
        self.creator_id.choices = [(0, _l("Myself")), *((post.id, post.label) for post in posts)]

    def to_new(self) -> NewDossier:
        """What was entered."""
        return NewDossier(
            heading_id=self.heading_id.data or 0, title=self.title.data or "",
            retention=Retention(self.retention.data), rights=Rights(self.rights.data),
            description=self.description.data or "", creator_id=self.creator_id.data or None,
            other_years=self.other_years.data,
        )  # fmt: skip


class FactsForm(_Facts):
    """The data of a dossier, corrected."""

    @classmethod
    def of(cls, dossier: Dossier) -> "FactsForm":
        """The form as the dossier is."""
        return cls(
            formdata=None,
            data={
                "title": dossier.title, "retention": dossier.retention.value, "rights": dossier.rights.value,
                "description": dossier.description, "other_years": dossier.other_years,
            },
        )  # fmt: skip


class CloseForm(Form):
    """The end of the work."""

    end_on = DayField(_l("Work ended on"), [needed()])


class NoteForm(Form):
    """A reason."""

    note = TextAreaField(_l("Reason"), [needed(), at_most(500)])


class ChooseForm(Form):
    """Into which dossier a document goes."""

    dossier_id = SelectField(_l("Dossier"), [needed()], coerce=int)
    note = StringField(_l("Note"), [Optional(), at_most(500)])

    def offer(self, dossiers: Sequence[Dossier]) -> None:
        """Fill the list."""
        self.dossier_id.choices = [(one.id, f"{one.mark} - {one.title}") for one in dossiers]


class HeadingForm(Form):
    """A big heading of the yearly list."""

    year = IntegerField(_l("Year"), [needed()])
    abbreviation = StringField(_l("Abbreviation"), [needed(), at_most(15)])
    heading = StringField(_l("Heading"), [needed(), at_most(200)])
    unit_id = SelectField(_l("Unit"), coerce=int, default=0)

    def offer(self, units: Sequence[Unit]) -> None:
        """Fill the list."""
        self.unit_id.choices = [(0, _l("Several units")), *((unit.id, unit.name) for unit in units)]


class DecisionForm(Form):
    """Number and date of what the head issued."""

    decision = StringField(_l("Decision"), [needed(), at_most(300)])


class PinForm(Form):
    """The agency's key."""

    pin = PasswordField(_l("PIN of the agency's key"), [at_most(64)])
