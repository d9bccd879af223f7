"""Signing in two steps: the key is not here while the use case runs.

The use case stays what it is, a plain sequence of signatures. It runs once for each of them: what is signed already is
there when it asks, what is not is prepared, and `ValueWanted` ends the run until the value comes. Values come from the
token at the signer's machine one by one, or from the remote service for many documents at once. Nothing is locked
meanwhile but a row that says who is signing, and that row ends by itself.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from eoffice.core import audit, clock
from eoffice.core.blobs import Blob
from eoffice.core.config import settings
from eoffice.core.db import transaction
from eoffice.core.errors import AppError
from eoffice.core.permissions import Actor, system_actor
from eoffice.signatures import errors, operations, unlocking
from eoffice.signatures.marks import Mark
from eoffice.signatures.models import (
    AwaitedSignature,
    AwaitedSigning,
    KeyKind,
    KeyPurpose,
    SigningKey,
)
from eoffice.signatures.operations import Signed
from eoffice.signatures.settings import AWAITED_MINUTES, RSA_PSS
from signing.keys import AbsentKey
from signing.remote import RemoteKey
from signing.twostep import Prepared

BEGUN = audit.action("signatures.awaited", _l("Signing in two steps begun"))
GIVEN_UP = audit.action("signatures.given_up", _l("Signing in two steps given up or run out"))


@dataclass(frozen=True)
class About:
    """What is being signed, as the person reads it and as the row names it."""

    #: feature and id: `outgoing:5`
    name: str
    title: str
    #: how many signatures it takes
    signatures: int = 1


@dataclass(frozen=True)
class TwoStep:
    """How a use case is run in two steps; `batch`: what the person agrees to once, "" begins one."""

    batch: str = ""
    #: of the signature that was wanted last
    value: bytes | None = None


class ValueWanted(Exception):
    """A signature is prepared and its value is wanted. Never caught by a use case."""

    def __init__(
        self, signing: AwaitedSigning, key: SigningKey, about: About, prepared: Prepared, *, first: bool
    ):
        super().__init__(about.name)
        self.batch, self.expires_at = signing.batch, signing.expires_at
        self.key, self.about = key, about
        self.attributes, self.digest = prepared.attributes, prepared.digest
        #: the person was not asked for this batch yet
        self.first = first


def new_batch() -> str:
    """A name for what is agreed to once."""
    return secrets.token_urlsafe(18)


def deadline() -> datetime:
    """Until when what begins now must be done."""
    return clock.now() + timedelta(minutes=settings().get(AWAITED_MINUTES))


@contextmanager
def signing(
    session: Session, actor: Actor, key: SigningKey, about: About, how: TwoStep
) -> Iterator["AwaitedKey"]:
    """The key of a use case that is run in two steps; when the block ends well, the document is free again.

    Raises ValueWanted, BeingSigned, SigningOver, NotItsValue, and what preparing refuses with.
    """
    with transaction(session):
        row = _begun(session, actor, key, about, how)
    yield AwaitedKey(session, key, row, about, how)
    with transaction(session):
        session.execute(sa.delete(AwaitedSigning).where(AwaitedSigning.id == row.id))


def _begun(session: Session, actor: Actor, key: SigningKey, about: About, how: TwoStep) -> AwaitedSigning:
    """The living row of this batch, or a new one; an own one of another batch is given up for it."""
    assert actor.user_id is not None, "programs sign with keys of their own"
    found = _living(session, about.name, lock=True)
    if found is not None and found.user_id != actor.user_id:
        raise errors.BeingSigned(who=found.who, until=f"{clock.local(found.expires_at):%H:%M}")
    if found is not None and found.batch == how.batch and found.key_id == key.id:
        return found
    if how.value is not None:
        raise errors.SigningOver
    # never another's living one: it may have begun since we looked
    free = sa.or_(AwaitedSigning.user_id == actor.user_id, AwaitedSigning.expires_at <= clock.now())
    _drop(session, sa.and_(AwaitedSigning.about == about.name, free), actor)
    until = deadline()
    values = {
        "about": about.name, "agency_id": key.agency_id, "user_id": actor.user_id, "key_id": key.id,
        "who": actor.name, "batch": how.batch or new_batch(), "expires_at": until,
    }  # fmt: skip
    made = session.scalars(
        insert(AwaitedSigning).values(values).on_conflict_do_nothing().returning(AwaitedSigning)
    ).one_or_none()
    if made is None:
        raise errors.BeingSigned(who=_l("Somebody else"), until=f"{clock.local(until):%H:%M}")
    audit.record(session, actor, BEGUN, key, about=about.name, until=made.expires_at)
    return made


def _living(session: Session, about: str, *, lock: bool = False) -> AwaitedSigning | None:
    query = sa.select(AwaitedSigning).where(
        AwaitedSigning.about == about, AwaitedSigning.expires_at > clock.now()
    )
    if lock:
        query = query.with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def refuse_others(session: Session, about: str) -> None:
    """Whoever wants to go on with it waits until it is signed, given up or over. Raises BeingSigned."""
    found = _living(session, about)
    if found is not None:
        raise errors.BeingSigned(who=found.who, until=f"{clock.local(found.expires_at):%H:%M}")


def take_over(session: Session, actor: Actor, about: str) -> None:
    """Whoever signs it at one go gives up what he began in two steps. Raises BeingSigned, when it is another's."""
    with transaction(session):
        _drop(session, sa.and_(AwaitedSigning.about == about, AwaitedSigning.user_id == actor.user_id), actor)
        refuse_others(session, about)


def _drop(session: Session, which: sa.ColumnElement[bool], actor: Actor | None = None) -> None:
    """Delete what is not gone on with, each in the log; without an actor its time ran out."""
    gone = sa.delete(AwaitedSigning).where(which)
    columns = (AwaitedSigning.key_id, AwaitedSigning.agency_id, AwaitedSigning.about, AwaitedSigning.who)
    for key_id, agency_id, about, who in session.execute(gone.returning(*columns)).all():
        by, key = actor or system_actor(agency_id), session.get_one(SigningKey, key_id)
        audit.record(session, by, GIVEN_UP, key, about=about, who=who)


def give_up(session: Session, actor: Actor, batch: str) -> None:
    """The actor does not go on with a batch of his; its documents are free."""
    with transaction(session):
        mine = sa.and_(AwaitedSigning.batch == batch, AwaitedSigning.user_id == actor.user_id)
        _drop(session, mine, actor)


def forget_expired(session: Session) -> None:
    """Delete what nobody went on with; it was free from its last minute on."""
    with transaction(session):
        _drop(session, AwaitedSigning.expires_at < clock.now())


def public_part(key: SigningKey) -> AbsentKey:
    """What is known of a key without opening it."""
    return AbsentKey(key.certificate, tuple(key.chain), pss=settings().get(RSA_PSS))


class AwaitedKey:
    """Signs what it has a value for; prepares, and asks for the value of, what it has none for."""

    def __init__(
        self, session: Session, key: SigningKey, row: AwaitedSigning, about: About, how: TwoStep
    ) -> None:
        self._session, self._row, self._about, self._key = session, row, about, key
        self._value, self._first = how.value, not how.batch
        self._public = public_part(key)

    def sign(self, source_sha256: str, mark: Mark) -> Signed:
        """As `operations.sign`. Raises ValueWanted, NotItsValue."""
        one = self._find(source_sha256, mark.field) or self._prepare(source_sha256, mark)
        prepared = Prepared.of_data(one.prepared)
        cautions = operations.cautions(
            revocation_checked=prepared.revocation_checked, normalised=prepared.normalised
        )
        if one.result_sha256 is None:
            value, self._value = one.value or self._value, None
            if value is None:
                raise ValueWanted(self._row, self._key, self._about, prepared, first=self._first)
            blob = self._complete(one, prepared, value)
            with transaction(self._session):
                one.result_sha256, one.result_size = blob.sha256, blob.size
        return Signed(Blob(one.result_sha256 or "", one.result_size or 0), cautions)

    def _find(self, source_sha256: str, field: str) -> AwaitedSignature | None:
        with transaction(self._session):
            return self._session.scalars(
                sa.select(AwaitedSignature)
                .where(
                    AwaitedSignature.signing_id == self._row.id,
                    AwaitedSignature.source_sha256 == source_sha256,
                    AwaitedSignature.field == field,
                )
                .options(undefer(AwaitedSignature.tail))
            ).one_or_none()

    def _prepare(self, source_sha256: str, mark: Mark) -> AwaitedSignature:
        """Raises SigningOver when it was begun anew meanwhile, as from a second window."""
        base, tail, prepared = operations.prepare(self._public, source_sha256, mark, self._row.agency_id)
        made = AwaitedSignature(
            signing_id=self._row.id, source_sha256=source_sha256, field=mark.field,
            base_sha256=base, tail=tail, prepared=prepared.as_data(),
        )  # fmt: skip
        try:
            with transaction(self._session):
                self._session.add(made)
        except IntegrityError as error:
            raise errors.SigningOver from error
        return made

    def _complete(self, one: AwaitedSignature, prepared: Prepared, value: bytes) -> Blob:
        """A value that is not the key's is forgotten."""
        try:
            return operations.complete(self._public, one.base_sha256, one.tail, prepared, value)
        except errors.NotItsValue:
            with transaction(self._session):
                one.value = None
            raise


def authorise(session: Session, actor: Actor, batch: str, pin: str) -> int:
    """Have the remote service sign all of a batch that is prepared, with as few authorisations as it allows.

    What fails gives the batch up: the page begins another. Returns how many values came. Raises NoKey, WrongPin,
    KeyLocked, KeyAway, SigningOver.
    """
    try:
        return _authorise(session, actor, batch, pin)
    except errors.SigningOver:
        raise  # another request may just be finishing it
    except AppError:
        give_up(session, actor, batch)
        raise


def _authorise(session: Session, actor: Actor, batch: str, pin: str) -> int:
    with unlocking.with_pin(session, actor, KeyPurpose.PERSON, pin) as held:
        with transaction(session):
            waiting = _waiting(session, actor, batch)
        key = held.key
        if not waiting or not isinstance(key, RemoteKey):  # the owner may have got another key meanwhile
            raise errors.SigningOver
        prepared = [Prepared.of_data(one.prepared) for one in waiting]
        with operations.refusals(key.info.name):
            values = key.sign_all([one.attributes for one in prepared], prepared[0].digest)
        held.proved = True
        with transaction(session):
            for one, value in zip(waiting, values, strict=True):
                session.execute(
                    sa.update(AwaitedSignature).where(AwaitedSignature.id == one.id).values(value=value)
                )
    return len(values)


def _waiting(session: Session, actor: Actor, batch: str) -> Sequence[AwaitedSignature]:
    query = (
        sa.select(AwaitedSignature)
        .join(AwaitedSigning, AwaitedSigning.id == AwaitedSignature.signing_id)
        .join(SigningKey, SigningKey.id == AwaitedSigning.key_id)
        .where(
            AwaitedSigning.batch == batch,
            AwaitedSigning.user_id == actor.user_id,
            AwaitedSigning.expires_at > clock.now(),
            AwaitedSignature.value.is_(None),
            AwaitedSignature.result_sha256.is_(None),
            SigningKey.kind == KeyKind.REMOTE,
        )
        .order_by(AwaitedSignature.id)
    )
    return session.scalars(query.execution_options(populate_existing=True)).all()
