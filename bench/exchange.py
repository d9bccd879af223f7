"""Messages from the sender's outbox to the receiver's acknowledgement, against a pair of AS2 servers in the same run.

Two installations, each with its own database, folder and programs, and an axis between them. Every message is a
different signed PDF of 200 kB. A message is under way from the moment at which its row in the sender's outbox is due;
it counts when the sender has stored the axis's verified receipt, the receiver has stored, hash-checked and acknowledged
it, and the sender has verified the signed receipt of delivery.
"""

import io
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import material
from bench.exchange_programs import QUEUES
from bench.figures import Row, median
from bench.memory import most_held, random_file
from bench.peer import Peer, PeerMissing
from bench.sign import Desk, appearance
from bench.stage import HUB, Stage, stage
from eoffice.app import load
from eoffice.core import clock, config
from eoffice.core.blobs import FolderStore, blobs
from eoffice.core.db import new_session, transaction
from eoffice.core.permissions import system_actor
from eoffice.core.processes import Child
from eoffice.directory import operations as directory
from eoffice.directory.models import Agency, Role
from eoffice.documents import operations as documents
from eoffice.documents.models import DocumentFile, FileRole
from eoffice.documents.operations import Inspected
from eoffice.gateway import axis, operations
from eoffice.gateway.models import Arrival, Dispatch, Packet
from eoffice.outgoing.models import DraftSource, OutgoingDocument
from eoffice.outgoing.workflow import State
from exchange.model import MessageKind
from exchange.testing import HubProcess
from signing.geometry import Box, Placement
from signing.sign import sign_pdf

SENDER, RECEIVER = ("H01.12", "Sở Nông nghiệp và Môi trường"), ("G09", "Bộ Nội vụ")
SECRET = "khoa-bi-mat-dung-de-do-toc-do"
PATIENCE = 90.0


@dataclass(frozen=True)
class Sizes:
    """Messages of one round at 1 and at 16 in flight, ours and the peer's (0: without it), rounds, and bytes of the
    large attachment that passes in the end. Rounds of both last seconds, not tenths: how a round begins and ends, with
    fewer in flight than asked, is then a small part of it."""

    single: int = 60
    many: int = 240
    end: int = 192
    peer_single: int = 10
    peer_many: int = 48
    rounds: int = 3
    large: int = 256 << 20


#: since the row that was the last one before, so that what earlier rounds left is not counted over and over
_LAST: LiteralString = "SELECT coalesce(max(id), 0) FROM document_file"
_LAST_PACKET: LiteralString = "SELECT coalesce(max(id), 0) FROM packet"
_ACKNOWLEDGED: LiteralString = "SELECT count(acknowledged_at) FROM packet WHERE id > %(since)s"
_CHECKED: LiteralString = "SELECT count(*) FROM file_check WHERE file_id > %(since)s"
#: messages without the axis's receipt, or whose last hop is not proven to the sender
_UNPROVEN: LiteralString = """
SELECT count(*) FROM dispatch JOIN delivery ON delivery.dispatch_id = dispatch.id
WHERE dispatch.id = ANY(%(ids)s) AND (dispatch.receipt IS NULL OR delivery.fetched_at IS NULL)
"""
_UNPROVEN_TO_THE_END: LiteralString = """
SELECT count(*) FROM dispatch JOIN delivery ON delivery.dispatch_id = dispatch.id
WHERE dispatch.id = ANY(%(ids)s) AND (dispatch.receipt IS NULL OR delivery.arrived_at IS NULL)
"""
_UNTOLD: LiteralString = """
SELECT count(*) FROM dispatch JOIN delivery ON delivery.dispatch_id = dispatch.id
WHERE dispatch.state = 'accepted' AND delivery.arrived_at IS NULL
"""
#: so that who measures neither looks in vain nor too late: the end of a message is rung
_RING: LiteralString = """
CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('arrived', ''); RETURN NULL; END $$;
CREATE TRIGGER ring AFTER UPDATE OF acknowledged_at ON packet EXECUTE FUNCTION ring();
CREATE TRIGGER ring AFTER INSERT ON file_check EXECUTE FUNCTION ring();
"""
_RELEASE: LiteralString = """
WITH due AS (UPDATE dispatch SET next_try_at = now() WHERE id = ANY(%(ids)s) RETURNING 1)
SELECT pg_notify('eoffice_bell', %(bell)s) FROM (SELECT count(*) FROM due) AS released
"""


@dataclass
class Pair:
    """Both installations, seen from the process that measures."""

    stage: Stage
    hub: HubProcess
    sender: Session
    receiver: Session
    received_files: FolderStore
    #: sender, receiver, and the receiver's worker, which is stopped while only reception is measured
    programs: dict[str, Child]
    documents: list[OutgoingDocument]
    #: connections of the one who measures, to the sender's and the receiver's database
    watching: dict[str, psycopg.Connection[Any]]
    working: bool = True

    def send(self, count: int, flying: int, *, to_the_end: bool = False, patience: float = PATIENCE) -> float:
        """Have `count` documents delivered, at most `flying` on their way; seconds. Raises TimeoutError."""
        self._work(to_the_end)
        waiting = self._put_out(count)
        arrived, last = (_CHECKED, _LAST) if to_the_end else (_ACKNOWLEDGED, _LAST_PACKET)
        since, begun, started = self._ask(last), time.perf_counter(), 0
        while (done := self._ask(arrived, since=since)) < count:
            if fresh := waiting[started : done + flying]:
                self.watching["sender"].execute(
                    _RELEASE, {"ids": fresh, "bell": operations.bell(MessageKind.DOCUMENT)}
                )
                started += len(fresh)
            if time.perf_counter() - begun > patience:
                logs = "\n".join(self.stage.log(name) for name in ("sender", "receiver", "worker"))
                raise TimeoutError(f"{done} of {count} messages arrived in {patience:.0f} s\n{logs}")
            for _news in self.watching["receiver"].notifies(timeout=1, stop_after=1):
                pass  # how many it tells of is asked
        unproven = _UNPROVEN_TO_THE_END if to_the_end else _UNPROVEN
        while left := self._ask(unproven, "sender", waiting):
            if time.perf_counter() - begun > patience:
                raise TimeoutError(f"{left} messages are not proven at the sender")
            time.sleep(0.002)
        return time.perf_counter() - begun

    def _put_out(self, count: int) -> list[int]:
        """The next documents in the outbox, their rows not due yet."""
        wanted, self.documents = self.documents[:count], self.documents[count:]
        later = clock.now() + timedelta(days=1)
        with transaction(self.sender):
            rows = [operations.dispatch(self.sender, system_actor(one.agency_id), one) for one in wanted]
            for row in filter(None, rows):
                row.next_try_at = later
        return [row.id for row in rows if row]

    def _ask(
        self, question: LiteralString, where: str = "receiver", ids: Sequence[int] = (), since: int = 0
    ) -> int:
        """A number; asked by a plain statement, so that the asking takes little of what is measured."""
        asked = self.watching[where].execute(question, {"ids": list(ids), "since": since})
        (found,) = asked.fetchone() or (0,)
        return int(found)

    def _work(self, wanted: bool) -> None:
        """Let the receiver's worker go on with nothing left from before, or rest once it has done everything."""
        if wanted == self.working:
            return
        if wanted:
            with transaction(self.receiver):
                self.receiver.execute(sa.text("DELETE FROM procrastinate_jobs"))
                self.receiver.execute(sa.update(Arrival).values(taken_in_at=clock.now()))
        else:
            self._wait_for_worker()
        self.programs["worker"].send_signal(signal.SIGCONT if wanted else signal.SIGSTOP)
        self.working = wanted
        if wanted:
            self._wait_for_statuses()

    def _wait_for_statuses(self) -> None:
        """The receiver writes a status for each message, which the resting worker did not send: those are no part of
        what is measured next."""
        end = time.monotonic() + PATIENCE
        while self._ask(_UNTOLD, "sender"):
            if time.monotonic() > end:
                raise TimeoutError(f"the statuses of earlier messages did not come within {PATIENCE:.0f} s")
            time.sleep(0.1)

    def _wait_for_worker(self) -> None:
        left = sa.text(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name = ANY(:queues)"
        ).bindparams(queues=[queue.value for queue in QUEUES])
        end = time.monotonic() + PATIENCE
        while self.receiver.scalar(left):
            self.receiver.rollback()
            if time.monotonic() > end:
                raise TimeoutError(f"the receiver's jobs are not done within {PATIENCE:.0f} s")
            time.sleep(0.1)
        self.receiver.rollback()

    def verified(self) -> bool:
        """Whether all that left arrived once, byte for byte, with both receipts verifiable."""
        sent = set(
            self.sender.scalars(
                sa.select(DocumentFile.sha256).join(
                    Dispatch, Dispatch.document_id == DocumentFile.document_id
                )
            )
        )
        packets = sa.select(Packet.content).where(Packet.message_type == "edoc")
        arrived = [file["sha256"] for content in self.receiver.scalars(packets) for file in content["files"]]
        client = axis.client()
        assert client is not None
        hub_ids = self.sender.scalars(sa.select(Dispatch.hub_id)).all()
        proven = all(
            progress.receipt is not None for hub_id in hub_ids if hub_id for progress in client.sent(hub_id)
        )
        whole = all(self.received_files.check(sha256) for sha256 in arrived)
        return proven and whole and len(arrived) == len(sent) and set(arrived) == sent


def make_files(folder: Path, count: int) -> None:
    """Different signed PDFs of 200 kB."""
    desk = Desk.lay(folder / "desk")
    for number in range(count):
        with (folder / f"{number}.pdf").open("wb+") as target:
            sign_pdf(
                io.BytesIO(material.scan(number, 165_000)), target, desk.key,
                field="Seal", placement=Placement(1, Box(85, 60, 545, 85)), appearance=appearance(number),
            )  # fmt: skip
        if (folder / f"{number}.pdf").stat().st_size not in range(180_000, 230_000):
            raise ValueError("the file has not the size it is measured by")


@contextmanager
def pair(where: Stage, files: Path, count: int) -> Iterator[Pair]:
    """Axis, sender and receiver; `count` issued documents wait at the sender. Programs start with `programs`."""
    hub = HubProcess(where.database("axis", HUB), where.folder / "hub", threads=256)
    hub.start()
    try:
        ends = {}
        for name, system, (code, title) in (("sender", "H01", SENDER), ("receiver", "G09", RECEIVER)):
            client = hub.add_system(system, SECRET)
            client.register_agency(code, title, mail="vanthu@example.vn")
            client.close()
            ends[name] = where.installation(name) | {
                "EOFFICE_AXIS_URL": hub.url,
                "EOFFICE_AXIS_SYSTEM": system,
                "EOFFICE_AXIS_SECRET": SECRET,
                "EOFFICE_AXIS_CERTIFICATES": str(hub.data / "system.pem"),
                "EOFFICE_WORKER_CONCURRENCY": "urgent=2,exchange=16,interactive=2,reading=1,heavy=1",
                "EOFFICE_POOL_SIZE": "24",
                "EOFFICE_TRUST_DIR": str(files / "desk" / "pki" / "trust"),
            }
        os.environ |= ends["sender"]
        load()
        config.install(config.Settings.read(os.environ))
        sender, receiver = new_session(), new_session(ends["receiver"]["EOFFICE_DATABASE_URL"])
        people(receiver, RECEIVER, SENDER)
        made = issue(sender, files, count)
        kept = FolderStore(Path(ends["receiver"]["EOFFICE_INSTANCE"]) / "blobs")
        ends["worker"] = ends["receiver"]
        programs = {
            name: where.python(name, "bench.exchange_programs", name, environment=environment)
            for name, environment in ends.items()
        }
        with ExitStack() as open_:
            watching = {
                name: open_.enter_context(
                    psycopg.connect(ends[name]["EOFFICE_DATABASE_URL"], autocommit=True)
                )
                for name in ("sender", "receiver")
            }
            with psycopg.connect(ends["receiver"]["EOFFICE_MIGRATION_URL"]) as owner:
                owner.execute(_RING)
            watching["receiver"].execute("LISTEN arrived")
            open_.enter_context(sender)
            open_.enter_context(receiver)
            yield Pair(where, hub, sender, receiver, kept, programs, made, watching)
    finally:
        hub.stop()


def people(session: Session, own: tuple[str, str], other: tuple[str, str]) -> tuple[Agency, Agency, int]:
    """The hosted agency with one leader, and the one elsewhere; the leader's post."""
    system = system_actor()
    with transaction(session):
        ours = directory.save_agency(session, system, *own, hosted=True, place="An Giang")
        theirs = directory.save_agency(session, system, *other)
        person = directory.add_person(session, system, "Đỗ Quốc An")
        post = directory.assign(
            session, system, person, ours, Role.LEADER, "Giám đốc", authority="GIÁM ĐỐC", valid_from=date(2026, 1, 1)
        )  # fmt: skip
        session.flush()
        return ours, theirs, post.id


def issue(session: Session, files: Path, count: int) -> list[OutgoingDocument]:
    """Issued documents with their files; nothing is in the outbox yet."""
    ours, theirs, post = people(session, SENDER, RECEIVER)
    with transaction(session):
        made = [_document(session, files / f"{n}.pdf", n + 1, ours, theirs, post) for n in range(count)]
        # the page text of the sender's own files is nobody's concern here
        session.execute(sa.text("DELETE FROM procrastinate_jobs"))
    return made


def _document(
    session: Session, path: Path, number: int, ours: Agency, theirs: Agency, post: int
) -> OutgoingDocument:
    document = OutgoingDocument(
        agency_id=ours.id, kind_code="CV", code_number=str(number), code_notation="SNNMT-KHTC",
        issued_on=date(2026, 11, 20), issuer_name=ours.name, issuer_code=ours.code,
        subject=f"Về việc đối chiếu số liệu đợt {number}", signer_name="Đỗ Quốc An", signer_title="Giám đốc",
        created_at=clock.now(), listed_at=clock.now(), state=State.ISSUED, draft_source=DraftSource.UPLOAD,
        content={}, drafter_id=post, signer_id=post, authority="GIÁM ĐỐC",
        document_uid=f"{ours.code},2026/11/20,{number}/SNNMT-KHTC",
    )  # fmt: skip
    session.add(document)
    session.flush()
    blob = blobs().put_bytes(path.read_bytes())
    file = Inspected(blob.sha256, blob.size, f"{number}.pdf", "application/pdf", 1, [(595, 842)])
    documents.add_file(session, system_actor(ours.id), document, file, FileRole.ISSUED)
    documents.set_recipients(session, document, [theirs])
    return document


def attach(session: Session, document: OutgoingDocument, path: Path) -> None:
    """Let a file go with an issued document."""
    with transaction(session), path.open("rb") as source:
        blob = blobs().put(source)
        file = Inspected(blob.sha256, blob.size, path.name, "application/octet-stream", 0, [])
        documents.add_file(session, system_actor(document.agency_id), document, file, FileRole.ATTACHMENT)


def run(sizes: Sizes = Sizes()) -> list[Row]:
    """Interleave our rounds and the peer's."""
    warm = 4
    need = sizes.rounds * (sizes.single + sizes.many + sizes.end) + warm + 1
    speeds: dict[str, list[float]] = {}
    with ExitStack() as stack:
        where = stack.enter_context(stage())
        files = where.folder / "files"
        files.mkdir()
        make_files(files, need)
        both = stack.enter_context(pair(where, files, need))
        missing = ""
        peer: Peer | None = None
        try:
            if sizes.peer_many:
                peer = stack.enter_context(Peer.started(where, files))
        except PeerMissing as error:
            missing = str(error)
        both.send(warm, 2, to_the_end=True)
        if peer is not None:
            peer.send(2, 1)
        for _ in range(sizes.rounds):
            for name, work, count in _round(both, peer, sizes):
                os.sync()  # what an earlier round left for the disk is not this one's
                speeds.setdefault(name, []).append(count / work())
        most = _memory(both, random_file(files / "lon.bin", sizes.large))
        good = both.verified()
        rows = _rows({name: median(values) for name, values in speeds.items()}, sizes, good, missing)
    what = f"resident memory of the largest program, attachment of {sizes.large / 1e6:.0f} MB"
    return [*rows, Row("exchange", what, "MB", most / 1e6, 1, good, "lower", must=200)]


def _memory(both: Pair, large: Path) -> int:
    """The most bytes a program held while one document with a large file went from office to office."""
    attach(both.sender, both.documents[0], large)
    pids = [both.hub.pid, *(child.pid for child in both.programs.values())]
    return most_held(pids, lambda: both.send(1, 1, to_the_end=True, patience=600))


def _round(both: Pair, peer: Peer | None, sizes: Sizes) -> Iterator[tuple[str, Callable[[], float], int]]:
    yield "ours 1", lambda: both.send(sizes.single, 1), sizes.single
    if peer is not None:
        yield "peer 1", lambda: peer.send(sizes.peer_single, 1), sizes.peer_single
    yield "ours 16", lambda: both.send(sizes.many, 16), sizes.many
    if peer is not None:
        yield "peer 16", lambda: peer.send(sizes.peer_many, 16), sizes.peer_many
    yield "end 16", lambda: both.send(sizes.end, 16, to_the_end=True), sizes.end


def _rows(speed: dict[str, float], sizes: Sizes, good: bool, missing: str) -> list[Row]:
    against = "django-pyas2 pair, signed MDN verified"
    cases = (
        ("exchange, 16 in flight, 200 kB", "ours 16", "peer 16", 10, 15, sizes.many),
        ("exchange, 1 in flight, 200 kB", "ours 1", "peer 1", 4, 6, sizes.single),
        ("the same to the end, 16 in flight", "end 16", "peer 16", 5, 10, sizes.end),
    )
    note = f"the peer could not be run: {missing}" if missing else ""
    return [
        Row(
            "exchange", what, "messages/s", speed[mine], sizes.rounds * count, good, "higher",
            against, speed.get(theirs), must, aim, note,
        )
        for what, mine, theirs, must, aim, count in cases
    ]  # fmt: skip
