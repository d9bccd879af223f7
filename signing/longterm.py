"""Revocation data that makes a signature provable for longer than its issuers answer (ETSI EN 319 142-1 §5.4)."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from asn1crypto import x509
from cryptography import x509 as parsed

from signing import revocation
from signing.timestamps import HttpTimestamper
from signing.trust import TrustStore


def answered(
    trust: TrustStore,
    certificates: Iterable[bytes],
    timestamper: HttpTimestamper,
    *,
    at: datetime | None = None,
    allow_private: bool = False,
) -> TrustStore:
    """`trust` with OCSP responses and CRLs for the DER `certificates` and for the authority's own.

    What a list at hand answers at the moment `at` (aware, default now) is not asked for again; the rest is fetched.
    Lists that speak of none of them are left out. Raises TimestampUnavailable when the authority does not answer.
    """
    asyncio.run(timestamper.async_dummy_response("sha256"))
    known = {
        *certificates,
        *(one.dump() for one in timestamper.cert_registry),
        *trust.intermediates,
        *trust.roots,
    }
    fresh = tuple(_fresh(trust.crls, known, at or datetime.now(UTC)))
    names = {parsed.load_der_x509_crl(der).issuer.public_bytes() for der in fresh}
    asked = {der for der in known if x509.Certificate.load(der).issuer.dump() not in names}
    # an issuer is looked for among all that is known
    found = revocation.fetch(known, about=asked, allow_private=allow_private)
    return replace(trust, crls=fresh).with_revocation(crls=found.crls, ocsps=found.ocsps)


def _fresh(lists: Iterable[bytes], certificates: set[bytes], at: datetime) -> Iterator[bytes]:
    """The lists whose next one is not yet due, by issuers of these certificates; the newest of each issuer."""
    issuers = {x509.Certificate.load(der).issuer.dump() for der in certificates}
    newest: dict[bytes, tuple[datetime, bytes]] = {}
    for der in lists:
        one = parsed.load_der_x509_crl(der)
        issuer, due = one.issuer.public_bytes(), one.next_update_utc
        if issuer in issuers and due is not None and one.last_update_utc <= at < due:
            newest[issuer] = max(newest.get(issuer, (one.last_update_utc, der)), (one.last_update_utc, der))
    for _, der in newest.values():
        yield der
