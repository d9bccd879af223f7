"""Files that this program, pyHanko and @signpdf once made: our verdict is pyHanko's, whatever was made quicker."""

import asyncio
import io
from datetime import datetime
from pathlib import Path

import pytest
from asn1crypto import crl, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from signing import quick
from signing.report import Code, Report, Verdict
from signing.sign import Level
from signing.trust import TrustStore
from signing.verify import verify_pdf

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path.name for path in CORPUS.glob("*.pdf"))


@pytest.fixture(scope="module")
def believed() -> TrustStore:
    roots, middles = (
        pem.unarmor((CORPUS / name).read_bytes())[2] for name in ("root.pem", "intermediate.pem")
    )
    return TrustStore(
        (roots,), (middles,), tuple((CORPUS / name).read_bytes() for name in ("people.crl", "root.crl"))
    )


@pytest.fixture(scope="module")
def made_at(believed: TrustStore) -> datetime:
    """When the lists of revoked certificates were made."""
    found: datetime = crl.CertificateList.load(believed.crls[0])["tbs_cert_list"]["this_update"].native
    return found


def ours(name: str, trust: TrustStore, at: datetime) -> Report:
    return verify_pdf(CORPUS / name, trust, at=at)


def theirs(name: str, trust: TrustStore, at: datetime) -> list[bool]:
    """What pyHanko says of each signature; nothing of a signature it cannot read."""
    reader = PdfFileReader(io.BytesIO((CORPUS / name).read_bytes()), strict=True)

    async def every() -> list[bool]:
        found = []
        for one in reader.embedded_regular_signatures:
            context = ValidationContext(
                trust_roots=[x509.Certificate.load(der) for der in trust.roots],
                other_certs=[x509.Certificate.load(der) for der in trust.intermediates],
                crls=[crl.CertificateList.load(der) for der in trust.crls],
                moment=at, allow_fetching=False, retroactive_revinfo=True, revocation_mode="require",
            )  # fmt: skip
            found.append(bool((await async_validate_pdf_signature(one, context)).bottom_line))
        return found

    return asyncio.run(every())


@pytest.mark.parametrize("name", [name for name in FILES if name != "signpdf.pdf"])
def test_the_verdicts_agree(name: str, believed: TrustStore, made_at: datetime) -> None:
    report = ours(name, believed, made_at)
    assert [one.verdict is Verdict.VALID for one in report.signatures] == theirs(name, believed, made_at)
    assert (report.verdict is Verdict.VALID) == (name != "altered.pdf")


@pytest.mark.parametrize("name", FILES)
def test_quicker_ways_change_no_report(
    name: str, believed: TrustStore, made_at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = ours(name, believed, made_at)
    monkeypatch.setattr(quick, "_supported", False)
    assert ours(name, believed, made_at) == report


@pytest.mark.slow
def test_the_levels_are_those_they_were_made_at(believed: TrustStore, made_at: datetime) -> None:
    levels = {name: {one.level for one in ours(name, believed, made_at).signatures} for name in FILES}
    assert levels["archived.pdf"] == levels["b-lta.pdf"] == {Level.B_LTA}
    assert (levels["b-lt.pdf"], levels["b-t.pdf"], levels["chain.pdf"]) == (
        {Level.B_LT},
        {Level.B_T},
        {Level.B_B},
    )
    assert not any(one.pades for one in ours("pyhanko.pdf", believed, made_at).signatures)


def test_a_file_of_signpdf_is_found_signed_and_not_confirmed(believed: TrustStore, made_at: datetime) -> None:
    """It begins its cross-references with a stray space, and writes Vietnamese names of issuers twice encoded."""
    report = ours("signpdf.pdf", believed, made_at)
    (found,) = report.signatures
    assert report.verdict is Verdict.INDETERMINATE
    assert found.signer is not None
    assert (found.signer.name, found.intact, found.trusted) == ("Nguyễn Văn Thiện", True, True)
    assert {Code.DAMAGED, Code.MISNAMED} <= {finding.code for finding in report.all_findings}
