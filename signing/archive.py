"""Archive time stamps over files that are signed already (ETSI EN 319 142-1 §5.5): the first one, and the next before
the certificate of the last one's authority expires."""

from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import copyfileobj
from typing import BinaryIO

from pyhanko.pdf_utils.reader import PdfFileReader

from signing import longterm
from signing.certificates import CertificateInfo, certificate_info
from signing.errors import SigningForbidden
from signing.quick import quicker
from signing.sign import own_errors, whole_or_nothing
from signing.timestamps import HttpTimestamper, token_time
from signing.trust import TrustStore


@dataclass(frozen=True)
class ArchiveStamp:
    """One time stamp over the whole file; times are aware UTC."""

    stamped_at: datetime
    authority: CertificateInfo

    @property
    def good_until(self) -> datetime:
        """From then on only a later time stamp proves what this one does."""
        return self.authority.not_after


def archive_pdf(
    source: BinaryIO,
    target: BinaryIO,
    timestamper: HttpTimestamper,
    trust: TrustStore,
    *,
    at: datetime | None = None,
    allow_private_fetch: bool = False,
) -> ArchiveStamp:
    """Append the revocation data of every signature and time stamp and a new time stamp over all; `source` stays a
    prefix.

    `target`: opened with mode `wb+`; empty on error. `at`: the moment of archiving, aware, default now.
    `allow_private_fetch`: as for `sign_pdf`. Raises SigningForbidden for a file that nobody signed,
    TimestampUnavailable, UntrustedCertificate, RevocationUnavailable, UnreadablePdf, EncryptedPdf.
    """
    with whole_or_nothing(target), quicker(), own_errors(timestamper):
        source.seek(0)
        copyfileobj(source, target)
        longterm.extend(
            target,
            trust,
            at=at or datetime.now(UTC),
            timestamper=timestamper,
            allow_private=allow_private_fetch,
        )
        return last_archive_stamp(target)


def last_archive_stamp(source: BinaryIO) -> ArchiveStamp:
    """The newest one of a file. Raises SigningForbidden when it has none, UnreadablePdf."""
    with own_errors(None):
        stamps = PdfFileReader(source).embedded_timestamp_signatures
        if not stamps:
            raise SigningForbidden("it has no archive time stamp")
        authority = certificate_info(stamps[-1].signer_cert.dump())
        return ArchiveStamp(token_time(stamps[-1].signed_data), authority)
