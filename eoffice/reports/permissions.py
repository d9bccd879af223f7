"""Rights on figures beyond one's own agency."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

REPORTS_PROVINCE = permission(
    "reports:province", _l("See the counts of every agency of the installation, side by side")
)
