"""The operator's commands."""

import shutil
from pathlib import Path

import pytest

from exchange.model import Organization
from exchange.testing import HubProcess, document, packet, send


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


@pytest.mark.slow
def test_two_machines_share_database_files_and_keys_and_nothing_else(database_url: str, tmp_path: Path):
    shared = {"EOFFICE_HUB_FILES": (tmp_path / "thư mục chung").as_uri()}
    first = HubProcess(database_url, tmp_path / "one", environment=shared)
    second = HubProcess(database_url, tmp_path / "two", environment=shared)
    first.start()
    try:
        second.data.mkdir(mode=0o700)
        for key in ("secrets.key", "system.pem"):
            shutil.copy(first.data / key, second.data / key)
        second.start()
        for name in ("A", "B"):
            with first.add_system(name, "s") as client:
                client.register_agency(f"H01.{name}", name, mail="a@b.vn")
        with first.client("A", "s") as a, second.client("B", "s") as b:
            message = document(sender=Organization("H01.A", "A"), recipients=[Organization("H01.B", "B")])
            send(a, packet(message), "H01.A")
            [waiting] = b.received()
            with b.open(waiting.doc_id, waiting.sha256) as stream:
                assert stream.read()
        assert len(list((tmp_path / "thư mục chung").glob("*/*" + waiting.sha256[2:]))) == 1
    finally:
        first.stop()
        second.stop()
