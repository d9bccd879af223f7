"""One official document the whole way, over HTTP, against the real processes."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eoffice.directory.models import Role
from tests.flows.installation import ROOT, Installation, wait_for
from tests.flows.steps import OUTSIDE, B, Office, paper

pytestmark = pytest.mark.flow


def test_one_document_goes_the_whole_way(installation: Installation, tmp_path: Path) -> None:
    office = Office(installation)
    subject = "Đề nghị cho ý kiến về hướng tuyến kênh T5"

    registered = office.register(901, subject)
    assert registered["register_number"] >= 1
    assert registered["state"] == "submitted"
    office.direct(registered["id"])
    assert office.specialist.get(f"/api/v1/incoming/{registered['id']}")["state"] == "in_progress"

    answer = "Trả lời về hướng tuyến kênh T5"
    draft = office.draft(answer, reply_to=registered["id"])
    office.sign(draft)
    numbered = office.number(draft)
    assert numbered["code_number"]
    office.seal(draft)
    office.issue(draft)
    assert office.outgoing(draft)["state"] == "issued"
    assert office.specialist.get(f"/api/v1/incoming/{registered['id']}")["state"] == "done"

    arrived = office.arrived(answer)
    wait_for(lambda: office.hop(draft, B) == "arrived", told="01 back at A")
    wait_for(lambda: office.hop(draft, OUTSIDE) == "on_axis", told="taken by the axis, not fetched")
    received = office.register_at_b(arrived)
    assert received["register_number"] >= 1
    wait_for(lambda: office.hop(draft, B) == "registered", told="03 back at A")

    content = office.received_bytes(arrived)
    assert hashlib.sha256(content).digest() == hashlib.sha256(office.issued_bytes(draft)).digest()
    file = tmp_path / "received.pdf"
    file.write_bytes(content)
    _confirmed(file, installation.folder / "pki" / "trust")


def _confirmed(file: Path, trust: Path) -> None:
    """Our command line and a program that is not ours both say so."""
    done = subprocess.run(
        [sys.executable, "-m", "signing", "verify", str(file), "--trust", str(trust), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert [one["role"] for one in report["signatures"]] == ["leader", "number", "seal"]
    if shutil.which("pdfsig"):
        said = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False).stdout
        assert said.count("Signature is Valid.") == 3
        assert "Total document signed" in said


def test_the_agency_outside_reports_back_by_itself(installation: Installation) -> None:
    office = Office(installation)
    draft = office.draft("Báo cáo công tác văn thư gửi Bộ Nội vụ", recipients=(OUTSIDE,))
    office.sign(draft)
    office.number(draft)
    office.seal(draft)
    office.issue(draft)
    wait_for(lambda: office.hop(draft, OUTSIDE) == "on_axis")
    with installation.second_system():
        wait_for(lambda: office.hop(draft, OUTSIDE) in ("registered", "assigned", "processing", "done"), 60)


def test_a_duplicate_is_warned_about_and_registered_only_on_purpose(installation: Installation) -> None:
    office = Office(installation)
    first = office.register(902, "Thỏa thuận vị trí trạm bơm")
    entry = json.dumps(office.entry(902, "Thỏa thuận vị trí trạm bơm"))

    again = office.clerk.upload(
        "/api/v1/incoming", "902.pdf", paper(902, "Thỏa thuận vị trí trạm bơm"), entry
    )
    assert again.status_code == 409
    assert again.json()["field"] == "accept_duplicate"
    second = office.register(902, "Thỏa thuận vị trí trạm bơm", accept_duplicate=True)
    assert second["register_number"] == first["register_number"] + 1


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("khong-phai.pdf", b"Kh\xc3\xb4ng ph\xe1\xba\xa3i PDF", "PDF"),
        ("rong.pdf", b"", ""),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog", ""),
    ],
)
def test_a_bad_file_gets_a_clear_answer_and_nothing_is_stored(
    installation: Installation, name: str, content: bytes, word: str
) -> None:
    office = Office(installation)
    before = office.clerk.get("/api/v1/incoming")["documents"]
    answer = office.clerk.upload("/api/v1/incoming", name, content, json.dumps(office.entry(903, "Tệp hỏng")))
    assert 400 <= answer.status_code < 500
    assert word in answer.json()["message"]
    assert len(answer.json()["message"]) > 20
    assert office.clerk.get("/api/v1/incoming")["documents"] == before


def test_a_recipient_that_does_not_exist_is_named_and_nothing_is_drafted(installation: Installation) -> None:
    office = Office(installation)
    body = {
        "kind_code": "CV", "subject": "Gửi nơi không có", "signer_id": office.post(Role.LEADER)["id"],
        "recipients": ["Z99.404"], "unit_id": office.unit("CCTL"), "body": "Nội dung./.",
    }  # fmt: skip
    status, message = office.specialist.refused("/api/v1/outgoing", body)
    assert status == 422
    assert "Z99.404" in message


def test_nobody_sees_or_moves_what_is_another_agencys(installation: Installation) -> None:
    office = Office(installation)
    registered = office.register(904, "Chỉ của cơ quan A")
    body = {"reason": "x", "assignment_id": 1, **office.entry(904, "x")}
    for path in ("return", "submit", "register"):
        status, _ = office.other_clerk.refused(f"/api/v1/incoming/{registered['id']}/{path}", body)
        assert status == 404
    file = registered["files"][0]["id"]
    assert office.clerk.bytes_of(file)
    assert office.other_clerk.status(f"/api/v1/files/{file}") == 404
