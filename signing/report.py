"""The outcome of a check, as plain values; `signing.sentences` puts it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from signing.certificates import CertificateInfo
from signing.geometry import Placement
from signing.placement import Role
from signing.sign import Level


class Verdict(StrEnum):
    """Five outcomes; the meaning of each is the same for a signature and for the file."""

    #: every change after the first signature is itself a valid signature
    VALID = "valid"
    #: what was signed is intact, yet something is added that nobody signed, or a certificate cannot be confirmed
    INDETERMINATE = "indeterminate"
    #: signed content was changed, or the certificate was worth nothing at signing
    INVALID = "invalid"
    #: nobody signed it
    UNSIGNED = "unsigned"
    #: the file cannot be read well enough to say anything
    UNREADABLE = "unreadable"


class Clock(StrEnum):
    """Who states the moment of signing."""

    TIMESTAMP = "timestamp"
    SIGNER = "signer"


class Coverage(StrEnum):
    """What of the file the signature's digest covers."""

    WHOLE_FILE = "whole_file"
    #: all up to the signature; later revisions follow
    REVISION = "revision"
    PART = "part"


class Changes(StrEnum):
    """What came after the signature."""

    NONE = "none"
    #: further signatures, time stamps, validation data
    SIGNATURES = "signatures"
    #: beside these another title, author or the like, which readers show and nobody signed
    METADATA = "metadata"
    #: something else that leaves the signed pages as they look
    UNSIGNED = "unsigned"
    #: the signed pages look different now
    CONTENT = "content"
    UNKNOWN = "unknown"


class Revocation(StrEnum):
    """What the issuer says about the certificates at the moment of signing."""

    GOOD = "good"
    REVOKED = "revoked"
    #: no revocation data at hand
    UNCHECKED = "unchecked"


class Code(StrEnum):
    """One fact each; the parameters stand behind."""

    NOT_PDF = "not_pdf"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"  # reason
    LIMIT = "limit"  # reason
    UNSIGNED = "unsigned"
    DAMAGED = "damaged"  # reason
    HIDDEN_REVISION = "hidden_revision"
    TRAILING_DATA = "trailing_data"
    MALFORMED = "malformed"  # field, reason
    MISNAMED = "misnamed"  # signer
    ALTERED = "altered"  # field, signer
    PART_ONLY = "part_only"  # field, signer
    CONTENT_CHANGED = "content_changed"  # page
    FORBIDDEN_CHANGE = "forbidden_change"  # field, signer
    UNSIGNED_ADDITION = "unsigned_addition"  # page (0: none in particular)
    METADATA_CHANGED = "metadata_changed"
    LATER_FIELD = "later_field"  # field, signer, organisation, text, page
    INK_ON_SIGNED = "ink_on_signed"  # field, signer, page
    WORDS_ADDED = "words_added"  # field, signer, page, text
    OTHER_AGENCY = "other_agency"  # field, organisation, agency
    REVOKED = "revoked"  # signer, since
    NOT_VALID_THEN = "not_valid_then"  # signer, not_before, not_after
    NOT_YET_VALID = "not_yet_valid"  # signer, not_before, at
    EXPIRED_SINCE = "expired_since"  # signer, not_after
    UNTRUSTED = "untrusted"  # signer, issuer
    WRONG_USE = "wrong_use"  # signer
    WEAK_ALGORITHM = "weak_algorithm"  # signer
    CHAIN_FAILED = "chain_failed"  # signer
    REVOCATION_UNCHECKED = "revocation_unchecked"  # signer
    TIMESTAMP_BAD = "timestamp_bad"  # field
    CLAIMED_TIME = "claimed_time"  # signer


@dataclass(frozen=True)
class Finding:
    """One fact about the file or a signature. `params`: by the code's comment; times are ISO 8601."""

    code: Code
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SignatureReport:
    """One signature."""

    field: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    #: None when the signature's own data cannot be read
    signer: CertificateInfo | None = None
    signed_at: datetime | None = None
    clock: Clock = Clock.SIGNER
    #: reached by what holds
    level: Level = Level.B_B
    #: from then on what there is confirms it no more, aware; None: it does not even now
    good_until: datetime | None = None
    #: made as PAdES, not in the older form of ISO 32000-1 (adbe.pkcs7.detached)
    pades: bool = True
    #: the bytes it covers are those that were signed, and the signer's key did it
    intact: bool = False
    coverage: Coverage = Coverage.PART
    #: there is a path to a trusted root, valid at the moment of signing
    trusted: bool = False
    revocation: Revocation = Revocation.UNCHECKED
    changes_after: Changes = Changes.UNKNOWN
    role: Role | None = None
    #: words its visible part shows
    text: str = ""
    #: where it shows; None for an invisible one
    placement: Placement | None = None

    @property
    def early(self) -> bool:
        """Judged for a moment before its certificate begins: no level holds yet, whatever it brings along."""
        return any(finding.code is Code.NOT_YET_VALID for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        signer = self.signer
        return {
            "field": self.field,
            "signer": signer.name if signer else None,
            "organization": signer.organisation if signer else None,
            "title": signer.title if signer else None,
            "issuer": signer.issuer if signer else None,
            "serial": signer.serial if signer else None,
            "not_before": signer.not_before.isoformat() if signer else None,
            "not_after": signer.not_after.isoformat() if signer else None,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "timestamp": self.clock is Clock.TIMESTAMP,
            "level": None if self.early else self.level.value,
            "good_until": self.good_until.isoformat() if self.good_until else None,
            "pades": self.pades,
            "integrity": "intact" if self.intact else "broken",
            "trusted": self.trusted,
            "revocation": self.revocation.value,
            "coverage": self.coverage.value,
            "changes_after": self.changes_after.value,
            "role": self.role.value if self.role else None,
            "text": self.text,
            "page": self.placement.page if self.placement else None,
            "verdict": self.verdict.value,
            "reasons": [finding.code.value for finding in self.findings],
        }


@dataclass(frozen=True)
class Report:
    """One file."""

    verdict: Verdict
    signatures: tuple[SignatureReport, ...] = ()
    #: about the file; those about one signature are with it
    findings: tuple[Finding, ...] = ()
    pages: int = 0
    #: the signatures stand beside the file, which may be of any kind
    detached: bool = False

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The file's and every signature's, none twice."""
        found = [
            *self.findings,
            *(finding for signature in self.signatures for finding in signature.findings),
        ]
        return tuple(finding for number, finding in enumerate(found) if finding not in found[:number])


#: findings by what they allow at best; what is not listed takes nothing away
_AT_BEST = {
    Verdict.INVALID: {
        Code.HIDDEN_REVISION,
        Code.MALFORMED,
        Code.ALTERED,
        Code.PART_ONLY,
        Code.CONTENT_CHANGED,
        Code.FORBIDDEN_CHANGE,
        Code.REVOKED,
        Code.NOT_VALID_THEN,
    },
    Verdict.UNREADABLE: {Code.NOT_PDF, Code.ENCRYPTED, Code.UNREADABLE, Code.LIMIT},
    Verdict.INDETERMINATE: {
        Code.DAMAGED,
        Code.TRAILING_DATA,
        Code.UNSIGNED_ADDITION,
        Code.METADATA_CHANGED,
        Code.INK_ON_SIGNED,
        Code.WORDS_ADDED,
        Code.OTHER_AGENCY,
        Code.NOT_YET_VALID,
        Code.EXPIRED_SINCE,
        Code.MISNAMED,
        Code.UNTRUSTED,
        Code.WRONG_USE,
        Code.WEAK_ALGORITHM,
        Code.CHAIN_FAILED,
        Code.TIMESTAMP_BAD,
    },
}


def judge(findings: tuple[Finding, ...], *, require_revocation: bool = False) -> Verdict:
    """The verdict these findings allow: a proven fault first, then what cannot be read, then what is open."""
    codes = {finding.code for finding in findings}
    for verdict, reasons in _AT_BEST.items():
        if codes & reasons:
            return verdict
    if require_revocation and Code.REVOCATION_UNCHECKED in codes:
        return Verdict.INDETERMINATE
    return Verdict.VALID
