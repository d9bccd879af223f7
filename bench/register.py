"""Incoming PDFs registered completely: stored, hashed, read, verified, indexed, nothing left queued."""

import io
import os
import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import material
from bench.agency import house
from bench.figures import Row
from bench.sign import Desk, appearance
from bench.stage import stage
from eoffice.app import load
from eoffice.core import clock, config, jobs
from eoffice.core.blobs import blobs
from eoffice.core.db import new_session
from eoffice.core.permissions import Actor
from eoffice.documents.models import Document, DocumentFile, PageText
from eoffice.incoming import service
from eoffice.incoming.operations import NewIncoming
from eoffice.signatures.models import FileCheck
from signing.geometry import Box, Placement
from signing.sign import sign_pdf


def run(count: int = 24) -> list[Row]:
    """Register `count` unsigned documents and `count` with two signatures, one after the other."""
    with stage() as where:
        desk = Desk.lay(where.folder / "desk")
        trust = {"EOFFICE_TRUST_DIR": str(desk.pki.trust_folder)}
        os.environ |= where.installation("register") | trust
        load()
        config.install(config.Settings.read(os.environ))
        session = new_session()
        clerk = house(session, "a", "H01.12", "Sở Nông nghiệp và Môi trường").clerk
        jobs.work_off(session)
        unsigned = [material.scan(number) for number in range(count + 2)]
        signed = [_twice(desk, material.scan(1000 + number, 160_000)) for number in range(count + 2)]
        rows = [
            _measure(session, clerk, "register a PDF of 200 kB, unsigned", unsigned, "unsigned", 30),
            _measure(session, clerk, "register a PDF of 200 kB, two signatures", signed, "valid", 8),
        ]
        session.close()
        return rows


def _twice(desk: Desk, data: bytes) -> bytes:
    for number in range(2):
        target = io.BytesIO()
        sign_pdf(
            io.BytesIO(data), target, desk.key, field=f"S{number}", appearance=appearance(number),
            placement=Placement(1, Box(85, 40 + 30 * number, 545, 65 + 30 * number)),
        )  # fmt: skip
        data = target.getvalue()
    return data


def _measure(session: Session, clerk: Actor, what: str, files: list[bytes], verdict: str, must: float) -> Row:
    for number, data in enumerate(files[:2]):  # children of the sandbox start, plans are made
        _register(session, clerk, f"{verdict[0]}{number}", data)
    begun = time.perf_counter()
    made = [
        _register(session, clerk, f"{verdict[0]}{number}", data)
        for number, data in enumerate(files[2:], start=2)
    ]
    rate = len(made) / (time.perf_counter() - begun)
    good = all(_complete(session, one, verdict) for one in made)
    return Row(
        "register", what, "documents/s", rate, len(made), good, must=must, note="one at a time, one worker"
    )


def _register(session: Session, clerk: Actor, number: str, data: bytes) -> int:
    upload = service.take_in(session, clerk, io.BytesIO(data), "van-ban.pdf")
    entry = NewIncoming(
        code_number=number, code_notation="SNV-VP", issued_on=clock.today(), issuer_name="Sở Nội vụ",
        kind_code="CV", subject="Về việc triển khai thực hiện nhiệm vụ được giao",
    )  # fmt: skip
    made = service.register_scan(session, clerk, entry, upload)
    jobs.work_off(session)
    return made.id


def _complete(session: Session, document_id: int, verdict: str) -> bool:
    """Whether everything that belongs to it is there."""
    session.expire_all()
    document = session.get_one(Document, document_id)
    (file,) = session.scalars(sa.select(DocumentFile).where(DocumentFile.document_id == document_id))
    check = session.get(FileCheck, file.id)
    pages = session.scalars(sa.select(PageText.text).where(PageText.file_id == file.id)).all()
    query = sa.func.to_tsquery("simple", "nhiem & vu & quy")
    found = session.scalar(
        sa.select(Document.id).where(Document.id == document_id, Document.words.op("@@")(query))
    )
    left = session.scalar(
        sa.text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
    )
    session.rollback()
    return bool(
        document.register_number and blobs().check(file.sha256) and pages and found and not left
        and check and check.verdict == verdict
    )  # fmt: skip
