"""Keys that sign, behind one interface; here those of PKCS#12 files."""

from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    pkcs12,
)

from signing.certificates import CertificateInfo, certificate_info
from signing.errors import UnusableKey, WrongPassphrase

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
#: rounds of PBKDF2 in the files we write (OWASP's advice for HMAC-SHA-256)
KDF_ROUNDS = 600_000
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Key(Protocol):
    """A private key with its certificate; it may live in this process, a token or a service far away."""

    @property
    def certificate(self) -> bytes:
        """DER of the signer's certificate."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of the certificates above it, without any promise of order or completeness."""

    @property
    def info(self) -> CertificateInfo:
        """The certificate as plain values."""

    @property
    def algorithm(self) -> str:
        """`rsa` (PKCS#1 v1.5) or `ecdsa`."""

    @property
    def signature_size(self) -> int:
        """Largest signature in bytes."""

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`, hashed with `digest` (sha256, sha384, sha512)."""


class Pkcs12Key:
    """An unlocked PKCS#12 key. The parsed key is kept: checking an RSA key anew costs 30 ms for each signature."""

    algorithm: str
    signature_size: int

    def __init__(self, private: PrivateKey, certificate: bytes, chain: tuple[bytes, ...]) -> None:
        self._private = private
        self.certificate = certificate
        self.chain = chain
        self.info = certificate_info(certificate)
        if isinstance(private, rsa.RSAPrivateKey):
            self.algorithm, self.signature_size = "rsa", private.key_size // 8
        else:
            # two integers and their headers, RFC 3279 §2.2.3
            self.algorithm, self.signature_size = "ecdsa", 2 * (private.key_size // 8 + 3) + 6

    @classmethod
    def unlock(cls, data: bytes, passphrase: str) -> "Pkcs12Key":
        """Open the file `data`. Raises WrongPassphrase, UnusableKey."""
        private, certificate, chain = _load(data, passphrase)
        return cls(
            private,
            certificate.public_bytes(Encoding.DER),
            tuple(c.public_bytes(Encoding.DER) for c in chain),
        )

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`; RSA by PKCS#1 v1.5, ECDSA as a DER pair."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, padding.PKCS1v15(), _HASHES[digest])
        return self._private.sign(data, ec.ECDSA(_HASHES[digest]))


def _load(data: bytes, passphrase: str) -> tuple[PrivateKey, x509.Certificate, tuple[x509.Certificate, ...]]:
    if data[:1] != b"\x30":
        raise UnusableKey("this is not a PKCS#12 file")
    try:
        bundle = pkcs12.load_pkcs12(data, passphrase.encode())
    except ValueError as error:
        # cryptography has one error for a wrong passphrase and for a damaged file; only the text tells
        if "password" in str(error).lower():
            raise WrongPassphrase from error
        raise UnusableKey("this is not a PKCS#12 file") from error
    except UnsupportedAlgorithm as error:
        raise UnusableKey(str(error)) from error
    if bundle.cert is None:
        raise UnusableKey("the file holds no certificate for a key")
    if not isinstance(bundle.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise UnusableKey("only RSA and ECDSA keys can sign documents")
    if isinstance(bundle.key, rsa.RSAPrivateKey) and bundle.key.key_size < 2048:
        raise UnusableKey("RSA keys below 2048 bit are not allowed")
    if bundle.key.public_key() != bundle.cert.certificate.public_key():
        raise UnusableKey("key and certificate do not belong together")
    return bundle.key, bundle.cert.certificate, tuple(more.certificate for more in bundle.additional_certs)


def make_pkcs12(
    private: PrivateKey,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...] = (),
    *,
    passphrase: str,
) -> bytes:
    """PKCS#12 file with AES-256 and PBKDF2 of `KDF_ROUNDS` rounds, MAC by SHA-256."""
    if not passphrase:
        raise UnusableKey("a key file needs a passphrase")
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(KDF_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase.encode())
    )
    return pkcs12.serialize_key_and_certificates(None, private, certificate, chain or None, protection)


def change_passphrase(data: bytes, old: str, new: str) -> bytes:
    """The same key under another passphrase, protected as by `make_pkcs12`. Raises WrongPassphrase, UnusableKey."""
    private, certificate, chain = _load(data, old)
    return make_pkcs12(private, certificate, chain, passphrase=new)
