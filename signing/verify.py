"""Says whether a PDF's signatures hold, and whether a reader would show what was signed."""

import asyncio
import io
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import x509
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing import gate, revocation
from signing.check import Check, Evidence, Malformed
from signing.errors import EncryptedPdf
from signing.fields import visible_fields
from signing.report import Code, Finding, Report, SignatureReport, Verdict, judge
from signing.roles import later_fields, with_roles
from signing.trust import TrustStore

#: bytes in which the header must stand (ISO 32000-1, implementation note to §7.5.2)
_HEADER_WITHIN = 1024


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
    with ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        stream.seek(0)
        if b"%PDF-" not in stream.read(_HEADER_WITHIN):
            return _unreadable(Code.NOT_PDF)
        verifier = _Verifier(
            stream, trust, at, offline, require_revocation, tuple(same_agency), allow_private_fetch
        )
        try:
            return asyncio.run(verifier.report())
        except EncryptedPdf:
            return _unreadable(Code.ENCRYPTED)
        except MemoryError:
            return _unreadable(Code.LIMIT, reason="out of memory")
        except Exception as error:  # noqa: BLE001 - parsers raise anything for hostile files; all of it means unreadable
            return _unreadable(Code.UNREADABLE, reason=_text(error))


def _unreadable(code: Code, **params: str) -> Report:
    return Report(Verdict.UNREADABLE, findings=(Finding(code, params),))


def _text(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


@dataclass
class _Verifier:
    stream: BinaryIO
    trust: TrustStore
    at: datetime | None
    offline: bool
    require_revocation: bool
    same_agency: tuple[frozenset[str], ...]
    allow_private: bool

    async def report(self) -> Report:
        structure = gate.examine(self.stream)
        reader, complaint = self._read()
        findings = self._structure(structure, reader)
        if complaint and not structure.problems:
            findings.append(Finding(Code.DAMAGED, {"reason": complaint}))
        found = list(_signatures(reader))
        if not found:
            unsigned = Verdict.UNREADABLE if structure.problems else Verdict.UNSIGNED
            return Report(unsigned, (), (*findings, Finding(Code.UNSIGNED)), structure.pages)
        evidence = self._evidence(
            reader, [embedded for _, embedded in found if not isinstance(embedded, str)]
        )
        signatures = [
            await self._one(reader, evidence, structure, name, embedded) for name, embedded in found
        ]
        shown = visible_fields(self.stream)
        ends = {name: _end(embedded) for name, embedded in found if not isinstance(embedded, str)}
        reports = with_roles([one for one in signatures if one is not None], shown)
        findings += later_fields(self.stream, reports, shown, ends, self.same_agency)
        findings += _trailing(reader, [embedded for _, embedded in found if not isinstance(embedded, str)])
        return self._conclude(tuple(reports), tuple(findings), structure.pages)

    def _read(self) -> tuple[PdfFileReader, str]:
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

    def _structure(self, structure: gate.Structure, reader: PdfFileReader) -> list[Finding]:
        findings = [Finding(Code.DAMAGED, {"reason": reason[:200]}) for reason in structure.problems[:1]]
        xrefs: Any = reader.xrefs
        if xrefs.hybrid_xrefs_present:
            findings.append(Finding(Code.DAMAGED, {"reason": "hybrid cross-reference sections"}))
        if gate.empty_sections(reader):
            findings.append(Finding(Code.HIDDEN_REVISION))
        return findings

    def _evidence(self, reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> Evidence:
        certificates, crls, ocsps = _stored(reader)
        trust = self.trust.with_revocation(crls=crls, ocsps=ocsps)
        if not self.offline:
            known = {*trust.roots, *trust.intermediates, *(one.dump() for one in certificates)}
            for signature in embedded:
                known.update(one.dump() for one in (signature.signer_cert, *signature.other_embedded_certs))
            fetched = revocation.fetch(known, allow_private=self.allow_private)
            trust = trust.with_revocation(crls=fetched.crls, ocsps=fetched.ocsps)
        return Evidence(trust, tuple(certificates), bool(crls or ocsps), self.at or datetime.now(UTC))

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
            return await (
                check.archive_stamp() if embedded.sig_object_type == "/DocTimeStamp" else check.signature()
            )
        except MemoryError:
            raise
        except Malformed as error:
            return _malformed(name, _text(error))
        except Exception as error:  # noqa: BLE001 - whatever a forged signature makes the parser raise
            if structure.sound:
                return _malformed(name, _text(error))
            # in a damaged file the damage may be all there is: neither right nor wrong can be said
            damage = Finding(Code.DAMAGED, {"reason": _text(error)})
            return SignatureReport(name, Verdict.UNREADABLE, (damage,))

    def _conclude(
        self, reports: tuple[SignatureReport, ...], findings: tuple[Finding, ...], pages: int
    ) -> Report:
        if not reports:
            return Report(Verdict.UNSIGNED, (), (*findings, Finding(Code.UNSIGNED)), pages)
        judged = tuple(
            replace(one, verdict=judge(one.findings, require_revocation=self.require_revocation))
            for one in reports
        )
        everything = (*findings, *(finding for one in judged for finding in one.findings))
        verdict = judge(everything, require_revocation=self.require_revocation)
        return Report(verdict, judged, findings, pages)


def _malformed(name: str, reason: str) -> SignatureReport:
    finding = Finding(Code.MALFORMED, {"field": name, "reason": reason})
    return SignatureReport(name, Verdict.INVALID, (finding,))


def _signatures(reader: PdfFileReader) -> Iterable[tuple[str, EmbeddedPdfSignature | str]]:
    """Filled signature fields in the order of their revisions; a text says why one cannot be read."""
    found: list[tuple[int, str, EmbeddedPdfSignature | str]] = []
    for name, _, field in enumerate_sig_fields(reader, filled_status=True):
        try:
            embedded = EmbeddedPdfSignature(reader, field, name)
            found.append((embedded.signed_revision, str(name), embedded))
        except Exception as error:  # noqa: BLE001 - a forged signature makes the parser raise anything
            found.append((1 << 30, str(name), _text(error)))
    found.sort(key=lambda entry: entry[0])
    return [(name, embedded) for _, name, embedded in found]


def _end(embedded: EmbeddedPdfSignature) -> int:
    """Size of the file when it was signed."""
    return int(embedded.byte_range[2]) + int(embedded.byte_range[3])


def _stored(reader: PdfFileReader) -> tuple[list[x509.Certificate], list[bytes], list[bytes]]:
    """Certificates, CRLs and OCSP responses of the document security store (ETSI EN 319 142-1 §5.4.2)."""
    try:
        store: Any = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return [], [], []
    certificates = list(store.load_certs())
    crls = [one.get_object().read_data(DecodePurpose.CRL) for one in store.crls]
    ocsps = [one.get_object().read_data(DecodePurpose.OCSP_RESPONSE) for one in store.ocsps]
    return certificates, crls, ocsps


def _trailing(reader: PdfFileReader, embedded: list[EmbeddedPdfSignature]) -> list[Finding]:
    """Bytes after the last revision: readers that scan for objects would find them."""
    xrefs: Any = reader.xrefs
    stream = reader.stream
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 1024))
    _, _, tail = stream.read().rpartition(b"%%EOF")
    last = xrefs.total_revisions - 1
    cut = any(one.signed_revision == last and _end(one) < size for one in embedded)
    return [Finding(Code.TRAILING_DATA)] if tail.strip() or cut else []
