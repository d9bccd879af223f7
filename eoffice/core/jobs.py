"""Work that happens outside the request: enqueued by name in the caller's transaction, done by a worker.

A job row commits with the change that needs it or not at all (procrastinate on the same database). Every
job is idempotent, because a worker can be killed between doing and saying so: what a silent worker held
is queued again.
"""

import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import procrastinate
import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.orm import Session

from eoffice.core.config import setting
from eoffice.core.db import database_url

SILENCE = setting(
    "EOFFICE_WORKER_SILENCE",
    int,
    30,
    "Seconds without a sign of life after which a worker's jobs are queued again.",
)
CONCURRENCY = setting(
    "EOFFICE_WORKER_CONCURRENCY",
    lambda value: {k: int(n) for k, n in (pair.split("=") for pair in str(value).split(","))},
    {"urgent": 2, "exchange": 4, "interactive": 2, "reading": 1, "heavy": 1},
    "Jobs at a time in each queue of one worker: urgent=2,exchange=4,interactive=2,reading=1,heavy=1.",
)


class Queue(StrEnum):
    """Queues, each with its own share of a worker, so that OCR never holds up an urgent telegram."""

    URGENT = "urgent"
    EXCHANGE = "exchange"
    INTERACTIVE = "interactive"
    READING = "reading"
    HEAVY = "heavy"

    @property
    def word(self) -> LazyString:
        """What is done in it, for whoever looks after the installation."""
        return _QUEUE_WORDS[self]


_QUEUE_WORDS = {
    Queue.URGENT: _l("urgent documents"),
    Queue.EXCHANGE: _l("exchange over the axis"),
    Queue.INTERACTIVE: _l("what people wait for"),
    Queue.READING: _l("words of what arrived"),
    Queue.HEAVY: _l("long work: text recognition, books, sweeps"),
}

Function = Callable[..., None]


@dataclass(frozen=True)
class Job:
    """A declared job: `function(session, **arguments)`, which opens its own transaction."""

    name: str
    function: Function
    queue: Queue
    #: times an unexpected error is tried again, with growing delays
    attempts: int
    #: seconds between periodic runs, None for jobs that are only enqueued
    every: int | None = None


JOBS: dict[str, Job] = {}


def job(name: str, queue: Queue, attempts: int = 8) -> Callable[[Function], Function]:
    """Declare a job by its name, `feature.verb`. Raises ValueError when the name is taken."""
    return _declare(name, queue, attempts, None)


def periodic(name: str, seconds: int, queue: Queue = Queue.INTERACTIVE) -> Callable[[Function], Function]:
    """Declare a job that takes only a session and runs every so many seconds (a divisor of 60, or of 3,600)."""
    return _declare(name, queue, 0, seconds)


def _declare(name: str, queue: Queue, attempts: int, every: int | None) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        if name in JOBS:
            raise ValueError(f"job {name} is declared twice")
        JOBS[name] = Job(name, function, queue, attempts, every)
        return function

    return register


def enqueue(
    session: Session,
    name: str,
    /,
    *,
    _at: datetime | None = None,
    _lock: str | None = None,
    _once: str | None = None,
    _queue: Queue | None = None,
    **arguments: Any,
) -> None:
    """Write a job in the caller's transaction.

    `_at`: not before this moment. `_lock`: jobs with the same lock run one after the other. `_once`: nothing
    happens while one with the same mark waits. Raises LookupError for an unknown name, TypeError for wrong
    arguments.
    """
    known = JOBS.get(name)
    if known is None:
        raise LookupError(f"no job is called {name}")
    inspect.signature(known.function).bind(session, **arguments)
    raw = session.connection().connection.driver_connection
    task = _deferrer().configure_task(
        name,
        connection=raw,
        queue=(_queue or known.queue).value,
        schedule_at=_at,
        lock=_lock,
        queueing_lock=_once,
    )
    with suppress(AlreadyEnqueued) if _once is None else _savepoint(session):
        task.defer(**arguments)


def pending(session: Session, *names: str, **arguments: Any) -> bool:
    """Whether a job of one of these names, with at least these arguments, waits or is being done."""
    query = sa.text(
        "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        " AND task_name = ANY(:names) AND args @> CAST(:arguments AS jsonb))"
    )
    return bool(session.scalar(query, {"names": list(names), "arguments": json.dumps(arguments)}))


def busy(session: Session, *queues: Queue) -> bool:
    """Whether something in these queues is due or being done."""
    query = sa.text(
        "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queue_name = ANY(:queues) AND (status = 'doing'"
        " OR status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())))"
    )
    return bool(session.scalar(query, {"queues": [queue.value for queue in queues]}))


def asked(session: Session, name: str) -> list[dict[str, Any]]:
    """What the jobs of this name that wait or are being done were asked with."""
    query = sa.text(
        "SELECT args FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = :name"
    )
    return list(session.scalars(query, {"name": name}))


class _savepoint:  # noqa: N801 - reads as a verb at its one place of use
    """A refused duplicate must not spoil the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.nested = session.begin_nested()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is None:
            self.nested.commit()
            return False
        self.nested.rollback()
        return isinstance(error, AlreadyEnqueued)


_apps: dict[str, procrastinate.App] = {}


def _deferrer() -> procrastinate.App:
    """An app used for its statements only: the connection is always the caller's."""
    if "defer" not in _apps:
        connector = procrastinate.SyncPsycopgConnector(conninfo=database_url(), min_size=0, max_size=1)
        _apps["defer"] = procrastinate.App(connector=connector)
        connector.open()
    return _apps["defer"]


def reset() -> None:
    """Forget the connection of this process (tests change databases)."""
    for app in _apps.values():
        app.connector.get_sync_connector().close()
    _apps.clear()


def run(session: Session, name: str, **arguments: Any) -> None:
    """Do a job here and now, as the worker would."""
    JOBS[name].function(session, **arguments)


def work_off(session: Session, *, rounds: int = 20) -> int:
    """Do every job that is due, in this process, until none is left: for tests and set-up. Returns how many."""
    done = 0
    for _ in range(rounds):
        due = session.execute(
            sa.text(
                "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo'"
                " AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY priority DESC, id"
            )
        ).all()
        session.rollback()
        if not due:
            break
        for job_id, name, arguments in due:
            session.execute(
                sa.text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job_id}
            )
            session.commit()
            JOBS[name].function(session, **arguments)
            session.execute(
                sa.text("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = :id"), {"id": job_id}
            )
            session.commit()
            done += 1
    return done
