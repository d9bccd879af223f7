"""Sending: what is due in the outbox is built once, its bytes kept, and handed to the axis, many at a time.

The database is asked by one thread per kind, which notes whatever ended meanwhile in one transaction; files and
calls are the pool's. So the more there is to do, the less each costs.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from time import monotonic, sleep
from typing import Any

import structlog
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.db import new_session
from eoffice.gateway import messages, outbox
from eoffice.gateway.lanes import LOOK, Lane
from eoffice.gateway.outbox import Parcel
from exchange import build as codec
from exchange import pieces
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import Unavailable
from exchange.model import MessageKind

log = structlog.get_logger(__name__)

#: packets on their way at the same time
AT_ONCE = {MessageKind.DOCUMENT: 16, MessageKind.STATUS: 8}
#: of these places some are for urgent documents only
RESERVED = 2
#: bytes from which on it is noted which packet it is before any of it leaves
LARGE = 8 << 20
#: seconds to wait for more to end while something is under way, so that it is noted together
BREATH = 0.01
NO_AXIS = Unavailable("Chưa khai báo địa chỉ trục liên thông", "No axis is set")


class Sender(Lane):
    """Hands the outbox to the axis, one kind of packet."""

    def __init__(self, kind: MessageKind) -> None:
        super().__init__(f"sender-{kind.value}")
        self.kind = kind
        self._pool = ThreadPoolExecutor(AT_ONCE[kind], self.name)
        self._flying: dict[Future[None], Parcel] = {}
        self._held_at = monotonic()
        #: whether there may be more in the outbox than was claimed
        self._more = True

    def ring(self) -> None:
        """Something was put into the outbox."""
        self._more = True
        self.woken.set()

    def stop(self) -> None:
        """As any lane; nothing new is begun."""
        super().stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def step(self, client: AxisClient | None) -> None:
        """Note what ended, then send what is due."""
        if not self.woken.wait(LOOK):
            self._more = True  # something may have become due, or somebody was killed
        elif any(not flight.done() for flight in self._flying):
            sleep(BREATH)
        self.woken.clear()
        self.turn(client)

    def turn(self, client: AxisClient | None) -> int:
        """As `step`, at once; how many are on their way then."""
        with new_session() as session:
            self._land(session, client)
            for parcel in self._claimed(session):
                self._launch(client, parcel)
            if self._flying and monotonic() - self._held_at > outbox.HOLD.total_seconds() / 3:
                outbox.hold(session, self.kind, [parcel.id for parcel in self._flying.values()])
                self._held_at = monotonic()
        return len(self._flying)

    def _claimed(self, session: Session) -> list[Parcel]:
        room = AT_ONCE[self.kind] - len(self._flying)
        if not self._more or room <= 0:
            return []
        reserved = self.kind is MessageKind.DOCUMENT and room <= RESERVED
        self._more = False  # before the question: who rings meanwhile is heard
        found = outbox.claim(session, self.kind, room, urgent_only=reserved)
        self._more = self._more or reserved or len(found) == room
        return found

    def _launch(self, client: AxisClient | None, parcel: Parcel) -> None:
        flight = self._pool.submit(_carry, client, parcel)
        self._flying[flight] = parcel
        flight.add_done_callback(lambda _: self.woken.set())

    def _land(self, session: Session, client: AxisClient | None) -> None:
        landed = [self._flying.pop(flight) for flight in [one for one in self._flying if one.done()]]
        built = [parcel for parcel in landed if parcel.sent is None and parcel.error is None]
        if built:
            outbox.keep_packets(session, built)
        for parcel in built:
            self._launch(client, parcel)
        ended = [parcel for parcel in landed if parcel not in built]
        _settle(session, ended)
        if self.kind is MessageKind.STATUS and ended:
            self._more = True  # the next status about the same arrival waited for this one


def _settle(session: Session, parcels: Sequence[Parcel]) -> None:
    """All in one transaction; one that cannot be noted must not keep the others from it."""
    if not parcels:
        return
    try:
        outbox.settle(session, parcels)
    except Exception:
        log.exception("not settled", kind=parcels[0].kind.value, ids=[parcel.id for parcel in parcels])
        for parcel in parcels if len(parcels) > 1 else ():
            _settle(session, [parcel])


def _carry(client: AxisClient | None, parcel: Parcel) -> None:
    """What is to be done with a parcel outside the database: its bytes, where they are not known yet, then the call."""
    try:
        if parcel.kind is MessageKind.DOCUMENT and parcel.digest is None:
            kept = blobs().put(codec.stream(messages.read(parcel.kind, parcel.said)))
            parcel.digest = Digest(kept.sha256, kept.size)
            if kept.size >= LARGE:
                return
        _hand_over(client, parcel)
    except Exception as error:  # noqa: BLE001 - noted with the row, whatever it is; the next try may do better
        parcel.error = error


def _hand_over(client: AxisClient | None, parcel: Parcel) -> None:
    if client is None:
        raise NO_AXIS
    said: dict[str, Any] = {"kind": parcel.kind, "sender": parcel.sender, "message_id": parcel.message_id}
    if parcel.digest is not None:
        with blobs().open(parcel.digest.sha256) as packet:
            parcel.sent = pieces.send(client, packet, parcel.digest, priority=int(parcel.urgent), **said)
        return
    spool = BytesIO()
    digest = codec.build(messages.read(parcel.kind, parcel.said), spool)
    spool.seek(0)
    parcel.sent = client.send(spool, digest, **said)
