"""Jobs survive their worker: what a killed one held is done again, once, whoever looks for it."""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import procrastinate
import pytest
import sqlalchemy as sa
from procrastinate.jobs import Job
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs, worker
from eoffice.core.blobs import StoreAway, Trouble

_ATTEMPTS = "SELECT attempts FROM procrastinate_jobs WHERE task_name = 'test.read'"
Deed = Callable[[procrastinate.App], Awaitable[object]]


@pytest.fixture
def workers(worker_database: str) -> Callable[..., None]:
    """Run what some workers do, all at the same time."""

    async def together(deeds: tuple[Deed, ...]) -> None:
        app = worker.app(worker_database)
        async with app.open_async():
            await asyncio.gather(*(deed(app) for deed in deeds))

    return lambda *deeds: asyncio.run(together(deeds))


def _held(session: Session, mark: str | None = None, name: str = "documents.read_text") -> int:
    """A job that a worker held when it fell silent a minute ago."""
    worker = session.scalar(
        sa.text(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute') RETURNING id"
        )
    )
    made = session.scalar(
        sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, queueing_lock, worker_id)"
            " VALUES ('interactive', :name, '{}', 'doing', :mark, :worker) RETURNING id"
        ),
        {"name": name, "mark": mark, "worker": worker},
    )
    session.commit()
    assert isinstance(made, int)
    return made


def _waiting(session: Session, mark: str) -> int:
    made = session.scalar(
        sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, queueing_lock)"
            " VALUES ('interactive', 'documents.read_text', '{}', :mark) RETURNING id"
        ),
        {"mark": mark},
    )
    session.commit()
    assert isinstance(made, int)
    return made


def _state(session: Session, job_id: int) -> str | None:
    session.rollback()
    return session.scalar(sa.text("SELECT status FROM procrastinate_jobs WHERE id = :id"), {"id": job_id})


async def _rescue(app: procrastinate.App) -> None:
    await worker.queue_again(app, 30)


def test_what_a_silent_worker_held_waits_again(session: Session, workers: Callable[..., None]) -> None:
    held = _held(session)
    workers(_rescue)
    assert _state(session, held) == "todo"


def test_several_workers_may_rescue_the_same_jobs(session: Session, workers: Callable[..., None]) -> None:
    held = [_held(session) for _ in range(5)]
    workers(_rescue, _rescue, _rescue)
    assert {_state(session, one) for one in held} == {"todo"}
    attempts = session.scalar(sa.text("SELECT max(attempts) FROM procrastinate_jobs"))
    assert attempts == 1


def test_a_younger_job_with_the_same_mark_is_enough(session: Session, workers: Callable[..., None]) -> None:
    held, younger = _held(session, "every:x"), _waiting(session, "every:x")
    workers(_rescue)
    assert (_state(session, held), _state(session, younger)) == ("aborted", "todo")


def test_two_held_jobs_with_one_mark_leave_one(session: Session, workers: Callable[..., None]) -> None:
    held = [_held(session, "every:x"), _held(session, "every:x")]
    workers(_rescue)
    assert sorted(str(_state(session, one)) for one in held) == ["aborted", "todo"]


def test_a_job_that_fails_leaves_the_work_to_its_twin(session: Session, workers: Callable[..., None]) -> None:
    held, younger = _held(session, "dispatch:1"), _waiting(session, "dispatch:1")

    async def fail(app: procrastinate.App) -> None:
        mine = next(job for job in await app.job_manager.list_jobs_async() if job.id == held)
        await app.job_manager.retry_job(mine)

    workers(fail)
    assert (_state(session, held), _state(session, younger)) == ("aborted", "todo")


def test_a_job_that_another_worker_has_taken_meanwhile_is_left_to_it(
    session: Session, workers: Callable[..., None]
) -> None:
    held = _held(session)
    session.execute(
        sa.text(
            "WITH fresh AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)"
            " UPDATE procrastinate_jobs SET worker_id = (SELECT id FROM fresh) WHERE id = :id"
        ),
        {"id": held},
    )
    session.commit()
    workers(_rescue)
    assert _state(session, held) == "doing"


def test_the_failure_of_a_periodic_job_is_forgotten_after_an_hour_and_of_others_never(
    session: Session, workers: Callable[..., None]
) -> None:
    periodic, once = _held(session, name="admin.seal_audit"), _held(session)
    session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'failed'"))
    session.commit()
    workers(worker.prune)
    assert _state(session, periodic) == "failed"
    session.execute(sa.text("UPDATE procrastinate_events SET at = now() - interval '2 hours'"))
    session.commit()
    workers(worker.prune)
    assert (_state(session, periodic), _state(session, once)) == (None, "failed")


def test_trouble_of_the_disk_or_the_store_is_no_fault_of_a_job() -> None:
    patient = worker.Patient(max_attempts=3, exponential_wait=2)
    tried_often = Job(id=1, queue="x", lock=None, queueing_lock=None, task_name="x", attempts=50)
    for passing in (
        StoreAway("s3://van-ban", Trouble.SILENT, "x"),
        OSError(errno.ENOSPC, "No space left on device"),
    ):
        assert patient.get_retry_decision(exception=passing, job=tried_often) is not None
    for own in (ValueError(), OSError(errno.EINVAL, "Invalid argument")):
        assert patient.get_retry_decision(exception=own, job=tried_often) is None


def test_a_try_that_met_the_store_away_does_not_count(session: Session, worker_database: str) -> None:
    met: list[BaseException] = [StoreAway("s3://van-ban", Trouble.SILENT, "x"), ValueError()]

    def read(_session: Session) -> None:
        raise met[0]

    async def tried() -> None:
        app = worker.app(worker_database)
        worker._register(app, jobs.Job("test.read", read, jobs.Queue.INTERACTIVE, attempts=2))
        async with app.open_async():
            await app.tasks["test.read"].defer_async()
            for _ in range(len(met)):
                await app.run_worker_async(wait=False, install_signal_handlers=False)
                attempts.append((await app.connector.execute_query_one_async(_ATTEMPTS))["attempts"])
                await app.connector.execute_query_async("UPDATE procrastinate_jobs SET scheduled_at = NULL")
                met.reverse()

    attempts: list[int] = []
    asyncio.run(tried())
    assert attempts == [0, 1]


def test_words_are_read_when_nothing_is_exchanged_or_after_some_patience(session: Session) -> None:
    def waited(since: datetime, patience: float) -> float:
        begun = time.monotonic()
        worker.give_way(session, since, patience)
        return time.monotonic() - begun

    assert waited(clock.now(), 5.0) < 2.0
    job_id = session.scalar(
        sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
            " VALUES ('exchange', 'gateway.take_in', '{}', 'doing') RETURNING id"
        )
    )
    session.commit()
    assert abs(worker.queued_at(session, job_id) - clock.now()) < timedelta(seconds=30)
    assert waited(clock.now(), 0.5) >= 0.5
    assert waited(clock.now() - timedelta(seconds=6), 5.0) < 1.0, "it has waited long enough in its queue"
    session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'succeeded'"))
    session.commit()
    assert waited(clock.now(), 5.0) < 2.0


def test_a_worker_goes_on_when_the_server_has_closed_its_idle_connections(
    session: Session, worker_database: str
) -> None:
    async def asked_before_and_after() -> list[dict[str, int]]:
        app = worker.app(worker_database)
        async with app.open_async():
            first = await app.connector.execute_query_one_async("SELECT pg_backend_pid() AS pid")
            session.execute(sa.text("SELECT pg_terminate_backend(:pid)"), first)
            session.commit()
            await asyncio.sleep(0.2)
            return [first, await app.connector.execute_query_one_async("SELECT pg_backend_pid() AS pid")]

    first, second = asyncio.run(asked_before_and_after())
    assert first["pid"] != second["pid"]
