"""Whom we believe: roots, intermediates and revocation lists."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import core, crl, ocsp, pem, x509
from pyhanko_certvalidator import ValidationContext

from signing.errors import TrustStoreError

_SUFFIXES = {".pem", ".crt", ".cer", ".der", ".crl"}


@dataclass(frozen=True)
class TrustStore:
    """DER of roots, intermediates, CRLs and OCSP responses; a value, safe to share."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def from_folder(
        cls, folder: Path, *, intermediates: Path | None = None, crls: Path | None = None
    ) -> "TrustStore":
        """PEM or DER files: roots in `folder`, the others in its subfolders `intermediates` and `crls` or elsewhere.

        Raises TrustStoreError for a missing folder, one without a root, or a file that is neither.
        """
        roots = tuple(_certificates(folder))
        if not roots:
            raise TrustStoreError(str(folder), "there is no certificate in it")
        return cls(
            roots=roots,
            intermediates=tuple(_optional(folder / "intermediates", intermediates, _certificates)),
            crls=tuple(_optional(folder / "crls", crls, _crls)),
        )

    def with_revocation(self, *, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> "TrustStore":
        """The same store that knows more revocation data."""
        return replace(self, crls=(*self.crls, *crls), ocsps=(*self.ocsps, *ocsps))

    def context(
        self,
        at: datetime | None,
        *,
        require_revocation: bool,
        others: Iterable[x509.Certificate] = (),
        leaf: x509.Certificate | None = None,
    ) -> ValidationContext:
        """A validation context that never fetches. `at`: moment of validation, None for now.

        Revocation data may be younger than `at`: who was revoked later was good then. `leaf`: the certificate to be
        validated; OCSP responses about other leaves are left out, since certvalidator takes a response of the same
        issuer for a failed check even where revocation is optional.
        """
        authorities = [*map(certificate, self.intermediates), *others]
        ocsps = [ocsp.OCSPResponse.load(der) for der in self.ocsps]
        if leaf is not None:
            wanted = {leaf.serial_number, *(one.serial_number for one in authorities if one.ca)}
            ocsps = [one for one in ocsps if _serials(one) & wanted]
        return ValidationContext(
            trust_roots=[certificate(der) for der in self.roots],
            other_certs=authorities,
            moment=at,
            allow_fetching=False,
            crls=[_parsed(crl.CertificateList, der) for der in self.crls],
            ocsps=ocsps,
            revocation_mode="require" if require_revocation else "soft-fail",
            retroactive_revinfo=True,
        )


class _Kept(threading.local):
    """Parsed structures of one thread: asn1crypto parses on first use, which two threads must not do at once."""

    def __init__(self) -> None:
        self.parsed: dict[bytes, Any] = {}


_kept = _Kept()
#: a national chain with its lists is a dozen
_KEPT = 64


def certificate(der: bytes) -> x509.Certificate:
    """A certificate, parsed once in each thread."""
    found: x509.Certificate = _parsed(x509.Certificate, der)
    return found


def _parsed(kind: type[core.Sequence], der: bytes) -> Any:
    known = _kept.parsed
    if der not in known:
        if len(known) >= _KEPT:
            known.clear()
        known[der] = kind.load(der)
    return known[der]


def _serials(response: ocsp.OCSPResponse) -> set[int]:
    """Serial numbers an OCSP response speaks of; none for one that is not successful."""
    data = response.response_data if response["response_status"].native == "successful" else None
    return (
        {one["cert_id"]["serial_number"].native for one in data["responses"]} if data is not None else set()
    )


def _optional(default: Path, given: Path | None, read: Callable[[Path], Iterator[bytes]]) -> Iterator[bytes]:
    if given is not None:
        yield from read(given)
    elif default.is_dir():
        yield from read(default)


def _files(folder: Path) -> Iterator[tuple[Path, str, bytes]]:
    """Every PEM block or DER file in the folder, with its PEM label (empty for DER)."""
    if not folder.is_dir():
        raise TrustStoreError(str(folder), "there is no such folder")
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            continue
        data = path.read_bytes()
        try:
            blocks = (
                [(label, der) for label, _, der in pem.unarmor(data, multiple=True)]
                if pem.detect(data)
                else []
            )
        except ValueError as error:
            raise TrustStoreError(str(path), "damaged PEM") from error
        for label, der in blocks or [("", data)]:
            yield path, label, der


def _certificates(folder: Path) -> Iterator[bytes]:
    for path, label, der in _files(folder):
        if label in ("", "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE") and path.suffix != ".crl":
            yield _checked(path, der, x509.Certificate, "certificate")


def _crls(folder: Path) -> Iterator[bytes]:
    for path, label, der in _files(folder):
        if label in ("", "X509 CRL"):
            yield _checked(path, der, crl.CertificateList, "revocation list")


def _checked(path: Path, der: bytes, kind: type[core.Sequence], name: str) -> bytes:
    try:
        kind.load(der, strict=True).native  # noqa: B018 - parses the whole structure
    except (ValueError, TypeError) as error:
        raise TrustStoreError(str(path), f"this is no {name}") from error
    return der
