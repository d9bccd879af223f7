"""One installation for the flows of a run: starting it is what takes the time."""

from collections.abc import Iterator

import pytest

from tests.flows.installation import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything `make run` starts, with the demonstration province."""
    made = Installation(tmp_path_factory.mktemp("instance") / "eoffice")
    made.start()
    yield made
    assert made.stop() == 0
