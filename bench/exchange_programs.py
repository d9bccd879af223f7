"""The two installations' programs: `python -m bench.exchange_programs sender|receiver|worker`.

`sender` does all that an installation does; the other one is parted into reception and jobs. The product asks for
signed receipts of delivery every few seconds; here it asks more often, so that their cost lies inside the measurement.
"""

import os
import sys
import threading
import time

from eoffice.app import load
from eoffice.core import config, jobs, logs, worker
from eoffice.core.db import new_session
from eoffice.core.jobs import Queue
from eoffice.gateway.receiver import Receiver

#: what the worker does; the hourly sweep of files in the heavy queue is not part of an exchange
QUEUES = (Queue.URGENT, Queue.EXCHANGE, Queue.INTERACTIVE)


def main(which: str) -> None:
    """Run one of them until it is stopped."""
    load()
    config.install(config.Settings.read(os.environ))
    logs.start()
    if which in ("sender", "receiver"):
        Receiver().start()
    if which == "sender":
        threading.Thread(target=_ask, daemon=True).start()
    if which == "receiver":
        threading.Event().wait()
    worker.work(QUEUES)


def _ask() -> None:
    session = new_session()
    while True:
        jobs.run(session, "gateway.ask_progress")
        session.rollback()
        time.sleep(0.3)


if __name__ == "__main__":
    main(sys.argv[1])
