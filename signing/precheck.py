"""Checks a signer's certificate before it signs (Circular 15/2025/TT-BKHCN Art. 5)."""

import asyncio
from datetime import datetime

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    InsufficientRevinfoError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
)

from signing.errors import (
    CertificateRevoked,
    KeyExpired,
    KeyNotYetValid,
    KeyUsageForbidden,
    UntrustedCertificate,
)
from signing.keys import Key
from signing.trust import TrustStore
from signing.trust import certificate as parsed
from signing.usage import may_sign


def check_certificate(key: Key, at: datetime, trust: TrustStore | None) -> bool:
    """Refuse a key that is expired, not yet valid, not for signing and, where `trust` is given, untrusted or revoked.

    Whether it is known not to be revoked; False means that the signer must be warned. Raises CertificateProblem's
    subclasses.
    """
    info = key.info
    if at > info.not_after:
        raise KeyExpired(info.name, info.not_after)
    if at < info.not_before:
        raise KeyNotYetValid(info.name, info.not_before)
    certificate = parsed(key.certificate)
    if not may_sign(certificate):
        raise KeyUsageForbidden(info.name)
    return trust is not None and _check_path(key, certificate, at, trust)


def _check_path(key: Key, certificate: x509.Certificate, at: datetime, trust: TrustStore) -> bool:
    """Whether revocation data of the whole path was at hand."""
    try:
        _validate(key, certificate, at, trust, require_revocation=True)
    except InsufficientRevinfoError:
        _validate(key, certificate, at, trust, require_revocation=False)
        return False
    return True


def _validate(
    key: Key, certificate: x509.Certificate, at: datetime, trust: TrustStore, *, require_revocation: bool
) -> None:
    others = [parsed(der) for der in key.chain]
    context = trust.context(at, require_revocation=require_revocation, leaf=certificate)
    validator = CertificateValidator(certificate, intermediate_certs=others, validation_context=context)
    try:
        asyncio.run(validator.async_validate_usage(set()))
    except InsufficientRevinfoError:
        raise
    except RevokedError as error:
        raise CertificateRevoked(key.info.name, error.revocation_dt) from error
    except (PathBuildingError, PathValidationError) as error:
        raise UntrustedCertificate(key.info.name, str(error)) from error
