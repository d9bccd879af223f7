"""System keys: the certificate and private key with which a system signs receipts, and nothing else."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class SystemKey:
    """`chain`: further certificates up to, not including, the root."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 or ECDSA with SHA-256, or Ed25519, by the kind of key."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.key.sign(data)


def load_key(path: Path, password: str | None = None) -> SystemKey:
    """Read a PKCS#12 or PEM file (key first or certificates first). Raises ValueError, OSError."""
    data, secret = path.read_bytes(), password.encode() if password else None
    if b"-----BEGIN" in data:
        key: object = serialization.load_pem_private_key(data, secret)
        certificate, *chain = x509.load_pem_x509_certificates(data)
    else:
        key, found, chain = pkcs12.load_key_and_certificates(data, secret)
        if found is None:
            raise ValueError(f"{path} holds no certificate for its key")
        certificate = found
    if not isinstance(key, PrivateKey):
        raise ValueError(f"{path} holds no RSA, EC or Ed25519 key")
    if key.public_key() != certificate.public_key():
        raise ValueError(f"{path}: key and certificate do not belong together")
    return SystemKey(key, certificate, tuple(chain))


def make_key(name: str, path: Path, *, days: int = 3650) -> SystemKey:
    """A fresh EC key with a certificate of its own, written to `path` as PEM, mode 0600.

    For set-ups without a certification authority: others must be given the certificate to trust.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    write_once(path, pem + certificate.public_bytes(serialization.Encoding.PEM))
    return SystemKey(key, certificate)


def write_once(path: Path, data: bytes) -> None:
    """A file of mode 0600 that is there whole or not at all, whoever is killed. Raises FileExistsError."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.link(file.name, path)


def verify_signature(certificate: x509.Certificate, signature: bytes, data: bytes) -> None:
    """Raises InvalidSignature when `signature` over `data` was not made by the certificate's key."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, data)
    else:
        raise InvalidSignature(f"no receipt is signed with a {type(key).__name__}")


def certificate_from_pem(data: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM file. Raises ValueError."""
    return tuple(x509.load_pem_x509_certificates(data))
