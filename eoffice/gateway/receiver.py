"""Receiving: list, download, check, store with one arrival per local addressee, then acknowledge.

Whatever is killed in between, the axis offers the packet again and the same packet changes nothing.
"""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BufferedReader

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import Blob, blobs
from eoffice.core.config import settings
from eoffice.core.db import new_session, transaction
from eoffice.gateway import arrivals, aside, axis, operations, queries, statuses
from eoffice.gateway.contents import ArrivalContent, ArrivedFile, content_of
from eoffice.gateway.models import Packet, PacketState
from eoffice.gateway.settings import LONG_POLL
from exchange.answers import Waiting
from exchange.client import AxisClient
from exchange.errors import AxisError, Damaged, ExchangeError, Unavailable, Unreadable
from exchange.model import DocumentMessage, MessageKind, StatusMessage
from exchange.parse import parse, salvage
from exchange.streams import readable
from exchange.vxp import Delivery as Transport

log = structlog.get_logger(__name__)

NOBODY = Unreadable(
    "Không nơi nhận nào thuộc hệ thống này",
    "No recipient is an agency of this system",
    path="/MessageHeader/To",
)
#: troubles of line, database and disk, which pass; any other is this one packet's own
PASSING = (Unavailable, OperationalError, OSError)
#: documents fetched and stored at the same time
AT_ONCE = 4


class Receiver:
    """Asks the axis for documents and for statuses, each in a thread of its own, until stopped."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(kind,), name=f"receiver-{kind}", daemon=True)
            for kind in MessageKind
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the threads to end; a long poll under way is left to the end of the process."""
        self._stop.set()

    def _run(self, kind: MessageKind) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                client = axis.client()
                if client is None:
                    self._stop.wait(5)
                    continue
                receive_round(client, kind, wait=settings().get(LONG_POLL))
                failures = 0
            except Unavailable as error:
                failures += 1
                pause = error.retry_after or operations.delay(min(failures, 3)).total_seconds()
                log.warning("axis unavailable", kind=kind.value, pause=pause, error=error.en)
                self._stop.wait(pause)
            except Exception:
                failures += 1
                log.exception("receiving failed", kind=kind.value)
                self._stop.wait(operations.delay(failures).total_seconds())


def receive_round(client: AxisClient, kind: MessageKind, *, wait: float = 0) -> int:
    """Receive what waits now, most urgent first; returns how many. Raises Unavailable.

    A document that cannot be received stops none of the others; it is offered again after a pause.
    """
    offered = client.received(kind, wait=wait)
    if kind is MessageKind.DOCUMENT:
        with ThreadPoolExecutor(AT_ONCE) as several:  # disk and network are waited for, not computed
            troubles = list(several.map(partial(_received, client), offered))
    else:
        troubles = list(_in_order(client, offered))
    if stuck := sum(trouble is not None for trouble in troubles):
        raise Unavailable(
            "Có gói tin chưa nhận được", f"{stuck} packets could not be received", retry_after=5
        )
    return len(offered)


def _in_order(client: AxisClient, offered: Iterable[Waiting]) -> Iterator[Exception | None]:
    """Statuses one after the other: what was said first is read first, so none passes one that was cut."""
    for one in offered:
        trouble = _received(client, one)
        yield trouble
        if isinstance(trouble, PASSING):
            return


def _received(client: AxisClient, offered: Waiting) -> Exception | None:
    """Receive one packet; what went wrong, if anything did."""
    session = new_session()
    try:
        receive(session, client, offered)
    except Exception as trouble:
        log.exception("packet not received", axis_id=offered.doc_id)
        return trouble
    finally:
        session.close()
    return None


def receive(session: Session, client: AxisClient, offered: Waiting) -> None:
    """Receive one packet. Raises Unavailable when the line is cut: nothing was stored, or it is known already."""
    known = session.scalar(sa.select(Packet).where(Packet.hub_id == offered.doc_id))
    if known is None:
        known = _fetch(session, client, offered)
    session.rollback()
    damaged = known.state == PacketState.DAMAGED
    try:
        client.confirm(
            offered.doc_id,
            Transport.FAIL if damaged else Transport.DONE,
            description=known.error if damaged else "",  # the sender reads it: Vietnamese
            sha256="" if damaged else known.sha256,
        )
    except Unavailable:
        raise
    except AxisError as error:
        log.error("acknowledgement refused", axis_id=offered.doc_id, error=error.en)
        return
    with transaction(session):
        session.get_one(Packet, known.id).acknowledged_at = clock.now()


def _fetch(session: Session, client: AxisClient, offered: Waiting) -> Packet:
    blob, damage = _download(client, offered)
    if damage is not None:
        return _keep_aside(session, offered, blob, damage)
    with blobs().scratch() as folder:
        try:
            with blobs().open(blob.sha256) as source:
                message = parse(source, folder).message
        except Unreadable as error:
            return _keep_aside(session, offered, blob, error)
        if isinstance(message, StatusMessage):
            return _store_status(session, offered, blob, message)
        content = content_of(message, _store_files(message))
        return _store_document(session, offered, blob, message, content)


def _download(client: AxisClient, offered: Waiting) -> tuple[Blob, Damaged | None]:
    """The bytes as they came. A wrong hash is the line's fault the first time, and the packet's the second."""
    for _attempt in range(2):
        complaints: list[Damaged] = []
        with client.open(offered.doc_id, offered.sha256) as stream:
            blob = blobs().put(readable(_whatever_its_hash(stream, complaints)))
        if not complaints:
            return blob, None
    return blob, complaints[0]


def _whatever_its_hash(stream: BufferedReader, complaints: list[Damaged]) -> Iterator[bytes]:
    try:
        while piece := stream.read1():
            yield piece
    except Damaged as error:
        complaints.append(error)


def _store_files(message: DocumentMessage) -> Iterable[ArrivedFile]:
    for attachment in message.attachments:
        if attachment.content is not None:
            with attachment.content.open("rb") as file:
                stored = blobs().put(file)
            yield ArrivedFile(attachment.name, attachment.media_type, stored.sha256, stored.size)


def _packet(session: Session, offered: Waiting, blob: Blob, **fields: object) -> tuple[Packet, bool]:
    """The row of a packet, made once however many receive it at the same time; True when it is new."""
    values = {
        "hub_id": offered.doc_id, "message_type": offered.kind.value, "sender_code": offered.sender[:35],
        "document_uid": "", "business": "new", "sha256": blob.sha256, "size": blob.size, "content": {},
        "state": PacketState.STORED, "error": "", "error_en": "", "addressed": list(offered.recipients),
        "received_at": clock.now(), **fields,
    }  # fmt: skip
    made = session.scalar(insert(Packet).values(values).on_conflict_do_nothing().returning(Packet.id))
    row = session.scalars(sa.select(Packet).where(Packet.hub_id == offered.doc_id)).one()
    return row, made is not None


def _keep_aside(session: Session, offered: Waiting, blob: Blob, error: ExchangeError) -> Packet:
    """A packet that cannot be read: its bytes stay here in sight, and the axis keeps its own."""
    log.error("packet damaged", axis_id=offered.doc_id, error=error.en)
    with blobs().open(blob.sha256) as source:
        header = salvage(source)
    named, known = set(offered.recipients), {}
    if isinstance(header, DocumentMessage):
        named |= {r.organ_id for r in header.recipients}
        content = content_of(header, ())
        known = {"document_uid": content.document_uid, "content": content.to_json()}
    with transaction(session):
        packet, new = _packet(session, offered, blob, addressed=sorted(named - {""}), **known)
        if new:
            aside.put_aside(session, packet, error, queries.hosted_under(session, named))
    return packet


def _store_status(session: Session, offered: Waiting, blob: Blob, message: StatusMessage) -> Packet:
    with transaction(session):
        packet, new = _packet(
            session, offered, blob, document_uid=message.response_for.document_id[:150],
            sender_code=message.sender.organ_id[:35], content=statuses.content_of(message),
        )  # fmt: skip
        if new and not statuses.take(session, packet, message):
            packet.error = "Trạng thái không nói về văn bản nào của hệ thống này"
            packet.error_en = f"no document of ours: {packet.document_uid} {message.response_for.code}"
            log.warning(
                "status for an unknown document", axis_id=offered.doc_id, document=packet.document_uid
            )
    return packet


def _store_document(
    session: Session, offered: Waiting, blob: Blob, message: DocumentMessage, content: ArrivalContent
) -> Packet:
    with transaction(session):
        packet, new = _packet(
            session,
            offered,
            blob,
            sender_code=content.sender_code[:35],
            document_uid=content.document_uid,
            business=message.business.kind.name.lower(),
            content=content.to_json(),
        )
        if new:
            written = {r.organ_id for r in message.recipients}
            packet.addressed = sorted(written | set(offered.recipients))
            if not arrivals.take(session, packet, content, written, offered.addressed):
                # Acknowledged as done it would be lost: the axis, and so the sender, must hear of it.
                aside.put_aside(session, packet, NOBODY, [])
                log.error("packet for nobody here", axis_id=offered.doc_id, addressed=sorted(written))
    return packet
