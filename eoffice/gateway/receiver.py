"""Receiving: list, download, check, store with one arrival per local addressee, then acknowledge.

Packets are fetched side by side and read while they come; those that are whole are stored in one transaction and
acknowledged in one call, while a large one still comes. Whatever is killed in between, the axis offers the packet
again and the same packet changes nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from typing import BinaryIO, LiteralString

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import Blob, blobs
from eoffice.core.config import settings
from eoffice.core.db import new_session, run, transaction
from eoffice.gateway import storing
from eoffice.gateway.lanes import LOOK, Lane
from eoffice.gateway.settings import LONG_POLL
from eoffice.gateway.storing import Fetched, Stored
from exchange.answers import Confirmation, Waiting
from exchange.client import AxisClient
from exchange.errors import Damaged, ExchangeError, Unavailable, Unreadable
from exchange.model import DocumentMessage, Message, MessageKind
from exchange.parse import parse
from exchange.streams import readable
from exchange.together import SMALL
from exchange.vxp import Delivery as Transport

log = structlog.get_logger(__name__)

#: calls for packets at the same time, and packets fetched in one; statuses too, but they are stored in the order of
#: the list
AT_ONCE, BUNCH = 8, 16
#: bytes fetched in one call: what is stored first waits for no more than these
_BUNCH_BYTES = 4 << 20
#: troubles of line, database and disk, which pass; any other is this one packet's own
PASSING = (Unavailable, OperationalError, OSError)
#: packets asked for at once; an urgent one is on top of the next list
LISTED = 32
#: seconds after which a packet that could not be received is tried again
REST = 5.0
#: and seconds for one whose acknowledgement the axis refuses
LONG_REST = 300.0
UNSTORABLE = Unreadable("Phần mềm không xử lý được gói tin này", "This packet cannot be processed")
DAMAGED = Damaged("Gói tin hỏng trên đường truyền", "The bytes received differ from those sent")
#: seconds to wait for more to come while something is under way, so that it is stored together
BREATH = 0.002
#: bytes from which on it is asked first whether a packet is here already, since somebody was killed before the axis
#: was told; a smaller one is fetched once more and changes nothing
_LARGE = 1 << 20
#: seconds between two questions while the list is not empty
BRISK = 0.05


class Receiver(Lane):
    """Asks the axis for packets of one kind."""

    def __init__(self, kind: MessageKind) -> None:
        super().__init__(f"receiver-{kind.value}")
        self.kind = kind
        self._pool = ThreadPoolExecutor(AT_ONCE, self.name)
        self._flying: dict[Future[list[Fetched | Exception]], Sequence[Waiting]] = {}
        #: packets that could not be received, and when they may be tried again
        self._resting: dict[str, float] = {}
        self._list_at = 0.0
        #: nothing is asked for before
        self._paused = 0.0

    def stop(self) -> None:
        """As any lane; nothing new is begun."""
        super().stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def step(self, client: AxisClient | None) -> None:
        """Ask what waits when there is place for it, and store what came."""
        if client is None or monotonic() < self._paused:
            self.woken.wait(LOOK)
            return
        self.turn(client, poll=settings().get(LONG_POLL))

    def turn(self, client: AxisClient, *, poll: float = 0) -> int:
        """As `step`; how many are still on their way. `poll`: seconds to wait for news while none is."""
        if monotonic() < self._paused:
            return 0
        with new_session() as session:
            if not self._flying:
                self._list(session, client, poll)
            elif len(self._flying) < AT_ONCE and monotonic() > self._list_at:
                self._list(session, client, 0)
            wait(self._flying, timeout=LOOK, return_when=FIRST_COMPLETED)
            if any(not flight.done() for flight in self._flying):
                sleep(BREATH)
            self._land(session, client)
        return len(self._flying)

    def _list(self, session: Session, client: AxisClient, poll: float) -> None:
        session.rollback()
        now = monotonic()
        self._resting = {doc_id: until for doc_id, until in self._resting.items() if until > now}
        offered = client.received(self.kind, limit=LISTED + len(self._resting), wait=poll)
        now = monotonic()
        passed = {one.doc_id for one in chain(*self._flying.values())} | self._resting.keys()
        new = {one.doc_id: one for one in offered if one.doc_id not in passed}
        self._list_at = now + (BRISK if new else LOOK / 4)
        large = [doc_id for doc_id, one in new.items() if one.size is None or one.size > _LARGE]
        here = storing.stored(session, large) if large else {}
        if here:  # stored before, but the axis was not told
            self._acknowledge(session, client, list(here.values()))
        for bunch in _bunches([one for doc_id, one in new.items() if doc_id not in here], client.together):
            self._flying[self._pool.submit(fetch_all, client, bunch)] = bunch
        if poll and offered and not self._flying:
            self.woken.wait(LOOK / 4)  # what waits is resting: the axis would offer it again at once

    def _land(self, session: Session, client: AxisClient) -> None:
        whole = self._landed()
        stored = self._stored(session, whole) if whole else []
        if stored:
            self._acknowledge(session, client, stored)

    def _acknowledge(self, session: Session, client: AxisClient, packets: Sequence[Stored]) -> None:
        refused = acknowledge(session, client, packets)
        self._resting |= {packet.hub_id: monotonic() + LONG_REST for packet in refused}

    def _stored(self, session: Session, whole: Sequence[Fetched]) -> list[Stored]:
        """Their rows. One packet that cannot be stored must not keep the others from it."""
        try:
            return storing.store(session, whole)
        except Exception as trouble:
            log.exception("packets not stored", axis_ids=[one.offered.doc_id for one in whole])
            passing = isinstance(trouble, PASSING) and not (len(whole) > 1 and _deadlocked(trouble))
        if passing or (len(whole) == 1 and whole[0].error is not None):
            self._rest([one.offered for one in whole], passing=passing)
            return []
        if len(whole) == 1:  # not of its kind: kept aside, where people and its sender hear of it
            whole = [replace(whole[0], message=None, error=UNSTORABLE)]
            return self._stored(session, whole)
        return [packet for one in whole for packet in self._stored(session, [one])]

    def _landed(self) -> list[Fetched]:
        """What was fetched; of statuses none before those listed earlier."""
        whole: list[Fetched] = []
        for flight in list(self._flying):
            if not flight.done():
                if self.kind is MessageKind.STATUS:
                    break
                continue
            for offered, came in zip(self._flying.pop(flight), flight.result(), strict=True):
                if isinstance(came, Fetched):
                    whole.append(came)
                    continue
                log.error("packet not fetched", axis_id=offered.doc_id, exc_info=came)
                passing = isinstance(came, PASSING)
                self._rest([offered], passing=passing)
                if passing and self.kind is MessageKind.STATUS:
                    return whole  # all behind it are offered again, and come in their order
        if self.kind is MessageKind.DOCUMENT:
            # another receiver may store the same ones: not in another order, or each would wait for the other
            whole.sort(key=lambda one: one.offered.doc_id)
        return whole

    def _rest(self, stuck: Sequence[Waiting], *, passing: bool) -> None:
        """Leave packets for later. A trouble that passes holds up all statuses: none is read before an earlier one."""
        until = monotonic() + REST
        if passing and self.kind is MessageKind.STATUS:
            self._flying.clear()
            self._paused = until
        else:
            self._resting |= {one.doc_id: until for one in stuck}


_ACKNOWLEDGED: LiteralString = "UPDATE packet SET acknowledged_at = %(now)s WHERE id = ANY(%(ids)s)"


def acknowledge(session: Session, client: AxisClient, packets: Sequence[Stored]) -> list[Stored]:
    """Tell the axis what is stored, and which packets nobody could read; those it does not want to hear of.

    Raises Unavailable; the axis offers them again then.
    """
    session.rollback()
    refusals = client.confirm_all([_confirmation(packet) for packet in packets])
    for packet, refused in zip(packets, refusals, strict=True):
        if refused is not None:
            log.error("acknowledgement refused", axis_id=packet.hub_id, error=refused.en)
    told = [packet.id for packet, refused in zip(packets, refusals, strict=True) if refused is None]
    with transaction(session):
        run(session, _ACKNOWLEDGED, {"ids": told, "now": clock.now()})
    return [packet for packet, refused in zip(packets, refusals, strict=True) if refused is not None]


def _deadlocked(trouble: Exception) -> bool:
    """Two of ours waited for each other's rows: singly they cannot."""
    return isinstance(trouble, OperationalError) and getattr(trouble.orig, "sqlstate", "") == "40P01"


def _confirmation(packet: Stored) -> Confirmation:
    if packet.damage is not None:
        return Confirmation(packet.hub_id, Transport.FAIL, packet.damage)  # the sender reads it: Vietnamese
    return Confirmation(packet.hub_id, Transport.DONE, sha256=packet.sha256)


def _bunches(offered: Sequence[Waiting], together: bool) -> Iterator[Sequence[Waiting]]:
    """Those that are fetched in one call, in the order of the list: small ones that follow each other, urgent ones
    apart. `together`: the axis hands out several in one call."""
    bunch: list[Waiting] = []
    for one in offered:
        small = together and one.size is not None and one.size <= SMALL
        joins = small and bunch and bool(one.priority) == bool(bunch[0].priority)
        full = len(bunch) >= BUNCH or sum(other.size or 0 for other in bunch) + (one.size or 0) > _BUNCH_BYTES
        if bunch and (not joins or full):
            yield bunch
            bunch = []
        if small:
            bunch.append(one)
        else:
            yield [one]
    if bunch:
        yield bunch


def fetch_all(client: AxisClient, offered: Sequence[Waiting]) -> list[Fetched | Exception]:
    """Download packets, check and read them; no database. For each what `fetch` returns or raises, in their order."""
    together: list[Fetched] = []
    if len(offered) > 1:
        try:
            together = _fetch_together(client, offered)
        except Unavailable as away:
            return [away] * len(offered)  # nothing came: one by one nothing would either
        except Exception as trouble:  # noqa: BLE001 - whatever it is, each is tried by itself
            log.warning("packets not fetched together", count=len(offered), error=str(trouble))
    return [*together, *(_tried(client, one) for one in offered[len(together) :])]


def _tried(client: AxisClient, offered: Waiting) -> Fetched | Exception:
    try:
        return fetch(client, offered)
    except Exception as trouble:  # noqa: BLE001 - told of by who asked
        return trouble


def _fetch_together(client: AxisClient, offered: Sequence[Waiting]) -> list[Fetched]:
    """Those that came whole before a line was cut or one was damaged: the rest is fetched one by one."""
    store, fetched = blobs(), list[Fetched]()
    with store.scratch() as folder:
        made: dict[Path, str] = {}
        with client.fetch_all([one.doc_id for one in offered]) as parts:
            try:
                for one, (coming, said) in zip(offered, parts, strict=True):
                    packet = folder / str(len(fetched))
                    blob, message, error = _received(one, coming, packet)
                    if not _whole(one, said, blob):
                        break
                    fetched.append(Fetched(one, blob, message, error))
                    made |= _files(packet, fetched[-1])
            except Unavailable as cut:
                log.warning("line cut between packets", came=len(fetched), error=cut.en)
        store.adopt(made)
    return fetched


def fetch(client: AxisClient, offered: Waiting) -> Fetched:
    """Download one packet, check and read it; no database. Raises Unavailable, Refused, OSError."""
    store = blobs()
    with store.scratch() as folder:
        packet = folder / "packet"
        fetched = Fetched(offered, *_download(client, offered, packet))
        store.adopt(_files(packet, fetched))
    return fetched


def _files(packet: Path, fetched: Fetched) -> dict[Path, str]:
    """What is to be kept of a packet: itself, and the files that were in it."""
    message = fetched.message
    files = message.attachments if isinstance(message, DocumentMessage) else ()
    return {packet: fetched.blob.sha256} | {
        one.content: one.sha256 for one in files if one.content is not None
    }


def _download(
    client: AxisClient, offered: Waiting, packet: Path
) -> tuple[Blob, Message | None, Unreadable | None]:
    """The bytes as they came, read while they come, and what they say or why they say nothing.

    A wrong hash is the line's fault the first time, and the packet's the second.
    """
    for _attempt in range(2):
        with client.fetch(offered.doc_id) as (pieces, said):
            blob, message, error = _received(offered, pieces, packet)
        if _whole(offered, said, blob):
            return blob, message, error
    return blob, None, DAMAGED


def _whole(offered: Waiting, said: str, blob: Blob) -> bool:
    return {said, offered.sha256} <= {blob.sha256, None, ""}


def _received(
    offered: Waiting, pieces: Iterator[bytes], packet: Path
) -> tuple[Blob, Message | None, Unreadable | None]:
    digest = hashlib.sha256()
    with packet.open("wb") as file:
        coming = _kept(pieces, file, digest)
        message, error = _read(offered, readable(coming), packet.with_name(f"{packet.name}-files"))
        for _unread in coming:
            pass  # the reader gave up before the end, and all of it is kept
        return Blob(digest.hexdigest(), file.tell()), message, error


def _kept(pieces: Iterator[bytes], file: BinaryIO, digest: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        file.write(piece)
        yield piece


def _read(offered: Waiting, source: BinaryIO, files: Path) -> tuple[Message | None, Unreadable | None]:
    try:
        return parse(source, files).message, None
    except Unreadable as error:
        return None, error
    except (ExchangeError, OSError):
        raise  # the line's trouble or the disk's, not the packet's
    except Exception:
        log.exception("packet not read", axis_id=offered.doc_id)
        return None, UNSTORABLE
