"""Shape of the sign-in form."""

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from eoffice.core.forms import Form, needed


class PasswordForm(Form):
    """Another password; typed twice, since nobody sees it."""

    present = PasswordField(_l("Present password"), [needed()])
    password = PasswordField(
        _l("New password"),
        [needed()],
        description=_l("At least 14 characters with lower and upper case, a digit and a sign."),
    )
    again = PasswordField(
        _l("New password once more"), [needed(), EqualTo("password", _l("The two new passwords differ."))]
    )


class SignInForm(Form):
    """User name and password; whether they are right is the service's business."""

    username = StringField(
        _l("User name"),
        [InputRequired(_l("Enter your user name.")), Length(max=60)],
        description=_l("As unit_name, lower case without accents, for example snnmt_bichngan"),
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=200)])
