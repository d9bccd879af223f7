"""Loaded in bulk, documents have the rows that the services would have left, and the services go on from there."""

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.accounts import service as accounts
from eoffice.accounts.models import User
from eoffice.core.audit import AuditEntry
from eoffice.core.db import Base, transaction
from eoffice.demo.load import service
from eoffice.demo.load.copying import Rows
from eoffice.directions import service as directions
from eoffice.directory.models import Agency
from eoffice.documents import closing, operations, registers
from eoffice.documents.models import Direction, Document, Register, RegisterEntry, Urgency
from eoffice.incoming import service as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.incoming.states import State as In
from eoffice.outgoing.models import OutgoingDocument
from eoffice.outgoing.states import State as Out
from tests.factories import province
from tests.incoming import steps
from tests.outgoing import drafts
from tests.signatures.keys import equip

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def loaded(session: Session) -> Session:
    service.load(session, service.Amounts(400, agencies=6, elsewhere=50, days=40))
    session.expire_all()
    return session


def _words(session: Session) -> dict[int, str]:
    return {row.id: row.words for row in session.execute(sa.select(Document.id, Document.words))}


def test_the_search_column_is_what_indexing_makes_of_the_fields_and_pages(loaded: Session) -> None:
    chosen = loaded.scalars(
        sa.select(Document).order_by(sa.func.md5(sa.cast(Document.id, sa.Text))).limit(40)
    ).all()
    before = _words(loaded)
    for document in chosen:
        operations.index(loaded, document)
    assert {d.direction for d in chosen} == set(Direction)
    assert _words(loaded) == before


def test_registers_are_whole_and_go_on(loaded: Session) -> None:
    for register in loaded.scalars(sa.select(Register)):
        found = closing.gaps(loaded, register)
        assert (found.missing, found.back_dated) == ((), ())
    agency = loaded.scalars(sa.select(Agency).where(Agency.code == "H01.300")).one()
    clerk = accounts.actor_of(
        loaded, loaded.scalars(sa.select(User).where(User.username == "t0_vanthu")).one()
    )
    waiting = loaded.scalars(
        sa.select(IncomingDocument).where(
            IncomingDocument.agency_id == agency.id, IncomingDocument.state == In.WAITING
        )
    ).first()
    assert waiting is not None
    number = registers.next_number(loaded, agency.id, Direction.IN, "CV")
    loaded.rollback()
    assert (
        incoming.register(loaded, clerk, waiting.id, steps.entry(accept_duplicate=True)).register_number
        == number
    )


#: tables with rows of a document, and the column that names it
_OF_DOCUMENTS = (
    "document_file", "document_access", "register_entry", "direction", "task", "recipient", "dispatch", "delivery",
)  # fmt: skip
_TABLES = dict.fromkeys(_OF_DOCUMENTS, "document_id") | dict.fromkeys(
    ("document", "incoming_document", "outgoing_document"), "id"
)


def _shape(session: Session, document: Document) -> dict[str, Any]:
    """Which deeds the log tells, in which tables there are rows, and which of their columns are filled."""
    entries = session.scalars(
        sa.select(AuditEntry).where(
            AuditEntry.object_type == type(document).__name__, AuditEntry.object_id == document.id
        )
    ).all()
    shape: dict[str, Any] = {"log": {entry.action: frozenset(entry.details) for entry in entries}}
    for name, column in _TABLES.items():
        table = Base.metadata.tables[name]
        rows = session.execute(sa.select(table).where(table.c[column] == document.id)).mappings().all()
        shape[name] = {key for row in rows for key, value in row.items() if value not in (None, "", 0)}
    shape["files"] = Counter(file.role for file in document.files)
    return shape


def _finished(session: Session, state: In | Out) -> Document:
    """A loaded document that has gone all the way: handed on to a person, or sent to others."""
    model = IncomingDocument if isinstance(state, In) else OutgoingDocument
    wanted = "directions.opened" if isinstance(state, In) else "gateway.accepted"
    told = sa.select(AuditEntry.object_id).where(AuditEntry.action == wanted)
    return session.scalars(
        sa.select(model)
        .where(model.state == state, model.id.in_(told), model.urgency > 0, model.issuer_code != "")
        .limit(1)
    ).one()


def test_a_loaded_document_is_shaped_as_one_that_people_worked_on(loaded: Session) -> None:
    place = province(loaded)
    made = steps.submitted(loaded, place.a, urgency=Urgency.URGENT, issuer_name="Sở Tài chính")
    given = directions.direct(loaded, place.a.leader, made.id, steps.to_unit(place.a))
    task = steps.assign(loaded, place.a, given.tasks[0]).tasks[0]
    directions.open_task(loaded, place.a.specialist, task.id)
    directions.finish(loaded, place.a.specialist, task.id, "Đã trả lời")
    with transaction(loaded):
        operations.index(loaded, made)
    theirs, ours = _shape(loaded, _finished(loaded, In.DONE)), _shape(loaded, made)
    assert theirs == ours


def test_an_issued_one_too(loaded: Session) -> None:
    place = province(loaded)
    equip(loaded, place.a)
    made = drafts.bring(
        loaded, place.a, drafts.draft(loaded, place, due_on=None, urgency=Urgency.URGENT), Out.ISSUED
    )
    with transaction(loaded):
        operations.index(loaded, made)
    theirs, ours = _shape(loaded, _finished(loaded, Out.ISSUED)), _shape(loaded, made)
    # what the axis and the recipients answered later: nothing of it happens in this test
    theirs["log"].pop("gateway.accepted")
    for later in ("dispatch", "delivery", "recipient"):
        assert theirs.pop(later) >= ours.pop(later) - {"position"}
    assert theirs == ours


def test_nothing_is_loaded_twice(loaded: Session) -> None:
    with pytest.raises(service.Loaded):
        service.load(loaded, service.Amounts(10, agencies=3, elsewhere=0))


def test_a_column_without_default_stops_the_loader_before_it_writes() -> None:
    with pytest.raises(ValueError, match="register_id has no default"):
        Rows(RegisterEntry, "agency_id", "number")
    with pytest.raises(ValueError, match="has no colour"):
        Rows(RegisterEntry, "colour")
