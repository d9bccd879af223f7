"""A certificate says what it was issued for; a web server's signs no documents."""

import io

import pytest
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.errors import KeyUsageForbidden
from signing.keys import Pkcs12Key
from signing.report import Code, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import sign
from tests.signing.forging import signed_by_hand


def issued_for(pki: DemoPki, *purposes: ObjectIdentifier) -> Pkcs12Key:
    file = pki.issue_person("web.example", "", "X", passphrase="pin", ecdsa=True, purposes=purposes)
    return Pkcs12Key.unlock(file, "pin")


def test_a_web_servers_key_does_not_sign_and_its_signature_is_not_confirmed(
    pki: DemoPki, document: bytes, trust: TrustStore
) -> None:
    key = issued_for(pki, ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(KeyUsageForbidden, match="issued for other purposes than signing documents"):
        sign(document, key, field="Leader")
    report = verify_pdf(io.BytesIO(signed_by_hand(key)), trust)
    assert report.verdict is Verdict.INDETERMINATE
    assert Code.WRONG_USE in {finding.code for finding in report.all_findings}


@pytest.mark.parametrize(
    "purpose",
    [
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.4",
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.4.1.311.10.3.12",
        "1.2.840.113583.1.1.5",
    ],
)
def test_one_purpose_of_people_who_sign_is_enough(
    purpose: str, pki: DemoPki, document: bytes, trust: TrustStore
) -> None:
    key = issued_for(pki, ExtendedKeyUsageOID.SERVER_AUTH, ObjectIdentifier(purpose))
    signed, _ = sign(document, key, field="Leader", trust=trust)
    report = verify_pdf(io.BytesIO(signed), trust)
    assert report.verdict is Verdict.VALID, report.all_findings
