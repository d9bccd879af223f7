"""Where a setting comes from."""

import fcntl
from pathlib import Path

from eoffice.core.config import HUB_PORT, PORT, RUN_LOCK, Settings


def test_a_command_in_another_terminal_finds_what_make_run_chose(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("port = 9080\nhub_port = 9090\n")
    lock = tmp_path / RUN_LOCK
    lock.write_text('port = "7080"\n')
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        running = Settings.read({"EOFFICE_INSTANCE": str(tmp_path)})
        told = Settings.read({"EOFFICE_INSTANCE": str(tmp_path), "EOFFICE_PORT": "6080"})
    assert (running.get(PORT), running.get(HUB_PORT)) == (7080, 9090)
    assert told.get(PORT) == 6080


def test_what_a_killed_run_left_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / RUN_LOCK).write_text('port = "7080"\n')
    assert Settings.read({"EOFFICE_INSTANCE": str(tmp_path)}).get(PORT) == 8080
