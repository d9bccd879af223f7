"""Root, intermediate, TSA and OCSP responder in a folder, and the certificates they issue."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing.certificates import SYSTEM_UNIT
from signing.keys import PrivateKey, make_pkcs12
from signing.trust import TrustStore

_LONG, _SHORT = timedelta(days=20 * 365), timedelta(days=5 * 365)
#: certificates begin a day early: clocks differ, and a demonstration tells of yesterday
_EARLY = timedelta(days=1)
_NAMES = {
    "root": "Gốc chứng thực số trình diễn",
    "intermediate": "Chứng thực số chuyên dùng trình diễn",
    "tsa": "Dịch vụ cấp dấu thời gian trình diễn",
    "ocsp": "Dịch vụ OCSP trình diễn",
}
_PURPOSES = {"tsa": ExtendedKeyUsageOID.TIME_STAMPING, "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING}
_CRL_LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Authority:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER."""
        return self.certificate.public_bytes(Encoding.DER)


class DemoPki:
    """The PKI of one folder: `root|intermediate|tsa|ocsp.pem` with `.key`, `issued/`, `revoked/`, and `trust/` for
    verifiers. Certificates name `base_url` for OCSP, CRL and issuer."""

    def __init__(self, folder: Path) -> None:
        """Open a PKI made by `create`. Raises FileNotFoundError when there is none."""
        self.folder = folder
        self.base_url = (folder / "base_url").read_text().strip()

    @classmethod
    def create(cls, folder: Path, base_url: str) -> "DemoPki":
        """Make keys and certificates in `folder` (mode 0700; files 0600), or open what is there already."""
        if not (folder / "base_url").exists():
            for sub in (folder, folder / "issued", folder / "revoked"):
                sub.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            _make_authorities(folder, base_url.rstrip("/"))
            # written last: its presence says that the rest is complete
            _write(folder / "base_url", base_url.rstrip("/").encode())
        return cls(folder)

    @cached_property
    def root(self) -> Authority:
        """Self-signed root."""
        return self._load("root")

    @cached_property
    def intermediate(self) -> Authority:
        """Issues everything but itself."""
        return self._load("intermediate")

    @cached_property
    def tsa(self) -> Authority:
        """Signs time stamps."""
        return self._load("tsa")

    @cached_property
    def ocsp(self) -> Authority:
        """Signs OCSP responses."""
        return self._load("ocsp")

    def _load(self, name: str) -> Authority:
        certificate = x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())
        key = load_pem_private_key((self.folder / f"{name}.key").read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{name}.key is no RSA key")
        return Authority(certificate, key)

    @property
    def trust_folder(self) -> Path:
        """Folder for `TrustStore.from_folder` and `--trust`."""
        return self.folder / "trust"

    @property
    def trust(self) -> TrustStore:
        """Root and intermediate, without revocation data."""
        return TrustStore(roots=(self.root.der,), intermediates=(self.intermediate.der,))

    def issue_person(
        self,
        name: str,
        title: str,
        organisation: str,
        *,
        passphrase: str,
        days: int = 1825,
        ecdsa: bool = False,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
    ) -> bytes:
        """PKCS#12 of a person's certificate, bound to title and agency (Circular of public service certificates)."""
        subject = _name(name, organisation, title=title)
        return self._issue(subject, passphrase, timedelta(days=days), ecdsa, purposes)

    def issue_organisation(
        self, name: str, *, code: str = "", passphrase: str, days: int = 1825, ecdsa: bool = False
    ) -> bytes:
        """PKCS#12 of an agency's certificate. `code`: its identification code."""
        return self._issue(_name(name, name, identifier=code), passphrase, timedelta(days=days), ecdsa)

    def issue_system(self, name: str, organisation: str, *, passphrase: str, days: int = 1825) -> bytes:
        """PKCS#12 of a system's certificate."""
        return self._issue(
            _name(name, organisation, unit=SYSTEM_UNIT), passphrase, timedelta(days=days), False
        )

    def _issue(
        self,
        subject: x509.Name,
        passphrase: str,
        life: timedelta,
        ecdsa: bool,
        purposes: tuple[x509.ObjectIdentifier, ...] = (),
    ) -> bytes:
        key: PrivateKey = ec.generate_private_key(ec.SECP256R1()) if ecdsa else _rsa()
        start = datetime.now(UTC) - _EARLY
        builder = _builder(subject, self.intermediate.certificate, key, start, start + _EARLY + life)
        builder = _leaf(builder, signing=True)
        builder = _locations(builder, self.base_url, crl="crl", ocsp=True)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        certificate = builder.sign(self.intermediate.key, hashes.SHA256())
        _write(
            self.folder / "issued" / f"{certificate.serial_number:x}.pem",
            certificate.public_bytes(Encoding.PEM),
        )
        return make_pkcs12(key, certificate, (self.intermediate.certificate,), passphrase=passphrase)

    def renew_tsa(self, at: datetime) -> None:
        """A new key and certificate for time stamps, valid from `at` for five years."""
        _make_service(self.folder, "tsa", self.intermediate, at, self.base_url)
        self.__dict__.pop("tsa", None)

    def revoke(self, serial: str, *, at: datetime | None = None) -> None:
        """Revoke an issued certificate for key compromise. `serial`: lower-case hexadecimal."""
        if self.issued(int(serial, 16)) is None:
            raise KeyError(serial)
        moment = (at or datetime.now(UTC)).replace(microsecond=0)
        _write(self.folder / "revoked" / f"{serial}.json", json.dumps({"at": moment.isoformat()}).encode())

    def issued(self, serial: int) -> x509.Certificate | None:
        """The certificate with that serial number, authorities included."""
        own = (self.intermediate, self.tsa, self.ocsp)
        for authority in own:
            if authority.certificate.serial_number == serial:
                return authority.certificate
        path = self.folder / "issued" / f"{serial:x}.pem"
        return x509.load_pem_x509_certificate(path.read_bytes()) if path.exists() else None

    def revoked_at(self, serial: int) -> datetime | None:
        """When it was revoked."""
        path = self.folder / "revoked" / f"{serial:x}.json"
        if not path.exists():
            return None
        return datetime.fromisoformat(json.loads(path.read_text())["at"])

    def crl(self, *, at: datetime | None = None) -> bytes:
        """DER of the intermediate's revocation list, fresh."""
        builder = _crl_builder(self.intermediate, at)
        for path in sorted((self.folder / "revoked").glob("*.json")):
            serial = int(path.stem, 16)
            moment = self.revoked_at(serial)
            if moment is None:
                continue
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.intermediate.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def root_crl(self, *, at: datetime | None = None) -> bytes:
        """DER of the root's revocation list, empty."""
        return _crl_builder(self.root, at).sign(self.root.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, readable by the owner only."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    part.replace(path)


def _rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _name(
    common: str, organisation: str = "", *, title: str = "", unit: str = "", identifier: str = ""
) -> x509.Name:
    parts = [
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATION_IDENTIFIER, identifier),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.TITLE, title),
        (NameOID.COMMON_NAME, common),
    ]
    return x509.Name([x509.NameAttribute(oid, value[:64]) for oid, value in parts if value])


def _builder(
    subject: x509.Name, issuer: x509.Certificate | None, key: PrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    issuer_key = issuer.public_key() if issuer else key.public_key()
    if not isinstance(issuer_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise TypeError("issuers sign with RSA or ECDSA")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signing: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=signing,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _leaf(builder: x509.CertificateBuilder, *, signing: bool) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(_usage(signing=signing, authority=False), critical=True)


def _locations(
    builder: x509.CertificateBuilder, base: str, *, crl: str, ocsp: bool
) -> x509.CertificateBuilder:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{base}/{crl}")], None, None, None)
    builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    if not ocsp:
        return builder
    access = [
        (AuthorityInformationAccessOID.OCSP, "ocsp"),
        (AuthorityInformationAccessOID.CA_ISSUERS, "intermediate.cer"),
    ]
    urls = [
        x509.AccessDescription(oid, x509.UniformResourceIdentifier(f"{base}/{path}")) for oid, path in access
    ]
    return builder.add_extension(x509.AuthorityInformationAccess(urls), critical=False)


def _crl_builder(issuer: Authority, at: datetime | None) -> x509.CertificateRevocationListBuilder:
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(moment)
        .next_update(moment + _CRL_LIFE)
        # seconds since 1970 grow, which is all RFC 5280 §5.2.3 asks
        .add_extension(x509.CRLNumber(int(moment.timestamp())), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
    )


def _make_authorities(folder: Path, base: str) -> None:
    start = datetime.now(UTC) - _EARLY
    root = _make_ca(folder, "root", None, start, base)
    intermediate = _make_ca(folder, "intermediate", root, start, base)
    for name in ("tsa", "ocsp"):
        _make_service(folder, name, intermediate, start, base)
    for sub in ("trust", "trust/intermediates"):
        (folder / sub).mkdir(mode=0o700, exist_ok=True)
    _write(folder / "trust" / "root.pem", root.certificate.public_bytes(Encoding.PEM))
    _write(
        folder / "trust/intermediates/intermediate.pem", intermediate.certificate.public_bytes(Encoding.PEM)
    )


def _make_service(folder: Path, name: str, issuer: Authority, start: datetime, base: str) -> None:
    """A certificate for time stamps (`tsa`) or OCSP responses (`ocsp`), valid for five years."""
    key, subject = _rsa(), _name(_NAMES[name], "Trình diễn", unit=SYSTEM_UNIT)
    builder = _leaf(_builder(subject, issuer.certificate, key, start, start + _SHORT), signing=False)
    # RFC 3161 §2.3 wants this extension critical and alone
    builder = builder.add_extension(x509.ExtendedKeyUsage([_PURPOSES[name]]), critical=True)
    if name == "ocsp":
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    builder = _locations(builder, base, crl="crl", ocsp=True)
    _save(folder, name, Authority(builder.sign(issuer.key, hashes.SHA256()), key))


def _make_ca(folder: Path, name: str, issuer: Authority | None, start: datetime, base: str) -> Authority:
    key = _rsa()
    subject = _name(_NAMES[name], "Trình diễn")
    builder = _builder(subject, issuer.certificate if issuer else None, key, start, start + _LONG)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0 if issuer else None), critical=True
    ).add_extension(_usage(signing=False, authority=True), critical=True)
    if issuer:
        builder = _locations(builder, base, crl="root.crl", ocsp=False)
    made = Authority(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)
    _save(folder, name, made)
    return made


def _save(folder: Path, name: str, authority: Authority) -> None:
    private = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / f"{name}.key", private)
    _write(folder / f"{name}.pem", authority.certificate.public_bytes(Encoding.PEM))
