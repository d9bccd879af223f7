"""Pages of outgoing documents: the list, drafting, the document, the reading room."""

from flask import Blueprint

from eoffice.outgoing import presenting

bp = Blueprint("outgoing", __name__, template_folder="../templates")
bp.add_app_template_global(presenting.state_mark, "outgoing_mark")

from eoffice.outgoing.views import (  # noqa: E402 - they add to `bp`
    consulting,  # noqa: F401 - as above
    copying,  # noqa: F401 - as above
    delegations,  # noqa: F401 - as above
    document,  # noqa: F401 - as above
    drafting,  # noqa: F401 - as above
    groups,  # noqa: F401 - as above
    listing,  # noqa: F401 - as above
    many,  # noqa: F401 - as above
    papers,  # noqa: F401 - as above
    posting,  # noqa: F401 - as above
    reading,  # noqa: F401 - as above
    remarking,  # noqa: F401 - as above
)
