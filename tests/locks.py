"""Who waits for whom."""

import time

import sqlalchemy as sa
from sqlalchemy.orm import Session


def somebody_waits(session: Session) -> None:
    """Until another session of this database waits for a lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + 10
    while not session.scalar(waiting):
        # else a transaction sees the same all along
        session.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.01)
