"""Shape of what administrators enter; truth is the use cases' business."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField

from eoffice.core.forms import Form, needed


class TableForm(Form):
    """A filled table."""

    file = FileField(_l("Table"), [FileRequired(_l("Choose the filled table."))])


class TakeInForm(Form):
    """The rows that were looked at, on their way to the decision."""

    table = HiddenField("", [needed()])
