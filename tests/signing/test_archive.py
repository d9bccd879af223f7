"""Signatures outlive the certificates they were made with: archive time stamps, renewed in time."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto.crl import CertificateList
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing.archive import archive_pdf, last_archive_stamp
from signing.errors import RevocationUnavailable, SigningForbidden, UntrustedCertificate
from signing.keys import Pkcs12Key
from signing.report import Clock, Report, Revocation, Verdict
from signing.sign import Level
from signing.testing import DemoPki, LocalTimestamper
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import sign

YEAR = timedelta(days=365)


def archived(source: bytes, pki: DemoPki, at: datetime) -> bytes:
    """`source` with a time stamp of the moment `at` and lists of that day."""
    trust = pki.trust.with_revocation(crls=[pki.crl(at=at), pki.root_crl(at=at)])
    target = io.BytesIO()
    archive_pdf(io.BytesIO(source), target, LocalTimestamper(pki, lambda: at), trust, at=at)
    assert target.getvalue().startswith(source)
    return target.getvalue()


def judged(data: bytes, pki: DemoPki, at: datetime) -> Report:
    """With nothing at hand but the root."""
    return verify_pdf(io.BytesIO(data), TrustStore((pki.root.der,)), at=at, require_revocation=True)


def test_a_newer_list_about_part_of_the_certificates_does_not_hide_the_whole_one(
    document: bytes, leader: Pkcs12Key, pki: DemoPki
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    whole, moment = pki.crl(at=now - timedelta(hours=1)), now - timedelta(minutes=1)
    scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    part = x509.CertificateRevocationListBuilder().issuer_name(pki.intermediate.certificate.subject)
    part = part.last_update(moment).next_update(now + timedelta(days=1)).add_extension(scope, critical=True)
    listed = part.sign(pki.intermediate.key, hashes.SHA256()).public_bytes(Encoding.DER)
    trust = pki.trust.with_revocation(crls=[whole, listed, pki.root_crl(at=moment)])
    signed, _ = sign(document, leader, field="S", level=Level.B_T, timestamper=LocalTimestamper(pki))
    target = io.BytesIO()
    archive_pdf(io.BytesIO(signed), target, LocalTimestamper(pki), trust, at=now)
    assert judged(target.getvalue(), pki, now).verdict is Verdict.VALID


@pytest.mark.slow
def test_an_archive_renewed_in_time_is_confirmed_when_every_first_certificate_is_long_gone(
    document: bytes, tmp_path: Path
) -> None:
    own = DemoPki.create(tmp_path / "pki", "http://127.0.0.1:9")
    now = datetime.now(UTC).replace(microsecond=0)
    key = Pkcs12Key.unlock(own.issue_person("Lê Thị Đào", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    signed, _ = sign(document, key, field="S", level=Level.B_T, timestamper=LocalTimestamper(own))
    first = archived(signed, own, now)
    (found,) = judged(first, own, now).signatures
    assert (found.level, found.clock, found.verdict) == (Level.B_LTA, Clock.TIMESTAMP, Verdict.VALID)
    assert found.good_until == last_archive_stamp(io.BytesIO(first)).good_until

    assert judged(first, own, now + YEAR).verdict is Verdict.VALID, "its lists are old, and were good then"

    shortly_before = last_archive_stamp(io.BytesIO(first)).good_until - timedelta(days=30)
    own.renew_tsa(shortly_before - timedelta(days=1))
    second = archived(first, own, shortly_before)
    later = now + 8 * YEAR
    assert judged(first, own, later).verdict is Verdict.INDETERMINATE
    (renewed,) = judged(second, own, later).signatures
    assert (renewed.level, renewed.verdict, renewed.signed_at) == (
        Level.B_LTA,
        Verdict.VALID,
        found.signed_at,
    )
    assert renewed.good_until is not None
    assert renewed.good_until > later
    assert judged(second, own, renewed.good_until + YEAR).verdict is Verdict.INDETERMINATE


def test_a_certificate_revoked_before_the_archive_stamp_is_never_archived(
    document: bytes, pki: DemoPki
) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Lê Văn Gấm", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    signed, _ = sign(document, key, field="S")
    pki.revoke(key.info.serial)
    with pytest.raises(UntrustedCertificate):
        archived(signed, pki, datetime.now(UTC))


def test_what_is_open_is_not_sealed(document: bytes, chain: list[bytes], pki: DemoPki) -> None:
    target = io.BytesIO()
    with pytest.raises(RevocationUnavailable):
        archive_pdf(io.BytesIO(chain[0]), target, LocalTimestamper(pki), pki.trust)
    with pytest.raises(SigningForbidden):
        archive_pdf(io.BytesIO(document), target, LocalTimestamper(pki), pki.trust)
    assert target.getvalue() == b""


@pytest.mark.parametrize("old", [False, True])
def test_a_list_that_was_out_of_date_at_signing_makes_no_long_term_signature(
    old: bool, document: bytes, leader: Pkcs12Key, pki: DemoPki
) -> None:
    signed, _ = sign(document, leader, field="S", level=Level.B_T, timestamper=LocalTimestamper(pki))
    made, data = datetime.now(UTC) - timedelta(days=400 * old), io.BytesIO(signed)
    lists = [CertificateList.load(der) for der in (pki.crl(at=made), pki.root_crl(at=made))]
    DocumentSecurityStore.add_dss(data, None, crls=lists)
    (found,) = verify_pdf(data, pki.trust).signatures
    expected = (Level.B_T, Revocation.UNCHECKED) if old else (Level.B_LT, Revocation.GOOD)
    assert (found.verdict, found.level, found.revocation) == (Verdict.VALID, *expected)
