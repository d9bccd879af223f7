"""Mail boxes are read by themselves: each mail once, whole or not at all, from a real server."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from eoffice.core import audit, clock, config, jobs
from eoffice.core.audit import AuditEntry
from eoffice.core.config import ConfigError
from eoffice.documents.models import FileRole
from eoffice.incoming import mail, mailboxes, presenting, service, sources
from eoffice.incoming.mail import Round
from eoffice.incoming.mailboxes import Mailbox
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.states import State
from tests import dovecot
from tests.dovecot import PASSWORD, USER, MailServer
from tests.factories import House, province
from tests.incoming import steps
from tests.incoming.letters import letter_pdf, secret_pdf
from tests.web import client_for

pytestmark = [pytest.mark.skipif(not dovecot.found(), reason="Dovecot is not installed"), pytest.mark.slow]


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with dovecot.running() as running:
        yield running


@pytest.fixture
def box(server: MailServer) -> Mailbox:
    """An empty one."""
    server.empty("INBOX", "Da-nhan")
    return Mailbox("localhost", USER, PASSWORD, port=server.port, certificates=str(server.certificate))


@pytest.fixture
def house(session: Session) -> House:
    return province(session).a


def _mail(
    *files: tuple[str, bytes], sender: str = "Sở Tài chính <vanthu@sotaichinh.example>"
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, USER, "Gửi văn bản"
    message["Date"] = clock.now()
    message.set_content("Kính gửi văn bản kèm theo.")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def _documents(session: Session) -> list[IncomingDocument]:
    session.expire_all()
    return list(session.scalars(sa.select(IncomingDocument).order_by(IncomingDocument.id)))


def test_a_mail_becomes_one_waiting_document_and_is_marked_read_once_it_is_stored(
    session: Session, app: Flask, house: House, server: MailServer, box: Mailbox
) -> None:
    server.put(_mail(("phu luc.xlsx", b"PK\x03\x04 no sheet"), ("Công văn số 3187.pdf", letter_pdf())))
    server.put(_mail(("86.pdf", steps.pdf())))
    assert mail.read(session, "H01.12", box) == Round(taken=2, flagged=0)
    first, second = _documents(session)
    assert (first.source, first.state, first.sent_from) == (
        Source.MAIL,
        State.WAITING,
        "vanthu@sotaichinh.example",
    )
    assert [(file.role, file.name) for file in first.files] == [
        (FileRole.ORIGINAL, "Công văn số 3187.pdf"), (FileRole.ATTACHMENT, "phu luc.xlsx"),
    ]  # fmt: skip
    assert server.flags() == [r"\Seen", r"\Seen"]
    assert mail.read(session, "H01.12", box).taken == 0
    page = client_for(app, "a_clerk").get(f"/incoming/{first.id}").get_data(as_text=True)
    assert "vanthu@sotaichinh.example" in page
    service.discard(session, house.clerk, second.id, "Gửi nhầm")


def test_a_mail_stored_by_a_killed_run_is_not_taken_twice_and_goes_where_the_box_keeps_what_was_taken(
    session: Session, server: MailServer, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert province(session)
    kept = Mailbox(**{**vars(box), "taken": "Da-nhan"})
    server.put(_mail(("86.pdf", letter_pdf())))
    with monkeypatch.context() as killed:
        killed.setattr(mail.Opened, "done", _die)
        with pytest.raises(KeyboardInterrupt):
            mail.read(session, "H01.12", kept)
    assert (server.flags(), len(_documents(session))) == ([""], 1), "unread as it was"
    mail.read(session, "H01.12", kept)
    assert len(_documents(session)) == 1
    assert (server.flags(), server.flags("Da-nhan")) == ([], [r"\Seen"])


def _die(_self: mail.Opened, _uid: str) -> None:
    raise KeyboardInterrupt


def test_what_is_no_document_stays_flagged_and_the_log_says_why(
    session: Session, house: House, server: MailServer, box: Mailbox
) -> None:
    program, broken = b"MZ" + b"\0" * 99, b"%PDF-1.7\ncut"
    server.put(_mail())
    for name, content in (("anh.exe", program), ("mat.pdf", secret_pdf()), ("hong.pdf", broken)):
        server.put(_mail((name, content)))
    with config.override(EOFFICE_UPLOAD_LIMIT_MB=1):
        server.put(_mail(("to.pdf", letter_pdf() + b"\0" * (2 << 20))))
        assert mail.read(session, "H01.12", box) == Round(taken=0, flagged=5)
    assert server.flags() == [r"\Flagged"] * 5
    assert not _documents(session)
    told = [entry.details.get("reason", "") for entry in audit.history(session, house.agency)]
    assert sum("PDF" in reason for reason in told) >= 2
    assert session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == mail.MAIL_REFUSED)) == 5


def test_the_job_reads_every_box_of_the_file_and_one_that_is_away_keeps_no_other_waiting(
    session: Session, server: MailServer, box: Mailbox, tmp_path: Path, app: Flask
) -> None:
    assert province(session)
    server.put(_mail(("86.pdf", letter_pdf())))
    there = f'host = "localhost"\nuser = "{USER}"\npassword = "{PASSWORD}"\nport = {box.port}\n'
    path = tmp_path / "mailboxes.toml"
    path.write_text(f'["H01.05"]\n{there}["H01.12"]\n{there}certificates = "{box.certificates}"\n')
    with config.override(EOFFICE_MAILBOXES=str(path)):
        path.chmod(0o644)
        jobs.run(session, "incoming.read_mail")
        (away,) = sources.all_away(session)
        assert "chmod 600" in away.why
        path.chmod(0o600)
        server.put(_mail())
        jobs.run(session, "incoming.read_mail")  # the first box's certificate is nobody's
        assert [one.key for one in sources.all_away(session)] == ["mail:H01.05", "flagged:H01.12"]
        page = client_for(app, "a_administrator").get("/admin/health").text
        assert "1 thư trong hộp không tiếp nhận được" in page
    assert [document.sent_from for document in _documents(session)] == ["vanthu@sotaichinh.example"]
    assert "“Gửi văn bản” · " in presenting.unread_name(_documents(session)[0]), "told apart in a list"


@pytest.mark.parametrize("rest", ["", 'user = "b"\npassword = "c"\nprot = 1\n', 'user = 7\npassword = "c"\n'])
def test_a_file_of_boxes_that_says_something_else_is_refused(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "mailboxes.toml"
    path.write_text(f'["H01.12"]\nhost = "a"\n{rest}')
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"H01\.12"):
        mailboxes.load(path)
