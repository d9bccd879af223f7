"""The operators' console: closed to strangers, and every page does what it says."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import exchange.hub.console as console
from exchange.errors import Refused
from exchange.hub.axis import assemble
from exchange.hub.console import operators
from exchange.testing import HubProcess, status
from exchange.vxp import Delivery

PASSWORD = "mat-khau-du-dai"
FOLDER = Path(console.__file__).parent


@pytest.fixture(scope="module")
def operator(hub: HubProcess) -> str:
    axis = assemble(hub.database, hub.data, pool=1)
    with axis.sessions.begin() as session:
        operators.set_password(session, "vận hành", PASSWORD)
    axis.close()
    return "vận hành"


@pytest.fixture
def visitor(hub: HubProcess, operator: str) -> Iterator[httpx.Client]:
    """Signed in, in Vietnamese."""
    with httpx.Client(base_url=hub.url, trust_env=False, follow_redirects=True) as client:
        page = client.post("/console/sign-in", data={"name": operator, "password": PASSWORD})
        assert "Tổng quan trục VDXP" in page.text
        yield client


def post(visitor: httpx.Client, address: str, **fields: str) -> httpx.Response:
    """Send a form with the token that our own pages carry."""
    token = re.search(r'name="token" value="([^"]+)"', visitor.get("/console").text)
    assert token
    return visitor.post(address, data={"token": token[1], **fields})


PAGES = ["", "/trace", "/troubles", "/systems", "/agencies", "/record"]


@pytest.mark.parametrize("place", PAGES)
def test_strangers_are_shown_the_sign_in_and_nothing_else(hub, place: str):
    for cookies in ({}, {"axis_console": "forged.ticket.x"}):
        answer = httpx.get(f"{hub.url}/console{place}", cookies=cookies, trust_env=False)
        assert answer.headers.get("location") == "/console/sign-in"
        assert "<table" not in answer.text


@pytest.mark.parametrize("place", PAGES)
def test_every_page_speaks_both_languages_and_runs_no_script(visitor, place: str):
    vietnamese, english = visitor.get(f"/console{place}"), visitor.get(f"/console{place}?lang=en")
    assert (vietnamese.status_code, english.status_code) == (200, 200)
    assert "Quản trị trục liên thông" in vietnamese.text
    assert "Axis console" in english.text
    assert "default-src 'none'" in vietnamese.headers["content-security-policy"]
    assert "<script" not in vietnamese.text
    for sheet in re.findall(r'href="(/console/static/[^"]+\.css)"', vietnamese.text):
        assert visitor.get(sheet).headers["content-type"].startswith("text/css")


@pytest.mark.slow
def test_wrong_passwords_are_not_tried_for_ever(hub, operator: str):
    axis = assemble(hub.database, hub.data, pool=1)
    with axis.sessions.begin() as session:
        operators.set_password(session, "khác", PASSWORD)
    axis.close()
    for _ in range(operators.PATIENCE):
        wrong = httpx.post(
            f"{hub.url}/console/sign-in", data={"name": "khác", "password": "x"}, trust_env=False
        )
        assert wrong.status_code == 422
    good = httpx.post(
        f"{hub.url}/console/sign-in", data={"name": "khác", "password": PASSWORD}, trust_env=False
    )
    assert good.status_code == 422
    assert "set-cookie" not in good.headers


def test_a_form_from_elsewhere_is_refused(visitor):
    refused = visitor.post("/console/systems", data={"id": "TINH.KHAC", "name": "x"})
    assert (refused.status_code, "tải lại trang" in refused.text) == (403, True)
    assert "TINH.KHAC" not in visitor.get("/console/systems").text


def test_what_is_not_there_is_said_in_the_operators_language(visitor):
    for address, code, words in (
        ("/console/khong-co", 404, "Không có trang này"),
        ("/console/systems/x", 405, "biểu mẫu"),
    ):
        answer = visitor.get(address)
        assert (answer.status_code, words in answer.text) == (code, True), address
    assert "no such page" in visitor.get("/console/khong-co?lang=en").text


@pytest.mark.parametrize("code", ["", "../x y", "a/b", "-a", "hệ", "x" * 36])
def test_a_system_is_not_called_what_no_header_or_address_holds(visitor, code: str):
    answer = post(visitor, "/console/systems", id=code, name="x")
    assert (answer.status_code, "joined" in answer.text or "nối bằng" in answer.text) == (422, True)


def test_a_system_is_registered_and_its_secret_changed_and_limited(visitor, hub):
    code = f"C{os.getpid()}"
    page = post(visitor, "/console/systems", id=code, name="Tỉnh khác")
    secret = re.search(r"<code>([^<]+)</code>", page.text)[1]
    assert "Khóa cũ còn dùng được" not in page.text, "there was none"
    with hub.client(code, secret) as client:
        assert client.received() == []
        page = post(visitor, f"/console/systems/{code}/secret")
        assert "Khóa cũ còn dùng được 72 giờ" in page.text
        newer = re.search(r"<code>([^<]+)</code>", page.text)[1]
        assert newer != secret
        assert client.received() == [], "the former secret still opens"
    assert post(visitor, "/console/systems", id=code).status_code == 422
    assert post(visitor, f"/console/systems/{code}", quota="7").status_code == 200
    with hub.client(code, newer) as client, pytest.raises(Refused, match="15"):
        for _ in range(200):  # not let in any more, from the process's next second on
            client.received(wait=0.01)
    record = visitor.get("/console/record").text
    assert "thêm hệ thống" in record
    assert "quota 7" in record
    assert secret not in record


@pytest.mark.slow
def test_a_document_is_traced_by_its_number_to_each_recipient(visitor, party, letter):
    a, b, c = party(), party(), party()
    number = f"{os.getpid()}7"
    a.send(letter(a, b, c, number=number))
    [waiting] = b.client.received()
    b.read(waiting.doc_id)
    b.client.confirm(waiting.doc_id, Delivery.DONE)
    page = visitor.get("/console/trace", params={"q": f"{number}/ubnd-kgvx"}).text
    assert b.code in page
    assert c.code in page
    assert page.count(f">{b.organization.name}<br>") == 1, "agencies have names"
    assert page.count("đã nhận") == 1
    assert page.count("chờ lấy") == 1
    assert "gửi, nhận văn bản điện tử có ký số" not in page, "operators see traffic, not contents"
    assert "chưa tiếp nhận" in visitor.get("/console/trace", params={"q": "none"}).text


def test_a_trace_tells_statuses_from_the_document(visitor, party, letter):
    a, b = party(), party()
    number = f"{os.getpid()}8"
    about = letter(a, b, number=number)
    a.send(about)
    b.send(status(about, "03"))
    page = visitor.get("/console/trace", params={"q": f"{number}/ubnd-kgvx"}).text
    assert page.count("<tr>") == 3, "two rows and their heading"
    assert page.count("trạng thái 03: đã đăng ký") == 1


def test_a_dead_message_is_offered_again(visitor, party, letter):
    a, b = party(), party()
    a.send(letter(a, b))
    [waiting] = b.client.received()
    b.client.confirm(waiting.doc_id, Delivery.FAIL, description="unreadable")
    assert waiting.doc_id in visitor.get("/console/troubles").text
    assert post(visitor, f"/console/troubles/{waiting.doc_id}/replay").status_code == 200
    assert [item.doc_id for item in b.client.received()] == [waiting.doc_id]
    assert post(visitor, f"/console/troubles/{waiting.doc_id}/replay").status_code == 409


def test_an_agency_is_closed_in_favour_of_another(visitor, party):
    a, b = party(), party()
    fields = {"on": "2025-07-01", "successors": b.code, "legal_basis": "Nghị quyết 202/2025/QH15"}
    page = post(visitor, f"/console/agencies/{a.code}/close", **fields)
    assert "từ 01/07/2025 theo Nghị quyết 202/2025/QH15" in page.text
    assert b.client.recipients([a.code])[0].served_by == b.code
    assert post(visitor, f"/console/agencies/{a.code}/close", **fields | {"on": "x"}).status_code == 422
    assert (
        post(visitor, f"/console/agencies/{a.code}/close", **fields | {"successors": "NO"}).status_code == 422
    )


def test_every_text_of_the_console_has_its_vietnamese():
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    found = extract_from_dir(str(FOLDER), methods, keywords={"_": None, "N_": None})
    used = {message for _, _, message, _, _ in found if message}
    with (FOLDER / "vi.po").open("rb") as file:
        known = {message.id: message.string for message in read_po(file, "vi") if message.id}
    assert used == set(known)
    assert all(known.values())


@pytest.mark.slow
def test_metrics_count_what_was_done(hub, party, letter):
    a, b = party(), party()
    a.send(letter(a, b))
    line, text, end = f'axis_packets_total{{system="{a.client.system_id}"}} 1', "", time.monotonic() + 15
    while line not in text:  # figures are written down every few seconds
        assert time.monotonic() < end, text
        text = httpx.get(f"{hub.url}/metrics", trust_env=False).text
        a.client.received(wait=0.2)
    assert 'axis_delivery_seconds_bucket{le="+Inf"}' in text
