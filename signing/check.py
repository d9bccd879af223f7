"""One signature: its digest, its certificate at the moment of signing, and what came after it."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import SEEK_END
from typing import Any, BinaryIO

from asn1crypto import parser, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESSubIndic
from pyhanko.sign.diff_analysis.policy_api import DiffPolicy, ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing.certificates import CertificateInfo, certificate_info
from signing.looks import after_signing
from signing.policy import SIGNATURES_ONLY, Remembered
from signing.ranges import contents
from signing.report import Changes, Clock, Code, Coverage, Finding, Revocation, SignatureReport, Verdict
from signing.sign import Level
from signing.trust import TrustStore

#: either of the two is used for signing documents (Circular 15/2025: KeyUsage is optional)
_USAGE = KeyUsageConstraints(key_usage={"non_repudiation", "digital_signature"}, match_all_key_usages=False)
_COVERAGE: dict[SignatureCoverageLevel | None, Coverage] = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.WHOLE_FILE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
}
_PROBLEMS: dict[AdESSubIndic | None, Code] = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: Code.UNTRUSTED,
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: Code.WRONG_USE,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: Code.WEAK_ALGORITHM,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Code.WEAK_ALGORITHM,
}


class Malformed(ValueError):
    """The signature's own entries contradict themselves."""


@dataclass(frozen=True)
class Evidence:
    """What is known beside the signature itself."""

    #: with the revocation data of the file and, where asked for, of the network
    trust: TrustStore
    #: from the file's security store
    certificates: tuple[x509.Certificate, ...]
    #: the file itself holds revocation data
    stored: bool
    #: the moment for which to judge, aware
    at: datetime
    #: where the last signature ends, in bytes
    last: int
    _contexts: dict[Any, ValidationContext] = field(default_factory=dict)

    def context(self, at: datetime, leaf: x509.Certificate, *, require: bool = False) -> ValidationContext:
        """What validates `leaf` for the moment `at`; made once, since each parses every certificate and list."""
        key = at, leaf.dump(), require
        if key not in self._contexts:
            self._contexts[key] = self.trust.context(
                at, require_revocation=require, others=self.certificates, leaf=leaf
            )
        return self._contexts[key]


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
    #: every certificate of the path has revocation data that says good
    checked: bool = False

    @cached_property
    def policy(self) -> DiffPolicy:
        """Compares with later revisions once, however often the certificate is looked at."""
        return Remembered(SIGNATURES_ONLY)

    async def signature(self) -> SignatureReport:
        """All about it but its place among the others. Raises what pyHanko raises for broken ones."""
        self._look_at_the_gap()
        info = certificate_info(self.embedded.signer_cert.dump())
        status, clock, moment = await self._validate()
        findings, changes = self._changes(status)
        claimed = self.embedded.self_reported_timestamp
        if not (status.intact and status.valid):
            findings.append(Finding(Code.ALTERED, {"field": self.name, "signer": info.name}))
        if status.timestamp_validity is not None and clock is Clock.SIGNER:
            findings.append(Finding(Code.TIMESTAMP_BAD, {"field": self.name}))
        if clock is Clock.SIGNER:
            findings.append(Finding(Code.CLAIMED_TIME, {"signer": info.name}))
        revocation = self._certificate(status, info, moment, clock, claimed, findings)
        return SignatureReport(
            field=self.name,
            verdict=Verdict.VALID,
            findings=tuple(findings),
            signer=info,
            signed_at=moment if clock is Clock.TIMESTAMP else claimed,
            clock=clock,
            level=self._level(clock),
            intact=bool(status.intact and status.valid),
            coverage=self._coverage(status),
            trusted=bool(status.trusted),
            revocation=revocation,
            changes_after=changes,
        )

    async def archive_stamp(self) -> SignatureReport | None:
        """None for a good archive time stamp, which is nobody's signature; else a report of what is wrong."""
        self._look_at_the_gap()
        context = self.evidence.context(self.evidence.at, self.embedded.signer_cert)
        status = await async_validate_pdf_timestamp(self.embedded, context, diff_policy=self.policy)
        findings, changes = self._changes(status)
        if not (status.intact and status.valid):
            findings.append(Finding(Code.ALTERED, {"field": self.name, "signer": ""}))
        elif not status.trusted:
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

    async def _validate(self) -> tuple[PdfSignatureStatus, Clock, datetime]:
        """Status at the moment of signing: that of a trusted time stamp, else the moment of this check."""
        now = self.evidence.at
        token = next(iter(extract_tst_data_iter(self.embedded.signer_info, signed=False)), None)
        authority = None
        if token is not None:
            authority = extract_certs_for_validation(token).signer_cert
            stamped = token["encap_content_info"]["content"].parsed["gen_time"].native
            status = await self._status(stamped, authority)
            seen = status.timestamp_validity
            if seen is not None and seen.intact and seen.valid and seen.trusted and stamped <= now:
                return status, Clock.TIMESTAMP, stamped
        return await self._status(now, authority), Clock.SIGNER, now

    async def _status(self, moment: datetime, authority: x509.Certificate | None) -> PdfSignatureStatus:
        """Status with revocation data required where there is some; else, or where it says nothing, without.

        `checked` then tells which. What is trusted with more demands is trusted with fewer.
        """
        signer, evidence = self.embedded.signer_cert, self.evidence
        for required in (True, False) if evidence.trust.crls or evidence.trust.ocsps else (False,):
            status = await async_validate_pdf_signature(
                self.embedded,
                evidence.context(moment, signer, require=required),
                evidence.context(evidence.at, authority or signer),
                diff_policy=self.policy,
                key_usage_settings=_USAGE,
            )
            self.checked = required and bool(status.trusted)
            if self.checked:
                break
        return status

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

    def _certificate(
        self,
        status: PdfSignatureStatus,
        info: CertificateInfo,
        moment: datetime,
        clock: Clock,
        claimed: datetime | None,
        findings: list[Finding],
    ) -> Revocation:
        who = {"signer": info.name}
        if status.revocation_details is not None:
            since = status.revocation_details.revocation_date.isoformat()
            findings.append(Finding(Code.REVOKED, {**who, "since": since}))
            return Revocation.REVOKED
        then = moment if clock is Clock.TIMESTAMP else claimed or moment
        if not info.not_before <= then <= info.not_after:
            limits = {"not_before": info.not_before.isoformat(), "not_after": info.not_after.isoformat()}
            findings.append(Finding(Code.NOT_VALID_THEN, {**who, **limits}))
        elif not info.not_before <= moment <= info.not_after:
            findings.append(Finding(Code.EXPIRED_SINCE, {**who, "not_after": info.not_after.isoformat()}))
        elif not status.trusted and status.intact and status.valid:
            code = _PROBLEMS.get(status.trust_problem_indic, Code.CHAIN_FAILED)
            findings.append(Finding(code, {**who, "issuer": info.issuer}))
        if self.checked:
            return Revocation.GOOD
        findings.append(Finding(Code.REVOCATION_UNCHECKED, who))
        return Revocation.UNCHECKED

    def _level(self, clock: Clock) -> Level:
        if clock is Clock.SIGNER:
            return Level.B_B
        if not self.evidence.stored:
            return Level.B_T
        later = self.reader.embedded_timestamp_signatures
        archived = any(one.signed_revision > self.embedded.signed_revision for one in later)
        return Level.B_LTA if archived else Level.B_LT
