"""A personal key opened once for many documents (fifty signatures, one PIN).

The server keeps it encrypted, the secret lies in the owner's cookie alone: neither of the two signs without the other.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from eoffice.accounts.models import User
from eoffice.core import audit, clock
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.permissions import Actor
from eoffice.signatures import errors, queries, unlocking
from eoffice.signatures.models import KeyKind, KeyPurpose, OpenedKey, SigningKey
from eoffice.signatures.settings import KEY_OPEN_MINUTES, RSA_PSS
from eoffice.signatures.unlocking import HeldKey
from signing.errors import WrongPassphrase
from signing.keys import Pkcs12Key, unwrap, wrap

KEY_OPENED = audit.action("signatures.key_opened", _l("Key opened for many signatures"))
_SECRET_BYTES = 32


def open_for_many(session: Session, actor: Actor, pin: str) -> bytes:
    """Open the actor's own key for the minutes of the setting; returns the secret for his cookie.

    Of a file the key itself is kept under the secret; of a key in the module the PIN, which the module asks for each
    time. Raises NoKey, KeyLocked, WrongPin, KeyElsewhere for a key that signs in two steps.
    """
    secret = secrets.token_bytes(_SECRET_BYTES)
    with unlocking.with_pin(session, actor, KeyPurpose.PERSON, pin) as held:
        with transaction(session):
            row = unlocking.own(session, actor, KeyPurpose.PERSON)
            bond = _bond(session, actor, row.id)
        if row.kind is KeyKind.MODULE:
            wrapped = wrap(pin.encode(), secret, bond)
        elif isinstance(held.key, Pkcs12Key):
            wrapped = held.key.wrapped(secret, bond)
        else:
            raise errors.KeyElsewhere
    values = {
        "key_id": row.id,
        "wrapped": wrapped,
        "expires_at": clock.now() + timedelta(minutes=settings().get(KEY_OPEN_MINUTES)),
    }
    with transaction(session):
        session.execute(
            insert(OpenedKey)
            .values(user_id=actor.user_id, **values)
            .on_conflict_do_update(index_elements=[OpenedKey.user_id], set_=values)
        )
        audit.record(session, actor, KEY_OPENED, row, until=values["expires_at"])
    return secret


@contextmanager
def taken(session: Session, actor: Actor, secret: bytes) -> Iterator[HeldKey]:
    """The key again, for one document. Raises KeyClosed, also when the owner has got another key meanwhile."""
    with transaction(session):
        opened = session.get(OpenedKey, actor.user_id, populate_existing=True)
        present = queries.key_of(session, actor, KeyPurpose.PERSON)
        if (
            opened is None
            or present is None
            or opened.key_id != present.id
            or opened.expires_at < clock.now()
        ):
            raise errors.KeyClosed
        wrapped, bond = opened.wrapped, _bond(session, actor, opened.key_id)
    try:
        plain = unwrap(wrapped, secret, bond)
    except WrongPassphrase as error:
        raise errors.KeyClosed from error
    if present.kind is KeyKind.MODULE:
        with unlocking.with_pin(session, actor, KeyPurpose.PERSON, plain.decode()) as held:
            yield held
    else:
        key = Pkcs12Key.unlock(plain, "", pss=settings().get(RSA_PSS))
        yield HeldKey(key, present.agency_id, proved=True)


def close(session: Session, actor: Actor) -> None:
    """Forget the actor's opened key."""
    with transaction(session):
        session.execute(sa.delete(OpenedKey).where(OpenedKey.user_id == actor.user_id))


def close_key(session: Session, key: SigningKey) -> None:
    """Forget a key wherever it is open: what opens it has changed. Within the caller's transaction."""
    session.execute(sa.delete(OpenedKey).where(OpenedKey.key_id == key.id))


def close_expired(session: Session) -> None:
    """Forget the keys of all whose time is over."""
    with transaction(session):
        session.execute(sa.delete(OpenedKey).where(OpenedKey.expires_at < clock.now()))


def _bond(session: Session, actor: Actor, key_id: int) -> bytes:
    """What the wrapped key is bound to: signing out or a new password changes the stamp."""
    user = session.get_one(User, actor.user_id, populate_existing=True)
    return f"{user.id}:{user.session_stamp}:{key_id}".encode()
