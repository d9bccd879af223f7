"""Shape of what is handed over; truth is the service's business."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, StringField

from eoffice.core.forms import at_most, needed
from eoffice.core.uploads import TableForm


class DocumentsForm(TableForm):
    """A table of documents, and their files."""

    system = StringField(_l("System they come from"), [needed(), at_most(100)])
    files = FileField(_l("Their files, as one ZIP"))


class GoForm(TableForm):
    """The decision over what was looked at, by the word under which it is kept."""

    file = None  # type: ignore[assignment]  # it was sent before
    word = HiddenField("", [needed(), at_most(100)])
    system = HiddenField("", [needed(), at_most(100)])
