"""What every test may use: one database server for the run, a database of its own for each worker.

The first pytest process starts the embedded server without fsync and migrates one template database;
each worker copies it. A test that commits (`session`) gets its tables emptied afterwards; a test that
needs a database of its own asks for `database_url`. TEST_POSTGRES names the folder of another server's
programs, such as Debian's.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy.orm import Session

from tests.s3 import KEY, Gateway, gateway
from tests.snapshot import as_owner

# a first example pays for what it loads: how long tests take is watched over the whole run
hypothesis.settings.register_profile("office", deadline=None)
hypothesis.settings.load_profile("office")

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
ALLOWED_SKIPS = Path(__file__).parent / "allowed_skips.txt"
_server: list[subprocess.Popen[bytes]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the server in the controlling process only; workers inherit its address."""
    if other := os.environ.get("TEST_POSTGRES"):
        _use_server(Path(other))
    if hasattr(config, "workerinput"):
        return
    folder = tempfile.mkdtemp(prefix="eoffice-test-")
    os.environ |= {
        "EOFFICE_INSTANCE": folder,
        "EOFFICE_TESTING": "yes",
        "TEST_INSTANCE": folder,
    }
    from eoffice.app import load
    from eoffice.core.embedded import APP, OWNER, Embedded
    from eoffice.migrations import upgrade

    load()  # every setting is declared before the server's secrets read the first
    server = Embedded(Path(folder) / "pg")
    _server.append(
        server.start("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
    )
    server.prepare(("template", OWNER))
    upgrade(server.url("template", OWNER), APP)
    os.environ["TEST_ADMIN_URL"] = server.url("postgres", "postgres")


def _use_server(programs: Path) -> None:
    """Another server's programs in place of the wheel's, in this process and those it starts."""
    from eoffice.core import embedded

    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    embedded.BIN, embedded.MAJOR = programs, told.stdout.split()[2].partition(".")[0]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and leave nothing behind."""
    if hasattr(config, "workerinput") or not _server:
        return
    _server[0].send_signal(signal.SIGINT)
    _server[0].wait(30)
    shutil.rmtree(os.environ["TEST_INSTANCE"], ignore_errors=True)


def make_database(name: str, template: str = "template") -> None:
    """Copy the migrated template, or make an empty database from `template0`."""
    from eoffice.core.embedded import OWNER

    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(OWNER)
            )
        )


def drop_database(name: str) -> None:
    """Drop it, whoever is still connected."""
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def url_of(name: str, role: str = "eoffice_app") -> str:
    """The libpq URL of a database of this run."""
    from eoffice.core.embedded import Embedded

    return Embedded(Path(os.environ["TEST_INSTANCE"]) / "pg").url(name, role)


def name_of(url: str) -> str:
    """The database a URL names; the socket's folder in its query holds slashes too."""
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def worker_database() -> Iterator[str]:
    """The database of this worker, migrated; its application URL."""
    name = f"w_{uuid.uuid4().hex[:12]}"
    make_database(name)
    os.environ["EOFFICE_DATABASE_URL"] = url_of(name)
    os.environ["EOFFICE_MIGRATION_URL"] = url_of(name, "eoffice_owner")
    folder = Path(os.environ["TEST_INSTANCE"]) / name
    folder.mkdir(mode=0o700)
    # secrets stay with the server; everything else of an instance is this worker's own
    shutil.copy(Path(os.environ["TEST_INSTANCE"]) / "secrets.json", folder / "secrets.json")
    os.environ["EOFFICE_INSTANCE"] = str(folder)
    from eoffice.app import load
    from eoffice.core import config

    load()
    config.install(config.Settings.read(os.environ))
    yield url_of(name)
    drop_database(name)


@pytest.fixture
def session(worker_database: str) -> Iterator[Session]:
    """A session that may commit; all tables are emptied after the test."""
    from eoffice.core import jobs
    from eoffice.core.db import new_session

    made = new_session(worker_database)
    yield made
    made.close()
    jobs.reset()
    _empty(worker_database)


def _empty(url: str) -> None:
    with as_owner(name_of(url)) as owner:
        rows = owner.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        # The log refuses changes from everyone: its triggers rest for this once, and foreign keys with them.
        owner.execute("SET LOCAL session_replication_role = replica")
        # most tables are empty, and emptying those costs nothing, while TRUNCATE makes new files for each
        wipe = sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(row[0])) for row in rows)
        owner.execute(wipe)


@pytest.fixture
def database_url() -> Iterator[str]:
    """An empty database of its own, for programs that make their own tables; URL of its owner."""
    name = f"d_{uuid.uuid4().hex[:12]}"
    make_database(name, "template0")
    yield url_of(name, "eoffice_owner")
    drop_database(name)


@pytest.fixture
def samples() -> Path:
    """Data that lies beside the project when it is there; tests that need it skip visibly."""
    if not SAMPLES.is_dir():
        pytest.skip("the sample files are not beside this checkout")
    return SAMPLES


@pytest.fixture(scope="session")
def built(worker_database: str) -> tuple[Flask, dict[str, Any]]:
    """The application and its configuration: putting it together, and its templates, takes longer than most tests."""
    from eoffice.app import create_app

    made = create_app()
    return made, dict(made.config)


@pytest.fixture
def app(session: Session, built: tuple[Flask, dict[str, Any]]) -> Flask:
    """The application on this worker's database; whoever adds to it makes one of his own."""
    from eoffice.core import config

    made, configured = built
    config.install(config.Settings.read(os.environ))
    made.config.clear()
    made.config.update(configured)
    return made


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that the application sends."""
    from tests.web import counted

    with counted() as sent:
        yield sent


_skipped: list[tuple[str, str]] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped and why."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped.append((report.nodeid, reason))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip is a failure unless it is listed with its reason."""
    if os.environ.get("CI") != "true" or hasattr(session.config, "workerinput"):
        return
    listed = [
        line.split("  ")[0].strip()
        for line in ALLOWED_SKIPS.read_text().splitlines()
        if not line.startswith("#")
    ]
    unlisted = [(test, why) for test, why in _skipped if not any(part and part in test for part in listed)]
    for test, why in unlisted:
        print(f"\nskipped and not listed in {ALLOWED_SKIPS.name}: {test}: {why}")
    if unlisted:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A real S3 store for this worker; its key stands in the environment."""
    with gateway(tmp_path_factory.mktemp("s3")) as running:
        os.environ |= KEY
        yield running
        for name in KEY:
            del os.environ[name]
