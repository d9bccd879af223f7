"""Checks a detached time stamp (RFC 3161) over a file."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from signing.certificates import CertificateInfo, certificate_info
from signing.report import Verdict
from signing.timestamps import file_digest, read_token, token_time
from signing.trust import TrustStore


@dataclass(frozen=True)
class TimestampReport:
    """What the token says and whether it holds."""

    verdict: Verdict
    #: None when the token cannot be read
    at: datetime | None = None
    authority: CertificateInfo | None = None
    #: English; empty when valid
    reason: str = ""


def verify_timestamp(
    path: Path, token: bytes, trust: TrustStore, *, at: datetime | None = None
) -> TimestampReport:
    """Check `token` (a .tsr reply or a bare token) over the file at `path`. `at`: moment to judge for, default now."""
    return _verify(lambda algorithm: file_digest(path, algorithm), token, trust, at)


def verify_digest_timestamp(
    digest: bytes, token: bytes, trust: TrustStore, *, at: datetime | None = None
) -> TimestampReport:
    """The same over a digest made elsewhere; a token made with another algorithm than its own is not valid."""
    return _verify(lambda _algorithm: digest, token, trust, at)


def _verify(
    digest_by: Callable[[str], bytes], token: bytes, trust: TrustStore, at: datetime | None
) -> TimestampReport:
    try:
        data = read_token(token)
        moment = token_time(data)
        imprint = data["encap_content_info"]["content"].parsed["message_imprint"]
        digest = digest_by(imprint["hash_algorithm"]["algorithm"].native)
        same = hmac.compare_digest(digest, imprint["hashed_message"].native)
        kwargs: Any = asyncio.run(
            validate_tst_signed_data(
                data, trust.context(at, require_revocation=False), lambda _algorithm: digest
            )
        )
        status = TimestampSignatureStatus(**kwargs)
        authority = certificate_info(status.signing_cert.dump())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return TimestampReport(Verdict.UNREADABLE, reason=f"no readable time stamp: {error}")
    if not same:
        return TimestampReport(Verdict.INVALID, moment, authority, "the file is not the one that was stamped")
    if not (status.intact and status.valid):
        return TimestampReport(Verdict.INVALID, moment, authority, "the token was altered")
    if not status.trusted:
        return TimestampReport(Verdict.INDETERMINATE, moment, authority, "the authority is not trusted")
    return TimestampReport(Verdict.VALID, moment, authority)
