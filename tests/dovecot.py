"""A mail server of our own (Dovecot): one process, TLS only, everybody's mail in a folder of the test."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

PASSWORD = "mat-khau-hop-thu"
USER = "vanthu@sonnmt.example"

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
ssl = required
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail
}}
mail_location = maildir:~/Maildir
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True)
class MailServer:
    """A running server."""

    port: int
    certificate: Path

    @contextmanager
    def open(self) -> Iterator[imaplib.IMAP4_SSL]:
        """The box as its owner's mail program sees it."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with imaplib.IMAP4_SSL("localhost", self.port, ssl_context=context) as box:
            box.login(USER, PASSWORD)
            yield box

    def put(self, message: EmailMessage, folder: str = "INBOX") -> None:
        """Lay a mail into the box, unread."""
        with self.open() as box:
            box.append(folder, "", imaplib.Time2Internaldate(time.time()), message.as_bytes())

    def empty(self, *folders: str) -> None:
        """Leave nothing in these folders; those that are missing are made."""
        with self.open() as box:
            for folder in folders:
                box.create(folder)
                _state, (count,) = box.select(folder)
                if count != b"0":
                    box.store("1:*", "+FLAGS", r"(\Deleted)")
                    box.expunge()

    def flags(self, folder: str = "INBOX") -> list[str]:
        """What is marked on each message, oldest first."""
        with self.open() as box:
            box.select(folder, readonly=True)
            _state, (found,) = box.search(None, "ALL")
            marked = []
            for number in found.split():
                _state, answer = box.fetch(number, "(FLAGS)")
                marked.append(
                    " ".join(flag.decode() for flag in imaplib.ParseFlags(answer[0]) if flag != b"\\Recent")
                )
            return marked


def found() -> bool:
    """Whether there is a Dovecot on this machine."""
    return shutil.which("dovecot") is not None


@contextmanager
def running() -> Iterator[MailServer]:
    """Start a server in a folder of its own and stop it."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with _started(home) as server:
            yield server


@contextmanager
def _started(home: Path) -> Iterator[MailServer]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", home / "key.pem", "-out", home / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # as root it wants the accounts of its package: for itself, for who is not signed in yet, and for the mail
    own = pwd.getpwuid(os.geteuid())
    keeper, login = (pwd.getpwnam("dovecot"), "dovenull") if own.pw_uid == 0 else (own, own.pw_name)
    (home / "mail").mkdir()
    os.chown(home / "mail", keeper.pw_uid, keeper.pw_gid)
    written = _CONFIGURATION.format(
        home=home, port=port, password=PASSWORD, uid=keeper.pw_uid, gid=keeper.pw_gid,
        internal=keeper.pw_name, login=login, group=grp.getgrgid(keeper.pw_gid).gr_name,
    )  # fmt: skip
    (home / "dovecot.conf").write_text(written)
    server = subprocess.Popen(["dovecot", "-F", "-c", home / "dovecot.conf"])
    try:
        _wait(server, port)
        yield MailServer(port, home / "cert.pem")
    finally:
        server.terminate()
        server.wait(10)


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        if server.poll() is not None:
            raise RuntimeError(f"dovecot ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("dovecot does not listen")
