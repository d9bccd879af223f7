"""The command line, as a user calls it; and the services as a process."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pikepdf
import pytest

from signing.__main__ import main
from signing.child import verify_in_child
from signing.keys import Pkcs12Key
from signing.report import Code, Verdict
from signing.testing import DemoPki
from signing.trust import TrustStore
from tests.signing.conftest import sign
from tests.signing.forging import annotate, updated


@pytest.fixture
def files(
    tmp_path: Path, document: bytes, leader_p12: bytes, handwriting: bytes, monkeypatch: pytest.MonkeyPatch
) -> Path:
    (tmp_path / "in.pdf").write_bytes(document)
    (tmp_path / "key.p12").write_bytes(leader_p12)
    (tmp_path / "hand.png").write_bytes(handwriting)
    monkeypatch.setenv("PIN", "pin")
    return tmp_path


def call(*arguments: str | Path) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return code, out.getvalue()


@pytest.mark.slow
def test_sign_then_verify(files: Path, pki: DemoPki) -> None:
    signed = files / "out.pdf"
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    look = ("--role", "leader", "--image", files / "hand.png", "--anchor", "PHÓ GIÁM ĐỐC")
    code, out = call("sign", files / "in.pdf", signed, *key, *look, "--field", "Leader", "--json")
    assert code == 0, out
    assert json.loads(out)["field"] == "Leader"
    assert json.loads(out)["revocation"] == "unchecked"
    code, out = call("verify", signed, "--trust", pki.trust_folder, "--offline", "--json")
    found = json.loads(out)
    assert code == 0, out
    assert found["verdict"] == "valid"
    assert found["signatures"][0]["signer"] == "Nguyễn Văn Thiện"
    assert found["signatures"][0]["revocation"] == "unchecked"
    assert "thu hồi" in found["sentence"]
    strict = call("verify", signed, "--trust", pki.trust_folder, "--offline", "--require-revocation")
    assert strict[0] == 1


def test_the_signer_is_warned_of_what_was_not_checked_and_what_was_mended(
    files: Path, document: bytes
) -> None:
    (files / "in.pdf").write_bytes(b"junk before\n" + document)
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    code, out = call("sign", files / "in.pdf", files / "out.pdf", *key)
    assert code == 0, out
    assert "could not be checked" in out
    assert "written anew" in out


@pytest.mark.parametrize("role", ["number", "attachment", "copy"])
def test_each_role_has_a_default_place(role: str, files: Path) -> None:
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    text = "Số: 12/QĐ-SNV | An Giang, ngày 20 tháng 11 năm 2026"
    code, out = call("sign", files / "in.pdf", files / "out.pdf", *key, "--role", role, "--text", text)
    assert code == 0, out


@pytest.mark.slow
def test_exit_codes_tell_refused_from_wrong_use_and_unreadable(
    files: Path, pki: DemoPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = ("--trust", pki.trust_folder, "--offline")
    assert call("verify", files / "in.pdf", *trust)[0] == 1
    (files / "text.pdf").write_text("hello")
    assert call("verify", files / "text.pdf", *trust)[0] == 3
    assert call("verify", files / "in.pdf", "--trust", files / "nowhere")[0] == 2
    assert call("verify", files / "missing.pdf", *trust)[0] == 2
    assert call("verify")[0] == 2
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    assert call("sign", files / "text.pdf", files / "o.pdf", *key)[0] == 3
    assert (
        call("sign", files / "in.pdf", files / "o.pdf", "--key", "pkcs11:token=x", "--passphrase-env", "PIN")[
            0
        ]
        == 2
    )
    monkeypatch.setenv("PIN", "wrong")
    code, out = call("sign", files / "in.pdf", files / "o.pdf", *key)
    assert (code, "passphrase" in out) == (1, True)
    assert not (files / "o.pdf").exists()


@pytest.mark.slow
def test_what_is_no_pdf_and_what_is_not_there_are_said_plainly(files: Path) -> None:
    (files / "text.pdf").write_text("hello")
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    for command in (("inspect", files / "text.pdf"), ("sign", files / "text.pdf", files / "o.pdf", *key)):
        said = call(*command)
        assert said == (3, "signing: the file cannot be read as a PDF: it does not begin as one does\n")
    assert call("inspect", files / "no.pdf") == (2, f"signing: {files / 'no.pdf'}: there is no such file\n")


@pytest.mark.slow
def test_libraries_that_complain_of_a_file_print_nothing(
    files: Path, document: bytes, leader: Pkcs12Key, trust: TrustStore, capfd: pytest.CaptureFixture[str]
) -> None:
    """An XFA form and a field that no form lists, with a note after signing, so that pages are drawn."""
    with pikepdf.open(io.BytesIO(document)) as form:
        form.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(), XFA=pikepdf.String("<x/>"))
        widget = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, Rect=[9, 9, 20, 20]
        )
        form.pages[0].Annots = pikepdf.Array([form.make_indirect(widget)])
        with pytest.warns(pikepdf.PageCopyWarning):
            form.save(files / "form.pdf")
    signed, _ = sign((files / "form.pdf").read_bytes(), leader, field="Leader")
    (files / "form.pdf").write_bytes(updated(signed, annotate((90, 600, 390, 680))))
    capfd.readouterr()
    assert verify_in_child(files / "form.pdf", trust).verdict is not Verdict.VALID
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_reader_who_has_read_enough_sees_no_traceback(files: Path) -> None:
    command = [sys.executable, "-m", "signing", "inspect", "--json", str(files / "in.pdf")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root
    ) as made:
        assert made.stdout
        assert made.stderr
        made.stdout.close()
        assert made.stderr.read() == ""


@pytest.mark.parametrize(
    "wrong",
    [
        ("--page", "2"),
        ("--text", "a", "--page", "2"),
        ("--text", "a", "--anchor", "Nơi nhận", "--page", "1"),
        ("--box", "10,10,90,90"),
        ("--anchor", "Nơi nhận"),
        ("--level", "b-t"),
        ("--level", "b-lt", "--tsa", "http://127.0.0.1:9"),
        ("--at", "2020-01-01"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_wrong_use(wrong: tuple[str, ...], files: Path) -> None:
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    code, out = call("sign", files / "in.pdf", files / "out.pdf", *key, *wrong)
    assert (code, (files / "out.pdf").exists()) == (2, False), out


def test_no_output_takes_the_place_of_the_file_it_is_about(files: Path, document: bytes) -> None:
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN", "--detached")
    assert call("sign", files / "in.pdf", files / "in.pdf", *key)[0] == 2
    assert call("timestamp", files / "in.pdf", "--tsa", "http://127.0.0.1:9", files / "in.pdf")[0] == 2
    assert (files / "in.pdf").read_bytes() == document


def test_a_place_where_nothing_can_be_written_is_said_in_a_line(files: Path) -> None:
    key = ("--key", files / "key.p12", "--passphrase-env", "PIN")
    code, out = call("sign", files / "in.pdf", files / "in.pdf" / "out.pdf", *key)
    assert (code, len(out.splitlines())) == (2, 1)


@pytest.mark.slow
def test_inspect_gives_structure_without_a_verdict(files: Path, chain: list[bytes]) -> None:
    (files / "chain.pdf").write_bytes(chain[2])
    code, out = call("inspect", files / "chain.pdf", "--json")
    found = json.loads(out)
    assert code == 0
    assert [one["adds"].get("signature", 0) for one in found["revisions"]] == [0, 1, 1, 1]
    ends = [one["ends_at"] for one in found["revisions"][1:]]
    assert ends == [one.rindex(b"%%EOF") + 5 for one in chain]
    assert all("page" in one["changes"] for one in found["revisions"][1:]), "each adds a field to its page"
    assert [(one["field"], one["revision"], one["format"]) for one in found["signatures"]] == [
        ("Leader", 2, "ETSI.CAdES.detached"), ("Number", 3, "ETSI.CAdES.detached"), ("Seal", 4, "ETSI.CAdES.detached")
    ]  # fmt: skip
    assert [field["name"] for field in found["fields"]] == ["Leader", "Number", "Seal"]


@pytest.mark.slow
def test_a_check_in_a_child_gives_the_same_verdict(
    files: Path, chain: list[bytes], trust: TrustStore
) -> None:
    (files / "chain.pdf").write_bytes(chain[2])
    report = verify_in_child(files / "chain.pdf", trust)
    assert report.verdict is Verdict.VALID
    assert len(report.signatures) == 3


@pytest.mark.slow
def test_a_check_beyond_its_time_is_unreadable(files: Path, chain: list[bytes], trust: TrustStore) -> None:
    (files / "chain.pdf").write_bytes(chain[2])
    report = verify_in_child(files / "chain.pdf", trust, seconds=0.001)
    assert report.verdict is Verdict.UNREADABLE
    assert report.findings[0].code is Code.LIMIT


@pytest.mark.slow
def test_a_check_beyond_its_memory_is_never_valid(files: Path, chain: list[bytes], trust: TrustStore) -> None:
    (files / "chain.pdf").write_bytes(chain[2])
    assert verify_in_child(files / "chain.pdf", trust, megabytes=1).verdict is not Verdict.VALID


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def serve(tmp_path: Path) -> Callable[[int], subprocess.Popen[str]]:
    def start(port: int) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "signing.testing",
            "serve",
            "--pki",
            str(tmp_path / "pki"),
            "--port",
            str(port),
        ]
        root = Path(__file__).parents[2]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ)
        assert process.stdout
        assert process.stdout.readline().startswith("trust services on")
        return process

    return start


@pytest.mark.slow
def test_the_services_answer_stop_cleanly_and_keep_their_keys(
    serve: Callable[[int], subprocess.Popen[str]], files: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    seen = []
    for stop in (signal.SIGTERM, signal.SIGINT):
        process = serve(port)
        try:
            assert httpx.get(f"{url}/healthz").text == "ok\n"
            seen.append(httpx.get(f"{url}/root.cer").content)
            assert httpx.get(f"{url}/crl").headers["content-type"] == "application/pkix-crl"
            assert httpx.get(f"{url}/nothing").status_code == 404
            code, out = call("timestamp", files / "in.pdf", files / "t.tsr", "--tsa", f"{url}/tsa")
            assert code == 0, out
        finally:
            process.send_signal(stop)
        assert process.wait(5) == 0
    assert seen[0] == seen[1]
    trust = ("--trust", files / "pki" / "trust")
    assert call("verify-timestamp", files / "in.pdf", files / "t.tsr", *trust)[0] == 0
    assert call("verify-timestamp", files / "hand.png", files / "t.tsr", *trust)[0] == 1
    assert call("verify-timestamp", files / "in.pdf", files / "hand.png", *trust)[0] == 3
    assert call("timestamp", files / "in.pdf", files / "x.tsr", "--tsa", f"{url}/tsa")[0] == 1
