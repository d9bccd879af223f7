"""Rights on incoming documents (Decree 30/2020, Articles 20 to 24)."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, object_rule, permission
from eoffice.directions.permissions import DIRECTION_GIVE, DIRECTION_PREPARE
from eoffice.documents.permissions import DOCUMENT_READ
from eoffice.incoming.models import IncomingDocument

INCOMING_REGISTER = permission("incoming:register", _l("Register incoming documents and give số đến"))
INCOMING_RETURN = permission("incoming:return", _l("Return incoming documents to their sender"))
INCOMING_SUBMIT = permission("incoming:submit", _l("Submit incoming documents to a leader"))
INCOMING_PASS_ON = permission(
    "incoming:pass-on", _l("Pass registered documents on for information, and to other agencies")
)

ENVELOPE_KEEP = permission(
    "envelope:keep", _l("See every sealed envelope and receive it as the officer for state secrets")
)

#: steps of whoever holds the duty in the agency; assigning and working are asked of tasks, not of the document
_OF_THE_AGENCY = frozenset(
    {
        INCOMING_REGISTER,
        INCOMING_RETURN,
        INCOMING_SUBMIT,
        INCOMING_PASS_ON,
        DIRECTION_GIVE,
        DIRECTION_PREPARE,
        DOCUMENT_READ,
    }
)


@object_rule(IncomingDocument)
def may(actor: Actor, wanted: Permission, document: IncomingDocument) -> bool:
    """Clerk and leaders act for their whole agency; who may know of the document is asked before."""
    own = document.agency_id == actor.agency_id or (actor.is_system and actor.agency_id is None)
    return own and wanted in _OF_THE_AGENCY
