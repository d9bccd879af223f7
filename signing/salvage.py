"""The verdict on a file that no two readers read alike, by the revision that its signer signed.

Whoever appends bytes that break the structure leads each reader elsewhere (incremental saving and wrapping attacks).
The covered bytes are still what they were: read alone, they tell who signed, and drawn beside the whole, what changed.
"""

from collections.abc import Callable
from dataclasses import replace
from io import SEEK_END, BufferedReader
from typing import BinaryIO

from signing.certificates import certificate_info
from signing.looks import Prefix, after_signing
from signing.ranges import RawSignature, intact_signatures
from signing.report import Code, Coverage, Finding, Report, SignatureReport, Verdict, judge


def salvage(source: BinaryIO, verify: Callable[[BinaryIO], Report], damaged: Finding) -> Report | None:
    """What can be said for sure of a damaged file; None when not even a signature is sure.

    `verify`: checks a file of its own. `damaged`: what is wrong with this one.
    """
    found = list(intact_signatures(source))
    size = source.seek(0, SEEK_END)
    ends = [one.end for one in found if one.whole and one.end < size]
    if ends:
        alone = verify(BufferedReader(Prefix(source, max(ends))))
        if any(one.intact for one in alone.signatures):
            return _added_to(alone, source, max(ends), damaged)
    reports = tuple(_report(one, size, damaged) for one in found)
    return _judged(reports, (damaged,), 0) if reports else None


def _added_to(alone: Report, source: BinaryIO, end: int, damaged: Finding) -> Report:
    """The signed revision's report with what came after it."""
    change, changes = after_signing(source, end)
    findings = (damaged, *(one for one in alone.findings if one.code is not Code.DAMAGED))
    reports = tuple(
        replace(
            one,
            findings=(*one.findings, change),
            changes_after=changes,
            coverage=Coverage.REVISION if one.coverage is Coverage.WHOLE_FILE else one.coverage,
        )
        for one in alone.signatures
    )
    return _judged(reports, findings, alone.pages)


def _report(one: RawSignature, size: int, damaged: Finding) -> SignatureReport:
    """A signature known by its bytes alone: its field has no name that could be believed."""
    info = certificate_info(one.signer.dump())
    if not one.whole:
        finding, coverage = Finding(Code.PART_ONLY, {"field": "", "signer": info.name}), Coverage.PART
    else:
        finding = damaged
        coverage = Coverage.WHOLE_FILE if one.end == size else Coverage.REVISION
    return SignatureReport("", Verdict.INDETERMINATE, (finding,), info, intact=True, coverage=coverage)


def _judged(reports: tuple[SignatureReport, ...], findings: tuple[Finding, ...], pages: int) -> Report:
    judged = tuple(replace(one, verdict=judge(one.findings)) for one in reports)
    everything = (*findings, *(finding for one in judged for finding in one.findings))
    return Report(judge(everything), judged, findings, pages)
