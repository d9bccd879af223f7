"""How it stands with a key's certificate now: what a signature would be refused or warned with (Circular 15/2025)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from eoffice.core import clock
from eoffice.core.errors import AppError
from eoffice.signatures import awaited, operations, trust
from eoffice.signatures.models import SigningKey
from signing.precheck import check_certificate
from signing.trust import TrustStore

#: how long before its end people are told
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Condition:
    """Shape, colour and sentence, as the pages show them."""

    shape: str
    tone: str
    sentence: str


def of_all(keys: Iterable[SigningKey]) -> list[tuple[SigningKey, Condition]]:
    """Each key with its condition; whom to believe is read once."""
    try:
        believed = trust.store()
    except trust.NoTrust:
        believed = None  # each of them says so
    return [(key, of(key, believed)) for key in keys]


def by_itself(key: SigningKey) -> Condition | None:
    """What the certificate alone says, where no list is read and nobody asked; None: nothing against it."""
    try:
        with operations.refusals(key.subject):
            check_certificate(awaited.public_part(key), clock.now(), None)
    except AppError as error:
        return Condition("octagon", "bad", str(error))
    return _ending(key)


def of(key: SigningKey, believed: TrustStore | None = None) -> Condition:
    """The same check that stands before every signature, without one. `believed`: where many are looked at."""
    try:
        with operations.refusals(key.subject):
            checked = check_certificate(awaited.public_part(key), clock.now(), believed or trust.store())
    except AppError as error:
        return Condition("octagon", "bad", str(error))
    if (ending := _ending(key)) is not None:
        return ending
    if not checked:
        return Condition(
            "triangle", "warn", _("It can sign, but whether it is revoked cannot be checked now.")
        )
    return Condition("tick", "ok", _("It can sign, and its issuer has not revoked it."))


def _ending(key: SigningKey) -> Condition | None:
    if key.not_after - clock.now() < SOON:
        day = f"{clock.local(key.not_after):%d/%m/%Y}"
        return Condition(
            "triangle", "warn", _("It can sign until %(day)s. Ask for a new certificate now.", day=day)
        )
    return None
