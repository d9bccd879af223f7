"""Who may ask the agent, and what it answers: hosts, origins, codes, batches, one signature after the other."""

import io
import socket
import stat
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.agent import pairs
from signing.agent.messages import Item, clock, public_text, seal
from signing.agent.server import Agent, serve
from signing.keys import Pkcs12Key
from signing.report import Verdict
from signing.trust import TrustStore
from signing.twostep import complete_pdf, prepare_pdf
from signing.verify import verify_pdf
from tests.signing.agent.conftest import Drawer, Site, answer, batch, code_in, listening, wanted


@pytest.mark.slow
def test_a_document_is_signed_after_the_person_agreed(
    site: Site, leader: Pkcs12Key, drawer: Drawer, document: bytes, trust: TrustStore
) -> None:
    target = io.BytesIO()
    made = prepare_pdf(io.BytesIO(document), target, leader, field="S", trust=trust)
    asked = batch(leader, 1)
    want = wanted(asked, "a", made.attributes)
    window = site.ask(asked)
    assert site.send("/sign", want).json() == {"error": "NotNow", "left": None}
    english = httpx.get(f"{window}?lang=en", headers={"Accept-Language": "vi"}, trust_env=False).text
    assert "<html lang=en>" in english, "as the page that opened it"
    page = httpx.get(window, headers={"Accept-Language": "vi"}, trust_env=False).text
    assert "Văn bản a" in page
    assert leader.info.name in page
    assert "Văn phòng điện tử" in page
    answer(window)
    assert (site.state(asked), drawer.open_now) == ("open", 1)
    value = bytes.fromhex(site.send("/sign", want).json()["value"])
    complete_pdf(target, made, leader, value)
    assert verify_pdf(target, trust).verdict is Verdict.VALID
    assert (site.state(asked), drawer.open_now) == ("over", 0)
    assert site.send("/sign", want).status_code == 409


@pytest.mark.slow
def test_nothing_is_signed_beyond_what_was_agreed_to(site: Site, leader: Pkcs12Key, document: bytes) -> None:
    made = prepare_pdf(io.BytesIO(document), io.BytesIO(), leader, field="S")
    asked = batch(leader, 1, 2)
    answer(site.ask(asked))
    assert site.send("/sign", wanted(asked, "a", made.attributes)).status_code == 200
    for name in ("a", "c"):
        assert site.send("/sign", wanted(asked, name, made.attributes)).status_code == 422
    assert site.send("/sign", wanted(asked, "b", made.attributes)).status_code == 200
    site.post("/close", {"batch": asked.id})
    assert site.send("/sign", wanted(asked, "b", made.attributes)).status_code == 409


@pytest.mark.slow
def test_only_attributes_of_a_document_for_this_certificate_are_signed(
    site: Site, leader: Pkcs12Key, agency: Pkcs12Key, document: bytes
) -> None:
    asked = batch(leader, 9)
    answer(site.ask(asked))
    others = prepare_pdf(io.BytesIO(document), io.BytesIO(), agency, field="S").attributes
    own = prepare_pdf(io.BytesIO(document), io.BytesIO(), leader, field="S").attributes
    for data in (b"", b"log me in", others, own[:-1], own + b"\0", own.replace(own[-40:-8], bytes(32))):
        assert site.send("/sign", wanted(asked, "a", data)).status_code == 422
    assert site.send("/sign", wanted(asked, "a", own)).status_code == 200


@pytest.mark.parametrize("what", ["refuse", "wrong", "stranger"])
def test_without_the_persons_yes_nothing_is_signed(
    site: Site, leader: Pkcs12Key, drawer: Drawer, what: str
) -> None:
    asked = batch(leader, 1)
    window = site.ask(asked)
    if what == "refuse":
        answer(window, "refuse")
        assert site.state(asked) == "refused"
    elif what == "wrong":
        assert "role=alert" in answer(window, pin="0000").text
        answer(window)
        assert site.state(asked) == "open"
    else:
        assert answer(window, Origin=site.origin).status_code == 403
        assert answer(window, Origin="null").status_code == 403
        assert answer(window[:-1] + "x").status_code == 200
        assert drawer.open_now == 0


@pytest.mark.slow
def test_an_abandoned_batch_ends_and_lets_go_of_the_token(
    site: Site, leader: Pkcs12Key, drawer: Drawer
) -> None:
    asked = batch(leader, 1, seconds=1.2)
    window = site.ask(asked)
    answer(window)
    assert drawer.open_now == 1
    over = threading.Event()
    for _ in range(60):
        if not drawer.open_now:
            break
        over.wait(0.05)
    assert (site.state(asked), drawer.open_now) == ("over", 0)
    assert "đã xong" in answer(window).text.lower()


@pytest.mark.slow
def test_only_the_paired_sites_own_messages_count(site: Site, leader: Pkcs12Key) -> None:
    asked = batch(leader, 1)
    thief = Site(site.url, site.origin)
    assert thief.send("/batch", asked).json()["error"] == "BadMessage"
    late = batch(leader, 1, seconds=-1)
    assert site.send("/batch", late).status_code == 422
    other = Site(site.url, "https://nguoila.example")
    assert other.send("/batch", asked).json()["error"] == "NotPaired"
    window = site.ask(asked)
    assert site.send("/batch", asked).status_code == 422
    other.pair()
    answer(window)
    assert other.post("/batch/state", {"batch": asked.id}).status_code == 409
    sealed = seal(site.key, batch(leader))
    assert site.post("/batch", sealed).status_code == 422
    for broken in ({}, {"message": 1, "signature": 2}, {"message": "e30=", "signature": "e30="}):
        assert site.post("/batch", broken).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "vanphong.angiang.gov.vn"},
        {"Host": "evil.example:18273"},
        {"Origin": "null"},
        {"Origin": "http://vanphong.angiang.gov.vn"},
        {"Origin": "https://a.example/path"},
        {"Origin": "https://[::1"},
        {"Origin": ""},
    ],
)
def test_a_stranger_gets_no_word_out_of_it(site: Site, headers: dict[str, str]) -> None:
    for path in ("/hello", "/pair", "/batch"):
        answered = site.post(path, **headers)
        assert answered.status_code in (403, 421)
        assert answered.content == b""
    sent = {"Access-Control-Request-Private-Network": "true", "Origin": site.origin} | headers
    refused = httpx.options(f"{site.url}/batch", headers=sent, trust_env=False)
    assert refused.status_code in (403, 421)
    assert "Access-Control-Allow-Private-Network" not in refused.headers


def test_browsers_are_told_which_pages_may_reach_this_machine(site: Site, leader: Pkcs12Key) -> None:
    asked = {"Origin": site.origin, "Access-Control-Request-Private-Network": "true"}
    allowed = httpx.options(f"{site.url}/batch", headers=asked, trust_env=False)
    assert allowed.headers["Access-Control-Allow-Origin"] == site.origin
    assert allowed.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    assert site.post("/hello").headers["Access-Control-Allow-Origin"] == site.origin
    plain = site.post("/hello", Content_Type="text/plain")
    assert plain.status_code == 415
    headers = {"Origin": site.origin, "Content-Type": "application/json"}
    deep = httpx.post(f"{site.url}/hello", content=b'{"a":' * 5000, headers=headers, trust_env=False)
    assert deep.json()["error"] == "BadMessage"
    evil = (Item("a", "<script>", 1),)
    window = httpx.get(site.ask(replace(batch(leader), items=evil)), trust_env=False)
    assert "<script>" not in window.text
    assert "frame-ancestors 'none'" in window.headers["Content-Security-Policy"]


@pytest.mark.slow
def test_a_code_is_good_once_and_not_for_guessing(agent: Agent, tmp_path: Path) -> None:
    with listening(agent) as url:
        site = Site(url)
        assert site.post("/hello").json() == {"paired": False}
        offer = {"name": "Văn phòng", "key": public_text(site.key)}
        code = code_in(url + site.post("/pair", offer).json()["window"])
        wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08}"
        assert [site.post("/pair/code", {"code": wrong}).json()["left"] for _ in range(3)] == [2, 1, 0]
        assert site.post("/pair/code", {"code": code}).status_code == 403
        code = code_in(url + site.post("/pair", offer).json()["window"])
        assert Site(url, "https://khac.example").post("/pair/code", {"code": code}).status_code == 403
        assert site.post("/pair/code", {"code": code}).status_code == 200
        assert site.post("/pair/code", {"code": code}).status_code == 403
        assert site.post("/hello").json() == {"paired": True}
        assert site.post("/pair", {"name": "x", "key": "no key"}).status_code == 422
        others = [Site(url, f"https://{n}.example") for n in range(6)]
        assert [one.post("/pair", offer).status_code for one in others] == [200] * 5 + [429]
    kept = tmp_path / "agent" / "sites.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    agent.pairs.forget(site.origin)
    assert agent.pairs.all() == {}


@pytest.mark.slow
def test_no_page_reads_the_code_in_the_agents_window(site: Site, agent: Agent, leader: Pkcs12Key) -> None:
    evil = Site(site.url, "https://evil.example")
    offer = {"name": "x", "key": public_text(evil.key)}
    window = site.url + evil.post("/pair", offer).json()["window"]
    for path in (window, site.ask(batch(leader, 1))):
        for sent in ({"Origin": evil.origin}, {"Origin": site.origin}, {"Sec-Fetch-Mode": "no-cors"}):
            read = httpx.get(path, headers=sent, trust_env=False)
            assert (read.status_code, read.content) == (403, b"")
            assert "Access-Control-Allow-Origin" not in read.headers
        walked = httpx.get(path, headers={"Sec-Fetch-Mode": "navigate"}, trust_env=False)
        assert walked.status_code == 200
        assert "Access-Control-Allow-Origin" not in walked.headers
    thief = Site(site.url, site.origin)
    taken = thief.post("/pair", {"name": "x", "key": public_text(thief.key)})
    assert (taken.status_code, taken.json()["error"]) == (409, "OtherKey")
    site.pair()
    agent.pairs.forget(site.origin)
    thief.pair()


@pytest.mark.slow
def test_fresh_offers_give_no_fresh_tries(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(agent) as url:
        for n in range(5):
            site = Site(url, f"https://{n}.example")
            offer = {"name": "x", "key": public_text(site.key)}
            window = site.post("/pair", offer).json()["window"]
            for _ in range(2):
                assert site.post("/pair/code", {"code": "x"}).json()["left"]
        right = site.post("/pair/code", {"code": code_in(url + window)})
        assert (right.status_code, right.json()["error"]) == (429, "TooMany")
        assert site.post("/pair", offer).status_code == 429
        later = clock() + timedelta(hours=1)
        monkeypatch.setattr(pairs, "clock", lambda: later)
        site.pair()


def test_its_port_is_its_own_on_windows_too(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with serve(agent, 0) as server:
        assert server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_an_address_nobody_gave_out_shows_nothing(site: Site, leader: Pkcs12Key) -> None:
    site.ask(batch(leader, 1))
    Site(site.url, "https://khac.example").post("/pair", {"name": "x", "key": public_text(site.key)})
    for path in ("/ask/", "/pair/"):
        with socket.create_connection(("127.0.0.1", httpx.URL(site.url).port or 0)) as line:
            line.sendall(f"GET {path}é HTTP/1.1\r\nHost: {site.url[7:]}\r\n\r\n".encode("latin-1"))
            assert line.recv(12) == b"HTTP/1.1 200"


def test_the_operator_names_the_only_sites_that_may_pair(agent: Agent) -> None:
    with listening(replace(agent, sites=("https://vanphong.angiang.gov.vn",))) as url:
        Site(url).pair()
        other = Site(url, "https://khac.example")
        assert (
            other.post("/pair", {"name": "x", "key": public_text(Ed25519PrivateKey.generate())}).status_code
            == 403
        )


def test_oversized_and_broken_requests_are_refused(site: Site) -> None:
    head = {"Origin": site.origin, "Content-Type": "application/json"}
    big = httpx.post(f"{site.url}/batch", content=b"x" * 300_000, headers=head, trust_env=False)
    assert big.status_code == 413
    for content in (b"not json", b"[]", b"\xff"):
        answered = httpx.post(f"{site.url}/batch", content=content, headers=head, trust_env=False)
        assert answered.status_code == 422
    assert site.post("/nothing").status_code == 404
    assert httpx.get(site.url, trust_env=False).status_code == 404
