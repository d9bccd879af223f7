"""Operators: who may use the console, their sign-in, and what they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from eoffice.core.clock import now
from exchange.hub.axis import Axis
from exchange.hub.models import Deed, Operator

#: seconds after which one has to sign in again
_LONGEST = 8 * 3600
#: wrong passwords in a row after which none is tried for a while
PATIENCE, _PAUSE = 5, timedelta(minutes=15)
_hasher = PasswordHasher()
#: so that an unknown name takes as long as a wrong password
_NOBODY = _hasher.hash("nobody")


@dataclass(frozen=True)
class SignedIn:
    """The operator of a request. `token`: proves that a form came from our own page."""

    name: str
    token: str


class Tickets:
    """Signed cookies; the key follows from the one that seals secrets, so every process takes them."""

    def __init__(self, axis: Axis) -> None:
        self._signer = URLSafeTimedSerializer(axis.cookie_key, salt="axis console")

    def issue(self, name: str, token: str) -> str:
        """The cookie of somebody who signed in."""
        return str(self._signer.dumps([name, token]))

    def read(self, ticket: str) -> SignedIn | None:
        """Who it is; None when it is forged or too old."""
        try:
            name, token = self._signer.loads(ticket, max_age=_LONGEST)
        except (BadSignature, ValueError, TypeError):
            return None
        return SignedIn(str(name), str(token))


def set_password(session: Session, name: str, password: str) -> None:
    """Add an operator or give one a new password. Raises ValueError when it is too short."""
    if len(password) < 10:
        raise ValueError("a password has at least 10 characters")
    operator = session.get(Operator, name) or Operator(name=name)
    operator.password, operator.failures, operator.locked_until = _hasher.hash(password), 0, None
    session.add(operator)


def check(session: Session, name: str, password: str) -> bool:
    """Whether this is the operator's password; counts the times it was not."""
    operator = session.get(Operator, name, with_for_update=True)
    locked = operator is not None and operator.locked_until is not None and operator.locked_until > now()
    try:
        _hasher.verify(operator.password if operator else _NOBODY, password)
        good = operator is not None and not locked
    except VerificationError:
        good = False
    if operator is not None and not locked:
        operator.failures = 0 if good else operator.failures + 1
        operator.locked_until = now() + _PAUSE if operator.failures >= PATIENCE else None
    return good


def record(session: Session, operator: str, what: str, about: str) -> None:
    """Write down what an operator did, in the transaction that does it."""
    session.add(Deed(operator=operator, what=what, about=about))
