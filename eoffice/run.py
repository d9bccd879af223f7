"""`make run`: everything on one machine, for trying and for small offices.

One supervisor owns the database server, the demonstration trust services, the axis, the web application
and the worker; Ctrl-C or SIGTERM stops them all, and if the supervisor itself is killed the kernel stops
them. What it makes lies in `instance/`; a second run starts where the first stopped.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from eoffice.app import load
from eoffice.core import config, logs
from eoffice.core.config import (
    DECLARED,
    HUB_PORT,
    INSTANCE,
    PORT,
    RUN_LOCK,
    TRUST_PORT,
    ConfigError,
    Settings,
    settings,
)
from eoffice.core.db import DATABASE_URL
from eoffice.core.embedded import HUB, OWNER, Embedded, EmbeddedError
from eoffice.core.processes import Child, NotReady, Process, Supervisor, port_is_free, spawn
from eoffice.core.secrets import private_folder, secret
from eoffice.demo.province import (
    MERGED,
    MERGED_BY,
    MERGED_ON,
    OUTSIDE,
    OUTSIDE_SYSTEM,
    PASSWORD,
    PLACES,
    SYSTEM,
)
from eoffice.demo.tour import text as tour
from eoffice.migrations import upgrade_installation


class CannotRun(Exception):
    """Said to the person at the terminal; nothing was started."""


@dataclass(frozen=True)
class Plan:
    """Where everything is."""

    instance: Path
    web: str
    axis: str
    trust: str
    environment: dict[str, str]

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.instance / "log" / f"{name}.log"

    @property
    def chosen(self) -> str:
        """The settings of this run as TOML, for commands in other terminals; no secrets, they have them."""
        ports = {which.name: str(settings().get(which)) for which in (PORT, HUB_PORT, TRUST_PORT)}
        lines = [
            f"{which.toml_key} = {json.dumps(value)}"
            for name, value in (self.environment | ports).items()
            if (which := DECLARED.get(name)) and not which.secret and which is not INSTANCE
        ]
        return "\n".join(lines)


def plan() -> Plan:
    """Read the settings and check what can be checked before anything starts. Raises CannotRun, ConfigError."""
    instance = private_folder(settings().get(INSTANCE))
    private_folder(instance / "log")
    for which, name in (
        (PORT, "EOFFICE_PORT"),
        (HUB_PORT, "EOFFICE_HUB_PORT"),
        (TRUST_PORT, "EOFFICE_TRUST_PORT"),
    ):
        if not port_is_free(settings().get(which)):
            port = settings().get(which)
            raise CannotRun(
                f"Port {port} is in use. Stop the program that uses it (it may be another `make run`), "
                f"or choose another one: {name}={port + 1000} make run"
            )
    web, axis, trust = (f"http://127.0.0.1:{settings().get(which)}" for which in (PORT, HUB_PORT, TRUST_PORT))
    environment = os.environ | {
        "EOFFICE_INSTANCE": str(instance),
        "EOFFICE_AXIS_URL": axis,
        "EOFFICE_AXIS_SYSTEM": SYSTEM,
        "EOFFICE_AXIS_SECRET": secret(f"axis:{SYSTEM}"),
        "EOFFICE_AXIS_CERTIFICATES": str(instance / "hub" / "system.pem"),
        "EOFFICE_TSA_URL": f"{trust}/tsa",
        "EOFFICE_CRL_URLS": f"{trust}/crl,{trust}/root.crl",
        "EOFFICE_TRUST_DIR": str(instance / "pki" / "trust"),
        "EOFFICE_KEEPER": os.environ.get("EOFFICE_KEEPER", PLACES[1].code),
        "EOFFICE_INSTALLATION": os.environ.get("EOFFICE_INSTALLATION", "Tỉnh An Giang"),
        "PYTHONUNBUFFERED": "1",
    }
    return Plan(instance, web, axis, trust, environment)


#: who runs the axis of the demonstration
OPERATOR = "van.hanh"
#: what ends it in good order
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def only_one(chosen: Plan) -> Iterator[None]:
    """Two supervisors over one instance would fight for its database. Raises CannotRun."""
    fd = os.open(chosen.instance / RUN_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"Another `make run` uses {chosen.instance}. Stop it first.") from None
        lock.truncate()  # only now: until here it was another one's
        lock.write(chosen.chosen)
        lock.flush()
        yield


def main() -> int:
    """Run until told to stop; 0 when stopped on purpose."""
    supervisor = Supervisor()

    told: list[str] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        supervisor.stopping = True
        told.append(signal.Signals(number).name)
        raise KeyboardInterrupt

    # Under nohup a closed terminal must not stop it; a shell that starts it in the background ignores
    # Ctrl-C for it, and then it is to be stopped by signal all the same.
    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    stops = [one for one in STOPS if not (nohup and one is signal.SIGHUP)]
    try:
        load()
        config.install(Settings.read(os.environ))
        logs.start()
        chosen = plan()
        with only_one(chosen):
            for number in stops:
                signal.signal(number, leave)
            try:
                start(supervisor, chosen)
                supervisor.watch()
            finally:
                for number in STOPS:
                    signal.signal(number, signal.SIG_IGN)
                supervisor.stop()
    except KeyboardInterrupt:
        reason = f" by {told[0]}" if told else ""
        print(f"\nStopped{reason}. Nothing is left running; `make run` goes on from here.")
        return 0
    except NotReady as error:
        print(
            f"eoffice cannot run: {error}\nWhat each process said: {chosen.instance / 'log'}", file=sys.stderr
        )
        return 1
    except (CannotRun, ConfigError, EmbeddedError) as error:
        print(f"eoffice cannot run: {error}", file=sys.stderr)
        return 1
    return 0


def start(supervisor: Supervisor, chosen: Plan) -> None:
    """Start all in the order in which they need each other."""
    os.environ |= chosen.environment
    config.install(Settings.read(os.environ))
    _database(supervisor, chosen)
    _trust_services(supervisor, chosen)
    _axis(supervisor, chosen)
    for name, ready in (("serve", f"{chosen.web}/readyz"), ("worker", None)):
        _say({"serve": "web application", "worker": "worker"}[name])
        command = [sys.executable, "-m", "flask", "--app", "wsgi", name]
        supervisor.add(Process(name, _spawner(chosen, name, command), ready))
    _say("demo data")
    _once(chosen, "demo", [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "fill"])
    _succession(chosen)
    print(tour(chosen.web), flush=True)
    print(f"Axis console: {chosen.axis}/console ({OPERATOR}, same password)", flush=True)


def _database(supervisor: Supervisor, chosen: Plan) -> None:
    if settings().get(DATABASE_URL) is None:
        _say("database server")
        server = Embedded(chosen.instance / "pg")
        supervisor.add(Process("database", server.start, stop_signal=signal.SIGINT))
        server.prepare(("eoffice", OWNER), ("eoffice_hub", HUB))
        os.environ["EOFFICE_HUB_DATABASE_URL"] = server.url("eoffice_hub", HUB)
    upgrade_installation()


def _trust_services(supervisor: Supervisor, chosen: Plan) -> None:
    _say("demonstration trust services (time stamps, OCSP, CRL)")
    folder = private_folder(chosen.instance / "pki")
    command = [sys.executable, "-m", "signing.testing", "serve", "--pki", str(folder)]
    command += ["--port", str(settings().get(TRUST_PORT))]
    supervisor.add(Process("trust", _spawner(chosen, "trust", command), f"{chosen.trust}/healthz"))


def _axis(supervisor: Supervisor, chosen: Plan) -> None:
    _say("axis")
    data = private_folder(chosen.instance / "hub")
    os.environ["EOFFICE_HUB_DATA"] = str(data)
    hub = [sys.executable, "-m", "exchange", "hub"]
    _once(chosen, "axis", [*hub, "init"])
    for system in (SYSTEM, OUTSIDE_SYSTEM):
        os.environ["EOFFICE_SYSTEM_SECRET"] = secret(f"axis:{system}")
        _once(chosen, "axis", [*hub, "add-system", "--id", system, "--secret-env", "EOFFICE_SYSTEM_SECRET"])
    del os.environ["EOFFICE_SYSTEM_SECRET"]
    outside = next(agency for agency in OUTSIDE if agency[0] == OUTSIDE_SYSTEM)
    agency = [
        "--code",
        outside[0],
        "--name",
        outside[2],
        "--old-code",
        outside[1],
        "--system",
        OUTSIDE_SYSTEM,
    ]
    _once(chosen, "axis", [*hub, "add-agency", *agency])
    os.environ["EOFFICE_OPERATOR_PASSWORD"] = PASSWORD
    operator = ["--name", OPERATOR, "--password-env", "EOFFICE_OPERATOR_PASSWORD"]
    _once(chosen, "axis", [*hub, "set-operator", *operator])
    del os.environ["EOFFICE_OPERATOR_PASSWORD"]
    os.environ["EOFFICE_HUB_TSA_URL"] = f"{chosen.trust}/tsa"
    command = [*hub, "serve", "--port", str(settings().get(HUB_PORT))]
    supervisor.add(Process("axis", _spawner(chosen, "axis", command), f"{chosen.axis}/healthz"))


def _succession(chosen: Plan) -> None:
    """An agency that was merged: who writes to it by the new or the old code reaches who has taken over."""
    hub = [sys.executable, "-m", "exchange", "hub"]
    code, old_code, name, successor = MERGED
    agency = ["--code", code, "--name", name, "--old-code", old_code, "--system", SYSTEM]
    _once(chosen, "axis", [*hub, "add-agency", *agency])
    closing = ["--code", code, "--on", MERGED_ON, "--successor", successor, "--legal-basis", MERGED_BY]
    _once(chosen, "axis", [*hub, "close-agency", *closing])


def _spawner(chosen: Plan, name: str, command: list[str]) -> Callable[[], Child]:
    return lambda: spawn(command, os.environ, chosen.log(name))


def _once(chosen: Plan, name: str, command: list[str]) -> None:
    with chosen.log(name).open("ab") as output:
        done = subprocess.run(command, stdout=output, stderr=output, check=False, env=os.environ)
    if done.returncode:
        raise NotReady(f"{' '.join(command[2:])} failed (exit {done.returncode})")


def _say(what: str) -> None:
    print(f"  starting: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
