"""Health: programs that watch get a code, administrators a sentence, nobody a secret."""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.admin import files, health
from eoffice.core import audit, clock, jobs
from eoffice.core.audit import AuditEntry, AuditSeal
from eoffice.core.blobs import place
from eoffice.core.config import override
from eoffice.core.db import transaction
from eoffice.core.states import Tone
from eoffice.documents.registers import REGISTER_OPENED
from tests.factories import province
from tests.s3 import KEY
from tests.web import client_for

pytestmark = pytest.mark.postgres


def _tones(session: Session, app: Flask) -> dict[str, Tone]:
    with app.test_request_context():
        return {check.key: check.tone for check in health.report(session).checks}


@pytest.fixture
def service() -> Iterator[str]:
    """Something that answers."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_alive_and_ready_answer_everyone(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (
        200, {"status": "ready", "database": True, "migrations": True},
    )  # fmt: skip


def test_without_database_it_is_alive_and_not_ready(app: Flask) -> None:
    with override(EOFFICE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        client = app.test_client()
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()["database"]) == (503, False)
        page = client.get("/sign-in")
        assert page.status_code == 200


def test_tables_of_another_version_are_not_ready(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_head", lambda: "9999")
    assert app.test_client().get("/readyz").status_code == 503
    assert _tones(session, app)["database"] is Tone.BAD


def test_services_are_asked(app: Flask, session: Session, service: str) -> None:
    with override(EOFFICE_AXIS_URL=None, EOFFICE_TSA_URL=None):
        tones = _tones(session, app)
        assert (tones["axis"], tones["timestamps"]) == (Tone.WARN, Tone.WARN)
    with override(EOFFICE_AXIS_URL=f"{service}/xrdapi", EOFFICE_TSA_URL="http://127.0.0.1:1/tsa"):
        tones = _tones(session, app)
        assert (tones["axis"], tones["timestamps"]) == (Tone.OK, Tone.BAD)


def test_places_of_keys_are_looked_at_where_they_are_set(app: Flask, session: Session, service: str) -> None:
    assert not {"module", "remote-keys"} & _tones(session, app).keys()
    with override(EOFFICE_PKCS11_MODULE="/nowhere/lib.so", EOFFICE_CSC_URL=service):
        tones = _tones(session, app)
        assert (tones["module"], tones["remote-keys"]) == (Tone.BAD, Tone.OK)
    with override(EOFFICE_CSC_URL="http://127.0.0.1:1"):
        assert _tones(session, app)["remote-keys"] is Tone.BAD


def test_a_silent_worker_and_failed_jobs_are_seen(app: Flask, session: Session) -> None:
    assert _tones(session, app)["workers"] is Tone.BAD
    session.execute(sa.text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    session.commit()
    assert _tones(session, app)["workers"] is Tone.OK
    session.execute(sa.text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))
    session.execute(
        sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('heavy', 'x', 'failed')"
        )
    )
    session.commit()
    tones = _tones(session, app)
    assert (tones["workers"], tones["queue-heavy"]) == (Tone.BAD, Tone.BAD)


@pytest.mark.parametrize("program", ["soffice", "tesseract", "clamdscan"])
def test_a_missing_extra_says_how_to_add_it(
    app: Flask, session: Session, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else f"/usr/bin/{name}")
    with override(EOFFICE_AXIS_URL=None, EOFFICE_TSA_URL=None):
        monkeypatch.setattr(health, "EXTRAS", tuple(e for e in health.EXTRAS if program in e.programs))
        monkeypatch.setattr(shutil, "which", lambda _name: None)
        province(session)
        page = client_for(app, "a_administrator").get("/admin/health").get_data(as_text=True)
    assert f"Để thêm: {health.EXTRAS[0].add}" in page


def test_a_file_store_that_does_not_answer_says_what_to_do(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    with app.test_request_context():
        assert files.said(files.look()).tone is Tone.OK
        with override(EOFFICE_FILES=place("s3://van-ban/tep?endpoint=http://127.0.0.1:1")):
            found = files.said(files.look())
    assert found.tone is Tone.BAD
    assert found.sentence.startswith("s3://van-ban/tep (http://127.0.0.1:1) không trả lời")
    assert "Việc cần đến tệp sẽ chờ" in found.sentence
    assert _tones(session, app)["files"] is Tone.OK


def test_the_page_is_for_administrators_and_shows_no_secret(app: Flask, session: Session) -> None:
    province(session)
    assert client_for(app, "a_clerk").get("/admin/health").status_code == 403
    with override(EOFFICE_AXIS_SECRET="s3cret-of-the-axis", EOFFICE_AXIS_URL=None, EOFFICE_TSA_URL=None):
        page = client_for(app, "a_administrator").get("/admin/health").get_data(as_text=True)
    assert "Tình trạng" in page
    assert "EOFFICE_AXIS_SECRET" in page
    assert "s3cret-of-the-axis" not in page
    assert "postgresql://" not in page


def test_the_command_names_each_part_and_fails_when_one_does(app: Flask, session: Session) -> None:
    with override(EOFFICE_AXIS_URL=None, EOFFICE_TSA_URL=None):
        done = app.test_cli_runner().invoke(args=["health"])
    assert done.exit_code == 1  # no worker
    assert "database" in done.output
    assert "workers" in done.output


def _seal(session: Session) -> None:
    """Seal as the worker does, until every entry is covered: tests beside this one have transactions open."""
    for _ in range(200):
        jobs.run(session, "admin.seal_audit")
        newest = session.scalar(sa.select(sa.func.max(AuditEntry.txid))) or 0
        if (session.scalar(sa.select(sa.func.max(AuditSeal.up_to_txid))) or 0) > newest:
            return
        session.rollback()
        time.sleep(0.05)


def test_the_log_is_sealed_every_minute_and_proven(app: Flask, session: Session) -> None:
    place = province(session)
    assert jobs.JOBS["admin.seal_audit"].every == 60
    _seal(session)
    done = app.test_cli_runner().invoke(args=["audit", "prove"])
    assert (done.exit_code, done.output.split(":")[0]) == (0, "unbroken")
    with transaction(session), clock.freeze(clock.now() - timedelta(hours=1)):
        audit.record(session, place.a.admin, REGISTER_OPENED, place.a.agency)
    assert _tones(session, app)["log"] is Tone.WARN
    _seal(session)
    assert _tones(session, app)["log"] is Tone.OK


def test_a_changed_log_is_found(app: Flask, session: Session, worker_database: str) -> None:
    import psycopg

    from tests.conftest import name_of, url_of

    province(session)
    _seal(session)
    with psycopg.connect(url_of(name_of(worker_database), "postgres"), autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("UPDATE audit_entry SET actor = 'x' WHERE id = (SELECT min(id) FROM audit_entry)")
    done = app.test_cli_runner().invoke(args=["audit", "prove"])
    assert (done.exit_code, done.output.split(":")[0]) == (1, "broken")


def test_ready_is_said_as_json(app: Flask) -> None:
    assert json.loads(app.test_client().get("/readyz").data)["status"] == "ready"


@pytest.mark.slow
def test_a_mail_box_or_folder_that_cannot_be_read_is_told_to_administrator_and_clerk(
    session: Session, app: Flask, tmp_path: Path
) -> None:
    province(session)
    boxes = tmp_path / "boxes.toml"
    boxes.touch(mode=0o600)
    # nothing listens there
    boxes.write_text('["H01.12"]\nhost = "127.0.0.1"\nport = 9\nuser = "vanthu"\npassword = "x"\n')
    with override(EOFFICE_MAILBOXES=str(boxes), EOFFICE_SCAN_FOLDER=str(tmp_path / "gone")):
        for name in ("incoming.read_mail", "incoming.watch_folder"):
            jobs.run(session, name)
        tones = _tones(session, app)
        assert {tones["source-mail:H01.12"], tones["source-scan"]} == {Tone.BAD}
        page = client_for(app, "a_administrator").get("/admin/health").get_data(as_text=True)
        assert "Hộp thư vanthu (127.0.0.1)" in page
        ours, theirs = (client_for(app, f"{mark}_clerk").get("/").get_data(as_text=True) for mark in "ab")
        assert "Không đọc được vanthu (127.0.0.1) từ" in ours
        assert "vanthu" not in theirs
        assert "gone" in theirs, "the folder is everybody's"
        (tmp_path / "gone").mkdir()
        jobs.run(session, "incoming.watch_folder")
        assert "source-scan" not in _tones(session, app)
        # a folder of no agency here, as a wrong code in the scanner's settings makes one
        (tmp_path / "gone" / "H01.99").mkdir()
        jobs.run(session, "incoming.watch_folder")
        assert _tones(session, app)["source-unknown"] is Tone.WARN
        page = client_for(app, "a_administrator").get("/admin/health").text
        assert "H01.99" in page
        assert "Hãy chuyển vào đúng thư mục" in page
        assert "H01.99" not in client_for(app, "a_clerk").get("/").text, "the clerk can do nothing about it"
        (tmp_path / "gone" / "H01.99").rmdir()
        # and a paper beside the folders, where a scanner without one puts it
        (tmp_path / "gone" / "Scan_0001.pdf").touch()
        jobs.run(session, "incoming.watch_folder")
        assert "Scan_0001.pdf" in client_for(app, "a_administrator").get("/admin/health").text
        (tmp_path / "gone" / "Scan_0001.pdf").unlink()
        for left in ("Thumbs.db", "desktop.ini", "~$thu.docx"):  # by desktops, not by scanners
            (tmp_path / "gone" / left).touch()
        jobs.run(session, "incoming.watch_folder")
        assert "source-unknown" not in _tones(session, app)
    boxes.write_text("")
    with override(EOFFICE_MAILBOXES=str(boxes)):
        jobs.run(session, "incoming.read_mail")
        assert "source-mail:H01.12" not in _tones(session, app), "it is read no more"
