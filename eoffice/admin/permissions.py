"""Rights of operators; none of them opens a document."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

ADMIN_HEALTH = permission("admin:health", _l("See the health of the installation and its settings"))
