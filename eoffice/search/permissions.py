"""Right to search; what is found obeys the rule of each document."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

SEARCH_USE = permission("search:use", _l("Search the documents one may see"))
