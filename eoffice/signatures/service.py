"""Keys: entered as encrypted as they come, opened for one signature by their owner's PIN alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, undefer

from eoffice.core import audit, clock
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import search_text
from eoffice.directory.models import Agency, Person
from eoffice.signatures import errors, operations, queries
from eoffice.signatures.models import ImageKind, KeyPurpose, SignatureImage, SigningKey
from eoffice.signatures.permissions import SIGNATURE_KEYS
from eoffice.signatures.settings import PIN_LOCK_MINUTES, PIN_TRIES, RSA_PSS
from signing.certificates import Kind
from signing.errors import WrongPassphrase
from signing.images import picture
from signing.keys import Key, Pkcs12Key, change_passphrase

KEY_ADDED = audit.action("signatures.key_added", _l("Signing key entered"))
PIN_CHANGED = audit.action("signatures.pin_changed", _l("PIN of a key changed"))
PIN_WRONG = audit.action("signatures.pin_wrong", _l("Wrong PIN"))
KEY_LOCKED = audit.action("signatures.key_locked", _l("Key locked after wrong PINs"))
IMAGE_SET = audit.action("signatures.image_set", _l("Picture of a signature or seal entered"))

#: how a use case gets the key it signs with, at the moment it needs it
OpenKey = Callable[[], Key]

_KINDS = {
    KeyPurpose.PERSON: Kind.PERSON,
    KeyPurpose.AGENCY: Kind.ORGANISATION,
    KeyPurpose.SYSTEM: Kind.SYSTEM,
}


def add_key(
    session: Session,
    actor: Actor,
    pkcs12: bytes,
    purpose: KeyPurpose,
    agency: Agency | None,
    person: Person | None,
    pin: str,
) -> SigningKey:
    """Enter a key; the one its owner had before is kept, inactive.

    `agency` None: the system key of the installation. Raises WrongPin, KeyUnusable, WrongOwner.
    """
    with operations.refusals(""):
        try:
            key = Pkcs12Key.unlock(pkcs12, pin)
        except WrongPassphrase as error:
            raise errors.WrongPin(left=settings().get(PIN_TRIES), field="pin") from error
    _check_owner(key, purpose, agency, person)
    agency_id, person_id = agency.id if agency else None, person.id if person else None
    with transaction(session):
        row = SigningKey(
            agency_id=agency_id, person_id=person_id, purpose=purpose, pkcs12=pkcs12,
            subject=key.info.name, issuer=key.info.issuer, fingerprint=key.info.fingerprint,
            not_before=key.info.not_before, not_after=key.info.not_after, failed_tries=0,
        )  # fmt: skip
        _require_own(actor, agency)
        before = queries.key(session, purpose, agency_id, person_id)
        if before is not None:
            before.active = False
            session.flush()
        session.add(row)
        audit.record(
            session, actor, KEY_ADDED, row, purpose=purpose, subject=row.subject, fingerprint=row.fingerprint
        )
    return row


def _require_own(actor: Actor, agency: Agency | None) -> None:
    """Administrators enter keys of their own agency, the program alone that of the installation. Raises Forbidden."""
    require(actor, SIGNATURE_KEYS, agency)
    if agency is None and not actor.is_system:
        raise Forbidden


def _check_owner(key: Pkcs12Key, purpose: KeyPurpose, agency: Agency | None, person: Person | None) -> None:
    """A certificate signs for whom it names and nobody else (Decree 30/2020, Article 32.2)."""
    owner = person.full_name if person else agency.name if agency else None
    same = owner is None or search_text(owner) == search_text(key.info.name)
    if key.info.kind is not _KINDS[purpose] or not same:
        raise errors.WrongOwner(found=key.info.name, wanted=owner or str(purpose), field="key")


def unlock(session: Session, actor: Actor, purpose: KeyPurpose, pin: str) -> Pkcs12Key:
    """Open the actor's key, or his agency's, for one use case; it lives in the caller's memory alone.

    A try is counted before it is made, so that a hundred at once are no more than a hundred one by one.
    Raises NoKey, KeyLocked, WrongPin.
    """
    row = _count_try(session, actor, purpose)
    with operations.refusals(row.subject):
        try:
            key = Pkcs12Key.unlock(row.pkcs12, pin, pss=settings().get(RSA_PSS))
        except WrongPassphrase as error:
            raise _refused(session, actor, row) from error
    with transaction(session):
        session.execute(sa.update(SigningKey).where(SigningKey.id == row.id).values(failed_tries=0))
    return key


def _count_try(session: Session, actor: Actor, purpose: KeyPurpose) -> SigningKey:
    with transaction(session):
        found = queries.key_of(session, actor, purpose)
        if found is None:
            raise errors.NoKey(owner=actor.name if purpose == KeyPurpose.PERSON else str(_l("your agency")))
        row = session.get_one(
            SigningKey,
            found.id,
            options=[undefer(SigningKey.pkcs12)],
            with_for_update=True,
            populate_existing=True,
        )
        if row.locked_until is not None and row.locked_until > clock.now():
            raise _locked(row)
        row.failed_tries += 1
        return row


def _refused(session: Session, actor: Actor, row: SigningKey) -> errors.WrongPin | errors.KeyLocked:
    """Record a wrong PIN, and the lock when it was one too many."""
    with transaction(session):
        session.refresh(row, with_for_update=True)
        audit.record(session, actor, PIN_WRONG, row, tries=row.failed_tries)
        left = settings().get(PIN_TRIES) - row.failed_tries
        if left > 0:
            return errors.WrongPin(left=left, field="pin")
        row.locked_until = clock.now() + timedelta(minutes=settings().get(PIN_LOCK_MINUTES))
        row.failed_tries = 0
        audit.record(session, actor, KEY_LOCKED, row, until=row.locked_until)
        return _locked(row)


def _locked(row: SigningKey) -> errors.KeyLocked:
    assert row.locked_until is not None
    return errors.KeyLocked(until=f"{clock.local(row.locked_until):%H:%M %d/%m/%Y}", field="pin")


def change_pin(session: Session, actor: Actor, purpose: KeyPurpose, old: str, new: str) -> None:
    """Put another PIN on a key. Raises NoKey, KeyLocked, WrongPin, WeakPin."""
    if not re.fullmatch(r"\S{6,64}", new):
        raise WeakPin(field="new_pin")
    unlock(session, actor, purpose, old)
    with transaction(session):  # the new protection takes half a second: this one is over before
        found = queries.key_of(session, actor, purpose)
    if found is None:
        raise NotFound
    protected = change_passphrase(found.pkcs12, old, new)
    with transaction(session):
        row = session.get_one(SigningKey, found.id, with_for_update=True, populate_existing=True)
        row.pkcs12 = protected
        audit.record(session, actor, PIN_CHANGED, row)


class WeakPin(Invalid):
    """Too short to withstand the number of tries."""

    message = _l("A PIN has at least 6 characters and no spaces.")


def set_image(
    session: Session,
    actor: Actor,
    kind: ImageKind,
    agency: Agency,
    person: Person | None,
    png: bytes,
    width_mm: float,
) -> SignatureImage:
    """Enter the picture of a signature or seal; `width_mm`: its real width. Raises WrongPicture."""
    with operations.refusals(""):
        ratio = picture(png).ratio
    if not 10 <= width_mm <= 80 or not 0.2 <= ratio <= 8:
        raise errors.WrongPicture(field="picture")
    with transaction(session):
        require(actor, SIGNATURE_KEYS, agency)
        row = queries.image(session, kind, agency.id, person.id if person else None)
        if row is None:
            row = SignatureImage(agency_id=agency.id, person_id=person.id if person else None, kind=kind)
            session.add(row)
        row.png, row.width_mm = png, width_mm
        audit.record(session, actor, IMAGE_SET, row, kind=kind, person=person.full_name if person else None)
    return row


class PinsDiffer(Invalid):
    """A slip while typing would lock the owner out."""

    message = _l("The two new PINs differ. Type the same one twice.")
