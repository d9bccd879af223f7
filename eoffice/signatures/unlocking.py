"""Opening a key with its PIN, wherever it lies; wrong tries are counted here for every kind.

The key lives in the caller's memory, the module or the service, for one use case, and the PIN nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session, undefer

from eoffice.core import audit, clock
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.signatures import errors, operations, queries
from eoffice.signatures.marks import Mark
from eoffice.signatures.models import KeyKind, KeyPurpose, SigningKey
from eoffice.signatures.operations import Signed
from eoffice.signatures.settings import (
    CSC_TOKEN,
    CSC_URL,
    PIN_LOCK_MINUTES,
    PIN_TRIES,
    PKCS11_MODULE,
    RSA_PSS,
)
from signing.errors import KeyUnavailable, UnusableKey, WrongPassphrase
from signing.keys import Key, Pkcs12Key
from signing.remote import RemoteAddress, RemoteKey, open_remote
from signing.tokens import TokenUri, open_token

PIN_WRONG = audit.action("signatures.pin_wrong", _l("Wrong PIN"))
KEY_LOCKED = audit.action("signatures.key_locked", _l("Key locked after wrong PINs"))


class HeldKey:
    """A key that is open in this process, or in a module or service it is logged in to."""

    def __init__(self, key: Key, agency_id: int | None, *, proved: bool) -> None:
        self.key, self._agency_id = key, agency_id
        #: the PIN was right; a remote service tells only when it signs
        self.proved = proved

    def sign(self, source_sha256: str, mark: Mark) -> Signed:
        """As `operations.sign`."""
        assert self._agency_id is not None, "the installation's own key signs no documents"
        made = operations.sign(self.key, source_sha256, mark, self._agency_id)
        self.proved = True
        return made


@contextmanager
def with_pin(session: Session, actor: Actor, purpose: KeyPurpose, pin: str) -> Iterator[HeldKey]:
    """The actor's key, or his agency's, until the block ends.

    A try is counted before it is made, so that a hundred at once are no more than a hundred one by one: no more are
    under way than lock the key. It is taken back when the PIN was right, or not what failed. Raises NoKey, KeyLocked,
    PinMissing, WrongPin, KeyInToken, KeyAway.
    """
    row = _count_try(session, actor, purpose, pin)
    held = None
    try:
        with operations.refusals(row.subject), open_row(row, pin) as key:
            held = HeldKey(key, row.agency_id, proved=row.kind is not KeyKind.REMOTE)
            if held.proved:  # what takes long is done with the key, and is no try any more
                _settle(session, row, held)
            yield held
    except WrongPassphrase as error:
        raise _refused(session, actor, row) from error
    except BaseException:
        _settle(session, row, held)
        raise
    _settle(session, row, held)


@contextmanager
def open_row(row: SigningKey, pin: str) -> Iterator[Key]:
    """The key of a row with its container loaded. Raises WrongPassphrase, KeyBlocked, KeyUnavailable, UnusableKey."""
    pss = settings().get(RSA_PSS)
    if row.kind is KeyKind.FILE:
        assert row.pkcs12 is not None, "held by a constraint"
        yield Pkcs12Key.unlock(row.pkcs12, pin, pss=pss)
    elif row.kind is KeyKind.MODULE:
        uri = TokenUri.parse(row.address, module=settings().get(PKCS11_MODULE) or "")
        with _there(), open_token(uri, pin, pss=pss) as token:
            _same(row, token)
            yield token
    else:
        with _there(), open_service(row.address, pin) as remote:
            _same(row, remote)
            yield remote


@contextmanager
def open_service(credential: str, pin: str) -> Iterator[RemoteKey]:
    """A credential of the remote signing service. Raises KeyUnavailable, also where none is set."""
    url = settings().get(CSC_URL)
    if url is None:
        raise KeyUnavailable("EOFFICE_CSC_URL", "no remote signing service is set")
    address = RemoteAddress(RemoteAddress.parse(url).url, credential)
    token, pss = settings().get(CSC_TOKEN), settings().get(RSA_PSS)
    with open_remote(address, pin, access_token=token, pss=pss) as key:
        yield key


@contextmanager
def _there() -> Iterator[None]:
    """A key that was entered and is gone is no broken file: whoever runs the module or the service must look."""
    try:
        yield
    except UnusableKey as error:
        raise KeyUnavailable("its place", error.reason) from error


def _same(row: SigningKey, key: Key) -> None:
    if key.info.fingerprint != row.fingerprint:
        raise KeyUnavailable("its place", "another certificate lies there now")


def unlock(session: Session, actor: Actor, purpose: KeyPurpose, pin: str) -> Pkcs12Key:
    """Open a key that is a file, for one use case. Raises NoKey, KeyLocked, WrongPin, KeyElsewhere."""
    with with_pin(session, actor, purpose, pin) as held:
        if not isinstance(held.key, Pkcs12Key):
            raise errors.KeyElsewhere
        return held.key


def _count_try(session: Session, actor: Actor, purpose: KeyPurpose, pin: str) -> SigningKey:
    with transaction(session):
        found = own(session, actor, purpose)
        if not found.kind.asks_pin:
            raise errors.KeyInToken
        if not pin:
            raise errors.PinMissing(field="pin")
        row = session.get_one(
            SigningKey,
            found.id,
            options=[undefer(SigningKey.pkcs12)],
            with_for_update=True,
            populate_existing=True,
        )
        if _is_locked(row):
            raise _locked(row)
        if row.failed_tries < settings().get(PIN_TRIES):
            row.failed_tries += 1
            return row
        refusal = _lock(session, actor, row)
    raise refusal


def own(session: Session, actor: Actor, purpose: KeyPurpose, *, certificates: bool = False) -> SigningKey:
    """The row of the key the actor signs with. Raises NoKey."""
    found = queries.key_of(session, actor, purpose, certificates=certificates)
    if found is None:
        raise errors.NoKey(owner=actor.name if purpose == KeyPurpose.PERSON else str(_l("your agency")))
    return found


def _settle(session: Session, row: SigningKey, held: HeldKey | None) -> None:
    """After a right PIN the count begins anew, and a lock set meanwhile ends; where nothing tells, the try counts for
    nothing."""
    less = {"failed_tries": sa.func.greatest(SigningKey.failed_tries - 1, 0)}
    values = {"failed_tries": 0, "locked_until": None} if held is not None and held.proved else less
    with transaction(session):
        session.execute(
            sa.update(SigningKey)
            .where(SigningKey.id == row.id)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _refused(session: Session, actor: Actor, row: SigningKey) -> errors.WrongPin | errors.KeyLocked:
    """Record a wrong PIN, and the lock when it was one too many."""
    with transaction(session):
        session.refresh(row, with_for_update=True)
        audit.record(session, actor, PIN_WRONG, row, tries=row.failed_tries)
        if _is_locked(row):
            return _locked(row)
        left = settings().get(PIN_TRIES) - row.failed_tries
        return errors.WrongPin(left=left, field="pin") if left > 0 else _lock(session, actor, row)


def _lock(session: Session, actor: Actor, row: SigningKey) -> errors.KeyLocked:
    row.locked_until = clock.now() + timedelta(minutes=settings().get(PIN_LOCK_MINUTES))
    row.failed_tries = 0
    audit.record(session, actor, KEY_LOCKED, row, until=row.locked_until)
    return _locked(row)


def _is_locked(row: SigningKey) -> bool:
    return row.locked_until is not None and row.locked_until > clock.now()


def _locked(row: SigningKey) -> errors.KeyLocked:
    assert row.locked_until is not None
    return errors.KeyLocked(until=f"{clock.local(row.locked_until):%H:%M %d/%m/%Y}", field="pin")
