"""What goes and comes together stands or falls each by itself."""

import errno
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count, islice
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, jobs
from eoffice.core.blobs import FolderStore, blobs
from eoffice.core.db import new_session, transaction
from eoffice.core.jobs import Queue
from eoffice.core.permissions import Actor
from eoffice.gateway import arrivals, axis, queries, receiver
from eoffice.gateway.models import Arrival, Dispatch, DispatchState, Packet, PacketState, Report
from eoffice.gateway.receiver import BUNCH
from eoffice.incoming import handlers, operations
from eoffice.incoming.models import IncomingDocument, Source
from eoffice.incoming.operations import Coming
from exchange.answers import Waiting
from exchange.client import AxisClient
from exchange.errors import Refused, Unavailable
from exchange.model import MessageKind, Organization, ResponseFor, StatusMessage
from exchange.testing import HubProcess, packet, send
from exchange.testing import document as edoc
from exchange.together import SMALL
from tests import exchanging
from tests.factories import province
from tests.gateway.test_gateway import issue

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("hub", "no_checks")]
MINISTRY = Organization("G09", "Bộ Nội vụ")
OURS = Organization("H01.12", "Sở Nông nghiệp và Môi trường")
_numbers = count(501)
Parts = Iterator[tuple[Iterator[bytes], str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls for packets, in their order."""
    calls: list[str] = []
    for name in ("send", "send_all", "fetch", "fetch_all"):
        whole = getattr(AxisClient, name)

        def heard(*given: Any, _whole: Any = whole, _name: str = name, **named: Any) -> Any:
            calls.append(_name)
            return _whole(*given, **named)

        monkeypatch.setattr(AxisClient, name, heard)
    return calls


def _come(session: Session, theirs: AxisClient) -> None:
    """Three documents of the ministry wait at the axis."""
    province(session)
    for number in islice(_numbers, 3):  # the same bytes again would be a repeat
        send(theirs, packet(edoc(number, sender=MINISTRY, recipients=[OURS])), "G09")


def _damaged(session: Session) -> list[bool]:
    rows = session.scalars(sa.select(Packet).order_by(Packet.id)).all()
    return [row.state is PacketState.DAMAGED for row in rows]


def _spoiled(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """`change` is done to the parts of an answer with several packets."""
    whole = AxisClient.fetch_all

    @contextmanager
    def spoiled(self: AxisClient, doc_ids: list[str]) -> Iterator[Parts]:
        with whole(self, doc_ids) as parts:
            yield change(parts)

    monkeypatch.setattr(AxisClient, "fetch_all", spoiled)


def test_packets_come_together(session: Session, theirs: AxisClient, asked: list[str]) -> None:
    _come(session, theirs)
    asked.clear()
    exchanging.receive(session)
    assert asked == ["fetch_all"]
    assert _damaged(session) == [False] * 3
    assert theirs.count() == 0


def test_what_came_before_the_line_was_cut_is_kept_and_the_rest_is_fetched_by_itself(
    session: Session, theirs: AxisClient, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(parts: Parts) -> Parts:
        yield next(parts)
        raise Unavailable("Mất kết nối", "cut")

    _come(session, theirs)
    asked.clear()
    _spoiled(monkeypatch, cut)
    exchanging.receive(session)
    assert asked == ["fetch_all", "fetch", "fetch"]
    assert _damaged(session) == [False] * 3


def test_a_packet_cut_short_or_changed_on_the_way_is_fetched_again_by_itself(
    session: Session, theirs: AxisClient, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(parts: Parts) -> Parts:
        for place, (coming, said) in enumerate(parts):
            data = b"".join(coming)
            yield iter([data[:-20] if place == 1 else data]), said

    _come(session, theirs)
    asked.clear()
    _spoiled(monkeypatch, changed)
    exchanging.receive(session)
    assert asked == ["fetch_all", "fetch", "fetch"], "what came behind it is not believed either"
    assert _damaged(session) == [False] * 3


def test_one_that_cannot_be_taken_in_holds_up_no_other(
    session: Session, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = operations.receive_all

    def refusing(session: Session, actor: Actor, source: Source, coming: Sequence[Coming]) -> Any:
        if any(one.fields["code_number"] == str(wrong) for one in coming):
            raise ValueError("cannot be taken in")
        return whole(session, actor, source, coming)

    monkeypatch.setattr(operations, "receive_all", refusing)
    _come(session, theirs)
    wrong = next(_numbers) - 2
    exchanging.receive(session)
    assert queries.not_taken_in(session)[0] == 3, "together they fail"
    tried = session.scalars(
        sa.text("SELECT args -> 'arrival_ids' FROM procrastinate_jobs WHERE task_name = 'gateway.take_in'")
    ).all()
    singles = [ids for ids in tried if len(ids) == 1]
    assert len(singles) == 3
    failed = 0
    for ids in singles:
        try:
            jobs.run(session, "gateway.take_in", arrival_ids=ids)
        except ValueError:
            failed += 1
    assert (failed, queries.not_taken_in(session)[0]) == (1, 1)
    assert session.scalar(sa.select(sa.func.count()).select_from(IncomingDocument)) == 2


def _stored(session: Session) -> list[int]:
    """Let what waits at the axis be stored, and taken in by nobody; ids of the arrivals."""
    client = axis.client()
    assert client is not None
    receiving = receiver.Receiver(MessageKind.DOCUMENT)
    while receiving.turn(client):
        pass
    session.execute(sa.text("DELETE FROM procrastinate_jobs"))
    session.commit()
    return list(session.scalars(sa.select(Arrival.id).order_by(Arrival.id)))


def _taken_in(session: Session) -> list[bool]:
    return [at is not None for at in session.scalars(sa.select(Arrival.taken_in_at).order_by(Arrival.id))]


def test_nothing_is_held_while_files_are_looked_at(
    session: Session, theirs: AxisClient, worker_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _come(session, theirs)
    ids = _stored(session)
    session.commit()
    whole, free = handlers._looked_at, list[bool]()

    def look(*given: Any, **named: Any) -> Any:
        with new_session(worker_database) as other:
            every = other.scalars(sa.select(Arrival.id).with_for_update(skip_locked=True)).all()
            others = sa.text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state LIKE 'idle in transaction%'"
            )
            free.append(len(every) == len(ids) and other.scalar(others) == 0)
        return whole(*given, **named)

    monkeypatch.setattr(handlers, "_looked_at", look)
    with ThreadPoolExecutor(1) as one:  # one looks after the other, or they would see each other
        monkeypatch.setattr(handlers, "_readers", lambda urgent: one)
        jobs.run(session, "gateway.take_in", arrival_ids=ids)
    assert free == [True] * 3
    assert _taken_in(session) == [True] * 3


def test_what_somebody_else_takes_in_is_left_to_him_and_waited_for_by_nobody(
    session: Session, theirs: AxisClient, worker_database: str
) -> None:
    _come(session, theirs)
    ids = _stored(session)
    with new_session(worker_database) as other:
        other.execute(sa.select(Arrival.id).where(Arrival.id == ids[0]).with_for_update())
        jobs.run(session, "gateway.take_in", arrival_ids=ids)
    assert _taken_in(session) == [False, True, True]
    with clock.freeze(clock.now() + timedelta(minutes=2)):
        jobs.run(session, "gateway.sweep")
    jobs.work_off(session)
    assert _taken_in(session) == [True] * 3


def test_what_a_job_waits_for_or_has_in_hand_is_not_asked_for_again(
    session: Session, theirs: AxisClient
) -> None:
    _come(session, theirs)
    ids = _stored(session)
    with transaction(session):
        arrivals.enqueue(session, ids[:2], Queue.EXCHANGE)
        session.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing'"))
    with clock.freeze(clock.now() + timedelta(minutes=2)):
        for _ in range(2):
            jobs.run(session, "gateway.sweep")
    asked = [given["arrival_ids"] for given in jobs.asked(session, "gateway.take_in")]
    assert sorted(asked) == [ids[:2], ids[2:]]


def test_one_that_cannot_be_taken_in_keeps_no_urgent_one_from_going_first(
    session: Session, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _come(session, theirs)
    ids = _stored(session)
    with transaction(session):
        for packet_ in session.scalars(sa.select(Packet).order_by(Packet.id).limit(2)):
            packet_.content = packet_.content | {"urgency": 2}

    def refuse(*_given: object) -> None:
        raise ValueError("cannot be taken in")

    monkeypatch.setattr(operations, "receive_all", refuse)
    jobs.run(session, "gateway.take_in", arrival_ids=ids)
    queued = session.execute(
        sa.text("SELECT queue_name, args -> 'arrival_ids' FROM procrastinate_jobs ORDER BY id")
    )
    assert [tuple(row) for row in queued] == [
        ("urgent", [ids[0]]), ("urgent", [ids[1]]), ("exchange", [ids[2]])
    ]  # fmt: skip


def _states(session: Session) -> list[tuple[DispatchState, int]]:
    rows = session.scalars(sa.select(Dispatch).order_by(Dispatch.id)).all()
    return [(row.state, row.attempts) for row in rows]


def test_documents_that_failed_together_leave_each_by_itself(
    session: Session, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = province(session)
    for number in (511, 512, 513):
        issue(session, place, number)

    def away(*_given: object) -> None:
        raise Unavailable("Mất kết nối", "cut")

    with monkeypatch.context() as line:
        line.setattr(AxisClient, "send_all", away)
        exchanging.send(session)
    assert _states(session) == [(DispatchState.WAITING, 1)] * 3
    with transaction(session):
        session.execute(sa.update(Dispatch).values(next_try_at=clock.now()))
    asked.clear()
    exchanging.send(session)
    assert asked == ["send"] * 3
    assert [state for state, _ in _states(session)] == [DispatchState.ACCEPTED] * 3


def test_one_that_the_axis_refuses_among_several_fails_alone(session: Session, asked: list[str]) -> None:
    place = province(session)
    issue(session, place, 521)
    refused = issue(session, place, 522)
    issue(session, place, 523)
    with transaction(session):
        row = session.scalars(sa.select(Dispatch).where(Dispatch.document_id == refused.id)).one()
        row.sender_code = "KHONG.CO"
    exchanging.send(session)
    assert "send_all" in asked
    wanted = [DispatchState.ACCEPTED, DispatchState.FAILED, DispatchState.ACCEPTED]
    assert [state for state, _ in _states(session)] == wanted


def test_a_packet_that_could_not_be_kept_is_not_known_by_its_bytes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = province(session)
    issue(session, place, 531)
    with transaction(session):
        row = session.scalars(sa.select(Dispatch)).one()
        [file] = row.message["attachments"]
        big = blobs().put_bytes(b"%PDF-1.4\n" + bytes(2 * SMALL))
        said = [file | {"sha256": big.sha256, "size": big.size}]
        row.message = row.message | {"attachments": said}

    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    with monkeypatch.context() as disk:
        disk.setattr(FolderStore, "adopt", full)
        exchanging.send(session)
    session.refresh(row)
    assert (row.state, row.attempts, row.packet_sha256) == (DispatchState.WAITING, 1, None)
    with transaction(session):
        row.next_try_at = clock.now()
    exchanging.send(session)
    session.refresh(row)
    assert row.state is DispatchState.ACCEPTED
    assert row.packet_size is not None
    assert row.packet_size > 2 * SMALL


def test_a_status_nothing_can_be_made_of_keeps_no_other_from_leaving(
    session: Session, theirs: AxisClient
) -> None:
    _come(session, theirs)
    exchanging.receive(session)
    first, broken, last = session.scalars(sa.select(Report).order_by(Report.id)).all()
    with transaction(session):
        broken.message = broken.message | {"description": "\ufffe"}
    exchanging.send(session)
    assert [one.state for one in (first, last)] == [DispatchState.ACCEPTED] * 2
    assert broken.state is DispatchState.FAILED


def test_statuses_keep_their_order_though_one_of_them_is_refused(
    session: Session, theirs: AxisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = province(session)
    document = issue(session, place, 541)
    exchanging.send(session)
    about = ResponseFor("H01.12", document.code, document.document_uid, document.issued_on)
    count_of = BUNCH + 4
    for number in range(count_of):
        said = StatusMessage(MINISTRY, about, "05", clock.now(), f"S{number:02}")
        send(theirs, packet(said), "G09", MessageKind.STATUS)
    whole = receiver.fetch_all

    def refused_first(client: AxisClient, offered: Any) -> list[Any]:
        came = whole(client, offered)
        return [Refused("21") if one.message.description == "S00" else one for one in came]

    monkeypatch.setattr(receiver, "fetch_all", refused_first)
    exchanging.receive(session, MessageKind.STATUS)
    rows = session.scalars(sa.select(Packet).where(Packet.message_type == "status").order_by(Packet.id))
    assert [row.content["description"] for row in rows] == [f"S{number:02}" for number in range(1, count_of)]


def test_urgent_packets_wait_for_no_usual_ones(theirs: AxisClient) -> None:
    def waiting(name: str, priority: int, size: int = 1000) -> Waiting:
        return Waiting(
            name, MessageKind.DOCUMENT, "G09", ("H01.12",), "initial", "", name, priority, "", size
        )

    offered = [waiting("a", 2), waiting("b", 1), waiting("c", 0), waiting("d", 0, 2 * SMALL), waiting("e", 0)]
    together = [[one.doc_id for one in bunch] for bunch in receiver._bunches(offered, True)]
    assert together == [["a", "b"], ["c"], ["d"], ["e"]]
    assert [len(bunch) for bunch in receiver._bunches(offered, False)] == [1] * 5


def test_of_an_axis_that_is_away_nobody_asks_one_by_one(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, theirs: AxisClient
) -> None:
    @contextmanager
    def away(*_given: object) -> Iterator[Parts]:
        raise Unavailable("Trục đang bận", "busy")
        yield

    monkeypatch.setattr(AxisClient, "fetch_all", away)
    offered = [Waiting(str(n), MessageKind.DOCUMENT, "G09", (), "", "", "", 0, "", 10) for n in range(3)]
    assert [type(one) for one in receiver.fetch_all(theirs, offered)] == [Unavailable] * 3
    assert asked == []


@pytest.mark.parametrize("lost", [0, 1])
def test_of_packets_together_one_whose_bytes_the_axis_has_lost_keeps_no_other_back(
    session: Session, theirs: AxisClient, hub: HubProcess, lost: int
) -> None:
    province(session)
    made = [packet(edoc(number, sender=MINISTRY, recipients=[OURS])) for number in islice(_numbers, 3)]
    for one in made:
        send(theirs, one, "G09")
    (file,) = hub.data.rglob(f"*{hashlib.sha256(made[lost]).hexdigest()[2:]}")
    kept = file.read_bytes()
    file.unlink()
    exchanging.receive(session)
    assert _damaged(session) == [False] * 2
    file.write_bytes(kept)  # brought back from a copy
    exchanging.receive(session)
    assert _damaged(session) == [False] * 3
