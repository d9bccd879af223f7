"""For tests of this library and of what is built on it: messages, and an axis as a process of its own."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx

from exchange.build import Digest, build
from exchange.client import AxisClient
from exchange.model import (
    VIETNAM,
    Attachment,
    Code,
    DocumentMessage,
    DocumentType,
    Message,
    MessageKind,
    Organization,
    OtherInfo,
    ResponseFor,
    Signer,
    StatusMessage,
    TraceHeader,
    document_id,
)

SENDER = Organization("H01.01", "Văn phòng UBND tỉnh An Giang", "UBND tỉnh An Giang")
RECIPIENT = Organization("H01.12", "Sở Xây dựng tỉnh An Giang", "UBND tỉnh An Giang")
DAY = date(2026, 11, 20)
MOMENT = datetime(2026, 11, 20, 8, 16, 9, tzinfo=VIETNAM)
#: a PDF in name and first bytes; enough wherever nobody opens it
SMALL_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def attachment(folder: Path, name: str = "CV-1415.pdf", content: bytes = SMALL_PDF) -> Attachment:
    """An attachment whose bytes lie in `folder`."""
    path = folder / f"{len(list(folder.iterdir()))}-{name}"
    path.write_bytes(content)
    return Attachment(name=name, description=name, content=path)


def document(
    number: int | str = 1415,
    *,
    sender: Organization = SENDER,
    recipients: Sequence[Organization] = (RECIPIENT,),
    attachments: Sequence[Attachment] = (),
    **fields: Any,
) -> DocumentMessage:
    """A valid new document; name in `fields` what the test is about."""
    code = Code(str(number), "UBND-KGVX")
    usual: dict[str, Any] = {
        "document_id": document_id(sender.organ_id, DAY, code),
        "code": code,
        "promulgated_on": DAY,
        "place": "An Giang",
        "document_type": DocumentType("Công văn"),
        "subject": "V/v gửi, nhận văn bản điện tử có ký số",
        "signer": Signer("KT. CHỦ TỊCH", "Phó Chủ tịch", "Nguyễn Thị Đặng Ứng"),
        "other": OtherInfo(priority=0),
        "trace": (TraceHeader(sender.organ_id, MOMENT),),
    }
    return DocumentMessage(
        sender=sender, recipients=tuple(recipients), attachments=tuple(attachments), **(usual | fields)
    )


def status(about: DocumentMessage, code: str = "01", **fields: Any) -> StatusMessage:
    """A status that the first recipient of a document sends back."""
    target = ResponseFor(about.sender.organ_id, about.code.full, about.document_id, about.promulgated_on)
    usual: dict[str, Any] = {
        "sender": about.recipients[0],
        "response_for": target,
        "status_code": code,
        "timestamp": MOMENT,
        "description": "Đã đến",
    }
    return StatusMessage(**(usual | fields))


def packet(message: Message) -> bytes:
    """The whole message as it travels."""
    out = BytesIO()
    build(message, out)
    return out.getvalue()


def damaged(whole: bytes) -> bytes:
    """The packet with an attachment that nobody can decode; its header stays readable."""
    broken = re.sub(rb"(<[^/]*ContentTransferEncoded[^>]*>)....", rb"\1****", whole)
    if broken == whole:
        raise ValueError("the packet holds no attachment")
    return broken


def send(client: AxisClient, data: bytes, sender: str, kind: MessageKind = MessageKind.DOCUMENT) -> str:
    """Hand bytes to the axis as they are; its id of them."""
    digest = Digest(hashlib.sha256(data).hexdigest(), len(data))
    return client.send(BytesIO(data), digest, kind=kind, sender=sender).doc_id


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class HubProcess:
    """An axis over real HTTP. `database`: URL of an empty PostgreSQL database, None for the embedded server."""

    database: str | None
    data: Path
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    threads: int = 32
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The one started last."""
        assert self._process
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self, seconds: float = 20) -> None:
        """Start and wait until it is ready. Raises RuntimeError with its log when it is not in time."""
        command = ["serve", "--port", str(self.port), "--threads", str(self.threads)]
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(*command), stderr=log, stdout=log, env=self._environment()
            )
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the axis did not start:\n{(self.data / 'log').read_text()[-4000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)

    def add_system(self, system_id: str, secret: str) -> AxisClient:
        """Register a system as its operator does, and return a client for it."""
        from exchange.hub import axis, directory  # a client alone needs no database driver

        assert self.database, "with the embedded server use `admin`"
        own = axis.assemble(self.database, self.data, pool=1)
        with own.sessions.begin() as session:
            directory.add_system(own, session, system_id, secret)
        own.close()
        return self.client(system_id, secret)

    def admin(self, *words: str) -> str:
        """Run an operator's command such as `list`. Raises RuntimeError with what it said."""
        done = subprocess.run(
            self._command(*words), check=False, capture_output=True, text=True, env=self._environment()
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def client(self, system_id: str, secret: str, **options: Any) -> AxisClient:
        return AxisClient(self.url, system_id, secret, **options)

    def _command(self, name: str, *words: str) -> list[str]:
        place = ["--data", str(self.data), *(["--database", self.database] if self.database else [])]
        return [sys.executable, "-m", "exchange", "hub", name, *place, *words]

    def _environment(self) -> dict[str, str]:
        # The package need not be installed: children find it where this process did.
        return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | self.environment
