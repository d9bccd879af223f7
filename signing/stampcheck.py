"""Checks a detached time stamp (RFC 3161) over a file."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

from signing import revocation
from signing.certificates import CertificateInfo, certificate_info
from signing.report import Revocation, Verdict
from signing.stamping import REASONS, Trouble, look
from signing.timestamps import file_digest, read_token, token_certificates, token_time
from signing.trust import TrustStore

_VERDICTS = {
    Trouble.UNREADABLE: Verdict.UNREADABLE,
    Trouble.OTHER_FILE: Verdict.INVALID,
    Trouble.ALTERED: Verdict.INVALID,
    Trouble.FUTURE: Verdict.INVALID,
    Trouble.REVOKED: Verdict.INVALID,
    Trouble.UNTRUSTED: Verdict.INDETERMINATE,
    Trouble.UNCHECKED: Verdict.INDETERMINATE,
}


@dataclass(frozen=True)
class TimestampReport:
    """What the token says and whether it holds."""

    #: None: it holds
    trouble: Trouble | None = None
    #: None when the token cannot be read
    at: datetime | None = None
    authority: CertificateInfo | None = None
    revocation: Revocation = Revocation.UNCHECKED
    #: digest that was stamped, object identifier of the authority's policy, and the token's serial number there
    algorithm: str = ""
    policy: str = ""
    serial: str = ""
    #: of a token that cannot be read, English
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """As of a signature."""
        return _VERDICTS[self.trouble] if self.trouble else Verdict.VALID

    @property
    def reason(self) -> str:
        """English; empty when valid."""
        if self.trouble is None:
            return ""
        return REASONS.get(self.trouble) or f"no readable time stamp: {self.detail}"


def verify_timestamp(
    path: Path,
    token: bytes,
    trust: TrustStore,
    *,
    at: datetime | None = None,
    offline: bool = True,
    require_revocation: bool = False,
    allow_private_fetch: bool = False,
) -> TimestampReport:
    """Check `token` (a .tsr reply or a bare token) over the file at `path`. The options are those of `verify_pdf`."""
    fetch = None if offline else allow_private_fetch
    wanted = _Wanted(trust, at or datetime.now(UTC), require_revocation, fetch)
    return _verify(lambda algorithm: file_digest(path, algorithm), token, wanted)


def verify_digest_timestamp(
    digest: bytes, token: bytes, trust: TrustStore, *, at: datetime | None = None
) -> TimestampReport:
    """The same over a digest made elsewhere; a token made with another algorithm than its own is not valid."""
    return _verify(lambda _algorithm: digest, token, _Wanted(trust, at or datetime.now(UTC)))


@dataclass(frozen=True)
class _Wanted:
    trust: TrustStore
    at: datetime
    require: bool = False
    #: whether private addresses may be asked; None when nobody is
    fetch: bool | None = None


def _verify(digest_by: Callable[[str], bytes], token: bytes, wanted: _Wanted) -> TimestampReport:
    try:
        data = read_token(token)
        said = data["encap_content_info"]["content"].parsed
        imprint = said["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        digest = digest_by(algorithm)
        known = {
            "at": token_time(data),
            "authority": certificate_info(extract_certs_for_validation(data).signer_cert.dump()),
            "algorithm": algorithm,
            "policy": said["policy"].dotted,
            "serial": f"{said['serial_number'].native:x}",
        }
        if not hmac.compare_digest(digest, imprint["hashed_message"].native):
            return TimestampReport(Trouble.OTHER_FILE, **known)
        trust = _with_answers(data, wanted)
        trouble, good = asyncio.run(look(data, digest, trust, wanted.at))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return TimestampReport(Trouble.UNREADABLE, detail=str(error) or type(error).__name__)
    if trouble is None and not good and wanted.require:
        trouble = Trouble.UNCHECKED
    return TimestampReport(trouble, revocation=_revocation(trouble, good), **known)


def _revocation(trouble: Trouble | None, good: bool) -> Revocation:
    if trouble is Trouble.REVOKED:
        return Revocation.REVOKED
    return Revocation.GOOD if good else Revocation.UNCHECKED


def _with_answers(data: cms.SignedData, wanted: _Wanted) -> TrustStore:
    if wanted.fetch is None:
        return wanted.trust
    known = {
        *wanted.trust.roots,
        *wanted.trust.intermediates,
        *(one.dump() for one in token_certificates(data)),
    }
    found = revocation.fetch(known, allow_private=wanted.fetch)
    return wanted.trust.with_revocation(crls=found.crls, ocsps=found.ocsps)
