"""Whom we believe: roots, intermediates and revocation lists."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import core, crl, ocsp, pem, x509
from cryptography.x509 import load_der_x509_crl
from pyhanko_certvalidator import ValidationContext

from signing import paths
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
        validated. Certvalidator takes a response about another certificate of the issuer, and a list whose next one is
        due, for a failed check even where revocation is optional: both say nothing, so they are left out. An old list
        that names one of these certificates stays, for who is revoked remains so.
        """
        authorities = [*map(certificate, self.intermediates), *others]
        concerned = {
            one.serial_number for one in (*authorities, leaf) if one is not None and (one.ca or one is leaf)
        }
        ocsps = [_parsed(ocsp.OCSPResponse, der) for der in self.ocsps]
        crls = self.crls
        if leaf is not None:
            ocsps = [one for one in ocsps if ocsp_serials(one) & concerned]
        if not require_revocation:
            moment = at or datetime.now(UTC)
            ocsps = [one for one in ocsps if answers(one, moment)]
            crls = tuple(der for der in crls if speaks(der, moment, concerned))
        made = ValidationContext(
            trust_roots=[certificate(der) for der in self.roots],
            other_certs=authorities,
            moment=at,
            allow_fetching=False,
            crls=[_parsed(crl.CertificateList, der) for der in crls],
            ocsps=ocsps,
            revocation_mode="require" if require_revocation else "soft-fail",
            retroactive_revinfo=True,
        )
        if not ocsps:
            paths.note(made, paths.Basis(self.roots, crls, require_revocation))
        return made


class _Kept(threading.local):
    """Parsed structures of one thread: asn1crypto parses on first use, which two threads must not do at once."""

    def __init__(self) -> None:
        self.parsed: dict[bytes, Any] = {}


_kept = _Kept()
#: a national chain with its lists is a dozen, and every signer brings one more
_KEPT = 256
#: bytes of a certificate up to which it is kept: files bring them too, and may mean ill
_LONGEST = 1 << 14


def certificate(der: bytes) -> x509.Certificate:
    """A certificate, parsed once in each thread."""
    found: x509.Certificate = (
        _parsed(x509.Certificate, der) if len(der) <= _LONGEST else x509.Certificate.load(der)
    )
    return found


def _parsed(kind: type[core.Sequence], der: bytes) -> Any:
    known = _kept.parsed
    if der not in known:
        if len(known) >= _KEPT:
            known.clear()
        known[der] = kind.load(der)
    return known[der]


def answers(response: ocsp.OCSPResponse, at: datetime) -> bool:
    """Whether the next one is not yet due, or somebody is revoked; one that names no time is for the moment it was
    made (RFC 6960 §4.2.2.1)."""
    if not ocsp_serials(response):
        return False
    data = response.response_data
    answers = data["responses"]
    dues = [one["next_update"].native or data["produced_at"].native for one in answers]
    return min(dues) > at or any(one["cert_status"].name == "revoked" for one in answers)


def speaks(der: bytes, at: datetime, serials: Iterable[int] = ()) -> bool:
    """Whether a list's next one is not yet due, or it names one of these."""
    found = load_der_x509_crl(der)
    due = found.next_update_utc
    if due is not None and due > at:
        return True
    return any(found.get_revoked_certificate_by_serial_number(one) is not None for one in serials)


def ocsp_serials(response: ocsp.OCSPResponse) -> set[int]:
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
