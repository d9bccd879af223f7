"""Keys in tokens and hardware security modules, through PKCS#11 2.40."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import pkcs11
from asn1crypto.algos import DigestInfo
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import MGF, Attribute, CertificateType, Mechanism, ObjectClass, TokenFlag
from pkcs11 import exceptions as causes

from signing.certificates import CertificateInfo, certificate_info
from signing.errors import KeyAddressError, KeyBlocked, KeyUnavailable, UnusableKey, WrongPassphrase
from signing.keys import Algorithm, signature_of

#: one login at a time: the login belongs to the process, and another's must not stand in for a wrong PIN (§11.6)
_LOGIN = Lock()
_LOCKED = (causes.PinLocked, causes.PinExpired)
_WRONG = (causes.PinIncorrect, causes.PinInvalid, causes.PinLenRange)
_X509 = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509}
_HASH = {
    "sha256": (Mechanism.SHA256, MGF.SHA256),
    "sha384": (Mechanism.SHA384, MGF.SHA384),
    "sha512": (Mechanism.SHA512, MGF.SHA512),
}


@dataclass(frozen=True)
class TokenUri:
    """Where a key lies, RFC 7512: `pkcs11:token=T;object=LABEL;id=%01?module-path=/usr/lib/….so`."""

    #: the maker's library
    module: str
    #: label of the token; None when the library knows one token only
    token: str | None = None
    #: label (CKA_LABEL) and identifier (CKA_ID) of the key; None for the token's only one
    label: str | None = None
    id: bytes | None = None

    @classmethod
    def parse(cls, uri: str, *, module: str | None = None) -> "TokenUri":
        """Read a URI; `module` where it names none. Raises KeyAddressError, also for one with a PIN in it."""
        scheme, _, rest = uri.partition(":")
        path, _, query = rest.partition("?")
        if scheme != "pkcs11":
            raise KeyAddressError("a token's address begins with pkcs11:")
        asked = dict(parse_qsl(query))
        if asked.keys() & {"pin-value", "pin-source"}:
            raise KeyAddressError("the PIN does not belong in the address")
        named = dict(part.partition("=")[::2] for part in path.split(";") if part)
        unknown = named.keys() - {"token", "object", "id", "type"}
        library = asked.get("module-path") or module
        if unknown or library is None:
            raise KeyAddressError(
                f"{sorted(unknown)} is not supported" if unknown else "module-path is missing"
            )
        text = {name: unquote_to_bytes(value) for name, value in named.items()}
        token, label = (text[name].decode() if name in text else None for name in ("token", "object"))
        return cls(library, token, label, text.get("id"))

    @property
    def path(self) -> str:
        """The address without the library: what may be kept by whoever has one library only."""
        named = {"token": self.token, "object": self.label, "id": self.id}
        return "pkcs11:" + ";".join(
            f"{name}={quote(value)}" for name, value in named.items() if value is not None
        )


@dataclass(frozen=True)
class Held:
    """A certificate in a token, and where the key to it lies."""

    uri: TokenUri
    certificate: bytes
    info: CertificateInfo


def certificates(module: str, *, wait: float = 30) -> list[Held]:
    """Every certificate in every token of a maker's library, for which no PIN is asked. Raises KeyUnavailable."""
    with _alone(module, wait), _reasons(module):
        library = pkcs11.lib(module)
        library.reinitialize()
        found = []
        # SoftHSM, as some modules, offers an empty slot as a token too
        ready = (one for one in library.get_tokens() if TokenFlag.TOKEN_INITIALIZED in one.flags)
        for token in ready:
            with token.open() as session:
                held = [
                    (bytes(one[Attribute.ID]), bytes(one[Attribute.VALUE]))
                    for one in session.get_objects(_X509)
                ]
            for name, der in held:
                with suppress(ValueError):  # what cannot be read signs nothing, and hides nothing beside it
                    uri = TokenUri(module, token.label, id=name or None)
                    found.append(Held(uri, der, certificate_info(der)))
        return found


class TokenKey:
    """A key that stays in its token; only digests go in, only signatures come out."""

    def __init__(self, private: Any, certificate: bytes, chain: tuple[bytes, ...], *, pss: bool) -> None:
        self._private = private
        self.certificate = certificate
        self.chain = chain
        self.info = certificate_info(certificate)
        public = x509.load_der_x509_certificate(certificate).public_key()
        self.algorithm, self.signature_size = signature_of(public, pss=pss)

    def sign(self, data: bytes, digest: str = "sha256") -> bytes:
        """Signature over `data`. Hashing is done here, with the raw mechanisms that every token has.

        Raises KeyUnavailable when the token was pulled out.
        """
        hashed = hashlib.new(digest, data).digest()
        try:
            return self._sign(hashed, digest)
        except causes.PKCS11Error as error:
            raise KeyUnavailable("the token", _said(error)) from error

    def _sign(self, hashed: bytes, digest: str) -> bytes:
        if self.algorithm is Algorithm.ECDSA:
            pair: bytes = self._private.sign(hashed, mechanism=Mechanism.ECDSA)
            half = len(pair) // 2
            # the token gives r and s side by side, §2.3.1; X9.62 wants them in DER
            r, s = (int.from_bytes(part, "big") for part in (pair[:half], pair[half:]))
            return encode_dss_signature(r, s)
        if self.algorithm is Algorithm.RSA_PSS:
            parameters = (*_HASH[digest], len(hashed))
            return bytes(
                self._private.sign(hashed, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters)
            )
        info = DigestInfo({"digest_algorithm": {"algorithm": digest}, "digest": hashed})
        return bytes(self._private.sign(info.dump(), mechanism=Mechanism.RSA_PKCS))


@contextmanager
def open_token(uri: TokenUri, pin: str, *, pss: bool = False, wait: float = 30) -> Iterator[TokenKey]:
    """Log in, hand the key out, log out. `wait`: seconds until whoever uses a token in this process is done.

    Raises WrongPassphrase, KeyBlocked, KeyUnavailable, UnusableKey.
    """
    with _alone(uri.module, wait), _session(uri, pin) as session:
        yield _find(session, uri, pss)


@contextmanager
def _alone(module: str, wait: float) -> Iterator[None]:
    if not _LOGIN.acquire(timeout=wait):
        raise KeyUnavailable(module, "another signature has been using it for too long")
    try:
        yield
    finally:
        _LOGIN.release()


@contextmanager
def _session(uri: TokenUri, pin: str) -> Iterator[Any]:
    with _reasons(uri.module, uri.token):
        library = pkcs11.lib(uri.module)
        # a token that was put in after the library was loaded is seen only after this
        library.reinitialize()
        session = library.get_token(token_label=uri.token).open(user_pin=pin)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _reasons(module: str, token: str | None = None) -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except _WRONG as error:
        raise WrongPassphrase from error
    except _LOCKED as error:
        raise KeyBlocked from error
    except (causes.NoSuchToken, causes.MultipleTokensReturned) as error:
        found = (
            "more than one token is" if isinstance(error, causes.MultipleTokensReturned) else "no token is"
        )
        raise UnusableKey(f"{found} called {token}") from error
    except (causes.PKCS11Error, RuntimeError, OSError) as error:
        raise KeyUnavailable(module, _said(error)) from error


def _find(session: Any, uri: TokenUri, pss: bool) -> TokenKey:
    """The private key and the certificate that shares its identifier."""
    wanted = {Attribute.LABEL: uri.label, Attribute.ID: uri.id}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **wanted}))
    if len(keys) != 1:
        raise UnusableKey(
            "the token holds no such key" if not keys else "name the key: the token holds several"
        )
    (private,) = keys
    held = {bytes(one[Attribute.VALUE]): bytes(one[Attribute.ID]) for one in session.get_objects(_X509)}
    own = [der for der, identifier in held.items() if identifier == bytes(private[Attribute.ID])]
    if not own:
        raise UnusableKey("the token holds no certificate with the identifier of its key")
    return TokenKey(private, own[0], tuple(der for der in held if der != own[0]), pss=pss)


def _said(error: Exception) -> str:
    """python-pkcs11 puts the reason into the class's name."""
    return str(error) or type(error).__name__
