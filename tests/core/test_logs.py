"""Logs serve the work, never the other way round."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog

from eoffice.core import logs


@pytest.fixture
def full_disk(worker_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Standard error goes to a device on which nothing can be written."""
    before, full = structlog.get_config(), Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - closing fails
    monkeypatch.setattr("sys.stderr", full)
    logs.start()
    yield
    structlog.configure(**before)
    with suppress(OSError):  # it tries once more to write
        full.close()


def test_work_goes_on_when_the_disk_of_the_log_is_full(full_disk: None) -> None:
    structlog.get_logger().error("axis unavailable", attempts=3)
