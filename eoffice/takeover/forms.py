"""Shape of what is handed over; truth is the service's business."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, StringField

from eoffice.core.forms import Form, at_most, needed


class DocumentsForm(Form):
    """A table of documents, and their files."""

    table = FileField(_l("Table"), [FileRequired(_l("Choose the filled table."))])
    system = StringField(_l("System they come from"), [needed(), at_most(100)])
    files = FileField(_l("Their files, as one ZIP"))


class GoForm(Form):
    """The decision over what was looked at, by the word under which it is kept."""

    word = HiddenField("", [needed(), at_most(100)])
    system = HiddenField("", [needed(), at_most(100)])
