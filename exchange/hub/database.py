"""Where the axis keeps its rows: a given PostgreSQL database, or a server of its own under the data folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from filelock import FileLock, Timeout

NAME = "eoffice_hub"


class DatabaseBusy(Exception):
    """Another process starts or stops the server of this data folder."""


@contextmanager
def database(data: Path, url: str | None) -> Iterator[str]:
    """The URL to use. Without one, the embedded server is used when it runs and run when it does not."""
    if url:
        yield url
        return
    # Secrets of the embedded server belong to the data folder, whichever installation starts it.
    os.environ["EOFFICE_INSTANCE"] = str(data.resolve())
    from eoffice.core.embedded import HUB, Embedded  # reads settings, so only now

    server = Embedded(data.resolve() / "pg")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _answers(server.url(NAME, HUB)):
        yield server.url(NAME, HUB)
        return
    try:
        with FileLock(data / ".database.lock", timeout=30, mode=0o600):
            process = server.start()
            try:
                server.prepare((NAME, HUB))
                yield server.url(NAME, HUB)
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)
    except Timeout as error:
        raise DatabaseBusy(f"another process holds the database in {data}") from error


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
