"""A task given to another agency goes with the document, and its end there comes back by itself."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from eoffice.core import clock, events
from eoffice.core.db import transaction
from eoffice.directions import service as directions
from eoffice.directory.models import Role
from eoffice.documents import operations as documents
from eoffice.documents.events import DocumentIssued, DocumentLeaves
from eoffice.documents.models import Steering
from eoffice.incoming import service as incoming
from eoffice.incoming.models import IncomingDocument
from eoffice.missions import queries, service
from eoffice.missions.models import State
from eoffice.missions.operations import NewMission
from eoffice.outgoing.states import State as Outgoing
from exchange.testing import HubProcess
from tests.exchanging import exchange, follow
from tests.factories import province
from tests.home.made import outgoing
from tests.incoming import steps

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("no_checks")]


@pytest.mark.slow
def test_a_task_reaches_the_other_agency_with_its_day_and_its_end_there_is_the_report(
    session: Session, hub: HubProcess
) -> None:
    place = province(session)
    due = clock.today() + timedelta(days=9)
    document = outgoing(
        session, place.a, "Thông báo kết luận cuộc họp", state=Outgoing.DRAFT, kind_code="TB", code_number="215",
        issued_on=clock.today(), issuer_code=place.a.agency.code, document_uid="H01.12,2026/11/20,215/TB-SNNMT",
    )  # fmt: skip
    with transaction(session):
        documents.set_recipients(session, document, [place.b.agency])
    asked = NewMission("Rà soát kênh Ba Hồ", f"a:{place.b.agency.code}", due)
    mission = service.give(session, place.a.leader, document.id, asked)
    with transaction(session):
        events.publish(session, DocumentLeaves(document.id))
        document.state = Outgoing.ISSUED
        session.flush()
        events.publish(session, DocumentIssued(document.id))
    exchange(session)
    arrived = session.scalars(sa.select(IncomingDocument)).one()
    assert (arrived.steering, arrived.due_on) == (Steering.DIRECTS, due)
    told_there = f"Nhiệm vụ giao: {place.b.agency.name}: Rà soát kênh Ba Hồ (hạn {due:%d/%m/%Y})"
    assert arrived.summary == told_there
    entry = steps.entry(submit_to_id=place.b.posts[Role.LEADER].id, arrived_on=None)
    incoming.register(session, place.b.clerk, arrived.id, entry)
    task = directions.direct(session, place.b.leader, arrived.id, steps.to_unit(place.b)).tasks[0]
    working = steps.assign(session, place.b, task).tasks[0]
    exchange(session)
    told = queries.progress(session, place.a.leader, [mission])[mission.id]
    assert told.delivery is not None
    assert told.delivery.assigned_at is not None
    assert mission.state is State.OPEN
    directions.finish(session, place.b.specialist, working.id, "Đã rà soát 12 điểm")
    exchange(session)
    follow(session)
    assert (mission.state, mission.reported_by) == (State.REPORTED, place.b.agency.name)
    assert mission.report == "Đã xử lý xong: Đã rà soát 12 điểm"
