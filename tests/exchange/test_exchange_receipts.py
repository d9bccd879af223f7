"""A receipt proves what it says, and nothing else can be made of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from exchange.errors import BadReceipt
from exchange.keys import SystemKey, load_key, make_key
from exchange.receipts import Event, Receipt, Statement, sign, verify

STATEMENT = Statement(
    Event.ACCEPTED, "m-1", "d-1", "edoc", "S", ("H01.12",), "ab" * 32, 10, "VDXP", datetime.now(UTC)
)


def certificate(name: str, key, issuer: str, issuer_key, *, ca: bool, days: int = 10) -> x509.Certificate:
    start = datetime.now(UTC) - timedelta(days=5)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )


@pytest.fixture(scope="module")
def root():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, certificate("Root", key, "Root", key, ca=True)


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_every_kind_of_key_signs_what_can_be_verified(root, kind: str, tmp_path: Path):
    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    leaf = certificate("Axis", key, "Root", root[0], ca=False)
    protection = serialization.BestAvailableEncryption(b"pw")
    (tmp_path / "k.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"n", key, leaf, [root[1]], protection)
    )
    [receipt] = sign(load_key(tmp_path / "k.p12", "pw"), [STATEMENT])
    assert verify(Receipt.from_json(receipt.to_json()), [root[1]]) == leaf


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_a_batch_has_one_signature_and_every_receipt_stands_alone(count: int, tmp_path: Path):
    key = make_key("Axis", tmp_path / "k.pem")
    receipts = sign(key, [replace(STATEMENT, doc_id=str(i)) for i in range(count)])
    assert len({receipt.signature for receipt in receipts}) == 1
    for receipt in receipts:
        verify(receipt, [key.certificate])
        with pytest.raises(BadReceipt):
            verify(replace(receipt, index=(receipt.index + 1) % (count + 1)), [key.certificate])


@pytest.mark.parametrize(
    "change", [{"sha256": "cd" * 32}, {"recipients": ("H01.13",)}, {"event": Event.DELIVERED}, {"size": 11}]
)
def test_a_changed_statement_is_found(change: dict, tmp_path: Path):
    [receipt] = sign(make_key("Axis", tmp_path / "k.pem"), [STATEMENT])
    with pytest.raises(BadReceipt):
        verify(replace(receipt, statement=replace(STATEMENT, **change)))


def test_only_trusted_signers_count(root, tmp_path: Path):
    mine, other = make_key("Axis", tmp_path / "a.pem"), make_key("Axis", tmp_path / "b.pem")
    [receipt] = sign(mine, [STATEMENT])
    verify(receipt, [mine.certificate])
    with pytest.raises(BadReceipt):
        verify(receipt, [other.certificate])
    with pytest.raises(BadReceipt):
        verify(receipt, [])


def test_a_systems_certificate_cannot_issue_others(root):
    system_key, forged_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    system = certificate("S", system_key, "Root", root[0], ca=False)
    forged = certificate("Axis", forged_key, "S", system_key, ca=False)
    [receipt] = sign(SystemKey(forged_key, forged, (system,)), [STATEMENT])
    with pytest.raises(BadReceipt):
        verify(receipt, [root[1]])


def test_a_certificate_that_had_expired_does_not_count(root):
    key = ec.generate_private_key(ec.SECP256R1())
    old = certificate("Axis", key, "Root", root[0], ca=False, days=2)
    [receipt] = sign(SystemKey(key, old), [STATEMENT])
    with pytest.raises(BadReceipt, match="valid then"):
        verify(receipt, [root[1]])


@pytest.mark.parametrize("data", [None, [], {}, {"statement": {}}, {"statement": 1, "tree": 2}])
def test_what_is_no_receipt_is_refused(data):
    with pytest.raises(BadReceipt):
        Receipt.from_json(data)
