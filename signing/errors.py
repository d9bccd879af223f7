"""What can go wrong while signing or reading; every error carries its facts as attributes, the text is English."""

from datetime import datetime


class SigningError(Exception):
    """Root of this package's errors. Nothing was signed; the source is untouched."""


class WrongPassphrase(SigningError):
    """The passphrase or PIN does not open the key."""

    def __init__(self) -> None:
        super().__init__("the passphrase does not open the key")


class KeyBlocked(SigningError):
    """The token or service has locked the key after wrong PINs; only its issuer can open it again."""

    def __init__(self) -> None:
        super().__init__("the key is blocked after too many wrong PINs")


class UnusableKey(SigningError):
    """There is no key where it was looked for, or one of a kind not supported. `reason`: what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the key cannot be used: {reason}")
        self.reason = reason


class KeyAddressError(SigningError):
    """The address of a key in a token or with a remote service cannot be read. `reason`: what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the key's address cannot be read: {reason}")
        self.reason = reason


class KeyUnavailable(SigningError):
    """The token or the remote service that holds the key does not answer, or refuses. `where` and `reason`."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"the key at {where} cannot be reached: {reason}")
        self.where = where
        self.reason = reason


class WrongValue(SigningError):
    """A value that came back in the second step is not of the certificate's key. `subject`: its common name."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"the signature was not made with the key of {subject}")
        self.subject = subject


class CertificateProblem(SigningError):
    """The certificate does not allow this signature. `subject`: its common name."""

    def __init__(self, subject: str, text: str) -> None:
        super().__init__(f"certificate of {subject}: {text}")
        self.subject = subject


class KeyExpired(CertificateProblem):
    """The certificate's validity is over. `not_after`: its last moment."""

    def __init__(self, subject: str, not_after: datetime) -> None:
        super().__init__(subject, f"expired on {not_after:%Y-%m-%d}")
        self.not_after = not_after


class KeyNotYetValid(CertificateProblem):
    """The certificate's validity has not begun. `not_before`: its first moment."""

    def __init__(self, subject: str, not_before: datetime) -> None:
        super().__init__(subject, f"valid only from {not_before:%Y-%m-%d}")
        self.not_before = not_before


class KeyUsageForbidden(CertificateProblem):
    """The key usage extension allows neither digitalSignature nor nonRepudiation (RFC 5280 §4.2.1.3), or the extended
    one states other purposes only, such as a web server's (§4.2.1.12)."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject, "it was issued for other purposes than signing documents")


class CertificateRevoked(CertificateProblem):
    """The issuer has revoked the certificate. `since`: when, where known."""

    def __init__(self, subject: str, since: datetime | None = None) -> None:
        super().__init__(subject, "revoked" + (f" since {since:%Y-%m-%d %H:%M}" if since else ""))
        self.since = since


class UntrustedCertificate(CertificateProblem):
    """No path to a trusted root. `reason`: what path building said."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(subject, f"not trusted ({reason})")
        self.reason = reason


class TimestampUnavailable(SigningError):
    """The time-stamping authority did not answer, or wrongly. `url` and `reason` say who and how."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no time stamp{f' from {url}' if url else ''}: {reason}")
        self.url = url
        self.reason = reason


class TimestampNotBelieved(TimestampUnavailable):
    """The time-stamping authority answered with a token that no reader would believe."""


class RevocationUnavailable(SigningError):
    """Level B-LT needs revocation data that could not be had. `reason`: which and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"revocation data missing: {reason}")
        self.reason = reason


class UnreadablePdf(SigningError):
    """The file is no PDF, cut, or too damaged to work on. `reason`: what the reader said."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the file cannot be read as a PDF: {reason}")
        self.reason = reason


class EncryptedPdf(SigningError):
    """The file opens only with a password."""

    def __init__(self) -> None:
        super().__init__("the file is protected by a password")


class SigningForbidden(SigningError):
    """An earlier certification signature forbids further changes (DocMDP P=1), or the like. `reason` says so."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the document allows no further signature: {reason}")
        self.reason = reason


class FieldTaken(SigningError):
    """A field of this name is there already. `field`: the name."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the document already has a field {field!r}")
        self.field = field


class PlacementError(SigningError):
    """The visible signature does not fit where it should go. `reason`: no such page, outside the page, no anchor."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the signature cannot be placed: {reason}")
        self.reason = reason


class MissingGlyph(SigningError):
    """The font cannot draw a character; nothing is dropped silently. `character`: the character."""

    def __init__(self, character: str) -> None:
        super().__init__(f"the font has no glyph for {character!r} (U+{ord(character):04X})")
        self.character = character


class UnusableImage(SigningError):
    """The picture is no PNG, or too large. `reason`: what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the picture cannot be used: {reason}")
        self.reason = reason


class TextTooLong(SigningError):
    """The text does not fit its box at the size the rules want. `text`; `width` and `room` in points."""

    def __init__(self, text: str, width: float, room: float) -> None:
        super().__init__(f"text {width:.0f} pt wide does not fit {room:.0f} pt: {text!r}")
        self.text = text
        self.width = width
        self.room = room


class TrustStoreError(SigningError):
    """A folder of certificates or revocation lists cannot be used. `path` and `reason` say which and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
