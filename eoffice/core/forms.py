"""The base of every form."""

from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm


class _Ours:
    """One sentence for whatever wtforms itself finds wrong: it has no Vietnamese."""

    def gettext(self, _text: str) -> str:
        return _("This cannot be used as it is. Enter it or choose it again.")

    def ngettext(self, _singular: str, _plural: str, _count: int) -> str:
        return self.gettext(_singular)


class Form(FlaskForm):
    """A form that speaks the person's language throughout."""

    class Meta(FlaskForm.Meta):
        """See wtforms."""

        def get_translations(self, _form: Any) -> _Ours:
            """What the library says, in our words."""
            return _Ours()
