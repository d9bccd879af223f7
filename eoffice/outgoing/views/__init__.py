"""Pages of outgoing documents: the list, drafting, the document, the reading room."""

from flask import Blueprint

from eoffice.outgoing import presenting

bp = Blueprint("outgoing", __name__, template_folder="../templates")
bp.add_app_template_global(presenting.state_mark, "outgoing_mark")

from eoffice.outgoing.views import consulting, document, drafting, listing, reading  # noqa: E402, F401 - they add to `bp`
