"""The two installations' programs: `python -m bench.exchange_programs sender|receiver|worker`.

`sender` does all that an installation does; the other one is parted into reception, and what follows it.
"""

import os
import sys
import threading

from eoffice.app import load
from eoffice.core import config, logs, worker
from eoffice.core.jobs import Queue
from eoffice.gateway.exchange import Exchange

#: what the worker does; the hourly sweep of files in the heavy queue is not part of an exchange
QUEUES = (Queue.URGENT, Queue.EXCHANGE, Queue.INTERACTIVE, Queue.READING)


def main(which: str) -> None:
    """Run one of them until it is stopped."""
    load()
    config.install(config.Settings.read(os.environ))
    logs.start()
    Exchange(sends=which != "receiver", receives=which != "worker").start()
    if which == "receiver":
        threading.Event().wait()
    worker.work(QUEUES)


if __name__ == "__main__":
    main(sys.argv[1])
