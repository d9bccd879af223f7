"""The process that does the jobs, and looks after those of workers that died."""

import asyncio
import math
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import procrastinate
import psycopg
import sqlalchemy as sa
import structlog
from procrastinate import JobContext, RetryDecision, RetryStrategy
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.blobs import passing
from eoffice.core.config import settings
from eoffice.core.db import database_url, hung_up, new_session
from eoffice.core.jobs import CONCURRENCY, JOBS, SILENCE, Job, Queue

log = structlog.get_logger(__name__)


def work(queues: Sequence[Queue] = tuple(Queue)) -> None:
    """Work until SIGINT or SIGTERM; what is under way is finished first."""
    asyncio.run(_work(queues))


class _Manager(JobManager):
    """Marks are given once: a job that failed is not tried again where a younger one waits already."""

    async def retry_job(self, job: procrastinate.jobs.Job, *args: Any, **kwargs: Any) -> None:
        """Queue it again. Otherwise it would stay `doing` and hold its lock as long as this worker lives."""
        try:
            await super().retry_job(job, *args, **kwargs)
        except UniqueViolation:
            await self.finish_job(job, Status.ABORTED, delete_job=False)


def app(url: str) -> procrastinate.App:
    """What a worker works with."""
    connector = procrastinate.PsycopgConnector(conninfo=url, max_size=9, pool_factory=_pool)
    made = procrastinate.App(connector=connector)
    made.job_manager = _Manager(made.connector)
    return made


def _pool(**wanted: Any) -> AsyncConnectionPool:
    """Connections that are looked at before they are used, not asked: a job is four statements of procrastinate's."""
    return AsyncConnectionPool(**wanted | {"check": _alive})


async def _alive(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raises OperationalError for one that the server has closed: the pool opens another."""
    if hung_up(connection):
        raise psycopg.OperationalError("closed by the server")


async def _work(queues: Sequence[Queue]) -> None:
    working = app(database_url())
    for known in JOBS.values():
        _register(working, known)
    silence, at_once = settings().get(SILENCE), settings().get(CONCURRENCY)
    async with working.open_async():
        workers = [
            asyncio.create_task(
                working.run_worker_async(
                    queues=[queue.value],
                    name=queue.value,
                    concurrency=at_once.get(
                        queue.value, 1
                    ),  # one in a queue that a setting of old does not name
                    install_signal_handlers=False,
                    fetch_job_polling_interval=2.0,
                    update_heartbeat_interval=max(1.0, silence / 3),
                    stalled_worker_timeout=float(silence),
                    shutdown_graceful_timeout=20.0,
                )
            )
            for queue in queues
        ]
        workers.append(asyncio.create_task(_rescue(working, float(silence))))
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


class Patient(RetryStrategy):
    """Trouble of the disk or the store of files is no fault of a job: it is tried each minute until that is over, and
    such tries do not count (`_forgive`).
    """

    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> RetryDecision | None:
        if passing(exception):
            return RetryDecision(retry_in={"seconds": 60})
        return super().get_retry_decision(exception=exception, job=job)


def _register(app: procrastinate.App, known: Job) -> None:
    def perform(context: JobContext, /, **arguments: Any) -> None:
        arguments.pop("timestamp", None)  # procrastinate gives periodic jobs their moment
        session = new_session()
        begun = time.monotonic()
        try:
            if known.queue is Queue.READING:
                give_way(session, queued_at(session, context.job.id))
            known.function(session, **arguments)
        except Exception as error:
            session.rollback()
            if known.attempts and passing(error):
                _forgive(session, context.job)
            log.exception("job failed", job=known.name, arguments=arguments)
            raise
        finally:
            session.close()
        if known.every is None:
            log.info(
                "job done", job=known.name, arguments=arguments, ms=round(1000 * (time.monotonic() - begun))
            )

    retry = Patient(max_attempts=known.attempts, exponential_wait=2) if known.attempts else False
    task = app.task(name=known.name, queue=known.queue.value, retry=retry, pass_context=True)(perform)
    if known.every is not None:
        lock = f"every:{known.name}"
        app.periodic(cron=_cron(known.every), queueing_lock=lock, lock=lock)(task)  # type: ignore[arg-type]  # `perform` drops the moment


#: between two bunches of a burst nothing is done for a moment: it is over when nobody was seen so often in a row
_LOOKS = 3


def queued_at(session: Session, job_id: int | None) -> datetime:
    """When a job was put into its queue."""
    put = sa.text("SELECT min(at) FROM procrastinate_events WHERE job_id = :id AND type = 'deferred'")
    found = session.scalar(put, {"id": job_id}) or clock.now()
    session.rollback()
    return found


def give_way(session: Session, since: datetime, patience: float = 20.0) -> None:
    """Let what is exchanged be done first: in a burst of arrivals all verdicts come before the words of any.

    Where there is never a pause, what waits for longer than `patience` seconds goes on all the same: words are late
    by that much, however long it lasts.
    """
    end, quiet = since + timedelta(seconds=patience), 0
    while clock.now() < end:
        quiet = 0 if jobs.busy(session, Queue.URGENT, Queue.EXCHANGE) else quiet + 1
        session.rollback()
        if quiet == _LOOKS:
            return
        time.sleep(0.2)


def _forgive(session: Session, job: procrastinate.jobs.Job) -> None:
    """Take away beforehand the attempt that queueing it again adds."""
    session.execute(
        sa.text("UPDATE procrastinate_jobs SET attempts = attempts - 1 WHERE id = :id"), {"id": job.id}
    )
    session.commit()


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
