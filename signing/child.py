"""The check in a process of its own with limits: whatever a hostile file does to it becomes a verdict."""

import logging
import math
import multiprocessing
import os
import resource
import time
from datetime import datetime
from errno import ENOENT
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from signing.detachedcheck import verify_detached
from signing.report import Code, Finding, Report, Verdict
from signing.trust import TrustStore
from signing.verify import verify_pdf

#: from the call to the verdict; the program itself takes about 150 of 500 megabytes
SECONDS, MEGABYTES = 9.0, 325
#: seconds in which a child must have loaded everything
_START = 20.0


def verify_in_child(
    path: Path,
    trust: TrustStore,
    *,
    signature: bytes | None = None,
    at: datetime | None = None,
    offline: bool = True,
    require_revocation: bool = False,
    allow_private_fetch: bool = False,
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
) -> Report:
    """As `verify_pdf`, or with `signature` as `verify_detached`, within `seconds` of wall time, start
    included, and `megabytes` beyond the program itself.

    Beyond them, or when the child dies: UNREADABLE with the finding LIMIT. Raises FileNotFoundError.
    """
    if not path.is_file():
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path))
    begun = time.monotonic()
    # a fork would carry the parent's threads' locks along
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    options = {
        "signature": signature,
        "at": at,
        "offline": offline,
        "require_revocation": require_revocation,
        "allow_private_fetch": allow_private_fetch,
    }
    arguments = (sender, path, trust, options, megabytes, math.ceil(seconds))
    process = context.Process(target=_work, args=arguments, daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(_START) or receiver.recv() != "ready":
            return _limit("the check did not start")
        # starting Python and loading pyHanko is not the file's fault: on a busy machine it gets half its time yet
        if receiver.poll(max(seconds / 2, begun + seconds - time.monotonic())):
            found: Report = receiver.recv()
            return found
        return _limit(f"no result after {seconds:g} s")
    except EOFError:
        process.join(1)
        return _limit(f"the check ended with {process.exitcode}")
    finally:
        process.kill()
        process.join()
        receiver.close()


def _limit(reason: str) -> Report:
    return Report(Verdict.UNREADABLE, findings=(Finding(Code.LIMIT, {"reason": reason}),))


def _work(
    sender: Connection, path: Path, trust: TrustStore, options: dict[str, Any], megabytes: int, seconds: int
) -> None:
    quiet()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 5, seconds + 6))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sender.send("ready")
    signature = options.pop("signature")
    if signature is None:
        sender.send(verify_pdf(path, trust, **options))
    else:
        sender.send(verify_detached(path, signature, trust, **options))


def quiet() -> None:
    """pyHanko logs a traceback for every certificate it refuses; the report says the same in a sentence."""
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
