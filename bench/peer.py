"""The AS2 peer: its environment, its two sides on the same database server, and what is asked of it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from sqlalchemy.engine import make_url

from bench.stage import OWNER, Stage, ready
from exchange.testing import free_port

PEERS = Path(__file__).parent / "peers"
PYTHON = PEERS / ".venv" / "bin" / "python"


class PeerMissing(Exception):
    """The peer cannot be run here; the text says why. Nothing is measured against it."""


def install() -> None:
    """Make the peer's environment from its lock file, once. Raises PeerMissing."""
    done = PEERS / ".venv" / "installed.lock"
    lock = (PEERS / "as2.lock").read_text()
    if done.exists() and done.read_text() == lock:
        return
    print("  installing the AS2 peer in its own environment", file=sys.stderr, flush=True)
    uv = [sys.executable, "-m", "uv"]
    _check([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(PEERS / ".venv")])
    lock_file = str(PEERS / "as2.lock")
    _check([*uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", lock_file])
    _read_new_openssl()
    done.write_text(lock)


def _read_new_openssl() -> None:
    """oscrypto 1.3.0 takes `3.0.19` for no version: its pattern wants one digit at the end."""
    for path in PEERS.glob(".venv/lib/python*/site-packages/oscrypto/_openssl/_libcrypto_c*.py"):
        text = path.read_text()
        path.write_text(text.replace(r"\\d\\.\\d\\.\\d[a-z]*", r"\\d+\\.\\d+\\.\\d+[a-z]*"))


def _check(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise PeerMissing(re.sub(r"\s+", " ", done.stderr.strip())[-400:])


@dataclass
class Peer:
    """A running pair."""

    process: subprocess.Popen[str]
    sent: int = 0

    @classmethod
    @contextmanager
    def started(cls, where: Stage, files: Path) -> Iterator["Peer"]:
        """Sender and receiver with keys of their own. Raises PeerMissing."""
        install()
        folder = where.folder / "as2"
        folder.mkdir()
        port = str(free_port())
        for name in ("sender", "receiver"):
            _key(folder, name)
        ends = {}
        for name in ("sender", "receiver"):
            ends[name] = _environment(where, folder, name, port) | {"AS2_FILES": str(files)}
            _check([str(PYTHON), str(PEERS / "as2.py"), "setup"], ends[name])
        gunicorn = [
            str(PYTHON),
            "-m",
            "gunicorn",
            "--chdir",
            str(PEERS),
            "as2:application",
            "--log-level",
            "warning",
        ]
        gunicorn += ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8", "--keep-alive", "30"]
        child = where.program("as2", gunicorn, ends["receiver"])
        try:
            ready(f"http://127.0.0.1:{port}/as2receive", child)
        except RuntimeError as error:
            raise PeerMissing(f"{error}: {where.log('as2')}") from error
        process = subprocess.Popen(
            [str(PYTHON), str(PEERS / "as2.py"), "send"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ends["sender"],
        )  # fmt: skip
        try:
            peer = cls(process)
            peer._line()
            yield peer
        finally:
            process.kill()
            process.communicate()

    def send(self, count: int, flying: int) -> float:
        """Seconds for `count` messages, each with its MDN verified. Raises PeerMissing when one fails."""
        assert self.process.stdin
        self.process.stdin.write(f"{count} {flying} {self.sent}\n")
        self.process.stdin.flush()
        self.sent += count
        seconds: float = json.loads(self._line())["seconds"]
        return seconds

    def _line(self) -> str:
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        if not line:
            raise PeerMissing(self.process.stderr.read()[-600:])
        return line


def _environment(where: Stage, folder: Path, name: str, port: str) -> dict[str, str]:
    url = make_url(where.database(f"as2_{name}"))
    words = (str(url.query["host"]), url.database or "", OWNER, url.password or "")
    data = folder / name
    data.mkdir()
    return {
        "AS2_DATABASE": "\n".join(words), "AS2_FOLDER": str(data), "AS2_PORT": port, "AS2_ROLE": name,
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip


def _key(folder: Path, name: str) -> None:
    """RSA-2048 and its certificate, as PEM files."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"bench"),
    )
    (folder / f"{name}.pem").write_bytes(certificate)
    (folder / f"{name}.key.pem").write_bytes(private + certificate)
