"""Tells a waiting list call that something arrived, in whichever process it arrived."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from exchange.hub.ledger import CHANNEL, LISTENER
from exchange.model import MessageKind

_NOTIFY = sa.text("SELECT pg_notify(:channel, topic) FROM unnest(CAST(:topics AS text[])) AS topic")
_log = logging.getLogger(__name__)


def topic(kind: MessageKind, system_id: str) -> str:
    """What a call for messages of this kind waits for: documents wake nobody who waits for statuses."""
    return f"{kind.value}:{system_id}"


def notify(session: Session, topics: Iterable[str]) -> None:
    """When the transaction commits, wake calls that wait for these."""
    if wanted := list(topics):
        session.execute(_NOTIFY, {"channel": CHANNEL, "topics": wanted})


class Wakeup:
    """One listening connection per process, and the events of the calls that wait in it."""

    def __init__(self, engine: sa.Engine) -> None:
        # as the engine connects: written out as a URL, a folder with a space would be another folder
        self._arguments = engine.dialect.create_connect_args(engine.url)[1]
        self._waiting: dict[str, set[threading.Event]] = defaultdict(set)
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="wakeup", daemon=True).start()

    def stop(self) -> None:
        """Let every waiting call answer now."""
        self.stopping.set()
        self._wake(None)

    @contextmanager
    def watch(self, topic: str) -> Iterator[threading.Event]:
        """An event that is set when there is news on a topic, from now on."""
        event = threading.Event()
        with self._lock:
            self._waiting[topic].add(event)
        try:
            yield event
        finally:
            with self._lock:
                self._waiting[topic].discard(event)

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                _log.warning("listening for deliveries interrupted: %s", error)
                time.sleep(1)

    def _listen(self) -> None:
        with psycopg.connect(**self._arguments, autocommit=True, application_name=LISTENER) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            # What came while nobody listened is found by asking again.
            self._wake(None)
            while not self.stopping.is_set():
                for notification in connection.notifies(timeout=5):
                    self._wake(notification.payload)

    def _wake(self, topic: str | None) -> None:
        with self._lock:
            groups = self._waiting.values() if topic is None else [self._waiting.get(topic, set())]
            for event in [event for group in groups for event in group]:
                event.set()
