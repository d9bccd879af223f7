"""Other programs confirm what is made here, and what others make is checked here."""

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing.keys import Pkcs12Key
from signing.report import Clock, Revocation, Verdict
from signing.sign import Level, sign_pdf
from signing.testing import DemoPki
from signing.testing.server import TrustServer
from signing.timestamps import HttpTimestamper, stamp
from signing.trust import TrustStore
from signing.verify import verify_pdf
from tests.signing.conftest import LEADER, sign
from tests.signing.test_main import call

pytestmark = pytest.mark.peer


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )


def cut(data: bytes, which: int) -> tuple[bytes, bytes]:
    """Signed bytes and CMS of the signature that stands at `which` in the file."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", data)
    a, b, c, d = map(int, ranges[which])
    return data[a : a + b] + data[c : c + d], bytes.fromhex(data[a + b + 1 : c - 1].decode())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[DemoPki]:
    """A PKI whose services answer on a free port."""
    import threading

    probe = TrustServer(DemoPki.create(tmp_path / "probe", "http://127.0.0.1:9"), 0)
    port = probe.server_port
    probe.pki = pki = DemoPki.create(tmp_path / "pki", f"http://127.0.0.1:{port}")
    thread = threading.Thread(target=probe.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield pki
    probe.shutdown()
    probe.server_close()


@pytest.fixture
def roots(pki: DemoPki, tmp_path: Path) -> Path:
    path = tmp_path / "root.pem"
    path.write_bytes(pki.root.certificate.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize("which", [0, 1, 2])
def test_openssl_confirms_every_signature_of_the_chain(
    which: int, chain: list[bytes], roots: Path, tmp_path: Path
) -> None:
    data, cms = cut(chain[2], which)
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "p7s").write_bytes(cms)
    command = ["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any"]
    files = [
        "-in",
        tmp_path / "p7s",
        "-content",
        tmp_path / "data",
        "-CAfile",
        roots,
        "-out",
        tmp_path / "out",
    ]
    found = run(*command, *files)
    assert "CAdES Verification successful" in found.stderr, found.stderr
    (tmp_path / "data").write_bytes(data.replace(b"%PDF-1.7", b"%PDF-1.6"))
    assert run(*command, *files).returncode != 0


def test_pdfsig_and_qpdf_confirm_the_chain(chain: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "chain.pdf"
    path.write_bytes(chain[2])
    found = run("pdfsig", path).stdout
    assert found.count("Signature is Valid.") == 3
    assert found.count("- Total document signed") == 1
    assert LEADER in found
    checked = run("qpdf", "--check", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_openssl_confirms_an_ecdsa_signature(
    document: bytes, stranger: Pkcs12Key, roots: Path, tmp_path: Path
) -> None:
    data, cms = cut(sign(document, stranger, field="S")[0], 0)
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "p7s").write_bytes(cms)
    command = ["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any"]
    files = [
        "-in",
        tmp_path / "p7s",
        "-content",
        tmp_path / "data",
        "-CAfile",
        roots,
        "-out",
        tmp_path / "out",
    ]
    assert "successful" in run(*command, *files).stderr


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_openssl_and_pdfsig_confirm_rsassa_pss(
    digest: str, document: bytes, leader_p12: bytes, roots: Path, tmp_path: Path
) -> None:
    key = Pkcs12Key.unlock(leader_p12, "pin", pss=True)
    signed, _ = sign(document, key, field="S", digest=digest)
    data, cms = cut(signed, 0)
    for name, content in (("data", data), ("p7s", cms), ("s.pdf", signed)):
        (tmp_path / name).write_bytes(content)
    found = run(
        "openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-purpose", "any", "-in", tmp_path / "p7s",
        "-content", tmp_path / "data", "-CAfile", roots, "-out", tmp_path / "out",
    )  # fmt: skip
    assert "CAdES Verification successful" in found.stderr, found.stderr
    assert "Signature is Valid." in run("pdfsig", tmp_path / "s.pdf").stdout


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT, Level.B_LTA])
def test_time_stamped_levels_hold_offline(level: Level, document: bytes, served: DemoPki) -> None:
    key = Pkcs12Key.unlock(served.issue_person("Trần Thị Bình", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    target = io.BytesIO()
    url = f"{served.base_url}/tsa"
    sign_pdf(
        io.BytesIO(document),
        target,
        key,
        field="L",
        level=level,
        timestamper=HttpTimestamper(url),
        trust=served.trust,
        allow_private_fetch=True,
    )
    (found,) = verify_pdf(target, served.trust).signatures
    assert found.clock is Clock.TIMESTAMP
    assert found.level is level
    assert found.verdict is Verdict.VALID
    assert found.revocation is (Revocation.UNCHECKED if level is Level.B_T else Revocation.GOOD)
    fetched = verify_pdf(
        target, served.trust, offline=False, allow_private_fetch=True, require_revocation=True
    )
    assert fetched.verdict is Verdict.VALID


def test_every_signature_of_a_chain_is_archived_and_the_stamp_renewed(
    document: bytes, served: DemoPki, tmp_path: Path
) -> None:
    key = Pkcs12Key.unlock(served.issue_person("Trần Thị Cúc", "Giám đốc", "Sở Y tế", passphrase="x"), "x")
    stamper = HttpTimestamper(f"{served.base_url}/tsa")
    before, once, twice = (tmp_path / f"{name}.pdf" for name in ("before", "once", "twice"))
    first, _ = sign(document, key, field="A", level=Level.B_T, timestamper=stamper)
    second, _ = sign(first, key, field="B")
    before.write_bytes(second)
    command = ("--tsa", stamper.url, "--trust", served.trust_folder, "--allow-private")
    for source, target in ((before, once), (once, twice)):
        code, said = call("archive", source, target, *command)
        assert code == 0, said
        assert target.read_bytes().startswith(source.read_bytes())
        report = verify_pdf(target, served.trust)
        assert report.verdict is Verdict.VALID, report
        assert [one.level for one in report.signatures] == [Level.B_LTA, Level.B_LTA]
        assert [one.clock for one in report.signatures] == [Clock.TIMESTAMP, Clock.TIMESTAMP]
        assert run("qpdf", "--check", target).returncode == 0
    (tmp_path / "plain.pdf").write_bytes(document)
    assert call("archive", tmp_path / "plain.pdf", tmp_path / "no.pdf", *command)[0] == 1
    assert not (tmp_path / "no.pdf").exists()


def test_requirement_25_a_signer_is_not_warned_when_the_issuer_answers_and_refused_when_it_says_revoked(
    document: bytes, served: DemoPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = served.issue_person("Trần Thị Dung", "Giám đốc", "Sở Y tế", passphrase="x")
    monkeypatch.setenv("PIN", "x")
    (tmp_path / "key.p12").write_bytes(bundle)
    (tmp_path / "in.pdf").write_bytes(document)
    key = ("--key", tmp_path / "key.p12", "--passphrase-env", "PIN", "--trust", served.trust_folder)
    sign_it = ("sign", tmp_path / "in.pdf", tmp_path / "out.pdf", *key)
    assert "could not be checked" in call(*sign_it, "--allow-private", "--offline")[1]
    code, said = call(*sign_it, "--allow-private")
    assert (code, "could not be checked" in said) == (0, False)
    served.revoke(Pkcs12Key.unlock(bundle, "x").info.serial)
    code, said = call(*sign_it, "--allow-private")
    assert (code, "revoked" in said) == (1, True)


def test_openssl_confirms_the_time_stamps_and_ocsp_answers(
    served: DemoPki, tmp_path: Path, leader_p12: bytes
) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"hello")
    with data.open("rb") as stream:
        (tmp_path / "tsr").write_bytes(stamp(stream, HttpTimestamper(f"{served.base_url}/tsa")))
    pem, middle = served.folder / "root.pem", served.folder / "intermediate.pem"
    found = run(
        "openssl",
        "ts",
        "-verify",
        "-in",
        tmp_path / "tsr",
        "-data",
        data,
        "-CAfile",
        pem,
        "-untrusted",
        middle,
    )
    assert "Verification: OK" in found.stdout + found.stderr
    key = Pkcs12Key.unlock(served.issue_person("Lý Văn Cường", "Chuyên viên", "Sở", passphrase="x"), "x")
    (issued,) = (served.folder / "issued").glob(f"{key.info.serial}.pem")
    ask = [
        "openssl",
        "ocsp",
        "-issuer",
        middle,
        "-cert",
        issued,
        "-url",
        f"{served.base_url}/ocsp",
        "-CAfile",
        pem,
    ]
    assert ": good" in run(*ask).stdout
    served.revoke(key.info.serial)
    revoked = run(*ask)
    assert ": revoked" in revoked.stdout
    assert "Response verify OK" in revoked.stderr


def test_a_signature_made_by_pdfsig_is_found_but_its_file_not_confirmed(
    document: bytes, leader_p12: bytes, trust: TrustStore, tmp_path: Path
) -> None:
    store = tmp_path / "nss"
    store.mkdir()
    if shutil.which("certutil") is None or shutil.which("pk12util") is None:
        pytest.skip("the NSS tools are not installed")
    (tmp_path / "key.p12").write_bytes(leader_p12)
    run("certutil", "-N", "-d", f"sql:{store}", "--empty-password")
    run("pk12util", "-i", tmp_path / "key.p12", "-d", f"sql:{store}", "-W", "pin", "-K", "")
    listed = run("certutil", "-L", "-d", f"sql:{store}").stdout
    nick = next((line.rsplit("  ", 1)[0].strip() for line in listed.splitlines() if "u,u,u" in line), "")
    (tmp_path / "in.pdf").write_bytes(document)
    run(
        "pdfsig", "-nssdir", store, "-add-signature", "-nick", nick, tmp_path / "in.pdf", tmp_path / "out.pdf"
    )
    if not (tmp_path / "out.pdf").exists():
        pytest.skip("this pdfsig did not sign")
    # its revisions renumber generations in a way strict readers refuse: found and named, not confirmed
    report = verify_pdf(tmp_path / "out.pdf", trust)
    assert report.signatures[0].intact
    assert report.signatures[0].trusted
    assert report.verdict is Verdict.INDETERMINATE


def test_a_file_signed_by_plain_pyhanko_is_valid(
    document: bytes, leader_p12: bytes, trust: TrustStore
) -> None:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

    signer = SimpleSigner.load_pkcs12_data(leader_p12, other_certs=[], passphrase=b"pin")
    out = io.BytesIO()
    PdfSigner(PdfSignatureMetadata(field_name="S"), signer).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(document)), output=out
    )
    assert verify_pdf(out, trust).verdict is Verdict.VALID
