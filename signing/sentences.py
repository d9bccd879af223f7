"""One sentence for each finding and each verdict, in Vietnamese as an office writes it, and in English."""

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from signing import statements
from signing.ades import outcome
from signing.appearance import VIETNAM
from signing.report import Code, Finding, Report, Revocation, SignatureReport, Verdict
from signing.stampcheck import TimestampReport

Language = Literal["vi", "en"]


@cache
def _words(lang: Language) -> dict[str, Any]:
    return tomllib.loads(files("signing.words").joinpath(f"{lang}.toml").read_text("utf-8"))


_VERDICTS: dict[Language, dict[Verdict, str]] = {
    "vi": {
        Verdict.VALID: "Hợp lệ",
        Verdict.INDETERMINATE: "Chưa xác nhận được",
        Verdict.INVALID: "Không hợp lệ",
        Verdict.UNSIGNED: "Không có chữ ký số",
        Verdict.UNREADABLE: "Tệp hỏng, không kết luận được",
    },
    "en": {
        Verdict.VALID: "Valid",
        Verdict.INDETERMINATE: "Cannot be confirmed",
        Verdict.INVALID: "Not valid",
        Verdict.UNSIGNED: "Not signed",
        Verdict.UNREADABLE: "Damaged file, no conclusion",
    },
}
_ADDED: dict[Language, str] = {"vi": "Có phần thêm không ai ký", "en": "Something added that nobody signed"}
_ADDITIONS = {Code.UNSIGNED_ADDITION, Code.TRAILING_DATA}
#: findings by weight; the first that is there explains the verdict
_WEIGHT = [
    Code.NOT_PDF,
    Code.ENCRYPTED,
    Code.LIMIT,
    Code.HIDDEN_REVISION,
    Code.CONTENT_CHANGED,
    Code.FORBIDDEN_CHANGE,
    Code.ALTERED,
    Code.MALFORMED,
    Code.PART_ONLY,
    Code.REVOKED,
    Code.NOT_VALID_THEN,
    Code.UNREADABLE,
    Code.DAMAGED,
    Code.UNSIGNED_ADDITION,
    Code.TRAILING_DATA,
    Code.METADATA_CHANGED,
    Code.INK_ON_SIGNED,
    Code.WORDS_ADDED,
    Code.OTHER_AGENCY,
    Code.UNTRUSTED,
    Code.NOT_YET_VALID,
    Code.EXPIRED_SINCE,
    Code.WRONG_USE,
    Code.WEAK_ALGORITHM,
    Code.CHAIN_FAILED,
    Code.MISNAMED,
    Code.TIMESTAMP_BAD,
    Code.UNSIGNED,
    Code.REVOCATION_UNCHECKED,
]
_MOMENTS = {"since", "not_before", "not_after", "at"}


def moment(at: datetime) -> str:
    """`20/11/2026 09:15:30`, Vietnam's time."""
    return f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"


def sentence(finding: Finding, lang: Language = "vi") -> str:
    """The finding in one sentence."""
    params = dict(finding.params)
    for name in _MOMENTS & params.keys():
        params[name] = moment(datetime.fromisoformat(params[name]))
    if finding.code is Code.LATER_FIELD:
        params["shown"] = _words(lang)["showing"].format(**params) if params["text"] else ""
    return str(_words(lang)[finding.code]).format(**params)


def about(report: Report, signature: SignatureReport, lang: Language = "vi") -> dict[str, str]:
    """One sentence for each aspect of a signature of `report`: who, when, level, integrity, chain, revocation, after,
    shown; a signature whose data cannot be read has two."""
    words: dict[str, str] = _words(lang)["about"]
    params = _facts(signature)
    names = statements.later_signers(report, signature)
    params["by"] = words["by"].format(names=", ".join(names)) if names else ""
    params["until"] = words["until"].format(**params) if signature.good_until else ""
    params["of"] = (
        words["of"].format(**params) if params.get("organisation") not in ("", params.get("name")) else ""
    )
    return {
        aspect: words[name].format(**params) for aspect, name in statements.keys(report, signature).items()
    }


def stamp_sentence(report: TimestampReport, lang: Language = "vi") -> str:
    """What a detached time stamp proves, or why it does not; revocation that nobody checked is said."""
    words: dict[str, str] = _words(lang)["stamp"]
    authority = report.authority.name if report.authority else ""
    params = {"at": moment(report.at) if report.at else "", "authority": authority}
    names = [report.trouble.value if report.trouble else "valid"]
    if report.trouble is None and report.revocation is Revocation.UNCHECKED:
        names.append("unchecked")
    return " ".join(words[name].format(**params) for name in names)


def _facts(signature: SignatureReport) -> dict[str, str]:
    """What the sentences about a signature name."""
    signer = signature.signer
    facts = {name: moment(at) for name in ("signed_at", "good_until") if (at := getattr(signature, name))}
    if signer is None:
        return facts
    named = {name: getattr(signer, name) for name in ("name", "title", "organisation", "issuer")}
    return facts | named | {name: moment(getattr(signer, name)) for name in ("not_before", "not_after")}


def verdict_word(report: Report | SignatureReport, lang: Language = "vi") -> str:
    """The verdict in a few words, such as `Hợp lệ`."""
    codes = {finding.code for finding in _findings(report)}
    if report.verdict is Verdict.INDETERMINATE and codes & _ADDITIONS:
        return _ADDED[lang]
    return _VERDICTS[lang][report.verdict]


def headline(report: Report | SignatureReport, lang: Language = "vi") -> str:
    """What the verdict rests on, in one or two sentences."""
    found = sorted(
        (finding for finding in _findings(report) if finding.code in _WEIGHT),
        key=lambda finding: _WEIGHT.index(finding.code),
    )
    if report.verdict is not Verdict.VALID:
        return sentence(found[0], lang) if found else verdict_word(report, lang)
    return " ".join([_words(lang)["valid_verdict"], *(sentence(finding, lang) for finding in found[:1])])


def as_json(report: Report, lang: Language = "vi") -> dict[str, Any]:
    """The report as `python -m signing verify --json` prints it."""
    return {
        "verdict": report.verdict.value,
        "signatures": [
            signature.to_dict() | _outcome(signature) | {"sentences": about(report, signature, lang)}
            for signature in report.signatures
        ],
        "findings": [
            {"code": finding.code.value, "params": dict(finding.params), "sentence": sentence(finding, lang)}
            for finding in report.all_findings
        ],
        "sentence": headline(report, lang),
    }


def _outcome(signature: SignatureReport) -> dict[str, str]:
    found = outcome(signature)
    return {"indication": found.indication, "sub_indication": found.sub}


def _findings(report: Report | SignatureReport) -> tuple[Finding, ...]:
    return report.all_findings if isinstance(report, Report) else report.findings
