"""Rights on the exchange."""

from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, object_rule, permission
from eoffice.gateway.models import Arrival, Delivery, Dispatch

GATEWAY_FOLLOW = permission("gateway:follow", _l("See what became of sent documents at every recipient"))
GATEWAY_RESEND = permission("gateway:resend", _l("Send again what could not be delivered"))


@object_rule(Dispatch)
@object_rule(Delivery)
@object_rule(Arrival)
def own_agency(actor: Actor, _wanted: Permission, obj: Dispatch | Delivery | Arrival) -> bool:
    """What an agency sends and receives is its own."""
    return actor.is_system or obj.agency_id == actor.agency_id
