"""Work that happens outside the request: enqueued by name in the caller's transaction, done by a worker.

A job row commits with the change that needs it or not at all (procrastinate on the same database). Every
job is idempotent, because a worker can be killed between doing and saying so: what a silent worker held
is queued again.
"""

import asyncio
import inspect
import math
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import procrastinate
import sqlalchemy as sa
import structlog
from procrastinate import RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from sqlalchemy.orm import Session

from eoffice.core.config import setting, settings
from eoffice.core.db import database_url, new_session

log = structlog.get_logger(__name__)

SILENCE = setting(
    "EOFFICE_WORKER_SILENCE",
    int,
    30,
    "Seconds without a sign of life after which a worker's jobs are queued again.",
)
CONCURRENCY = setting(
    "EOFFICE_WORKER_CONCURRENCY",
    lambda value: {k: int(n) for k, n in (pair.split("=") for pair in str(value).split(","))},
    {"urgent": 2, "exchange": 4, "interactive": 2, "heavy": 1},
    "Jobs at a time in each queue of one worker: urgent=2,exchange=4,interactive=2,heavy=1.",
)


class Queue(StrEnum):
    """Queues, each with its own share of a worker, so that OCR never holds up an urgent telegram."""

    URGENT = "urgent"
    EXCHANGE = "exchange"
    INTERACTIVE = "interactive"
    HEAVY = "heavy"


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


def worker(queues: Sequence[Queue] = tuple(Queue)) -> None:
    """Work until SIGINT or SIGTERM; what is under way is finished first."""
    asyncio.run(_work(queues))


async def _work(queues: Sequence[Queue]) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url(), max_size=8))
    for known in JOBS.values():
        _register(app, known)
    silence = settings().get(SILENCE)
    async with app.open_async():
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue.value],
                    name=queue.value,
                    concurrency=settings().get(CONCURRENCY)[queue.value],
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=max(1.0, silence / 3),
                    stalled_worker_timeout=float(silence),
                    shutdown_graceful_timeout=20.0,
                )
            )
            for queue in queues
        ]
        workers.append(asyncio.create_task(_rescue(app, float(silence))))
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, lambda: [task.cancel() for task in workers])
        log.info("worker started", queues=[q.value for q in queues])
        # A worker that dies of an error takes the process down: the supervisor starts a new one.
        done, rest = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for task in done:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception()  # type: ignore[misc]  # checked just before


def _register(app: procrastinate.App, known: Job) -> None:
    def perform(**arguments: Any) -> None:
        arguments.pop("timestamp", None)  # procrastinate gives periodic jobs their moment
        session = new_session()
        begun = time.monotonic()
        try:
            known.function(session, **arguments)
        except Exception:
            session.rollback()
            log.exception("job failed", job=known.name, arguments=arguments)
            raise
        finally:
            session.close()
        if known.every is None:
            log.info(
                "job done", job=known.name, arguments=arguments, ms=round(1000 * (time.monotonic() - begun))
            )

    retry = RetryStrategy(max_attempts=known.attempts, exponential_wait=2) if known.attempts else False
    task = app.task(name=known.name, queue=known.queue.value, retry=retry)(perform)
    if known.every is not None:
        lock = f"every:{known.name}"
        app.periodic(cron=_cron(known.every), queueing_lock=lock, lock=lock)(task)  # type: ignore[arg-type]  # `perform` drops the moment


def _cron(seconds: int) -> str:
    if seconds < 60:
        return f"* * * * * */{seconds}"
    if seconds < 3600:
        return f"*/{seconds // 60} * * * *"
    return "7 * * * *"


#: a stalled job goes back to its queue; where a younger one with the same mark waits already, that one is enough.
#: Several workers look at the same time, so what somebody else has taken meanwhile is left alone.
_QUEUE_AGAIN = """
UPDATE procrastinate_jobs AS job SET attempts = attempts + 1, scheduled_at = NULL,
       status = (CASE WHEN EXISTS (SELECT FROM procrastinate_jobs AS twin
                                    WHERE twin.queueing_lock = job.queueing_lock AND twin.status = 'todo')
                 THEN 'aborted' ELSE 'todo' END)::procrastinate_job_status
 WHERE id = %(id)s AND status = 'doing' AND (worker_id IS NULL OR worker_id = %(worker)s)
"""
#: a periodic job that failed has been done again since; its row would look like trouble for ever
_PRUNE_PERIODIC = """
DELETE FROM procrastinate_jobs AS job WHERE status = 'failed' AND task_name = ANY(%(names)s) AND EXISTS (
       SELECT FROM procrastinate_events AS event
        WHERE event.job_id = job.id AND event.type = 'failed' AND event.at < now() - interval '1 hour')
"""


async def _rescue(app: procrastinate.App, silence: float) -> None:
    """Queue again what silent workers held, and every hour prune what is long done."""
    pruned_at = -math.inf
    while True:
        await queue_again(app, silence)
        if time.monotonic() - pruned_at > 3600:
            await prune(app)
            pruned_at = time.monotonic()
        await asyncio.sleep(max(1.0, silence / 3))


async def queue_again(app: procrastinate.App, silence: float) -> None:
    """Take from workers that were silent for so many seconds what they held. Harmless in several workers at once."""
    for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silence):
        log.warning("job of a silent worker queued again", job=stalled.task_name, id=stalled.id)
        with suppress(UniqueViolation):  # its twin came this very moment: the next round sees it
            await app.connector.execute_query_async(_QUEUE_AGAIN, id=stalled.id, worker=stalled.worker_id)


async def prune(app: procrastinate.App) -> None:
    """Delete rows of jobs that nobody needs to look at any more; what failed stays, for the health page."""
    await app.job_manager.delete_old_jobs(nb_hours=24, include_cancelled=True, include_aborted=True)
    names = [known.name for known in JOBS.values() if known.every is not None]
    await app.connector.execute_query_async(_PRUNE_PERIODIC, names=names)
