"""A database server as an installation has it, and installations on it: nothing loosened, nothing left behind."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psycopg
from psycopg import sql

from bench.figures import RESULTS
from eoffice.core.embedded import APP, HUB, OWNER, Embedded
from eoffice.core.processes import Child, spawn
from eoffice.migrations import upgrade

ROOT = Path(__file__).parent.parent


@dataclass
class Stage:
    """One server with fsync and synchronous_commit on, and the programs that were started."""

    folder: Path
    server: Embedded
    children: list[Child] = field(default_factory=list)
    #: the server's process
    running: Child | None = None

    def start(self, *extra: str) -> None:
        """Start the server; `extra` settings make it larger, never less careful."""
        self.running = self.server.start(*extra)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT in order, SIGQUIT as a power cut does."""
        if self.running is not None:
            _end(self.running, how)

    def database(self, name: str, owner: str = OWNER) -> str:
        """Make an empty database; URL of its owner."""
        self.server.prepare((name, owner))
        return self.server.url(name, owner)

    def installation(self, name: str) -> dict[str, str]:
        """Make a migrated database and an instance folder; the environment of its programs."""
        upgrade(self.database(name), APP)
        instance = self.folder / name
        instance.mkdir(mode=0o700)
        shutil.copy(self.folder / "secrets.json", instance / "secrets.json")
        return {
            "EOFFICE_INSTANCE": str(instance),
            "EOFFICE_DATABASE_URL": self.server.url(name, APP),
            "EOFFICE_MIGRATION_URL": self.server.url(name, OWNER),
            "EOFFICE_LOG_LEVEL": "WARNING",
        }

    def program(self, name: str, command: list[str], environment: dict[str, str]) -> Child:
        """Start a program; it ends with the stage."""
        path = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
        log = self.folder / f"{name}.log"
        child = spawn(command, os.environ | {"PYTHONPATH": path} | environment, log)
        self.children.append(child)
        return child

    def python(self, name: str, module: str, *words: str, environment: dict[str, str]) -> Child:
        """Start a module of ours with this interpreter."""
        return self.program(name, [sys.executable, "-m", module, *words], environment)

    def log(self, name: str) -> str:
        """The end of a program's log."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-1500:]

    def postgres(self, database: str = "postgres") -> str:
        """URL of the server's superuser."""
        return self.server.url(database, "postgres")


@contextmanager
def stage(*extra: str) -> Iterator[Stage]:
    """Start the server in a folder on this disk; stop everything and remove it in the end. `extra`: see `start`."""
    RESULTS.mkdir(exist_ok=True)
    sweep(RESULTS)
    folder = Path(tempfile.mkdtemp(prefix="stage-", dir=RESULTS))
    held = _hold(folder)
    folder.chmod(0o711)
    os.environ["EOFFICE_INSTANCE"] = str(folder)
    made = Stage(folder, Embedded(folder / "pg"))
    try:
        made.start(*extra)
        made.server.prepare()
        durable(made)
        yield made
    finally:
        for program in reversed(made.children):
            _end(program, signal.SIGTERM)
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
        held.close()


def _hold(folder: Path) -> TextIO:
    """Mark a folder as in use for as long as this process lives. Raises BlockingIOError while another one does."""
    held = (folder / "held").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise
    return held


def sweep(results: Path) -> None:
    """Clear away what a run that was killed has left: its database server, then its folder."""
    for folder in results.glob("stage-*"):
        with suppress(BlockingIOError), _hold(folder):
            Embedded(folder / "pg").stop_orphan()
            shutil.rmtree(folder, ignore_errors=True)


def durable(where: Stage) -> None:
    """Raise when the server would lose what it has confirmed: such figures are worth nothing."""
    with psycopg.connect(where.postgres()) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            query = sql.SQL("SHOW {}").format(sql.Identifier(name))
            (value,) = connection.execute(query).fetchone() or ("",)
            if value != "on":
                raise RuntimeError(f"{name} is {value}")


def _end(child: Child, how: signal.Signals) -> None:
    if child.poll() is None:
        child.send_signal(how)
        child.send_signal(signal.SIGCONT)  # one that was stopped hears nothing else
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)


def ready(url: str, child: Child, seconds: float = 30) -> None:
    """Wait until an address answers. Raises RuntimeError when its program ended or is not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return  # it answers; what it says is not asked
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} does not answer")


__all__ = ["APP", "HUB", "OWNER", "Stage", "durable", "ready", "stage"]
