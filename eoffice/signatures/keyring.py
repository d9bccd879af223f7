"""One way to a key for every use case that signs, whatever kind the key is and however it is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from eoffice.core.db import transaction
from eoffice.core.errors import Conflict
from eoffice.core.permissions import Actor
from eoffice.signatures import awaited, opened, unlocking
from eoffice.signatures.awaited import About, TwoStep
from eoffice.signatures.marks import Mark
from eoffice.signatures.models import KeyKind, KeyPurpose
from eoffice.signatures.operations import Signed


@dataclass(frozen=True)
class Opened:
    """The secret of a key that its owner has opened for many signatures."""

    secret: bytes


#: what opens a key: its PIN, the secret of an opened one, or a run in two steps
Given = str | Opened | TwoStep


class Signer(Protocol):
    """An open key, as use cases see it."""

    def sign(self, source_sha256: str, mark: Mark) -> Signed:
        """Append one signature to a stored PDF and store the result; the source stays as it is."""


@contextmanager
def key_of(
    session: Session, actor: Actor, purpose: KeyPurpose, given: Given, about: About
) -> Iterator[Signer]:
    """The actor's key, or his agency's, until the block ends; what was signed is stored inside the block.

    Raises NoKey, WrongPin, KeyLocked, KeyClosed, KeyInToken, KeyAway, BeingSigned, SigningOver, and ValueWanted, which
    is for whoever carries values between the key and the page.
    """
    if isinstance(given, TwoStep):
        with transaction(session):
            row = unlocking.own(session, actor, purpose, certificates=True)
        if row.kind not in (KeyKind.TOKEN, KeyKind.REMOTE):
            raise Conflict  # the page is older than the key
        with awaited.signing(session, actor, row, about, given) as key:
            yield key
        return
    awaited.take_over(session, actor, about.name)
    if isinstance(given, Opened):
        with opened.taken(session, actor, given.secret) as held:
            yield held
    else:
        with unlocking.with_pin(session, actor, purpose, given) as held:
            yield held
