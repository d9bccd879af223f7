"""Backups: complete, encrypted, cheap from the second on, found out when damaged, and really restored."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from psycopg import sql
from sqlalchemy.orm import Session

from eoffice.admin import health
from eoffice.backup import restoring, service, sets
from eoffice.backup.age import CannotOpen, Identity
from eoffice.backup.restoring import NotEmpty
from eoffice.core import clock
from eoffice.core.audit import AuditEntry
from eoffice.core.blobs import FolderStore
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.states import Tone
from tests.conftest import name_of, url_of
from tests.factories import province

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
ME = Identity.generate()


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """What an installation owns beside its database."""
    made = tmp_path / "instance"
    made.mkdir(mode=0o700)
    (made / "secrets.json").write_text('{"flask": "bí mật"}')
    (made / "secrets.json").chmod(0o600)
    (made / "log").mkdir()
    FolderStore(made / "blobs").put_bytes("Tờ trình số 1".encode())
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "medium"
    made.mkdir()
    return made


@pytest.fixture
def url(worker_database: str) -> str:
    """The test's database as the role that owns it."""
    return url_of(name_of(worker_database), "eoffice_owner")


@pytest.fixture
def scratch() -> Iterator[str]:
    """An empty database of the same owner."""
    name = f"restored_{os.getpid()}"
    with psycopg.connect(os.environ["TEST_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER eoffice_owner").format(sql.Identifier(name)))
        yield url_of(name, "eoffice_owner")
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def make(session: Session, folder: Path, url: str, instance: Path) -> Callable[[], Path]:
    province(session)
    return lambda: sets.make(folder, ME.recipient, url, instance, FolderStore(instance / "blobs"))[0]


def test_requirement_48_a_backup_is_encrypted_and_comes_back_whole(
    session: Session, make: Callable[[], Path], scratch: str, instance: Path, tmp_path: Path
) -> None:
    path = make()
    assert sets.damaged(path) == []
    everything = b"".join(file.read_bytes() for file in path.parent.rglob("*") if file.is_file())
    assert b"B\xc3\xadch" not in everything, "no name of a person is readable"
    assert "Tờ trình".encode() not in everything
    assert "bí mật".encode() not in everything
    restored = restoring.rehearse(path, ME, scratch)
    assert restored.files == 1
    with psycopg.connect(scratch) as database:
        counted = database.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert counted == (session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)),)
    with pytest.raises(NotEmpty):
        restoring.restore_database(path, ME, scratch)
    fresh = tmp_path / "fresh"
    restoring.restore_instance(path, ME, fresh)
    assert restoring.restore_files(path, ME, FolderStore(fresh / "blobs")) == 1
    assert (fresh / "secrets.json").read_bytes() == (instance / "secrets.json").read_bytes()
    assert not (fresh / "log").exists()
    restoring.restore_instance(path, ME, fresh)  # a try that broke off here is begun again
    restoring.finish(fresh)
    with pytest.raises(NotEmpty):
        restoring.restore_instance(path, ME, fresh)
    with pytest.raises(CannotOpen):
        restoring.restore_instance(path, Identity.generate(), tmp_path / "stranger")


def test_requirement_48_what_is_damaged_is_named(make: Callable[[], Path], instance: Path) -> None:
    path = make()
    with (path / "database.age").open("r+b") as file:
        file.seek(300)
        byte = file.read(1)[0]
        file.seek(300)
        file.write(bytes([byte ^ 1]))
    (stored,) = (path.parent / "files").glob("*/*.age")
    stored.unlink()
    assert sets.damaged(path) == ["database.age", f"files/{stored.stem}"]


def test_a_file_damaged_in_the_store_is_named_by_the_set_and_on_the_health_page(
    app: Flask, make: Callable[[], Path], instance: Path, folder: Path, session: Session
) -> None:
    store = FolderStore(instance / "blobs")
    spoiled, whole = next(store.hashes()), store.put_bytes(b"nguyen ven")
    store.path(spoiled).chmod(0o600)
    store.path(spoiled).write_bytes(b"To trinh so 7")
    path = make()
    assert (sets.files_of(path), sets.Manifest.read(path).damaged) == ([whole.sha256], [spoiled])
    checked = app.test_cli_runner().invoke(args=["backup", "check", str(path)])
    assert (checked.exit_code, sets.damaged(path)) == (1, [])
    assert checked.output.endswith(f"left out, damaged in the store: {spoiled}\n")
    with override(EOFFICE_BACKUP_FOLDERS=(folder,)), app.test_request_context():
        (told,) = [check for check in health.report(session).checks if check.key == "backup-1"]
    assert told.tone is Tone.BAD


def test_a_second_set_holds_what_is_new_and_an_old_one_goes_with_what_it_alone_held(
    make: Callable[[], Path], instance: Path, folder: Path
) -> None:
    with clock.freeze(clock.now() - timedelta(days=40)):
        first = make()
    store = FolderStore(instance / "blobs")
    (gone,) = sets.files_of(first)
    store.erase(gone, older=timedelta(0))
    new = store.put_bytes(b"Quyet dinh so 2")
    second = make()
    assert sets.files_of(second) == [new.sha256]
    assert sets.Manifest.read(second).new_bytes < 1000
    assert sets.prune(folder, 30) == 1
    assert sets.newest(folder) == (second, sets.newest(folder)[1])  # type: ignore[index]  # there is one
    assert [path.stem for path in (folder / "files").glob("*/*.age")] == [new.sha256]
    assert sets.prune(folder, 0) == 0, "the newest stays"


def test_a_medium_that_is_not_mounted_keeps_no_other_from_its_set_and_is_shown(
    app: Flask, session: Session, folder: Path, url: str, instance: Path, tmp_path: Path
) -> None:
    province(session)
    settings = {
        "EOFFICE_BACKUP_FOLDERS": (tmp_path / "away", folder),
        "EOFFICE_BACKUP_RECIPIENT": ME.recipient,
        "EOFFICE_MIGRATION_URL": url,
        "EOFFICE_BACKUP_HOUR": 0,
    }
    with override(**settings):
        assert service.due() == [tmp_path / "away", folder]
        with pytest.raises(ExceptionGroup, match="backups failed") as failed:
            service.make(session, service.due())
        assert "is its medium mounted" in str(failed.value.exceptions[0])
        assert not (tmp_path / "away").exists()
        assert service.due() == [tmp_path / "away"], "today's set of the other is made"
        with clock.freeze(clock.now() + timedelta(days=2)), app.test_request_context():
            tones = {check.key: check.tone for check in health.report(session).checks}
        assert (tones["backup-1"], tones["backup-2"]) == (Tone.WARN, Tone.BAD)
        (made,) = folder.glob("*/manifest.json")
        made.write_text("{")
        assert [bool(place.trouble) for place in service.places()] == [False, True]
        with app.test_request_context():
            tones = {check.key: check.tone for check in health.report(session).checks}
        assert tones["backup-2"] is Tone.BAD, "the page stays"
    with transaction(session):
        entry = session.scalar(sa.select(AuditEntry).where(AuditEntry.action == service.MADE))
        assert entry is not None
        assert entry.details["path"].startswith(str(folder))


@pytest.mark.peer
def test_an_operator_restores_onto_a_new_machine(make: Callable[[], Path], tmp_path: Path) -> None:
    path, fresh, identity = make(), tmp_path / "new", tmp_path / "identity"
    identity.write_text(f"# public key: {ME.recipient.text}\n{ME.text}\n")
    environment = {name: value for name, value in os.environ.items() if "EOFFICE_" not in name}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "backup", "restore", str(path), "--identity"]

    def restore(**more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, str(identity)], env=environment | {"EOFFICE_INSTANCE": str(fresh)} | more,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    away = restore(EOFFICE_FILES="/dev/null/tep")
    assert (away.returncode, "Not a directory" in away.stderr) == (1, True)
    FolderStore(fresh / "blobs").put_bytes(b"so far it came")
    done = restore()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("restored: 1 files")
