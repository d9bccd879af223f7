"""Foreign files are parsed where they can do no harm."""

import os
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pikepdf
import pytest

from eoffice.core import sandbox

EVAL = "builtins:eval"


def test_values_go_there_and_back() -> None:
    value = {"bytes": b"\0" * 100_000, "day": date(2026, 11, 20), "path": Path("/a"), "set": {1, 2}}
    assert sandbox.call("copy:copy", value) == value


def test_the_child_is_another_process_and_stays_warm() -> None:
    first = sandbox.call("os:getpid")
    assert first != os.getpid()
    started = time.perf_counter()
    for _ in range(200):
        sandbox.call("os:getpid")
    assert (time.perf_counter() - started) / 200 < 0.005


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system has no such class of processes")
def test_what_nobody_waits_for_is_done_by_a_child_that_stands_back() -> None:
    assert sandbox.call("os:sched_getscheduler", 0, patient=True) == os.SCHED_IDLE
    assert sandbox.call("os:sched_getscheduler", 0) == os.SCHED_OTHER
    assert sandbox.call("os:getpid", patient=True) == sandbox.call("os:getpid", patient=True)


def test_what_the_function_raises_is_raised_here() -> None:
    with pytest.raises(KeyError, match="no such place"):
        sandbox.call(EVAL, "{}['no such place']")


def test_an_exception_of_a_parser_comes_back_as_itself(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"no pdf at all")
    with pytest.raises(pikepdf.PdfError):
        sandbox.call("pikepdf:open", str(tmp_path / "x.pdf"))


def test_what_cannot_be_carried_back_is_told_in_words() -> None:
    raising = "(_ for _ in ()).throw(type('Odd', (Exception,), {})('seven'))"
    with pytest.raises(sandbox.SandboxError, match="Odd: seven"):
        sandbox.call(EVAL, raising)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("__import__('time').sleep(30)", "time"),
        ("[0 for _ in iter(int, 1)]", "time"),
        ("bytearray(700 * 2**20)", "memory"),
        ("__import__('os').abort()", "crash"),
        ("__import__('os')._exit(0)", "crash"),
    ],
)
@pytest.mark.slow
def test_its_death_is_a_verdict_and_the_next_call_works(expression: str, reason: str) -> None:
    with pytest.raises(sandbox.SandboxDied) as died:
        sandbox.call(EVAL, expression, seconds=0.5, megabytes=300)
    assert died.value.reason == reason
    assert sandbox.call(EVAL, "1 + 1") == 2


def test_memory_is_counted_above_the_idle_child() -> None:
    assert sandbox.call(EVAL, "len(bytearray(80 * 2**20))", megabytes=100) == 80 * 2**20


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('socket').socket(1)",
        "__import__('os').system('true')",
        "__import__('subprocess').run(['true'])",
    ],
)
def test_python_code_reaches_neither_network_nor_programs(expression: str) -> None:
    with pytest.raises(PermissionError):
        sandbox.call(EVAL, expression)


@pytest.mark.skipif(
    sandbox.network_closed_by() != "kernel", reason="this kernel offers no system call filter"
)
@pytest.mark.parametrize(
    "native",
    [
        "socket(1, 1, 0)",
        "socket(2, 1, 0)",
        "execv(b'/bin/true', None)",
        "kill(__import__('os').getppid(), 0)",
        "process_vm_readv(__import__('os').getppid(), None, 0, None, 0, 0)",
        "process_vm_writev(__import__('os').getppid(), None, 0, None, 0, 0)",
    ],
)
def test_native_code_reaches_neither_network_nor_programs_nor_other_processes(native: str) -> None:
    assert sandbox.call(EVAL, f"__import__('ctypes').CDLL(None).{native}") == -1


@pytest.mark.slow
def test_a_child_knows_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOFFICE_DATABASE_URL", "postgresql://secret")
    sandbox.close()
    assert "EOFFICE_DATABASE_URL" not in sandbox.call(EVAL, "dict(__import__('os').environ)")


def test_an_answer_that_would_run_code_is_refused() -> None:
    forged = "type('X', (), {'__reduce__': lambda self: (print, ('run',))})()"
    with pytest.raises(sandbox.SandboxDied) as died:
        sandbox.call(EVAL, forged)
    assert died.value.reason == "crash"


def test_many_threads_share_the_children() -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(sandbox.call(EVAL, f"{n} * 2"))) for n in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [n * 2 for n in range(24)]


@pytest.mark.slow
def test_a_lost_nursery_is_replaced() -> None:
    nursery = sandbox.call("os:getppid")
    os.kill(nursery, 9)
    deadline = time.monotonic() + 5  # the kernel takes a moment to end its children
    while (parent := sandbox.call("os:getppid")) == nursery and time.monotonic() < deadline:
        continue
    assert parent != nursery


@pytest.mark.slow
def test_a_forked_copy_of_the_application_gets_children_of_its_own() -> None:
    mine = sandbox.call("os:getpid")
    script = (
        "import os\nfrom eoffice.core import sandbox\n"
        "mine = sandbox.call('os:getpid')\npid = os.fork()\n"
        "assert (sandbox.call('os:getpid') == mine) == (pid != 0)\n"
        "if pid: assert os.waitpid(pid, 0)[1] == 0"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
    assert sandbox.call("os:getpid") == mine


@pytest.mark.slow
def test_no_child_outlives_a_killed_application() -> None:
    script = (
        "import os\nfrom eoffice.core import sandbox\n"
        "print(sandbox.call('os:getpid'), sandbox.call('os:getppid'), flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
