"""What a trust store is made of, read for somebody who decides whether to believe it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import pem
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from signing.certificates import certificate_info, common_name
from signing.errors import TrustStoreError, UnusableKey


@dataclass(frozen=True)
class Described:
    """One certificate or revocation list; times are aware UTC."""

    der: bytes
    #: common name; empty for a list
    subject: str
    issuer: str
    not_before: datetime
    #: of a list: when the next one is due, None where it does not say
    not_after: datetime | None
    #: SHA-256 of the DER encoding, lower-case hexadecimal
    fingerprint: str


def authority(data: bytes, *, root: bool) -> Described:
    """Read one authority's certificate, PEM or DER; `root`: it must be signed by itself. Raises TrustStoreError."""
    der = _one(data, "CERTIFICATE")
    try:
        found = x509.load_der_x509_certificate(der)
        constraints = found.extensions.get_extension_for_class(x509.BasicConstraints).value
        if root:
            found.verify_directly_issued_by(found)
    except (
        ValueError,
        TypeError,
        InvalidSignature,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
    ) as error:
        raise TrustStoreError("", "this is no authority's certificate") from error
    if not constraints.ca:
        raise TrustStoreError("", "its owner may not issue certificates")
    return certificate(der)


def certificate(der: bytes) -> Described:
    """Any certificate, as it stands. Raises ValueError when it is none."""
    info = certificate_info(der)
    return Described(der, info.name, info.issuer, info.not_before, info.not_after, info.fingerprint)


def any_certificate(data: bytes) -> Described:
    """The one certificate in a file, PEM or DER, whoever's it is. Raises ValueError."""
    try:
        return certificate(_one(data, "CERTIFICATE"))
    except TrustStoreError as error:
        raise ValueError(error.reason) from error


def revocation_list(data: bytes) -> Described:
    """Read one list of revoked certificates, PEM or DER. Raises TrustStoreError."""
    der = _one(data, "X509 CRL")
    try:
        found = x509.load_der_x509_crl(der)
    except (ValueError, TypeError) as error:
        raise TrustStoreError("", "this is no revocation list") from error
    return Described(
        der, "", common_name(found.issuer), found.last_update_utc, found.next_update_utc,
        hashlib.sha256(der).hexdigest(),
    )  # fmt: skip


def signer_certificate(data: bytes) -> bytes:
    """DER of the one certificate in a file, PEM or DER. Raises UnusableKey."""
    try:
        return _one(data, "CERTIFICATE")
    except TrustStoreError as error:
        raise UnusableKey(error.reason) from error


def _one(data: bytes, label: str) -> bytes:
    """DER of the only block: two at once could not be looked at one by one."""
    if not pem.detect(data):
        return data
    try:
        blocks: list[tuple[str, bytes]] = [
            (name, der) for name, _headers, der in pem.unarmor(data, multiple=True)
        ]
    except ValueError as error:
        raise TrustStoreError("", "damaged PEM") from error
    if [name for name, _der in blocks] != [label]:
        raise TrustStoreError("", f"exactly one {label} block is expected")
    return blocks[0][1]
