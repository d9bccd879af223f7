"""The two installations' programs, started as processes: `python -m bench.exchange_programs sender|receiver`.

The sender's worker is the product's own; the question after signed receipts of delivery, which it asks every few
seconds, is asked without a pause here, so that its cost lies inside the measurement.
"""

import os
import sys
import threading
import time

from eoffice.app import load
from eoffice.core import config, jobs, logs
from eoffice.core.db import new_session
from eoffice.core.jobs import Queue
from eoffice.gateway.receiver import Receiver


def main(which: str) -> None:
    """Run one of them until it is stopped."""
    load()
    config.install(config.Settings.read(os.environ))
    logs.start()
    if which == "sender":
        threading.Thread(target=_ask, daemon=True).start()
    Receiver().start()
    if which == "quiet-receiver":  # stores and acknowledges; whoever has no worker reports nothing
        threading.Event().wait()
    jobs.worker((Queue.URGENT, Queue.EXCHANGE, Queue.INTERACTIVE))


def _ask() -> None:
    session = new_session()
    while True:
        jobs.run(session, "gateway.ask_progress")
        session.rollback()
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
