"""Bringing an incoming document to a state through the use cases, as people do."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pikepdf
from sqlalchemy.orm import Session

from eoffice.core import clock
from eoffice.core.db import transaction
from eoffice.core.events import publish
from eoffice.directions import service as directions
from eoffice.directions.models import Direction, Task
from eoffice.directions.operations import Named, NewDirection
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents.models import Urgency
from eoffice.documents.operations import Inspected
from eoffice.incoming import operations, service
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.operations import NewIncoming
from eoffice.incoming.states import State
from eoffice.signatures.events import FileChecked
from tests.factories import House


@lru_cache(maxsize=1)
def pdf() -> bytes:
    """An empty page of A4."""
    made, out = pikepdf.new(), io.BytesIO()
    made.add_blank_page(page_size=(595, 842))
    made.save(out)
    return out.getvalue()


def scan(name: str = "ban quet.pdf") -> Inspected:
    """A scanned paper that passed the gate."""
    return documents.take_in(io.BytesIO(pdf()), name)


def entry(**changes: Any) -> NewIncoming:
    """What a clerk enters; the test names only what it is about."""
    today = clock.today()
    fields: dict[str, Any] = {
        "code_number": "86", "code_notation": "TTr-UBND", "issued_on": today - timedelta(days=3),
        "issuer_name": "Ủy ban nhân dân xã Vĩnh Hòa Hưng", "kind_code": "TTR", "urgency": Urgency.NORMAL,
        "subject": "Về việc đề nghị hỗ trợ kinh phí khắc phục sạt lở bờ kênh Ba Hồ", "arrived_on": today,
        "signer_name": "Danh Hoàng Phước", "signer_title": "Chủ tịch", "due_on": today + timedelta(days=7),
    }  # fmt: skip
    return NewIncoming(**fields | changes)


def received(session: Session, house: House) -> IncomingDocument:
    """A scan that waits for registration."""
    return service.receive_scan(session, house.clerk, scan())


def registered(session: Session, house: House, **changes: Any) -> IncomingDocument:
    """In the register."""
    document = received(session, house)
    return service.register(session, house.clerk, document.id, entry(**{"accept_duplicate": True} | changes))


def submitted(session: Session, house: House, **changes: Any) -> IncomingDocument:
    """Before the leader."""
    return registered(session, house, submit_to_id=house.posts[Role.LEADER].id, **changes)


def to_unit(house: House, **changes: Any) -> NewDirection:
    """A direction to the unit."""
    fields: dict[str, Any] = {
        "opinion": "Tham mưu văn bản trả lời", "lead": Named(unit_id=house.unit.id),
        "due_on": clock.today() + timedelta(days=5),
    }  # fmt: skip
    return NewDirection(**fields | changes)


def to_person(house: House, role: Role = Role.SPECIALIST, **changes: Any) -> NewDirection:
    """A direction to one person."""
    return to_unit(house, lead=Named(assignment_id=house.posts[role].id), **changes)


def forwarded(session: Session, house: House) -> tuple[IncomingDocument, Task]:
    """Directed to the unit, nobody named yet; the unit's task."""
    document = submitted(session, house)
    direction = directions.direct(session, house.leader, document.id, to_unit(house))
    return document, direction.tasks[0]


def assign(session: Session, house: House, task: Task, due_on: date | None = None) -> Direction:
    """The head names the specialist."""
    post = house.posts[Role.SPECIALIST]
    return directions.assign(session, house.head, task.id, post.id, due_on, "Đồng chí dự thảo trả lời")


def in_progress(session: Session, house: House) -> tuple[IncomingDocument, Task]:
    """A specialist works on it; his task."""
    document, task = forwarded(session, house)
    return document, assign(session, house, task).tasks[0]


def _check(session: Session, house: House) -> IncomingDocument:
    document = received(session, house)
    with transaction(session):
        publish(session, FileChecked(document.files[0].id, "invalid"))
    return document


def done(session: Session, house: House) -> IncomingDocument:
    """Nothing is left to do."""
    document, task = in_progress(session, house)
    directions.finish(session, house.specialist, task.id, "Đã trả lời qua điện thoại")
    return document


def _returned(session: Session, house: House) -> IncomingDocument:
    document = received(session, house)
    return service.return_document(session, house.clerk, document.id, "Gửi nhầm nơi nhận")


def _withdrawn(session: Session, house: House) -> IncomingDocument:
    document = registered(session, house)
    with transaction(session):
        operations.withdraw(session, house.clerk, document, "Ban hành nhầm")
    return document


#: how each state is reached
WAYS: dict[State, Callable[[Session, House], IncomingDocument]] = {
    State.WAITING: received,
    State.CHECK: _check,
    State.REGISTERED: registered,
    State.SUBMITTED: submitted,
    State.FORWARDED: lambda session, house: forwarded(session, house)[0],
    State.IN_PROGRESS: lambda session, house: in_progress(session, house)[0],
    State.DONE: done,
    State.RETURNED: _returned,
    State.WITHDRAWN: _withdrawn,
    State.DISCARDED: lambda session, house: service.discard(
        session, house.clerk, received(session, house).id, "Nhầm"
    ),
}
