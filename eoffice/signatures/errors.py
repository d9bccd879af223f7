"""What can go wrong with keys and signatures, in words for the person who signs."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

import signing.errors as causes
from eoffice.core import clock
from eoffice.core.errors import AppError, Conflict, Invalid, Overtaken, Unavailable


class NoKey(Conflict):
    """Nobody has entered a key yet."""

    message = _l("There is no valid signing key for %(owner)s. Ask the administrator to enter one.")


class WrongPin(Invalid):
    """The PIN does not open the key."""

    message = _l("The PIN is wrong. %(left)s tries are left before the key is locked.")


class PinMissing(Invalid):
    """Nothing was typed, so nothing is counted."""

    message = _l("Type the PIN of the key.")


class KeyLocked(Conflict):
    """Too many wrong PINs in a row."""

    message = _l("Too many wrong PINs: the key is locked until %(until)s. Nothing was signed.")


class KeyClosed(Conflict):
    """The key was opened for many signatures, and its time is over or its owner has signed out."""

    message = _l("Your key is closed again. Type the PIN once more; what was signed stays signed.")


class KeyBlocked(Conflict):
    """The module or the service has locked it."""

    message = _l(
        "The key of %(owner)s is locked where it lies, after too many wrong PINs. Whoever issued it opens it again."
    )


class KeyAway(Unavailable):
    """The module or the service that holds the key does not answer, or holds it no more."""

    message = _l(
        "The key of %(owner)s cannot be reached. Nothing was signed; try again, or tell the administrator."
    )


class KeyInToken(Conflict):
    """Only the agent at the signer's machine reaches it."""

    message = _l(
        "This key lies in a token at the signer's machine. Sign on the page, where the signing program of that machine "
        "runs."
    )


class KeyElsewhere(Conflict):
    """The PIN of a key in a module, service or token is changed there."""

    message = _l("The PIN of this key is changed where the key lies, not here.")


class NotInModule(Invalid):
    """No certificate there names the owner."""

    message = _l(
        "The hardware module holds no certificate for “%(owner)s”. Put key and certificate there first."
    )


class SeveralInModule(Invalid):
    """Certificates of namesakes, and nothing tells which is the owner's."""

    message = _l(
        "The hardware module holds certificates of several called “%(owner)s”: %(found)s. Take out those that are not "
        "meant, then enter the key again."
    )


class NoCredential(Invalid):
    """The remote service keeps many keys."""

    message = _l("Type the credential under which the remote service keeps this key.")


class BeingSigned(Overtaken):
    """Somebody else is signing it in two steps."""

    message = _l(
        "%(who)s is signing this with a token. It is free again when that is done, at the latest at %(until)s."
    )


class SigningOver(Conflict):
    """The time of a signing in two steps is over, or it was begun anew."""

    message = _l(
        "This signing is over: its time ran out, or it was begun again elsewhere. Nothing was signed."
    )


class NotItsValue(Conflict):
    """What came back from the token was not made by the certificate's key."""

    message = _l(
        "What came back was not signed with the key of %(owner)s. Nothing was signed; put in the right token."
    )


class KeyUnusable(Invalid):
    """The file is no key, or one that may not sign."""

    message = _l("This key cannot be used: %(reason)s")


class KeyExpired(Conflict):
    """The certificate's time is over."""

    message = _l("The certificate of %(owner)s expired on %(day)s. Ask for a new one; nothing was signed.")


class KeyNotYetValid(Conflict):
    """The certificate's time has not begun."""

    message = _l("The certificate of %(owner)s is valid only from %(day)s. Nothing was signed.")


class KeyRevoked(Conflict):
    """The issuer has withdrawn the certificate."""

    message = _l("The certificate of %(owner)s was revoked by its issuer. Nothing was signed.")


class KeyUntrusted(Conflict):
    """No path leads to a root this installation trusts."""

    message = _l(
        "The certificate of %(owner)s does not lead to an authority trusted here. Ask the administrator."
    )


class WrongOwner(Invalid):
    """The certificate names somebody else."""

    message = _l("This certificate is for “%(found)s”, not for “%(wanted)s”.")


class WrongPicture(Invalid):
    """The picture cannot be put on a page."""

    message = _l(
        "The picture cannot be used. Take a PNG with a transparent ground, below 4 million pixels and 4 MB."
    )


class OpaquePicture(Invalid):
    """It would cover the words it is laid over (Decree 30/2020, Appendix I, Part II, 7.d)."""

    message = _l(
        "The picture has no transparent ground and would cover what stands under it. Save it as a PNG whose paper is "
        "transparent, so that only the strokes are left."
    )


class WrongWidth(Invalid):
    """A seal has 36 to 42 mm, a signature what it takes."""

    message = _l("Give the real width on paper in millimetres, from 10 to 80.")


class TimestampDown(Unavailable):
    """The time-stamping authority does not answer."""

    message = _l("The time-stamping service does not answer. Nothing was signed; try again in a few minutes.")


class TimestampNotBelieved(Unavailable):
    """It answers, but what it gives would not be confirmed by anybody."""

    message = _l(
        "The time-stamping service gave a time stamp that cannot be confirmed here, by its certificate or its clock. "
        "Nothing was signed; tell the administrator."
    )


class CannotPlace(Invalid):
    """The visible signature fits nowhere."""

    message = _l("The signature cannot be placed on the page: %(reason)s. Nothing was signed.")


class CannotSign(Conflict):
    """The file allows no (further) signature."""

    message = _l("This file cannot be signed: %(reason)s. Nothing was changed.")


def readable(error: causes.SigningError, owner: str) -> AppError:
    """The answer to the person for what the library refused."""
    match error:
        case causes.KeyExpired():
            return KeyExpired(owner=owner, day=_day(error.not_after))
        case causes.KeyNotYetValid():
            return KeyNotYetValid(owner=owner, day=_day(error.not_before))
        case causes.CertificateRevoked():
            return KeyRevoked(owner=owner)
        case causes.UntrustedCertificate():
            return KeyUntrusted(owner=owner)
        case causes.KeyBlocked():
            return KeyBlocked(owner=owner)
        case causes.KeyUnavailable():
            return KeyAway(owner=owner)
        case causes.WrongValue():
            return NotItsValue(owner=owner)
        case causes.TimestampNotBelieved():
            return TimestampNotBelieved()
        case causes.TimestampUnavailable():
            return TimestampDown()
        case causes.UnusableImage():
            return WrongPicture()
        case causes.MissingGlyph():
            return CannotPlace(
                reason=str(_l("the character “%(character)s” cannot be printed")) % vars(error)
            )
    answer, reason = next(
        (found for cause, found in _REASONS.items() if isinstance(error, cause)),
        (CannotSign, _l("it is damaged")),
    )
    return answer(reason=str(reason))


_REASONS: dict[type[causes.SigningError], tuple[type[AppError], LazyString]] = {
    causes.KeyUsageForbidden: (KeyUnusable, _l("its certificate does not allow signing")),
    causes.UnusableKey: (KeyUnusable, _l("it is no file with an RSA or ECDSA key or certificate")),
    causes.PlacementError: (CannotPlace, _l("the place is not on the page")),
    causes.TextTooLong: (CannotPlace, _l("the text is wider than its place")),
    causes.EncryptedPdf: (CannotSign, _l("it is locked with a password")),
    causes.SigningForbidden: (CannotSign, _l("an earlier signature forbids further ones")),
    causes.FieldTaken: (CannotSign, _l("it has such a signature already")),
}


def _day(moment: datetime) -> str:
    return f"{clock.local(moment):%d/%m/%Y}"
