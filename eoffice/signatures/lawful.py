"""Whoever lawfully follows a closed agency signs on what that one began: number, seal, attachments."""

from dataclasses import replace

from eoffice.core.db import new_session
from eoffice.directory import queries as directory
from signing.report import Code, Finding, Report, Verdict, judge


def confirmed(report: Report) -> Report:
    """The report without doubt about an agency that follows the issuing one by the directory."""
    doubts = [one for one in report.findings if one.code is Code.OTHER_AGENCY]
    if not doubts or report.verdict is not Verdict.INDETERMINATE:
        return report
    with new_session() as session:
        lawful = [
            one
            for one in doubts
            if directory.follows(session, one.params["agency"], one.params["organisation"])
        ]
    return _without(report, lawful)


def _without(report: Report, findings: list[Finding]) -> Report:
    left = replace(report, findings=tuple(one for one in report.findings if one not in findings))
    return replace(left, verdict=judge(left.all_findings))
