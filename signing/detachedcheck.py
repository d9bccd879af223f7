"""Checks a detached signature (CAdES, ETSI EN 319 122-1) over any file."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import cms, pem
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import (
    async_validate_detached_cms,
    extract_self_reported_ts,
)
from pyhanko_certvalidator import ValidationContext

from signing import revocation
from signing.quick import quicker
from signing.report import (
    Changes,
    Clock,
    Code,
    Coverage,
    Finding,
    Report,
    SignatureReport,
    Verdict,
    judge,
)
from signing.sign import Level
from signing.signer import Evidence, SignerCheck
from signing.trust import TrustStore
from signing.usage import USAGE

#: bytes of a signature; with its chain, time stamp and revocation data it has tens of thousands
LIMIT = 20_000_000


def verify_detached(
    source: BinaryIO | Path,
    signature: bytes,
    trust: TrustStore,
    *,
    at: datetime | None = None,
    offline: bool = True,
    require_revocation: bool = False,
    allow_private_fetch: bool = False,
) -> Report:
    """Check `signature` (DER or PEM) over the bytes of `source`. Never raises for what is in either.

    The options are those of `verify_pdf`. The signature has the field name "".
    """
    with quicker(), ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        try:
            signed = _signed_data(signature)
            evidence = _evidence(signed, trust, at, None if offline else allow_private_fetch)
            found = asyncio.run(_look(stream, signed, evidence))
        except MemoryError:
            return _unreadable(Code.LIMIT, "out of memory")
        except Exception as error:  # noqa: BLE001 - parsers raise anything for hostile data; all of it means unreadable
            return _unreadable(Code.UNREADABLE, (str(error) or type(error).__name__).splitlines()[0][:200])
    verdict = judge(found.findings, require_revocation=require_revocation)
    return Report(verdict, (replace(found, verdict=verdict),), detached=True)


def _unreadable(code: Code, reason: str) -> Report:
    return Report(Verdict.UNREADABLE, findings=(Finding(code, {"reason": reason}),))


def _signed_data(data: bytes) -> cms.SignedData:
    """Raises ValueError when it is no detached signature."""
    if len(data) > LIMIT:
        raise ValueError("the signature is too long")
    if pem.detect(data):
        _, _, data = pem.unarmor(data)
    whole = cms.ContentInfo.load(data, strict=True)
    if whole["content_type"].native != "signed_data":
        raise ValueError("this is no signature")
    signed: cms.SignedData = whole["content"]
    if signed["encap_content_info"]["content"].native is not None:
        raise ValueError("the signature brings its own content")
    return signed


def _evidence(signed: cms.SignedData, trust: TrustStore, at: datetime | None, fetch: bool | None) -> Evidence:
    """`fetch`: whether private addresses may be asked; None when nobody is."""
    if fetch is not None:
        known = {one.chosen.dump() for one in signed["certificates"] if one.name == "certificate"}
        data = revocation.fetch({*known, *trust.roots, *trust.intermediates}, allow_private=fetch)
        trust = trust.with_revocation(crls=data.crls, ocsps=data.ocsps)
    return Evidence(trust, at or datetime.now(UTC))


async def _look(stream: BinaryIO, signed: cms.SignedData, evidence: Evidence) -> SignatureReport:
    async def ask(context: ValidationContext, stamp_context: ValidationContext) -> Any:
        stream.seek(0)
        return await async_validate_detached_cms(
            stream, signed, context, stamp_context, key_usage_settings=USAGE
        )

    signer = await SignerCheck(evidence, signed, "", ask).look(
        extract_self_reported_ts(extract_signer_info(signed))
    )
    return SignatureReport(
        field="",
        verdict=Verdict.VALID,
        findings=signer.findings,
        signer=signer.info,
        signed_at=signer.signed_at,
        clock=signer.clock,
        level=Level.B_T if signer.clock is Clock.TIMESTAMP else Level.B_B,
        intact=signer.intact,
        coverage=Coverage.WHOLE_FILE if signer.intact else Coverage.PART,
        trusted=bool(signer.status.trusted),
        revocation=signer.revocation,
        changes_after=Changes.NONE if signer.intact else Changes.UNKNOWN,
    )
