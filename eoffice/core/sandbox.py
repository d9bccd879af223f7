"""Foreign files are parsed in child processes with a bound on memory and time and no network.

`call("package.module:function", …)` runs a function in a warm child; its death is a verdict
(`SandboxDied`), never the death of the application. What the children may still do is read the files
this account may read; they get no environment, open no socket and start no program (a kernel filter on
Linux x86-64 and ARM64, an interpreter hook elsewhere: `network_closed_by()` tells which).

What comes back is not trusted either: only plain values, tuples, dataclasses, enumerations and exceptions of
modules the application has loaded are rebuilt.
"""

import atexit
import contextlib
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from eoffice.core.config import setting, settings
from eoffice.core.sandbox_answers import SandboxDied, SandboxError, load, rebuilt
from eoffice.core.sandbox_child import HEADER, HELLO, MEGABYTE, receive_exactly, send

__all__ = ["SandboxDied", "SandboxError", "call", "close", "network_closed_by", "preload"]

PROCESSES = setting(
    "EOFFICE_SANDBOX_PROCESSES",
    int,
    0,
    "Child processes of each process that read foreign files; 0 means one for each processor.",
)

#: function, positional and named arguments, seconds, megabytes
_Request = tuple[str, tuple[Any, ...], dict[str, Any], float, int]

#: a worker is replaced after so many calls, because the parsers written in C leak a little
CALLS_PER_WORKER = 500
#: how many times its seconds a patient call may take by the clock: others may leave it little of the processors
_PATIENCE = 10
#: largest answer taken from a child, whatever its memory bound
ANSWER_LIMIT = 256 * MEGABYTE
_preload = ["pikepdf", "pypdfium2", "PIL.Image"]


def preload(module: str) -> None:
    """Have `module` imported before children are forked. Call when the module that uses it is imported."""
    if module not in _preload:
        _preload.append(module)


def call(
    function: str,
    *args: Any,
    seconds: float = 10.0,
    megabytes: int = 500,
    patient: bool = False,
    **kwargs: Any,
) -> Any:
    """Run `"package.module:function"` in a child process and return what it returns.

    Arguments and result are pickled. `seconds`: wall clock and processor time. `megabytes`: memory
    above what the idle child has. `patient`: nobody waits for it, so it is done one at a time, by a child of its own
    that stands back while others need the processors. Safe to call from many threads; waits for a free child.
    Raises SandboxDied, SandboxError, and what the function raised.
    """
    return _pool().call((function, args, kwargs, seconds, megabytes), patient=patient)


def network_closed_by() -> Literal["kernel", "interpreter"]:
    """Tell what keeps the children off the network on this machine (for the health page)."""
    pool = _pool()
    with pool.prompt.slots:
        worker = pool.take(pool.prompt)
        pool.prompt.idle.append(worker)
    return "kernel" if worker.filtered else "interpreter"


def close() -> None:
    """End all children. The next call starts new ones."""
    global _current
    with _lock:
        pool, _current = _current, None
    if pool:
        pool.close()


@dataclass
class _Worker:
    """One child process and the line to it."""

    connection: socket.socket
    #: kills exactly this process, even when its number has been given to another since
    pidfd: int
    filtered: bool
    calls: int = 0
    #: nothing of an earlier call is still on the line
    answered: bool = True

    def ask(self, request: _Request, seconds: float) -> Any:
        """The answer, within so many seconds by the clock. Raises as `call`."""
        function = request[0]
        self.calls += 1
        deadline = time.monotonic() + seconds
        try:
            self.answered = False
            self.connection.settimeout(seconds)
            send(self.connection, request)
            (size,) = HEADER.unpack(self._read(HEADER.size, deadline))
            if size > ANSWER_LIMIT:
                raise SandboxDied("memory", function)
            good, value, *told = load(self._read(size, deadline))
            self.answered = True
        except TimeoutError:
            raise SandboxDied("time", function) from None
        except (EOFError, ConnectionError, pickle.UnpicklingError, struct.error) as error:
            raise SandboxDied("crash", function) from error
        if good:
            return value
        raise rebuilt(value, *told, function=function)

    def _read(self, size: int, deadline: float) -> bytearray:
        self.connection.settimeout(max(0.001, deadline - time.monotonic()))
        return receive_exactly(self.connection, size)

    def alive(self) -> bool:
        """Tell whether an idle worker still holds its end of the line."""
        self.connection.setblocking(False)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        return False  # hung up, or it speaks without being asked

    def end(self) -> None:
        self.connection.close()
        with contextlib.suppress(ProcessLookupError):  # gone already: that is what was wanted
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        os.close(self.pidfd)


def _stand_back(pid: int) -> None:
    """Let a process run only while nobody else wants a processor, where the system knows that."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.setpriority(os.PRIO_PROCESS, pid, 19)


class _Nursery:
    """The process that has the parsers loaded and forks workers."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair()
        code = "import sys; from eoffice.core.sandbox_child import nursery; "
        code += "nursery(int(sys.argv[1]), sys.argv[2:])"
        path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
        # No variable of ours goes along: the database's address and passwords may be among them.
        environment = {"PYTHONPATH": path, "LC_ALL": "C.UTF-8"}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, str(theirs.fileno()), *_preload],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                cwd="/",
            )

    def fork(self, *, patient: bool) -> _Worker:
        """Raises OSError or EOFError when the nursery is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"f"], [theirs.fileno()])
        (pid,) = struct.unpack(">I", receive_exactly(self.control, 4))
        pidfd = os.pidfd_open(pid)
        if patient:
            _stand_back(pid)
        _, filtered = HELLO.unpack(receive_exactly(ours, HELLO.size))
        return _Worker(ours, pidfd, filtered)

    def end(self) -> None:
        """Hang up: the nursery leaves, and the kernel ends its workers with it."""
        self.control.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class _Places:
    """Workers of one kind, started when first needed; the one used last is used again first."""

    slots: threading.BoundedSemaphore
    patient: bool
    idle: deque[_Worker] = field(default_factory=deque)


class _Pool:
    """At most `size` workers, and one for what may wait, all from one nursery."""

    def __init__(self, size: int) -> None:
        self.prompt = _Places(threading.BoundedSemaphore(size), patient=False)
        self.patient = _Places(threading.BoundedSemaphore(1), patient=True)
        self.nursery: _Nursery | None = None
        self.starting = threading.Lock()

    def call(self, request: _Request, *, patient: bool) -> Any:
        places = self.patient if patient else self.prompt
        with places.slots:
            try:
                return self._ask(request, places)
            except SandboxDied as died:
                if died.reason != "crash" or not self._nursery_lost():
                    raise
            return self._ask(request, places)  # it went down with the nursery: no verdict on the file

    def _ask(self, request: _Request, places: _Places) -> Any:
        worker = self.take(places)
        try:
            return worker.ask(request, request[3] * (_PATIENCE if places.patient else 1))
        finally:
            if worker.answered and worker.calls < CALLS_PER_WORKER:
                places.idle.append(worker)
            else:
                worker.end()

    def _nursery_lost(self) -> bool:
        """Tell whether somebody ended the nursery; its workers die a moment before it can be seen."""
        if self.nursery is None:
            return False
        try:
            self.nursery.process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            return False
        self._end_idle()  # dead too, or about to be
        return True

    def take(self, places: _Places) -> _Worker:
        with contextlib.suppress(IndexError):
            while worker := places.idle.pop():
                if worker.alive():
                    return worker
                worker.end()
        with self.starting:
            return self._start(places.patient)

    def _start(self, patient: bool) -> _Worker:
        if self.nursery is None:
            self.nursery = _Nursery()
        try:
            return self.nursery.fork(patient=patient)
        except (OSError, EOFError):  # somebody ended the nursery: raise a new one, once
            self.nursery.end()
            self.nursery = _Nursery()
            return self.nursery.fork(patient=patient)

    def _end_idle(self) -> None:
        for places in (self.prompt, self.patient):
            with contextlib.suppress(IndexError):
                while worker := places.idle.pop():
                    worker.end()

    def close(self) -> None:
        self._end_idle()
        if self.nursery:
            self.nursery.end()

    def abandon(self) -> None:
        """Let go of the lines in a forked copy of the application; the original keeps its children."""
        for worker in (*self.prompt.idle, *self.patient.idle):
            worker.connection.close()
            os.close(worker.pidfd)
        if self.nursery:
            self.nursery.control.close()
            self.nursery.process.returncode = 0  # not ours to wait for


_lock = threading.Lock()
_current: _Pool | None = None


def _pool() -> _Pool:
    global _current
    with _lock:
        if _current is None:
            _current = _Pool(settings().get(PROCESSES) or os.cpu_count() or 2)
        return _current


def _after_fork() -> None:
    global _current, _lock
    pool, _current, _lock = _current, None, threading.Lock()
    if pool:
        pool.abandon()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(close)
