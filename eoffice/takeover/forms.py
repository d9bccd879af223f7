"""Shape of what is handed over; truth is the service's business."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import AnyOf

from eoffice.core.forms import Form, at_most, needed

#: what a table holds, in the order in which tables are taken over
KINDS = {
    "documents": _l("Documents in registers, with open work"),
    "drafts": _l("Drafts nobody has signed"),
    "dossiers": _l("Dossiers, being made or with the archive"),
}


class PapersForm(Form):
    """A table of documents, drafts or dossiers, and their files."""

    what = SelectField(_l("What the table holds"), default="documents")
    table = FileField(_l("Table"), [FileRequired(_l("Choose the filled table."))])
    system = StringField(_l("System they come from"), [needed(), at_most(100)])
    files = FileField(_l("Their files, as one ZIP"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.what.choices = list(KINDS.items())


class GoForm(Form):
    """The decision over what was looked at, by the word under which it is kept."""

    what = HiddenField("", [AnyOf(list(KINDS))])
    word = HiddenField("", [needed(), at_most(100)])
    system = HiddenField("", [needed(), at_most(100)])
