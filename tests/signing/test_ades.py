"""Our outcome of a signature is the one pyHanko's engine for that level comes to (ETSI EN 319 102-1)."""

import asyncio
import io
from pathlib import Path

import pytest
from asn1crypto import crl, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from signing.ades import outcome
from signing.archive import archive_pdf
from signing.keys import Pkcs12Key
from signing.sign import Level
from signing.stored import Stored
from signing.testing import DemoPki, LocalTimestamper
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import sign

pytestmark = pytest.mark.peer


def theirs(data: bytes, trust: TrustStore) -> tuple[str, str]:
    """Status and sub-indication by pyHanko's engine for the level the signature was made at, without a network."""
    reader = PdfFileReader(io.BytesIO(data))
    embedded, stored = reader.embedded_regular_signatures[0], Stored.read(reader)
    spec = SignatureValidationSpec(
        CertValidationPolicySpec(
            SimpleTrustManager.build([x509.Certificate.load(der) for der in trust.roots]),
            CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require"), retroactive_revinfo=True),
        ),
        RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(
            known_crls=[CRLContainer(crl.CertificateList.load(der)) for der in (*trust.crls, *stored.crls)],
            known_certs=[*map(x509.Certificate.load, trust.intermediates), *stored.certificates],
        ),
    )

    async def look() -> ades.AdESBasicValidationResult:
        whole = PdfSignatureValidationSpec(spec)
        if embedded.reader.embedded_timestamp_signatures:
            return await ades.ades_lta_validation(embedded, whole)
        digest = embedded.compute_digest()
        if list(extract_tst_data_iter(extract_signer_info(embedded.signed_data), signed=False)):
            return await ades.ades_with_time_validation(embedded.signed_data, spec, raw_digest=digest)
        return await ades.ades_basic_validation(embedded.signed_data, spec, raw_digest=digest)

    found = asyncio.run(look()).ades_subindic
    status = {"PASSED": "TOTAL-PASSED", "FAILED": "TOTAL-FAILED"}.get(found.status.name, found.status.name)
    return status, "" if found.name == "OK" else found.standard_name


def ours(data: bytes, trust: TrustStore) -> tuple[str, str]:
    return outcome(verify_pdf(io.BytesIO(data), trust, require_revocation=True).signatures[0])


@pytest.fixture(scope="module")
def levels(document: bytes, leader: Pkcs12Key, pki: DemoPki, trust: TrustStore) -> dict[Level, bytes]:
    """The document signed at each level."""
    stamper = LocalTimestamper(pki)
    options = {"field": "L", "timestamper": stamper, "trust": trust}
    return {level: sign(document, leader, level=level, **options)[0] for level in Level}


@pytest.mark.parametrize("level", Level)
def test_a_signature_of_each_level_passes(
    level: Level, levels: dict[Level, bytes], trust: TrustStore
) -> None:
    found = verify_pdf(io.BytesIO(levels[level]), trust).signatures[0]
    assert found.level is level
    assert ours(levels[level], trust) == theirs(levels[level], trust) == ("TOTAL-PASSED", "")


@pytest.mark.parametrize("level", [Level.B_LT, Level.B_LTA])
def test_from_b_lt_up_the_file_brings_along_what_it_needs(
    level: Level, levels: dict[Level, bytes], trust: TrustStore
) -> None:
    alone = TrustStore(trust.roots)
    assert ours(levels[level], alone) == ("TOTAL-PASSED", "")
    assert theirs(levels[level], alone) == ("TOTAL-PASSED", "")


def test_a_file_archived_later_passes_as_long_term(
    levels: dict[Level, bytes], pki: DemoPki, trust: TrustStore
) -> None:
    once, twice = io.BytesIO(), io.BytesIO()
    archive_pdf(io.BytesIO(levels[Level.B_T]), once, LocalTimestamper(pki), trust)
    archive_pdf(once, twice, LocalTimestamper(pki), trust)
    alone = TrustStore(trust.roots)
    for made in (once.getvalue(), twice.getvalue()):
        assert ours(made, alone) == theirs(made, alone) == ("TOTAL-PASSED", "")


@pytest.mark.parametrize("level", Level)
def test_an_unknown_root_is_no_chain(level: Level, levels: dict[Level, bytes], tmp_path: Path) -> None:
    other = DemoPki.create(tmp_path / "other", "http://127.0.0.1:9").trust
    assert ours(levels[level], other) == theirs(levels[level], other)


@pytest.mark.parametrize("level", [Level.B_B, Level.B_T])
def test_a_changed_byte_is_a_hash_failure(
    level: Level, levels: dict[Level, bytes], trust: TrustStore
) -> None:
    broken = levels[level].replace(b"/Lang(vi)", b"/Lang(en)")
    assert broken != levels[level]
    assert ours(broken, trust) == theirs(broken, trust) == ("TOTAL-FAILED", "HASH_FAILURE")


def test_revoked_before_signing_without_a_proof_of_the_moment(document: bytes, pki: DemoPki) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Hồ Thị Mai", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    signed, _ = sign(document, key, field="S")
    pki.revoke(key.info.serial)
    trust = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    assert ours(signed, trust) == theirs(signed, trust) == ("INDETERMINATE", "REVOKED_NO_POE")
