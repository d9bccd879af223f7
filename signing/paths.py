"""A signer's path to a root, validated once for what he signs: an agency's seal stands on every document it sends.

Whether a path holds follows from its certificates, from whom one believes, from the other certificates and revocation
lists at hand, and from the moment; by the moment it changes only where a certificate or a list begins or ends, or
somebody is revoked. So a path that was found good is good for a moment between the same two of these, with the same
all else; any other question is asked anew. What failed is never kept, nor what an OCSP response had a say in, nor a
path with a certificate that a list names.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from asn1crypto import crl, x509
from cryptography.x509 import load_der_x509_crl
from pyhanko_certvalidator import ValidationContext, find_valid_path

#: paths kept in a thread
_KEPT = 256
#: more than the tolerance of certvalidator, and than what is lost in rounding
_MARGIN = timedelta(seconds=5)
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Basis:
    """What a validation context was made of, beside the certificates registered in it and its moment."""

    #: DER of those believed
    roots: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    require_revocation: bool


@dataclass(frozen=True)
class _Known:
    path: Any
    #: between these nothing begins or ends that the path depends on
    since: datetime
    until: datetime


class _Kept(threading.local):
    def __init__(self) -> None:
        self.paths: dict[Any, _Known] = {}


_kept = _Kept()
_bases: "WeakKeyDictionary[ValidationContext, Basis]" = WeakKeyDictionary()


def note(context: ValidationContext, basis: Basis) -> None:
    """Say what a context was made of; only with such ones is a path looked for among those known."""
    _bases[context] = basis


async def known_path(
    certificate: x509.Certificate,
    paths: Any,
    validation_context: ValidationContext,
    pkix_validation_params: Any = None,
) -> Any:
    """In the place of certvalidator's `find_valid_path`. Raises what that raises."""
    basis = _bases.get(validation_context) if pkix_validation_params is None else None
    if basis is None:
        return await find_valid_path(certificate, paths, validation_context, pkix_validation_params)
    others = tuple(validation_context.certificate_registry)
    key = certificate.dump(), frozenset(one.dump() for one in others), basis
    known = _kept.paths.get(key)
    if known is not None and known.since < validation_context.moment < known.until:
        await paths.cancel()
        return known.path
    found = await find_valid_path(certificate, paths, validation_context)
    made = _known(found, others, basis, validation_context.moment)
    if made is not None:
        if len(_kept.paths) >= _KEPT:
            _kept.paths.clear()
        _kept.paths[key] = made
    return found


def _known(path: Any, others: Iterable[x509.Certificate], basis: Basis, moment: datetime) -> _Known | None:
    """A path that was found good for `moment`, and how long it stays so; None when a list names one of it."""
    certificates = tuple(path.iter_certs(include_root=True))
    for der in basis.crls:
        revoked = load_der_x509_crl(der)
        if any(revoked.get_revoked_certificate_by_serial_number(one.serial_number) for one in certificates):
            return None
    turns = [*_ends((*certificates, *others)), *_dues(basis.crls)]
    since = max((turn for turn in turns if turn <= moment), default=_EVER)
    until = min((turn for turn in turns if turn > moment), default=_NEVER)
    return _Known(
        path,
        since if since is _EVER else since + _MARGIN,
        until if until is _NEVER else until - _MARGIN,
    )


def _ends(certificates: Iterable[x509.Certificate]) -> Iterator[datetime]:
    for one in certificates:
        yield one.not_valid_before
        yield one.not_valid_after


def _dues(lists: Iterable[bytes]) -> Iterator[datetime]:
    for der in lists:
        told = crl.CertificateList.load(der)["tbs_cert_list"]
        yield told["this_update"].native
        if (due := told["next_update"].native) is not None:
            yield due
