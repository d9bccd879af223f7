"""An agent that listens, with a real key behind it, and a site that talks to it as its page would."""

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.agent.batches import Batches
from signing.agent.messages import Batch, Item, Message, Wanted, clock, public_text, seal
from signing.agent.pairs import Pairs
from signing.agent.server import Agent, serve
from signing.errors import UnusableKey, WrongPassphrase
from signing.keys import Key, Pkcs12Key

PIN = "pin"
ORIGIN = "https://vanphong.angiang.gov.vn"


@dataclass
class Site:
    """A site, its page and the agent's address."""

    url: str
    origin: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """As the browser sends what the page's script asks for."""
        sent = {"Origin": self.origin} | {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(f"{self.url}{path}", json=body or {}, headers=sent, trust_env=False)

    def pair(self) -> None:
        """Offer, read the code in the agent's window, bring it."""
        shown = self.post("/pair", {"name": "Văn phòng điện tử", "key": public_text(self.key)}).json()[
            "window"
        ]
        assert self.post("/pair/code", {"code": code_in(self.url + shown)}).status_code == 200

    def send(self, path: str, message: Message) -> httpx.Response:
        """A message under the site's signature."""
        return self.post(path, seal(self.key, message))

    def ask(self, batch: Batch) -> str:
        """Address of the window that asks the person."""
        answer = self.send("/batch", batch)
        assert answer.status_code == 200, answer.text
        return self.url + str(answer.json()["window"])

    def state(self, batch: Batch) -> str:
        """What became of it."""
        return str(self.post("/batch/state", {"batch": batch.id}).json()["state"])


def code_in(window: str) -> str:
    """The code a window shows."""
    return httpx.get(window, trust_env=False).text.partition("<p class=code id=code>")[2].partition("</p>")[0]


def answer(window: str, what: str = "sign", pin: str = PIN, **headers: str) -> httpx.Response:
    """The person presses a button of the window."""
    own = {"Origin": window.partition("/ask/")[0]} | headers
    return httpx.post(window, data={"answer": what, "pin": pin}, headers=own, trust_env=False)


def batch(key: Key, *signatures: int, seconds: float = 60) -> Batch:
    """Items named a, b, … with so many signatures each."""
    items = tuple(Item(name, f"Văn bản {name}", n) for name, n in zip("abcdef", signatures, strict=False))
    expires = int(clock().timestamp() + seconds)
    fingerprint = key.info.fingerprint
    return Batch(
        secrets.token_hex(8), "Văn phòng điện tử", "Đỗ Quốc Trường", fingerprint, False, items, expires
    )


def wanted(of: Batch, item: str, attributes: bytes) -> Wanted:
    """One signature of it."""
    return Wanted(of.id, item, base64.b64encode(attributes).decode(), "sha256", of.expires)


@contextmanager
def listening(agent: Agent) -> Iterator[str]:
    """Its address."""
    server = serve(agent, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        agent.batches.close_all()
        server.server_close()


class Drawer:
    """Keys in this process instead of a token; remembers whether one lies open."""

    def __init__(self, *keys: Key) -> None:
        self.keys = {key.info.fingerprint: key for key in keys}
        self.open_now = 0

    @contextmanager
    def open(self, fingerprint: str, pin: str, _pss: bool) -> Iterator[Key]:
        self.owner(fingerprint)
        if pin != PIN:
            raise WrongPassphrase
        self.open_now += 1
        try:
            yield self.keys[fingerprint]
        finally:
            self.open_now -= 1

    def owner(self, fingerprint: str) -> str:
        if fingerprint not in self.keys:
            raise UnusableKey("not here")
        return self.keys[fingerprint].info.name


@pytest.fixture
def drawer(leader: Pkcs12Key) -> Drawer:
    return Drawer(leader)


@pytest.fixture
def agent(tmp_path: Path, drawer: Drawer) -> Agent:
    return Agent(Pairs(tmp_path / "agent" / "sites.json"), Batches(drawer.open), drawer.owner)


@pytest.fixture
def site(agent: Agent) -> Iterator[Site]:
    """Paired."""
    with listening(agent) as url:
        made = Site(url)
        made.pair()
        yield made
