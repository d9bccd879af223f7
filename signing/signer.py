"""Who signed: the certificate at the moment of signing, by which clock, and what its issuer says of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from asn1crypto import cms, x509
from pyhanko.sign.ades.report import AdESIndeterminate, AdESSubIndic
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko_certvalidator import ValidationContext

from signing.certificates import CertificateInfo, certificate_info
from signing.report import Clock, Code, Finding, Revocation
from signing.stored import Stored
from signing.timestamps import SKEW
from signing.trust import TrustStore
from signing.usage import may_sign

_PROBLEMS: dict[AdESSubIndic | None, Code] = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: Code.UNTRUSTED,
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: Code.WRONG_USE,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: Code.WEAK_ALGORITHM,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Code.WEAK_ALGORITHM,
}
#: pyHanko's status of a signature in these contexts: of the signer, of the time-stamping authority
Ask = Callable[[ValidationContext, ValidationContext], Awaitable[Any]]


class Proof(NamedTuple):
    """A sound archive time stamp: what it covers existed then."""

    #: size in bytes of the file it covers
    end: int
    #: aware
    at: datetime
    #: end of its authority's certificate, aware
    until: datetime


@dataclass(frozen=True)
class Evidence:
    """What is known beside the signature itself."""

    #: with the revocation data of the file and, where asked for, of the network
    trust: TrustStore
    #: the moment for which to judge, aware
    at: datetime
    #: the file's security store; its revocation data is in `trust` too
    stored: Stored = field(default_factory=Stored)
    #: where the last signature ends, in bytes
    last: int = 0
    #: title, author or the like were changed after it
    retitled: bool = False
    #: archive time stamps that hold
    proofs: tuple[Proof, ...] = ()
    _contexts: dict[Any, ValidationContext] = field(default_factory=dict)

    def with_proof(self, proof: Proof) -> "Evidence":
        """The same, knowing one archive time stamp more."""
        return replace(self, proofs=(*self.proofs, proof))

    def proven(self, end: int) -> datetime | None:
        """The earliest moment at which the first `end` bytes are proven to have existed."""
        return min((proof.at for proof in self.proofs if proof.end > end), default=None)

    def context(self, at: datetime, leaf: x509.Certificate, *, require: bool = False) -> ValidationContext:
        """What validates `leaf` for the moment `at`; made once, since each parses every certificate and list."""
        key = at, leaf.dump(), require
        if key not in self._contexts:
            self._contexts[key] = self.trust.context(
                at, require_revocation=require, others=self.stored.certificates, leaf=leaf
            )
        return self._contexts[key]


@dataclass(frozen=True)
class Signer:
    """What was found about a signer."""

    info: CertificateInfo
    #: pyHanko's
    status: Any
    clock: Clock
    #: when it was signed by that clock; None when the signer states no time
    signed_at: datetime | None
    revocation: Revocation
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """The covered bytes are those that were signed, and the signer's key did it."""
        return bool(self.status.intact and self.status.valid)


@dataclass
class SignerCheck:
    """The check of one signer, whatever the signature covers."""

    evidence: Evidence
    signed: cms.SignedData
    #: of the signature, for findings
    name: str
    ask: Ask
    #: when an archive time stamp proves that it existed
    proven: datetime | None = None
    #: every certificate of the path has revocation data that says good
    _checked: bool = False

    async def look(self, claimed: datetime | None) -> Signer:
        """`claimed`: when the signer says it was signed. Raises what pyHanko raises for broken signatures."""
        certificate = generic_cms.extract_certs_for_validation(self.signed).signer_cert
        info = certificate_info(certificate.dump())
        status, clock, moment = await self._validate(certificate)
        findings = []
        if not (status.intact and status.valid):
            findings.append(Finding(Code.ALTERED, {"field": self.name, "signer": info.name}))
        if clock is Clock.SIGNER:
            if status.timestamp_validity is not None:
                findings.append(Finding(Code.TIMESTAMP_BAD, {"field": self.name}))
            findings.append(Finding(Code.CLAIMED_TIME, {"signer": info.name}))
        signed_at = moment if clock is Clock.TIMESTAMP else claimed
        about, revocation = self._certificate(status, info, moment, signed_at or moment)
        if status.trusted and not may_sign(certificate):
            about.append(Finding(Code.WRONG_USE, {"signer": info.name, "issuer": info.issuer}))
        return Signer(info, status, clock, signed_at, revocation, (*findings, *about))

    async def _validate(self, certificate: x509.Certificate) -> tuple[Any, Clock, datetime]:
        """Status at the moment of signing: that of a trusted time stamp, else of an archive time stamp, else the moment
        of this check. What an archive time stamp covers is judged for its moment, however old it is."""
        latest = self.proven or self.evidence.at
        token = next(iter(extract_tst_data_iter(extract_signer_info(self.signed), signed=False)), None)
        authority = certificate
        if token is not None:
            authority = generic_cms.extract_certs_for_validation(token).signer_cert
            stamped = token["encap_content_info"]["content"].parsed["gen_time"].native
            status = await self._status(stamped, certificate, authority)
            seen = status.timestamp_validity
            if seen is not None and seen.intact and seen.valid and seen.trusted and stamped <= latest + SKEW:
                return status, Clock.TIMESTAMP, stamped
        clock = Clock.TIMESTAMP if self.proven else Clock.SIGNER
        return await self._status(latest, certificate, authority), clock, latest

    async def _status(
        self, moment: datetime, certificate: x509.Certificate, authority: x509.Certificate
    ) -> Any:
        """Status with revocation data required where there is some; else, or where it says nothing, without.

        What is trusted with more demands is trusted with fewer.
        """
        evidence, latest = self.evidence, self.proven or self.evidence.at
        for required in (True, False) if evidence.trust.crls or evidence.trust.ocsps else (False,):
            context = evidence.context(moment, certificate, require=required)
            status = await self.ask(context, evidence.context(latest, authority))
            self._checked = required and bool(status.trusted)
            if self._checked:
                break
        return status

    def _certificate(
        self, status: Any, info: CertificateInfo, moment: datetime, then: datetime
    ) -> tuple[list[Finding], Revocation]:
        """`moment`: for which it was validated. `then`: when it was signed, proven or not."""
        who = {"signer": info.name}
        if status.revocation_details is not None:
            since = status.revocation_details.revocation_date.isoformat()
            return [Finding(Code.REVOKED, {**who, "since": since})], Revocation.REVOKED
        findings = []
        if not info.not_before <= then <= info.not_after:
            limits = {"not_before": info.not_before.isoformat(), "not_after": info.not_after.isoformat()}
            findings.append(Finding(Code.NOT_VALID_THEN, {**who, **limits}))
        elif moment < info.not_before:
            limits = {"not_before": info.not_before.isoformat(), "at": moment.isoformat()}
            findings.append(Finding(Code.NOT_YET_VALID, {**who, **limits}))
        elif moment > info.not_after:
            findings.append(Finding(Code.EXPIRED_SINCE, {**who, "not_after": info.not_after.isoformat()}))
        elif not status.trusted and status.intact and status.valid:
            code = _PROBLEMS.get(status.trust_problem_indic, Code.CHAIN_FAILED)
            findings.append(Finding(code, {**who, "issuer": info.issuer}))
        if self._checked:
            return findings, Revocation.GOOD
        return [*findings, Finding(Code.REVOCATION_UNCHECKED, who)], Revocation.UNCHECKED
