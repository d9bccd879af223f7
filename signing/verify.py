"""Says whether a PDF's signatures hold, and whether a reader would show what was signed."""

import asyncio
import io
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

import pikepdf
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing import gate, revocation
from signing.check import Check, Malformed, covered, end_of
from signing.errors import EncryptedPdf
from signing.fields import VisibleField, fields_of
from signing.looks import after_signing
from signing.metadata import changed_after
from signing.naming import mend
from signing.quick import finished, quicker
from signing.report import Changes, Code, Finding, Report, SignatureReport, Verdict, judge
from signing.roles import later_fields, with_roles
from signing.salvage import salvage
from signing.signer import Evidence, Proof
from signing.stored import Stored
from signing.timestamps import token_time
from signing.trust import TrustStore

#: signatures of one file; a document that goes through a province has a dozen
_SIGNATURES = 200
#: a closer look at the bytes would end the same way
_NO_USE = {Code.NOT_PDF, Code.ENCRYPTED, Code.LIMIT}


def verify_pdf(
    source: BinaryIO | Path,
    trust: TrustStore,
    *,
    at: datetime | None = None,
    offline: bool = True,
    require_revocation: bool = False,
    same_agency: Iterable[frozenset[str]] = (),
    allow_private_fetch: bool = False,
) -> Report:
    """Check every signature of a PDF. Never raises for what is in the file: that becomes a verdict.

    `at`: moment for which to judge, aware; default now. `offline`: only revocation data from the file and `trust`;
    otherwise OCSP and CRLs are fetched. `require_revocation`: without such data a signature is indeterminate.
    `same_agency`: groups of organisation names that count as one (an agency and its lawful successor).
    """
    wanted = _Wanted(trust, at, offline, require_revocation, tuple(same_agency), allow_private_fetch)
    with quicker(), ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        if not gate.begins_as_pdf(stream):
            return _unreadable(Code.NOT_PDF)
        report = _read(stream, wanted)
        reasons = {finding.code for finding in report.all_findings}
        lost = report.verdict is Verdict.UNREADABLE or Code.UNREADABLE in reasons
        return _salvaged(stream, wanted, report) if lost and not reasons & _NO_USE else report


#: names of the filled signature fields, and what they hold or why it cannot be read
Found = list[tuple[str, EmbeddedPdfSignature | str]]


class TooComplex(ValueError):
    """Nobody needs as much as the file holds."""


@dataclass(frozen=True)
class _Wanted:
    """What the caller asked for."""

    trust: TrustStore
    at: datetime | None
    offline: bool
    require_revocation: bool
    same_agency: tuple[frozenset[str], ...]
    allow_private: bool


def _read(stream: BinaryIO, wanted: _Wanted) -> Report:
    """The report of the file as its structure tells it."""
    try:
        if wanted.offline:
            return finished(lambda: _Verifier(stream, wanted).report())
        return asyncio.run(_Verifier(stream, wanted).report())
    except EncryptedPdf:
        return _unreadable(Code.ENCRYPTED)
    except TooComplex as error:
        return _unreadable(Code.LIMIT, reason=_text(error))
    except MemoryError:
        return _unreadable(Code.LIMIT, reason="out of memory")
    except Exception as error:  # noqa: BLE001 - parsers raise anything for hostile files; all of it means unreadable
        return _unreadable(Code.UNREADABLE, reason=_text(error))


def _salvaged(stream: BinaryIO, wanted: _Wanted, report: Report) -> Report:
    """What the bytes of a file still tell whose structure tells nothing; else `report`."""
    reason = next((one.params["reason"] for one in report.all_findings if "reason" in one.params), "")
    try:
        found = salvage(stream, lambda part: _read(part, wanted), Finding(Code.DAMAGED, {"reason": reason}))
    except MemoryError:
        return _unreadable(Code.LIMIT, reason="out of memory")
    if found is None or (report.verdict is Verdict.INVALID and found.verdict is not Verdict.INVALID):
        return report
    return found


def _unreadable(code: Code, **params: str) -> Report:
    return Report(Verdict.UNREADABLE, findings=(Finding(code, params),))


def _text(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


@dataclass
class _Verifier:
    stream: BinaryIO
    wanted: _Wanted

    async def report(self) -> Report:
        with gate.examined(self.stream) as (structure, pdf):
            return await self._report(structure, pdf)

    async def _report(self, structure: gate.Structure, pdf: pikepdf.Pdf) -> Report:
        reader, complaint = self._open()
        reasons = [*structure.problems[:1], *([complaint] if complaint and not structure.problems else [])]
        if reader.xrefs.hybrid_xrefs_present:
            reasons.append("hybrid cross-reference sections")
        findings = [Finding(Code.DAMAGED, {"reason": reason[:200]}) for reason in reasons]
        found = _signatures(reader)
        if not found:
            if not structure.problems:  # what is odd in a file that nobody signed puts no signature in doubt
                return Report(Verdict.UNSIGNED, (), (Finding(Code.UNSIGNED),), structure.pages)
            return Report(Verdict.UNREADABLE, (), (*findings, Finding(Code.UNSIGNED)), structure.pages)
        sound = [embedded for _, embedded in found if not isinstance(embedded, str)]
        evidence = self._evidence(reader, sound)
        signatures = await self._each(reader, evidence, structure, found)
        shown = fields_of(pdf)
        ends = {name: end_of(embedded) for name, embedded in found if not isinstance(embedded, str)}
        reports = with_roles([one for one in signatures if one is not None], shown)
        findings += later_fields(self.stream, reports, shown, ends, self.wanted.same_agency)
        findings += _unexplained(found, sound, shown)
        findings += self._behind(reader, sound, damaged=bool(reasons))
        return self._conclude(tuple(reports), tuple(findings), structure.pages)

    def _open(self) -> tuple[PdfFileReader, str]:
        """The file, and what the strict reader disliked: then the lenient one tells who signed, but no more."""
        complaint = ""
        try:
            reader = PdfFileReader(self.stream, strict=True)
        except PdfReadError as error:
            complaint = _text(error)
            reader = PdfFileReader(self.stream, strict=False)
        if reader.encrypted:
            reader.decrypt(b"")
        return reader, complaint

    def _behind(
        self, reader: PdfFileReader, signatures: list[EmbeddedPdfSignature], *, damaged: bool
    ) -> list[Finding]:
        """What the signatures' own checks cannot see: hidden objects, loose bytes, damage that changes the looks."""
        if not signatures:
            return []
        first, last = signatures[0], max(signatures, key=end_of)
        findings = _trailing(reader, signatures)
        if gate.hides_objects(reader, self.stream, first.signed_revision, end_of(first)):
            findings.append(Finding(Code.HIDDEN_REVISION))
        if damaged and end_of(last) < self.stream.seek(0, io.SEEK_END):
            change, changes = after_signing(self.stream, end_of(last))
            findings += [change] if changes is Changes.CONTENT else []
        return findings

    def _evidence(self, reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> Evidence:
        stored = Stored.read(reader)
        trust = self.wanted.trust.with_revocation(crls=stored.crls, ocsps=stored.ocsps)
        if not self.wanted.offline:
            known = {*trust.roots, *trust.intermediates, *(one.dump() for one in stored.certificates)}
            for signature in embedded:
                known.update(one.dump() for one in (signature.signer_cert, *signature.other_embedded_certs))
            fetched = revocation.fetch(known, allow_private=self.wanted.allow_private)
            trust = trust.with_revocation(crls=fetched.crls, ocsps=fetched.ocsps)
        at = self.wanted.at or datetime.now(UTC)
        last = max(map(end_of, embedded), default=0)
        return Evidence(trust, at, stored, last, _retitled(reader, embedded))

    async def _each(
        self,
        reader: PdfFileReader,
        evidence: Evidence,
        structure: gate.Structure,
        found: Found,
    ) -> list[SignatureReport | None]:
        """Reports in the order of `found`, None for sound archive time stamps.

        These come first, from the last one back: each proves what it covers, earlier ones too.
        """
        reports: dict[int, SignatureReport | None] = {}
        for number in sorted(range(len(found)), key=lambda one: (not _is_stamp(found[one][1]), -one)):
            name, embedded = found[number]
            report = reports[number] = await self._one(reader, evidence, structure, name, embedded)
            if report is None and _is_stamp(embedded):
                evidence = evidence.with_proof(_proof(embedded))
        return [reports[number] for number in range(len(found))]

    async def _one(
        self,
        reader: PdfFileReader,
        evidence: Evidence,
        structure: gate.Structure,
        name: str,
        embedded: EmbeddedPdfSignature | str,
    ) -> SignatureReport | None:
        """A report of one signature; None for a sound archive time stamp, which is nobody's signature."""
        if isinstance(embedded, str):
            return _malformed(name, embedded)
        try:
            check = Check(reader, self.stream, evidence, name, embedded)
            return await (check.archive_stamp() if _is_stamp(embedded) else check.signature())
        except MemoryError:
            raise
        except Malformed as error:
            return _malformed(name, _text(error))
        except Exception as error:  # noqa: BLE001 - whatever a forged signature makes the parser raise
            if structure.sound:
                return _malformed(name, _text(error))
            # in a damaged file the damage may be all there is: neither right nor wrong can be said
            unread = Finding(Code.UNREADABLE, {"reason": _text(error)})
            return SignatureReport(name, Verdict.UNREADABLE, (unread,))

    def _conclude(
        self, reports: tuple[SignatureReport, ...], findings: tuple[Finding, ...], pages: int
    ) -> Report:
        if not reports:
            return Report(Verdict.UNSIGNED, (), (*findings, Finding(Code.UNSIGNED)), pages)
        require = self.wanted.require_revocation
        judged = tuple(
            replace(one, verdict=judge(one.findings, require_revocation=require)) for one in reports
        )
        everything = (*findings, *(finding for one in judged for finding in one.findings))
        return Report(judge(everything, require_revocation=require), judged, findings, pages)


def _is_stamp(embedded: EmbeddedPdfSignature | str) -> TypeGuard[EmbeddedPdfSignature]:
    return not isinstance(embedded, str) and embedded.sig_object_type == "/DocTimeStamp"


def _retitled(reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> bool:
    """Whether nobody signed what the file says of itself; time stamps anybody may order."""
    signed = [one.signed_revision for one in embedded if not _is_stamp(one)]
    return bool(signed) and changed_after(reader, max(signed))


def _proof(stamp: EmbeddedPdfSignature) -> Proof:
    return Proof(end_of(stamp), token_time(stamp.signed_data), stamp.signer_cert.not_valid_after)


def _unexplained(
    found: Found, sound: list[EmbeddedPdfSignature], shown: Mapping[str, VisibleField]
) -> list[Finding]:
    """What nobody signs and yet draws: archive time stamps, which anybody may order, and signed fields whose names two
    readers read otherwise, beside others that could be drawn over."""
    stamps = {one.field_name for one in sound if one.sig_object_type == "/DocTimeStamp"}
    known = {name for name, _ in found}
    return [
        Finding(Code.UNSIGNED_ADDITION, {"page": str(field.placement.page)})
        for name, field in shown.items()
        if name in stamps or (field.filled and name not in known and len(found) > 1)
    ]


def _malformed(name: str, reason: str) -> SignatureReport:
    finding = Finding(Code.MALFORMED, {"field": name, "reason": reason})
    return SignatureReport(name, Verdict.INVALID, (finding,))


def _signatures(reader: PdfFileReader) -> Found:
    """Filled signature fields in the order of their revisions; a text says why one cannot be read."""
    found: list[tuple[int, str, EmbeddedPdfSignature | str]] = []
    for name, _, field in enumerate_sig_fields(reader, filled_status=True):
        if len(found) == _SIGNATURES:
            raise TooComplex(f"more than {_SIGNATURES} signatures")
        try:
            embedded = EmbeddedPdfSignature(reader, field, name)
            covered(embedded)
            mend(embedded)
            found.append((embedded.signed_revision, str(name), embedded))
        except Exception as error:  # noqa: BLE001 - a forged signature makes the parser raise anything
            found.append((1 << 30, str(name), _text(error)))
    found.sort(key=lambda entry: entry[0])
    return [(name, embedded) for _, name, embedded in found]


def _trailing(reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> list[Finding]:
    """Bytes after the last revision: readers that scan for objects would find them."""
    xrefs: Any = reader.xrefs
    stream = reader.stream
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 1024))
    _, _, tail = stream.read().rpartition(b"%%EOF")
    last = xrefs.total_revisions - 1
    cut = any(one.signed_revision == last and end_of(one) < size for one in embedded)
    return [Finding(Code.TRAILING_DATA)] if tail.strip() or cut else []
