"""The agent's command: what it refuses to begin with, and forgetting a site."""

import json
from pathlib import Path

import pytest

from signing.agent.server import Agent
from tests.signing.agent.conftest import ORIGIN, Site, listening
from tests.signing.test_main import call


def test_it_says_why_it_does_not_begin(agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PKCS11_MODULE", raising=False)
    assert call("agent", "--state", tmp_path)[0] == 1
    with listening(agent) as url:
        port = url.rpartition(":")[2]
        code, told = call("agent", "--module", "/nowhere.so", "--port", port, "--state", tmp_path)
    assert code == 1
    assert "running already" in told
    code, told = call("agent", "--module", "/nowhere.so", "--certificates", tmp_path)
    assert code == 1
    assert "/nowhere.so" in told


def test_a_site_is_forgotten_by_command(agent: Agent, tmp_path: Path) -> None:
    with listening(agent) as url:
        Site(url).pair()
        state = ("--state", tmp_path / "agent")
        assert call("agent", *state, "--forget", "https://another.example")[0] == 1
        assert call("agent", *state, "--forget", ORIGIN)[0] == 0
        assert Site(url).post("/hello").json() == {"paired": False}
    assert json.loads((tmp_path / "agent" / "sites.json").read_text()) == []
