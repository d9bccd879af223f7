"""What is done beside the lanes: with stored packets, and with the directory of the axis."""

from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.db import transaction
from eoffice.core.events import publish
from eoffice.core.jobs import Queue, job, periodic
from eoffice.gateway import agencies, arrivals, axis, queries
from eoffice.gateway.events import PacketsComing
from exchange.errors import ExchangeError

log = structlog.get_logger(__name__)

#: age from which an arrival that cannot be taken in is tried by the hour
STUBBORN = timedelta(minutes=10)
#: arrivals in one transaction: enough for its price not to count, and the first does not wait long for the last
TOGETHER = 16


@job("gateway.take_in", Queue.EXCHANGE)
def take_in(session: Session, arrival_ids: list[int]) -> None:
    """Give stored arrivals to the features above, some in one transaction; a repeat does nothing."""
    for at in range(0, len(arrival_ids), TOGETHER):
        _take_in(session, arrival_ids[at : at + TOGETHER], alone=len(arrival_ids) == 1)


def _take_in(session: Session, arrival_ids: list[int], *, alone: bool) -> None:
    try:
        with transaction(session):
            contents = queries.coming(session, arrival_ids)
        seen = dict[int, object]()
        # minutes, if somebody means ill: no row is held meanwhile, and no connection waits
        publish(session, PacketsComing(contents, seen))
        with transaction(session):
            arrivals.take_in(session, arrival_ids, seen)
    except Exception:
        if alone:
            raise
        # the others must not wait until the one that is to blame succeeds
        log.exception("arrivals not taken in together", arrivals=arrival_ids)
        with transaction(session):
            arrivals.enqueue_each(session, arrival_ids)


@periodic("gateway.follow_directory", seconds=60, queue=Queue.HEAVY)
def follow_directory(session: Session) -> None:
    """Learn which agencies the axis serves, which were closed and who took over from them."""
    client = axis.client()
    if client is None:
        return
    try:
        agencies.follow(session, client)
    except ExchangeError as error:
        log.warning("directory of the axis not followed", error=error.en)


@job("gateway.tell_merger", Queue.EXCHANGE, attempts=20)
def tell_merger(session: Session, merger_id: int) -> None:
    """Have the axis deliver to the successor from the day on, or, when the plan is withdrawn, as before."""
    client = axis.client()
    if client is not None:
        agencies.tell(session, client, merger_id)


@periodic("gateway.sweep", seconds=60, queue=Queue.EXCHANGE)
def sweep(session: Session) -> None:
    """See that every stored arrival is taken in, whatever became of the job it had; while that is there, nothing is.

    One that could not be for ten minutes is tried once an hour: by then it waits for a person, whom the health page
    tells.
    """
    now = clock.now()
    since = now - STUBBORN if now.minute else None
    with transaction(session):
        asked = {one for given in jobs.asked(session, "gateway.take_in") for one in given["arrival_ids"]}
        stored = queries.stored(session, now - timedelta(minutes=1), since=since)
        arrivals.enqueue_each(session, set(stored) - asked)
