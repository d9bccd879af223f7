"""A signature's outcome in the words of the standard: indication and sub-indication of ETSI EN 319 102-1 §5.1.3."""

from typing import NamedTuple

from signing.report import Clock, Code, SignatureReport, Verdict

PASSED, INDETERMINATE, FAILED = "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"


class Outcome(NamedTuple):
    """`sub` is empty for what passed, and for our own doubts, which the standard does not know."""

    indication: str
    sub: str = ""


#: the first of these findings decides; what later revisions did is a constraint of ours on the signature
_OUTCOMES = {
    Code.MALFORMED: Outcome(FAILED, "FORMAT_FAILURE"),
    Code.ALTERED: Outcome(FAILED, "HASH_FAILURE"),
    Code.MISNAMED: Outcome(INDETERMINATE, "NO_SIGNING_CERTIFICATE_FOUND"),
    Code.PART_ONLY: Outcome(FAILED, "FORMAT_FAILURE"),
    Code.CONTENT_CHANGED: Outcome(INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"),
    Code.FORBIDDEN_CHANGE: Outcome(INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"),
    Code.UNSIGNED_ADDITION: Outcome(INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"),
    Code.METADATA_CHANGED: Outcome(INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"),
    Code.REVOKED: Outcome(FAILED, "REVOKED"),
    Code.NOT_VALID_THEN: Outcome(FAILED, "NOT_YET_VALID"),
    Code.UNTRUSTED: Outcome(INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND"),
    Code.NOT_YET_VALID: Outcome(INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"),
    Code.EXPIRED_SINCE: Outcome(INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"),
    Code.WRONG_USE: Outcome(INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE"),
    Code.WEAK_ALGORITHM: Outcome(INDETERMINATE, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"),
    Code.CHAIN_FAILED: Outcome(INDETERMINATE, "CERTIFICATE_CHAIN_GENERAL_FAILURE"),
    Code.TIMESTAMP_BAD: Outcome(INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"),
}
#: without a proof of the moment the standard does not say when it was signed, so neither that it was too late
_UNPROVEN = {
    Code.REVOKED: Outcome(INDETERMINATE, "REVOKED_NO_POE"),
    Code.NOT_VALID_THEN: Outcome(INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"),
}


def outcome(signature: SignatureReport) -> Outcome:
    """What a verifier by the standard says of the signature itself; our verdict on the file may be stricter."""
    codes = {finding.code for finding in signature.findings}
    if signature.verdict is Verdict.UNREADABLE:
        return Outcome(FAILED, "FORMAT_FAILURE")
    for code, found in _OUTCOMES.items():
        if code in codes:
            return _UNPROVEN.get(code, found) if signature.clock is Clock.SIGNER else found
    if signature.verdict is Verdict.VALID:
        return Outcome(PASSED)
    # revocation that was asked for and could not be checked
    return Outcome(INDETERMINATE, "TRY_LATER")
