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
from dataclasses import dataclass
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
#: largest answer taken from a child, whatever its memory bound
ANSWER_LIMIT = 256 * MEGABYTE
_preload = ["pikepdf", "pypdfium2", "PIL.Image"]


def preload(module: str) -> None:
    """Have `module` imported before children are forked. Call when the module that uses it is imported."""
    if module not in _preload:
        _preload.append(module)


def call(function: str, *args: Any, seconds: float = 10.0, megabytes: int = 500, **kwargs: Any) -> Any:
    """Run `"package.module:function"` in a child process and return what it returns.

    Arguments and result are pickled. `seconds`: wall clock and processor time. `megabytes`: memory
    above what the idle child has. Safe to call from many threads; waits for a free child.
    Raises SandboxDied, SandboxError, and what the function raised.
    """
    return _pool().call((function, args, kwargs, seconds, megabytes))


def network_closed_by() -> Literal["kernel", "interpreter"]:
    """Tell what keeps the children off the network on this machine (for the health page)."""
    pool = _pool()
    with pool.slots:
        worker = pool.take()
        pool.give_back(worker)
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

    def ask(self, request: _Request) -> Any:
        function, seconds = request[0], request[3]
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

    def fork(self) -> _Worker:
        """Raises OSError or EOFError when the nursery is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"f"], [theirs.fileno()])
        (pid,) = struct.unpack(">I", receive_exactly(self.control, 4))
        pidfd = os.pidfd_open(pid)
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


class _Pool:
    """At most `size` workers, started when first needed; the one used last is used again first."""

    def __init__(self, size: int) -> None:
        self.slots = threading.BoundedSemaphore(size)
        self.idle: deque[_Worker] = deque()
        self.nursery: _Nursery | None = None
        self.starting = threading.Lock()

    def call(self, request: _Request) -> Any:
        with self.slots:
            try:
                return self._ask(request)
            except SandboxDied as died:
                if died.reason != "crash" or not self._nursery_lost():
                    raise
            return self._ask(request)  # it went down with the nursery: no verdict on the file

    def _ask(self, request: _Request) -> Any:
        worker = self.take()
        try:
            return worker.ask(request)
        finally:
            if worker.answered and worker.calls < CALLS_PER_WORKER:
                self.give_back(worker)
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
        with contextlib.suppress(IndexError):  # the idle ones are dead too, or about to be
            while worker := self.idle.pop():
                worker.end()
        return True

    def take(self) -> _Worker:
        with contextlib.suppress(IndexError):
            while worker := self.idle.pop():
                if worker.alive():
                    return worker
                worker.end()
        with self.starting:
            return self._start()

    def give_back(self, worker: _Worker) -> None:
        self.idle.append(worker)

    def _start(self) -> _Worker:
        if self.nursery is None:
            self.nursery = _Nursery()
        try:
            return self.nursery.fork()
        except (OSError, EOFError):  # somebody ended the nursery: raise a new one, once
            self.nursery.end()
            self.nursery = _Nursery()
            return self.nursery.fork()

    def close(self) -> None:
        while self.idle:
            self.idle.pop().end()
        if self.nursery:
            self.nursery.end()

    def abandon(self) -> None:
        """Let go of the lines in a forked copy of the application; the original keeps its children."""
        for worker in self.idle:
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
