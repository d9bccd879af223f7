"""What a packet says, as plain values: kept with it, and handed to the features above."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from eoffice.core.text import fold
from exchange.model import BusinessKind, DocumentMessage


@dataclass(frozen=True)
class ArrivedFile:
    """One attachment, its bytes already stored."""

    name: str
    media_type: str
    sha256: str
    size: int


@dataclass(frozen=True)
class ArrivalContent:
    """The fields of an arrived document."""

    sender_code: str
    sender_name: str
    code_number: str
    code_notation: str
    issued_on: date | None
    kind_name: str
    subject: str
    signer_name: str
    signer_title: str
    #: 0 to 3; the timed level 4 of older systems counts as the highest
    urgency: int
    due_on: date | None
    document_uid: str
    #: document ids that this one answers
    in_reply_to: tuple[str, ...]
    files: tuple[ArrivedFile, ...]
    #: documents that a recall, update or replacement is about, and why
    targets: tuple[str, ...] = ()
    reason: str = ""
    #: whose document it is, when the sender only passes it on
    issuer_code: str = ""
    #: as on the wire: 1 directs, 2 reports
    steering: int = 0
    #: what is said beside the subject
    summary: str = ""

    def to_json(self) -> dict[str, Any]:
        """As kept in the database."""
        return asdict(self) | {
            "issued_on": self.issued_on.isoformat() if self.issued_on else None,
            "due_on": self.due_on.isoformat() if self.due_on else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ArrivalContent":
        """The reverse of `to_json`."""
        days = {key: date.fromisoformat(data[key]) if data[key] else None for key in ("issued_on", "due_on")}
        files = tuple(ArrivedFile(**file) for file in data["files"])
        ids = {key: tuple(data[key]) for key in ("in_reply_to", "targets")}
        return cls(**{**data, **days, **ids, "files": files})


def content_of(message: DocumentMessage) -> ArrivalContent:
    """The fields of a parsed message, cut to what our columns hold, and those of its files that came with bytes."""
    signer = message.signer
    return ArrivalContent(
        sender_code=message.sender.organ_id[:35],
        sender_name=(message.sender.name or message.sender.organ_id)[:200],
        code_number=message.code.number[:11],
        code_notation=message.code.notation[:30],
        issued_on=message.promulgated_on,
        kind_name=message.document_type.name if message.document_type else "",
        subject=(message.subject or message.content)[:500],
        signer_name=(signer.full_name if signer else "")[:100],
        signer_title=(signer.position if signer else "")[:100],
        urgency=min(3, max(0, message.other.priority or 0)),
        due_on=message.due_on,
        document_uid=message.document_id[:150],
        in_reply_to=_answered(message) if message.business.kind is not BusinessKind.RECALL else (),
        files=tuple(
            ArrivedFile(one.name, one.media_type, one.sha256, one.size)
            for one in message.attachments
            if one.sha256
        ),
        targets=message.targets,
        reason=message.business.reason[:500],
        issuer_code=_issuer(message)[:35],
        steering=min(2, max(0, message.steering)),
        summary=message.content[:500]
        if message.subject and fold(message.content) != fold(message.subject)
        else "",
    )


def _issuer(message: DocumentMessage) -> str:
    """Where a document began that its sender did not issue: first hop and document id must both say so."""
    first = message.trace[0].organ_id if message.trace else ""
    begun = first and message.document_id.casefold().startswith(f"{first.casefold()},")
    return first if begun and first != message.sender.organ_id else ""


def _answered(message: DocumentMessage) -> tuple[str, ...]:
    return tuple(one.document_id for one in message.response_for if one.document_id)
