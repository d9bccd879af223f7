"""Evidence of one recipient's copy: every step with its time and proof, and all of it as one ZIP to keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.blobs import blobs
from eoffice.core.config import INSTANCE, settings
from eoffice.documents import queries as documents
from eoffice.documents.models import Document, FileRole
from eoffice.gateway import axis, queries
from eoffice.gateway.models import Delivery, Packet
from eoffice.signatures import queries as signatures
from exchange.errors import ExchangeError
from exchange.evidence import write_evidence
from exchange.keys import SystemKey, load_key, make_key
from exchange.receipts import Receipt
from exchange.stamps import Proof

#: what each status says (QCVN 102:2016)
WORDS: dict[str, LazyString] = {
    "01": _l("Arrived at the recipient's system"),
    "02": _l("Returned by the recipient"),
    "03": _l("Registered by the recipient"),
    "04": _l("Assigned"),
    "05": _l("In progress"),
    "06": _l("Completed"),
    "15": _l("Request agreed to"),
    "16": _l("Request refused"),
}


@dataclass(frozen=True)
class Step:
    """One step of a copy: when, what, in whose words, and what proves it."""

    at: datetime
    what: LazyString | str
    said: str
    proof: LazyString | str


@dataclass(frozen=True)
class Evidence:
    """Everything about one copy; nothing of any other recipient."""

    copy: Delivery
    document: Document
    steps: Sequence[Step]
    receipts: Sequence[Receipt]
    statuses: Sequence[Packet]


def gather(session: Session, copy: Delivery, document: Document) -> Evidence:
    """Read what there is."""
    sent = copy.dispatch
    receipts = [Receipt.from_json(one) for one in (sent.receipt, copy.receipt) if one]
    statuses = queries.statuses_of(session, copy, document)
    steps = [Step(sent.created_at, _l("Put into the outbox"), "", _l("log of this system"))]
    if copy.on_axis_at is not None:
        steps.append(Step(copy.on_axis_at, _l("Axis took it"), "", _proof(sent.receipt)))
    if copy.fetched_at is not None:
        steps.append(Step(copy.fetched_at, _l("Fetched by the recipient"), "", _proof(copy.receipt)))
    # as they came, not by their clocks: another system's may be wrong, and statuses tell whole seconds only
    steps += [_step(status) for status in statuses]
    return Evidence(copy, document, steps, receipts, statuses)


def _proof(receipt: object) -> LazyString:
    return _l("receipt signed by the axis") if receipt else _l("answer of the axis, unsigned")


def _step(status: Packet) -> Step:
    said = status.content
    at = datetime.fromisoformat(said["at"]) if said.get("at") else status.received_at
    what = WORDS.get(said.get("status_code", ""), said.get("status_code", ""))
    words = ", ".join(part for part in (said.get("description", ""), said.get("staff", "")) if part)
    return Step(at, what, words, _l("status %(axis_id)s of the recipient", axis_id=status.hub_id))


def stamps(receipts: Sequence[Receipt]) -> list[Proof | None]:
    """The time stamp of each receipt, from the axis; None where it gives none now. Outside every transaction."""
    client = axis.client()
    found: list[Proof | None] = []
    for receipt in receipts:
        try:
            found.append(client.stamp(receipt) if client is not None else None)
        except ExchangeError:  # the bundle holds without; it may be taken out again later
            found.append(None)
    return found


def write(session: Session, evidence: Evidence, proofs: Sequence[Proof | None], page: str, out: Path) -> None:
    """The bundle: packet, original files, statuses as they came, receipts, stamps, certificates, revocation data."""
    packet = evidence.copy.dispatch.packet_sha256
    assert packet is not None, "what the axis took has bytes"
    files = documents.files(session, evidence.document, FileRole.ISSUED, FileRole.ATTACHMENT)
    parts = {f"original/{file.id}-{file.name}": blobs().path(file.sha256) for file in files}
    parts |= {
        f"statuses/{place:02d}-{one.content.get('status_code', '')}.edxml": blobs().path(one.sha256)
        for place, one in enumerate(evidence.statuses, 1)
    }
    with blobs().scratch() as folder:
        for name, der in signatures.every_fetched_list(session).items():
            parts[f"revocation/{name}.crl"] = folder / name
            (folder / name).write_bytes(der)
        write_evidence(
            out, packet=blobs().path(packet), recipient=evidence.copy.recipient_code, receipts=evidence.receipts,
            key=system_key(), stamps=proofs, files=parts, page=page,
        )  # fmt: skip


def system_key() -> SystemKey:
    """The key of this installation, made the first time it is needed; it signs the list of parts, nothing else."""
    path = settings().get(INSTANCE) / "system.pem"
    try:
        return load_key(path)
    except FileNotFoundError:
        try:
            return make_key(f"Văn phòng điện tử {clock.today().year}", path)
        except FileExistsError:  # another process was faster
            return load_key(path)
