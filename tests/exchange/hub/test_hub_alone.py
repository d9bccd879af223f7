"""`--data` alone is enough: the axis then runs a database server of its own."""

import signal
from pathlib import Path

import httpx
import pytest

from exchange.testing import HubProcess


@pytest.mark.fault
def test_an_axis_with_nothing_but_a_folder_keeps_its_state_over_kill_and_restart(tmp_path: Path):
    hub = HubProcess(None, tmp_path / "axis")
    hub.admin("add-system", "--id", "A", "--secret", "s")
    hub.start(60)
    try:
        hub.admin("add-agency", "--code", "H01.A", "--name", "Sở A", "--system", "A")
        hub.stop(signal.SIGKILL)
        hub.start(60)
        with hub.client("A", "s") as client:
            assert [item.code for item in client.agencies()] == ["H01.A"]
    finally:
        assert hub.stop() == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{hub.url}/healthz", trust_env=False)
