"""Checks a detached time stamp (RFC 3161) over a file."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from asn1crypto import cms
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from signing import revocation
from signing.certificates import CertificateInfo, certificate_info
from signing.report import Revocation, Verdict
from signing.timestamps import SKEW, file_digest, read_token, token_certificates, token_time
from signing.trust import TrustStore


class Trouble(StrEnum):
    """Why a time stamp is not valid; `signing.words` has a sentence for each."""

    UNREADABLE = "unreadable"
    OTHER_FILE = "other_file"
    ALTERED = "altered"
    FUTURE = "future"
    REVOKED = "revoked"
    UNTRUSTED = "untrusted"
    #: only where it is required
    UNCHECKED = "unchecked"


_VERDICTS = {
    Trouble.UNREADABLE: Verdict.UNREADABLE,
    Trouble.OTHER_FILE: Verdict.INVALID,
    Trouble.ALTERED: Verdict.INVALID,
    Trouble.FUTURE: Verdict.INVALID,
    Trouble.REVOKED: Verdict.INVALID,
    Trouble.UNTRUSTED: Verdict.INDETERMINATE,
    Trouble.UNCHECKED: Verdict.INDETERMINATE,
}
_REASONS = {
    Trouble.OTHER_FILE: "the file is not the one that was stamped",
    Trouble.ALTERED: "the token was altered",
    Trouble.FUTURE: "the token is of the future",
    Trouble.REVOKED: "the authority's certificate is revoked",
    Trouble.UNTRUSTED: "the authority is not trusted",
    Trouble.UNCHECKED: "whether the authority's certificate is revoked could not be checked",
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
        return _REASONS.get(self.trouble) or f"no readable time stamp: {self.detail}"


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
        trouble, checked = asyncio.run(_look(data, digest, wanted))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return TimestampReport(Trouble.UNREADABLE, detail=str(error) or type(error).__name__)
    return TimestampReport(trouble, revocation=checked, **known)


async def _look(data: cms.SignedData, digest: bytes, wanted: _Wanted) -> tuple[Trouble | None, Revocation]:
    """With revocation data required first; what is trusted with more demands is trusted with fewer."""
    trust, leaf = _with_answers(data, wanted), extract_certs_for_validation(data).signer_cert
    status: Any = None
    for required in (True, False) if trust.crls or trust.ocsps else (False,):
        context = trust.context(wanted.at, require_revocation=required, leaf=leaf)
        found: Any = await validate_tst_signed_data(data, context, lambda _algorithm: digest)
        status = TimestampSignatureStatus(**found)
        if status.trusted:
            break
    if not (status.intact and status.valid):
        return Trouble.ALTERED, Revocation.UNCHECKED
    if token_time(data) > wanted.at + SKEW:
        return Trouble.FUTURE, Revocation.UNCHECKED
    if status.revocation_details is not None:
        return Trouble.REVOKED, Revocation.REVOKED
    if not status.trusted:
        return Trouble.UNTRUSTED, Revocation.UNCHECKED
    if required:
        return None, Revocation.GOOD
    return (Trouble.UNCHECKED if wanted.require else None), Revocation.UNCHECKED


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
