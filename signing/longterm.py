"""What makes signatures provable for longer than their issuers answer: revocation data in the file, and a time stamp
over all (ETSI EN 319 142-1 §5.4, §5.5)."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, BinaryIO

from asn1crypto import cms, crl, ocsp, x509
from cryptography import x509 as parsed
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, extract_tst_data_iter
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import InsufficientRevinfoError, PathBuildingError, PathValidationError

from signing import revocation
from signing.certificates import certificate_info
from signing.errors import RevocationUnavailable, SigningForbidden, UntrustedCertificate
from signing.stamping import CheckedTimestamper
from signing.timestamps import HttpTimestamper, token_time
from signing.trust import TrustStore
from signing.trust import certificate as loaded
from signing.writer import RESERVED_STAMPED, open_writer


@dataclass(frozen=True)
class _Signed:
    """Signed data found in the file, with the moment at which its certificate must have been good."""

    data: cms.SignedData
    at: datetime

    @cached_property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The signer's first, then what came along."""
        found = extract_certs_for_validation(self.data)
        return (found.signer_cert, *found.other_certs)

    @property
    def certificate(self) -> x509.Certificate:
        return self.certificates[0]


def extend(
    stream: BinaryIO,
    trust: TrustStore,
    *,
    at: datetime,
    timestamper: HttpTimestamper | None,
    field: str | None = None,
    allow_private: bool = False,
) -> None:
    """Append, in place, the revocation data of what was signed and, with a `timestamper`, a time stamp over all.

    `at`: the present moment, aware. `field`: the only signature that matters; without it every one behind the last
    archive time stamp, and that stamp itself. Raises SigningForbidden when nobody has signed, UntrustedCertificate,
    RevocationUnavailable, TimestampUnavailable, and what pyHanko raises.
    """
    writer = open_writer(stream)
    signed = list(_signed(writer.prev, at, field))
    if not signed:
        raise SigningForbidden("nobody has signed it")
    known = {one.dump() for entry in signed for one in entry.certificates}
    answers = _answered(trust, known, at, allow_private)
    proven = _require(signed, answers, known)
    known.update(proven)
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[loaded(der) for der in sorted(known)],
        ocsps=[ocsp.OCSPResponse.load(der) for der in answers.ocsps],
        crls=[crl.CertificateList.load(der) for der in answers.crls],
    )
    if timestamper is None:
        writer.write_in_place()
    else:
        PdfTimeStamper(CheckedTimestamper(timestamper, at, answers, proven)).timestamp_pdf(
            writer, "sha256", bytes_reserved=RESERVED_STAMPED, in_place=True
        )


def _signed(reader: Any, moment: datetime, field: str | None) -> Iterator[_Signed]:
    """What an archive time stamp covers is proven: the last of them, and signatures behind it with their stamps."""
    stamps = [] if field else reader.embedded_timestamp_signatures
    if stamps:
        yield _Signed(stamps[-1].signed_data, moment)
    since = stamps[-1].signed_revision if stamps else -1
    for embedded in reader.embedded_regular_signatures:
        if embedded.signed_revision > since and field in (None, embedded.field_name):
            yield from _with_stamp(embedded.signed_data, moment)


def _with_stamp(data: cms.SignedData, moment: datetime) -> Iterator[_Signed]:
    token = next(iter(extract_tst_data_iter(extract_signer_info(data), signed=False)), None)
    if token is not None:
        yield _Signed(token, moment)
    yield _Signed(data, token_time(token) if token is not None else moment)


def _answered(trust: TrustStore, certificates: set[bytes], at: datetime, allow_private: bool) -> TrustStore:
    """`trust` with OCSP responses and CRLs for the certificates; lists that speak of none of them are left out.

    What a list at hand answers is not asked for again.
    """
    known = {*certificates, *trust.intermediates, *trust.roots}
    fresh = tuple(_fresh(trust.crls, known, at))
    lists = map(parsed.load_der_x509_crl, fresh)
    answering = {one.issuer.public_bytes() for one in lists if not any(_scope(one))}
    asked = [der for der in known if loaded(der).issuer.dump() not in answering]
    # an issuer is looked for among all that is known
    found = revocation.fetch(known, about=asked, allow_private=allow_private)
    return replace(trust, crls=fresh).with_revocation(crls=found.crls, ocsps=found.ocsps)


def _fresh(lists: Iterable[bytes], certificates: set[bytes], at: datetime) -> Iterator[bytes]:
    """The newest list of each issuer of these certificates and each scope, when its next one is not yet due."""
    issuers = {loaded(der).issuer.dump() for der in certificates}
    newest: dict[tuple[bytes, ...], tuple[datetime, bytes]] = {}
    for der in lists:
        one = parsed.load_der_x509_crl(der)
        issuer, due = one.issuer.public_bytes(), one.next_update_utc
        if issuer in issuers and due is not None and one.last_update_utc <= at < due:
            found, kind = (one.last_update_utc, der), (issuer, *_scope(one))
            newest[kind] = max(newest.get(kind, found), found)
    for _, der in newest.values():
        yield der


def _scope(found: parsed.CertificateRevocationList) -> tuple[bytes, bytes]:
    """Of which certificates and since which list it speaks (RFC 5280 §5.2.4, §5.2.5), encoded; empty for all."""
    scope, since = (
        next((one.value.public_bytes() for one in found.extensions if isinstance(one.value, kind)), b"")
        for kind in (parsed.IssuingDistributionPoint, parsed.DeltaCRLIndicator)
    )
    return scope, since


def _require(signed: list[_Signed], trust: TrustStore, known: set[bytes]) -> set[bytes]:
    """Every path must lead to a root with revocation data all along, or an open question would be sealed.

    Returns the certificates of the paths with their roots, for whose existence the time stamp vouches too. Raises
    UntrustedCertificate, RevocationUnavailable.
    """
    found: set[bytes] = set()
    others = [loaded(der) for der in known]
    for entry in signed:
        context = trust.context(entry.at, require_revocation=True, others=others, leaf=entry.certificate)
        validator = CertificateValidator(entry.certificate, validation_context=context)
        name = certificate_info(entry.certificate.dump()).name
        try:
            path = asyncio.run(validator.async_validate_path())
        except InsufficientRevinfoError as error:
            raise RevocationUnavailable(f"{name}: {error}") from error
        except (PathBuildingError, PathValidationError) as error:
            raise UntrustedCertificate(name, str(error)) from error
        found.update(one.dump() for one in path.iter_certs(include_root=True))
    return found
