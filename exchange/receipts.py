"""Signed receipts: who took which bytes of which message from whom, for whom, and when.

A receipt is canonical JSON (sorted keys, no spaces, UTF-8), hashed as a leaf of a hash tree whose root is
signed with the system key. A single receipt is a tree of one leaf, so one verifier serves both.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.errors import BadReceipt
from exchange.hashtree import climb, leaf_hash, root_and_paths
from exchange.keys import SystemKey, verify_signature

#: keeps a signature from ever meaning anything else than a tree of receipts
_CONTEXT = b"edxml-exchange receipt 1\0"


class Event(StrEnum):
    #: the axis stored the message and will deliver it
    ACCEPTED = "accepted"
    #: the receiving system fetched the message, checked it and confirmed
    DELIVERED = "delivered"


#: made once: a receipt is written down and checked several times on its way
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Statement:
    """What a receipt says."""

    event: Event
    #: the sender's own id of the message; the axis's id when the sender gave none
    message_id: str
    #: id of the message on the axis
    doc_id: str
    #: `edoc` or `status`
    kind: str
    #: system that sent it
    sender: str
    #: agencies this receipt is about, by the code the directory has now
    recipients: tuple[str, ...]
    #: of the message as received, lower-case hex
    sha256: str
    #: bytes
    size: int
    #: system that states this
    hop: str
    #: aware; written with its offset
    at: datetime

    def canonical(self) -> bytes:
        """The exact bytes that are hashed and signed."""
        return _CANONICAL.encode(self.to_json()).encode()

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON."""
        plain = {"event": self.event.value, "at": self.at.isoformat(), "recipients": sorted(self.recipients)}
        return vars(self) | plain


@dataclass(frozen=True)
class Receipt:
    """A statement and the proof for it."""

    statement: Statement
    signature: bytes
    #: DER, the signer's first
    certificates: tuple[bytes, ...]
    #: place among the statements signed together
    index: int = 0
    batch: int = 1
    path: tuple[bytes, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, ASCII only apart from names in the statement."""
        return {
            "statement": self.statement.to_json(),
            "signature": _text(self.signature),
            "certificates": [_text(item) for item in self.certificates],
            "tree": {"index": self.index, "size": self.batch, "path": [item.hex() for item in self.path]},
        }

    @classmethod
    def from_json(cls, data: object) -> Receipt:
        """Raises BadReceipt when `data` has another shape. Verifies nothing."""
        try:
            return cls._read(data)  # type: ignore[arg-type]  # any shape but the right one raises below
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise BadReceipt("Biên nhận không đọc được", f"Not a receipt: {error!r}") from error

    @classmethod
    def _read(cls, data: dict[str, Any]) -> Receipt:
        said, tree = dict(data["statement"]), data["tree"]
        said["event"] = Event(said["event"])
        said["recipients"] = tuple(map(str, said["recipients"]))
        said["at"] = datetime.fromisoformat(said["at"])
        return cls(
            statement=Statement(**said),
            signature=base64.b64decode(data["signature"], validate=True),
            certificates=tuple(base64.b64decode(item, validate=True) for item in data["certificates"]),
            index=int(tree["index"]),
            batch=int(tree["size"]),
            path=tuple(map(bytes.fromhex, tree["path"])),
        )


def sign(key: SystemKey, statements: Sequence[Statement]) -> list[Receipt]:
    """One receipt for each statement, all with the same single signature; none reveals another's content."""
    if not statements:
        return []
    root, paths = root_and_paths([leaf_hash(item.canonical()) for item in statements])
    signature = key.sign(_CONTEXT + root)
    certificates = tuple(item.public_bytes(Encoding.DER) for item in (key.certificate, *key.chain))
    return [
        Receipt(statement, signature, certificates, index, len(statements), tuple(path))
        for index, (statement, path) in enumerate(zip(statements, paths, strict=True))
    ]


def verify(receipt: Receipt, trusted: Collection[x509.Certificate] | None = None) -> x509.Certificate:
    """The signer's certificate when the receipt is genuine. Raises BadReceipt.

    `trusted`: signers' own certificates or those of their issuers; None checks the signature alone.
    """
    try:
        chain = [x509.load_der_x509_certificate(item) for item in receipt.certificates]
        root = climb(leaf_hash(receipt.statement.canonical()), receipt.index, receipt.batch, receipt.path)
        verify_signature(chain[0], receipt.signature, _CONTEXT + root)
    except (ValueError, IndexError) as error:
        raise BadReceipt("Biên nhận không đúng cấu trúc", f"Malformed receipt: {error}") from error
    except InvalidSignature as error:
        raise BadReceipt("Chữ ký trên biên nhận không đúng", "The signature does not match") from error
    if trusted is not None:
        check_trust(chain, trusted, receipt.statement.at)
    return chain[0]


def check_trust(chain: list[x509.Certificate], trusted: Collection[x509.Certificate], at: datetime) -> None:
    """Raises BadReceipt unless the chain leads to a trusted certificate and all of it was valid then."""
    for certificate in chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise BadReceipt(
                "Chứng thư hết hạn", f"{certificate.subject.rfc4514_string()} was not valid then"
            )
    current = chain[0]
    for following in [*chain[1:], None]:
        if current in trusted or any(_issued(current, issuer) for issuer in trusted):
            return
        if following is None or not _issued(current, following):
            break
        current = following
    raise BadReceipt("Chứng thư không đáng tin cậy", "The signer's certificate leads to none that is trusted")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        # Otherwise any system could make a certificate in another system's name.
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
