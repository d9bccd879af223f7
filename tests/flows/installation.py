"""A whole installation as its users run it: the supervisor and everything it starts, on ports of its own."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from eoffice.demo.province import OUTSIDE_SYSTEM, PASSWORD, PLACES, username
from eoffice.directory.models import Role
from exchange.client import AxisClient
from exchange.testing import free_port

ROOT = Path(__file__).parents[2]
T = TypeVar("T")

#: how each process is recognised among the supervisor's children
MARKS = {
    "database": "/bin/postgres",
    "axis": "exchange hub serve",
    "trust": "signing.testing",
    "web": "wsgi serve",
    "worker": "wsgi worker",
}


def wait_for(what: Callable[[], T], seconds: float = 60, *, told: str = "") -> T:
    """Ask until the answer is true. Raises AssertionError with what was last said."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = what()
        except (httpx.TransportError, AssertionError) as error:
            last = error  # type: ignore[assignment]  # told below
        if last and not isinstance(last, Exception):
            return last
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {told or what}; last: {last!r}")


def account(mark: str, role: Role, unit: str = "") -> str:
    """The user name of somebody in the demonstration province."""
    place = next(one for one in PLACES if one.mark == mark)
    people = [one for one in place.people if one.role == role and unit in ("", one.unit)]
    return username(place, people[0])


@contextmanager
def _alone(kept: Path) -> Iterator[Path]:
    """A folder that other test processes of this run know too, held against them."""
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "held").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield kept


@dataclass
class Installation:
    """One instance folder with its supervisor."""

    folder: Path
    web_port: int = field(default_factory=free_port)
    hub_port: int = field(default_factory=free_port)
    trust_port: int = field(default_factory=free_port)
    agent_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    outside: subprocess.Popen[bytes] | None = None
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes it this instance."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOFFICE_", "TEST_", "FLASK_"))}
        return kept | {
            "EOFFICE_INSTANCE": str(self.folder),
            "EOFFICE_PORT": str(self.web_port),
            "EOFFICE_HUB_PORT": str(self.hub_port),
            "EOFFICE_TRUST_PORT": str(self.trust_port),
            "EOFFICE_AGENT_PORT": str(self.agent_port),
            "EOFFICE_WORKER_SILENCE": "4",
            "EOFFICE_LONG_POLL": "2",
        }

    def start(self, seconds: float = 160) -> None:
        """Start everything and wait until the terminal says that it runs."""
        out = self.folder.with_suffix(".out")
        with out.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "eoffice.run"],
                cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if "is running" in out.read_text(errors="replace"):
                return
            time.sleep(0.2)
        logs = "\n".join(
            f"== {p.name}\n{p.read_text(errors='replace')[-1500:]}" for p in self.folder.glob("log/*")
        )
        if self.process.poll() is None:
            self.stop()
        raise AssertionError(f"did not start:\n{out.read_text(errors='replace')}\n{logs}")

    def start_filled(self) -> None:
        """Start with the demonstration province as another process of this run of tests has filled it already, which
        takes long the first time."""
        shared = os.environ.get("TEST_SHARED")
        if not shared:
            self.start()
            return
        with _alone(Path(shared)) as kept:
            if not (kept / "eoffice").exists():
                first = Installation(kept / "making")
                first.start()
                assert first.stop() == 0
                first.folder.rename(kept / "eoffice")
        # owners and modes too: the database server runs as somebody else
        subprocess.run(["cp", "-a", str(kept / "eoffice"), str(self.folder)], check=True)
        self.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """As Ctrl-C does; returns the exit code. Nothing it started may be left."""
        assert self.process is not None
        children = (
            psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        )
        self.process.send_signal(how)
        code = self.process.wait(60)
        _, alive = psutil.wait_procs(children, timeout=15)
        assert not alive, f"left running: {[(p.pid, p.cmdline()) for p in alive]}"
        return code

    def find(self, name: str) -> psutil.Process:
        """One of the supervised processes."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it ended meanwhile
                if MARKS[name] in " ".join(child.cmdline()):
                    return child
        raise AssertionError(f"{name} is not running")

    def kill(self, name: str) -> None:
        """`kill -9`, and wait until the supervisor has started it again."""
        victim = self.find(name)
        victim.kill()
        wait_for(lambda: self._replaced(name, victim.pid), 90, told=f"{name} started again")
        wait_for(lambda: httpx.get(f"{self.url}/readyz").status_code == 200, 90, told="ready again")

    def _replaced(self, name: str, pid: int) -> bool:
        return self.find(name).pid != pid

    def command(self, *words: str, **environment: str) -> str:
        """`flask --app wsgi …`."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT, env=self.environment | environment, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.strip()

    def api(self, user: str) -> "Api":
        """The API as this person's program."""
        if user not in self._tokens:
            self._tokens[user] = self.command("token", "create", "--user", user)
        return Api(self, self._tokens[user])

    def pages(self, user: str) -> httpx.Client:
        """The pages as this person's browser without scripts."""
        client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=60)
        form = client.get("/sign-in").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None
        data = {"username": user, "password": PASSWORD, "csrf_token": token[1]}
        answer = client.post("/sign-in", data=data)
        assert answer.status_code == 200, answer.text
        assert "/sign-in" not in str(answer.url)
        return client

    @contextmanager
    def second_system(self) -> Iterator[None]:
        """Play the agency outside while the block runs."""
        outside = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "outside"],
            cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            outside.send_signal(signal.SIGTERM)
            outside.wait(20)

    def second_client(self) -> AxisClient:
        """The connection of the agency outside to the axis."""
        secret = json.loads((self.folder / "secrets.json").read_text())[f"axis:{OUTSIDE_SYSTEM}"]
        return AxisClient(f"http://127.0.0.1:{self.hub_port}", OUTSIDE_SYSTEM, secret)


@dataclass
class Api:
    """Calls with a bearer token; JSON in and out. A refusal raises AssertionError with its text."""

    where: Installation
    token: str

    def get(self, path: str) -> Any:
        """GET, decoded."""
        return self._checked(self._send("GET", path))

    def status(self, path: str) -> int:
        """Status of a GET."""
        return self._send("GET", path).status_code

    def post(self, path: str, data: Any = None) -> Any:
        """POST of JSON, decoded."""
        return self._checked(self._send("POST", path, json=data if data is not None else {}))

    def refused(self, path: str, data: Any = None) -> tuple[int, str]:
        """Status and text of a POST that must be refused."""
        answer = self._send("POST", path, json=data if data is not None else {})
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["message"]

    def upload(self, path: str, name: str, content: bytes, data: str = "{}") -> httpx.Response:
        """POST of a file with its fields."""
        files = {"file": (name, content, "application/pdf")}
        return self._send("POST", path, files=files, data={"data": data})

    def bytes_of(self, file_id: int) -> bytes:
        """What is stored of a file."""
        answer = self._send("GET", f"/api/v1/files/{file_id}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, self.where.url + path, headers=headers, timeout=60, **options)

    def _checked(self, answer: httpx.Response) -> Any:
        assert answer.status_code < 400, f"{answer.status_code} {answer.text}"
        return answer.json()
