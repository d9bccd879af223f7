"""Fetches OCSP responses and CRLs for a chain; bounded in time, size and target."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from signing.errors import RevocationUnavailable

#: bytes of one OCSP response or CRL
LIMIT = 20_000_000
#: seconds for one list that nobody waits for
_LONG = 60.0
#: addresses whose last four bytes are one of the older protocol (RFC 6052 §2.1, RFC 4291 §2.5.5.1)
_GATEWAYS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


@dataclass(frozen=True)
class RevocationData:
    """DER of what was fetched, and what could not be had: one English line per certificate."""

    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    missing: tuple[str, ...]


def fetch(
    certificates: Iterable[bytes],
    *,
    about: Iterable[bytes] | None = None,
    timeout: float = 5,
    within: float = 5,
    allow_private: bool = False,
) -> RevocationData:
    """OCSP, else CRL, for each DER certificate whose issuer is among them; self-signed ones need none.

    `about`: those that are asked for, all of them by default. `timeout`: seconds per request; `within`: for all of
    them, so that a service that hangs costs no verdict. `allow_private`: also ask hosts in private or loopback
    networks.
    """
    parsed = list(_readable(certificates))
    asked = parsed if about is None else list(_readable(about))
    wanted = [one for one in asked if one.issuer != one.subject]
    if not wanted:
        return RevocationData((), (), ())
    ocsps: list[bytes] = []
    crls: dict[str, bytes] = {}
    missing = []
    with httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client:
        asker = _Asker(client, allow_private, time.monotonic() + within)
        for certificate in wanted:
            try:
                _one(asker, certificate, parsed, ocsps, crls)
            except RevocationUnavailable as error:
                missing.append(f"{certificate.subject.rfc4514_string()}: {error.reason}")
    return RevocationData(tuple(ocsps), tuple(crls.values()), tuple(missing))


def _readable(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """A file may bring along anything."""
    for der in certificates:
        try:
            yield x509.load_der_x509_certificate(der)
        except ValueError:
            continue


def fetch_crl(url: str, *, timeout: float = 5, allow_private: bool = False) -> bytes:
    """DER of one CRL. Raises RevocationUnavailable."""
    with httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client:
        return _as_crl(url, _Asker(client, allow_private, time.monotonic() + _LONG).get(url))


def supersedes(new: bytes, old: bytes | None, at: datetime) -> bool:
    """Whether the list `new` (DER) may take the place of `old`: of the same issuer, no older, and not from the future.

    A readable `old` that names somebody revoked is worth more than whatever its address answers now. `at`: the
    present moment, aware.
    """
    newer = x509.load_der_x509_crl(new)
    if newer.last_update_utc > at:
        return False
    try:
        known = x509.load_der_x509_crl(old) if old is not None else None
    except ValueError:
        known = None
    return known is None or (newer.issuer == known.issuer and newer.last_update_utc >= known.last_update_utc)


@dataclass(frozen=True)
class _Asker:
    client: httpx.Client
    allow_private: bool
    #: monotonic seconds
    deadline: float

    def get(self, url: str, body: bytes | None = None) -> bytes:
        """Body of the reply. Raises RevocationUnavailable."""
        left = self._left(url)
        try:
            target, host = self._target(url)
            timeout = min(left, self.client.timeout.read or left)
            request = self.client.build_request(
                "POST" if body else "GET",
                target,
                content=body,
                headers={"Host": host} | ({"Content-Type": "application/ocsp-request"} if body else {}),
                timeout=timeout,
                extensions={"sni_hostname": urlsplit(url).hostname or ""},
            )
            with closing(self.client.send(request, stream=True)) as reply:
                reply.raise_for_status()
                data = bytearray()
                for part in reply.iter_bytes():
                    data += part
                    self._left(url)
                    if len(data) > LIMIT:
                        raise RevocationUnavailable(f"{url}: reply too long")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise RevocationUnavailable(f"{url}: {error or type(error).__name__}") from error
        return bytes(data)

    def _left(self, url: str) -> float:
        """Seconds. Raises RevocationUnavailable when there are none, however slowly the reply drips in."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise RevocationUnavailable(f"{url}: no time left")
        return left

    def _target(self, url: str) -> tuple[httpx.URL, str]:
        """Where to connect, and the host to ask for there.

        The address that was looked at is the one that is asked: a name may stand for another a moment later.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RevocationUnavailable(f"{url}: only http and https are asked")
        addresses = _addresses(parts.hostname, parts.port or 80, self._left(url))
        if not addresses:
            raise RevocationUnavailable(f"{url}: no such host")
        if not self.allow_private and not all(map(_public, addresses)):
            raise RevocationUnavailable(f"{url}: a private address is not asked")
        return httpx.URL(url).copy_with(host=addresses[0]), parts.netloc.rpartition("@")[2]


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    """What a name stands for; none when it stands for nothing or nobody says so in time.

    The system's resolver knows no limit, and where there is no way to it, it takes longer than the whole check may.
    """
    found: list[Any] = []

    def ask() -> None:
        with suppress(OSError):
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    # the older protocol first: where the newer one leads nowhere, nobody tries the other for us
    return [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] is socket.AF_INET6)]


def _public(text: str) -> bool:
    """Whether an address is one of the world's, and leads to no private one through a gateway."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if hidden is None and any(address in net for net in _GATEWAYS):
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if hidden is not None:
            return hidden.is_global
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _one(
    asker: _Asker,
    certificate: x509.Certificate,
    known: Iterable[x509.Certificate],
    ocsps: list[bytes],
    crls: dict[str, bytes],
) -> None:
    issuer = next((other for other in known if _issued(other, certificate)), None)
    if issuer is None:
        raise RevocationUnavailable("its issuer is not known")
    reasons = []
    for url in _ocsp_urls(certificate):
        try:
            ocsps.append(_ask_ocsp(asker, url, certificate, issuer))
            return
        except RevocationUnavailable as error:
            reasons.append(error.reason)
    for url in _crl_urls(certificate):
        try:
            if url not in crls:
                crls[url] = _as_crl(url, asker.get(url))
            return
        except RevocationUnavailable as error:
            reasons.append(error.reason)
    raise RevocationUnavailable("; ".join(reasons) or "it names no OCSP service and no CRL")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, x509.InvalidVersion):
        return False
    except Exception:  # noqa: BLE001 - InvalidSignature derives from Exception alone
        return False
    return True


def _ask_ocsp(asker: _Asker, url: str, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    # SHA-1 only names the issuer here (RFC 6960 §4.1.1); responders know no other everywhere
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - see above
    reply = asker.get(url, builder.build().public_bytes(Encoding.DER))
    try:
        status = ocsp.load_der_ocsp_response(reply).response_status
    except ValueError as error:
        raise RevocationUnavailable(f"{url}: no OCSP response") from error
    if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise RevocationUnavailable(f"{url}: {status.name.lower()}")
    return reply


def _as_crl(url: str, data: bytes) -> bytes:
    try:
        load = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
        return load(data).public_bytes(Encoding.DER)
    except ValueError as error:
        raise RevocationUnavailable(f"{url}: no CRL") from error


def _ocsp_urls(certificate: x509.Certificate) -> list[str]:
    try:
        access = certificate.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(entry.access_location.value)
        for entry in access  # type: ignore[attr-defined]  # the value's type follows from the OID
        if entry.access_method == AuthorityInformationAccessOID.OCSP
    ]


def _crl_urls(certificate: x509.Certificate) -> list[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(name.value)
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]
