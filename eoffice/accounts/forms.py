"""Shape of the sign-in form."""

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from eoffice.core.forms import Form


class SignInForm(Form):
    """User name and password; whether they are right is the service's business."""

    username = StringField(
        _l("User name"),
        [InputRequired(_l("Enter your user name.")), Length(max=60)],
        description=_l("As unit_name, lower case without accents, for example snnmt_bichngan"),
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Enter your password.")), Length(max=200)])
