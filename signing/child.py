"""Work on foreign files in a process of its own with limits: whatever a hostile one does there becomes an answer."""

import logging
import math
import multiprocessing
import os
import resource
import time
import warnings
from collections.abc import Callable
from datetime import datetime
from errno import ENOENT
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from signing.detachedcheck import verify_detached
from signing.errors import EncryptedPdf, UnreadablePdf
from signing.inspection import inspect_pdf
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
    options = {
        "signature": signature,
        "at": at,
        "offline": offline,
        "require_revocation": require_revocation,
        "allow_private_fetch": allow_private_fetch,
    }
    try:
        found: Report = _in_child(_verify, (path, trust, options), seconds, megabytes)
    except _Limit as error:
        return Report(Verdict.UNREADABLE, findings=(Finding(Code.LIMIT, {"reason": str(error)}),))
    return found


def inspect_in_child(path: Path, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> dict[str, Any]:
    """As `inspect_pdf`, within the same limits. Raises UnreadablePdf, also beyond them, EncryptedPdf,
    FileNotFoundError."""
    try:
        found: dict[str, Any] | str | None = _in_child(_inspect, (path,), seconds, megabytes)
    except _Limit as error:
        raise UnreadablePdf(str(error)) from error
    if found is None:
        raise EncryptedPdf
    if isinstance(found, str):
        raise UnreadablePdf(found)
    return found


class _Limit(Exception):
    """The child did not end well in time."""


def _in_child(work: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, megabytes: int) -> Any:
    """What `work` gives, whose first argument is a file. Raises _Limit, FileNotFoundError."""
    path = arguments[0]
    if not path.is_file():
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), str(path))
    begun = time.monotonic()
    # a fork would carry the parent's threads' locks along
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_run, args=(sender, work, arguments, megabytes, math.ceil(seconds)), daemon=True
    )
    process.start()
    sender.close()
    try:
        if not receiver.poll(_START) or receiver.recv() != "ready":
            raise _Limit("the check did not start")
        # starting Python and loading pyHanko is not the file's fault: on a busy machine it gets half its time yet
        if receiver.poll(max(seconds / 2, begun + seconds - time.monotonic())):
            return receiver.recv()
        raise _Limit(f"no result after {seconds:g} s")
    except EOFError as error:
        process.join(1)
        raise _Limit(f"the check ended with {process.exitcode}") from error
    finally:
        process.kill()
        process.join()
        receiver.close()


def _run(
    sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...], megabytes: int, seconds: int
) -> None:
    quiet()
    warnings.simplefilter("ignore")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds + 5, seconds + 6))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sender.send("ready")
    sender.send(work(*arguments))


def _verify(path: Path, trust: TrustStore, options: dict[str, Any]) -> Report:
    signature = options.pop("signature")
    if signature is None:
        return verify_pdf(path, trust, **options)
    return verify_detached(path, signature, trust, **options)


def _inspect(path: Path) -> dict[str, Any] | str | None:
    """The facts; else why the file cannot be read, None where it is encrypted: errors of ours do not travel."""
    try:
        with path.open("rb") as source:
            return inspect_pdf(source)
    except EncryptedPdf:
        return None
    except UnreadablePdf as error:
        return error.reason
    except MemoryError:
        return "out of memory"


def quiet() -> None:
    """pyHanko logs a traceback for every certificate it refuses, others what they dislike in a file; the report says
    the same in a sentence."""
    for name in ("pyhanko", "pyhanko_certvalidator", "pypdfium2", "pikepdf"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
