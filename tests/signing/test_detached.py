"""Detached signatures over files of any kind, confirmed by openssl."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms

from signing import errors
from signing.detached import sign_detached
from signing.keys import Pkcs12Key
from signing.testing import DemoPki
from signing.trust import TrustStore
from tests.signing.test_main import call
from tests.signing.test_peers import run

CONTENT = "Bảng số liệu, không phải PDF\n".encode() * 1000


def _openssl(folder: Path, content: bytes, signature: bytes, root: Path) -> str:
    (folder / "content").write_bytes(content)
    (folder / "s.p7s").write_bytes(signature)
    found = run(
        "openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any", "-in", folder / "s.p7s",
        "-content", folder / "content", "-CAfile", root, "-out", folder / "out",
    )  # fmt: skip
    return found.stderr


@pytest.mark.peer
@pytest.mark.parametrize("pss", [False, True])
def test_openssl_confirms_it_for_the_very_bytes_alone(
    pss: bool, leader_p12: bytes, trust: TrustStore, pki: DemoPki, tmp_path: Path
) -> None:
    key = Pkcs12Key.unlock(leader_p12, "pin", pss=pss)
    made = sign_detached(io.BytesIO(CONTENT), key, trust=trust, digest="sha384")
    root = pki.folder / "root.pem"
    assert "CAdES Verification successful" in _openssl(tmp_path, CONTENT, made, root)
    assert "successful" not in _openssl(tmp_path, CONTENT + b" ", made, root)


def test_it_carries_certificate_chain_and_signing_time(leader: Pkcs12Key) -> None:
    data = cms.ContentInfo.load(sign_detached(io.BytesIO(CONTENT), leader))["content"]
    (signer,) = data["signer_infos"]
    kinds = {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert {"signing_time", "signing_certificate_v2", "message_digest", "content_type"} <= kinds
    assert data["encap_content_info"]["content"].native is None
    assert len(data["certificates"]) == 2


def test_a_revoked_key_signs_no_file_either(pki: DemoPki) -> None:
    key = Pkcs12Key.unlock(pki.issue_person("Lê Thu Hồi", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    pki.revoke(key.info.serial, at=datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(errors.CertificateRevoked):
        sign_detached(io.BytesIO(CONTENT), key, trust=pki.trust.with_revocation(crls=[pki.crl()]))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 0),
        (("--role", "leader"), 2),
        (("--level", "b-lta"), 2),
        (("--level", "b-t"), 2),
        (("--level", "b-t", "--tsa", "http://127.0.0.1:9/tsa"), 1),
    ],
)
def test_the_command_line_signs_any_file(
    arguments: tuple[str, ...], code: int, leader_p12: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.xlsx").write_bytes(CONTENT)
    (tmp_path / "key.p12").write_bytes(leader_p12)
    monkeypatch.setenv("PIN", "pin")
    out = tmp_path / "out.p7s"
    key = ("--key", tmp_path / "key.p12", "--passphrase-env", "PIN")
    found, said = call("sign", tmp_path / "in.xlsx", out, "--detached", *key, *arguments)
    assert found == code, said
    assert out.exists() is (code == 0)
