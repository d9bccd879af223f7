"""What each signature does on the document, and whether later ones keep to their place."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import BinaryIO
from unicodedata import normalize

from signing.certificates import CertificateInfo, Kind
from signing.errors import SigningError
from signing.fields import VisibleField
from signing.geometry import Placement
from signing.looks import Revisions
from signing.placement import Role
from signing.report import Code, Finding, SignatureReport

_WORD = re.compile(r"[^\W_]+(?:[-/.:@+][^\W_]+)*")
#: a day, an hour, a zone, or all of them; a bare number could be part of a sum beside it
_MOMENT = re.compile(
    r"(?:\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})?t?(?:\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
    r"(?:z|[-+]\d{2}:?\d{2})?"
)
#: what programs for signing write beside the name
_OF_SIGNATURES = frozenset(
    _WORD.findall(
        "ký bởi người chữ số điện tử kỹ thuật xác thực ngày giờ lúc thời gian lý do nơi cơ quan đơn vị tổ chức vụ "
        "email e-mail địa chỉ digitally signed by signer name title date time on at reason location organization "
        "organisation utc gmt ict"
    )
)


def with_roles(reports: list[SignatureReport], shown: Mapping[str, VisibleField]) -> list[SignatureReport]:
    """The reports with place, words and role, as far as these show."""
    return [
        replace(
            report,
            placement=field.placement if (field := shown.get(report.field)) else None,
            text=field.text if field else "",
            role=_role(report.signer, field),
        )
        for report in reports
    ]


def _role(signer: CertificateInfo | None, field: VisibleField | None) -> Role | None:
    """Persons sign as leaders; an agency's field is told by its words and picture (Decree 30, App. I-II.8, III.1)."""
    if signer is None:
        return None
    if signer.kind is Kind.PERSON:
        return Role.LEADER
    if field is None or not field.text:
        return Role.SEAL if field is not None and field.picture else None
    words = field.text.casefold()
    if "+07:00" in words:
        return Role.ATTACHMENT if words.startswith("số:") else Role.COPY
    return Role.NUMBER if words.startswith("số:") or "ngày" in words else None


def later_fields(
    stream: BinaryIO,
    reports: list[SignatureReport],
    shown: Mapping[str, VisibleField],
    ends: Mapping[str, int],
    same_agency: Iterable[frozenset[str]],
) -> list[Finding]:
    """Name every visible field signed after the first; say when it overlays signed ink or is another agency's.

    `ends`: size of the file when each field was signed.
    """
    readable = [report for report in reports if report.signer is not None and report.field in ends]
    # whoever signs first issues it; no later signer can claim to have
    agency = next((report.signer.organisation for report in readable if report.signer), "")
    groups = tuple(same_agency)
    findings = []
    with Revisions(stream) as drawn:
        for before, report in pairwise(readable):
            field, signer = shown.get(report.field), report.signer
            if field is None or signer is None:
                continue
            findings.append(_named(report, signer, field))
            if not _same(signer.organisation, agency, groups):
                facts = {"field": report.field, "organisation": signer.organisation, "agency": agency}
                findings.append(Finding(Code.OTHER_AGENCY, facts))
            earlier = [shown[one.field] for one in readable[: readable.index(report)] if one.field in shown]
            for place in field.places:
                facts = {"field": report.field, "signer": signer.name, "page": str(place.page)}
                if field.elusive or _overlays(drawn, ends[before.field], ends[report.field], place, earlier):
                    findings.append(Finding(Code.INK_ON_SIGNED, facts))
                if signer.kind is Kind.PERSON and not _names(field.text, signer):
                    findings.append(Finding(Code.WORDS_ADDED, facts | {"text": field.text}))
    return findings


def _names(text: str, signer: CertificateInfo) -> bool:
    """Whether a person's signature says no more than who signs, when, and what such signatures say of themselves."""
    known = normalize("NFC", f"{signer.name} {signer.organisation} {signer.title} {signer.issuer}").casefold()
    left = [word for word in _WORD.findall(normalize("NFC", text).casefold()) if word not in known]
    return not [word for word in left if word not in _OF_SIGNATURES and not _MOMENT.fullmatch(word)]


def _same(one: str, other: str, groups: tuple[frozenset[str], ...]) -> bool:
    one, other = (normalize("NFC", name) for name in (one, other))
    return one.casefold() == other.casefold() or any({one, other} <= group for group in groups)


def _named(report: SignatureReport, signer: CertificateInfo, field: VisibleField) -> Finding:
    return Finding(
        Code.LATER_FIELD,
        {
            "field": report.field,
            "signer": signer.name,
            "organisation": signer.organisation,
            "text": field.text,
            "page": str(field.placement.page),
        },
    )


def _overlays(
    drawn: Revisions, before: int, after: int, place: Placement, earlier: list[VisibleField]
) -> bool:
    """Whether a field at `place` covers signed ink, words of earlier fields, or too much of their pictures."""
    there = [(field, one) for field in earlier for one in field.places if one.page == place.page]
    texts = [one.box for field, one in there if field.text]
    pictures = [one for field, one in there if not field.text and one.box.overlaps(place.box)]
    try:
        return drawn.inks_over(before, after, place, texts) or any(
            drawn.hides(before, after, one) for one in pictures
        )
    except SigningError:
        # a revision that cannot be drawn cannot be called untouched
        return True
