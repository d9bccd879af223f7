"""Rights on the exchange."""

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from eoffice.core.permissions import Actor, Permission, knowledge_rule, object_rule, permission
from eoffice.gateway.models import Arrival, Delivery, Dispatch, Unreadable

GATEWAY_FOLLOW = permission("gateway:follow", _l("See what became of sent documents at every recipient"))
GATEWAY_RESEND = permission("gateway:resend", _l("Send again what could not be delivered"))
GATEWAY_RECALL = permission("gateway:recall", _l("Take sent documents back and recall them"))
GATEWAY_UNREADABLE = permission(
    "gateway:unreadable", _l("See packets that could not be read and settle them")
)
GATEWAY_WATCH = permission(
    "gateway:watch", _l("See unreadable packets of every agency, without what they say")
)


@object_rule(Dispatch)
@object_rule(Delivery)
@object_rule(Arrival)
def own_agency(actor: Actor, _wanted: Permission, obj: Dispatch | Delivery | Arrival) -> bool:
    """What an agency sends and receives is its own."""
    return actor.is_system or obj.agency_id == actor.agency_id


@knowledge_rule(Unreadable)
def seen_by(actor: Actor, _wanted: Permission, unreadable: Unreadable) -> bool:
    """The agency it is for, and whoever keeps the installation running."""
    return actor.can(GATEWAY_WATCH) or unreadable.agency_id == actor.agency_id


@object_rule(Unreadable)
def may(actor: Actor, wanted: Permission, unreadable: Unreadable) -> bool:
    """What the bytes say is for the agency alone; that there is trouble, also for the administrator."""
    return unreadable.agency_id == actor.agency_id or wanted == GATEWAY_UNREADABLE


def unreadable_to(actor: Actor) -> sa.ColumnElement[bool]:
    """`seen_by` as SQL."""
    return sa.true() if actor.can(GATEWAY_WATCH) else Unreadable.agency_id == actor.agency_id
