"""Shape of what administrators enter; truth is the use cases' business."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)  # fmt: skip
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from eoffice.accounts import permissions as accounts
from eoffice.admin.leaving import Leaving
from eoffice.admin.merging import NewMerger
from eoffice.admin.roles import LONGEST, Wanted
from eoffice.core import clock
from eoffice.core.forms import DayField, Form, at_most, needed
from eoffice.core.permissions import DECLARED
from eoffice.core.tables import Problem, Row
from eoffice.directory import tables as means
from eoffice.directory.models import Agency, Assignment, Role, Unit


def _passed(_form: object, field: Field) -> None:
    """What will be nobody knows: posts and rights change."""
    if field.data is not None and field.data > clock.today():  # what is no day is said by the field itself
        raise ValidationError(_l("This day is still to come. Give today or an earlier day."))


class AccessForm(Form):
    """Which document, and on which day."""

    number = StringField(_l("Number, notation or số đến"), [needed(), at_most(60)])
    day = DayField(_l("On the day"), [needed(), _passed])


class UnitForm(Form):
    """What a unit is called."""

    name = StringField(_l("Name of the unit"), [needed(), at_most(200)])
    abbreviation = StringField(_l("Notation"), [needed(), at_most(30)])


class PersonForm(Form):
    """One row of the table of people: the same columns, the same rules."""

    name = StringField(_l("Full name"), [needed(), at_most(100)])
    username = StringField(_l("User name"), [needed(), at_most(60)])
    email = StringField(_l("E-mail"), [Optional(), at_most(100)])
    unit = SelectField(_l("Unit"))
    role = SelectField(_l("Role"), [needed()])
    title = StringField(_l("Post, as printed"), [needed(), at_most(100)])
    authority = TextAreaField(_l("Right to sign, one line each"), [Optional(), at_most(200)])
    since = DayField(_l("From the day"), [Optional()])

    def offer(self, units: Sequence[Unit]) -> None:
        """Fill the lists."""
        self.unit.choices = [("", _l("None: a leader of the agency"))] + [
            (one.abbreviation, one.name) for one in units
        ]
        self.role.choices = [(name, means.role(name).word) for name in means.ROLE_NAMES]

    def to_row(self) -> Row:
        """What the table would hold."""
        texts = {name: (self[name].data or "").strip() for name in ("name", "username", "email", "title")}
        since, lines = self.since.data, (self.authority.data or "").splitlines()
        return Row(
            1,
            texts
            | {
                "unit_code": self.unit.data or "",
                "role": self.role.data or "",
                "authority": " | ".join(lines),
            }
            | {"since": f"{since:%d/%m/%Y}" if since else ""},
        )

    def refuse(self, problems: Sequence[Problem]) -> None:
        """Say at each field what is wrong with it."""
        for one in problems:
            field = self._fields.get({"unit_code": "unit"}.get(one.key, one.key), self.name)
            field.errors = [*field.errors, one.said]


class SharedForm(Form):
    """Whose password nobody but the keeper of the installation sets."""

    account = StringField(
        _l("User name"), [needed(), at_most(60)], filters=[lambda typed: (typed or "").strip().lower()]
    )


class NewRoleForm(Form):
    """A role to be made: it begins with what the standard one allows."""

    name = StringField(_l("Name of the role"), [needed(), at_most(LONGEST)])
    base = SelectField(_l("Built on"))
    shared = BooleanField(_l("Every agency of the installation may give it"))

    def offer(self) -> "NewRoleForm":
        """Fill the list."""
        self.base.choices = [(one.value, one.word) for one in Role]
        return self


class RoleForm(Form):
    """What a role is called and allows."""

    name = StringField(_l("Name of the role"), [needed(), at_most(LONGEST)])
    rights = SelectMultipleField(_l("What it allows"), widget=ListWidget(), option_widget=CheckboxInput())
    #: the rights that the form was filled from
    seen = HiddenField()

    def offer(self, base: Role) -> None:
        """Fill the list with what a role built on `base` may allow and does not allow in any case."""
        offered = accounts.choice(base) - accounts.always(base)
        self.rights.choices = [(one, words) for one, words in DECLARED.items() if one in offered]

    def to_wanted(self) -> Wanted:
        """What was decided."""
        return Wanted(self.name.data or "", frozenset(self.rights.data or ()))


class GiveRoleForm(Form):
    """Who gets a role."""

    post_ids = SelectMultipleField(
        _l("Posts"), [Optional()], coerce=int, widget=ListWidget(), option_widget=CheckboxInput()
    )

    def offer(self, posts: Sequence[tuple[int, str]]) -> None:
        """Fill the list."""
        self.post_ids.choices = list(posts)


class LeavingForm(Form):
    """A post ends; what is open goes to a successor, the person perhaps to another post."""

    last_day = DayField(_l("Last day of the post"), [needed()])
    to_id = SelectField(_l("Successor"), coerce=int)
    role = SelectField(_l("New role"))
    unit_id = SelectField(_l("New unit"), coerce=int)
    title = StringField(_l("New title"), [Optional(), at_most(100)])
    unheaded = BooleanField(_l("The unit stays without a head; what waits for one waits until there is one"))

    def offer(self, posts: Sequence[Assignment], units: Sequence[Unit]) -> None:
        """Fill the lists; 0 and "" mean none."""
        self.to_id.choices = [(0, _l("Nobody"))] + [(post.id, post.label) for post in posts]
        self.role.choices = [("", _l("None: the person leaves"))] + [(one.value, one.word) for one in Role]
        self.unit_id.choices = [(0, "-")] + [(unit.id, unit.name) for unit in units]

    def to_new(self) -> Leaving:
        """What was decided."""
        assert self.last_day.data is not None
        return Leaving(
            last_day=self.last_day.data, to_id=self.to_id.data or None,
            role=Role(self.role.data) if self.role.data else None, unit_id=self.unit_id.data or None,
            title=self.title.data or "", unheaded=self.unheaded.data,
        )  # fmt: skip


class MergerForm(Form):
    """One agency goes over into another."""

    agency_id = SelectField(_l("Agency that ends"), [needed()], coerce=lambda chosen: int(chosen or 0))
    to_id = SelectField(_l("Agency that follows"), [needed()], coerce=lambda chosen: int(chosen or 0))
    also = SelectMultipleField(_l("Others that follow, where its work is divided"), [Optional()], coerce=int)
    on = DayField(_l("First day after"), [needed()])
    legal_basis = StringField(_l("Legal basis"), [needed(), at_most(300)])

    def offer(self, agencies: Sequence[Agency]) -> None:
        """Fill the lists."""
        self.also.choices = [(one.id, one.name) for one in agencies]
        self.agency_id.choices = self.to_id.choices = [("", _l("Choose…")), *self.also.choices]

    def to_new(self) -> NewMerger:
        """What was decided."""
        assert self.on.data is not None
        return NewMerger(
            self.agency_id.data,
            self.to_id.data,
            self.on.data,
            self.legal_basis.data or "",
            tuple(self.also.data or ()),
        )
