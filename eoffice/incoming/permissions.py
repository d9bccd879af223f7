"""Rights on incoming documents."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import permission

INCOMING_REGISTER = permission("incoming:register", _l("Register incoming documents and give số đến"))
INCOMING_RETURN = permission("incoming:return", _l("Return incoming documents to their sender"))
INCOMING_SUBMIT = permission("incoming:submit", _l("Submit incoming documents to a leader"))
