"""Pages of incoming documents: the list, registration, the document, the reading room and own work."""

from flask import Blueprint

from eoffice.documents import deadlines
from eoffice.incoming import presenting

bp = Blueprint("incoming", __name__, template_folder="../templates")
bp.add_app_template_global(deadlines.words, "due_words")
bp.add_app_template_global(presenting.state_mark, "incoming_mark")
bp.add_app_template_global(presenting.unread_name, "unread_name")
bp.add_app_template_global(presenting.task_mark, "task_mark")
bp.add_app_template_global(presenting.continued, "continued")
bp.add_app_template_global(presenting.stamp, "stamp")

from eoffice.incoming.views import (  # noqa: E402, F401 - they add to `bp`
    directing,
    document,
    envelopes,
    helps,
    listing,
    passing,
    registration,
    renditions,
    work,
)
