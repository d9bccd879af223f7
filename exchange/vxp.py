"""The VXP call: parameters travel as signed HTTP headers, for every language's client alike.

The sign header is the compact JSON of all parameters; its HMAC is made with the secret as text. What is
checked is the string as received, so the order of its members and their spelling are the caller's affair.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from exchange.model import VIETNAM

PREFIX = "XroadVnpt-"
SIGNED_KEYS, SIGNED, HASH = f"{PREFIX}sign-header-key", f"{PREFIX}sign-header", f"{PREFIX}hash-header"
VERSION = "3.0.201608"
#: answers carry the SHA-256 of the bytes delivered here
DELIVERED_HASH = f"{PREFIX}sha256"
#: of several messages in one answer: JSON list of size and SHA-256 of each, in their order
DELIVERED_ALL = f"{PREFIX}packets"


class Delivery(StrEnum):
    """Transport state of a packet at one recipient (`updateStatus` and lists)."""

    INITIAL = "initial"
    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"


class Headers(Protocol):
    """Request headers, looked up without case."""

    def get(self, name: str, default: str, /) -> str: ...


class Denied(Exception):
    """The call is not signed as it must be; the text says what is wrong, in ASCII."""


def signed_headers(
    system_id: str,
    secret: str,
    parameters: Mapping[str, str],
    content_type: str,
    *,
    now: datetime | None = None,
) -> dict[str, str]:
    """All headers of a call. Parameter values must be printable ASCII."""
    moment = (now or datetime.now(VIETNAM)).astimezone(VIETNAM)
    # The last group looks like a zone but is milliseconds, as SimpleDateFormat's `+SSSS` writes them.
    stamp = f"{moment:%d%m%YT%H%M%S}+{moment.microsecond // 1000:04d}"
    named = {"timestamp": stamp, "systemid": system_id, "Content-Type": content_type, **parameters}
    prefixed = {PREFIX + name: value for name, value in named.items()}
    signed = json.dumps(prefixed, ensure_ascii=False, separators=(",", ":"))
    return {
        "Content-Type": content_type,
        **prefixed,
        SIGNED_KEYS: ";".join(named),
        SIGNED: signed,
        HASH: _mac(secret, signed.encode()),
        f"{PREFIX}version": VERSION,
    }


def claimed_system(headers: Headers) -> str:
    """The system that a call says it comes from."""
    return headers.get(f"{PREFIX}systemid", "")


def verified_parameters(headers: Headers, secret: str) -> dict[str, str]:
    """The signed parameters, names in lower case without prefix. Raises Denied.

    The time stamp is not judged: the vendor's client takes one per object and keeps it for days.
    """
    signed = headers.get(SIGNED, "")
    # WSGI hands header bytes over as Latin-1; the signature is over the bytes.
    mac = _mac(secret, signed.encode("latin-1", "replace"))
    if not hmac.compare_digest(headers.get(HASH, "").lower().encode(), mac.encode()):
        raise Denied("wrong signature")
    try:
        members = json.loads(signed)
        items = [(str(name), str(value)) for name, value in members.items()]
    except (ValueError, AttributeError) as error:
        raise Denied("sign-header is no JSON object") from error
    for name, value in items:
        given = headers.get(name, "").strip()
        # The vendor's example sends `docId` and `docid`: one header to HTTP, its values joined by a comma.
        if given != value.strip() and value.strip() not in given.split(", "):
            raise Denied(f"header {name} differs from sign-header")
    # Only what is signed counts; a header added on the way is no parameter.
    parameters = {name.lower().removeprefix(PREFIX.lower()): value for name, value in items}
    if parameters.get("systemid") != claimed_system(headers):
        raise Denied("systemid is not signed")
    return parameters


def same_hash(declared: str, actual: str) -> bool:
    """Whether `declared` is `actual` (64 hex digits), in full or in the vendor's spelling without zeros."""
    return declared.lower() in (actual, unpadded(actual))


def unpadded(sha256: str) -> str:
    """Bytes below 0x10 as one digit: what Java's `Integer.toHexString` makes of a hash."""
    return "".join(f"{byte:x}" for byte in bytes.fromhex(sha256))


def _mac(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
