"""The far side of `core.sandbox`: what runs in the child processes.

A *nursery* process imports the parsers once and forks a worker whenever the application asks for one,
so that a worker that had to be killed is replaced in milliseconds. A worker closes the network for
itself, then answers one call after the other. Nothing here is imported by the application itself
except the wire format.
"""

import ctypes
import importlib
import os
import pickle
import platform
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

#: every message is its length (unsigned, 8 bytes, big endian) and then a pickle
HEADER = struct.Struct(">Q")
#: process id of a new worker and whether the kernel keeps it off the network
HELLO = struct.Struct(">I?")
MEGABYTE = 1 << 20

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_SECCOMP_ALLOW, _SECCOMP_EPERM = 0x7FFF0000, 0x00050001
#: audit architecture and the numbers of socket, connect, execve, execveat, ptrace, io_uring_setup, and of what
#: reaches into other processes of this account: process_vm_readv, process_vm_writev, kill, pidfd_getfd
_FORBIDDEN = {
    "x86_64": (0xC000003E, (41, 42, 59, 322, 101, 425, 310, 311, 62, 438)),
    "aarch64": (0xC00000B7, (198, 203, 221, 281, 117, 425, 270, 271, 129, 438)),
}


def receive_exactly(connection: socket.socket, size: int) -> bytearray:
    """Read `size` bytes. Raises EOFError when the other side is gone, TimeoutError by its timeout."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = connection.recv_into(view[got:])
        if not count:
            raise EOFError
        got += count
    return data


def send(connection: socket.socket, message: object) -> None:
    """Write one message. Raises what pickle raises for values it cannot carry; nothing is sent then."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    connection.sendall(HEADER.pack(len(data)) + data)


def nursery(control_fd: int, preload: list[str]) -> None:
    """Import `preload`, then fork a worker for every socket that arrives, until the application is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries dead workers
    for module in preload:
        importlib.import_module(module)
    with socket.socket(fileno=control_fd) as control:
        while True:
            message, fds, *_ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                control.close()
                _work(socket.socket(fileno=fds[0]), parent)
            control.sendall(struct.pack(">I", pid))
            os.close(fds[0])


def _work(connection: socket.socket, nursery_pid: int) -> NoReturn:
    """Answer calls until the other side hangs up, the nursery dies, or a limit kills this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != nursery_pid:  # it died before the line above took effect
        os._exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection.sendall(HELLO.pack(os.getpid(), _close_network(libc)))
    try:
        while True:
            (size,) = HEADER.unpack(receive_exactly(connection, HEADER.size))
            _answer(connection, pickle.loads(receive_exactly(connection, size)))  # noqa: S301 - from our parent
    except (EOFError, ConnectionError):
        os._exit(0)


def _answer(
    connection: socket.socket, request: tuple[str, tuple[Any, ...], dict[str, Any], float, int]
) -> None:
    function, args, kwargs, seconds, megabytes = request
    try:
        target = _resolve(function)
        _limit(seconds, megabytes)
        send(connection, (True, target(*args, **kwargs)))
    except MemoryError:
        _lift_limit()
        send(connection, (False, None, "memory"))
    except Exception as error:  # noqa: BLE001 - whatever the function raised belongs to the caller
        _lift_limit()
        _send_error(connection, error)


def _send_error(connection: socket.socket, error: Exception) -> None:
    told = f"{type(error).__name__}: {error}"
    try:
        send(connection, (False, (type(error), error.args, error.__dict__), told))
    except Exception:  # noqa: BLE001 - an exception that cannot be carried is told in words
        send(connection, (False, None, told))


def _resolve(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    target: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return target


def _limit(seconds: float, megabytes: int) -> None:
    """Bound memory above what the idle child maps already, and processor time from here on."""
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - once per call, half the cost of Path.open
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + megabytes * MEGABYTE, resource.RLIM_INFINITY))
    ceiling = int(time.process_time() + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, resource.RLIM_INFINITY))


def _lift_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _close_network(libc: ctypes.CDLL) -> bool:
    """Let the kernel refuse sockets and new programs to this process. False where it has no such filter.

    Python code is refused in either case; the filter is what holds when a parser runs foreign code.
    """
    sys.addaudithook(_refuse_network)
    known = _FORBIDDEN.get(platform.machine())
    if known is None or sys.platform != "linux":
        return False
    program = _filter(*known)
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return not libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, fprog, 0, 0)


def _filter(architecture: int, calls: tuple[int, ...]) -> bytes:
    """Build the classic BPF program: `calls` and foreign call tables answer EPERM, the rest is allowed.

    Source: Linux Documentation/userspace-api/seccomp_filter.rst; instruction = code, jt, jf, k.
    """

    def instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("HBBI", code, then, otherwise, value)

    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refuse_at = len(calls) + 5  # the last instruction
    rows = [
        instruction(load, 4),  # seccomp_data.arch
        instruction(equal, architecture, 0, refuse_at - 2),
        instruction(load, 0),  # seccomp_data.nr
        instruction(at_least, 0x40000000, refuse_at - 4, 0),  # the x32 table of x86-64
    ]
    rows += [instruction(equal, call, refuse_at - 5 - place, 0) for place, call in enumerate(calls)]
    return b"".join([*rows, instruction(answer, _SECCOMP_ALLOW), instruction(answer, _SECCOMP_EPERM)])


def _refuse_network(event: str, _args: tuple[object, ...]) -> None:
    if event in ("socket.__new__", "socket.connect", "subprocess.Popen", "os.system", "os.exec"):
        raise PermissionError(f"{event} is closed in the sandbox")
