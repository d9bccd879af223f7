"""Size costs disk, not memory: what programs hold while something large passes."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil


def most_held(pids: Sequence[int], work: Callable[[], object]) -> int:
    """The most bytes any of these programs, or of those they started, had resident while `work` was done."""
    for pid in _with_children(pids):  # what a program held when it started is not what this costs
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    work()
    return max(_peak(pid) for pid in _with_children(pids))


def random_file(path: Path, size: int) -> Path:
    """A file of about `size` bytes, whole megabytes, that nothing makes smaller."""
    with path.open("wb") as target:
        for number in range(size >> 20):
            target.write(hashlib.shake_256(number.to_bytes(4, "big")).digest(1 << 20))
    return path


def _with_children(pids: Sequence[int]) -> list[int]:
    found = [psutil.Process(pid) for pid in pids]
    started = (child for one in found for child in one.children(recursive=True))
    return list(dict.fromkeys(process.pid for process in (*found, *started)))


def _peak(pid: int) -> int:
    """Not getrusage, which inherits the figure of the starter."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
