"""Pages of registers and figures."""

from flask import Blueprint

bp = Blueprint("reports", __name__, template_folder="../templates")

from eoffice.reports.views import (  # noqa: E402 - they add to `bp`
    bodies,  # noqa: F401 - as above
    figures,  # noqa: F401 - as above
    province,  # noqa: F401 - as above
    registers,  # noqa: F401 - as above
    visits,  # noqa: F401 - as above
)
