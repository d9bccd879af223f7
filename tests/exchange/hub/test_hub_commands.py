"""The operator's commands."""

from pathlib import Path

import pytest

from exchange.testing import HubProcess


@pytest.mark.slow
def test_systems_and_agencies_are_registered_and_listed(hub: HubProcess):
    for _ in range(2):  # repeating changes nothing
        hub.admin("add-system", "--id", "CLI.1", "--secret", "first", "--name", "Hệ thống 1")
    words = ("--name", "Sở Thử", "--system", "CLI.1", "--old-code", "000.00.98.H01")
    hub.admin("add-agency", "--code", "H01.98", *words)
    listed = hub.admin("list")
    assert "system\tCLI.1\tHệ thống 1" in listed
    assert "agency\tH01.98\t000.00.98.H01\tCLI.1\tSở Thử" in listed
    with hub.client("CLI.1", "first") as client:
        assert client.received() == []


def test_a_secret_lies_encrypted_and_its_key_is_private(hub: HubProcess, hub_database: str):
    import psycopg

    hub.add_system("CLI.2", "bí mật dễ nhận").close()
    with psycopg.connect(hub_database) as database:
        [sealed] = database.execute("SELECT sealed_secret FROM system WHERE id = 'CLI.2'").fetchone()
    assert "bí mật dễ nhận".encode() not in sealed
    for name in ("secrets.key", "system.pem"):
        assert (Path(hub.data) / name).stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_an_agency_needs_its_system(hub: HubProcess):
    with pytest.raises(RuntimeError, match="no system"):
        hub.admin("add-agency", "--code", "H01.97", "--name", "x", "--system", "NONE")
