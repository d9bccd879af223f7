"""What a site says to the agent: signed with the site's own key, so that nothing on the way through a page can make the
agent show one document and sign another."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signing.errors import SigningError


class BadMessage(SigningError):
    """A message that is not the site's, is too old, or cannot be read. `reason`: which of these."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the site's message is not accepted: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Item:
    """One thing to be signed, as the person reads it before agreeing."""

    #: by which the site names it later
    name: str
    title: str
    #: how many signatures it may take
    signatures: int


@dataclass(frozen=True)
class Batch:
    """What the person is asked once for all of it."""

    id: str
    #: as the site calls itself, and the account in use there
    site: str
    person: str
    #: SHA-256 of the certificate to sign with, in hexadecimal
    certificate: str
    #: an RSA key signs by RSASSA-PSS
    pss: bool
    items: tuple[Item, ...]
    #: seconds since 1970 after which nothing of it is signed
    expires: int


@dataclass(frozen=True)
class Wanted:
    """One signature wanted under a batch that was agreed to."""

    batch: str
    item: str
    #: DER of the signed attributes, base64
    attributes: str
    digest: str
    expires: int


Message = Batch | Wanted
_KINDS: dict[str, type[Batch] | type[Wanted]] = {"batch": Batch, "wanted": Wanted}
#: message and signature, both base64
Sealed = dict[str, str]


def seal(key: Ed25519PrivateKey, message: Message) -> Sealed:
    """The message under the site's signature (RFC 8032)."""
    kind = next(name for name, made in _KINDS.items() if isinstance(message, made))
    body = json.dumps({"kind": kind, **asdict(message)}, ensure_ascii=False).encode()
    return {"message": _text(body), "signature": _text(key.sign(body))}


def unseal(key: Ed25519PublicKey, sealed: Any, now: datetime) -> Message:
    """Read what `seal` made. Raises BadMessage."""
    try:
        body = base64.b64decode(sealed["message"], validate=True)
        key.verify(base64.b64decode(sealed["signature"], validate=True), body)
        facts = json.loads(body)
        kind = _KINDS[facts.pop("kind")]
        if kind is Batch:
            facts["items"] = tuple(Item(**item) for item in facts["items"])
        message = kind(**facts)
    except InvalidSignature as error:
        raise BadMessage("it is not signed by the site") from error
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadMessage("it cannot be read") from error
    if message.expires <= now.timestamp():
        raise BadMessage("its time is over")
    return message


def public_text(key: Ed25519PrivateKey) -> str:
    """The site's public key as it is handed over when pairing."""
    return _text(key.public_key().public_bytes_raw())


def public_key(text: Any) -> Ed25519PublicKey:
    """Read what `public_text` made. Raises BadMessage."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadMessage("it brings no key") from error


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
