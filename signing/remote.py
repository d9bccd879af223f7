"""Keys with a remote signing service, by the Cloud Signature Consortium API 1.0.4.0."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
from asn1crypto.algos import DigestAlgorithmId, SignedDigestAlgorithmId
from cryptography import x509

from signing.certificates import certificate_info
from signing.cms import mechanism
from signing.errors import KeyAddressError, KeyBlocked, KeyUnavailable, UnusableKey, WrongPassphrase
from signing.keys import Algorithm, holds, signature_of

#: bytes of a reply; 50 signatures of RSA-4096 have 35 kB
_LIMIT = 1_000_000
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class RemoteAddress:
    """A service and the credential there: `csc:https://HOST/PATH?credential=ID`."""

    url: str
    #: None takes the only one the service lists for this account
    credential: str | None = None

    @classmethod
    def parse(cls, text: str) -> "RemoteAddress":
        """Read an address. Raises KeyAddressError, also for one without TLS outside this machine."""
        parts = urlsplit(text.removeprefix("csc:"))
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise KeyAddressError("a remote service's address begins with csc:https://")
        (credential,) = parse_qs(parts.query).get("credential", [None])[-1:]
        return cls(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), credential)


class RemoteKey:
    """A key that stays with its service; digests are authorised with the owner's PIN, then signed."""

    def __init__(self, service: "_Service", credential: str, pin: str, *, pss: bool) -> None:
        self._service, self._credential, self._pin = service, credential, pin
        facts = service.ask("credentials/info", credentialID=credential, certificates="chain")
        if _part(facts, "key", "status") != "enabled":
            raise UnusableKey("the service has disabled it")
        try:
            self.certificate, *others = map(base64.b64decode, _part(facts, "cert", "certificates"))
            self.info = certificate_info(self.certificate)
            public = x509.load_der_x509_certificate(self.certificate).public_key()
        except (ValueError, TypeError) as error:
            raise KeyUnavailable(service.url, "it gave no readable certificate") from error
        self.chain = tuple(others)
        self.algorithm, self.signature_size = signature_of(public, pss=pss)
        #: signatures that one authorisation may cover
        self.batch = _count(facts.get("multisign"))
        self._explicit = facts.get("authMode") == "explicit"

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`. Raises WrongPassphrase, KeyBlocked, KeyUnavailable."""
        return self.sign_all([data], digest)[0]

    def sign_all(self, parts: Sequence[bytes], digest: str = "sha256") -> list[bytes]:
        """One signature for each part, with as few authorisations as the service allows.

        The digests are named when authorising (SCAL 2), so that the service signs nothing else, and each value is
        checked against the certificate. Raises as `sign`.
        """
        made: list[bytes] = []
        for start in range(0, len(parts), self.batch):
            made.extend(self._sign_batch(parts[start : start + self.batch], digest))
        return made

    def _sign_batch(self, parts: Sequence[bytes], digest: str) -> list[bytes]:
        hashes = [base64.b64encode(hashlib.new(digest, part).digest()).decode() for part in parts]
        common: dict[str, Any] = {"credentialID": self._credential, "hash": hashes}
        secret = {"PIN": self._pin} if self._explicit else {}
        allowed = self._service.ask("credentials/authorize", numSignatures=len(hashes), **common, **secret)
        replied = self._service.ask(
            "signatures/signHash", SAD=_part(allowed, "SAD"), **common, **self._how(digest)
        )
        try:
            made = [base64.b64decode(value, validate=True) for value in _part(replied, "signatures")]
        except (binascii.Error, TypeError) as error:
            raise KeyUnavailable(self._service.url, "its signatures cannot be read") from error
        fits = len(made) == len(parts) and all(
            holds(self.certificate, self.algorithm, part, value, digest)
            for part, value in zip(parts, made, strict=True)
        )
        if not fits:
            raise KeyUnavailable(self._service.url, "it gave signatures of another key")
        return made

    def _how(self, digest: str) -> dict[str, str]:
        """`signAlgo` and what belongs to it, as object identifiers (§11.9)."""
        used = mechanism(self.algorithm, digest)
        told = {
            "signAlgo": SignedDigestAlgorithmId(used["algorithm"].native).dotted,
            "hashAlgo": DigestAlgorithmId(digest).dotted,
        }
        if self.algorithm is Algorithm.RSA_PSS:
            told["signAlgoParams"] = base64.b64encode(used["parameters"].dump()).decode()
        return told


@contextmanager
def open_remote(
    address: RemoteAddress,
    pin: str,
    *,
    access_token: str | None = None,
    pss: bool = False,
    timeout: float = 30,
) -> Iterator[RemoteKey]:
    """The key at `address`, until the block ends. `access_token`: OAuth 2.0 bearer; `timeout`: seconds per call.

    Raises KeyUnavailable, UnusableKey; a wrong PIN shows when signing.
    """
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    with httpx.Client(timeout=timeout, headers=headers, trust_env=False) as client:
        service = _Service(address.url, client)
        yield RemoteKey(service, address.credential or service.only_credential(), pin, pss=pss)


@dataclass(frozen=True)
class _Service:
    url: str
    client: httpx.Client

    def ask(self, what: str, **body: Any) -> dict[str, Any]:
        """The reply's object. Raises WrongPassphrase, KeyBlocked, KeyUnavailable."""
        try:
            with self.client.stream("POST", f"{self.url}/csc/v1/{what}", json=body) as reply:
                found = json.loads(self._read(reply))
        except httpx.HTTPError as error:
            raise KeyUnavailable(self.url, str(error) or type(error).__name__) from error
        except ValueError:
            found = None
        facts = found if isinstance(found, dict) else {}
        if reply.is_success and facts:
            return facts
        # §10.1: the reason stands in these two
        reason = facts.get("error")
        if reason == "invalid_pin":
            raise WrongPassphrase
        if reason == "credential_locked":
            raise KeyBlocked
        raise KeyUnavailable(
            self.url, str(facts.get("error_description") or reason or f"status {reply.status_code}")
        )

    def _read(self, reply: httpx.Response) -> bytes:
        data = bytearray()
        for part in reply.iter_bytes():
            data += part
            if len(data) > _LIMIT:
                raise KeyUnavailable(self.url, "its reply is too long")
        return bytes(data)

    def only_credential(self) -> str:
        """The account's credential, when it is the only one. Raises UnusableKey."""
        found = _part(self.ask("credentials/list"), "credentialIDs")
        if not isinstance(found, list) or len(found) != 1:
            raise UnusableKey("name the credential in the address: ?credential=ID")
        return str(found[0])


def _count(told: Any) -> int:
    """Signatures for one authorisation; one where the service says nothing that can be used."""
    return told if type(told) is int and told > 0 else 1


def _part(facts: Any, *path: str) -> Any:
    for name in path:
        facts = facts.get(name) if isinstance(facts, dict) else None
    return facts
