"""Roots, intermediates and revocation lists that the installation's administrator enters and retires."""

from contextlib import suppress
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, clock
from eoffice.core.db import transaction
from eoffice.core.errors import Conflict, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.signatures import queries, trust
from eoffice.signatures.models import Believed, TrustEntry
from eoffice.signatures.permissions import TRUST_MANAGE
from signing import authorities
from signing.authorities import Described
from signing.errors import TrustStoreError

ADDED = audit.action("signatures.trust_added", _l("Trusted authority entered"))
RETIRED = audit.action("signatures.trust_retired", _l("Trusted authority retired"))

#: bytes of one file: it comes back from the page that showed it; longer lists come from their addresses
LIMIT = 256 * 1024


class NotBelievable(Invalid):
    """The file is none of what was chosen."""

    message = _l(
        "The file is not what was chosen. A root is one certificate of an authority signed by itself, an "
        "intermediate one of an authority, a list is one list of revoked certificates; each as PEM or DER."
    )


class OtherThanChosen(Invalid):
    """The file is good for something else."""

    message = _l(
        "The file is no “%(chosen)s” but belongs under “%(found)s”, of “%(whose)s”. Choose that and enter it again."
    )


class NobodysAuthority(Invalid):
    """Trust in a signer comes from whoever issued his certificate."""

    message = _l(
        "This is the certificate of “%(whose)s”, who signs and issues none. Enter the authority that issued it: "
        "“%(issuer)s”."
    )


class EntryTooLarge(Invalid):
    """A national list can be megabytes."""

    message = _l("The file is larger than %(limit)s kB. Set the address of long lists in EOFFICE_CRL_URLS.")


class AlreadyBelieved(Conflict):
    """The same bytes are in force."""

    message = _l("This one is entered already.")


class AlreadyRetired(Conflict):
    """The first decision counts."""

    message = _l("This one is retired already.")


class WrongDay(Invalid):
    """What was checked before was checked by the trust of then."""

    message = _l("Write a day from today on, as day/month/year.")


class NeedsReason(Invalid):
    """Whoever reads the log later asks why."""

    message = _l("Write why it is retired.")


def describe(purpose: Believed, data: bytes) -> Described:
    """What a file says, before anybody believes it.

    Raises EntryTooLarge, OtherThanChosen, NobodysAuthority, NotBelievable.
    """
    if len(data) > LIMIT:
        raise EntryTooLarge(limit=LIMIT // 1024, field="file")
    try:
        return _read(purpose, data)
    except TrustStoreError as error:
        raise _instead(purpose, data) from error


def _read(purpose: Believed, data: bytes) -> Described:
    if purpose is Believed.REVOCATION_LIST:
        return authorities.revocation_list(data)
    return authorities.authority(data, root=purpose is Believed.ROOT)


def _instead(purpose: Believed, data: bytes) -> Invalid:
    """What the file is, where it can be told."""
    for other in Believed:
        with suppress(TrustStoreError):
            read = _read(other, data)
            whose = read.subject or read.issuer
            return OtherThanChosen(chosen=purpose.word, found=other.word, whose=whose, field="file")
    with suppress(ValueError):
        one = authorities.any_certificate(data)
        return NobodysAuthority(whose=one.subject, issuer=one.issuer, field="file")
    return NotBelievable(field="file")


def of_folder() -> list[tuple[Believed, Described]]:
    """What the operator's folder and the fetched lists add; they are changed there. Raises NoTrust."""
    found = trust.given()
    try:
        return [
            *((Believed.ROOT, authorities.certificate(der)) for der in found.roots),
            *((Believed.INTERMEDIATE, authorities.certificate(der)) for der in found.intermediates),
            *((Believed.REVOCATION_LIST, authorities.revocation_list(der)) for der in found.crls),
        ]
    except (TrustStoreError, ValueError) as error:
        raise trust.NoTrust from error


def add(session: Session, actor: Actor, purpose: Believed, data: bytes) -> TrustEntry:
    """Believe it from the next check on. Raises Forbidden, NotBelievable, EntryTooLarge, AlreadyBelieved."""
    require(actor, TRUST_MANAGE)
    read = describe(purpose, data)
    with transaction(session):
        if queries.trust_entry(session, read.fingerprint, clock.today()) is not None:
            raise AlreadyBelieved(field="file")
        row = TrustEntry(
            purpose=purpose, der=read.der, subject=read.subject, issuer=read.issuer,
            fingerprint=read.fingerprint, not_before=read.not_before, not_after=read.not_after,
            added_at=clock.now(), added_by=actor.name,
        )  # fmt: skip
        session.add(row)
        audit.record(
            session, actor, ADDED, row, purpose=purpose, subject=read.subject, issuer=read.issuer,
            fingerprint=read.fingerprint,
        )  # fmt: skip
    return row


def retire(session: Session, actor: Actor, entry_id: int, day: date | None, reason: str) -> TrustEntry:
    """Believe it no more from `day` on. Raises Forbidden, NotFound, AlreadyRetired, WrongDay, NeedsReason."""
    require(actor, TRUST_MANAGE)
    with transaction(session):
        row = session.get(TrustEntry, entry_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound
        if row.retired_on is not None:
            raise AlreadyRetired(field="entry")
        if day is None or day < clock.today():
            raise WrongDay(field="retired_on")
        if not reason.strip():
            raise NeedsReason(field="reason")
        row.retired_on, row.retired_reason = day, reason.strip()
        audit.record(
            session, actor, RETIRED, row, fingerprint=row.fingerprint, day=day, reason=row.retired_reason
        )
    return row
