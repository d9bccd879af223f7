"""Pages of administrators: health, people and agencies."""

from flask import Blueprint

bp = Blueprint("admin", __name__, template_folder="../templates")

from eoffice.admin.views import (  # noqa: E402 - they add to `bp`
    access,  # noqa: F401 - as above
    agencies,  # noqa: F401 - as above
    changes,  # noqa: F401 - as above
    health,  # noqa: F401 - as above
    leaving,  # noqa: F401 - as above
    mergers,  # noqa: F401 - as above
    people,  # noqa: F401 - as above
    roles,  # noqa: F401 - as above
    units,  # noqa: F401 - as above
)
