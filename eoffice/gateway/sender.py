"""Sending: what is due in the outbox is built once, its bytes kept, and handed to the axis, many at a time.

The database is asked by one thread per kind, which notes whatever ended meanwhile in one transaction; files and
calls are the pool's. So the more there is to do, the less each costs.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import chain, groupby
from pathlib import Path
from time import monotonic, sleep
from typing import BinaryIO

import structlog
from sqlalchemy.orm import Session

from eoffice.core.blobs import blobs
from eoffice.core.db import new_session
from eoffice.gateway import messages, outbox
from eoffice.gateway.lanes import LOOK, Lane
from eoffice.gateway.outbox import Parcel
from exchange import build as codec
from exchange import pieces
from exchange.answers import Sent
from exchange.build import Digest
from exchange.client import AxisClient
from exchange.errors import Unavailable
from exchange.model import MessageKind
from exchange.together import SMALL, Outgoing

log = structlog.get_logger(__name__)

#: packets on their way at the same time, of documents with places for urgent ones only
RESERVED = 2
AT_ONCE = {MessageKind.DOCUMENT: 16 + RESERVED, MessageKind.STATUS: 8}
#: packets that leave in one call: few, so that the next are built while the axis writes these down
BUNCH = 8
#: seconds to wait for more to end while something is under way, so that it is noted together
BREATH = 0.002
NO_AXIS = Unavailable("Chưa khai báo địa chỉ trục liên thông", "No axis is set")


class Sender(Lane):
    """Hands the outbox to the axis, one kind of packet."""

    def __init__(self, kind: MessageKind) -> None:
        super().__init__(f"sender-{kind.value}")
        self.kind = kind
        self._pool = ThreadPoolExecutor(AT_ONCE[kind], self.name)
        self._flying: dict[Future[None], Sequence[Parcel]] = {}
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
            for bunch in _bunches(self._claimed(session), client is not None and client.together):
                self._launch(client, bunch)
            if self._flying and monotonic() - self._held_at > outbox.HOLD.total_seconds() / 3:
                outbox.hold(session, self.kind, [parcel.id for parcel in chain(*self._flying.values())])
                self._held_at = monotonic()
        return sum(map(len, self._flying.values()))

    def _claimed(self, session: Session) -> list[Parcel]:
        room = AT_ONCE[self.kind] - sum(map(len, self._flying.values()))
        if not self._more or room <= 0:
            return []
        reserved = self.kind is MessageKind.DOCUMENT and room <= RESERVED
        if self.kind is MessageKind.DOCUMENT and not reserved:
            room -= RESERVED
        self._more = False  # before the question: who rings meanwhile is heard
        found = outbox.claim(session, self.kind, room, urgent_only=reserved)
        self._more = self._more or reserved or len(found) == room
        return found

    def _launch(self, client: AxisClient | None, bunch: Sequence[Parcel]) -> None:
        flight = self._pool.submit(_carry, client, bunch)
        self._flying[flight] = bunch
        flight.add_done_callback(lambda _: self.woken.set())

    def _land(self, session: Session, client: AxisClient | None) -> None:
        done = [flight for flight in self._flying if flight.done()]
        landed = [parcel for flight in done for parcel in self._flying.pop(flight)]
        built = [parcel for parcel in landed if parcel.sent is None and parcel.error is None]
        if built:
            outbox.keep_packets(session, built)
        for parcel in built:
            self._launch(client, [parcel])
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


def _bunches(parcels: Sequence[Parcel], together: bool) -> Iterator[Sequence[Parcel]]:
    """Those that leave in one call: small ones, none of which was in the way of others before, urgent ones apart.

    `together`: the axis takes several in one call.
    """
    for _urgent, alike in groupby(parcels, lambda parcel: parcel.urgent):
        alone: list[Parcel] = []
        small: list[Parcel] = []
        for parcel in alike:
            (alone if parcel.attempts or not together or _large(parcel) else small).append(parcel)
        yield from (small[at : at + BUNCH] for at in range(0, len(small), BUNCH))
        yield from ([parcel] for parcel in alone)


def _large(parcel: Parcel) -> bool:
    """By its packet or, before that is built, by the files that will be in it."""
    if parcel.digest is not None:
        return parcel.digest.size > SMALL
    return sum(int(file["size"]) for file in parcel.said.get("attachments", ())) > SMALL // 2


def _carry(client: AxisClient | None, bunch: Sequence[Parcel]) -> None:
    """What is to be done with parcels outside the database: their bytes, where they are not known yet, then the call.

    A large one that was just built stays here: it is noted which packet it is before any of it leaves.
    """
    new = [one for one in bunch if one.kind is MessageKind.DOCUMENT and one.digest is None]
    try:
        _build(new)
        ready = [one for one in bunch if one.error is None and not (one in new and _large(one))]
        if ready:
            _hand_over(client, ready)
    except Exception as error:  # noqa: BLE001 - noted with the rows, whatever it is; the next try may do better
        built = [one for one in new if one.digest is not None and _large(one)]
        for one in bunch:
            if one.sent is None and one not in built:
                one.error = one.error or error


def _build(parcels: Sequence[Parcel]) -> None:
    """Make the packets and keep their bytes; what keeps one from being made is noted with it. Raises OSError."""
    if not parcels:
        return
    store = blobs()
    with store.scratch() as folder:
        made: dict[Path, tuple[Parcel, Digest]] = {}
        for parcel in parcels:
            path = folder / str(parcel.id)
            try:
                with path.open("wb") as out:
                    made[path] = parcel, codec.build(messages.read(parcel.kind, parcel.said), out)
            except Exception as error:  # noqa: BLE001 - of this one; the others are built
                parcel.error = error
        store.adopt({path: digest.sha256 for path, (_, digest) in made.items()})
        for parcel, digest in made.values():  # only what is kept is known by it
            parcel.digest = digest


def _hand_over(client: AxisClient | None, parcels: Sequence[Parcel]) -> None:
    if client is None:
        raise NO_AXIS
    with _opened(parcels) as opened:
        packets = [packet for _, packet in opened]
        if len(opened) == 1:
            [(parcel, one)] = opened
            parcel.sent = pieces.send(
                client, one.packet, one.digest, kind=one.kind, sender=one.sender, message_id=one.message_id,
                priority=one.priority,
            )  # fmt: skip
            return
        answers = client.send_all(packets) if packets else []
        for (parcel, _), answer in zip(opened, answers, strict=True):
            if isinstance(answer, Sent):
                parcel.sent = answer
            else:
                parcel.error = answer


@contextmanager
def _opened(parcels: Sequence[Parcel]) -> Iterator[list[tuple[Parcel, Outgoing]]]:
    """Their bytes: of documents those that are kept; a status is short and built again. One that cannot be opened keeps
    no other from leaving."""
    with ExitStack() as stack:
        opened = []
        for one in parcels:
            packet: BinaryIO = BytesIO()
            try:
                if one.digest is not None:
                    packet, digest = stack.enter_context(blobs().open(one.digest.sha256)), one.digest
                else:
                    digest = codec.build(messages.read(one.kind, one.said), packet)
                    packet.seek(0)
            except Exception as error:  # noqa: BLE001 - of this one
                one.error = error
                continue
            outgoing = Outgoing(packet, digest, one.kind, one.sender, one.message_id, int(one.urgent))
            opened.append((one, outgoing))
        yield opened
