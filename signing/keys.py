"""Keys that sign, behind one interface; here those of PKCS#12 files. Tokens are in `signing.tokens`, remote keys in
`signing.remote`."""

from enum import StrEnum
from secrets import token_bytes
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from signing.certificates import CertificateInfo, certificate_info
from signing.errors import KeyUnavailable, UnusableKey, WrongPassphrase

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
#: rounds of PBKDF2 in the files we write (OWASP's advice for HMAC-SHA-256)
KDF_ROUNDS = 600_000
#: bytes of the number used once, NIST SP 800-38D §8.2
_NONCE = 12
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class Algorithm(StrEnum):
    """How a key signs (Circular 15/2025/TT-BKHCN, Annex I)."""

    #: PKCS#1 v1.5, RFC 8017 §8.2: what every reader knows
    RSA = "rsa"
    #: RSASSA-PSS, RFC 8017 §8.1, MGF1 and salt by the signature's own digest
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"


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
    def algorithm(self) -> Algorithm:
        """How `sign` signs."""

    @property
    def signature_size(self) -> int:
        """Largest signature in bytes."""

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`, hashed with `digest` (sha256, sha384, sha512)."""


class Pkcs12Key:
    """An unlocked PKCS#12 key. The parsed key is kept: checking an RSA key anew costs 30 ms for each signature."""

    algorithm: Algorithm
    signature_size: int

    def __init__(
        self, private: PrivateKey, certificate: bytes, chain: tuple[bytes, ...], *, pss: bool = False
    ) -> None:
        self._private = private
        self.certificate = certificate
        self.chain = chain
        self.info = certificate_info(certificate)
        self.algorithm, self.signature_size = signature_of(private.public_key(), pss=pss)

    @classmethod
    def unlock(cls, data: bytes, passphrase: str, *, pss: bool = False) -> "Pkcs12Key":
        """Open the file `data`; `pss`: an RSA key signs by RSASSA-PSS. Raises WrongPassphrase, UnusableKey."""
        private, certificate, chain = _load(data, passphrase)
        return cls(
            private,
            certificate.public_bytes(Encoding.DER),
            tuple(c.public_bytes(Encoding.DER) for c in chain),
            pss=pss,
        )

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`; of ECDSA the DER pair."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, _padding(self.algorithm, digest), _HASHES[digest])
        return self._private.sign(data, ec.ECDSA(_HASHES[digest]))

    def wrapped(self, secret: bytes, bound_to: bytes) -> bytes:
        """The key under `secret`, as by `wrap`; what comes out of `unwrap` opens without a passphrase."""
        chain = [x509.load_der_x509_certificate(der) for der in self.chain]
        plain = pkcs12.serialize_key_and_certificates(
            None, self._private, x509.load_der_x509_certificate(self.certificate), chain, NoEncryption()
        )
        return wrap(plain, secret, bound_to)


def wrap(plain: bytes, secret: bytes, bound_to: bytes) -> bytes:
    """`plain` under a random `secret` of 32 bytes (AES-256-GCM); it opens again only with the same `bound_to`."""
    nonce = token_bytes(_NONCE)
    return nonce + AESGCM(secret).encrypt(nonce, plain, bound_to)


def unwrap(wrapped: bytes, secret: bytes, bound_to: bytes) -> bytes:
    """What went into `wrap`. Raises WrongPassphrase."""
    try:
        return AESGCM(secret).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase from error


class AbsentKey:
    """The certificate of a key that signs elsewhere, in a second step (`signing.twostep`)."""

    def __init__(self, certificate: bytes, chain: tuple[bytes, ...] = (), *, pss: bool = False) -> None:
        """`certificate` and `chain` in DER. Raises UnusableKey."""
        self.certificate = certificate
        self.chain = chain
        try:
            self.info = certificate_info(certificate)
            public = x509.load_der_x509_certificate(certificate).public_key()
        except (ValueError, TypeError) as error:
            raise UnusableKey("this is not a certificate") from error
        self.algorithm, self.signature_size = signature_of(public, pss=pss)

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:  # noqa: ARG002 - the protocol names them
        """Raises KeyUnavailable: there is only its certificate."""
        raise KeyUnavailable(self.info.name, "it signs in two steps only")


def signature_of(public: object, *, pss: bool = False) -> tuple[Algorithm, int]:
    """How a public key's owner signs, and the largest signature in bytes. Raises UnusableKey.

    RSA below 2048 and curves below 256 bit are refused (Circular 15/2025/TT-BKHCN, Annex I).
    """
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size < 2048:
            raise UnusableKey("RSA keys below 2048 bit are not allowed")
        return (Algorithm.RSA_PSS if pss else Algorithm.RSA), (public.key_size + 7) // 8
    if isinstance(public, ec.EllipticCurvePublicKey):
        if public.key_size < 256:
            raise UnusableKey("curves below 256 bit are not allowed")
        # two integers and their headers, RFC 3279 §2.2.3
        return Algorithm.ECDSA, 2 * ((public.key_size + 7) // 8 + 3) + 6
    raise UnusableKey("only RSA and ECDSA keys can sign documents")


def _padding(algorithm: Algorithm, digest: str) -> padding.AsymmetricPadding:
    if algorithm is Algorithm.RSA:
        return padding.PKCS1v15()
    used = _HASHES[digest]
    return padding.PSS(padding.MGF1(used), used.digest_size)


def holds(certificate: bytes, algorithm: Algorithm, data: bytes, signature: bytes, digest: str) -> bool:
    """Whether `signature` over `data` is that of the certificate's owner."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, _padding(algorithm, digest), _HASHES[digest])
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(_HASHES[digest]))
        else:
            return False
    except InvalidSignature:
        return False
    return True


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
