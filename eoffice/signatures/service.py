"""Keys: entered as encrypted as they come, opened for one signature by their owner's PIN alone."""

import re
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from eoffice.core import audit, sandbox
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.errors import Forbidden, Invalid, NotFound
from eoffice.core.permissions import Actor, require
from eoffice.core.text import nfc
from eoffice.directory.models import Agency, Person
from eoffice.signatures import errors, opened, operations, queries, unlocking
from eoffice.signatures.models import ImageKind, KeyKind, KeyPurpose, SignatureImage, SigningKey
from eoffice.signatures.permissions import SIGNATURE_KEYS
from eoffice.signatures.settings import PIN_TRIES, PKCS11_MODULE
from signing.authorities import signer_certificate
from signing.certificates import CertificateInfo, Kind
from signing.errors import KeyUnavailable, WrongPassphrase
from signing.images import Picture
from signing.keys import AbsentKey, Key, Pkcs12Key, change_passphrase
from signing.tokens import Held, certificates

sandbox.preload("signing.images")

KEY_ADDED = audit.action("signatures.key_added", _l("Signing key entered"))
PIN_CHANGED = audit.action("signatures.pin_changed", _l("PIN of a key changed"))
IMAGE_SET = audit.action("signatures.image_set", _l("Picture of a signature or seal entered"))

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
    return _enter(session, actor, key, Owner(purpose, agency, person), KeyKind.FILE, pkcs12=pkcs12)


@dataclass(frozen=True)
class Owner:
    """Whose key it is; `agency` None: the installation's."""

    purpose: KeyPurpose
    agency: Agency | None
    person: Person | None

    @property
    def name(self) -> str | None:
        """As the certificate must name him."""
        return self.person.full_name if self.person else self.agency.name if self.agency else None


@dataclass(frozen=True)
class Brought:
    """What comes with a key of each kind; one in the module is found there by its owner's name."""

    #: PKCS#12, or of a token the certificate (PEM or DER)
    file: bytes = b""
    #: of the PKCS#12 alone: where a key lies elsewhere, only its certificate is read
    pin: str = ""
    #: with the remote service
    credential: str = ""


def enter(session: Session, actor: Actor, kind: KeyKind, owner: Owner, brought: Brought) -> SigningKey:
    """Enter a key of any kind; the one its owner had before is kept, inactive.

    Raises KeyUnusable, WrongPin, WrongOwner, NotInModule, SeveralInModule, NoCredential, KeyAway, Forbidden.
    """
    require(actor, SIGNATURE_KEYS, owner.agency)
    if kind is KeyKind.FILE:
        return add_key(session, actor, brought.file, owner.purpose, owner.agency, owner.person, brought.pin)
    with operations.refusals(owner.name or ""):
        if kind is KeyKind.TOKEN:
            return _enter(session, actor, AbsentKey(signer_certificate(brought.file)), owner, kind)
        if kind is KeyKind.MODULE:
            found = _in_module(owner)
            return _enter(session, actor, AbsentKey(found.certificate), owner, kind, address=found.uri.path)
        if not brought.credential:
            raise errors.NoCredential(field="credential")
        with unlocking.open_service(brought.credential, "") as key:
            return _enter(session, actor, key, owner, kind, address=brought.credential)


def _in_module(owner: Owner) -> Held:
    """The owner's newest certificate in the hardware module, of namesakes the one of his agency.

    Raises KeyUnavailable, NotInModule, and SeveralInModule where nothing tells which of them is meant.
    """
    module = settings().get(PKCS11_MODULE)
    if module is None:
        raise KeyUnavailable("EOFFICE_PKCS11_MODULE", "no hardware module is set")
    named = [one for one in certificates(module) if _names(one.info, owner)]
    if not named:
        raise errors.NotInModule(owner=owner.name or "", field="owner")
    own = [one for one in named if owner.agency and _same(owner.agency.name, one.info.organisation)]
    posts = {(one.info.organisation, one.info.title) for one in own or named}
    if len(posts) > 1:
        found = "; ".join(", ".join(filter(None, post)) or "–" for post in sorted(posts))
        raise errors.SeveralInModule(owner=owner.name or "", found=found, field="owner")
    return max(own or named, key=lambda one: one.info.not_before)


def _enter(
    session: Session,
    actor: Actor,
    key: Key,
    owner: Owner,
    kind: KeyKind,
    *,
    pkcs12: bytes | None = None,
    address: str = "",
) -> SigningKey:
    if not _names(key.info, owner):
        raise errors.WrongOwner(found=key.info.name, wanted=owner.name or str(owner.purpose), field="key")
    agency, person = owner.agency, owner.person
    agency_id, person_id = agency.id if agency else None, person.id if person else None
    with transaction(session):
        row = SigningKey(
            agency_id=agency_id, person_id=person_id, purpose=owner.purpose, kind=kind, pkcs12=pkcs12,
            address=address, certificate=key.certificate, chain=list(key.chain),
            subject=key.info.name, issuer=key.info.issuer, fingerprint=key.info.fingerprint,
            not_before=key.info.not_before, not_after=key.info.not_after, failed_tries=0,
        )  # fmt: skip
        _require_own(actor, agency)
        before = queries.key(session, owner.purpose, agency_id, person_id)
        if before is not None:
            before.active = False
            session.flush()
        session.add(row)
        audit.record(
            session, actor, KEY_ADDED, row,
            purpose=owner.purpose, kind=kind, subject=row.subject, fingerprint=row.fingerprint,
        )  # fmt: skip
    return row


def _require_own(actor: Actor, agency: Agency | None) -> None:
    """Administrators enter keys of their own agency, the program alone that of the installation. Raises Forbidden."""
    require(actor, SIGNATURE_KEYS, agency)
    if agency is None and not actor.is_system:
        raise Forbidden


def _names(info: CertificateInfo, owner: Owner) -> bool:
    """A certificate signs for whom it names and nobody else (Decree 30/2020, Article 32.2)."""
    return info.kind is _KINDS[owner.purpose] and (owner.name is None or _same(owner.name, info.name))


def _same(one: str, other: str) -> bool:
    """The same name; a tone makes another one of it."""
    return nfc(one).casefold() == nfc(other).casefold()


def change_pin(session: Session, actor: Actor, purpose: KeyPurpose, old: str, new: str) -> None:
    """Put another PIN on a key. Raises NoKey, KeyLocked, WrongPin, WeakPin."""
    if not re.fullmatch(r"\S{6,64}", new):
        raise WeakPin(field="new_pin")
    unlocking.unlock(session, actor, purpose, old)
    with transaction(session):  # the new protection takes half a second: this one is over before
        found = queries.key_of(session, actor, purpose)
    if found is None or found.pkcs12 is None:
        raise NotFound
    protected = change_passphrase(found.pkcs12, old, new)
    with transaction(session):
        row = session.get_one(SigningKey, found.id, with_for_update=True, populate_existing=True)
        row.pkcs12 = protected
        opened.close_key(session, row)
        audit.record(session, actor, PIN_CHANGED, row)


class WeakPin(Invalid):
    """Too short to withstand the number of tries."""

    message = _l("A PIN has at least 6 characters and no spaces.")


#: bytes of a picture
PICTURE_LIMIT = 4 << 20


def set_image(
    session: Session,
    actor: Actor,
    kind: ImageKind,
    agency: Agency,
    person: Person | None,
    png: bytes,
    width_mm: float,
) -> SignatureImage:
    """Enter the picture of a signature or seal; `width_mm`: its real width. Raises WrongPicture, OpaquePicture,
    WrongWidth."""
    if len(png) > PICTURE_LIMIT:
        raise errors.WrongPicture(field="picture")
    shown = _looked_at(png)
    if shown.alpha is None:
        raise errors.OpaquePicture(field="picture")
    if not 10 <= width_mm <= 80:
        raise errors.WrongWidth(field="width")
    if not 0.2 <= shown.ratio <= 8:
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


def _looked_at(png: bytes) -> Picture:
    """Decode a picture that somebody brought, where it can do no harm. Raises WrongPicture."""
    with operations.refusals(""):
        try:
            found: Picture = sandbox.call("signing.images:picture", png)
        except (sandbox.SandboxDied, sandbox.SandboxError) as error:
            raise errors.WrongPicture(field="picture") from error
    return found


class PinsDiffer(Invalid):
    """A slip while typing would lock the owner out."""

    message = _l("The two new PINs differ. Type the same one twice.")
