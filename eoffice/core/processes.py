"""Named child processes that are started in order, kept alive, and never outlive the one that started them."""

import ctypes
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
#: glibc gives every other thread a heap of its own and keeps what one has grown to; threads of one interpreter take
#: turns, so that two are enough and a program of forty threads holds 10 to 20 MB less
_FEW_HEAPS = {"MALLOC_ARENA_MAX": "2"}


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends this signal to the child when the starting thread ends, even by kill -9."""
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)

    return arrange


class NotReady(Exception):
    """A process did not come up; the text says which one and why."""


Child = subprocess.Popen[bytes]


@dataclass
class Process:
    """One process of the family."""

    name: str
    #: starts it and returns once it runs; readiness is asked separately
    start: Callable[[], Child]
    #: address that answers 200 when it is ready; None: ready once started
    ready: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    child: Child | None = None
    #: moments of the last restarts
    restarts: list[float] = field(default_factory=list)


def spawn(arguments: list[str], environment: Mapping[str, str], log_file: Path) -> Child:
    """Start a program in a session of its own, so that Ctrl-C reaches the supervisor alone."""
    with log_file.open("ab") as output:
        return subprocess.Popen(
            arguments,
            env=_FEW_HEAPS | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # Every one of them may be killed at any moment; lingering without a supervisor would be worse.
            preexec_fn=die_with_parent(signal.SIGKILL),
        )


class Supervisor:
    """Starts processes in order, restarts what dies, stops them in reverse order."""

    #: this many restarts within a minute and it gives up
    PATIENCE = 10

    def __init__(self) -> None:
        self.processes: list[Process] = []
        self.stopping = False

    def add(self, process: Process, *, seconds: float = 60) -> None:
        """Start one and wait until it is ready. Raises NotReady."""
        self.processes.append(process)
        process.child = process.start()
        self._wait(process, seconds)

    def watch(self, pause: float = 0.5) -> None:
        """Keep them alive until `stop` is asked for. Raises NotReady when one keeps dying."""
        while not self.stopping:
            for process in self.processes:
                if not self.stopping and process.child is not None and process.child.poll() is not None:
                    self._restart(process)
            time.sleep(pause)

    def stop(self) -> None:
        """Stop all, the last one started first; what does not listen is killed."""
        self.stopping = True
        for process in reversed(self.processes):
            child = process.child
            if child is None or child.poll() is not None:
                continue
            child.send_signal(process.stop_signal)
            try:
                child.wait(25)
            except subprocess.TimeoutExpired:
                log.warning("killed, since it did not stop", process=process.name)
                child.kill()
                child.wait(5)

    def _restart(self, process: Process) -> None:
        moment = time.monotonic()
        process.restarts = [past for past in process.restarts if moment - past < 60] + [moment]
        code = process.child.returncode if process.child else None
        if len(process.restarts) > self.PATIENCE:
            raise NotReady(f"{process.name} stopped {self.PATIENCE} times within a minute (exit {code})")
        log.warning("restarting", process=process.name, exit=code)
        time.sleep(min(5.0, 0.2 * 2 ** (len(process.restarts) - 1)))
        process.child = process.start()

    def _wait(self, process: Process, seconds: float) -> None:
        end = time.monotonic() + seconds
        while process.ready is not None and time.monotonic() < end:
            if process.child is not None and process.child.poll() is not None:
                raise NotReady(f"{process.name} stopped at once (exit {process.child.returncode})")
            if answers(process.ready):
                return
            time.sleep(0.05)
        if process.ready is not None:
            raise NotReady(f"{process.name} did not answer at {process.ready} within {seconds:.0f} s")


def answers(address: str) -> bool:
    """Whether a GET on this machine answers 200."""
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def port_is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A server that has just stopped leaves connections in TIME_WAIT; they are in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
