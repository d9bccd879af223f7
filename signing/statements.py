"""What is said of one signature, an aspect a sentence: who, when, level, integrity, chain, revocation, what came after,
and what a reader shows."""

from signing.report import Changes, Clock, Code, Coverage, Report, SignatureReport

#: findings by which a reader may show what was not signed, though the signature itself holds
_SHOWN_OTHERWISE = {
    Code.DAMAGED,
    Code.HIDDEN_REVISION,
    Code.TRAILING_DATA,
    Code.INK_ON_SIGNED,
    Code.WORDS_ADDED,
    Code.UNSIGNED_ADDITION,
}


def keys(report: Report, signature: SignatureReport) -> dict[str, str]:
    """For each aspect, in the order of reading, the name of its sentence in `signing.words`."""
    if signature.signer is None:
        return {"integrity": "integrity.unreadable", "shown": "shown.unknown"}
    if report.detached:
        later = {"shown": f"file.{_integrity(signature)}"}
    else:
        later = {"after": f"after.{signature.changes_after}", "shown": f"shown.{_shown(report, signature)}"}
    stated = "timestamp" if signature.clock is Clock.TIMESTAMP else "signer"
    return {
        "who": "who.titled" if signature.signer.title else "who.plain",
        "when": f"when.{stated}" if signature.signed_at else "when.unstated",
        "level": f"level.{_level(signature)}",
        "integrity": f"integrity.{_integrity(signature)}",
        "chain": "chain.trusted" if signature.trusted else "chain.untrusted",
        "revocation": f"revocation.{signature.revocation}",
        **later,
    }


def later_signers(report: Report, signature: SignatureReport) -> list[str]:
    """Names of those who signed after this one, none twice."""
    names = [one.signer.name for one in report.signatures if one.signer is not None]
    place = next(n for n, one in enumerate(report.signatures) if one is signature)
    behind = sum(one.signer is not None for one in report.signatures[: place + 1])
    return list(dict.fromkeys(names[behind:]))


def _level(signature: SignatureReport) -> str:
    if not signature.pades:
        return "older"
    return "early" if signature.early else signature.level


def _integrity(signature: SignatureReport) -> str:
    if not signature.intact:
        return "broken"
    return "part" if signature.coverage is Coverage.PART else "intact"


def _shown(report: Report, signature: SignatureReport) -> str:
    """What a reader shows, compared with what was signed."""
    if signature.changes_after is Changes.CONTENT or not signature.intact:
        return "changed"
    codes = {finding.code for finding in report.findings} | {finding.code for finding in signature.findings}
    if (
        signature.changes_after in (Changes.METADATA, Changes.UNSIGNED, Changes.UNKNOWN)
        or codes & _SHOWN_OTHERWISE
    ):
        return "more"
    return "signed"
