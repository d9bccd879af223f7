"""Wakes whoever waits for rows of a kind, in whichever process they were written (LISTEN and NOTIFY)."""

import threading
from collections.abc import Callable, Mapping
from typing import LiteralString

import psycopg
import structlog
from sqlalchemy.orm import Session

from eoffice.core.db import database_url, run

log = structlog.get_logger(__name__)
_CHANNEL = "eoffice_bell"
_RING: LiteralString = "SELECT pg_notify(%(channel)s, %(name)s)"


def ring(session: Session, name: str) -> None:
    """Wake the listeners of a name when the caller's transaction commits."""
    run(session, _RING, {"channel": _CHANNEL, "name": name})


class Bell:
    """One listening connection, and who is called when a name is rung.

    It may ring for nothing, and a ring may be missed while the database is away: who waits for one looks again
    after some seconds by himself.
    """

    def __init__(self, listeners: Mapping[str, Callable[[], None]]) -> None:
        self._listeners = listeners
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._run, name="bell", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("listening interrupted", error=str(error))
                self._stop.wait(1)

    def _listen(self) -> None:
        with psycopg.connect(database_url(), autocommit=True) as connection:
            connection.execute(f"LISTEN {_CHANNEL}")
            for call in self._listeners.values():
                call()  # something may have come while nobody listened
            while not self._stop.is_set():
                for told in connection.notifies(timeout=5):
                    if told.payload in self._listeners:
                        self._listeners[told.payload]()
