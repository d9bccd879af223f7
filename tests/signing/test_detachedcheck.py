"""Detached signatures over files that are no PDF."""

import io
import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem

from signing.__main__ import main
from signing.detached import sign_detached
from signing.detachedcheck import verify_detached
from signing.keys import Pkcs12Key
from signing.report import Code, Coverage, Report, Revocation, Verdict
from signing.sentences import about, headline
from signing.testing import DemoPki
from signing.trust import TrustStore

CONTENT = "Kế hoạch năm 2026\n".encode() * 20_000


@pytest.fixture(scope="module")
def signature(leader: Pkcs12Key) -> bytes:
    return sign_detached(io.BytesIO(CONTENT), leader)


def check(data: bytes, signature: bytes, trust: TrustStore, **options: object) -> Report:
    return verify_detached(io.BytesIO(data), signature, trust, **options)  # type: ignore[arg-type]


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.all_findings}


@pytest.mark.parametrize("armoured", [False, True])
def test_a_detached_signature_tells_who_signed_the_whole_file(
    armoured: bool, signature: bytes, trust: TrustStore
) -> None:
    report = check(CONTENT, pem.armor("CMS", signature) if armoured else signature, trust)
    (one,) = report.signatures
    assert report.verdict is Verdict.VALID
    assert one.signer is not None
    assert (one.signer.name, one.coverage, one.revocation) == (
        "Nguyễn Văn Thiện",
        Coverage.WHOLE_FILE,
        Revocation.GOOD,
    )


def test_a_changed_byte_makes_it_invalid(signature: bytes, trust: TrustStore) -> None:
    report = check(CONTENT[:-1] + b"x", signature, trust)
    assert report.verdict is Verdict.INVALID
    assert codes(report) >= {Code.ALTERED}
    assert "bị sửa sau khi ký" in headline(report)


def test_no_reader_of_pdf_is_spoken_of(signature: bytes, trust: TrustStore) -> None:
    right, wrong = (check(data, signature, trust) for data in (CONTENT, CONTENT[:-1] + b"x"))
    said = about(right, right.signatures[0])
    assert said["shown"] == "Tệp đúng từng byte là tệp đã ký; chữ ký ở tệp riêng."
    assert "after" not in said
    assert "không phải là tệp đã ký" in about(wrong, wrong.signatures[0])["shown"]


def test_a_changed_signature_is_never_valid(signature: bytes, trust: TrustStore) -> None:
    for at in range(20, len(signature), len(signature) // 40):
        made = bytearray(signature)
        made[at] ^= 1
        report = check(CONTENT, bytes(made), trust)
        # the copy of the issuer's certificate may be wrong: the trusted one is taken
        assert report.verdict is not Verdict.VALID or report.signatures[0].intact


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x80", CONTENT, b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n"]
)
def test_what_is_no_signature_is_unreadable(data: bytes, trust: TrustStore) -> None:
    assert check(CONTENT, data, trust).verdict is Verdict.UNREADABLE


@pytest.mark.slow
def test_a_stranger_is_not_confirmed_and_revocation_may_be_required(
    signature: bytes, pki: DemoPki, tmp_path: Path
) -> None:
    other = DemoPki.create(tmp_path / "other", "http://127.0.0.1:9")
    assert codes(check(CONTENT, signature, other.trust)) >= {Code.UNTRUSTED}
    assert check(CONTENT, signature, pki.trust).verdict is Verdict.VALID
    assert check(CONTENT, signature, pki.trust, require_revocation=True).verdict is Verdict.INDETERMINATE


def test_a_revoked_signer_is_invalid(pki: DemoPki, now: datetime) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Trần Thị Hoa", "Chuyên viên", "Sở Y tế", passphrase="x"), "x")
    made = sign_detached(io.BytesIO(CONTENT), key)
    pki.revoke(key.info.serial, at=now - timedelta(minutes=5))
    report = check(CONTENT, made, pki.trust.with_revocation(crls=[pki.crl(), pki.root_crl()]))
    assert report.verdict is Verdict.INVALID
    assert codes(report) >= {Code.REVOKED}


@pytest.mark.slow
def test_the_command_takes_it_and_openssl_agrees(
    signature: bytes, pki: DemoPki, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.docx").write_bytes(CONTENT)
    (tmp_path / "plan.p7s").write_bytes(signature)
    arguments = [
        "verify",
        str(tmp_path / "plan.docx"),
        "--trust",
        str(pki.trust_folder),
        "--offline",
        "--json",
    ]
    assert main([*arguments, "--signature", str(tmp_path / "plan.p7s")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["signatures"][0]["integrity"]) == ("valid", "intact")
    command = ["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any"]
    command += [
        "-in",
        "plan.p7s",
        "-content",
        "plan.docx",
        "-CAfile",
        str(pki.folder / "root.pem"),
        "-out",
        "out",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "CAdES Verification successful" in done.stderr, done.stderr
