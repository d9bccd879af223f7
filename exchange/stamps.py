"""Time stamps over receipts: one RFC 3161 token over the root of a tree whose leaves are receipts' signatures.

A receipt is signed at once and stamped with many others a little later; the proof is fetched by its signature.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exchange.errors import BadReceipt
from exchange.hashtree import climb, leaf_hash
from exchange.receipts import Receipt

if TYPE_CHECKING:
    from signing.trust import TrustStore


@dataclass(frozen=True)
class Proof:
    """Where a signature stands in the tree, and the token over the tree's root."""

    index: int
    size: int
    path: tuple[bytes, ...]
    #: DER: the authority's reply or the bare token
    token: bytes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, ASCII."""
        return {
            "index": self.index,
            "size": self.size,
            "path": [item.hex() for item in self.path],
            "token": base64.b64encode(self.token).decode(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Proof:
        """Raises BadReceipt when `data` has another shape. Verifies nothing."""
        try:
            return cls(
                index=int(data["index"]),
                size=int(data["size"]),
                path=tuple(map(bytes.fromhex, data["path"])),
                token=base64.b64decode(data["token"], validate=True),
            )
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise BadReceipt("Dấu thời gian không đọc được", f"Not a time stamp: {error!r}") from error


def seal_of(receipt: Receipt) -> bytes:
    """The name under which the time stamp of a receipt is found; shared by all that were signed together."""
    return leaf_hash(receipt.signature)


def verify_stamp(
    receipt: Receipt, proof: Proof, trust: TrustStore, *, any_authority: bool = False
) -> datetime:
    """The moment at which the receipt was there, as the authority vouches. Raises BadReceipt.

    `trust`: holds the authority's root. `any_authority`: an intact token of an unknown authority is enough.
    Needs no network; revocation is not asked for.
    """
    from signing.stampcheck import verify_digest_timestamp  # a receipt without time stamp needs no pyHanko

    try:
        root = climb(seal_of(receipt), proof.index, proof.size, proof.path)
    except (ValueError, IndexError) as error:
        raise BadReceipt("Dấu thời gian không đúng cấu trúc", f"Malformed proof: {error}") from error
    report = verify_digest_timestamp(root, proof.token, trust)
    enough = ("valid", "indeterminate") if any_authority else ("valid",)
    if report.verdict not in enough or report.at is None:
        raise BadReceipt("Dấu thời gian của biên nhận không hợp lệ", f"The time stamp: {report.reason}")
    return report.at
