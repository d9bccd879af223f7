"""A verdict in the reader's language: one word, one sentence, a line for each signature."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from eoffice.core import clock
from eoffice.signatures import checking
from eoffice.signatures.models import FileCheck
from signing import sentences
from signing.placement import Role
from signing.report import Code, Report, SignatureReport, Verdict
from signing.sentences import Language

#: colour of each verdict; a damaged file is not an invalid one
KINDS = {
    Verdict.VALID: "ok",
    Verdict.INDETERMINATE: "warn",
    Verdict.INVALID: "bad",
    Verdict.UNSIGNED: "idle",
    Verdict.UNREADABLE: "idle",
}
_SHAPES = {"ok": "tick", "warn": "triangle", "bad": "octagon", "idle": "dash"}
_DEEDS = {
    Role.LEADER: _l("%(who)s signed on %(at)s."),
    Role.NUMBER: _l("%(who)s gave number and date on %(at)s."),
    Role.SEAL: _l("%(who)s sealed it on %(at)s."),
    Role.ATTACHMENT: _l("%(who)s signed the attachment on %(at)s."),
    Role.COPY: _l("%(who)s signed the copy on %(at)s."),
}
_ROLES = {
    Role.LEADER: _l("Signed by"),
    Role.NUMBER: _l("Number, date"),
    Role.SEAL: _l("Seal"),
    Role.ATTACHMENT: _l("Attachment"),
    Role.COPY: _l("Copy"),
}


@dataclass(frozen=True)
class Shown:
    """What a page shows of one file's verdict."""

    kind: str
    word: str
    sentence: str
    #: kind, word, sentence of each signature, as the macro `signature_line` takes them
    lines: list[tuple[str, str, Markup]]
    #: shape, tone, what, sentence, when: as the macro `checks` takes them
    rows: list[tuple[str, str, str, str, str]]
    #: signatures that are valid, of these unchecked: those nobody could ask the issuer about
    valid: int
    unchecked: int
    #: until when all of them can be confirmed with what is in the file, as a day; empty where one cannot even now
    until: str
    #: who signed, and what is said of that signature, an aspect a sentence
    told: list[tuple[str, list[str]]]


def of_check(check: FileCheck) -> Shown:
    """A stored verdict."""
    return of_report(checking.read(check.report))


def of_report(report: Report) -> Shown:
    """A verdict as it was made."""
    language = _language()
    return Shown(
        _kind(report),
        _word(report, language),
        sentences.headline(report, language),
        [_line(one, language) for one in report.signatures],
        [*(_row(one, language) for one in report.signatures), *_file_rows(report, language)],
        sum(one.verdict is Verdict.VALID for one in report.signatures),
        sum(_unchecked(one) for one in report.signatures),
        _until(report),
        [(_signer(one), list(sentences.about(report, one, language).values())) for one in report.signatures],
    )


def _signer(one: SignatureReport) -> str:
    role = str(_ROLES[one.role]) if one.role else _("Signature")
    return f"{role}: {one.signer.name if one.signer else one.field}"


def _until(report: Report) -> str:
    ends = [one.good_until for one in report.signatures]
    known = [end for end in ends if end is not None]
    return f"{clock.local(min(known)):%d/%m/%Y}" if known and len(known) == len(ends) else ""


def _unchecked(one: Report | SignatureReport) -> bool:
    """Valid as far as it goes: whether the certificate was revoked could not be asked."""
    findings = one.all_findings if isinstance(one, Report) else one.findings
    codes = {finding.code for finding in findings}
    return one.verdict is Verdict.VALID and Code.REVOCATION_UNCHECKED in codes


def _kind(one: Report | SignatureReport) -> str:
    return "warn" if _unchecked(one) else KINDS[one.verdict]


def _word(one: Report | SignatureReport, language: Language) -> str:
    return _("Revocation not checked") if _unchecked(one) else sentences.verdict_word(one, language)


def _language() -> Language:
    return "en" if str(get_locale()) == "en" else "vi"


def _line(one: SignatureReport, language: Language) -> tuple[str, str, Markup]:
    kind, word = _kind(one), _word(one, language)
    if one.signer is None:
        return kind, word, Markup("{}").format(sentences.headline(one, language))
    who = Markup("<b>{}</b>{}").format(one.signer.name, f", {one.signer.title}" if one.signer.title else "")
    deed = _DEEDS.get(one.role, _DEEDS[Role.LEADER]) if one.role else _DEEDS[Role.LEADER]
    told = Markup(str(deed)) % {"who": who, "at": _moment(one)}  # noqa: S704 - the text is ours, the values escaped
    if kind != "ok":
        told += Markup(" {}").format(sentences.headline(one, language))
    return kind, word, told


def _row(one: SignatureReport, language: Language) -> tuple[str, str, str, str, str]:
    kind = _kind(one)
    what = str(_ROLES[one.role]) if one.role else _("Signature")
    who = ", ".join(part for part in (one.signer.name, one.signer.title) if part) if one.signer else one.field
    told = who if kind == "ok" else f"{who}: {sentences.headline(one, language)}"
    return _SHAPES[kind], kind, what, told, _moment(one)


def _file_rows(report: Report, language: Language) -> Sequence[tuple[str, str, str, str, str]]:
    kind = KINDS[report.verdict]
    if report.verdict is Verdict.VALID:
        return ()
    return [
        (_SHAPES[kind], kind, _("File"), sentences.sentence(one, language), "") for one in report.findings
    ]


def _moment(one: SignatureReport) -> str:
    return sentences.moment(one.signed_at) if one.signed_at else ""
