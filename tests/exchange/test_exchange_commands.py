"""`python -m exchange`: what it prints and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exchange.__main__ import main
from exchange.build import build
from exchange.model import MessageKind
from exchange.parse import read_header
from exchange.testing import SMALL_PDF, HubProcess, attachment, document, status
from exchange.vxp import Delivery


@pytest.fixture
def packet(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    with (tmp_path / "a.edxml").open("wb") as out:
        build(document(attachments=[attachment(tmp_path / "in")]), out)
    return tmp_path / "a.edxml"


def run(*words: object, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def test_parse_tells_all_and_build_makes_the_same_again(packet: Path, tmp_path: Path):
    result = run("parse", packet, "--out", tmp_path / "files", "--json")
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert (content["message"], content["business"], content["code_number"]) == ("edoc", "new", "1415")
    assert content["promulgated_on"] == "2026-11-20"
    [entry] = content["attachments"]
    assert (entry["name"], entry["media_type"]) == ("CV-1415.pdf", "application/pdf")
    assert (tmp_path / "files" / "CV-1415.pdf").read_bytes() == SMALL_PDF

    (tmp_path / "spec.json").write_text(result.stdout, encoding="utf-8")
    assert run("build", tmp_path / "spec.json", tmp_path / "b.edxml").exit_code == 0
    assert (tmp_path / "b.edxml").read_bytes() == packet.read_bytes()


@pytest.mark.parametrize(
    ("there", "instead", "path", "words"),
    [
        (b"2026/11/20</", b"2026/02/30</", "PromulgationDate", "không có thật"),
        (b">CV-1415.pdf<", b">../../CV-1415.pdf<", "AttachmentName", "có đường dẫn"),
        (b">CV-1415.pdf<", b">C:\\x\\CV-1415.pdf<", "AttachmentName", "có đường dẫn"),
        (b"Priority>0<", b"Priority>gap<", "Priority", "không phải số"),
    ],
)
def test_what_a_reader_puts_up_with_is_an_error_of_who_sends_it(
    packet: Path, there: bytes, instead: bytes, path: str, words: str
):
    whole = packet.read_bytes()
    assert there in whole
    packet.write_bytes(whole.replace(there, instead))
    result = run("validate", packet, "--json")
    errors = [item for item in json.loads(result.stdout)["errors"] if item["path"].endswith(path)]
    assert (result.exit_code, len(errors), words in errors[0]["message_vi"]) == (1, 1, True)
    assert run("parse", packet).exit_code == 0


def test_build_names_what_its_file_lacks(tmp_path: Path):
    spec = tmp_path / "spec.json"
    for content, words in (
        ({"message": "edoc"}, "header is missing"),
        ({"message": "edoc", "header": []}, "header is missing"),
        ({"message": "edoc", "header": {}}, "sender is missing"),
        ({"message": "edoc", "header": {"sender": "H01"}}, "recipients is missing"),
    ):
        spec.write_text(json.dumps(content))
        result = run("build", spec, tmp_path / "x")
        assert (result.exit_code, words in result.output) == (1, True), (content, result.output)


def test_a_status_makes_the_same_way_back(tmp_path: Path):
    with (tmp_path / "s.edxml").open("wb") as out:
        build(status(document(), "03"), out)
    result = run("parse", tmp_path / "s.edxml", "--json")
    assert json.loads(result.stdout)["status_code"] == "03"
    (tmp_path / "spec.json").write_text(result.stdout, encoding="utf-8")
    assert run("build", tmp_path / "spec.json", tmp_path / "t.edxml").exit_code == 0
    assert (tmp_path / "t.edxml").read_bytes() == (tmp_path / "s.edxml").read_bytes()


def test_exit_codes(packet: Path, tmp_path: Path):
    assert run("validate", packet).exit_code == 0
    (tmp_path / "junk").write_bytes(b"<html/>")
    assert run("parse", tmp_path / "junk").exit_code == 3
    result = run("validate", tmp_path / "junk", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["errors"][0]["message_vi"]
    assert run("parse", tmp_path / "none").exit_code == 2
    assert run("parse").exit_code == 2
    (tmp_path / "spec.json").write_text('{"message": "edoc", "header": {"nonsense": 1}}')
    assert run("build", tmp_path / "spec.json", tmp_path / "x").exit_code == 1
    assert not (tmp_path / "x").exists()
    assert run("verify-evidence", tmp_path / "junk").exit_code == 1


def test_send_hands_over_and_refusals_end_with_one(hub: HubProcess, party, tmp_path: Path):
    a, b = party(), party()
    message = document(sender=a.organization, recipients=[b.organization], attachments=[attachment(tmp_path)])
    with (tmp_path / "a.edxml").open("wb") as out:
        build(message, out)
    words = [
        "send",
        tmp_path / "a.edxml",
        "--url",
        hub.url,
        "--system",
        a.client.system_id,
        "--secret-env",
        "KEY",
    ]
    first, second = (json.loads(run(*words, "--json", KEY="secret").stdout) for _ in range(2))
    assert first == second
    assert first["receipt"]["statement"]["doc_id"] == first["doc_id"]
    assert run(*words, KEY="wrong").exit_code == 1
    assert run(*words).exit_code == 2
    assert len(b.client.received()) == 1


@contextmanager
def foreign(hub: HubProcess, party, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "exchange", "receive", "--url", hub.url, "--system", party.client.system_id,
               "--secret-env", "KEY", "--out", str(out), "--auto-status", "--delay", "0.1", "--json"]  # fmt: skip
    environment = os.environ | {"KEY": "secret", "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - for the child
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def statuses(party) -> list[tuple[str, str]]:
    """Fetches and confirms what came back, oldest first."""
    found = []
    for waiting in party.client.received(MessageKind.STATUS):
        message = read_header(BytesIO(party.read(waiting.doc_id))).message
        found.append((message.status_code, message.description))
        party.client.confirm(waiting.doc_id, Delivery.DONE)
    return found


def until(check, seconds: float = 20):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


@pytest.mark.slow
def test_a_foreign_system_answers_every_document_once_though_it_is_killed(
    hub: HubProcess, party, letter, tmp_path
):
    a, b = party(), party()
    numbers = range(3)
    with foreign(hub, b, tmp_path / "out"):
        for number in numbers:
            a.send(letter(a, b, number=number))
        until(lambda: a.client.count(MessageKind.STATUS))
    with foreign(hub, b, tmp_path / "out") as process:
        until(lambda: a.client.count(MessageKind.STATUS) >= 5 * len(numbers))
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    answers = statuses(a)
    assert sorted(code for code, _ in answers) == sorted(["01", "03", "04", "05", "06"] * len(numbers))
    booked = {text for code, text in answers if code == "03"}
    assert booked == {f"Văn thư: đã tiếp nhận, vào sổ văn bản đến số {n}" for n in (1, 2, 3)}
    assert len(list((tmp_path / "out").glob("*/packet.edxml"))) == len(numbers)
    assert b.client.received() == []


@pytest.mark.slow
def test_a_foreign_system_agrees_when_asked_to_give_back(hub: HubProcess, party, letter, tmp_path):
    a, b = party(), party()
    message = letter(a, b)
    a.send(status(message, "13", sender=a.organization, response_for=_to(b, message), description="Gửi nhầm"))
    with foreign(hub, b, tmp_path / "out"):
        until(lambda: a.client.count(MessageKind.STATUS))
    assert [code for code, _ in statuses(a)] == ["15"]


def _to(party, message):
    return replace(status(message).response_for, organ_id=party.code)
