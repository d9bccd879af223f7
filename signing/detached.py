"""Detached signatures over files that are no PDF: CAdES B-B and B-T (ETSI EN 319 122-1 §6)."""

import asyncio
from datetime import UTC, datetime
from typing import BinaryIO

from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from signing.cms import KeySigner
from signing.keys import Key
from signing.precheck import check_certificate
from signing.stamping import CheckedTimestamper
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore

#: bytes read at once
_CHUNK = 1 << 20


def sign_detached(
    source: BinaryIO,
    key: Key,
    *,
    timestamper: HttpTimestamper | None = None,
    trust: TrustStore | None = None,
    at: datetime | None = None,
    digest: str = "sha256",
) -> bytes:
    """DER of a signature over all bytes of `source`, which may be of any kind and size and is read as a stream.

    With `timestamper` at level B-T, else B-B. `at`: aware moment to state, default now. `trust`: where given,
    certificate path, known revocations and the time stamp are checked. `digest`: sha256, sha384 or sha512.
    Raises CertificateProblem's subclasses, TimestampUnavailable, KeyUnavailable.
    """
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    check_certificate(key, moment, trust)
    source.seek(0)
    made = asyncio.run(
        KeySigner(key, digest).async_sign_general_data(
            source,
            digest,
            detached=True,
            use_cades=True,
            timestamper=CheckedTimestamper(timestamper, moment, trust) if timestamper else None,
            chunk_size=_CHUNK,
            signed_attr_settings=PdfCMSSignedAttributes(signing_time=moment),
        )
    )
    return bytes(made.dump())
