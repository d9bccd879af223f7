"""Packets that cannot be read: put aside at every agency they name, until a person or a later packet settles it."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.permissions import Actor, system_actor
from eoffice.directory.models import Agency
from eoffice.gateway.models import Packet, PacketState, Unreadable
from exchange.errors import ExchangeError

PUT_ASIDE = audit.action("gateway.put_aside", _l("Unreadable packet put aside"))
SETTLED = audit.action("gateway.settled", _l("Unreadable packet settled"))
MENDED = audit.action("gateway.mended", _l("Unreadable packet came again whole"))


def put_aside(session: Session, packet: Packet, error: ExchangeError, agencies: Sequence[Agency]) -> None:
    """Keep the packet in sight at every agency, or with the administrator when it names none of ours."""
    packet.state, packet.error, packet.error_en = PacketState.DAMAGED, error.vi[:500], str(error)[:500]
    seen_by: list[int | None] = [agency.id for agency in agencies]
    for agency_id in seen_by or [None]:
        made = Unreadable(agency_id=agency_id, packet_id=packet.id)
        session.add(made)
        session.flush()
        audit.record(
            session, system_actor(agency_id), PUT_ASIDE, made, axis_id=packet.hub_id, reason=packet.error
        )


def settle(session: Session, actor: Actor, unreadable: Unreadable, note: str) -> None:
    """A person says that nothing is left to do about it."""
    unreadable.settled_at, unreadable.settled_by, unreadable.note = clock.now(), actor.name, note
    audit.record(session, actor, SETTLED, unreadable, note=note)


def mend(session: Session, whole: Sequence[Packet]) -> None:
    """The same documents have come in packets that could be read: nothing is left to do about the earlier ones."""
    by_name = {
        (one.message_type, one.sender_code, one.document_uid.lower()): one
        for one in whole
        if one.document_uid
    }
    uid = sa.func.lower(Packet.document_uid)
    query = (
        sa.select(Unreadable, Packet.message_type, Packet.sender_code, uid)
        .join(Packet, Unreadable.packet_id == Packet.id)
        # found by this alone: of one sender there may be a hundred thousand packets
        .where(Unreadable.settled_at.is_(None), uid.in_([one for *_, one in by_name]))
        .order_by(Unreadable.id)
        .with_for_update(of=Unreadable)
    )
    for unreadable, kind, sender, name in session.execute(query):
        packet = by_name.get((kind, sender, name))
        if packet is None:
            continue
        unreadable.settled_at, unreadable.mended_by_id = clock.now(), packet.id
        audit.record(session, system_actor(unreadable.agency_id), MENDED, unreadable, axis_id=packet.hub_id)
