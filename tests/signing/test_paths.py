"""A path that was found good is found again for the same question, and for no other."""

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signing import paths
from signing.keys import Pkcs12Key
from signing.report import Code, Report, Revocation, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.forging import signed_by_hand


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moments for which a path was looked for and validated."""
    found: list[datetime] = []
    slow = paths.find_valid_path

    async def counted(certificate: Any, ways: Any, context: Any, *rest: Any) -> Any:
        found.append(context.moment)
        return await slow(certificate, ways, context, *rest)

    monkeypatch.setattr(paths, "find_valid_path", counted)
    monkeypatch.setattr(paths, "_kept", paths._Kept())
    return found


@pytest.fixture
def data(leader: Any) -> bytes:
    return signed_by_hand(leader)


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.all_findings}


def test_the_second_document_of_a_signer_asks_for_no_path(
    leader: Any, trust: TrustStore, now: datetime, asked: list[datetime]
) -> None:
    later = now + timedelta(minutes=1)  # the lists have just begun
    reports = [
        verify_pdf(io.BytesIO(signed_by_hand(leader, text=text)), trust, at=later + timedelta(seconds=second))
        for second, text in enumerate(("100 dong", "200 dong"))
    ]
    assert [report.verdict for report in reports] == [Verdict.VALID] * 2
    assert [one.revocation for report in reports for one in report.signatures] == [Revocation.GOOD] * 2
    assert asked == [later]


def test_a_moment_beyond_the_next_end_of_a_certificate_or_list_is_asked_anew(
    data: bytes, trust: TrustStore, now: datetime, asked: list[datetime]
) -> None:
    assert verify_pdf(io.BytesIO(data), trust, at=now).verdict is Verdict.VALID
    for days in (4000, -4000):
        report = verify_pdf(io.BytesIO(data), trust, at=now + timedelta(days=days))
        assert report.verdict is not Verdict.VALID
        assert not report.signatures[0].trusted
    assert len(set(asked)) == 3


def test_who_is_revoked_is_so_at_once_for_whoever_knows_the_newer_list(
    pki: DemoPki, now: datetime, asked: list[datetime]
) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Lê Thị Thu", "Giám đốc", "Sở Y tế", passphrase="pin"), "pin")
    data = signed_by_hand(key)
    before = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    assert verify_pdf(io.BytesIO(data), before, at=now).verdict is Verdict.VALID
    pki.revoke(key.info.serial)
    after = pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()])
    for _ in range(2):
        assert Code.REVOKED in codes(verify_pdf(io.BytesIO(data), after, at=now + timedelta(minutes=1)))
    assert verify_pdf(io.BytesIO(data), before, at=now).verdict is Verdict.VALID


def test_whoever_believes_others_asks_for_himself(
    data: bytes, trust: TrustStore, now: datetime, asked: list[datetime], tmp_path: Path
) -> None:
    assert verify_pdf(io.BytesIO(data), trust, at=now).signatures[0].trusted
    other = DemoPki.create(tmp_path / "pki", "http://127.0.0.1:9").trust
    assert not verify_pdf(io.BytesIO(data), other, at=now).signatures[0].trusted
    assert len(asked) == 2
