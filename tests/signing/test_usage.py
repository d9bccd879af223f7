"""A certificate says what it was issued for; a web server's signs no documents."""

import io
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.errors import KeyUsageForbidden
from signing.keys import Pkcs12Key
from signing.report import Code, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore, certificate
from signing.usage import may_sign
from signing.verify import verify_pdf
from tests.signing.conftest import sign
from tests.signing.forging import signed_by_hand

SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def test_a_web_servers_key_does_not_sign_and_its_signature_is_not_confirmed(
    pki: DemoPki, document: bytes, trust: TrustStore
) -> None:
    file = pki.issue_person("web.example", "", "X", passphrase="pin", ecdsa=True, purposes=(SERVER,))
    key = Pkcs12Key.unlock(file, "pin")
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
def test_one_purpose_of_people_who_sign_is_enough(purpose: str) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    plain = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1, now, now)
    for purposes, allowed in (((), True), ((SERVER,), False), ((SERVER, ObjectIdentifier(purpose)), True)):
        builder = plain.add_extension(x509.ExtendedKeyUsage(purposes), critical=False) if purposes else plain
        made = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        assert may_sign(certificate(made)) is allowed
