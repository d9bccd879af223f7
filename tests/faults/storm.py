"""Documents to several recipients while everything that can break does: `python -m tests.faults.storm`.

An installation sends; the axis is two processes; another installation and a system that is not ours receive. While
documents are issued, processes are killed, connections cut in the middle of a body, requests said again and out of
order, the database server restarted and the disk full for a while. Then the weather clears, and `balance` counts.
"""

import argparse
import os
import random
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.stage import HUB, Stage, stage
from eoffice.app import load
from eoffice.core import config
from eoffice.core.db import new_session
from eoffice.core.processes import Child
from exchange.testing import HubProcess
from signing.testing import DemoPki
from tests.faults import balance
from tests.faults.cutting import CuttingLine
from tests.faults.offices import ELSEWHERE, OURS, SENDER, Receiver, Sender

SECRET = "khoa-bi-mat-dung-khi-giong-to"
#: documents on their way at most: a clerk waits for nobody, but a machine has its limits
FLYING = 150
#: misfortunes that even a short storm holds, and seconds between two: a program needs some to come back
STRIKES, PAUSE = 12, 3.0


@dataclass
class Program:
    """One that is started again whenever it has ended."""

    name: str
    start: Callable[[], Child]
    process: Child
    killed: int = 0
    died: int = 0

    def revive(self) -> None:
        """As its supervisor does."""
        if self.process.poll() is not None:
            self.died += 1
            self.process = self.start()

    def kill(self) -> None:
        """As the kernel does that has no memory left."""
        self.process.kill()
        self.process.wait()
        self.killed += 1
        self.died -= 1


@dataclass
class Storm:
    """What is there, and what happens to it."""

    where: Stage
    lines: list[CuttingLine]
    programs: list[Program]
    chance: random.Random
    happened: Counter[str] = field(default_factory=Counter)

    def strike(self) -> None:
        """One misfortune."""
        fault = self.chance.choices((self._kill, self._fill_disk, self._restart_database), weights=(6, 2, 1))[
            0
        ]
        fault()
        for program in self.programs:
            program.revive()

    def _kill(self) -> None:
        victim = self.chance.choice(self.programs)
        victim.kill()
        self.happened[f"killed {victim.name}"] += 1

    def _fill_disk(self) -> None:
        """Nobody can write more than a page into any file for a while: what a full disk does, for these alone."""
        victims = [self.chance.choice(self.programs).process.pid for _ in range(2)]
        for pid in victims:
            _limit_files(pid, 4096)
        time.sleep(0.3 + self.chance.random())
        for pid in victims:
            _limit_files(pid, resource.RLIM_INFINITY)
        self.happened["disk full"] += 1

    def _restart_database(self) -> None:
        self.where.stop(self.chance.choice((signal.SIGINT, signal.SIGQUIT)))
        time.sleep(self.chance.random())
        self.where.start("max_connections=200")
        self.happened["database restarted"] += 1

    def calm(self) -> None:
        """From now on everything works."""
        for line in self.lines:
            line.heal()
        for program in self.programs:
            program.revive()

    def told(self) -> str:
        """What it was like."""
        self.happened["cut"] = sum(line.cut for line in self.lines)
        self.happened["said again"] = sum(line.repeated for line in self.lines)
        died = {f"died: {program.name}": program.died for program in self.programs if program.died}
        return ", ".join(f"{what} {number}" for what, number in (*self.happened.items(), *died.items()))


def _limit_files(pid: int, size: int) -> None:
    with suppress(ProcessLookupError):  # killed, or dead of it
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def scene(where: Stage, seed: int) -> Iterator[tuple[Storm, Sender, Receiver, Path]]:
    """Start everything; the folder is where the other system keeps what it got."""
    first = HubProcess(where.database("axis", HUB), where.folder / "hub", threads=64)
    hubs = (first, replace(first))
    elsewhere = where.folder / "elsewhere"
    lines = [CuttingLine(first.port, seed + place) for place in range(3)]
    DemoPki.create(where.folder / "pki", "http://127.0.0.1:1")
    try:
        for hub in hubs:
            hub.start()
        for system, agencies in (("H01", SENDER), ("H02", OURS), ("G09", ELSEWHERE)):
            with first.add_system(system, SECRET) as client:
                for code, name in agencies.items():
                    client.register_agency(code, name, mail="vanthu@example.vn")
        ends = {
            system: _installation(where, system, line, first)
            for system, line in zip(("H01", "H02"), lines, strict=False)
        }
        os.environ |= ends["H01"]
        load()
        config.install(config.Settings.read(os.environ))
        sender = Sender(new_session(), random.Random(seed))
        receiver = Receiver(lambda: new_session(ends["H02"]["EOFFICE_DATABASE_URL"]))
        sender.settle()
        receiver.settle()
        for line in lines:
            line.start()
        starts: dict[str, Callable[[], Child]] = {
            "sender": lambda: where.program("sender", _WORKER, ends["H01"]),
            "receiver": lambda: where.program("receiver", _WORKER, ends["H02"]),
            "elsewhere": lambda: where.program(
                "elsewhere", _foreign(lines[2].url, elsewhere), {"SECRET": SECRET}
            ),
        }
        programs = [Program(name, start, start()) for name, start in starts.items()]
        programs += [_supervised(f"axis {place}", hub) for place, hub in enumerate(hubs, 1)]
        yield Storm(where, lines, programs, random.Random(seed)), sender, receiver, elsewhere
    finally:
        for hub in hubs:
            hub.stop()


_WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]


def _installation(where: Stage, system: str, line: CuttingLine, hub: HubProcess) -> dict[str, str]:
    return where.installation(system.lower()) | {
        "EOFFICE_AXIS_URL": line.url,
        "EOFFICE_AXIS_SYSTEM": system,
        "EOFFICE_AXIS_SECRET": SECRET,
        "EOFFICE_AXIS_CERTIFICATES": str(hub.data / "system.pem"),
        "EOFFICE_WORKER_CONCURRENCY": "urgent=2,exchange=8,interactive=1,heavy=1",
        "EOFFICE_WORKER_SILENCE": "4",
        "EOFFICE_LONG_POLL": "2",
        "EOFFICE_TRUST_DIR": str(where.folder / "pki" / "trust"),
    }


def _foreign(url: str, out: Path) -> list[str]:
    words = (
        f"-m exchange receive --url {url} --system G09 --secret-env SECRET --auto-status --delay 0.1 --json"
    )
    return [sys.executable, *words.split(), "--out", str(out)]


def _supervised(name: str, hub: HubProcess) -> Program:
    def start() -> Child:
        hub.start(60)
        return hub.process

    return Program(name, start, hub.process)


def run(documents: int, seed: int) -> list[str]:
    """Let it rage and clear; what is wrong at the end."""
    started = time.monotonic()
    with stage("max_connections=200") as where, scene(where, seed) as (storm, sender, receiver, elsewhere):
        over = threading.Event()
        clerk = threading.Thread(target=receiver.register_what_comes, args=(over,), daemon=True)
        clerk.start()
        begun = time.monotonic()
        print(f"set up in {begun - started:.0f} s", flush=True)
        at_once = max(1, min(10, documents // STRIKES))
        while sender.issued < documents:
            sender.issue(min(FLYING - sender.flying(), documents - sender.issued, at_once))
            storm.strike()
            time.sleep(PAUSE * storm.chance.random())
        storm.calm()
        print(f"issued {documents} in {time.monotonic() - begun:.0f} s: {storm.told()}", flush=True)
        end = time.monotonic() + 120 + documents / 4
        while (left := sender.flying()) and time.monotonic() < end:
            for program in storm.programs:
                program.revive()
            time.sleep(0.5)
        over.set()
        clerk.join(30)
        print(f"calm after {time.monotonic() - begun:.0f} s, {left} not at their end", flush=True)
        wrong = balance.account(sender, receiver, elsewhere, where)
        if wrong:
            print(*(f"== {name}\n{where.log(name)}" for name in ("sender", "receiver", "elsewhere")))
        return wrong


def main() -> int:
    """Exit 0 when everything balances."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    print(f"seed {asked.seed}, {asked.documents} documents", flush=True)
    wrong = run(asked.documents, asked.seed)
    print(*wrong, sep="\n")
    print("every document arrived once" if not wrong else f"seed {asked.seed}: {len(wrong)} things are wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
