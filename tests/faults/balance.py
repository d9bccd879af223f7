"""The account after the storm: what was sent, what is registered, what is proven. Every line says what is wrong."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bench.stage import HUB, Stage
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.gateway.models import Arrival, Dispatch, DispatchState, Hop, Packet
from eoffice.incoming.models import IncomingDocument
from exchange import receipts
from exchange.errors import BadReceipt
from exchange.keys import certificate_from_pem
from exchange.receipts import Event, Receipt
from tests.faults.offices import LAST, OURS, Receiver, Sender

#: what each kind of recipient reports, in this order and once each
REPORTED = {Hop.REGISTERED: ["01", "03"], Hop.DONE: ["01", "03", "04", "05", "06"]}


def account(sender: Sender, receiver: Receiver, elsewhere: Path, where: Stage) -> list[str]:
    """Everything that does not balance; empty when nothing was lost, doubled or changed."""
    trusted = certificate_from_pem((where.folder / "hub" / "system.pem").read_bytes())
    return [
        *_sent(sender, trusted),
        *_reported(sender),
        *_registered(sender, receiver),
        *_kept(sender, where.folder / "h02" / "blobs", receiver),
        *_received(sender, elsewhere),
        *_on_the_axis(sender, where),
    ]


def _sent(sender: Sender, trusted: object) -> Iterator[str]:
    """Each document left in one packet, with a receipt of the axis and one of every recipient's system."""
    packets = sender.session.scalars(sa.select(Dispatch)).all()
    if len(packets) != len(sender.sent):
        yield f"{len(sender.sent)} documents were issued, {len(packets)} packets were made"
    for packet in packets:
        if packet.state is not DispatchState.ACCEPTED:
            yield f"packet {packet.id} is {packet.state}: {packet.last_error}"
            continue
        yield from _unproven(packet.receipt, packet, Event.ACCEPTED, trusted)
        for copy in packet.deliveries:
            yield from _unproven(copy.receipt, packet, Event.DELIVERED, trusted, copy.recipient_code)
            if copy.hop is not LAST[copy.recipient_code]:
                yield f"packet {packet.id} is {copy.hop} at {copy.recipient_code}: {copy.note}"


def _unproven(
    kept: object, packet: Dispatch, event: Event, trusted: object, recipient: str = ""
) -> Iterator[str]:
    try:
        receipt = Receipt.from_json(kept)
        receipts.verify(receipt, trusted)  # type: ignore[arg-type]  # certificates
    except BadReceipt as error:
        yield f"packet {packet.id} {event} {recipient}: {error.en}"
        return
    said = receipt.statement
    about = (said.event, said.message_id, said.sha256, recipient in ("", *said.recipients))
    if about != (event, packet.message_id, packet.packet_sha256, True):
        yield f"packet {packet.id} {event} {recipient}: the receipt says {said}"


def _reported(sender: Sender) -> Iterator[str]:
    """Statuses of each copy as they came: legal, and each told once."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for packet in sender.session.scalars(sa.select(Packet).order_by(Packet.id)):
        if packet.message_type != "status" or packet.error:
            yield f"packet {packet.id} at the sender: {packet.message_type} {packet.error_en}"
        told[packet.document_uid, packet.sender_code].append(packet.content.get("status_code", ""))
    for uid, (codes, _) in sender.sent.items():
        for code in codes:
            if told[uid, code] != REPORTED[LAST[code]]:
                yield f"{uid}: {code} reported {told[uid, code]}"


def _registered(sender: Sender, receiver: Receiver) -> Iterator[str]:
    """Each of our agencies has each document that was sent to it once, numbered without a gap."""
    with receiver.connect() as session:
        arrived = Counter(session.execute(sa.select(Arrival.document_uid, Arrival.addressed_code)))
        repeats = session.scalar(sa.select(sa.func.count()).where(Arrival.repeats_id.is_not(None)))
        numbers = defaultdict(list)
        for agency, number in session.execute(
            sa.select(IncomingDocument.agency_id, IncomingDocument.register_number)
        ):
            numbers[agency].append(number)
    wanted = Counter((uid, code) for uid, (codes, _) in sender.sent.items() for code in codes & set(OURS))
    yield from (f"lost: {uid} at {code}" for uid, code in wanted - arrived)
    yield from (f"arrived again: {uid} at {code}" for uid, code in arrived - wanted)
    if repeats:
        yield f"{repeats} arrivals are taken for repeats"
    for agency, given in numbers.items():
        if sorted(number or 0 for number in given) != list(range(1, len(given) + 1)):
            yield f"numbers of agency {agency} have a gap: {sorted(number or 0 for number in given)}"


def _kept(sender: Sender, blobs: Path, receiver: Receiver) -> Iterator[str]:
    """The files that arrived are the files that were sent, byte for byte."""
    with receiver.connect() as session:
        rows = session.execute(
            sa.select(IncomingDocument.document_uid, DocumentFile.sha256)
            .join(DocumentFile, DocumentFile.document_id == IncomingDocument.id)
            .where(DocumentFile.role == FileRole.ORIGINAL)
        )
        for uid, sha256 in rows:
            content = (blobs / sha256[:2] / sha256).read_bytes()
            if not sender.sent[uid][1] == sha256 == hashlib.sha256(content).hexdigest():
                yield f"{uid} has other bytes at the receiver"


def _received(sender: Sender, elsewhere: Path) -> Iterator[str]:
    """The other system has a folder for each document, with the file that was sent."""
    wanted = Counter(uid for uid, (codes, _) in sender.sent.items() if not codes <= set(OURS))
    got: Counter[str] = Counter()
    for state in elsewhere.glob("*/state.json"):
        uid = json.loads(state.read_text())["about"]["document_id"]
        got[uid] += 1
        files = [path.read_bytes() for path in (state.parent / "files").iterdir()]
        if [hashlib.sha256(content).hexdigest() for content in files] != [sender.sent[uid][1]]:
            yield f"{uid} has other bytes elsewhere"
    yield from (f"elsewhere: lost {uid}" for uid in wanted - got)
    yield from (f"elsewhere: {uid} came again" for uid in got - wanted)


def _on_the_axis(sender: Sender, where: Stage) -> Iterator[str]:
    """Every message is there once and ended everywhere."""
    with psycopg.connect(where.server.url("axis", HUB)) as database:
        again = database.execute(
            "SELECT document_id, title, count(*) FROM packet GROUP BY kind, sender_code, document_id, title "
            "HAVING count(*) > 1"
        ).fetchall()
        open_ = database.execute("SELECT packet_id, recipient, status FROM delivery WHERE status <> 'done'")
        documents = database.execute("SELECT count(*) FROM packet WHERE kind = 'edoc'").fetchone()
        yield from (f"on the axis twice: {row}" for row in again)
        yield from (f"on the axis, not done: {row}" for row in open_.fetchall())
        if documents != (len(sender.sent),):
            yield f"the axis took {documents} documents of {len(sender.sent)}"
