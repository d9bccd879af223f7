"""Archive time stamps over files that are signed already (ETSI EN 319 142-1 §5.5): the first one, and the next before
the certificate of the last one's authority expires."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, extract_tst_data_iter
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    InsufficientRevinfoError,
    PathBuildingError,
    PathValidationError,
)

from signing import longterm
from signing.certificates import CertificateInfo, certificate_info
from signing.errors import RevocationUnavailable, SigningForbidden, UntrustedCertificate
from signing.quick import quicker
from signing.sign import RESERVED_STAMPED, open_writer, own_errors
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


@dataclass(frozen=True)
class _Signed:
    """Signed data found in the file, with the moment at which its certificate must have been good."""

    data: cms.SignedData
    at: datetime

    @property
    def certificate(self) -> x509.Certificate:
        found: x509.Certificate = extract_certs_for_validation(self.data).signer_cert
        return found


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
    moment = at or datetime.now(UTC)
    try:
        with quicker(), own_errors(timestamper):
            writer = open_writer(source)
            signed = list(_signed(writer.prev, moment))
            if not signed:
                raise SigningForbidden("nobody has signed it")
            known = {one.dump() for entry in signed for one in _certificates(entry.data)}
            answers = longterm.answered(
                trust, known, timestamper, at=moment, allow_private=allow_private_fetch
            )
            _require(signed, answers, known)
            _append(writer, target, timestamper, answers, known)
            return last_archive_stamp(target)
    except BaseException:
        target.seek(0)
        target.truncate()
        raise


def last_archive_stamp(source: BinaryIO) -> ArchiveStamp:
    """The newest one of a file. Raises SigningForbidden when it has none, UnreadablePdf."""
    with own_errors(None):
        stamps = PdfFileReader(source).embedded_timestamp_signatures
        if not stamps:
            raise SigningForbidden("it has no archive time stamp")
        authority = certificate_info(stamps[-1].signer_cert.dump())
        return ArchiveStamp(token_time(stamps[-1].signed_data), authority)


def _signed(reader: Any, moment: datetime) -> Iterator[_Signed]:
    """The last archive time stamp, and the signatures behind it with their own stamps: what it covers is proven."""
    stamps = reader.embedded_timestamp_signatures
    if stamps:
        yield _Signed(stamps[-1].signed_data, moment)
    since = stamps[-1].signed_revision if stamps else -1
    for embedded in reader.embedded_regular_signatures:
        if embedded.signed_revision > since:
            yield from _with_stamp(embedded.signed_data, moment)


def _with_stamp(data: cms.SignedData, moment: datetime) -> Iterator[_Signed]:
    token = next(iter(extract_tst_data_iter(extract_signer_info(data), signed=False)), None)
    if token is not None:
        yield _Signed(token, moment)
    yield _Signed(data, token_time(token) if token is not None else moment)


def _certificates(data: cms.SignedData) -> Iterator[x509.Certificate]:
    found = extract_certs_for_validation(data)
    yield from (found.signer_cert, *found.other_certs)


def _require(signed: list[_Signed], trust: TrustStore, known: set[bytes]) -> None:
    """Every path must lead to a root with revocation data all along, or the stamp would seal an open question.

    Raises UntrustedCertificate, RevocationUnavailable.
    """
    others = [x509.Certificate.load(der) for der in known]
    for entry in signed:
        context = trust.context(entry.at, require_revocation=True, others=others, leaf=entry.certificate)
        validator = CertificateValidator(entry.certificate, validation_context=context)
        name = certificate_info(entry.certificate.dump()).name
        try:
            asyncio.run(validator.async_validate_path())
        except InsufficientRevinfoError as error:
            raise RevocationUnavailable(f"{name}: {error}") from error
        except (PathBuildingError, PathValidationError) as error:
            raise UntrustedCertificate(name, str(error)) from error


def _append(
    writer: Any, target: BinaryIO, timestamper: HttpTimestamper, trust: TrustStore, known: set[bytes]
) -> None:
    """One revision with the security store and the time stamp over it."""
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[x509.Certificate.load(der) for der in sorted({*known, *trust.intermediates})],
        ocsps=[ocsp.OCSPResponse.load(der) for der in trust.ocsps],
        crls=[crl.CertificateList.load(der) for der in trust.crls],
    )
    PdfTimeStamper(timestamper).timestamp_pdf(
        writer, "sha256", bytes_reserved=RESERVED_STAMPED, output=target
    )
