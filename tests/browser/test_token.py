"""A leader signs with the token of his own machine: paired by a code, asked by the agent, in a real browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from eoffice.directory.models import Role
from signing.testing import DemoPki
from tests.browser.conftest import Desks
from tests.flows.installation import Installation, account
from tests.flows.steps import Office
from tests.softhsm import MODULE, PIN, make_token

NAME, TITLE = "Đỗ Quốc Trường", "Giám đốc"
AGENCY, CODE = "Sở Nông nghiệp và Môi trường", "H01.12"
SUBJECT = "Về việc ký bằng USB ký số tại máy"


@contextmanager
def agent(where: Installation, folder: Path) -> Iterator[None]:
    """The program on the leader's machine; his certificate is entered on the site, his old key afterwards again."""
    p12 = DemoPki(where.folder / "pki").issue_person(NAME, TITLE, AGENCY, passphrase="x")
    environment = os.environ | make_token(folder / "hsm", {"leader": p12})
    program = [
        sys.executable,
        "-m",
        "signing",
        "agent",
        "--module",
        str(MODULE),
        "--state",
        str(folder / "state"),
    ]
    subprocess.run(
        [*program, "--certificates", str(folder)], env=environment, check=True, capture_output=True
    )
    certificate = next(one for one in folder.glob("*.cer") if NAME in one.name)
    owner = ("key", "add", "--agency", CODE, "--person", NAME)
    where.command(*owner, "--kind", "token", str(certificate))
    running = subprocess.Popen(
        [*program, "--port", str(where.agent_port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert running.stdout is not None
        assert b"listening" in running.stdout.readline()
        yield
    finally:
        running.terminate()
        running.wait(10)
        (folder / "leader.p12").write_bytes(p12)
        where.command(*owner, str(folder / "leader.p12"), EOFFICE_KEY_PIN="x")


def test_a_leader_signs_with_the_token_of_his_machine(
    desks: Desks, office: Office, installation: Installation, tmp_path: Path
) -> None:
    document = office.draft(SUBJECT)
    for who, step in ((office.specialist, "submit"), (office.head, "approve"), (office.chief, "check")):
        who.post(f"/api/v1/outgoing/{document}/{step}")
    with agent(installation, tmp_path):
        page = desks.of(account("snnmt", Role.LEADER))
        page.goto(f"/outgoing/to-sign/{document}")
        sign = page.get_by_role("button", name="Ký số")
        sign.click()
        expect(page.get_by_text("Máy này chưa ghép nối")).to_be_visible()
        pair(page)
        page.goto(f"/outgoing/to-sign/{document}")
        with page.expect_popup() as opened:
            sign.click()
        expect(opened.value.get_by_role("listitem")).to_contain_text(SUBJECT)
        opened.value.close()
        with page.context.expect_page() as opened_again:
            page.get_by_role("link", name="Mở lại").click()
        window = opened_again.value
        expect(window.get_by_role("listitem")).to_contain_text(SUBJECT)
        window.get_by_label("Mã PIN").fill("000000")
        window.get_by_role("button", name="Ký", exact=True).click()
        expect(window.get_by_role("alert")).to_contain_text("Mã PIN không đúng")
        window.get_by_label("Mã PIN").fill(PIN)
        window.get_by_role("button", name="Ký", exact=True).click()
        expect(page.get_by_role("status").filter(has_text="Chờ cấp số")).to_be_visible()
    assert office.outgoing(document)["state"] == "numbering"


def pair(page: Page) -> None:
    page.goto("/key")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Ghép nối máy này").click()
    code = opened.value.locator("#code").inner_text()
    assert re.fullmatch(r"\d{4} \d{4}", code)
    for typed in ("00000000" if code != "0000 0000" else "1", code):
        page.get_by_label("Mã ghép nối").fill(typed)
        page.get_by_role("button", name="Ghép nối máy này").click()
        if typed != code:
            expect(page.get_by_text("còn được thử 2 lần")).to_be_visible()
    expect(page.get_by_text("Đã ghép nối máy này.")).to_be_visible()
