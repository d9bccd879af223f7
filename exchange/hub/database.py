"""Where the axis keeps its rows: a given PostgreSQL database, or a server of its own under the data folder."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from filelock import FileLock, Timeout

NAME = "eoffice_hub"


class DatabaseBusy(Exception):
    """Another process starts or stops the server of this data folder."""


@dataclass(frozen=True)
class Database:
    """`keep`: starts the server again when the process that ran it has ended; called every second."""

    url: str
    keep: Callable[[], None]


@contextmanager
def database(data: Path, url: str | None) -> Iterator[Database]:
    """The database to use. Without a URL, the embedded server is used when it runs and run when it does not."""
    if url:
        yield Database(url, lambda: None)
        return
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    embedded = _Shared(data.resolve())
    embedded.keep()
    try:
        yield Database(embedded.url, embedded.keep)
    finally:
        embedded.release()


class _Shared:
    """The embedded server, a child of one of the processes of the axis; the others take over when that one ends."""

    def __init__(self, data: Path) -> None:
        # Secrets of the embedded server belong to the data folder, whichever installation starts it.
        os.environ["EOFFICE_INSTANCE"] = str(data)
        from eoffice.core.embedded import HUB, Embedded  # reads settings, so only now

        self._server = Embedded(data / "pg")
        self._role = HUB
        self._lock = FileLock(data / ".database.lock", timeout=60, mode=0o600)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._server.url(NAME, self._role)

    def keep(self) -> None:
        """See that the server runs. Raises DatabaseBusy when another process takes too long over it."""
        if self._answers():
            return
        try:
            with self._lock:
                if not self._answers():
                    self._child = self._server.start()
                    self._server.prepare((NAME, self._role))
        except Timeout as error:
            raise DatabaseBusy(f"another process holds the database of {self._server.folder}") from error

    def release(self) -> None:
        """Stop the server when it is ours."""
        if self._child is not None:
            with self._lock:
                self._child.send_signal(signal.SIGINT)
                self._child.wait(60)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
