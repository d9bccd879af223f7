"""The worker makes what the first start had no time for."""

from datetime import timedelta

from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.db import transaction
from eoffice.core.jobs import Queue, job
from eoffice.demo import service


@job("demo.go_on", Queue.INTERACTIVE)
def go_on(session: Session) -> None:
    """Go on with the stories; those that wait for the axis are looked at again soon."""
    if not service.go_on(session):
        with transaction(session):
            jobs.enqueue(session, "demo.go_on", _at=clock.now() + timedelta(seconds=3), _once="demo")
