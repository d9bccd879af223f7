"""What each signature does on the document, and whether later ones keep to their place."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import BinaryIO
from unicodedata import normalize

from signing.certificates import CertificateInfo, Kind
from signing.errors import SigningError
from signing.fields import VisibleField
from signing.geometry import Box, Placement
from signing.looks import Revisions
from signing.placement import Role
from signing.report import Code, Finding, SignatureReport


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
            earlier = readable[: readable.index(report)]
            for place in field.places:
                texts = _texts(earlier, shown, place.page)
                if field.elusive or _overlays(drawn, ends[before.field], ends[report.field], place, texts):
                    facts = {"field": report.field, "signer": signer.name, "page": str(place.page)}
                    findings.append(Finding(Code.INK_ON_SIGNED, facts))
    return findings


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


def _texts(reports: list[SignatureReport], shown: Mapping[str, VisibleField], page: int) -> list[Box]:
    """Boxes of earlier signatures that show words on a page."""
    fields = [shown[report.field] for report in reports if report.field in shown]
    return [place.box for field in fields if field.text for place in field.places if place.page == page]


def _overlays(drawn: Revisions, before: int, after: int, place: Placement, texts: list[Box]) -> bool:
    try:
        return drawn.inks_over(before, after, place, texts)
    except SigningError:
        # a revision that cannot be drawn cannot be called untouched
        return True
