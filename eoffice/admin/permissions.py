"""Rights of operators; none of them opens a document."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

ADMIN_HEALTH = permission("admin:health", _l("See the health of the installation and its settings"))
ADMIN_ACCESS = permission(
    "admin:access", _l("See who could read a document of one's agency on a day, and why, without reading it")
)
