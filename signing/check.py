"""One signature: its digest, its certificate at the moment of signing, and what came after it."""

from dataclasses import dataclass
from functools import cached_property
from io import SEEK_END
from typing import Any, BinaryIO

from asn1crypto import parser
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis.policy_api import DiffPolicy, ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing.certificates import certificate_info
from signing.levels import reached
from signing.looks import after_signing
from signing.naming import names_wrongly
from signing.policy import SIGNATURES_ONLY, Remembered
from signing.ranges import contents
from signing.report import Changes, Code, Coverage, Finding, SignatureReport, Verdict
from signing.signer import Evidence, SignerCheck
from signing.timestamps import SKEW, token_time
from signing.usage import USAGE

_COVERAGE: dict[SignatureCoverageLevel | None, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.WHOLE_FILE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
}


class Malformed(ValueError):
    """The signature's own entries contradict themselves."""


def covered(embedded: EmbeddedPdfSignature) -> tuple[int, int, int, int]:
    """Its byte range: start and length of two parts. Raises Malformed when there are no such parts in the file."""
    size = embedded.reader.stream.seek(0, SEEK_END)
    try:
        start, before, after, length = (int(number) for number in embedded.byte_range)
    except (TypeError, ValueError) as error:
        raise Malformed("the byte range is no byte range") from error
    if start != 0 or not 0 < before < after or length < 0 or after + length > size:
        raise Malformed("the byte range makes no sense")
    return start, before, after, length


def end_of(embedded: EmbeddedPdfSignature) -> int:
    """Size of the file when it was signed. Raises Malformed."""
    _, _, after, length = covered(embedded)
    return after + length


@dataclass
class Check:
    """The check of one embedded signature."""

    reader: PdfFileReader
    stream: BinaryIO
    evidence: Evidence
    name: str
    embedded: EmbeddedPdfSignature
    #: the gap in the covered bytes holds the signature and nothing else
    whole: bool = False

    @cached_property
    def policy(self) -> DiffPolicy:
        """Compares with later revisions once, however often the certificate is looked at."""
        return Remembered(SIGNATURES_ONLY)

    async def signature(self) -> SignatureReport:
        """All about it but its place among the others. Raises what pyHanko raises for broken ones."""
        self._look_at_the_gap()
        proven = self.evidence.proven(end_of(self.embedded))
        check = SignerCheck(self.evidence, self.embedded.signed_data, self.name, self._status, proven)
        signer = await check.look(self.embedded.self_reported_timestamp)
        findings, changes = self._changes(signer.status)
        if changes is Changes.SIGNATURES and self.evidence.retitled:
            findings.append(Finding(Code.METADATA_CHANGED))
            changes = Changes.METADATA
        if names_wrongly(self.embedded):
            findings.append(Finding(Code.MISNAMED, {"signer": signer.info.name}))
        level, until = reached(signer, self.evidence, end_of(self.embedded))
        return SignatureReport(
            field=self.name,
            verdict=Verdict.VALID,
            findings=(*findings, *signer.findings),
            signer=signer.info,
            signed_at=signer.signed_at,
            clock=signer.clock,
            level=level,
            good_until=until,
            pades=self.embedded.sig_object.get("/SubFilter") == "/ETSI.CAdES.detached",
            intact=signer.intact,
            coverage=self._coverage(signer.status),
            trusted=bool(signer.status.trusted),
            revocation=signer.revocation,
            changes_after=changes,
        )

    async def _status(self, context: ValidationContext, stamp_context: ValidationContext) -> Any:
        return await async_validate_pdf_signature(
            self.embedded, context, stamp_context, diff_policy=self.policy, key_usage_settings=USAGE
        )

    async def archive_stamp(self) -> SignatureReport | None:
        """None for a good archive time stamp, which is nobody's signature; else a report of what is wrong."""
        self._look_at_the_gap()
        # a later one proves that this one existed while its authority's certificate was good
        moment = self.evidence.proven(end_of(self.embedded)) or self.evidence.at
        context = self.evidence.context(moment, self.embedded.signer_cert)
        status = await async_validate_pdf_timestamp(self.embedded, context, diff_policy=self.policy)
        findings, changes = self._changes(status)
        if not (status.intact and status.valid):
            findings.append(Finding(Code.ALTERED, {"field": self.name, "signer": ""}))
        elif not status.trusted or token_time(self.embedded.signed_data) > moment + SKEW:
            findings.append(Finding(Code.TIMESTAMP_BAD, {"field": self.name}))
        if not findings:
            return None
        info = certificate_info(self.embedded.signer_cert.dump())
        return SignatureReport(
            self.name, Verdict.INVALID, tuple(findings), info, intact=status.intact, changes_after=changes
        )

    def _look_at_the_gap(self) -> None:
        """Raises Malformed unless the signature's bytes stand where they should."""
        ranges, found = covered(self.embedded), self.embedded.pkcs7_content
        data, self.whole = contents(self.stream, ranges[1], ranges[2])
        if data != found:
            raise Malformed("the signature does not stand where its byte range says")
        # the only bytes no signature covers: nothing but zeros may fill them up (ISO 32000-1 §12.8.1)
        if any(found[parser.peek(found) :]):
            raise Malformed("the space reserved for the signature holds other data")

    def _coverage(self, status: Any) -> Coverage:
        return _COVERAGE.get(status.coverage, Coverage.PART) if self.whole else Coverage.PART

    def _changes(self, status: Any) -> tuple[list[Finding], Changes]:
        """What later revisions did. A change beyond signatures counts as of content when pages look different."""
        who = {"field": self.name, "signer": certificate_info(self.embedded.signer_cert.dump()).name}
        if self._coverage(status) is Coverage.PART:
            return [Finding(Code.PART_ONLY, who)], Changes.UNKNOWN
        if status.modification_level is ModificationLevel.NONE:
            return [], Changes.NONE
        if status.modification_level not in (ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING):
            finding, changes = after_signing(self.stream, end_of(self.embedded), last=self.evidence.last)
            return [finding], changes
        if status.docmdp_ok is False:
            return [Finding(Code.FORBIDDEN_CHANGE, who)], Changes.UNSIGNED
        return [], Changes.SIGNATURES
