"""One signature: its digest, its certificate at the moment of signing, and what came after it."""

from dataclasses import dataclass
from datetime import datetime
from io import SEEK_END
from typing import Any, BinaryIO

from asn1crypto import parser, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESIndeterminate, AdESSubIndic
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, StandardDiffPolicy
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.policy_api import ModificationLevel
from pyhanko.sign.diff_analysis.rules.form_field_rules import SigFieldCreationRule, SigFieldModificationRule
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError

from signing.certificates import CertificateInfo, certificate_info
from signing.errors import SigningError
from signing.fields import Prefix, pages_changed
from signing.report import Changes, Clock, Code, Coverage, Finding, Revocation, SignatureReport, Verdict
from signing.sign import Level
from signing.trust import TrustStore

#: later revisions may hold further signatures and validation data only: the rule that lets form fields be filled is
#: left out, since a filled field can show text over what was signed (shadow attack "replace")
SIGNATURES_ONLY = StandardDiffPolicy(
    global_rules=DEFAULT_DIFF_POLICY.global_rules,
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)
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


@dataclass
class Check:
    """The check of one embedded signature."""

    reader: PdfFileReader
    stream: BinaryIO
    evidence: Evidence
    name: str
    embedded: EmbeddedPdfSignature

    async def signature(self) -> SignatureReport:
        """All about it but its place among the others. Raises what pyHanko raises for broken ones."""
        self._fields_present()
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
        revocation = await self._certificate(status, info, moment, clock, claimed, findings)
        return SignatureReport(
            field=self.name,
            verdict=Verdict.VALID,
            findings=tuple(findings),
            signer=info,
            signed_at=moment if clock is Clock.TIMESTAMP else claimed,
            clock=clock,
            level=self._level(clock),
            intact=bool(status.intact and status.valid),
            coverage=_COVERAGE.get(status.coverage, Coverage.PART),
            trusted=bool(status.trusted),
            revocation=revocation,
            changes_after=changes,
        )

    async def archive_stamp(self) -> SignatureReport | None:
        """None for a good archive time stamp, which is nobody's signature; else a report of what is wrong."""
        context = self._context(self.evidence.at, self.embedded.signer_cert)
        status = await async_validate_pdf_timestamp(self.embedded, context, diff_policy=SIGNATURES_ONLY)
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

    def _fields_present(self) -> None:
        ranges = [int(number) for number in self.embedded.byte_range]
        size = self.stream.seek(0, SEEK_END)
        if len(ranges) != 4 or ranges[0] != 0 or min(ranges) < 0 or ranges[2] + ranges[3] > size:
            raise Malformed("the byte range makes no sense")
        contents = self.embedded.pkcs7_content
        # the only bytes no signature covers: nothing but zeros may fill them up (ISO 32000-1 §12.8.1)
        if any(contents[parser.peek(contents) :]):
            raise Malformed("the space reserved for the signature holds other data")

    def _context(self, at: datetime, leaf: x509.Certificate, *, require: bool = False) -> Any:
        trust, others = self.evidence.trust, self.evidence.certificates
        return trust.context(at, require_revocation=require, others=others, leaf=leaf)

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
        signer = self.embedded.signer_cert
        return await async_validate_pdf_signature(
            self.embedded,
            self._context(moment, signer),
            self._context(self.evidence.at, authority or signer),
            diff_policy=SIGNATURES_ONLY,
            key_usage_settings=_USAGE,
        )

    def _changes(self, status: Any) -> tuple[list[Finding], Changes]:
        """What later revisions did. A change beyond signatures counts as of content when pages look different."""
        if status.coverage not in _COVERAGE:
            name = certificate_info(self.embedded.signer_cert.dump()).name
            return [Finding(Code.PART_ONLY, {"field": self.name, "signer": name})], Changes.UNKNOWN
        if status.modification_level is ModificationLevel.NONE:
            return [], Changes.NONE
        if status.modification_level in (ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING):
            if status.docmdp_ok is not False:
                return [], Changes.SIGNATURES
            return [Finding(Code.UNSIGNED_ADDITION, {"page": "0"})], Changes.UNSIGNED
        return self._suspicious()

    def _suspicious(self) -> tuple[list[Finding], Changes]:
        end = int(self.embedded.byte_range[2]) + int(self.embedded.byte_range[3])
        try:
            size = self.stream.seek(0, SEEK_END)
            page = pages_changed(Prefix(self.stream, end), Prefix(self.stream, size))
        except SigningError:
            page = 0
        if page is None:
            return [Finding(Code.UNSIGNED_ADDITION, {"page": "0"})], Changes.UNSIGNED
        return [Finding(Code.CONTENT_CHANGED, {"page": str(page)})], Changes.CONTENT

    async def _certificate(
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
        if status.trusted and await self._not_revoked(moment):
            return Revocation.GOOD
        findings.append(Finding(Code.REVOCATION_UNCHECKED, who))
        return Revocation.UNCHECKED

    async def _not_revoked(self, moment: datetime) -> bool:
        """Every certificate of the path has revocation data that says good."""
        if not (self.evidence.trust.crls or self.evidence.trust.ocsps):
            return False
        validator: Any = CertificateValidator(
            self.embedded.signer_cert,
            intermediate_certs=self.embedded.other_embedded_certs,
            validation_context=self._context(moment, self.embedded.signer_cert, require=True),
        )
        try:
            await validator.async_validate_usage(set())
        except (PathBuildingError, ValidationError):
            return False
        return True

    def _level(self, clock: Clock) -> Level:
        if clock is Clock.SIGNER:
            return Level.B_B
        if not self.evidence.stored:
            return Level.B_T
        later = self.reader.embedded_timestamp_signatures
        archived = any(one.signed_revision > self.embedded.signed_revision for one in later)
        return Level.B_LTA if archived else Level.B_LT
